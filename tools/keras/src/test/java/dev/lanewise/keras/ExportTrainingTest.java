package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Constraint;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.nn.Regularizer;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.WeightRule;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Adadelta;
import dev.lanewise.train.Adagrad;
import dev.lanewise.train.Adam;
import dev.lanewise.train.AdamW;
import dev.lanewise.train.Adamax;
import dev.lanewise.train.CategoricalCrossentropy;
import dev.lanewise.train.CosineDecay;
import dev.lanewise.train.ExponentialDecay;
import dev.lanewise.train.Fit;
import dev.lanewise.train.Ftrl;
import dev.lanewise.train.Huber;
import dev.lanewise.train.Lion;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.Metric;
import dev.lanewise.train.Nadam;
import dev.lanewise.train.Objective;
import dev.lanewise.train.Optimizer;
import dev.lanewise.train.OptimizerOptions;
import dev.lanewise.train.RMSprop;
import dev.lanewise.train.ReducedLoss;
import dev.lanewise.train.SGD;
import dev.lanewise.train.Trainer;
import dev.lanewise.train.UpdateBuffers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Models trained here go to Keras' files with all that their training needs.
class ExportTrainingTest {
    private static final Fit THREE_STEPS = Fit.epochs(1).batchSize(8).shuffle(false);

    @TempDir
    private Path folder;

    private static Graph graph() {
        return Sequential.input(5)
                .add(new Dense(6, Activations.TANH))
                .add(new Dense(3, Activations.SOFTMAX))
                .build();
    }

    private static Dataset data() {
        final float[] x = new float[24 * 5];
        final float[] t = new float[24 * 3];
        final RandomStream random = RandomStream.of(11, 0, 0);
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextDouble();
        }
        for (int row = 0; row < 24; row++) {
            t[3 * row + row % 3] = 1;
        }
        return Dataset.of(x, Shape.of(5), t, Shape.of(3));
    }

    static List<Optimizer> optimizers() {
        final OptimizerOptions none = OptimizerOptions.NONE;
        return List.of(
                new SGD(0.1),
                new SGD(0.1, 0.9, true),
                new RMSprop(0.01),
                new Adam(0.01),
                new AdamW(0.01),
                new Adamax(0.01),
                new Nadam(0.01),
                new Adagrad(0.1),
                new Adadelta(1),
                new Ftrl(0.1),
                new Lion(0.005),
                new Adam(0.01).with(none.schedule(new ExponentialDecay(0.01, 3, 0.5, false))),
                new SGD(0.1).with(none.schedule(new CosineDecay(0.1, 50))),
                new Adam(0.01).with(none.weightDecay(0.02).clipnorm(0.5)),
                new Adam(0.01).with(none.lossScaleFactor(1024)),
                new SGD(0.1, 0.5, false).with(none.ema(0.9, 2).globalClipnorm(1)),
                new Adam(0.01).with(none.gradientAccumulationSteps(2).clipvalue(0.3)));
    }

    @TestFactory
    Stream<DynamicTest> trainingGoesOnWithTheSameBits() {
        return optimizers().stream()
                .flatMap(optimizer -> Stream.of("h5", "keras")
                        .map(ending ->
                                DynamicTest.dynamicTest(optimizer + " " + ending, () -> goesOn(optimizer, ending))));
    }

    private void goesOn(Optimizer optimizer, String ending) {
        final Path file = folder.resolve("model." + ending);
        try (Model model = Model.create(graph(), 3)) {
            try (Trainer trainer = Trainer.of(model, optimizer, new CategoricalCrossentropy(), Metric.ACCURACY)) {
                trainer.fit(data(), THREE_STEPS);
            }
            assertEquals(List.of(), KerasModels.save(model, file).notes());
            try (ImportedModel back = KerasModels.importFile(file)) {
                assertTrue(
                        back.report().training().resumable(),
                        () -> back.report().text());
                assertEquals(TrainingConfig.of(model), TrainingConfig.of(back.model()));
                try (Trainer here = Trainer.resume(model);
                        Trainer there = Trainer.resume(back.model())) {
                    here.fit(data(), THREE_STEPS);
                    there.fit(data(), THREE_STEPS);
                }
                assertEquals(model.iteration(), back.model().iteration());
                assertEquals(-1, model.trainable().mismatch(back.model().trainable()));
            }
        }
    }

    @Test
    void settingsOfMetricsLossesAndWeightsGoAlong() {
        final Graph graph = graph().withRules(Map.of(
                "dense/kernel",
                new WeightRule(new Regularizer.L1L2(0.01, 0.02), new Constraint.MaxNorm(2, List.of(0))),
                "dense_1/bias",
                new WeightRule(new Constraint.NonNeg())));
        final List<Metric> metrics = List.of(
                Metric.of("top_k_categorical_accuracy", Map.of("k", 2)),
                Metric.of("auc", Map.of("num_thresholds", 50, "curve", "PR")),
                Metric.of("precision", Map.of("thresholds", 0.7, "name", "p")),
                Metric.of("recall", Map.of("thresholds", List.of(0.25, 0.5), "name", "both")),
                Metric.of("r2_score", Map.of("class_aggregation", "none", "name", "columns")),
                Metric.of("f1_score", Map.of("average", "none")),
                Metric.of("f1_score", Map.of("average", "macro", "name", "mean")),
                Metric.of("mean_io_u", Map.of("num_classes", 3)),
                Metric.of("io_u", Map.of("num_classes", 4, "target_class_ids", List.of(2, 0), "sparse_y_pred", false)),
                Metric.of("one_hot_io_u", Map.of("num_classes", 3, "target_class_ids", List.of(1), "ignore_class", 0)),
                Metric.of("binary_io_u", Map.of("target_class_ids", List.of(1), "threshold", 0.25)),
                Metric.of("auc", Map.of("name", "own", "thresholds", List.of(0.25, 0.75), "multi_label", true)),
                Metric.of("recall", Map.of("top_k", 2, "class_id", 1)),
                Metric.of("r2_score", Map.of("class_aggregation", "variance_weighted_average", "num_regressors", 2)),
                Metric.of("binary_crossentropy", Map.of("from_logits", true, "label_smoothing", 0.125)),
                Metric.of("fbeta_score", Map.of("beta", 2.0)),
                Metric.of("log_cosh"));
        for (String ending : List.of("h5", "keras")) {
            final Path file = folder.resolve("model." + ending);
            try (Model model = Model.create(graph, 3)) {
                TrainingConfig.store(model, new Adam(), new Huber(0.7f), metrics);
                assertEquals(List.of(), KerasModels.save(model, file).notes());
                try (Model back = KerasModels.load(file)) {
                    assertEquals(TrainingConfig.of(model), TrainingConfig.of(back), ending);
                    assertEquals(graph.rules(), back.graph().rules(), ending);
                    assertEquals(graph, back.graph(), ending);
                }
            }
        }
    }

    @Test
    void everyMetricThatIsKnownComesBack() {
        final Path file = folder.resolve("metrics.keras");
        for (String name : Metric.names()) {
            try (Model model = Model.create(graph(), 3)) {
                TrainingConfig.store(model, new SGD(0.1), new MeanSquaredError(), List.of(Metric.of(name)));
                assertEquals(List.of(), KerasModels.save(model, file).notes());
                try (ImportedModel back = KerasModels.importFile(file)) {
                    assertEquals(
                            List.of(Metric.of(name)),
                            TrainingConfig.of(back.model()).metrics());
                }
            }
        }
    }

    @Test
    void lossesAndWeightsOfSeveralOutputs() {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value x = builder.input(Shape.of(4));
        final Graph graph = builder.build(
                builder.add("a", new Dense(3, Activations.SOFTMAX), x), builder.add("b", new Dense(2), x));
        final List<Objective> objectives = List.of(
                new Objective(new CategoricalCrossentropy(), 0.5, List.of(Metric.ACCURACY)),
                new Objective(new ReducedLoss(new MeanSquaredError(), "sum"), 2, List.of(Metric.MEAN_ABSOLUTE_ERROR)));
        for (String ending : List.of("h5", "keras")) {
            final Path file = folder.resolve("model." + ending);
            try (Model model = Model.create(graph, 3)) {
                TrainingConfig.store(model, new Adam(), objectives);
                KerasModels.save(model, file);
                try (Model back = KerasModels.load(file)) {
                    assertEquals(objectives, TrainingConfig.of(back).objectives());
                }
            }
        }
    }

    /// An optimizer that Keras does not have.
    public record Nudge() implements Optimizer {
        @Override
        public double learningRate() {
            return 1;
        }

        @Override
        public List<String> slots() {
            return List.of();
        }

        @Override
        public void begin(UpdateBuffers b) {}

        @Override
        public void update(UpdateBuffers b, long from, int n) {}
    }

    @Test
    void whatKerasDoesNotHaveIsSaid() {
        final Path file = folder.resolve("model.keras");
        try (Model model = Model.create(graph(), 3)) {
            TrainingConfig.store(model, new Nudge(), new MeanSquaredError(), List.of());
            final ExportReport report = KerasModels.save(model, file);
            assertEquals(1, report.notes().size(), report.text());
            assertEquals(
                    ExportReport.Kind.NO_TRAINING, report.notes().getFirst().kind());
            assertTrue(report.text().contains("Nudge"), report.text());
            assertTrue(report.json().contains("NO_TRAINING"), report.json());
            try (ImportedModel back = KerasModels.importFile(file)) {
                assertFalse(back.report().training().resumable());
                assertArrayEquals(
                        model.predict(data(), 8).getFirst(),
                        back.model().predict(data(), 8).getFirst());
            }
            TrainingConfig.store(
                    model,
                    new Adam().with(OptimizerOptions.NONE.weightDecay(0.1).excludeFromWeightDecay("bias")),
                    new MeanSquaredError(),
                    List.of());
            final ExportReport decay = KerasModels.save(model, file);
            assertEquals(ExportReport.Kind.LEFT_OUT, decay.notes().getFirst().kind());
            assertTrue(decay.text().contains("exclude_from_weight_decay"), decay.text());
        }
    }
}
