package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.data.Dataset;
import dev.lanewise.keras.KerasTestFile.Weight;
import dev.lanewise.keras.h5.H5File;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.nn.layer.MaskedAs;
import dev.lanewise.nn.layer.MaskedBy;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Masks that calls in functional models are given by name, from an input of their own or from a comparison.
class CallMasksTest {
    private static final int BATCH = 2;
    private static final int STEPS = 4;
    private static final int FEATURES = 3;
    private static final float[] MASK = {1, 1, 0, 1, 1, 0, 0, 1};

    private static final float[] ALL = {1, 1, 1, 1, 1, 1, 1, 1};

    private static final List<Weight> LSTM = List.of(
            new Weight("l", "lstm/cell", "kernel", true, 3, 8),
            new Weight("l", "lstm/cell", "recurrent_kernel", true, 2, 8),
            new Weight("l", "lstm/cell", "bias", true, 8));

    @TempDir
    private Path folder;

    private static String tensor(String layer) {
        return """
                {"class_name": "__keras_tensor__", "config": {"shape": [null, 4, 3], "dtype": "float32",
                 "keras_history": ["%s", 0, 0]}}""".formatted(layer);
    }

    private static String layer(String type, String name, String settings, String args, String kwargs) {
        return """
                {"module": "keras.layers", "class_name": "%1$s", "registered_name": null, "name": "%2$s",
                 "config": {"name": "%2$s", "trainable": true%3$s}, "inbound_nodes": [{"args": [%4$s], "kwargs": {%5$s}}]}""".formatted(type, name, settings, args, kwargs);
    }

    private static String input(String name, String shape, String dtype) {
        return """
                {"module": "keras.layers", "class_name": "InputLayer", "name": "%1$s", "inbound_nodes": [],
                 "config": {"name": "%1$s", "batch_shape": %2$s, "dtype": "%3$s"}, "registered_name": null}""".formatted(name, shape, dtype);
    }

    /// A model of values `x[4, 3]` and a mask `m`.
    private Path file(String maskShape, List<Weight> weights, String output, String... layers) {
        final String config = """
                {"module": "keras.src.models.functional", "class_name": "Functional", "config": {"name": "m",
                 "layers": [%s, %s, %s], "input_layers": [["x", 0, 0], ["m", 0, 0]],
                 "output_layers": ["%s", 0, 0]}, "registered_name": "Functional"}""".formatted(
                        input("x", "[null, 4, 3]", "float32"),
                        input("m", maskShape, "bool"),
                        String.join(", ", layers),
                        output);
        return KerasTestFile.archive(folder.resolve("file.keras"), config, "layers/", weights);
    }

    private static float[] x() {
        final Random random = new Random(7);
        final float[] x = new float[BATCH * STEPS * FEATURES];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat() - 0.5f;
        }
        return x;
    }

    /// The values with others in steps that are masked.
    private static float[] changed() {
        final float[] x = x();
        for (int i = 0; i < x.length; i++) {
            x[i] += MASK[i / FEATURES] == 0 ? 1 : 0;
        }
        return x;
    }

    private static float[] predict(Model model, float[] x) {
        return predict(model, x, MASK, Shape.of(STEPS));
    }

    private static float[] predict(Model model, float[] x, float[] mask, Shape maskShape) {
        final Dataset data = Dataset.of(List.of(Dataset.of(x, Shape.of(STEPS, FEATURES)), Dataset.of(mask, maskShape)));
        final float[][] rows = model.predict(data, BATCH).toArray(float[][]::new);
        final int each = rows[0].length;
        final float[] all = new float[rows.length * each];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, all, i * each, each);
        }
        return all;
    }

    /// The mean over the steps that count.
    private static float[] mean(float[] x, float[] mask) {
        final float[] y = new float[BATCH * FEATURES];
        for (int i = 0; i < y.length; i++) {
            float count = 0;
            for (int t = 0; t < STEPS; t++) {
                final int row = i / FEATURES * STEPS + t;
                y[i] += mask[row] * x[row * FEATURES + i % FEATURES];
                count += mask[row];
            }
            y[i] /= count;
        }
        return y;
    }

    @Test
    void meanIsThatOfTheStepsThatCount() {
        final String mean = layer("GlobalAveragePooling1D", "g", "", tensor("x"), "\"mask\": " + tensor("m"));
        try (Model model = KerasModels.load(file("[null, 4]", List.of(), "g", mean))) {
            assertArrayEquals(mean(x(), MASK), predict(model, x()), 1e-6f);
        }
    }

    @Test
    void maskMayBeAComparison() {
        final String not = """
                {"module": "keras.src.ops.numpy", "class_name": "Greater", "registered_name": "Greater", "name": "c",
                 "config": {"name": "c"}, "inbound_nodes": [{"args": [%s, 2], "kwargs": {}}]}""".formatted(tensor("m"));
        final String mean = layer("GlobalAveragePooling1D", "g", "", tensor("x"), "\"mask\": " + tensor("c"));
        final float[] numbers = {3, 5, 2, 9, 4, 1, -3, 7};
        try (Model model = KerasModels.load(file("[null, 4]", List.of(), "g", not, mean))) {
            assertArrayEquals(mean(x(), MASK), predict(model, x(), numbers, Shape.of(STEPS)), 1e-6f);
        }
    }

    private static String lstm(boolean sequences, String kwargs) {
        return layer("LSTM", "l", ", \"units\": 2, \"return_sequences\": " + sequences, tensor("x"), kwargs);
    }

    /// A masked step leaves the state as it is.
    @Test
    void recurrentLayersSkipMaskedSteps() {
        final String mask = "\"mask\": " + tensor("m");
        try (Model model = KerasModels.load(file("[null, 4]", LSTM, "l", lstm(false, mask)))) {
            final float[] masked = predict(model, x());
            assertArrayEquals(masked, predict(model, changed()));
            assertFalse(Arrays.equals(masked, predict(model, x(), ALL, Shape.of(STEPS))));
        }
    }

    /// What goes on has the mask that came with the input: here none, so that a mean is one of all steps.
    @Test
    void maskEndsWithTheCall() {
        final String mask = "\"mask\": " + tensor("m");
        final String mean = layer("GlobalAveragePooling1D", "g", "", tensor("l"), "");
        final float[] sequences;
        try (Model model = KerasModels.load(file("[null, 4]", LSTM, "l", lstm(true, mask)))) {
            sequences = predict(model, x());
        }
        try (Model model = KerasModels.load(file("[null, 4]", LSTM, "g", lstm(true, mask), mean))) {
            final float[] y = predict(model, x());
            for (int i = 0; i < y.length; i++) {
                float sum = 0;
                for (int t = 0; t < STEPS; t++) {
                    sum += sequences[(i / 2 * STEPS + t) * 2 + i % 2];
                }
                assertEquals(sum / STEPS, y[i], 1e-6f);
            }
        }
    }

    /// The masks of query and value are a list.
    @Test
    void masksOfAttentionAreAList() {
        final String call = layer(
                "Attention",
                "a",
                "",
                "[%1$s, %1$s]".formatted(tensor("x")),
                "\"mask\": [null, %s]".formatted(tensor("m")));
        final String mean = layer("GlobalAveragePooling1D", "g", "", tensor("a"), "");
        final String query = layer("Reshape", "r", ", \"target_shape\": [4, 3]", tensor("x"), "");
        try (Model model = KerasModels.load(file("[null, 4]", List.of(), "g", query, call, mean))) {
            final float[] y = predict(model, x());
            final float[] weights = new float[STEPS];
            final float[] expected = new float[BATCH * FEATURES];
            final float[] x = x();
            for (int n = 0; n < BATCH; n++) {
                for (int r = 0; r < STEPS; r++) {
                    float sum = 0;
                    for (int c = 0; c < STEPS; c++) {
                        float score = 0;
                        for (int i = 0; i < FEATURES; i++) {
                            score += x[(n * STEPS + r) * FEATURES + i] * x[(n * STEPS + c) * FEATURES + i];
                        }
                        weights[c] = MASK[n * STEPS + c] == 0 ? 0 : (float) Math.exp(score);
                        sum += weights[c];
                    }
                    for (int i = 0; i < STEPS * FEATURES; i++) {
                        final int c = i / FEATURES;
                        expected[n * FEATURES + i % FEATURES] +=
                                weights[c] / sum * x[(n * STEPS + c) * FEATURES + i % FEATURES] / STEPS;
                    }
                }
            }
            assertArrayEquals(expected, y, 1e-6f);
        }
    }

    private static Weight weight(String object, String name, long... shape) {
        return new Weight(object, "multi_head_attention/" + object, name, true, shape);
    }

    /// A key that does not count may be anything.
    @Test
    void masksOfHeadsHaveTheirInputsNames() {
        final List<Weight> weights = List.of(
                weight("query_dense", "kernel", 3, 1, 2),
                weight("key_dense", "kernel", 3, 1, 2),
                weight("value_dense", "kernel", 3, 1, 2),
                weight("output_dense", "kernel", 1, 2, 3));
        final String settings = ", \"num_heads\": 1, \"key_dim\": 2, \"use_bias\": false, \"dropout\": 0.0";
        final String ones = """
                {"module": "keras.src.ops.numpy", "class_name": "Multiply", "registered_name": "Multiply", "name": "q",
                 "config": {"name": "q"}, "inbound_nodes": [{"args": [%s, 0.0], "kwargs": {}}]}""".formatted(tensor("x"));
        for (String name : List.of("value_mask", "key_mask")) {
            final String call = layer(
                    "MultiHeadAttention",
                    "a",
                    settings,
                    tensor("q") + ", " + tensor("x"),
                    "\"%s\": %s".formatted(name, tensor("m")));
            try (Model model = KerasModels.load(file("[null, 4]", weights, "a", ones, call))) {
                final float[] y = predict(model, x());
                assertArrayEquals(y, predict(model, changed()), name);
                assertFalse(Arrays.equals(y, predict(model, x(), ALL, Shape.of(STEPS))), name);
            }
        }
    }

    @Test
    void maskOfASoftmaxIsOfElements() {
        final String call = layer("Softmax", "s", ", \"axis\": -1", tensor("x"), "\"mask\": " + tensor("m"));
        final float[] mask = new float[BATCH * STEPS * FEATURES];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = i % FEATURES == 1 ? 0 : 1;
        }
        try (Model model = KerasModels.load(file("[null, 4, 3]", List.of(), "s", call))) {
            final float[] x = x();
            final float[] y = predict(model, x, mask, Shape.of(STEPS, FEATURES));
            for (int row = 0; row < BATCH * STEPS; row++) {
                final double a = Math.exp(x[row * FEATURES]);
                final double b = Math.exp(x[row * FEATURES + 2]);
                assertEquals(a / (a + b), y[row * FEATURES], 1e-6);
                assertEquals(0, y[row * FEATURES + 1]);
            }
        }
    }

    private static final List<Weight> HEADS = List.of(
            weight("query_dense", "kernel", 3, 1, 2),
            weight("key_dense", "kernel", 3, 1, 2),
            weight("value_dense", "kernel", 3, 1, 2),
            weight("output_dense", "kernel", 1, 2, 3));

    /// A model with a call that has a mask.
    ///
    /// @param call of layer `c`, or of `l`
    /// @param argument the mask's name
    /// @param mask what stands there in Keras' file, `%s` for the tensor
    record Masked(String call, List<Weight> weights, String argument, String mask) {
        String last() {
            return weights.equals(LSTM) ? "l" : "c";
        }
    }

    static Stream<Masked> masked() {
        final String m = tensor("m");
        final String heads = ", \"num_heads\": 1, \"key_dim\": 2, \"use_bias\": false, \"dropout\": 0.0";
        final String x = tensor("x");
        final String xx = "[%1$s, %1$s]".formatted(x);
        return Stream.of(
                new Masked(layer("GlobalAveragePooling1D", "c", "", x, "\"mask\": " + m), List.of(), "mask", "%s"),
                new Masked(layer("GlobalAveragePooling1D", "c", "", x + ", " + m, ""), List.of(), "mask", "%s"),
                new Masked(lstm(true, "\"mask\": " + m), LSTM, "mask", "%s"),
                new Masked(lstm(false, "\"mask\": " + m), LSTM, "mask", "%s"),
                new Masked(layer("LSTM", "l", ", \"units\": 2", x + ", null, " + m, ""), LSTM, "mask", "%s"),
                new Masked(
                        layer("Attention", "c", "", xx, "\"mask\": [null, %s]".formatted(m)),
                        List.of(),
                        "mask",
                        "[null, %s]"),
                new Masked(
                        layer("Attention", "c", "", xx + ", [null, " + m + "]", ""), List.of(), "mask", "[null, %s]"),
                new Masked(
                        layer("MultiHeadAttention", "c", heads, x + ", " + x, "\"value_mask\": " + m),
                        HEADS,
                        "value_mask",
                        "%s"),
                new Masked(
                        layer(
                                "MultiHeadAttention",
                                "c",
                                heads,
                                "%1$s, %1$s, null, null, null, %2$s".formatted(x, m),
                                ""),
                        HEADS,
                        "key_mask",
                        "%s"));
    }

    private static JsonObject json(Path file) throws IOException {
        if (file.toString().endsWith(".h5")) {
            try (H5File h5 = H5File.open(file)) {
                return JsonParser.parseString(String.valueOf(h5.string("/", "model_config")))
                        .getAsJsonObject();
            }
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
            return JsonParser.parseString(new String(
                            zip.getInputStream(zip.getEntry(KerasArchive.CONFIG))
                                    .readAllBytes(),
                            StandardCharsets.UTF_8))
                    .getAsJsonObject();
        }
    }

    private static JsonObject entry(JsonObject model, String layer) {
        for (JsonElement entry : model.getAsJsonObject("config").getAsJsonArray("layers")) {
            if (entry.getAsJsonObject().get("name").getAsString().equals(layer)) {
                return entry.getAsJsonObject();
            }
        }
        throw new AssertionError("no layer " + layer + " in " + model);
    }

    /// The mask is an argument of the call again, and means the same.
    @ParameterizedTest
    @MethodSource("masked")
    void masksComeBack(Masked of) throws IOException {
        try (Model model = KerasModels.load(file("[null, 4]", of.weights(), of.last(), of.call()))) {
            final float[] y = predict(model, x());
            assertFalse(Arrays.equals(y, predict(model, x(), ALL, Shape.of(STEPS))));
            for (String name : List.of("back.keras", "back.h5")) {
                final Path back = folder.resolve(name);
                KerasModels.save(model, back);
                final JsonObject config = json(back);
                assertEquals(
                        3,
                        config.getAsJsonObject("config")
                                .getAsJsonArray("layers")
                                .size());
                final JsonElement mask = entry(config, of.last())
                        .getAsJsonArray("inbound_nodes")
                        .get(0)
                        .getAsJsonObject()
                        .getAsJsonObject("kwargs")
                        .get(of.argument());
                final JsonElement expected =
                        JsonParser.parseString(of.mask().formatted("{\"keras_history\": [\"m\", 0, 0]}"));
                assertEquals(expected.isJsonArray(), mask.isJsonArray());
                assertTrue(mask.toString().contains("\"keras_history\":[\"m\",0,0]"), mask.toString());
                try (Model again = KerasModels.load(back)) {
                    assertEquals(model.graph().layers(), again.graph().layers());
                    assertArrayEquals(y, predict(again, x()));
                }
            }
        }
    }

    /// A mask that is computed within the model, of one that goes on after the call.
    @Test
    void masksOfComparisonsComeBack() {
        final String not = """
                {"module": "keras.src.ops.numpy", "class_name": "Greater", "registered_name": "Greater", "name": "c",
                 "config": {"name": "c"}, "inbound_nodes": [{"args": [%s, 0.5], "kwargs": {}}]}""".formatted(tensor("m"));
        final String mean = layer("GlobalAveragePooling1D", "g", "", tensor("l"), "");
        final Path file = file("[null, 4]", LSTM, "g", not, lstm(true, "\"mask\": " + tensor("c")), mean);
        try (Model model = KerasModels.load(file)) {
            for (String name : List.of("back.keras", "back.h5")) {
                KerasModels.save(model, folder.resolve(name));
                try (Model again = KerasModels.load(folder.resolve(name))) {
                    assertEquals(model.graph().layers(), again.graph().layers());
                    assertArrayEquals(predict(model, x()), predict(again, x()));
                }
            }
        }
    }

    /// That of a softmax is an input here.
    @Test
    void masksOfElementsComeBack() throws IOException {
        final String call = layer("Softmax", "s", ", \"axis\": -1", tensor("x") + ", " + tensor("m"), "");
        final float[] mask = new float[BATCH * STEPS * FEATURES];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = i % FEATURES == 1 ? 0 : 1;
        }
        try (Model model = KerasModels.load(file("[null, 4, 3]", List.of(), "s", call))) {
            for (String name : List.of("back.keras", "back.h5")) {
                final Path back = folder.resolve(name);
                KerasModels.save(model, back);
                final JsonObject node = entry(json(back), "s")
                        .getAsJsonArray("inbound_nodes")
                        .get(0)
                        .getAsJsonObject();
                assertEquals(1, node.getAsJsonArray("args").size());
                assertTrue(node.getAsJsonArray("args").get(0).isJsonObject());
                assertTrue(node.getAsJsonObject("kwargs").has("mask"));
                try (Model again = KerasModels.load(back)) {
                    assertEquals(model.graph().layers(), again.graph().layers());
                    assertArrayEquals(
                            predict(model, x(), mask, Shape.of(STEPS, FEATURES)),
                            predict(again, x(), mask, Shape.of(STEPS, FEATURES)));
                }
            }
        }
    }

    private static Model own(Layer layer, boolean ends) {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input("x", Shape.of(STEPS, FEATURES));
        final Graph.Value m = b.input("m", Shape.of(STEPS));
        final Graph.Value y = b.add("l", layer, b.add("by", new MaskedBy(), x, m));
        return Model.create(b.build(ends ? b.add("as", new MaskedAs(), y, x) : y), 3);
    }

    /// tf.keras 2 names the mask in the list of what a call takes. Of a function that Keras 3 has not, the file
    /// is for it alone.
    @Test
    void masksInFilesForTfKeras() throws IOException {
        final LSTM lstm = new LSTM(2).recurrentActivation(Activations.of("hard_sigmoid", Map.of("legacy", true)));
        try (Model model = own(lstm.returnSequences(true), true)) {
            final Path file = folder.resolve("tf.h5");
            KerasModels.save(model, file);
            assertEquals(
                    "[[[\"x\",0,0,{\"mask\":[\"m\",0,0]}]]]",
                    entry(json(file), "l").get("inbound_nodes").toString());
            try (Model again = KerasModels.load(file)) {
                assertArrayEquals(predict(model, x()), predict(again, x()));
            }
        }
    }

    /// Where the mask would go on, Keras' argument means something else.
    @Test
    void masksThatGoOnAreNotWritten() {
        try (Model model = own(new LSTM(2).returnSequences(true), false)) {
            final Path file = folder.resolve("out.keras");
            final IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> KerasModels.save(model, file));
            assertTrue(e.getMessage().contains("MaskedBy"), e.getMessage());
            assertFalse(Files.exists(file));
        }
    }

    @Test
    void masksThatDoNotFitAreRefused() {
        final String call = lstm(false, "\"mask\": " + tensor("m"));
        final Path file = file("[null, 5]", LSTM, "l", call);
        final UnsupportedLayerException e = assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(file));
        assertTrue(e.getMessage().contains("the mask must have the first dimensions of"), e.getMessage());
        final Path other =
                file("[null, 4]", List.of(), "d", layer("Flatten", "d", "", tensor("x"), "\"mask\": " + tensor("m")));
        final UnsupportedLayerException refused =
                assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(other));
        assertTrue(refused.getMessage().contains("is called with 'mask'"), refused.getMessage());
    }
}
