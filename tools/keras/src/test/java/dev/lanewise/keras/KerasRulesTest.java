package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.nn.Constraint;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Regularizer;
import dev.lanewise.nn.WeightRule;
import dev.lanewise.nn.layer.ActivityRegularization;
import dev.lanewise.tensor.Shape;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Regularizers and constraints as the versions of Keras write them.
class KerasRulesTest {
    private static Map<String, WeightRule> rules(String type, String settings, Shape input, int major) {
        final LayerConfig config = config(type, settings, major);
        final Layer layer = KerasLayers.convert(config);
        assertNotNull(layer, () -> config.findings().toString());
        assertTrue(config.findings().isEmpty(), () -> config.findings().toString());
        return KerasRules.of(config, "a", layer, List.of(input));
    }

    private static LayerConfig config(String type, String settings, int major) {
        final JsonObject entry = new JsonObject();
        entry.addProperty("class_name", type);
        entry.add("config", JsonParser.parseString("{\"name\": \"a\", " + settings + "}"));
        final JsonObject today = KerasUpgrade.entry(entry, major);
        return new LayerConfig("a", type, today.getAsJsonObject("config"), major);
    }

    private static void assertKernel(Regularizer regularizer, String json, int major) {
        final String key = major == 1 ? "W_regularizer" : "kernel_regularizer";
        assertEquals(
                Map.of("a/kernel", new WeightRule(regularizer)),
                rules("Dense", "\"units\": 3, \"" + key + "\": " + json, Shape.of(1, 2), major),
                json);
    }

    private static void assertBias(Constraint constraint, String json, int major) {
        final String key = major == 1 ? "b_constraint" : "bias_constraint";
        assertEquals(
                Map.of("a/bias", new WeightRule(constraint)),
                rules("Dense", "\"units\": 3, \"" + key + "\": " + json, Shape.of(1, 2), major),
                json);
    }

    @Test
    void formsOfAllVersions() {
        assertKernel(new Regularizer.L2(0.01), "\"l2\"", 3);
        assertKernel(new Regularizer.L1L2(0.01, 0.01), "\"l1_l2\"", 2);
        assertKernel(new Regularizer.L1(0.5), "{\"class_name\": \"L1\", \"config\": {\"l1\": 0.5}}", 3);
        assertKernel(
                new Regularizer.L1L2(0, 0.25),
                "{\"class_name\": \"L1L2\", \"config\": {\"l1\": 0.0, \"l2\": 0.25}}",
                2);
        assertKernel(new Regularizer.L1L2(0.125, 0), "{\"name\": \"L1L2Regularizer\", \"l1\": 0.125, \"l2\": 0.0}", 1);
        assertKernel(
                new Regularizer.OrthogonalRegularizer(0.5, "columns"),
                "{\"class_name\": \"OrthogonalRegularizer\", \"config\": {\"factor\": 0.5, \"mode\": \"columns\"}}",
                3);
        assertBias(new Constraint.NonNeg(), "\"non_neg\"", 2);
        assertBias(new Constraint.MaxNorm(3), "{\"name\": \"MaxNorm\", \"m\": 3, \"axis\": 0}", 1);
        assertBias(
                new Constraint.MaxNorm(0.5, List.of(0, 1)),
                "{\"class_name\": \"MaxNorm\", \"config\": {\"max_value\": 0.5, \"axis\": [0, 1]}}",
                3);
        assertBias(
                new Constraint.MinMaxNorm(0.5, 2, 0.25, List.of(0)),
                "{\"class_name\": \"MinMaxNorm\", \"config\": {\"min_value\": 0.5, \"max_value\": 2.0, \"rate\": 0.25,"
                        + " \"axis\": 0}}",
                3);
        assertBias(new Constraint.UnitNorm(), "{\"class_name\": \"UnitNorm\", \"config\": {\"axis\": 0}}", 3);
    }

    @Test
    void keysOfLayers() {
        assertEquals(
                Map.of(
                        "a/depthwise_kernel",
                        new WeightRule(new Regularizer.L2(0.01)),
                        "a/pointwise_kernel",
                        new WeightRule(new Regularizer.L1(0.01), new Constraint.NonNeg())),
                rules(
                        "SeparableConv2D",
                        "\"filters\": 3, \"kernel_size\": 2, \"depthwise_regularizer\": \"l2\","
                                + " \"pointwise_regularizer\": \"l1\", \"pointwise_constraint\": \"NonNeg\"",
                        Shape.of(1, 5, 5, 2),
                        3));
        assertEquals(
                Map.of("a/kernel", new WeightRule(new Regularizer.L2(0.01))),
                rules(
                        "DepthwiseConv2D",
                        "\"kernel_size\": 2, \"depthwise_regularizer\": \"l2\"",
                        Shape.of(1, 5, 5, 2),
                        3));
        assertEquals(
                Map.of("a/gamma", new WeightRule(new Constraint.NonNeg())),
                rules("BatchNormalization", "\"gamma_constraint\": \"NonNeg\"", Shape.of(1, 3), 3));
        // Of a weight that the layer does not have.
        assertEquals(
                Map.of(),
                rules("Dense", "\"units\": 3, \"use_bias\": false, \"bias_regularizer\": \"l2\"", Shape.of(1, 2), 3));
    }

    @Test
    void whatIsNotKnownIsSaid() {
        for (String value : List.of(
                "\"soft\"",
                "{\"class_name\": \"mine>Soft\", \"config\": {}}",
                "{\"class_name\": \"L2\", \"config\": {\"l2\": -1}}",
                "{\"class_name\": \"L2\", \"config\": {\"l3\": 1}}",
                "17")) {
            final LayerConfig config = config("Dense", "\"units\": 3, \"kernel_regularizer\": " + value, 3);
            assertNotNull(KerasLayers.convert(config));
            assertEquals(
                    List.of(Reason.TRAINING_ONLY),
                    config.findings().stream().map(Finding::reason).toList(),
                    value);
        }
    }

    /// The regularizer of a layer's outputs is a layer after it.
    @Test
    void activityRegularizerIsALayer() {
        final String json = """
                {"class_name": "Sequential", "config": {"name": "s", "layers": [
                 {"class_name": "Dense", "config": {"name": "a", "units": 3, "batch_input_shape": [null, 2],
                  "activity_regularizer": {"class_name": "L1L2", "config": {"l1": 0.5, "l2": 0.25}}}},
                 {"class_name": "ActivityRegularization", "config": {"name": "b", "l1": 0.125, "l2": 0.0}}]}}""";
        final KerasGraph model = KerasGraph.read(JsonParser.parseString(json).getAsJsonObject(), 3);
        final KerasFlattening.Flat flat = KerasFlattening.of(model);
        assertNotNull(flat, () -> model.findings().toString());
        final Graph graph = flat.graph();
        assertEquals(
                List.of("a_input", "a", "a_activity_regularization", "b"),
                List.copyOf(graph.layers().keySet()));
        assertEquals(new ActivityRegularization(0.5f, 0.25f), graph.layer("a_activity_regularization"));
        assertEquals(new ActivityRegularization(0.125f, 0), graph.layer("b"));
        assertFalse(model.refused());
    }
}
