package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What training refuses: data and settings that do not fit, before anything changes.
class TrainingRefusalsTest {
    private static final SparseCategoricalCrossentropy SPARSE = new SparseCategoricalCrossentropy();

    @BeforeAll
    static void warmUp() {
        Compute.shared().warmUp();
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
                TestData.linear(50, 3),
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

    @Test
    void badSettingsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Fit.epochs(-1));
        assertThrows(IllegalArgumentException.class, () -> Fit.epochs(1).batchSize(0));
        assertThrows(IllegalArgumentException.class, () -> Fit.epochs(1).validationSplit(1));
        assertThrows(IllegalArgumentException.class, () -> new Adam(-1));
        assertThrows(IllegalArgumentException.class, () -> new SGD(0.1, 2, false));
        assertThrows(IllegalArgumentException.class, () -> Dataset.of(new float[0][0]));
        try (Model model = Model.create(TestData.linear(2, 1), 1)) {
            final Dataset data = Dataset.of(new float[3][2]);
            assertThrows(IllegalArgumentException.class, () -> model.predict(data, 0));
            assertThrows(IllegalArgumentException.class, () -> model.predictor(0));
        }
    }
}
