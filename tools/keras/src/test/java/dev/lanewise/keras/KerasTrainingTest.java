package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.data.Dataset;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.train.Adam;
import dev.lanewise.train.CategoricalCrossentropy;
import dev.lanewise.train.InverseTimeDecay;
import dev.lanewise.train.MeanAbsoluteError;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.Metric;
import dev.lanewise.train.Objective;
import dev.lanewise.train.Optimizer;
import dev.lanewise.train.OptimizerOptions;
import dev.lanewise.train.ReducedLoss;
import dev.lanewise.train.SGD;
import dev.lanewise.train.Trainer;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Training goes on where Keras stopped. The files were written by Keras 3.15.1: a model before and after nine
/// steps of Adam on batches of eight samples in order, the loss of each step, and the predictions after them.
class KerasTrainingTest {
    private static final int BATCH = 8;

    @TempDir
    private Path folder;

    private Path init;
    private Path last;

    @BeforeEach
    void copy() throws IOException {
        init = resource("init.h5");
        last = resource("final.h5");
    }

    private Path resource(String name) throws IOException {
        final Path file = folder.resolve(name);
        try (InputStream in = KerasTrainingTest.class.getResourceAsStream("opt_adam/" + name)) {
            Files.write(file, in.readAllBytes());
        }
        return file;
    }

    private NumberArray array(String name) throws IOException {
        return NpyFile.read(resource(name));
    }

    private static void assertClose(float[] expected, float[] got, String what) {
        final double difference = Fixtures.difference(got, expected);
        assertTrue(difference <= 1e-5, () -> what + " differs by " + difference);
    }

    @Test
    void everythingIsTakenOver() {
        try (ImportedModel imported = KerasModels.importFile(last)) {
            final Model model = imported.model();
            assertEquals(9, model.iteration());
            assertEquals(List.of("m", "v"), List.copyOf(model.slots().keySet()));
            final TrainingConfig config = TrainingConfig.of(model);
            assertEquals(new Adam(0.009999999776482582), config.optimizer());
            assertEquals(new CategoricalCrossentropy(), config.loss());
            assertTrue(imported.report().training().resumable());
            assertEquals(List.of(), imported.report().allFindings());
            assertEquals(
                    "dense/kernel",
                    imported.report().layers().get(1).weights().getFirst().target());
        }
    }

    @Test
    void predictionsAreKeras() throws IOException {
        final NumberArray x = array("x.npy");
        try (Model model = KerasModels.load(last)) {
            final float[] y = model.predict(Dataset.of(x.data(), x.shape().withoutFirst()), 7)
                    .getFirst();
            assertClose(array("y_final.npy").data(), y, "predictions");
        }
    }

    @Test
    void eachStepIsKeras() throws IOException {
        final NumberArray x = array("x.npy");
        final NumberArray t = array("t.npy");
        final float[] losses = array("losses.npy").data();
        final Dataset data = Dataset.of(
                x.data(), x.shape().withoutFirst(), t.data(), t.shape().withoutFirst());
        try (Model model = KerasModels.load(init);
                Model after = KerasModels.load(last)) {
            final int n = data.size();
            final int[] order = new int[n];
            for (int i = 0; i < n; i++) {
                order[i] = i;
            }
            try (Trainer trainer = Trainer.resume(model)) {
                for (int step = 0; step < losses.length; step++) {
                    trainer.gather(data, order, step * BATCH % n, BATCH);
                    final double loss = trainer.step();
                    assertEquals(losses[step], loss, 1e-5 * Math.abs(losses[step]), "loss of step " + step);
                }
            }
            assertEquals(after.iteration(), model.iteration());
            for (ParameterLayout.Place place : model.layout().places()) {
                assertClose(
                        after.parameter(place).toArray(), model.parameter(place).toArray(), place.path());
            }
            for (String slot : List.of("m", "v")) {
                assertClose(
                        after.slots().get(slot).toArray(ValueLayout.JAVA_FLOAT),
                        model.slots().get(slot).toArray(ValueLayout.JAVA_FLOAT),
                        slot);
            }
        }
    }

    @Test
    void savedModelIsTheSame() {
        final Path saved = folder.resolve("saved.safetensors");
        try (Model model = KerasModels.load(last)) {
            model.save(saved);
            try (Model again = Model.load(saved)) {
                assertEquals(model.attributes(), again.attributes());
                assertEquals(9, again.iteration());
                assertArrayEquals(
                        model.trainable().toArray(ValueLayout.JAVA_FLOAT),
                        again.trainable().toArray(ValueLayout.JAVA_FLOAT));
                assertArrayEquals(
                        model.slots().get("v").toArray(ValueLayout.JAVA_FLOAT),
                        again.slots().get("v").toArray(ValueLayout.JAVA_FLOAT));
            }
        }
    }

    @Test
    void whatTheFileSaidIsKept() {
        try (Model model = KerasModels.load(last)) {
            final JsonObject kept =
                    JsonParser.parseString(model.attributes().get("keras")).getAsJsonObject();
            assertEquals("3.15.1", kept.get("keras_version").getAsString());
            final JsonObject dense = kept.getAsJsonObject("layers").getAsJsonObject("dense");
            assertEquals("Dense", dense.get("class_name").getAsString());
            assertTrue(dense.getAsJsonObject("config").has("quantization_config"), dense::toString);
            assertEquals(
                    "[\"sequential/dense/kernel\",\"sequential/dense/bias\"]",
                    dense.get("weight_names").toString());
            assertTrue(kept.getAsJsonObject("training_config").has("optimizer_config"), kept::toString);
            assertEquals(
                    "sequential",
                    kept.getAsJsonObject("model_config")
                            .getAsJsonObject("config")
                            .get("name")
                            .getAsString());
        }
    }

    /// A model of the outputs `a` and `b` from one input, with this training config.
    ///
    /// @param found reasons of what is found in it
    private TrainingConfig twoOutputs(String training, Reason... found) throws IOException {
        final String layer = """
                {"class_name": "Dense", "name": "%s", "config": {"name": "%s", "units": 3, "use_bias": false},
                 "inbound_nodes": [[["x", 0, 0, {}]]]}""";
        final String model = """
                {"class_name": "Functional", "config": {"name": "m", "layers": [
                 {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_input_shape": [null, 2]},
                  "inbound_nodes": []},""" + layer.formatted("a", "a") + ", " + layer.formatted("b", "b") + """
                 ], "input_layers": [["x", 0, 0]], "output_layers": [["b", 0, 0], ["a", 0, 0]]}}""";
        final H5Builder file = new H5Builder();
        final long kernel = file.group(
                H5Builder.hard("kernel", file.dataset(new float[6], 2, 3)),
                H5Builder.texts("weight_names", List.of("kernel")));
        final long weights = file.group(
                H5Builder.hard("a", kernel),
                H5Builder.hard("b", kernel),
                H5Builder.texts("layer_names", List.of("a", "b")));
        final Path path = folder.resolve("two.h5");
        Files.write(
                path,
                file.finish(file.group(
                        H5Builder.hard("model_weights", weights),
                        H5Builder.text("model_config", model),
                        H5Builder.text("training_config", training))));
        try (ImportedModel imported = KerasModels.importFile(path)) {
            assertEquals(
                    List.of(found),
                    imported.report().training().findings().stream()
                            .map(Finding::reason)
                            .toList());
            return TrainingConfig.of(imported.model());
        }
    }

    @Test
    void weightedMetricsAreNotPassedOverInSilence() throws IOException {
        final String training = "{\"loss\": \"mse\", \"weighted_metrics\": [\"mae\"],"
                + " \"optimizer_config\": {\"class_name\": \"SGD\", \"config\": {}}}";
        assertEquals(
                List.of(new Objective(new MeanSquaredError()), new Objective(new MeanSquaredError())),
                twoOutputs(training, Reason.UNSUPPORTED_METRIC, Reason.OPTIMIZER_STATE)
                        .objectives());
    }

    /// Functions stand in wrappers, and as objects of their own, in Keras 3's archives.
    @Test
    void metricsAreFunctionsInAllForms() throws IOException {
        final String function = "{\"module\": \"keras.metrics\", \"class_name\": \"function\", \"config\":"
                + " \"mean_squared_error\", \"registered_name\": \"function\"}";
        final String end = ", \"optimizer_config\": {\"class_name\": \"SGD\", \"config\": {}}}";
        for (String metric : List.of(
                function,
                "{\"class_name\": \"MeanMetricWrapper\", \"config\": {\"fn\": " + function + "}}",
                "{\"class_name\": \"MeanMetricWrapper\", \"config\": {\"fn\": \"mse\"}}")) {
            final List<Metric> metrics = twoOutputs(
                            "{\"loss\": \"MSE\", \"metrics\": {\"a\": [" + metric + "]}" + end, Reason.OPTIMIZER_STATE)
                    .objectives()
                    .getLast()
                    .metrics();
            assertEquals(List.of(Metric.MEAN_SQUARED_ERROR), metrics, metric);
        }
    }

    @Test
    void reductionsOfLosses() throws IOException {
        final String end = "\"}}, \"optimizer_config\": {\"class_name\": \"SGD\", \"config\": {}}}";
        final String start = "{\"loss\": {\"class_name\": \"MeanSquaredError\", \"config\": {\"reduction\": \"";
        for (String reduction : List.of("sum", "mean_with_sample_weight")) {
            assertEquals(
                    new ReducedLoss(new MeanSquaredError(), reduction),
                    twoOutputs(start + reduction + end, Reason.OPTIMIZER_STATE).loss());
        }
        for (String usual : List.of("auto", "sum_over_batch_size", "mean")) {
            assertEquals(
                    new MeanSquaredError(),
                    twoOutputs(start + usual + end, Reason.OPTIMIZER_STATE).loss());
        }
    }

    /// No aggregation is not the default one.
    @Test
    void scoresOfColumns() throws IOException {
        final String training = "{\"loss\": \"mse\", \"metrics\": {\"a\": [{\"class_name\": \"R2Score\","
                + " \"config\": {\"class_aggregation\": null}}, {\"class_name\": \"F1Score\", \"config\":"
                + " {\"average\": null, \"threshold\": null}}]},"
                + " \"optimizer_config\": {\"class_name\": \"SGD\", \"config\": {}}}";
        assertEquals(
                List.of(Metric.of("r2_score", Map.of("class_aggregation", "none")), Metric.of("f1_score")),
                twoOutputs(training, Reason.OPTIMIZER_STATE)
                        .objectives()
                        .getLast()
                        .metrics());
    }

    /// What Keras 1 and 2 had in each optimizer is a schedule today.
    @Test
    void decayIsASchedule() throws IOException {
        final String training = "{\"loss\": \"mse\", \"optimizer_config\": {\"class_name\": \"SGD\", \"config\":"
                + " {\"lr\": 0.5, \"decay\": 0.25, \"momentum\": 0.5}}}";
        final Optimizer optimizer = twoOutputs(training, Reason.OPTIMIZER_STATE).optimizer();
        assertEquals(
                new SGD(0.5, 0.5, false)
                        .with(OptimizerOptions.NONE.schedule(new InverseTimeDecay(0.5, 1, 0.25, false))),
                optimizer);
        assertEquals(0.5 / 2, optimizer.options().schedule().at(4), 1e-12);
    }

    @Test
    void eachOutputHasItsLossWeightAndMetrics() throws IOException {
        final List<Objective> expected = List.of(
                new Objective(new MeanSquaredError(), 0.5, List.of()),
                new Objective(new MeanAbsoluteError(), 2, List.of(Metric.MEAN_SQUARED_ERROR)));
        final String end = ", \"optimizer_config\": {\"class_name\": \"SGD\", \"config\": {}}}";
        assertEquals(
                expected,
                twoOutputs(
                                "{\"loss\": [\"mse\", \"mae\"], \"loss_weights\": [0.5, 2], \"metrics\": [[], [\"mse\"]]"
                                        + end,
                                Reason.OPTIMIZER_STATE)
                        .objectives());
        assertEquals(
                expected,
                twoOutputs(
                                "{\"loss\": {\"a\": \"mae\", \"b\": \"mse\"}, \"loss_weights\": {\"b\": 0.5, \"a\": 2},"
                                        + " \"metrics\": {\"a\": \"mse\"}" + end,
                                Reason.OPTIMIZER_STATE)
                        .objectives());
        assertEquals(
                List.of(new Objective(new MeanSquaredError()), new Objective(new MeanSquaredError())),
                twoOutputs(
                                "{\"loss\": \"mse\", \"loss_weights\": null, \"metrics\": null" + end,
                                Reason.OPTIMIZER_STATE)
                        .objectives());
    }
}
