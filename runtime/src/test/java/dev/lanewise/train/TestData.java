package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Constraint;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.nn.Regularizer;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.WeightRule;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.Add;
import dev.lanewise.nn.layer.AdditiveAttention;
import dev.lanewise.nn.layer.AveragePooling2D;
import dev.lanewise.nn.layer.BatchNormalization;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.Concatenate;
import dev.lanewise.nn.layer.Conv2D;
import dev.lanewise.nn.layer.Conv2DTranspose;
import dev.lanewise.nn.layer.ConvLSTM2D;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.DepthwiseConv2D;
import dev.lanewise.nn.layer.Dropout;
import dev.lanewise.nn.layer.ELU;
import dev.lanewise.nn.layer.EinsumDense;
import dev.lanewise.nn.layer.Embedding;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.GRU;
import dev.lanewise.nn.layer.GlobalAveragePooling1D;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.nn.layer.LayerNormalization;
import dev.lanewise.nn.layer.LeakyReLU;
import dev.lanewise.nn.layer.LocallyConnected2D;
import dev.lanewise.nn.layer.MaxPooling2D;
import dev.lanewise.nn.layer.MultiHeadAttention;
import dev.lanewise.nn.layer.PReLU;
import dev.lanewise.nn.layer.RNN;
import dev.lanewise.nn.layer.RandomCrop;
import dev.lanewise.nn.layer.ReLU;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.SeparableConv2D;
import dev.lanewise.nn.layer.SimpleRNN;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.nn.layer.UpSampling2D;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Small synthetic data, models and hashes.
public final class TestData {
    /// Longest text.
    private static final int TEXT_STEPS = 11;

    private TestData() {}

    /// One dense layer without an activation.
    static Graph linear(int in, int out) {
        return Sequential.input(in).add(new Dense(out)).build();
    }

    /// Rows around one centre for each class, so that a network can learn them.
    public static Dataset classes(int samples, int features, int classes, long seed) {
        final RandomStream random = RandomStream.of(seed, 1, 2);
        final float[][] centres = new float[classes][features];
        for (float[] centre : centres) {
            for (int i = 0; i < features; i++) {
                centre[i] = (float) random.nextGaussian();
            }
        }
        final float[][] x = new float[samples][features];
        final int[] labels = new int[samples];
        for (int s = 0; s < samples; s++) {
            labels[s] = random.nextInt(classes);
            for (int i = 0; i < features; i++) {
                x[s][i] = centres[labels[s]][i] + (float) random.nextGaussian();
            }
        }
        return Dataset.of(x, labels);
    }

    /// Every optimizer, and every option.
    static List<Optimizer> optimizers() {
        return List.of(
                new Adadelta(1),
                new Adagrad(0.05),
                new Adam().with(OptimizerOptions.NONE.clipvalue(0.01).schedule(new CosineDecay(0.01, 100))),
                new Adamax().with(OptimizerOptions.NONE.clipnorm(0.05)),
                new AdamW(0.01, 0.1, 0.9, 0.99, 1e-5, true),
                new AdamW(0.01)
                        .with(OptimizerOptions.NONE
                                .excludeFromWeightDecay("bias")
                                .learningRateFactors(Map.of("kernel", 0.5))),
                new Ftrl(0.05),
                new Ftrl(0.05, -0.7, 0.1, 0.001, 0.001, 0.001, 0.1),
                new Lion().with(OptimizerOptions.NONE.schedule(new CosineDecayRestarts(0.001, 10))),
                new Nadam(),
                new RMSprop(0.01, 0.9, 0.5, 1e-5, true),
                new RMSprop().with(OptimizerOptions.NONE.ema(0.9, 3)),
                new SGD(0.01, 0.9, true)
                        .with(OptimizerOptions.NONE
                                .globalClipnorm(0.05)
                                .weightDecay(0.01)
                                .gradientAccumulationSteps(2)
                                .schedule(new ExponentialDecay(0.01, 10, 0.9, false))));
    }

    /// 50-37-13-5 with dropout.
    public static Graph smallGraph() {
        return Sequential.input(50)
                .add(new Dense(37, Activations.RELU))
                .add(new Dropout(0.2f))
                .add(new Dense(13, Activations.TANH))
                .add(new Dense(5, Activations.SOFTMAX))
                .build();
    }

    /// [#smallGraph] with a regularizer and a constraint of each kind.
    static Graph ruled(Graph graph) {
        return graph.withRules(Map.of(
                "dense/kernel",
                new WeightRule(new Regularizer.L1L2(1e-4, 1e-3), new Constraint.MaxNorm(1.5)),
                "dense/bias",
                new WeightRule(new Regularizer.L1(1e-3), new Constraint.NonNeg()),
                "dense_1/kernel",
                new WeightRule(
                        new Regularizer.OrthogonalRegularizer(0.01, "columns"),
                        new Constraint.MinMaxNorm(0.5, 2, 0.5, List.of(0))),
                "dense_2/kernel",
                new WeightRule(new Regularizer.L2(1e-3), new Constraint.UnitNorm(List.of(1)))));
    }

    /// All kinds of convolutions of images, and batch normalization.
    public static Graph smallConvolutions() {
        return Sequential.input(9, 8, 3)
                .add(new RandomCrop(8, 7))
                .add(new Conv2D(16, 3).padding("same").useBias(false))
                .add(new BatchNormalization())
                .add(new ReLU())
                .add(new DepthwiseConv2D(3, Activations.RELU).padding("same"))
                .add(new Conv2D(20, 3, Activations.TANH).strides(2).groups(2))
                .add(new Conv2DTranspose(6, 2, Activations.RELU).strides(2))
                .add(new SeparableConv2D(7, 3).depthMultiplier(2))
                .add(new BatchNormalization(0.9f, 1e-3f))
                .add(new UpSampling2D(List.of(2, 2), "bilinear"))
                .add(new MaxPooling2D(List.of(2, 2), null, "valid"))
                .add(new LocallyConnected2D(6, 2, Activations.TANH))
                .add(new AveragePooling2D(List.of(2, 2), List.of(1, 1), "same"))
                .add(new Flatten())
                .add(new Dense(5, Activations.SOFTMAX))
                .build();
    }

    /// Sequences of words of 20, padded with zeros, through all kinds of recurrent layers to two classes.
    public static Graph texts() {
        return Sequential.input(TEXT_STEPS)
                .add(new Embedding(20, 9).maskZero(true))
                .add(new Bidirectional(new LSTM(7).returnSequences(true).dropout(0.1f)))
                .add(new TimeDistributed(new Dense(6, Activations.RELU)))
                .add(new BatchNormalization())
                .add(new GRU(8).returnSequences(true).recurrentDropout(0.1f))
                .add(new RNN(List.of(new SimpleRNN(5), new LSTM(6))).returnSequences(true))
                .add(new GlobalAveragePooling1D())
                .add(new Dense(2, Activations.SOFTMAX))
                .build();
    }

    /// Texts of words 3 to 19, of which one has 1 before 2 and the other 2 before 1: the class is the order.
    public static Dataset texts(int samples, long seed) {
        final RandomStream random = RandomStream.of(seed, 1, 3);
        final float[][] x = new float[samples][TEXT_STEPS];
        final int[] classes = new int[samples];
        for (int n = 0; n < samples; n++) {
            final int length = 4 + random.nextInt(TEXT_STEPS - 3);
            for (int t = 0; t < length; t++) {
                x[n][t] = 3 + random.nextInt(17);
            }
            final int first = random.nextInt(length - 1);
            final int second = first + 1 + random.nextInt(length - first - 1);
            classes[n] = random.nextInt(2);
            x[n][first] = 1 + classes[n];
            x[n][second] = 2 - classes[n];
        }
        return Dataset.of(x, classes);
    }

    /// Most kinds of activations in a row, with five sigmoids of a layer of their own at the end.
    public static Graph graphOfActivations() {
        return Sequential.input(50)
                .add(new Dense(40, Activations.of("silu")))
                .add(new LeakyReLU(0.1f))
                .add(new Dense(40, Activations.of("gelu")))
                .add(new PReLU())
                .add(new Dense(38, Activations.of("mish")))
                .add(new ELU())
                .add(new Dense(24, Activations.of("softplus")))
                .add(new Dense(24, Activations.of("gelu", Map.of("approximate", true))))
                .add(new Dense(24, Activations.of("hard_silu")))
                .add(new Activation(Activations.of("glu")))
                .add(new Dense(21, Activations.of("log_softmax")))
                .add(new Activation(Activations.of("tanh_shrink")))
                .add(new Dense(4, Activations.of("log_softmax")))
                .add(new Activation(Activations.of("sparsemax")))
                .add(new Dense(9, Activations.of("squareplus")))
                .add(new Dense(5))
                .add(new Activation(Activations.SIGMOID))
                .build();
    }

    /// Every activation of the registry beside the others, so that each has a gradient, and five sigmoids of
    /// all.
    public static Graph everyActivation() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input("x", Shape.of(50));
        final List<Graph.Value> ends = new ArrayList<>();
        for (String name : Activations.names()) {
            final var activation = name.equals("threshold")
                    ? Activations.of(name, Map.of("threshold", 0.1, "default_value", -0.2))
                    : Activations.of(name);
            if (activation instanceof dev.lanewise.kernels.Activation.Custom) {
                continue; // another test's own
            }
            if (name.equals("glu")) {
                final Graph.Value z = b.add("both_halves", new Dense(18), x);
                ends.add(b.add(name, new Activation(activation), z));
            } else if (name.equals("sparsemax")) {
                // It is constant for most rows that have something above 0.
                final Graph.Value z = b.add("below_0", new Rescaling(0.5f, -3), b.add("any", new Dense(18), x));
                ends.add(b.add(name, new Activation(activation), z));
            } else {
                ends.add(b.add(name, new Dense(18, activation), x));
            }
        }
        final Graph.Value all = b.add("all", new Concatenate(), ends.toArray(Graph.Value[]::new));
        return b.build(b.add("bits", new Dense(5, Activations.SIGMOID), all));
    }

    /// Rows of random numbers, with the signs of the first five as targets.
    public static Dataset bits(int samples, int features, long seed) {
        final RandomStream random = RandomStream.of(seed, 3, 4);
        final float[][] x = new float[samples][features];
        final float[][] y = new float[samples][5];
        for (int s = 0; s < samples; s++) {
            for (int i = 0; i < features; i++) {
                x[s][i] = (float) random.nextGaussian();
            }
            for (int i = 0; i < 5; i++) {
                y[s][i] = x[s][i] > 0 ? 1 : 0;
            }
        }
        return Dataset.of(x, y);
    }

    /// Of all bits of a model's weights and slots.
    public static int hash(Model model) {
        int hash = Arrays.hashCode(model.trainable().toArray(JAVA_BYTE));
        hash = 31 * hash + Arrays.hashCode(model.fixed().toArray(JAVA_BYTE));
        for (var slot : model.slots().values()) {
            hash = 31 * hash + Arrays.hashCode(slot.toArray(JAVA_BYTE));
        }
        return hash;
    }

    /// Convolutional long short-term memories over short videos, in both directions.
    static Graph videos() {
        return Sequential.input(3, 5, 4, 2)
                .add(new ConvLSTM2D(4, 3)
                        .padding("same")
                        .returnSequences(true)
                        .dropout(0.1f)
                        .recurrentDropout(0.1f))
                .add(new Bidirectional(new ConvLSTM2D(3, 2)))
                .add(new Flatten())
                .add(new Dense(5, Activations.SOFTMAX))
                .build();
    }

    static Dataset videos(int n, long seed) {
        return classes(n, 3 * 5 * 4 * 2, 5, seed).reshapeInput(0, Shape.of(3, 5, 4, 2));
    }

    /// A transformer's block with a causal mask, a window and a gate, and attention by addition over what it
    /// gives, whose scores go on too; then dense layers over axes in other orders.
    static Graph transformer() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input("x", Shape.of(7, 12));
        final Graph.Value heads = b.add(
                "heads",
                new MultiHeadAttention(3, 4)
                        .useCausalMask(true)
                        .slidingWindow(5)
                        .useGate(true)
                        .dropout(0.1f),
                x,
                x);
        final Graph.Value attended = b.add("norm", new LayerNormalization(), b.add("sum", new Add(), x, heads));
        final Graph.Value wide = b.add("wide", new Dense(24, Activations.of("gelu")), attended);
        final Graph.Value narrow = b.add("narrow", new Dense(12), wide);
        final Graph.Value block = b.add("norm2", new LayerNormalization(), b.add("sum2", new Add(), attended, narrow));
        final List<Graph.Value> added =
                b.call(b.layer("additive", new AdditiveAttention().returnAttentionScores(true)), block, block);
        final Graph.Value both = b.add("both", new Concatenate(), added.get(0), added.get(1));
        final Graph.Value each =
                b.add("each", einsum("abc,bcd->abd", Shape.of(7, 8), Activations.of("gelu"), "bd"), both);
        final Graph.Value turned = b.add("turned", einsum("abc,bd->adc", Shape.of(6, 8), Activations.TANH, "d"), each);
        final Graph.Value mean = b.add("mean", new GlobalAveragePooling1D(), turned);
        return b.build(b.add("classes", new Dense(5, Activations.SOFTMAX), mean));
    }

    private static EinsumDense einsum(
            String equation, Shape output, dev.lanewise.kernels.Activation activation, String biasAxes) {
        return new EinsumDense(
                equation, output, activation, biasAxes, new Initializers.GlorotUniform(), new Initializers.Zeros());
    }

    static Dataset transformer(int n, long seed) {
        return classes(n, 7 * 12, 5, seed).reshapeInput(0, Shape.of(7, 12));
    }
}
