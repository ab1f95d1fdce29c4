package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.layer.Attention;
import dev.lanewise.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The same things as different versions of Keras say them in a configuration.
class ConfigFormsTest {
    @TempDir
    private Path folder;

    private Path at() {
        return folder.resolve("model.h5");
    }

    private static String input(String name) {
        return """
                {"class_name": "InputLayer", "name": "%1$s", "config": {"name": "%1$s", "batch_input_shape": [null, 1]},
                 "inbound_nodes": []}""".formatted(name);
    }

    private static String layer(String type, String name, String config, String calls) {
        return """
                {"class_name": "%1$s", "name": "%2$s", "config": {"name": "%2$s"%3$s}, "inbound_nodes": [%4$s]}""".formatted(type, name, config.isEmpty() ? "" : ", " + config, calls);
    }

    private static String dense(String name, String calls) {
        return layer("Dense", name, "\"units\": 1, \"use_bias\": false, \"activation\": \"linear\"", calls);
    }

    private static String model(String name, String inputs, String outputs, String... layers) {
        return """
                "class_name": "Functional", "name": "%1$s", "config": {"name": "%1$s", "layers": [%2$s],
                 "input_layers": %3$s, "output_layers": %4$s}""".formatted(name, String.join(", ", layers), inputs, outputs);
    }

    private static String tensor(String layer) {
        return """
                {"class_name": "__keras_tensor__", "config": {"shape": [null, 1], "dtype": "float32",
                 "keras_history": ["%s", 0, 0]}}""".formatted(layer);
    }

    private static float[] predict(Model model, float... inputs) {
        final List<Dataset> data = new ArrayList<>();
        for (float x : inputs) {
            data.add(Dataset.of(new float[] {x}, Shape.of(1)));
        }
        final List<float[]> outputs =
                new ArrayList<>(model.predict(data.size() == 1 ? data.getFirst() : Dataset.of(data), 1));
        final float[] all = new float[outputs.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = outputs.get(i)[0];
        }
        return all;
    }

    private void computes(LegacyTestFile file, float[] expected, float... inputs) {
        try (Model model = KerasModels.load(file.write(at()))) {
            assertArrayEquals(expected, predict(model, inputs));
        }
    }

    private String refused(LegacyTestFile file) {
        final Path path = file.write(at());
        return assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(path))
                .getMessage();
    }

    private static LegacyTestFile file(String version, String model) {
        return new LegacyTestFile(version, "{" + model + "}").layer("x");
    }

    /// Python writes NaN and infinities as they are, and keys come in any order.
    @Test
    void numbersThatJsonDoesNotHave() {
        final String config = """
                {"config": {"layers": [{"config": {"use_bias": false, "extra": NaN, "more": [Infinity, -Infinity],
                 "batch_input_shape": [null, 1], "units": 1, "name": "d"}, "class_name": "Dense"}], "name": "s"},
                 "class_name": "Sequential"}""";
        computes(new LegacyTestFile("2.4.0", config).number("d", "k", 3), new float[] {6}, 2);
    }

    /// References in lists of lists, and for one input alone.
    @Test
    void callsOfKeras2() {
        for (String call : List.of("[[\"x\", 0, 0, {}]]", "[\"x\", 0, 0, {}]", "[[\"x\", 0, 0]]")) {
            final String model = model("m", "[[\"x\", 0, 0]]", "[[\"d\", 0, 0]]", input("x"), dense("d", call));
            computes(file("2.8.0", model).number("d", "k", 3), new float[] {6}, 2);
        }
    }

    /// One layer that is called three times, once with its own result; the model's output is its second call.
    @Test
    void callsOfOneLayerAreCounted() {
        final String model = model(
                "m",
                "[[\"x\", 0, 0]]",
                "[[\"d\", 1, 0], [\"d\", 2, 0]]",
                input("x"),
                dense("d", "[[\"x\", 0, 0, {}]], [[\"d\", 0, 0, {}]], [[\"d\", 1, 0, {}]]"));
        computes(file("2.8.0", model).number("d", "k", 3), new float[] {18, 54}, 2);
    }

    /// The model's inputs are in the order of `input_layers`; one alone may stand without a list.
    @Test
    void endsInAllForms() {
        final String difference = layer("Subtract", "s", "", "[[\"x\", 0, 0, {}], [\"y\", 0, 0, {}]]");
        computes(
                file(
                                "2.8.0",
                                model(
                                        "m",
                                        "[[\"y\", 0, 0], [\"x\", 0, 0]]",
                                        "[[\"s\", 0, 0]]",
                                        input("x"),
                                        input("y"),
                                        difference))
                        .layer("y"),
                new float[] {3},
                2,
                5);
        final String plain =
                layer("Subtract", "s", "", "{\"args\": [[" + tensor("x") + ", " + tensor("y") + "]], \"kwargs\": {}}");
        final String objects = "{\"b\": [\"x\", 0, 0], \"a\": [\"y\", 0, 0]}";
        computes(
                file("3.6.0", model("m", objects, "{\"out\": [\"s\", 0, 0]}", input("x"), input("y"), plain)),
                new float[] {3},
                2,
                5);
        computes(
                file(
                                "3.6.0",
                                model(
                                        "m",
                                        "[\"x\", 0, 0]",
                                        "[\"d\", 0, 0]",
                                        input("x"),
                                        dense("d", "{\"args\": [" + tensor("x") + "], \"kwargs\": {}}")))
                        .number("d", "k", 3),
                new float[] {6},
                2);
    }

    private static final String[] SHAPES = {
        "{\"batch_input_shape\": [null, 1], \"sparse\": false, \"ragged\": false, \"dtype\": \"float32\"}",
        "{\"batch_input_shape\": [null, 1], \"input_dtype\": \"float32\", \"sparse\": false}",
        "{\"batch_shape\": [null, 1], \"dtype\": \"float32\", \"sparse\": false, \"optional\": false}",
        "{\"batch_shape\": [null, 1], \"dtype\": {\"class_name\": \"DTypePolicy\", \"config\": {\"name\": \"float32\"}}}"
    };

    @Test
    void inputLayersOfAllVersions() {
        for (String shape : SHAPES) {
            final String entry = "{\"class_name\": \"InputLayer\", \"config\": "
                    + shape.replace("{\"batch", "{\"name\": \"i\", \"batch") + "}";
            final String dense =
                    "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 1, \"use_bias\": false}}";
            final String config = "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": [" + entry
                    + ", " + dense + "]}}";
            computes(new LegacyTestFile("3.3.3", config).number("d", "k", 3), new float[] {6}, 2);
            // tf.keras writes the shape into the first layer as well.
            final String both = config.replace("\"units\"", "\"batch_input_shape\": [null, 1], \"units\"");
            computes(new LegacyTestFile("2.8.0", both).number("d", "k", 3), new float[] {6}, 2);
        }
    }

    /// What types of numbers are called: a name, nothing, or a policy of tf.keras or of Keras 3.
    @Test
    void typesOfNumbers() {
        final String dense =
                "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 1, \"use_bias\": false,"
                        + " \"batch_input_shape\": [null, 1], \"dtype\": %s}}";
        for (String type : List.of(
                "null",
                "\"float32\"",
                "{\"class_name\": \"Policy\", \"config\": {\"name\": \"float32\"}}",
                "{\"module\": \"keras\", \"class_name\": \"DTypePolicy\", \"config\": {\"name\": \"float32\"},"
                        + " \"registered_name\": null, \"shared_object_id\": 7}")) {
            try (ImportedModel imported = KerasModels.importFile(LegacyTestFile.list("2.8.0", dense.formatted(type))
                    .number("d", "k", 3)
                    .write(at()))) {
                assertEquals(List.of(), imported.report().allFindings(), type);
            }
        }
        for (String type : List.of("float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16")) {
            final String policy = "{\"class_name\": \"DTypePolicy\", \"config\": {\"name\": \"" + type + "\"}}";
            try (ImportedModel imported = KerasModels.importFile(LegacyTestFile.list("3.8.0", dense.formatted(policy))
                    .number("d", "k", 3)
                    .write(at()))) {
                assertEquals(
                        List.of(new Finding(Reason.CONVERTED_DTYPE, "dtype " + type + ": computed in float32")),
                        imported.report().allFindings());
            }
        }
        final String quantized = "{\"class_name\": \"QuantizedDTypePolicy\", \"config\": {\"mode\": \"int8\"}}";
        assertTrue(
                refused(LegacyTestFile.list("3.8.0", dense.formatted(quantized)).number("d", "k", 3))
                        .contains("'d' (Dense): dtype policy"));
    }

    /// What says nothing about predictions is passed over; what does is not.
    @Test
    void settingsThatChangeNothing() {
        final String dropout = """
                {"class_name": "Dropout", "config": {"name": "r", "rate": 0.5, "seed": 3, "noise_shape": [null, 1]}}""";
        final String dense = """
                {"class_name": "Dense", "config": {"name": "d", "units": 1, "use_bias": false, "implementation": 2,
                 "batch_input_shape": [null, 1], "lora_rank": 4, "lora_alpha": 4, "shared_object_id": 12,
                 "build_config": {"input_shape": [null, 1]}, "input_length": null, "ragged": false,
                 "kernel_initializer": {"module": "mine", "class_name": "Own", "config": {}, "registered_name": "m>Own"},
                 "quantization_config": {"module": "keras.quantizers", "class_name": "Int8QuantizationConfig",
                  "config": {"activation_quantizer": null}}}}""";
        try (ImportedModel imported = KerasModels.importFile(LegacyTestFile.list("3.13.0", dense, dropout)
                .number("d", "k", 3)
                .write(at()))) {
            assertArrayEquals(new float[] {6}, predict(imported.model(), 2));
            assertEquals(
                    List.of(Reason.UNKNOWN_ARGUMENT, Reason.TRAINING_ONLY),
                    imported.report().allFindings().stream()
                            .map(Finding::reason)
                            .toList());
        }
        final String rnn = """
                {"class_name": "SimpleRNN", "config": {"name": "d", "units": 1, "use_bias": false, "time_major": %s,
                 "activation": "linear", "batch_input_shape": [null, 2, 1]}}""";
        try (Model model = KerasModels.load(LegacyTestFile.list("2.8.0", rnn.formatted("false"))
                .number("d", "k", 3)
                .number("d", "r", 2)
                .write(at()))) {
            assertEquals("[[None, 1]]", model.graph().outputShapes().toString());
        }
        assertTrue(refused(LegacyTestFile.list("2.8.0", rnn.formatted("true")).number("d", "k", 3))
                .contains("'time_major' true is not supported"));
    }

    /// What layers take first may be given by name, and settings of a call that change nothing by position.
    @Test
    void argumentsByNameAndByPosition() {
        for (String call : List.of(
                "{\"args\": [], \"kwargs\": {\"inputs\": " + tensor("x") + "}}",
                "{\"args\": [" + tensor("x") + ", false, null], \"kwargs\": {\"training\": false, \"mask\": null}}")) {
            final String model = model("m", "[\"x\", 0, 0]", "[\"d\", 0, 0]", input("x"), dense("d", call));
            computes(file("3.8.0", model).number("d", "k", 3), new float[] {6}, 2);
        }
        final String call = "{\"args\": [" + tensor("x") + "], \"kwargs\": {\"%s\": %s}}";
        for (String more : List.of(call.formatted("inputs", tensor("x")), call.formatted("training", "true"))) {
            final String model = model("m", "[\"x\", 0, 0]", "[\"d\", 0, 0]", input("x"), dense("d", more));
            assertTrue(refused(file("3.8.0", model).number("d", "k", 3)).contains("'d' (Dense): is called with '"));
        }
        final String position = "{\"args\": [" + tensor("x") + ", true], \"kwargs\": {}}";
        final String model = model("m", "[\"x\", 0, 0]", "[\"d\", 0, 0]", input("x"), dense("d", position));
        assertTrue(refused(file("3.8.0", model).number("d", "k", 3)).contains("is called with true"));
    }

    /// A model within the model that is called with tensors by name: by the keys of its inputs, or the names
    /// of its input layers.
    @Test
    void modelsAreCalledWithObjects() {
        final String difference = layer("Subtract", "s", "", "[[\"p\", 0, 0, {}], [\"q\", 0, 0, {}]]");
        for (String inputs : List.of(
                "[[\"p\", 0, 0], [\"q\", 0, 0]]",
                "{\"q\": [\"q\", 0, 0], \"p\": [\"p\", 0, 0]}",
                "{\"p\": [\"p\", 0, 0], \"q\": [\"q\", 0, 0]}")) {
            final String inner = "{" + model("n", inputs, "[[\"s\", 0, 0]]", input("p"), input("q"), difference)
                    + ", \"inbound_nodes\": [%s]}";
            final String[] calls = {
                "{\"args\": [{\"q\": " + tensor("x") + ", \"p\": " + tensor("y") + "}], \"kwargs\": {}}",
                "{\"q\": [\"x\", 0, 0, {}], \"p\": [\"y\", 0, 0, {}]}"
            };
            for (String call : calls) {
                final String model = model(
                        "m",
                        "[[\"x\", 0, 0], [\"y\", 0, 0]]",
                        "[[\"n\", " + (call.startsWith("{\"args") ? 1 : 0) + ", 0]]",
                        input("x"),
                        input("y"),
                        inner.formatted(call));
                final String version = call.startsWith("{\"args") ? "3.8.0" : "2.11.0";
                computes(file(version, model).layer("n"), new float[] {3}, 2, 5);
            }
        }
        // A layer that is no model knows no names.
        final String dense = dense("d", "{\"args\": [{\"a\": " + tensor("x") + "}], \"kwargs\": {}}");
        assertTrue(refused(file("3.8.0", model("m", "[\"x\", 0, 0]", "[\"d\", 0, 0]", input("x"), dense)))
                .contains("'d' (Dense): is called with {"));
    }

    private static Layer layer(String entry, int major) {
        final JsonObject json = KerasUpgrade.entry(JsonParser.parseString(entry).getAsJsonObject(), major);
        final LayerConfig config =
                new LayerConfig("l", json.get("class_name").getAsString(), json.getAsJsonObject("config"), major);
        final Layer layer = KerasLayers.convert(config);
        assertEquals(List.of(), config.findings(), entry);
        return layer;
    }

    /// What tf.keras wrote and Keras 3 stumbles over.
    @Test
    void leftoversOfTfKeras() {
        final String names = "{\"class_name\": \"%s\", \"config\": {\"name\": \"l\", %s}}";
        final String normalization = "\"epsilon\": 0.5, \"momentum\": 0.75, \"axis\": [3]";
        for (String version : List.of("BatchNormalizationV1", "BatchNormalizationV2")) {
            assertEquals(
                    layer(names.formatted("BatchNormalization", normalization), 2),
                    layer(names.formatted(version, normalization), 2));
        }
        final String depthwise = "\"kernel_size\": [3, 2], \"depth_multiplier\": 2";
        final String transposed = "\"filters\": 4, \"kernel_size\": [3, 2]";
        assertEquals(
                layer(names.formatted("DepthwiseConv2D", depthwise), 3),
                layer(names.formatted("DepthwiseConv2D", depthwise + ", \"groups\": 1"), 2));
        assertEquals(
                layer(names.formatted("Conv2DTranspose", transposed), 3),
                layer(names.formatted("Conv2DTranspose", transposed + ", \"groups\": 1"), 2));
        final String initializer = "\"units\": 2, \"kernel_initializer\": {\"class_name\": \"HeNormal\", \"config\":"
                + " {\"seed\": null%s}}";
        assertEquals(
                layer(names.formatted("Dense", initializer.formatted("")), 3),
                layer(names.formatted("Dense", initializer.formatted(", \"dtype\": \"float32\"")), 2));
        final String attention = "\"use_scale\": false, \"dropout\": 0.0";
        final String scores = ", \"score_mode\": \"%s\"";
        assertEquals(
                layer(names.formatted("Attention", attention), 2),
                layer(names.formatted("Attention", attention + scores.formatted("dot")), 2));
        assertEquals(
                new Attention(false, "concat", 0, false),
                layer(names.formatted("Attention", attention + scores.formatted("concat")), 2));
        final String dense = names.formatted("Dense", "\"units\": 2%s");
        final String each = names.formatted("TimeDistributed", "\"layer\": %s");
        assertEquals(
                layer(each.formatted(dense.formatted("")), 3),
                layer(
                        each.formatted(dense.formatted(", \"batch_input_shape\": [null, 3, 4]"))
                                .replace("\"layer\"", "\"batch_input_shape\": [null, 3, 4], \"layer\""),
                        2));
    }

    /// `hard_sigmoid` was another function, and the one that recurrent layers had where nothing is said.
    @Test
    void sigmoidsOfOldFiles() {
        final String dense =
                "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 1, \"use_bias\": false,"
                        + " \"batch_input_shape\": [null, 1], \"activation\": %s}}";
        final String object = "{\"module\": \"builtins\", \"class_name\": \"function\", \"config\": \"hard_sigmoid\","
                + " \"registered_name\": \"function\"}";
        for (String activation : List.of("\"hard_sigmoid\"", object)) {
            computes(
                    LegacyTestFile.list("2.15.0", dense.formatted(activation)).number("d", "k", 1),
                    new float[] {0.7f},
                    1);
            computes(
                    LegacyTestFile.list("3.0.0", dense.formatted(activation)).number("d", "k", 1),
                    new float[] {1 / 6f + 0.5f},
                    1);
        }
        final String lstm = "{\"class_name\": \"LSTM\", \"config\": {\"name\": \"l\", \"units\": 2%s}}";
        assertEquals(
                layer(lstm.formatted(", \"recurrent_activation\": \"hard_sigmoid\""), 2), layer(lstm.formatted(""), 2));
    }
}
