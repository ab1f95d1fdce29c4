package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What options make of an update. The gradients are those of plain gradient descent, which shows them.
class OptimizerOptionsTest {
    private static final Dataset DATA = TestData.classes(60, 50, 5, 4);
    private static final double RATE = 0.5;
    private static final Graph GRAPH = Sequential.input(50)
            .add(new Dense(37, Activations.RELU))
            .add(new Dense(13, Activations.TANH))
            .add(new Dense(5, Activations.SOFTMAX))
            .build();

    /// Weights by path after some steps, and the first ones.
    private static Map<String, float[]> weights(Optimizer optimizer, int steps, int batch) {
        try (Model model = Model.create(GRAPH, 7);
                Trainer trainer = Trainer.of(model, optimizer, new SparseCategoricalCrossentropy())) {
            for (int step = 0; step < steps; step++) {
                trainer.gather(DATA, Evaluator.inOrder(60), step * batch, batch);
                trainer.step();
            }
            return weights(model);
        }
    }

    private static Map<String, float[]> weights(Model model) {
        final Map<String, float[]> weights = new TreeMap<>();
        for (ParameterLayout.Place place : model.layout().places()) {
            weights.put(place.path(), model.parameter(place).toArray());
        }
        return weights;
    }

    private static double norm(float[] first, float[] then) {
        double sum = 0;
        for (int i = 0; i < first.length; i++) {
            final double gradient = (first[i] - (double) then[i]) / RATE;
            sum += gradient * gradient;
        }
        return Math.sqrt(sum);
    }

    private static double norm(Map<String, float[]> first, Map<String, float[]> then) {
        return Math.sqrt(first.keySet().stream()
                .mapToDouble(path -> Math.pow(norm(first.get(path), then.get(path)), 2))
                .sum());
    }

    private static void assertClose(float[] expected, float[] got, String what) {
        assertArrayEquals(expected, got, 1e-6f, what);
    }

    @Test
    void eachGradientIsShortened() {
        final Map<String, float[]> first = weights(new SGD(RATE), 0, 20);
        final Map<String, float[]> plain = weights(new SGD(RATE), 1, 20);
        final Map<String, float[]> clipped = weights(new SGD(RATE).with(OptimizerOptions.NONE.clipnorm(0.05)), 1, 20);
        int shortened = 0;
        for (String path : first.keySet()) {
            final double before = norm(first.get(path), plain.get(path));
            shortened += before > 0.05 ? 1 : 0;
            assertEquals(Math.min(0.05, before), norm(first.get(path), clipped.get(path)), 1e-5, path);
        }
        assertNotEquals(0, shortened);
    }

    @Test
    void allGradientsAreShortenedTogether() {
        final Map<String, float[]> first = weights(new SGD(RATE), 0, 20);
        final Map<String, float[]> plain = weights(new SGD(RATE), 1, 20);
        final double before = norm(first, plain);
        final OptimizerOptions half = OptimizerOptions.NONE.globalClipnorm(before / 2);
        final Map<String, float[]> clipped = weights(new SGD(RATE).with(half), 1, 20);
        assertEquals(before / 2, norm(first, clipped), 1e-5);
        final Map<String, float[]> free =
                weights(new SGD(RATE).with(OptimizerOptions.NONE.globalClipnorm(2 * before)), 1, 20);
        first.keySet().forEach(path -> assertArrayEquals(plain.get(path), free.get(path), path));
    }

    @Test
    void gradientsAreClippedByValue() {
        final Map<String, float[]> first = weights(new SGD(RATE), 0, 20);
        final Map<String, float[]> plain = weights(new SGD(RATE), 1, 20);
        final Map<String, float[]> clipped = weights(new SGD(RATE).with(OptimizerOptions.NONE.clipvalue(0.01)), 1, 20);
        first.forEach((path, before) -> {
            final float[] expected = before.clone();
            for (int i = 0; i < before.length; i++) {
                final double gradient = (before[i] - (double) plain.get(path)[i]) / RATE;
                expected[i] -= (float) (RATE * Math.max(-0.01, Math.min(0.01, gradient)));
            }
            assertClose(expected, clipped.get(path), path);
        });
    }

    @Test
    void someWeightsDecay() {
        final Map<String, float[]> first = weights(new SGD(RATE), 0, 20);
        final Map<String, float[]> plain = weights(new SGD(RATE), 1, 20);
        final Map<String, float[]> decayed = weights(
                new SGD(RATE).with(OptimizerOptions.NONE.weightDecay(0.1).excludeFromWeightDecay("_1/")), 1, 20);
        first.forEach((path, before) -> {
            final float[] expected = plain.get(path).clone();
            for (int i = 0; i < before.length; i++) {
                expected[i] -= path.contains("_1/") ? 0 : (float) (0.1 * RATE * before[i]);
            }
            assertClose(expected, decayed.get(path), path);
        });
    }

    @Test
    void someWeightsAreSlower() {
        final Map<String, float[]> first = weights(new SGD(RATE), 0, 20);
        final Map<String, float[]> plain = weights(new SGD(RATE), 1, 20);
        final Map<String, float[]> slower =
                weights(new SGD(RATE).with(OptimizerOptions.NONE.learningRateFactors(Map.of("kernel", 0.25))), 1, 20);
        first.forEach((path, before) -> {
            final double factor = path.contains("kernel") ? 0.25 : 1;
            assertEquals(factor * norm(before, plain.get(path)), norm(before, slower.get(path)), 1e-5, path);
        });
    }

    /// Two batches of 20 make the update of one of 40.
    @Test
    void gradientsOfBatchesAreAveraged() {
        final Map<String, float[]> whole = weights(new SGD(RATE), 1, 40);
        final OptimizerOptions two = OptimizerOptions.NONE.gradientAccumulationSteps(2);
        final Map<String, float[]> first = weights(new SGD(RATE), 0, 20);
        final Map<String, float[]> one = weights(new SGD(RATE).with(two), 1, 20);
        final Map<String, float[]> both = weights(new SGD(RATE).with(two), 2, 20);
        final Map<String, float[]> clipped = weights(new SGD(RATE).with(two.globalClipnorm(100)), 2, 20);
        whole.forEach((path, expected) -> {
            assertArrayEquals(first.get(path), one.get(path), path);
            assertClose(expected, both.get(path), path);
            assertArrayEquals(both.get(path), clipped.get(path), path);
        });
    }

    /// A schedule counts batches, as Keras': the update of the second batch has the rate after one.
    @Test
    void schedulesCountBatchesThatMakeNoUpdate() {
        final OptimizerOptions two = OptimizerOptions.NONE.gradientAccumulationSteps(2);
        final Map<String, float[]> plain = weights(new SGD(RATE / 2).with(two), 2, 20);
        final Map<String, float[]> scheduled =
                weights(new SGD(RATE).with(two.schedule(new ExponentialDecay(RATE, 1, 0.5, false))), 2, 20);
        plain.forEach((path, expected) -> assertArrayEquals(expected, scheduled.get(path), path));
    }

    /// Keras' expressions are for a weight's own name, others for its path.
    @Test
    void weightsAreExcludedFromDecayByNameOrPath() {
        final OptimizerOptions options =
                OptimizerOptions.NONE.weightDecay(0.1).excludeFromWeightDecay("^bias$", "^dense_1/");
        assertFalse(options.decays("dense/bias"));
        assertFalse(options.decays("dense_1/kernel"));
        assertTrue(options.decays("dense/kernel"));
        assertTrue(options.decays("bias_of/kernel"));
    }

    @Test
    void averagesFollowTheWeightsAndTakeTheirPlace() {
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(
                        model,
                        new SGD(RATE).with(OptimizerOptions.NONE.ema(0.75, 0)),
                        new SparseCategoricalCrossentropy())) {
            trainer.gather(DATA, Evaluator.inOrder(60), 0, 20);
            trainer.step();
            final float[] one = model.trainable().toArray(ValueLayout.JAVA_FLOAT);
            assertArrayEquals(one, model.slots().get("average").toArray(ValueLayout.JAVA_FLOAT));
            trainer.gather(DATA, Evaluator.inOrder(60), 20, 20);
            trainer.step();
            final float[] two = model.trainable().toArray(ValueLayout.JAVA_FLOAT);
            final float[] average = model.slots().get("average").toArray(ValueLayout.JAVA_FLOAT);
            for (int i = 0; i < one.length; i++) {
                assertEquals(0.75 * one[i] + 0.25 * two[i], average[i], 1e-6);
            }
            trainer.fit(DATA, Fit.epochs(1));
            assertArrayEquals(
                    model.slots().get("average").toArray(ValueLayout.JAVA_FLOAT),
                    model.trainable().toArray(ValueLayout.JAVA_FLOAT));
        }
    }

    static List<Optimizer> optimizers() {
        return List.of(
                new Adadelta(1),
                new Adagrad(0.2),
                new Adamax(0.01),
                new Ftrl(0.2),
                new Ftrl(0.2, -0.7, 0.1, 0.001, 0.001, 0.001, 0.1),
                new Lion(0.005),
                new Nadam(0.01),
                new RMSprop(0.005, 0.9, 0.5, 1e-7, true));
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void everyOptimizerLearns(Optimizer optimizer) {
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(model, optimizer, new SparseCategoricalCrossentropy())) {
            final List<Double> losses =
                    trainer.fit(DATA, Fit.epochs(25).batchSize(20)).get("loss");
            final double share = losses.getLast() / losses.getFirst();
            assertTrue(share < 0.8, optimizer + " left " + share);
        }
    }

    @Test
    void rateOfAScheduleCannotBeSet() {
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(
                        model,
                        new SGD().with(OptimizerOptions.NONE.schedule(new ExponentialDecay(0.1, 1, 0.5, false))),
                        new SparseCategoricalCrossentropy())) {
            assertEquals(0.1, trainer.learningRate(), 1e-12);
            trainer.gather(DATA, Evaluator.inOrder(60), 0, 20);
            trainer.step();
            assertEquals(0.05, trainer.learningRate(), 1e-12);
            assertEquals(
                    "Trainer: the learning rate follows ExponentialDecay and cannot be set",
                    assertThrows(IllegalArgumentException.class, () -> trainer.learningRate(1))
                            .getMessage());
        }
    }
}
