package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model of several outputs: a loss for each, their sum with weights, the metrics of each.
class SeveralOutputsTest {
    private static final int SAMPLES = 150;
    private static final float[] X = random(SAMPLES * 7, 1);
    private static final float[] POINTS = random(SAMPLES * 2, 2);
    private static final float[] LABELS = labels();

    private static float[] random(int n, int seed) {
        final RandomStream random = RandomStream.of(seed, 3, 4);
        final float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static float[] labels() {
        final float[] labels = new float[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            labels[i] = X[i * 7] > 0.5 ? 2 : X[i * 7 + 1] > 0 ? 1 : 0;
        }
        return labels;
    }

    private static Dataset points() {
        return Dataset.of(POINTS, Shape.of(2));
    }

    private static Dataset classes() {
        return Dataset.of(LABELS, Shape.of());
    }

    private static final Dataset BOTH = Dataset.of(X, Shape.of(7)).withTargets(points(), classes());
    private static final Dataset POINTS_ALONE = Dataset.of(X, Shape.of(7)).withTargets(points());
    private static final Dataset CLASSES_ALONE = Dataset.of(X, Shape.of(7)).withTargets(classes());

    /// A trunk with the outputs `point` (from the trunk's first layer) and `kind`, or one of them.
    private static Graph graph(boolean point, boolean kind) {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value x = builder.input("x", Shape.of(7));
        final Graph.Value trunk = builder.add("trunk", new Dense(9, Activations.TANH), x);
        final List<Graph.Value> outputs = new ArrayList<>();
        if (point) {
            outputs.add(builder.add("point", new Dense(2), trunk));
        }
        if (kind) {
            outputs.add(builder.add("kind", new Dense(3, Activations.SOFTMAX), trunk));
        }
        return builder.build(outputs.toArray(Graph.Value[]::new));
    }

    private static final Objective POINT = new Objective(new MeanSquaredError(), Metric.MEAN_ABSOLUTE_ERROR);
    private static final Objective KIND = new Objective(new SparseCategoricalCrossentropy(), Metric.ACCURACY);

    private static Objective weighted(Objective objective, double weight) {
        return new Objective(objective.loss(), weight, objective.metrics());
    }

    private static Model copy(Graph graph, Model from) {
        final Model model = Model.blank(graph);
        model.layout()
                .places()
                .forEach(place -> model.parameter(place)
                        .copyFrom(from.parameter(place.path()).toArray()));
        return model;
    }

    /// Loss and gradients are the sums of those of models of one output each, times the weights.
    @Test
    void lossesAndGradientsAreWeightedSums() {
        final int[] order = Evaluator.inOrder(SAMPLES);
        try (Model both = Model.create(graph(true, true), 1);
                Model point = copy(graph(true, false), both);
                Model kind = copy(graph(false, true), both)) {
            final float[] start = both.parameter("trunk/kernel").toArray();
            final double pointLoss;
            final double kindLoss;
            try (Trainer trainer = Trainer.of(point, new SGD(1), List.of(POINT))) {
                trainer.gather(POINTS_ALONE, order, 0, 64);
                pointLoss = trainer.step();
            }
            try (Trainer trainer = Trainer.of(kind, new SGD(1), List.of(KIND))) {
                trainer.gather(CLASSES_ALONE, order, 0, 64);
                kindLoss = trainer.step();
            }
            try (Trainer trainer = Trainer.of(both, new SGD(1), List.of(weighted(POINT, 0.25), weighted(KIND, 3)))) {
                trainer.gather(BOTH, order, 0, 64);
                assertEquals(0.25 * pointLoss + 3 * kindLoss, trainer.step(), 1e-9);
            }
            final float[] byPoint = point.parameter("trunk/kernel").toArray();
            final float[] byKind = kind.parameter("trunk/kernel").toArray();
            final float[] byBoth = both.parameter("trunk/kernel").toArray();
            double moved = 0;
            for (int i = 0; i < start.length; i++) {
                final double expected = 0.25 * (byPoint[i] - start[i]) + 3 * (byKind[i] - start[i]);
                assertEquals(expected, byBoth[i] - start[i], 1e-6);
                moved = Math.max(moved, Math.abs(expected));
            }
            assertTrue(moved > 1e-3);
        }
    }

    @Test
    void figuresHaveTheOutputsNames() {
        try (Model model = Model.create(graph(true, true), 1);
                Trainer trainer = Trainer.of(model, new Adam(0.01), List.of(weighted(POINT, 0.5), KIND))) {
            final History history =
                    trainer.fit(BOTH, Fit.epochs(8).batchSize(32).validationSplit(0.2));
            assertEquals(
                    Set.of(
                            "loss",
                            "point_loss",
                            "kind_loss",
                            "point_mean_absolute_error",
                            "kind_accuracy",
                            "val_loss",
                            "val_point_loss",
                            "val_kind_loss",
                            "val_point_mean_absolute_error",
                            "val_kind_accuracy"),
                    history.values().keySet());
            final var figures = trainer.evaluate(BOTH, 50);
            assertEquals(0.5 * figures.get("point_loss") + figures.get("kind_loss"), figures.get("loss"), 1e-9);
            assertTrue(figures.get("kind_accuracy") > 0.7, figures::toString);
            try (Model kind = copy(graph(false, true), model)) {
                final var alone = Evaluator.evaluate(kind, CLASSES_ALONE, 50, KIND.loss(), Metric.ACCURACY);
                assertEquals(alone.get("loss"), figures.get("kind_loss"), 1e-9);
                assertEquals(alone.get("accuracy"), figures.get("kind_accuracy"));
            }
        }
    }

    @Test
    void goesOnAfterSaving(@TempDir Path folder) {
        final List<Objective> objectives = List.of(weighted(POINT, 0.5), KIND);
        final Path file = folder.resolve("two.safetensors");
        try (Model model = Model.create(graph(true, true), 1);
                Trainer trainer = Trainer.of(model, new Adam(0.01), objectives)) {
            trainer.fit(BOTH, Fit.epochs(1).batchSize(32));
            model.save(file);
            trainer.fit(BOTH, Fit.epochs(1).batchSize(32));
            try (Model loaded = Model.load(file)) {
                assertEquals(objectives, TrainingConfig.of(loaded).objectives());
                try (Trainer next = Trainer.resume(loaded)) {
                    next.fit(BOTH, Fit.epochs(1).batchSize(32));
                }
                assertEquals(TestData.hash(model), TestData.hash(loaded));
            }
        }
    }

    @Test
    void sameBitsForAllKernelsAndThreads() {
        Integer expected = null;
        for (Kernels kernels : List.of(Kernels.scalar(), Kernels.best())) {
            for (int threads : new int[] {1, 3}) {
                try (Compute compute = Compute.of(kernels, threads);
                        Model model = Model.create(graph(true, true), 1);
                        Trainer trainer = Trainer.of(compute, model, new Adam(), List.of(weighted(POINT, 0.3), KIND))) {
                    trainer.fit(BOTH, Fit.epochs(2).batchSize(64));
                    final int hash = TestData.hash(model);
                    expected = expected == null ? Integer.valueOf(hash) : expected;
                    assertEquals(expected, hash);
                }
            }
        }
    }

    @Test
    void whatDoesNotFitIsSaid() {
        try (Model model = Model.create(graph(true, true), 1)) {
            final var one = assertThrows(
                    IllegalArgumentException.class, () -> Trainer.of(model, new Adam(), new MeanSquaredError()));
            assertTrue(one.getMessage().contains("2 outputs, got 1 loss"), one.getMessage());
            try (Trainer trainer = Trainer.of(model, new Adam(), List.of(POINT, KIND))) {
                final var data =
                        assertThrows(IllegalArgumentException.class, () -> trainer.fit(POINTS_ALONE, Fit.epochs(1)));
                assertTrue(data.getMessage().contains("2 outputs, the data has 1 targets"), data.getMessage());
            }
        }
        assertThrows(IllegalArgumentException.class, () -> weighted(POINT, -1));
    }

    @Test
    void targetsFollowTheirSamples() {
        final Dataset part = BOTH.slice(10, 20);
        assertEquals(2, part.targets());
        assertEquals(Shape.of(2), part.targetShape(0));
        assertEquals(Shape.of(), part.targetShape(1));
        final float[] values = new float[4];
        final var segment = java.lang.foreign.MemorySegment.ofArray(values);
        part.gatherTarget(0, new int[] {3, 1}, 0, 2, segment, 0);
        assertArrayEquals(new float[] {POINTS[26], POINTS[27], POINTS[22], POINTS[23]}, values);
        part.gatherTarget(1, new int[] {3, 1}, 0, 2, segment, 0);
        assertEquals(LABELS[13], values[0]);
        assertEquals(LABELS[11], values[1]);
        assertThrows(IllegalStateException.class, () -> part.targetShape(2));
        assertThrows(
                IllegalArgumentException.class,
                () -> Dataset.of(X, Shape.of(7)).withTargets(points(), Dataset.of(new float[3], Shape.of())));
    }
}
