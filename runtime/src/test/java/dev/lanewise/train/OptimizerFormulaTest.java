package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Optimizers take the steps of their formulas, and learn.
class OptimizerFormulaTest {
    @BeforeAll
    static void warmUp() {
        Compute.shared().warmUp();
    }

    static List<Optimizer> adaptive() {
        return List.of(
                new Adam(0.05),
                new Adam(0.05, 0.9, 0.999, 1e-7, true),
                new AdamW(0.05, 0.001),
                new AdamW(0.05, 0.001, 0.9, 0.999, 1e-7, true),
                new RMSprop(0.02),
                new RMSprop(0.01, 0.9, 0.5, 1e-7, false),
                new RMSprop(0.01, 0.9, 0.5, 1e-5, true));
    }

    /// By binary cross-entropy.
    @ParameterizedTest
    @MethodSource("adaptive")
    void optimizerLearnsXor(Optimizer optimizer) {
        final Dataset data =
                Dataset.of(new float[][] {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, new float[][] {{0}, {1}, {1}, {0}});
        final Graph graph = Sequential.input(2)
                .add(new Dense(16, Activations.TANH))
                .add(new Dense(1, Activations.SIGMOID))
                .build();
        try (Model model = Model.create(graph, 5);
                Trainer trainer = Trainer.of(model, optimizer, new BinaryCrossentropy(), new BinaryAccuracy())) {
            final History history = trainer.fit(data, Fit.epochs(300).batchSize(4));
            assertTrue(history.last("loss") < 0.05, "loss " + history.last("loss"));
            assertEquals(1, history.last("binary_accuracy"));
        }
    }

    @Test
    void powersAreThoseOfTheLibrary() {
        for (double base : new double[] {0, 0.5, 0.9, 0.999, 0.9999}) {
            for (long t : new long[] {1, 2, 3, 7, 100, 12_345, 1_000_000, 1L << 40}) {
                final double expected = StrictMath.pow(base, (double) t);
                assertEquals(expected, AdamW.power(base, t), 1e-9 * expected, base + "^" + t);
            }
        }
    }

    static List<Optimizer> optimizers() {
        return List.of(
                new SGD(0.1),
                new SGD(0.1, 0.9, false),
                new SGD(0.1, 0.9, true),
                new Adam(),
                new Adam(0.01, 0.8, 0.95, 1e-4),
                new Adam(0.05, 0.6, 0.7, 1e-4, true),
                new AdamW(),
                new AdamW(0.01, 0.3),
                new AdamW(0.05, 0.1, 0.6, 0.7, 1e-4, true),
                new RMSprop(),
                new RMSprop(0.01, 0.8, 0, 1e-3, false),
                new RMSprop(0.01, 0.8, 0.7, 1e-3, false),
                new RMSprop(0.01, 0.8, 0, 1e-3, true),
                new RMSprop(0.01, 0.8, 0.7, 1e-3, true));
    }

    /// One weight and the loss `(w x - t)²`, whose gradient one writes down.
    @ParameterizedTest
    @MethodSource("optimizers")
    void optimizerFollowsItsFormulaInDouble(Optimizer optimizer) {
        final double x = 0.75;
        final double t = 2;
        final Dataset data = Dataset.of(new float[][] {{0.75f}}, new float[][] {{2}});
        final Graph graph = Sequential.input(1)
                .add(new Dense(
                        1, Activations.LINEAR, false, new Initializers.Constant(-0.5f), new Initializers.Zeros()))
                .build();
        try (Model model = Model.create(graph, 1);
                Trainer trainer = Trainer.of(model, optimizer, new MeanSquaredError())) {
            trainer.gather(data, new int[] {0}, 0, 1);
            double w = -0.5;
            double m = 0;
            double v = 0;
            double a = 0;
            double top = 0;
            for (int step = 1; step <= 20; step++) {
                final double g = 2 * (w * x - t) * x;
                switch (optimizer) {
                    case SGD sgd -> {
                        m = sgd.momentum() * m - sgd.learningRate() * g;
                        w += sgd.nesterov() ? sgd.momentum() * m - sgd.learningRate() * g : m;
                    }
                    case Adam adam -> {
                        final double alpha = adam.learningRate()
                                * Math.sqrt(1 - Math.pow(adam.beta2(), step))
                                / (1 - Math.pow(adam.beta1(), step));
                        m += (g - m) * (1 - adam.beta1());
                        v += (g * g - v) * (1 - adam.beta2());
                        top = Math.max(top, v);
                        w -= m * alpha / (Math.sqrt(adam.amsgrad() ? top : v) + adam.epsilon());
                    }
                    case AdamW adam -> {
                        final double alpha = adam.learningRate()
                                * Math.sqrt(1 - Math.pow(adam.beta2(), step))
                                / (1 - Math.pow(adam.beta1(), step));
                        w -= w * adam.weightDecay() * adam.learningRate();
                        m += (g - m) * (1 - adam.beta1());
                        v += (g * g - v) * (1 - adam.beta2());
                        top = Math.max(top, v);
                        w -= m * alpha / (Math.sqrt(adam.amsgrad() ? top : v) + adam.epsilon());
                    }
                    case RMSprop rms -> {
                        v = rms.rho() * v + (1 - rms.rho()) * g * g;
                        a = rms.rho() * a + (1 - rms.rho()) * g;
                        final double d = rms.centered() ? v - a * a : v;
                        m = rms.momentum() * m + rms.learningRate() * g / Math.sqrt(d + rms.epsilon());
                        w -= m;
                    }
                    default -> throw new IllegalStateException("no formula of " + optimizer);
                }
                trainer.step();
                // Each step rounds some ten times, relative to values of about 1.
                assertEquals(w, model.parameter("dense/kernel").get(0), 20 * step * 0x1p-24, "step " + step);
            }
        }
    }
}
