package dev.lanewise.bench;

import static dev.lanewise.kernels.Activations.RELU;
import static dev.lanewise.kernels.Activations.SOFTMAX;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.layer.Add;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.GlobalAveragePooling1D;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.nn.layer.LayerNormalization;
import dev.lanewise.nn.layer.MultiHeadAttention;
import dev.lanewise.tensor.Shape;
import java.util.Locale;
import java.util.Random;

/// Models of sequences `[steps, 128]` that are sorted into ten classes.
///
/// FLOP are those of the products of matrices alone, 2 for each product and sum; gates, softmax,
/// normalization and the update count for nothing.
enum SequenceNetwork {
    /// `LSTM(128)` over 100 steps, and a dense layer on its last output.
    ///
    /// For each sample `100 · 2 · 128 · 512` by the kernel and as many by the recurrent kernel.
    LSTM(100) {
        @Override
        double forwardFlop() {
            return inputFlop() + inputFlop() + headFlop();
        }

        @Override
        double inputFlop() {
            return 2.0 * steps() * FEATURES * 4 * FEATURES;
        }

        @Override
        Graph graph() {
            final Graph.Builder builder = Graph.builder();
            final Graph.Value x = builder.input(sample());
            return head(builder, builder.add(new LSTM(FEATURES), x));
        }
    },

    /// A block of an encoder over 128 steps, and a dense layer on the mean of its outputs: attention of four
    /// heads of 32, dense layers of 512 with relu and of 128, to each of the two its input added and the sum
    /// normalized.
    ///
    /// For each sample `4 · 2 · 128³` by the projections, `2 · 2 · 128³` by scores and values, and `8 · 2 ·
    /// 128³` by the dense layers.
    TRANSFORMER(128) {
        @Override
        double forwardFlop() {
            final double projection = 2.0 * steps() * FEATURES * FEATURES;
            final double attention = 2 * 2.0 * steps() * steps() * FEATURES;
            return 4 * projection + attention + 2 * WIDER * projection + headFlop();
        }

        @Override
        double inputFlop() {
            return 3 * 2.0 * steps() * FEATURES * FEATURES;
        }

        @Override
        Graph graph() {
            final Graph.Builder builder = Graph.builder();
            final Graph.Value x = builder.input(sample());
            final Graph.Value attention = builder.add(new MultiHeadAttention(HEADS, FEATURES / HEADS), x, x);
            final Graph.Value h = builder.add(new LayerNormalization(), builder.add(new Add(), x, attention));
            final Graph.Value wide = builder.add(new Dense(WIDER * FEATURES, RELU), h);
            final Graph.Value narrow = builder.add(new Dense(FEATURES), wide);
            final Graph.Value y = builder.add(new LayerNormalization(), builder.add(new Add(), h, narrow));
            return head(builder, builder.add(new GlobalAveragePooling1D(), y));
        }
    };

    /// Samples of a batch, unless it is said.
    static final int BATCH = 32;

    private static final int FEATURES = 128;
    private static final int CLASSES = 10;
    private static final int HEADS = 4;
    private static final int WIDER = 4;

    private final int steps;

    SequenceNetwork(int steps) {
        this.steps = steps;
    }

    abstract Graph graph();

    /// Of a sample's prediction.
    abstract double forwardFlop();

    /// Of the products with the model's input, whose gradient by that input no step computes.
    abstract double inputFlop();

    final int steps() {
        return steps;
    }

    final Shape sample() {
        return Shape.of(steps, FEATURES);
    }

    final double headFlop() {
        return 2.0 * FEATURES * CLASSES;
    }

    /// Of a sample's share of a training step: forward, the gradients by both operands of each product, but
    /// for those by the model's input.
    final double stepFlop() {
        return 3 * forwardFlop() - inputFlop();
    }

    static Graph head(Graph.Builder builder, Graph.Value y) {
        return builder.build(builder.add(new Dense(CLASSES, SOFTMAX), y));
    }

    final String title() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Whether a name is one of these.
    static boolean has(String name) {
        for (SequenceNetwork network : values()) {
            if (network.title().equals(name)) {
                return true;
            }
        }
        return false;
    }

    /// By its name in small letters.
    static SequenceNetwork of(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    /// Sequences around a centre of their class at each step, one label in ten wrong, so that gradients do
    /// not die away.
    final Dataset data(int samples) {
        final Random random = new Random(42);
        final float[] centres = new float[CLASSES * FEATURES];
        for (int i = 0; i < centres.length; i++) {
            centres[i] = random.nextFloat() - 0.5f;
        }
        final float[] x = new float[samples * steps * FEATURES];
        final int[] labels = new int[samples];
        for (int s = 0; s < samples; s++) {
            final int of = random.nextInt(CLASSES);
            for (int i = 0; i < steps * FEATURES; i++) {
                x[s * steps * FEATURES + i] =
                        0.3f * centres[of * FEATURES + i % FEATURES] + 0.7f * (random.nextFloat() - 0.5f);
            }
            labels[s] = random.nextFloat() < 0.1f ? random.nextInt(CLASSES) : of;
        }
        return Dataset.of(x, sample(), labels);
    }
}
