package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Training with Keras' semantics.
class TrainingTest {
    private static final SparseCategoricalCrossentropy SPARSE = new SparseCategoricalCrossentropy();

    @BeforeAll
    static void warmUp() {
        Compute.shared().warmUp();
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
        try (Model model = Model.create(TestData.linear(3, 1), 1);
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
        try (Model model = Model.create(TestData.linear(1, 1), 1);
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
            return (Dataset) Proxy.newProxyInstance(
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

    @Test
    void sampleWeightsWeighTheLossOverTheNumberOfSamples() {
        final float[][] x = {{1}, {2}, {3}, {4}};
        final float[][] y = {{1}, {0}, {0}, {5}};
        final float[] weights = {0, 1, 2, 0.5f};
        final Dataset data = Dataset.of(x, y).withWeights(weights);
        try (Model model = Model.create(TestData.linear(1, 1), 1);
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
        try (Model model = Model.create(TestData.linear(2, 1), 1);
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
}
