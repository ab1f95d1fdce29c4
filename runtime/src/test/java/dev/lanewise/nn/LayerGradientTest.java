package dev.lanewise.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.Add;
import dev.lanewise.nn.layer.BatchNormalization;
import dev.lanewise.nn.layer.Concatenate;
import dev.lanewise.nn.layer.Conv1D;
import dev.lanewise.nn.layer.Conv1DTranspose;
import dev.lanewise.nn.layer.Conv2D;
import dev.lanewise.nn.layer.Conv2DTranspose;
import dev.lanewise.nn.layer.Conv3D;
import dev.lanewise.nn.layer.Conv3DTranspose;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.DepthwiseConv1D;
import dev.lanewise.nn.layer.DepthwiseConv2D;
import dev.lanewise.nn.layer.Dropout;
import dev.lanewise.nn.layer.ELU;
import dev.lanewise.nn.layer.Embedding;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.GrayToRgb;
import dev.lanewise.nn.layer.Grayscale;
import dev.lanewise.nn.layer.LeakyReLU;
import dev.lanewise.nn.layer.PReLU;
import dev.lanewise.nn.layer.PreprocessInput;
import dev.lanewise.nn.layer.ReLU;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Reshape;
import dev.lanewise.nn.layer.Resizing;
import dev.lanewise.nn.layer.SeparableConv1D;
import dev.lanewise.nn.layer.SeparableConv2D;
import dev.lanewise.nn.layer.Softmax;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every layer of the registry against its formula in double.
class LayerGradientTest {
    private static final LayerBuffers.RandomKey KEY = new LayerBuffers.RandomKey(5, 2, 1);

    /// A layer on inputs of these shapes.
    ///
    /// @param step of training, negative for inference
    /// @param masked whether the first input has a mask, as [SequenceFormulas#maskShape] has it
    record Case(Layer layer, long step, double scale, List<Shape> inputs, boolean masked) {
        Case(Layer layer, long step, double scale, List<Shape> inputs) {
            this(layer, step, scale, inputs, false);
        }

        static Case of(Layer layer, Shape... inputs) {
            return new Case(layer, -1, 1, List.of(inputs));
        }

        static Case masked(Layer layer, Shape... inputs) {
            return new Case(layer, -1, 1, List.of(inputs), true);
        }

        /// The same in this step of training.
        Case training(long at) {
            return new Case(layer, at, scale, inputs, masked);
        }

        GradientCheck check(Layer checked) {
            final GradientCheck check = GradientCheck.of(
                            checked,
                            masked
                                    ? SequenceFormulas.masked(layer, inputs, KEY, step)
                                    : DoubleFormulas.of(layer, inputs, KEY, step),
                            inputs.toArray(Shape[]::new))
                    .scale(scale);
            if (masked) {
                check.mask(SequenceFormulas.maskShapes(layer, inputs));
            }
            final int maskInput = SequenceFormulas.maskInput(layer, inputs);
            if (maskInput > 0) {
                check.maskInput(maskInput);
            }
            if (OperationFormulas.isOfPositive(layer)) {
                check.offset(1.5 * scale);
            }
            if (layer instanceof Embedding embedding) {
                check.indices(embedding.inputDim());
            }
            return step < 0 ? check : check.training(step);
        }
    }

    /// Every activation, with parameters of their own where it has any.
    private static List<dev.lanewise.kernels.Activation> activations() {
        final List<dev.lanewise.kernels.Activation> all = new ArrayList<>();
        for (String name : Activations.names()) {
            if (name.equals("threshold")) {
                continue; // its parameters have no defaults
            }
            // Activations that other tests register are not ours to check.
            if (!(Activations.of(name) instanceof dev.lanewise.kernels.Activation.Custom)) {
                all.add(Activations.of(name));
            }
        }
        all.add(Activations.of("threshold", Map.of("threshold", 0.25, "default_value", 0.5)));
        all.add(Activations.of("gelu", Map.of("approximate", true)));
        all.add(Activations.of("hard_sigmoid", Map.of("legacy", true)));
        all.add(Activations.of("leaky_relu", Map.of("negative_slope", 0.3)));
        all.add(Activations.of("elu", Map.of("alpha", 0.5)));
        all.add(Activations.of("celu", Map.of("alpha", 2)));
        return all;
    }

    static Stream<Case> cases() {
        final List<Case> cases = new ArrayList<>();
        for (dev.lanewise.kernels.Activation activation : activations()) {
            final Initializer zeros = new Initializers.Zeros();
            if (activation.name().equals("glu")) {
                cases.add(Case.of(new Activation(activation), Shape.of(3, 4)));
                cases.add(Case.of(new Activation(activation), Shape.of(2, 3, 66)));
                continue;
            }
            cases.add(Case.of(new Dense(5, activation), Shape.of(3, 4)));
            cases.add(Case.of(new Dense(5, activation, false, zeros, zeros), Shape.of(3, 4)));
            cases.add(Case.of(new Dense(3, activation), Shape.of(2, 3, 4)));
            // Of one number the other functions of rows know one value, where no difference is exactly 0.
            if (!activation.rowwise() || activation.equals(Activations.SOFTMAX)) {
                cases.add(Case.of(new Dense(1, activation), Shape.of(1, 1)));
            }
            cases.add(Case.of(new Dense(19, activation), Shape.of(17, 7)));
            cases.add(Case.of(new Activation(activation), Shape.of(3, 5)));
            cases.add(Case.of(new Activation(activation), Shape.of(2, 3, 7)));
            cases.add(new Case(new Activation(activation), -1, 4, List.of(Shape.of(5, 7))));
        }
        convolutions(cases);
        transposedConvolutions(cases);
        depthwiseConvolutions(cases);
        batchNormalizations(cases);
        cases.add(Case.of(new Softmax(), Shape.of(4, 5)));
        cases.add(Case.of(new Softmax(), Shape.of(2, 2, 3)));
        cases.add(Case.of(new Softmax(1), Shape.of(2, 3, 4)));
        cases.add(Case.of(new Softmax(-2), Shape.of(2, 3, 2, 5)));
        cases.add(Case.of(new Softmax(2), Shape.of(3, 2, 4)));
        cases.add(Case.of(new Softmax(), Shape.of(4, 5), Shape.of(4, 5)));
        cases.add(Case.of(new Softmax(1), Shape.of(2, 3, 4), Shape.of(2, 3, 4)));
        cases.add(Case.of(new Concatenate(), Shape.of(3, 4), Shape.of(3, 2)));
        cases.add(Case.of(new Concatenate(1), Shape.of(2, 3, 4), Shape.of(2, 1, 4), Shape.of(2, 2, 4)));
        cases.add(Case.of(new Concatenate(-2), Shape.of(2, 3, 2), Shape.of(2, 5, 2)));
        cases.add(new Case(new ReLU(), -1, 3, List.of(Shape.of(5, 7))));
        cases.add(new Case(new ReLU(1.5f, 0, 0), -1, 3, List.of(Shape.of(5, 7))));
        cases.add(new Case(new ReLU(null, 0.25f, 0), -1, 3, List.of(Shape.of(5, 7))));
        cases.add(new Case(new ReLU(2f, 0.1f, 0.5f), -1, 3, List.of(Shape.of(5, 7))));
        cases.add(new Case(new LeakyReLU(), -1, 3, List.of(Shape.of(5, 7))));
        cases.add(new Case(new LeakyReLU(0), -1, 3, List.of(Shape.of(3, 4, 5))));
        cases.add(new Case(new ELU(), -1, 3, List.of(Shape.of(5, 7))));
        cases.add(new Case(new ELU(0.3f), -1, 3, List.of(Shape.of(3, 4, 5))));
        cases.add(new Case(new PReLU(), -1, 3, List.of(Shape.of(5, 7))));
        cases.add(new Case(new PReLU(), -1, 3, List.of(Shape.of(2, 3, 4, 2))));
        for (List<Integer> axes : List.of(
                List.of(1), List.of(2), List.of(3), List.of(1, 2), List.of(1, 3), List.of(3, 2), List.of(1, 2, 3))) {
            final PReLU layer = new PReLU(new Initializers.Zeros(), axes);
            cases.add(new Case(layer, -1, 3, List.of(Shape.of(2, 3, 4, 2))));
        }
        cases.add(Case.of(new Flatten(), Shape.of(3, 2, 2)));
        cases.add(Case.of(new Reshape(-1, 2), Shape.of(3, 6)));
        cases.add(Case.of(new Rescaling(1 / 255f, -0.5f), Shape.of(3, 6)));
        cases.add(Case.of(new Rescaling(-2.5f), Shape.of(33, 2)));
        for (String interpolation : List.of("bilinear", "nearest")) {
            cases.add(Case.of(new Resizing(4, 3, interpolation), Shape.of(2, 7, 5, 3)));
            cases.add(Case.of(new Resizing(5, 7, interpolation), Shape.of(2, 3, 4, 1)));
            cases.add(Case.of(new Resizing(3, 1, interpolation), Shape.of(1, 1, 6, 2)));
            cases.add(Case.of(new Resizing(3, 4, interpolation), Shape.of(2, 3, 4, 2)));
            cases.add(Case.of(new Resizing(4, 3, interpolation, true), Shape.of(2, 5, 7, 2)));
            cases.add(Case.of(new Resizing(2, 5, interpolation, true), Shape.of(1, 6, 4, 3)));
        }
        cases.add(Case.of(new Grayscale(), Shape.of(2, 3, 4, 3)));
        cases.add(Case.of(new GrayToRgb(), Shape.of(2, 3, 4, 1)));
        for (String mode : List.of("tf", "caffe", "torch")) {
            cases.add(new Case(new PreprocessInput(mode), -1, 255, List.of(Shape.of(2, 2, 3, 3))));
        }
        cases.add(Case.of(new Add(), Shape.of(3, 4), Shape.of(3, 4)));
        cases.add(Case.of(new Add(), Shape.of(2, 2, 3), Shape.of(2, 2, 3), Shape.of(2, 2, 3)));
        cases.add(Case.of(new Dropout(0.4f), Shape.of(4, 9)));
        cases.add(new Case(new Dropout(0.4f), 7, 1, List.of(Shape.of(4, 9))));
        cases.add(new Case(new Dropout(0), 7, 1, List.of(Shape.of(4, 9))));
        cases.addAll(SpatialFormulas.cases());
        cases.addAll(MergeFormulas.cases());
        cases.addAll(NormalizationFormulas.cases());
        cases.addAll(NoiseFormulas.cases());
        cases.addAll(SequenceFormulas.cases());
        cases.addAll(OldLayerFormulas.cases());
        cases.addAll(OperationFormulas.cases());
        return cases.stream();
    }

    private static void convolutions(List<Case> cases) {
        final Shape image = Shape.of(2, 5, 4, 3);
        cases.add(Case.of(new Conv2D(4, 3), image));
        cases.add(Case.of(new Conv2D(4, 3, Activations.RELU).padding("same"), image));
        cases.add(Case.of(new Conv2D(2, 2, Activations.TANH).strides(2), image));
        cases.add(Case.of(new Conv2D(3, 2, Activations.of("gelu")).strides(2, 1).padding("same"), image));
        cases.add(Case.of(new Conv2D(2, 3).strides(3, 2).padding("same"), image));
        cases.add(Case.of(new Conv2D(2, 1).strides(2), image));
        cases.add(Case.of(new Conv2D(5, 1, Activations.SOFTMAX), image));
        cases.add(Case.of(new Conv2D(2, 1).kernelSize(2, 3).dilationRate(2).padding("same"), image));
        cases.add(Case.of(new Conv2D(2, 2).dilationRate(3, 2).useBias(false), image));
        cases.add(Case.of(new Conv2D(6, 3).groups(3).padding("same"), image));
        cases.add(Case.of(new Conv2D(4, 2).groups(2).strides(2), Shape.of(1, 4, 3, 4)));
        cases.add(Case.of(new Conv2D(4, 1).groups(2), Shape.of(1, 2, 3, 4)));
        final Shape sequence = Shape.of(2, 7, 3);
        cases.add(Case.of(new Conv1D(4, 3, Activations.RELU), sequence));
        cases.add(Case.of(new Conv1D(2, 2).strides(2).padding("same"), sequence));
        cases.add(Case.of(new Conv1D(2, 3).dilationRate(2).padding("causal"), sequence));
        cases.add(Case.of(new Conv1D(3, 2).strides(2).padding("causal").groups(3), sequence));
        final Shape volume = Shape.of(2, 3, 4, 3, 2);
        cases.add(Case.of(new Conv3D(2, 2), volume));
        cases.add(Case.of(new Conv3D(2, 3, Activations.TANH).strides(2, 1, 2).padding("same"), volume));
        cases.add(Case.of(
                new Conv3D(2, 2).kernelSize(1, 2, 2).dilationRate(1, 2, 1).groups(2), volume));
    }

    private static void transposedConvolutions(List<Case> cases) {
        final Shape image = Shape.of(2, 3, 2, 3);
        for (String padding : List.of("valid", "same")) {
            cases.add(Case.of(new Conv2DTranspose(2, 3).padding(padding), image));
            cases.add(Case.of(
                    new Conv2DTranspose(2, 3, Activations.RELU).strides(2).padding(padding), image));
            cases.add(Case.of(
                    new Conv2DTranspose(2, 2).strides(3, 2).padding(padding).useBias(false), image));
            cases.add(Case.of(
                    new Conv2DTranspose(1, 2).strides(2).dilationRate(3, 2).padding(padding), image));
            cases.add(Case.of(
                    new Conv2DTranspose(2, 3, Activations.of("gelu"))
                            .strides(2)
                            .outputPadding(1)
                            .padding(padding),
                    image));
            cases.add(Case.of(new Conv1DTranspose(2, 4).strides(2).padding(padding), Shape.of(2, 3, 2)));
            cases.add(Case.of(new Conv3DTranspose(2, 2).strides(2, 1, 3).padding(padding), Shape.of(1, 2, 3, 2, 2)));
        }
        cases.add(Case.of(new Conv2DTranspose(4, 1), image));
        cases.add(Case.of(new Conv1DTranspose(3, 3).dilationRate(2), Shape.of(2, 4, 3)));
    }

    private static void depthwiseConvolutions(List<Case> cases) {
        final Shape image = Shape.of(2, 5, 4, 3);
        for (int multiplier : new int[] {1, 2}) {
            cases.add(Case.of(new DepthwiseConv2D(3).depthMultiplier(multiplier), image));
            cases.add(Case.of(
                    new DepthwiseConv2D(3, Activations.RELU)
                            .padding("same")
                            .strides(2)
                            .depthMultiplier(multiplier),
                    image));
            cases.add(Case.of(
                    new DepthwiseConv2D(2, Activations.of("gelu"))
                            .dilationRate(2, 3)
                            .useBias(false)
                            .depthMultiplier(multiplier),
                    image));
            cases.add(Case.of(
                    new DepthwiseConv1D(2).strides(3).padding("causal").depthMultiplier(multiplier),
                    Shape.of(2, 7, 3)));
            cases.add(Case.of(
                    new SeparableConv2D(4, 3, Activations.RELU).padding("same").depthMultiplier(multiplier), image));
            cases.add(Case.of(
                    new SeparableConv2D(2, 2, Activations.of("gelu"))
                            .strides(2)
                            .useBias(false)
                            .depthMultiplier(multiplier),
                    image));
            cases.add(Case.of(
                    new SeparableConv1D(2, 3).dilationRate(2).padding("same").depthMultiplier(multiplier),
                    Shape.of(2, 7, 3)));
        }
        // Several vectors of channels, and some that fill none.
        cases.add(Case.of(new DepthwiseConv2D(3).padding("same"), Shape.of(1, 3, 7, 37)));
        cases.add(Case.of(new DepthwiseConv2D(2).strides(2), Shape.of(1, 4, 3, 70)));
    }

    private static void batchNormalizations(List<Case> cases) {
        for (long step : new long[] {-1, 3}) {
            // So large an epsilon because the random variances are in -1 to 1.
            cases.add(new Case(new BatchNormalization(0.9f, 1.5f), step, 1, List.of(Shape.of(7, 3))));
            cases.add(new Case(new BatchNormalization(0.9f, 1.5f), step, 1, List.of(Shape.of(2, 3, 2, 5))));
            for (boolean flag : new boolean[] {true, false}) {
                final Initializer zeros = new Initializers.Zeros();
                final Layer layer = new BatchNormalization(1, 0.9f, 1.5f, flag, !flag, zeros, zeros, zeros, zeros);
                cases.add(new Case(layer, step, 1, List.of(Shape.of(9, 4))));
                cases.add(new Case(layer, step, 1, List.of(Shape.of(2, 3, 2, 2))));
            }
        }
        cases.add(new Case(new BatchNormalization(), 3, 2, List.of(Shape.of(5, 3, 4))));
    }

    @Test
    void everyLayerOfTheRegistryHasACase() {
        // The one has nothing to compute, the other nothing to learn by (CausalMaskTest).
        final Set<String> checked = new TreeSet<>(Set.of("InputLayer", "CausalMask"));
        cases().forEach(of -> checked.add(of.layer().typeName()));
        for (Map.Entry<String, Class<? extends Layer>> entry : Layers.registry().entrySet()) {
            // Layers that other tests register are not ours to check.
            if (entry.getValue().getPackageName().startsWith("dev.lanewise.nn")) {
                assertTrue(checked.contains(entry.getKey()), "no gradient check of " + entry.getKey());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void layerIsItsFormula(Case of) {
        of.check(of.layer()).run();
    }

    /// A fault to be caught.
    enum Fault {
        DX_OFF_BY_ONE_PERCENT,
        DX_OVERWRITTEN,
        WEIGHT_GRADIENT_OFF_BY_ONE_PERCENT,
        WEIGHT_GRADIENT_OVERWRITTEN,
        OUTPUT_OFF_BY_A_HUNDREDTH_PERCENT,
        LAST_DX_DROPPED
    }

    /// A layer with a fault in it.
    record Faulty(Layer layer, Fault fault) implements Layer {
        @Override
        public List<Shape> outputShapes(List<Shape> inputs) {
            return layer.outputShapes(inputs);
        }

        @Override
        public List<ParameterSpec> parameters(List<Shape> inputs) {
            return layer.parameters(inputs);
        }

        @Override
        public List<Shape> saved(List<Shape> inputs) {
            return layer.saved(inputs);
        }

        @Override
        public List<@Nullable Shape> outputMasks(List<Shape> inputs, List<@Nullable Shape> masks) {
            return layer.outputMasks(inputs, masks);
        }

        @Override
        public List<Shape> state(List<Shape> inputs) {
            return layer.state(inputs);
        }

        @Override
        public long scratch(List<Shape> inputs) {
            return layer.scratch(inputs);
        }

        @Override
        public long backwardScratch(List<Shape> inputs) {
            return layer.backwardScratch(inputs);
        }

        @Override
        public void forward(LayerBuffers b) {
            layer.forward(b);
            if (fault == Fault.OUTPUT_OFF_BY_A_HUNDREDTH_PERCENT) {
                scale(b.y(0), 1.0001f);
            }
        }

        @Override
        public void backward(LayerBuffers b) {
            final Tensor dx = Objects.requireNonNull(b.dx(b.inputs() - 1));
            final float[] before = dx.toArray();
            final Tensor gradient = b.gradient(0);
            final float[] gradientBefore = gradient == null ? new float[0] : gradient.toArray();
            layer.backward(b);
            switch (fault) {
                case DX_OFF_BY_ONE_PERCENT -> scale(dx, 1.01f);
                case DX_OVERWRITTEN -> subtractIf(b.accumulateDx(b.inputs() - 1), dx, before);
                case WEIGHT_GRADIENT_OFF_BY_ONE_PERCENT -> scale(Objects.requireNonNull(gradient), 1.01f);
                case WEIGHT_GRADIENT_OVERWRITTEN ->
                    subtractIf(b.accumulateGradient(0), Objects.requireNonNull(gradient), gradientBefore);
                case LAST_DX_DROPPED -> dx.set(dx.size() - 1, 0);
                case OUTPUT_OFF_BY_A_HUNDREDTH_PERCENT -> {}
            }
        }

        private static void scale(Tensor tensor, float by) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.set(i, tensor.get(i) * by);
            }
        }

        private static void subtractIf(boolean accumulates, Tensor tensor, float[] before) {
            for (int i = 0; accumulates && i < tensor.size(); i++) {
                tensor.set(i, tensor.get(i) - before[i]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void plantedFaultsAreCaught(Case of) {
        final boolean hasWeights = !of.layer().parameters(of.inputs()).isEmpty();
        // Of one output softmax knows one value, 1: there all gradients are 0, with and without most faults.
        final boolean flat = of.inputs().getFirst().equals(Shape.of(1, 1))
                && of.layer() instanceof Dense dense
                && (dense.activation().equals(Activations.SOFTMAX)
                        || dense.activation().name().startsWith("relu"));
        for (Fault fault : Fault.values()) {
            final boolean ofWeights = fault.name().startsWith("WEIGHT");
            // An index has no gradient.
            final boolean none = of.layer() instanceof Embedding
                    && (fault == Fault.DX_OFF_BY_ONE_PERCENT || fault == Fault.LAST_DX_DROPPED);
            if ((hasWeights || !ofWeights) && !flat && !none) {
                assertThrows(
                        AssertionError.class,
                        () -> of.check(new Faulty(of.layer(), fault)).run(),
                        of + ": not caught: " + fault);
            }
        }
    }

    /// Without features a dense layer is its activation of the bias, or of zeros.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void denseOfNoFeaturesIsItsBias(boolean useBias) {
        final Initializer zeros = new Initializers.Zeros();
        for (String name : List.of("linear", "relu", "sigmoid", "tanh")) {
            final dev.lanewise.kernels.Activation activation = Activations.of(name);
            final Dense dense = new Dense(3, activation, useBias, zeros, zeros);
            try (Memory memory = new Memory("test")) {
                final Compute compute = Compute.shared();
                final Tensor x = Tensor.zeros(memory, Shape.of(2, 0));
                final Tensor y = Tensor.zeros(memory, Shape.of(2, 3));
                final Tensor dy = Tensor.zeros(memory, Shape.of(2, 3));
                final Tensor kernel = Tensor.zeros(memory, Shape.of(0, 3));
                final Tensor bias = Tensor.zeros(memory, Shape.of(3));
                final Tensor dBias = Tensor.zeros(memory, Shape.of(3));
                y.copyFrom(new float[] {9, 9, 9, Float.NaN, 9, 9});
                dy.copyFrom(new float[] {1, 2, 3, 4, 5, 6});
                bias.copyFrom(new float[] {0.5f, -1, 2});
                final LayerBuffers b = LayerBuffers.builder("dense", compute, memory.floats(compute.gemmScratchSize()))
                        .values(List.of(x), List.of(y))
                        .parameters(
                                useBias ? List.of(kernel, bias) : List.of(kernel),
                                useBias ? Arrays.asList(kernel, dBias) : Arrays.asList(kernel))
                        .gradients(List.of(dy), List.of(Tensor.zeros(memory, Shape.of(2, 0))))
                        .build();
                dense.forward(b);
                final float[] one = new float[3];
                final float[] z = useBias ? bias.toArray() : new float[3];
                for (int i = 0; i < 3; i++) {
                    one[i] = switch (name) {
                        case "relu" -> Math.max(0, z[i]);
                        case "sigmoid" -> (float) (1 / (1 + Math.exp(-z[i])));
                        case "tanh" -> (float) Math.tanh(z[i]);
                        default -> z[i];
                    };
                }
                for (int i = 0; i < 6; i++) {
                    assertEquals(one[i % 3], y.get(i), 1e-6f, name);
                }
                dense.backward(b);
                if (useBias && name.equals("linear")) {
                    assertEquals(List.of(5f, 7f, 9f), List.of(dBias.get(0), dBias.get(1), dBias.get(2)));
                }
            }
        }
    }

    /// Outputs of a dropout call on ones.
    private static float[] dropout(float rate, boolean training, LayerBuffers.RandomKey key, long step, int n) {
        try (Memory memory = new Memory("test");
                Compute compute = Compute.of(1)) {
            final Tensor x = Tensor.zeros(memory, Shape.of(1, n));
            final Tensor y = Tensor.zeros(memory, Shape.of(1, n));
            final float[] ones = new float[n];
            Arrays.fill(ones, 1);
            x.copyFrom(ones);
            new Dropout(rate)
                    .forward(LayerBuffers.builder("dropout", compute, memory.floats(0))
                            .values(List.of(x), List.of(y))
                            .key(key)
                            .mode(training, true, step)
                            .build());
            return y.toArray();
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {0.1f, 0.25f, 0.5f, 0.9f})
    void dropoutDropsItsShareAndKeepsTheMean(float rate) {
        final int n = 100_000;
        final float[] y = dropout(rate, true, new LayerBuffers.RandomKey(1, 2, 0), 9, n);
        int dropped = 0;
        double sum = 0;
        for (float value : y) {
            dropped += value == 0 ? 1 : 0;
            sum += value;
            assertTrue(value == 0 || value == 1 / (1 - rate), "value " + value);
        }
        // Five standard deviations of a binomial count.
        final double deviation = 5 * Math.sqrt(rate * (1 - rate) / n);
        assertEquals(rate, (double) dropped / n, deviation);
        assertEquals(1, sum / n, deviation / (1 - rate));
    }

    @Test
    void dropoutMaskIsOfItsSeedLayerCallAndStep() {
        final LayerBuffers.RandomKey key = new LayerBuffers.RandomKey(1, 2, 0);
        final int mask = Arrays.hashCode(dropout(0.5f, true, key, 9, 1000));
        assertEquals(mask, Arrays.hashCode(dropout(0.5f, true, key, 9, 1000)));
        assertNotEquals(mask, Arrays.hashCode(dropout(0.5f, true, key, 10, 1000)));
        for (LayerBuffers.RandomKey other : List.of(
                new LayerBuffers.RandomKey(2, 2, 0),
                new LayerBuffers.RandomKey(1, 3, 0),
                new LayerBuffers.RandomKey(1, 2, 1))) {
            assertNotEquals(mask, Arrays.hashCode(dropout(0.5f, true, other, 9, 1000)), other.toString());
        }
    }

    @Test
    void dropoutOutsideTrainingIsTheIdentity() {
        for (float value : dropout(0.9f, false, new LayerBuffers.RandomKey(1, 2, 0), 9, 1000)) {
            assertEquals(1, value);
        }
    }
}
