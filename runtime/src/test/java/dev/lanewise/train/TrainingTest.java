package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Predictor;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Training with Keras' semantics, and what it refuses.
class TrainingTest {
    private static final SparseCategoricalCrossentropy SPARSE = new SparseCategoricalCrossentropy();

    @BeforeAll
    static void warmUp() {
        Compute.shared().warmUp();
    }

    private static Graph linear(int in, int out) {
        return Sequential.input(in).add(new Dense(out)).build();
    }

    @Test
    void linearRegressionFindsTheWeights() {
        final float[] truth = {1.5f, -2, 0.25f};
        final RandomStream random = new RandomStream(3);
        final float[][] x = new float[200][3];
        final float[][] y = new float[200][1];
        for (int i = 0; i < x.length; i++) {
            y[i][0] = 0.75f;
            for (int j = 0; j < 3; j++) {
                x[i][j] = (float) random.nextGaussian();
                y[i][0] += truth[j] * x[i][j];
            }
        }
        try (Model model = Model.create(linear(3, 1), 1);
                Trainer trainer = Trainer.of(model, new SGD(0.05), new MeanSquaredError())) {
            final History history = trainer.fit(Dataset.of(x, y), Fit.epochs(40).batchSize(20));
            assertTrue(history.last("loss") < 1e-6, "loss " + history.last("loss"));
            for (int j = 0; j < 3; j++) {
                assertEquals(truth[j], model.parameter("dense/kernel").get(j), 1e-3);
            }
            assertEquals(0.75, model.parameter("dense/bias").get(0), 1e-3);
        }
    }

    @Test
    void perceptronLearnsXor() {
        final Dataset xor = Dataset.of(new float[][] {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, new int[] {0, 1, 1, 0});
        final Graph graph = Sequential.input(2)
                .add(new Dense(8, Activations.TANH))
                .add(new Dense(2, Activations.SOFTMAX))
                .build();
        try (Model model = Model.create(graph, 1);
                Trainer trainer = Trainer.of(model, new Adam(0.05), SPARSE, Metric.ACCURACY)) {
            final History history = trainer.fit(xor, Fit.epochs(200).batchSize(4));
            assertEquals(1, history.last("accuracy"));
            assertTrue(history.last("loss") < 0.05);
        }
    }

    /// The last batch has its real size: epochs are the steps that one takes by hand.
    @Test
    void fitIsTheStepsTakenByHand() {
        final Dataset data = TestData.classes(70, 50, 5, 3);
        try (Model fitted = Model.create(TestData.smallGraph(), 1);
                Trainer fitting = Trainer.of(fitted, new Adam(), SPARSE);
                Model stepped = Model.create(TestData.smallGraph(), 1);
                Trainer stepping = Trainer.of(stepped, new Adam(), SPARSE)) {
            final History history =
                    fitting.fit(data, Fit.epochs(2).batchSize(32).shuffle(false));
            final int[] order = Evaluator.inOrder(70);
            for (int epoch = 0; epoch < 2; epoch++) {
                double sum = 0;
                for (int from = 0; from < 70; from += 32) {
                    final int count = Math.min(32, 70 - from);
                    stepping.gather(data, order, from, count);
                    sum += count * stepping.step();
                }
                assertEquals(sum / 70, history.get("loss").get(epoch));
            }
            assertEquals(TestData.hash(fitted), TestData.hash(stepped));
            assertEquals(6, fitted.iteration());
            assertEquals(2, fitted.epoch());
        }
    }

    private static int fit(Fit fit) {
        try (Model model = Model.create(TestData.smallGraph(), 1);
                Trainer trainer = Trainer.of(model, new Adam(), SPARSE)) {
            trainer.fit(TestData.classes(70, 50, 5, 3), fit);
            return TestData.hash(model);
        }
    }

    @Test
    void orderIsOfTheSeedAndOfTheEpoch() {
        assertEquals(fit(Fit.epochs(2).seed(5)), fit(Fit.epochs(2).seed(5)));
        assertNotEquals(fit(Fit.epochs(2).seed(5)), fit(Fit.epochs(2).seed(6)));
        assertNotEquals(fit(Fit.epochs(2)), fit(Fit.epochs(2).shuffle(false)));
        final Orders orders = new Orders(40);
        try (Model model = Model.create(linear(1, 1), 1);
                Trainer trainer = Trainer.of(model, new SGD(), new MeanSquaredError())) {
            trainer.fit(orders.data(), Fit.epochs(2).batchSize(40));
        }
        final int[] first = orders.seen.get(0);
        final int[] second = orders.seen.get(1);
        assertTrue(!Arrays.equals(first, second), "two epochs in one order");
        for (int[] order : orders.seen) {
            final int[] sorted = order.clone();
            Arrays.sort(sorted);
            assertTrue(Arrays.equals(Evaluator.inOrder(40), sorted), "each sample once");
        }
    }

    /// Remembers the orders in which samples are asked for.
    private static final class Orders {
        private final List<int[]> seen = new ArrayList<>();
        private final int size;

        Orders(int size) {
            this.size = size;
        }

        Dataset data() {
            final float[][] values = new float[size][1];
            final Dataset data = Dataset.of(values, values);
            return (Dataset) java.lang.reflect.Proxy.newProxyInstance(
                    Dataset.class.getClassLoader(), new Class<?>[] {Dataset.class}, (proxy, method, args) -> {
                        if (method.getName().equals("gatherTarget") && seen.size() < 2) {
                            seen.add(((int[]) args[1]).clone());
                        }
                        return method.invoke(data, args);
                    });
        }
    }

    @Test
    void validationSplitTakesTheLastSamplesBeforeShuffling() {
        final Dataset data = TestData.classes(70, 50, 5, 3);
        try (Model split = Model.create(TestData.smallGraph(), 1);
                Trainer one = Trainer.of(split, new Adam(), SPARSE, Metric.ACCURACY);
                Model given = Model.create(TestData.smallGraph(), 1);
                Trainer two = Trainer.of(given, new Adam(), SPARSE, Metric.ACCURACY)) {
            final History a = one.fit(data, Fit.epochs(3).validationSplit(0.25));
            final History b = two.fit(data.slice(0, 52), Fit.epochs(3).validation(data.slice(52, 70)));
            assertEquals(a, b);
            assertEquals(TestData.hash(split), TestData.hash(given));
            assertEquals(
                    List.of("loss", "accuracy", "val_loss", "val_accuracy"),
                    List.copyOf(a.values().keySet()));
            for (List<Double> values : a.values().values()) {
                assertEquals(3, values.size());
            }
            final Map<String, Double> evaluated = one.evaluate(data.slice(52, 70), 32);
            assertEquals(Set.of("loss", "accuracy"), evaluated.keySet());
            assertEquals(a.last("val_loss"), evaluated.get("loss"));
            assertEquals(a.last("val_accuracy"), evaluated.get("accuracy"));
            assertEquals(evaluated, Evaluator.evaluate(split, data.slice(52, 70), 32, SPARSE, Metric.ACCURACY));
        }
    }

    private static double accuracy(float[] y, Shape yShape, float[] target, Shape targetShape) {
        try (Memory memory = new Memory("test")) {
            final Tensor a = Tensor.zeros(memory, yShape);
            final Tensor b = Tensor.zeros(memory, targetShape);
            a.copyFrom(y);
            b.copyFrom(target);
            final Metric.Accumulator accumulator = Metric.ACCURACY.accumulator(yShape, targetShape);
            accumulator.reset();
            accumulator.update(a, b);
            return accumulator.result();
        }
    }

    @Test
    void accuracyIsResolvedByShapes() {
        final float[] p = {0.6f, 0.4f, 0.2f, 0.8f, 0.3f, 0.7f};
        assertEquals(2 / 3.0, accuracy(p, Shape.of(3, 2), new float[] {0, 1, 0}, Shape.of(3)));
        assertEquals(2 / 3.0, accuracy(p, Shape.of(3, 2), new float[] {0, 1, 0}, Shape.of(3, 1)));
        assertEquals(2 / 3.0, accuracy(p, Shape.of(3, 2), new float[] {1, 0, 0, 1, 1, 0}, Shape.of(3, 2)));
        final float[] binary = {0.6f, 0.5f, 0.2f, 0.8f};
        assertEquals(0.75, accuracy(binary, Shape.of(4, 1), new float[] {1, 1, 0, 1}, Shape.of(4, 1)));
        assertThrows(IllegalArgumentException.class, () -> Metric.ACCURACY.accumulator(Shape.of(3, 2), Shape.of(3, 5)));
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
                        1,
                        Activations.LINEAR,
                        false,
                        new dev.lanewise.nn.Initializers.Constant(-0.5f),
                        new dev.lanewise.nn.Initializers.Zeros()))
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

    @Test
    void sampleWeightsWeighTheLossOverTheNumberOfSamples() {
        final float[][] x = {{1}, {2}, {3}, {4}};
        final float[][] y = {{1}, {0}, {0}, {5}};
        final float[] weights = {0, 1, 2, 0.5f};
        final Dataset data = Dataset.of(x, y).withWeights(weights);
        try (Model model = Model.create(linear(1, 1), 1);
                Trainer trainer = Trainer.of(model, new SGD(0.1), new MeanSquaredError())) {
            model.parameter("dense/kernel").set(0, 0.5f);
            double loss = 0;
            double gradient = 0;
            for (int i = 0; i < 4; i++) {
                final double error = 0.5 * x[i][0] - y[i][0];
                loss += weights[i] * error * error / 4;
                gradient += weights[i] * 2 * error * x[i][0] / 4;
            }
            trainer.gather(data, Evaluator.inOrder(4), 0, 4);
            assertEquals(loss, trainer.step(), 1e-6);
            assertEquals(0.5 - 0.1 * gradient, model.parameter("dense/kernel").get(0), 1e-6);
        }
    }

    private static void assertRefused(String expected, Graph graph, Loss loss, Dataset data) {
        try (Model model = Model.create(graph, 1);
                Trainer trainer = Trainer.of(model, new Adam(), loss)) {
            final int before = TestData.hash(model);
            final String message = assertThrows(IllegalArgumentException.class, () -> trainer.fit(data, Fit.epochs(1)))
                    .getMessage();
            assertTrue(message.contains(expected), message);
            assertEquals(before, TestData.hash(model), "the model changed");
            assertEquals(0, model.iteration());
        }
    }

    @Test
    void badDataIsRefusedBeforeTheFirstStep() {
        final Graph graph = TestData.smallGraph();
        final float[][] x = new float[40][50];
        final int[] labels = new int[40];
        final float[][] oneHot = new float[40][5];
        assertRefused(
                "takes samples of shape [50], the data has [49]", graph, SPARSE, Dataset.of(new float[40][49], labels));
        assertRefused(
                "takes samples of shape [50], the data has [5, 10]; ModelEdit.adaptTo puts layers in front",
                graph,
                SPARSE,
                Dataset.of(x, labels).reshapeInput(0, Shape.of(5, 10)));
        assertRefused("has no targets", graph, SPARSE, Dataset.of(x));
        labels[37] = 5;
        assertRefused(
                "target of sample 37 is 5.0: labels must be whole numbers from 0 to 4",
                graph,
                SPARSE,
                Dataset.of(x, labels));
        labels[37] = -1;
        assertRefused("target of sample 37 is -1.0", graph, SPARSE, Dataset.of(x, labels));
        labels[37] = 0;
        assertRefused("need CategoricalCrossentropy", graph, SPARSE, Dataset.of(x, oneHot));
        assertRefused(
                "need SparseCategoricalCrossentropy", graph, new CategoricalCrossentropy(), Dataset.of(x, labels));
        oneHot[3][2] = -1;
        assertRefused(
                "target of sample 3 is -1.0: targets must not be negative",
                graph,
                new CategoricalCrossentropy(),
                Dataset.of(x, oneHot));
        x[5][7] = Float.NaN;
        x[6][8] = Float.POSITIVE_INFINITY;
        assertRefused(
                "2 values are NaN or infinite, first in sample 5, element 7 (input 0)",
                graph,
                SPARSE,
                Dataset.of(x, labels));
        assertRefused(
                "must have the shape of the output",
                linear(50, 3),
                new MeanSquaredError(),
                Dataset.of(new float[40][50], new float[40][2]));
    }

    /// A metric that compares nothing.
    record Picky() implements Metric {
        @Override
        public String name() {
            return "picky";
        }

        @Override
        public Accumulator accumulator(Shape y, Shape target) {
            throw new IllegalArgumentException("picky: nothing fits");
        }
    }

    @Test
    void refusedFitLeavesTheSeed() {
        final Dataset data = TestData.classes(70, 50, 5, 3);
        try (Model model = Model.create(TestData.smallGraph(), 1);
                Trainer trainer = Trainer.of(model, new Adam(), SPARSE, new Picky())) {
            final Fit fit = Fit.epochs(1).seed(9);
            assertThrows(IllegalArgumentException.class, () -> trainer.fit(data, fit));
            assertEquals(1, model.seed());
        }
        try (Model model = Model.create(TestData.smallGraph(), 1);
                Trainer trainer = Trainer.of(model, new Adam(), SPARSE)) {
            Memory.setLimit(Memory.allocated());
            assertThrows(
                    OutOfMemoryError.class,
                    () -> trainer.fit(data, Fit.epochs(1).seed(9)));
            assertEquals(1, model.seed());
        } finally {
            Memory.setLimit(Long.MAX_VALUE);
        }
    }

    /// The first target of each row as its loss, whatever the targets' shape.
    record FirstTarget() implements Loss {
        @Override
        public String name() {
            return "first_target";
        }

        @Override
        public void forwardBackward(LossBuffers b) {
            final int perRow = b.target().size() / b.rows();
            for (int row = 0; row < b.rows(); row++) {
                b.loss().set(row, b.target().get((long) row * perRow));
            }
        }

        @Override
        public void checkShapes(Shape y, Shape target) {}
    }

    /// Data sets of one batch size that take turns: targets of another shape, weights, the same shapes again.
    @Test
    void batchesOfOneSizeButOtherTargetsAreNotMixedUp() {
        final float[][] x = new float[4][2];
        final Dataset labels = Dataset.of(x, new int[] {1, 2, 3, 4});
        final Dataset rows = Dataset.of(x, new float[][] {{5, 0, 0}, {6, 0, 0}, {7, 0, 0}, {8, 0, 0}});
        final Dataset others = Dataset.of(x, new int[] {9, 9, 9, 9}).withWeights(new float[] {1, 1, 1, 1});
        try (Model model = Model.create(linear(2, 1), 1);
                Trainer trainer = Trainer.of(model, new SGD(), new FirstTarget())) {
            for (int round = 0; round < 3; round++) {
                assertEquals(2.5, trainer.evaluate(labels, 4).get("loss"));
                assertEquals(6.5, trainer.evaluate(rows, 4).get("loss"));
                assertEquals(9, trainer.evaluate(others, 4).get("loss"));
            }
        }
    }

    @Test
    void listenerSeesTheFiguresOfTheStepsSoFar() {
        final Dataset data = TestData.classes(70, 50, 5, 3);
        final List<Double> losses = new ArrayList<>();
        final List<Double> accuracies = new ArrayList<>();
        final FitListener listener = new FitListener() {
            @Override
            public void stepEnds(int step, RunningFigures figures) {
                assertEquals(2, figures.count());
                assertEquals("loss", figures.name(0));
                assertEquals("accuracy", figures.name(1));
                losses.add(figures.loss());
                accuracies.add(figures.value(1));
            }
        };
        try (Model model = Model.create(TestData.smallGraph(), 1);
                Trainer trainer = Trainer.of(model, new Adam(), SPARSE, Metric.ACCURACY)) {
            final History history =
                    trainer.fit(data, Fit.epochs(2).batchSize(32).listener(listener));
            assertEquals(6, losses.size());
            for (int epoch = 0; epoch < 2; epoch++) {
                assertEquals(history.get("loss").get(epoch), losses.get(3 * epoch + 2));
                assertEquals(history.get("accuracy").get(epoch), accuracies.get(3 * epoch + 2));
                assertNotEquals(losses.get(3 * epoch), losses.get(3 * epoch + 2));
            }
            losses.clear();
            final Map<String, Double> figures =
                    Evaluator.evaluate(Compute.shared(), model, data, 32, SPARSE, List.of(Metric.ACCURACY), listener);
            assertEquals(3, losses.size());
            assertEquals(figures.get("loss"), losses.getLast());
        }
    }

    @Test
    void badSettingsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Fit.epochs(-1));
        assertThrows(IllegalArgumentException.class, () -> Fit.epochs(1).batchSize(0));
        assertThrows(IllegalArgumentException.class, () -> Fit.epochs(1).validationSplit(1));
        assertThrows(IllegalArgumentException.class, () -> new Adam(-1));
        assertThrows(IllegalArgumentException.class, () -> new SGD(0.1, 2, false));
        assertThrows(IllegalArgumentException.class, () -> Dataset.of(new float[0][0]));
        try (Model model = Model.create(linear(2, 1), 1)) {
            final Dataset data = Dataset.of(new float[3][2]);
            assertThrows(IllegalArgumentException.class, () -> model.predict(data, 0));
            assertThrows(IllegalArgumentException.class, () -> model.predictor(0));
        }
    }

    private static void assertClosed(String what, Runnable call) {
        final String message =
                assertThrows(IllegalStateException.class, call::run).getMessage();
        assertTrue(message.contains(what + " is closed"), message);
    }

    @Test
    void closedModelSaysSo() {
        final Dataset data = TestData.classes(10, 50, 5, 3);
        final Model model = Model.create(TestData.smallGraph(), 1);
        model.close();
        model.close();
        assertClosed("Model", () -> model.parameter("dense/kernel"));
        assertClosed("Model", model::trainable);
        assertClosed("Model", model::fixed);
        assertClosed("Model", model::slots);
        assertClosed("Model", () -> model.slot("m"));
        assertClosed("Model", model::resetOptimizer);
        assertClosed("Model", model::summary);
        assertClosed("Model", () -> model.predict(data, 3));
        assertClosed("Model", () -> model.predictor(3));
        assertClosed("Model", () -> model.save(java.nio.file.Path.of("never")));
        assertClosed("Model", () -> Trainer.of(model, new Adam(), SPARSE));
        assertClosed("Model", () -> Trainer.resume(model));
        assertClosed("Model", () -> Evaluator.evaluate(model, data, 3, SPARSE));
    }

    @Test
    void trainerOfAClosedModelSaysSo() {
        final Dataset data = TestData.classes(10, 50, 5, 3);
        final Model model = Model.create(TestData.smallGraph(), 1);
        try (Trainer trainer = Trainer.of(model, new Adam(), SPARSE)) {
            trainer.gather(data, Evaluator.inOrder(10), 0, 10);
            model.close();
            assertClosed("Model", () -> trainer.fit(data, Fit.epochs(1)));
            assertClosed("Model", () -> trainer.evaluate(data, 3));
            assertClosed("Model", trainer::step);
        }
    }

    @Test
    void closedTrainerSaysSo() {
        final Dataset data = TestData.classes(10, 50, 5, 3);
        try (Model model = Model.create(TestData.smallGraph(), 1)) {
            final Trainer trainer = Trainer.of(model, new Adam(), SPARSE);
            trainer.gather(data, Evaluator.inOrder(10), 0, 10);
            trainer.close();
            trainer.close();
            assertClosed("Trainer", () -> trainer.fit(data, Fit.epochs(1)));
            assertClosed("Trainer", () -> trainer.evaluate(data, 3));
            assertClosed("Trainer", () -> trainer.gather(data, new int[1], 0, 1));
            assertClosed("Trainer", trainer::step);
        }
    }

    @Test
    void predictorChecksShapesAndSaysWhenItIsClosed() {
        try (Model model = Model.create(linear(2, 1), 1);
                Memory memory = new Memory("test")) {
            final Predictor predictor = model.predictor(3);
            final Tensor x = Tensor.zeros(memory, Shape.of(2, 2));
            final Tensor y = Tensor.zeros(memory, Shape.of(2, 1));
            final Tensor wide = Tensor.zeros(memory, Shape.of(2, 3));
            final Tensor none = Tensor.zeros(memory, Shape.of(0, 2));
            predictor.run(List.of(x), List.of(y));
            for (List<List<Tensor>> bad : List.of(
                    List.of(List.of(wide), List.of(y)),
                    List.of(List.of(x), List.of(wide)),
                    List.of(List.of(none), List.of(y)),
                    List.of(List.of(x, x), List.of(y)),
                    List.of(List.<Tensor>of(), List.of(y)))) {
                final String message = assertThrows(
                                IllegalArgumentException.class, () -> predictor.run(bad.get(0), bad.get(1)))
                        .getMessage();
                assertTrue(message.startsWith("Predictor: "), message);
            }
            assertThrows(IllegalArgumentException.class, () -> predictor.run(new float[3]));
            assertThrows(IllegalArgumentException.class, () -> predictor.run(new float[0]));
            predictor.close();
            predictor.close();
            assertClosed("Predictor", () -> predictor.run(List.of(x), List.of(y)));
            assertClosed("Predictor", () -> predictor.run(new float[2]));
        }
    }
}
