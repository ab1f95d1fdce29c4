package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Dot;
import dev.lanewise.nn.layer.ElementwiseFunction;
import dev.lanewise.nn.layer.GetItem;
import dev.lanewise.nn.layer.ImageAugmentation;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.nn.layer.Permute;
import dev.lanewise.nn.layer.Power;
import dev.lanewise.nn.layer.Reduction;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Reshape;
import dev.lanewise.nn.layer.Stack;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.SGD;
import dev.lanewise.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Operations on tensors as Keras 3 writes them among the layers, and layers that change images in training
/// alone.
class OperationsTest {
    private static final String SLICE = """
            {"class_name": "__slice__", "config": {"start": %s, "stop": %s, "step": %s}}""";

    @TempDir
    private Path folder;

    private static String tensor(String layer, String shape) {
        return OperationsFile.tensor(layer, shape);
    }

    private static String operation(String module, String type, String config, String args) {
        return OperationsFile.operation(module, type, "op", config, args);
    }

    private static LayerConfig config(JsonObject entry) {
        final LayerConfig config =
                new LayerConfig("op", entry.get("class_name").getAsString(), entry.getAsJsonObject("config"), 3);
        return config;
    }

    private static Layer layer(String type, String settings, String args) {
        final LayerConfig config = config(KerasOperations.asLayer(
                JsonParser.parseString(operation("numpy", type, settings, args)).getAsJsonObject()));
        final Layer layer = KerasLayers.convert(config);
        assertTrue(config.findings().isEmpty(), () -> type + " " + config.findings());
        return layer;
    }

    private static String refusal(String type, String settings, String args) {
        final LayerConfig config = config(KerasOperations.asLayer(
                JsonParser.parseString(operation("numpy", type, settings, args)).getAsJsonObject()));
        assertEquals(null, KerasLayers.convert(config), type);
        return config.findings().getFirst().reason() + " "
                + config.findings().getFirst().detail();
    }

    @Test
    void eachOperationIsALayer() {
        final String x = tensor("x", "[null, 4, 6]");
        assertEquals(new ElementwiseFunction("divide", 2), layer("TrueDivide", "", "2.0, " + x));
        assertEquals(new Rescaling(0.25f), layer("TrueDivide", "", x + ", 4.0"));
        assertEquals(new Rescaling(-1, 3), layer("Subtract", "", "3, " + x));
        assertEquals(new ElementwiseFunction("power", 3), layer("Power", "", x + ", 3"));
        assertEquals(new Power(), layer("Power", "", x + ", " + x));
        assertEquals(new Activation(Activations.of("linear")), layer("Cast", "\"dtype\": \"float32\"", x));
        assertEquals(new Activation(Activations.of("linear")), layer("Identity", "", x));
        assertEquals(
                new Activation(Activations.of("leaky_relu", Map.of("negative_slope", 0.5))),
                layer("LeakyRelu", "\"negative_slope\": 0.5", x));
        assertEquals(new Activation(Activations.of("elu", Map.of("alpha", 2))), layer("Elu", "\"alpha\": 2.0", x));
        assertTrue(refusal("Cast", "\"dtype\": \"int32\"", x).contains("casts to int32"));
        assertEquals(new Stack(-1), layer("Stack", "\"axis\": -1", "[" + x + ", " + x + ", " + x + "]"));
        assertEquals(new ElementwiseFunction("square"), layer("Power", "", x + ", 2"));
        assertEquals(new ElementwiseFunction("exponentiate", 2), layer("Power", "", "2, " + x));
        assertEquals(new ElementwiseFunction("maximum", 0.5f), layer("Maximum", "", x + ", 0.5"));
        assertEquals(new ElementwiseFunction("minimum", -1), layer("Minimum", "", "-1, " + x));
        assertEquals(
                new ElementwiseFunction("minimum", 3),
                layer(
                        "Minimum",
                        "",
                        x + ", {\"class_name\": \"__numpy__\", \"config\": {\"value\": 3.0, \"dtype\": \"float32\"}}"));
        assertEquals(new ElementwiseFunction("absolute"), layer("Absolute", "\"name\": \"absolute\"", x));
        assertEquals(new ElementwiseFunction("log"), layer("Log", "", x));
        assertEquals(new ElementwiseFunction("sqrt"), layer("Sqrt", "", x));
        assertEquals(new ElementwiseFunction("clip", -1, 1), layer("Clip", "\"x_min\": -1.0, \"x_max\": 1", x));
        assertEquals(
                new GetItem(":, 0"),
                layer("GetItem", "", x + ", [" + SLICE.formatted("null", "null", "null") + ", 0]"));
        assertEquals(
                new GetItem("..., 1:-1:2"),
                layer(
                        "GetItem",
                        "",
                        x + ", [{\"class_name\": \"__ellipsis__\", \"config\": {}}, " + SLICE.formatted("1", "-1", "2")
                                + "]"));
        assertEquals(
                new Reduction("mean", List.of(1, 2), false), layer("Mean", "\"axis\": [1, 2], \"keepdims\": false", x));
        assertEquals(
                new Reduction("max", List.of(-1), true),
                layer("Max", "\"axis\": -1, \"keepdims\": true, \"initial\": null", x));
        assertEquals(new Reshape(24), layer("Reshape", "\"newshape\": [-1, 24]", x));
        assertEquals(new Reshape(Shape.of(4, 6, 1)), layer("ExpandDims", "\"axis\": -1", x));
        assertEquals(new Reshape(Shape.of(1, 4, 6)), layer("ExpandDims", "\"axis\": 1", x));
        assertEquals(new Reshape(Shape.of(6)), layer("Squeeze", "\"axis\": 1", tensor("x", "[null, 1, 6]")));
        assertEquals(new Permute(2, 1), layer("Transpose", "\"axes\": [0, 2, 1]", x));
        assertEquals(new Permute(2, 1), layer("Swapaxes", "\"axis1\": 1, \"axis2\": -1", x));
        assertEquals(new Dot(List.of(2, 1), false), layer("Matmul", "", x + ", " + tensor("z", "[null, 6, 5]")));
    }

    private static LayerConfig lambda(String function, String... calls) {
        final StringBuilder nodes = new StringBuilder();
        for (String call : calls) {
            nodes.append(nodes.isEmpty() ? "" : ", ").append("[\"x\", 0, 0, {" + call + "}]");
        }
        return config(
                KerasOperations.asLayer(JsonParser.parseString("{\"class_name\": \"TFOpLambda\", \"name\": \"op\","
                                + " \"config\": {\"name\": \"op\", \"function\": \"" + function
                                + "\"}, \"inbound_nodes\": [" + nodes
                                + "]}")
                        .getAsJsonObject()));
    }

    /// tf.keras gives a function's settings with each call.
    @Test
    void functionsOfTensorFlowHaveTheirSettingsInTheCall() {
        final Map<LayerConfig, Layer> functions = Map.of(
                lambda("math.reduce_mean", "\"axis\": [1, 2], \"keepdims\": true, \"name\": null"),
                new Reduction("mean", List.of(1, 2), true),
                lambda("math.reduce_max", "\"axis\": -1"),
                new Reduction("max", List.of(-1), false),
                lambda("clip_by_value", "\"clip_value_min\": 0.0, \"clip_value_max\": 6.0"),
                new ElementwiseFunction("clip", 0, 6),
                lambda("cast", "\"dtype\": \"float32\""),
                new Activation(Activations.of("linear")),
                lambda("math.multiply", "\"y\": 0.5", "\"y\": 0.5"),
                new Rescaling(0.5f));
        functions.forEach((config, layer) -> assertEquals(layer, KerasLayers.convert(config)));
        final LayerConfig several = lambda("math.reduce_max", "\"axis\": -1", "\"axis\": 1");
        assertEquals(null, KerasLayers.convert(several));
        assertEquals(
                Reason.UNSUPPORTED_CONNECTION, several.findings().getFirst().reason());
    }

    @Test
    void whatNoLayerComputesIsRefusedByName() {
        final String x = tensor("x", "[null, 4, 6]");
        assertTrue(refusal("Power", "", x + ", [1, 2]").contains("'operand' must be a number"));
        assertTrue(refusal("Divide", "", x + ", 0").contains("divides by 0"));
        assertTrue(refusal("Mean", "\"axis\": null, \"keepdims\": false", x).contains("whole batch"));
        assertTrue(refusal("Reshape", "\"newshape\": [-1, 12]", x).contains("may change the batch"));
        assertTrue(refusal("Transpose", "\"axes\": null", x).contains("the batch must stay the first"));
        assertTrue(refusal("ExpandDims", "\"axis\": 0", x).contains("are not a sample's"));
        assertTrue(refusal("GetItem", "", x + ", 0").contains("batch"));
        assertTrue(refusal("GetItem", "", x + ", [[0, 1], 2]").contains("takes indices and slices"));
        assertTrue(refusal("Stack", "\"axis\": 0", "[" + x + ", " + x + "]").contains("axis 0, the batch"));
        assertTrue(refusal("Einsum", "\"axis\": 1", "[" + x + ", " + x + "]").startsWith("UNKNOWN_LAYER"));
        // A layer of Keras' has that name too, and computes something else.
        assertTrue(refusal("Dot", "", x + ", " + x).contains("ops.Dot"));
    }

    private Path archive(String... layers) throws IOException {
        return OperationsFile.write(folder.resolve("m.keras"), layers);
    }

    private static String named(String entry, String name) {
        return entry.replace("\"name\": \"op\"", "\"name\": \"" + name + "\"");
    }

    private static float[] predict(Model model, float... x) {
        try (var predictor = model.predictor(1)) {
            return predictor.run(x);
        }
    }

    @Test
    void archiveWithArithmeticPredicts() throws IOException {
        final Path file = archive(
                named(operation("numpy", "Square", "\"name\": \"square\"", tensor("x", "[null, 4]")), "square"),
                named(
                        operation("numpy", "Mean", "\"axis\": -1, \"keepdims\": true", tensor("square", "[null, 4]")),
                        "mean"),
                named(operation("numpy", "Add", "\"name\": \"add\"", tensor("mean", "[null, 1]") + ", 0.5"), "add"),
                named(operation("numpy", "Sqrt", "\"name\": \"root\"", tensor("add", "[null, 1]")), "root"),
                named(
                        operation(
                                "numpy",
                                "TrueDivide",
                                "",
                                tensor("x", "[null, 4]") + ", " + tensor("root", "[null, 1]")),
                        "divided"),
                operation(
                        "numpy",
                        "GetItem",
                        "\"name\": \"op\"",
                        tensor("divided", "[null, 4]") + ", [" + SLICE.formatted("null", "null", "null") + ", "
                                + SLICE.formatted("1", "null", "2") + "]"));
        try (Model model = KerasModels.load(file)) {
            final double root = Math.sqrt((1 + 4 + 9 + 16) / 4.0 + 0.5);
            assertArrayEquals(
                    new float[] {(float) (-2 / root), (float) (4 / root)}, predict(model, 1, -2, 3, 4), 1e-6f);
            final Path saved = folder.resolve("m.safetensors");
            model.save(saved);
            try (Model again = Model.load(saved)) {
                assertArrayEquals(predict(model, 1, -2, 3, 4), predict(again, 1, -2, 3, 4));
            }
        }
    }

    private static String shear(String after) {
        return """
                {"module": "keras.layers", "class_name": "RandomShear", "registered_name": null, "name": "shear",
                 "config": {"name": "shear", "trainable": true, "dtype": "float32", "x_factor": [0.0, 0.3],
                            "y_factor": [0.0, 0.3], "fill_mode": "reflect", "interpolation": "bilinear", "seed": 3,
                            "fill_value": 0.0, "data_format": "channels_last"},
                 "inbound_nodes": [{"args": [%s], "kwargs": {}}]}""".formatted(tensor(after, "[null, 2, 2, 1]"));
    }

    @Test
    void tensorsArePoweredAndStacked() throws IOException {
        final String x = tensor("x", "[null, 4]");
        final Path file = archive(
                named(operation("numpy", "Power", "", x + ", " + x), "power"),
                operation("numpy", "Stack", "\"axis\": 1", "[" + x + ", " + tensor("power", "[null, 4]") + "]"));
        try (Model model = KerasModels.load(file)) {
            assertEquals("[[None, 2, 4]]", model.graph().outputShapes().toString());
            assertArrayEquals(
                    new float[] {1, 2, 3, 0.5f, 1, 4, 27, (float) Math.sqrt(0.5)}, predict(model, 1, 2, 3, 0.5f));
        }
    }

    @Test
    void layersThatChangeImagesInTrainingAloneAreForPrediction() throws IOException {
        final Path file = archive(
                named(operation("numpy", "Reshape", "\"newshape\": [-1, 2, 2, 1]", tensor("x", "[null, 4]")), "image"),
                shear("image"),
                operation("numpy", "Reshape", "\"newshape\": [-1, 4]", tensor("shear", "[null, 2, 2, 1]")));
        try (Model model = KerasModels.load(file);
                Model head = model.edit().withHead(new Dense(2), 1)) {
            assertArrayEquals(new float[] {1, -2, 3, 4}, predict(model, 1, -2, 3, 4));
            final float[] before = predict(head, 1, -2, 3, 4);
            final String message = assertThrows(
                            IllegalArgumentException.class,
                            () -> Trainer.of(head, new SGD(0.1), new MeanSquaredError())
                                    .close())
                    .getMessage();
            assertTrue(message.contains("'shear'") && message.contains("RandomShear"), message);
            assertEquals(null, head.attributes().get("training_config"));
            assertArrayEquals(before, predict(head, 1, -2, 3, 4));
            // Keras has the layer: it goes out as it came.
            final Path out = folder.resolve("out.keras");
            KerasModels.save(model, out);
            try (Model again = KerasModels.load(out)) {
                assertEquals(new ImageAugmentation("RandomShear"), again.graph().layer("shear"));
            }
        }
    }

    /// In a wrapper, a model, or a model in a wrapper it is refused by the same sentence, before the first
    /// step.
    @Test
    void withinOtherLayersTheyAreForPredictionToo() {
        final String shear = "{\"class_name\": \"RandomShear\", \"config\": {\"name\": \"shear\"%s}}";
        final String shape = ", \"batch_input_shape\": [null, 2, 2, 2, 1]";
        final String model =
                "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"inner\", \"layers\": [" + shear + "]}}";
        final String each =
                "{\"class_name\": \"TimeDistributed\", \"config\": {\"name\": \"each\"" + shape + ", \"layer\": %s}}";
        for (String layer : List.of(
                each.formatted(shear.formatted("")),
                each.formatted(model.formatted(", \"batch_input_shape\": [null, 2, 2, 1]")),
                model.formatted(shape))) {
            final Path file = LegacyTestFile.list("3.12.0", layer).layer("each").write(folder.resolve("within.h5"));
            try (Model plain = KerasModels.load(file);
                    Model head = plain.edit().withHead(new Dense(2), 1)) {
                final String message = assertThrows(
                                IllegalArgumentException.class,
                                () -> Trainer.of(head, new SGD(0.1), new MeanSquaredError())
                                        .close())
                        .getMessage();
                assertTrue(message.endsWith(new ImageAugmentation("RandomShear").untrainable()), message);
                assertEquals(null, head.attributes().get("training_config"));
            }
        }
        final LSTM lstm = new LSTM(2);
        assertEquals(null, new Bidirectional(lstm, null, "concat").untrainable());
        assertEquals(null, new TimeDistributed(lstm).untrainable());
    }

    /// What becomes another layer here goes out as it came.
    @Test
    void layersThatBecomeOthersComeBack() throws IOException {
        final String call = ", \"inbound_nodes\": [{\"args\": [%s], \"kwargs\": {}}]}";
        final String layer =
                "{\"module\": \"keras.layers\", \"class_name\": \"%s\", \"registered_name\": null, \"name\": \"%s\","
                        + " \"config\": {\"name\": \"%2$s\", \"trainable\": true, \"dtype\": \"float32\"%s}";
        final Path file = archive(
                layer.formatted("Rescaling", "scaled", ", \"scale\": [0.5, 2.0, 1.0, 4.0], \"offset\": 1.0")
                        + call.formatted(tensor("x", "[null, 4]")),
                layer.formatted("Identity", "op", "") + call.formatted(tensor("scaled", "[null, 4]")));
        final float[] expected = {1.5f, 5, 4, 17};
        try (Model model = KerasModels.load(file)) {
            assertArrayEquals(expected, predict(model, 1, 2, 3, 4));
            for (String name : List.of("out.keras", "out.h5")) {
                final Path out = folder.resolve(name);
                KerasModels.save(model, out);
                try (ImportedModel again = KerasModels.importFile(out)) {
                    assertArrayEquals(expected, predict(again.model(), 1, 2, 3, 4));
                    assertEquals(
                            List.of("InputLayer", "Rescaling", "Identity"),
                            again.report().layers().stream()
                                    .map(ImportReport.LayerReport::className)
                                    .toList(),
                            name);
                }
            }
        }
    }

    @Test
    void allAugmentationsOfKerasAreRead() {
        final List<String> types = new ArrayList<>(ImageAugmentation.TYPES);
        for (String type : types) {
            final LayerConfig config = new LayerConfig(
                    "r", type, JsonParser.parseString("{\"name\": \"r\"}").getAsJsonObject(), 3);
            assertEquals(new ImageAugmentation(type), KerasLayers.convert(config));
            assertTrue(KerasLayers.supported().contains(type));
        }
    }

    @Test
    void augmentationsThatRoundToIntegersAreRefused() {
        final LayerConfig config = new LayerConfig(
                "r",
                "RandomInvert",
                JsonParser.parseString("{\"name\": \"r\", \"dtype\": \"uint8\"}")
                        .getAsJsonObject(),
                3);
        assertEquals(null, KerasLayers.convert(config));
        assertEquals(Reason.UNSUPPORTED_DTYPE, config.findings().getFirst().reason());
    }
}
