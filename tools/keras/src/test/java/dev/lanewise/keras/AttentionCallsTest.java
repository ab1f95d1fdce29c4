package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.data.Dataset;
import dev.lanewise.keras.h5.H5File;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.nn.layer.AdditiveAttention;
import dev.lanewise.nn.layer.Attention;
import dev.lanewise.nn.layer.CausalMask;
import dev.lanewise.nn.layer.GroupQueryAttention;
import dev.lanewise.nn.layer.MultiHeadAttention;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// What calls of attention layers say beside their inputs: masks of the scores, and the causal mask.
class AttentionCallsTest {
    private static final int ROWS = 4;
    private static final int KEYS = 5;
    private static final int BATCH = 3;
    private static final Shape QUERY = Shape.of(ROWS, 6);
    private static final Shape VALUE = Shape.of(KEYS, 6);
    private static final Shape MASK = Shape.of(ROWS, KEYS);

    private static final String TENSOR = """
            {"class_name": "__keras_tensor__", "config": {"shape": %s, "dtype": "float32",
             "keras_history": ["%s", 0, 0]}}""";
    private static final String Q = TENSOR.formatted("[null, 4, 6]", "q");
    private static final String V = TENSOR.formatted("[null, 5, 6]", "v");
    private static final String M = TENSOR.formatted("[null, 4, 5]", "m");

    private static final List<KerasTestFile.Weight> WEIGHTS = List.of(
            weight("query_dense", "kernel", 6, 2, 3),
            weight("query_dense", "bias", 2, 3),
            weight("key_dense", "kernel", 6, 2, 3),
            weight("key_dense", "bias", 2, 3),
            weight("value_dense", "kernel", 6, 2, 3),
            weight("value_dense", "bias", 2, 3),
            weight("output_dense", "kernel", 2, 3, 6),
            weight("output_dense", "bias", 6));

    @TempDir
    private Path folder;

    private static KerasTestFile.Weight weight(String object, String name, long... shape) {
        return new KerasTestFile.Weight(object, "multi_head_attention/" + object, name, true, shape);
    }

    private static String input(String name, String shape) {
        return """
                {"module": "keras.layers", "class_name": "InputLayer", "name": "%1$s", "inbound_nodes": [],
                 "config": {"name": "%1$s", "batch_shape": %2$s, "dtype": "float32"}, "registered_name": null}""".formatted(name, shape);
    }

    /// A model of one layer, as Keras 3 writes it.
    ///
    /// @param calls of the layer
    private Path file(String calls) {
        final String layer = """
                {"module": "keras.layers", "class_name": "MultiHeadAttention", "registered_name": null, "name": "mha",
                 "config": {"name": "mha", "trainable": true, "num_heads": 2, "key_dim": 3, "value_dim": 3,
                  "dropout": 0.0, "use_bias": true, "output_shape": null, "attention_axes": [1]},
                 "inbound_nodes": [%s]}""".formatted(calls);
        final String config = """
                {"module": "keras.src.models.functional", "class_name": "Functional", "config": {"name": "m",
                 "layers": [%s, %s, %s, %s], "input_layers": [["q", 0, 0], ["v", 0, 0], ["m", 0, 0]],
                 "output_layers": ["mha", 0, 0]}, "registered_name": "Functional"}""".formatted(
                        input("q", "[null, 4, 6]"), input("v", "[null, 5, 6]"), input("m", "[null, 4, 5]"), layer);
        return KerasTestFile.archive(folder.resolve("file.keras"), config, "layers/", WEIGHTS);
    }

    private static float[] numbers(long count, int seed) {
        final Random random = new Random(seed);
        final float[] numbers = new float[Math.toIntExact(count)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = random.nextFloat() - 0.5f;
        }
        return numbers;
    }

    private static Dataset data(float[] value, float[] mask) {
        return Dataset.of(List.of(
                Dataset.of(numbers(BATCH * QUERY.size(), 1), QUERY), Dataset.of(value, VALUE), Dataset.of(mask, MASK)));
    }

    /// Every row sees all keys but one.
    private static float[] maskWithout(int key) {
        final float[] mask = new float[BATCH * ROWS * KEYS];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = i % KEYS == key ? 0 : 1;
        }
        return mask;
    }

    private static float[] predict(Model model, float[] value, float[] mask) {
        return model.predict(data(value, mask), BATCH).getFirst();
    }

    private static JsonObject config(Path archive) {
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            return JsonParser.parseString(new String(
                            zip.getInputStream(zip.getEntry(KerasArchive.CONFIG))
                                    .readAllBytes(),
                            StandardCharsets.UTF_8))
                    .getAsJsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The entry of the model's last layer.
    private static JsonObject last(Path archive) {
        final JsonArray layers = config(archive).getAsJsonObject("config").getAsJsonArray("layers");
        return layers.get(layers.size() - 1).getAsJsonObject();
    }

    private static JsonObject call(Path archive) {
        return last(archive).getAsJsonArray("inbound_nodes").get(0).getAsJsonObject();
    }

    @Test
    void masksOfScoresAreInputs() {
        final String call = "{\"args\": [%s, %s], \"kwargs\": {\"attention_mask\": %s}}".formatted(Q, V, M);
        final Graph.Builder builder = Graph.builder();
        final Graph.Value q = builder.input(QUERY);
        final Graph.Value v = builder.input(VALUE);
        final Graph.Value m = builder.input(MASK);
        final Graph graph = builder.build(builder.add(new MultiHeadAttention(2, 3), q, v, v, m));
        try (Model model = KerasModels.load(file(call));
                Model own = Model.create(graph, 1)) {
            final List<ParameterLayout.Place> from = model.layout().places();
            final List<ParameterLayout.Place> to = own.layout().places();
            assertEquals(from.size(), to.size());
            for (int i = 0; i < from.size(); i++) {
                own.parameter(to.get(i)).copyFrom(model.parameter(from.get(i)).toArray());
            }
            final float[] value = numbers(BATCH * VALUE.size(), 2);
            final float[] y = predict(model, value, maskWithout(2));
            assertArrayEquals(predict(own, value, maskWithout(2)), y);
            // A key that nobody sees may be anything; others may not.
            final float[] other = value.clone();
            for (int i = 0; i < other.length; i++) {
                other[i] += i / 6 % KEYS == 2 ? 1 : 0;
            }
            assertArrayEquals(y, predict(model, other, maskWithout(2)));
            assertNotEquals(Arrays.toString(y), Arrays.toString(predict(model, other, maskWithout(1))));
            comesBack(model, value, y);
        }
    }

    private void comesBack(Model model, float[] value, float[] y) {
        final Path archive = folder.resolve("again.keras");
        final Path h5 = folder.resolve("again.h5");
        final Path weights = folder.resolve("again.weights.h5");
        KerasModels.save(model, archive);
        KerasModels.save(model, h5);
        KerasModels.save(model, weights);
        assertEquals(3, call(archive).getAsJsonArray("args").size());
        assertEquals(
                "[\"m\",0,0]",
                call(archive)
                        .getAsJsonObject("kwargs")
                        .getAsJsonObject("attention_mask")
                        .getAsJsonObject("config")
                        .get("keras_history")
                        .toString());
        try (Model fromArchive = KerasModels.load(archive);
                Model fromH5 = KerasModels.load(h5);
                Model fromWeights = KerasModels.load(weights, archive)) {
            for (Model back : List.of(fromArchive, fromH5, fromWeights)) {
                assertArrayEquals(y, predict(back, value, maskWithout(2)));
            }
        }
    }

    private void refused(String calls, String reason) {
        final Path file = file(calls);
        final UnsupportedLayerException e = assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(file));
        assertTrue(e.getMessage().contains(reason), e.getMessage());
    }

    /// By position the seventh argument masks scores, and the tenth is the causal mask.
    @Test
    void argumentsByPosition() {
        final String named = "{\"args\": [%s, %s], \"kwargs\": {\"attention_mask\": %s, \"use_causal_mask\": true}}"
                .formatted(Q, V, M);
        final String placed = "{\"args\": [%s, %s, null, null, null, null, %s, false, null, true], \"kwargs\": {}}"
                .formatted(Q, V, M);
        final float[] value = numbers(BATCH * VALUE.size(), 2);
        try (Model byName = KerasModels.load(file(named))) {
            assertTrue(((MultiHeadAttention) byName.graph().layer("mha")).useCausalMask());
            final float[] y = predict(byName, value, maskWithout(2));
            try (Model byPlace = KerasModels.load(file(placed))) {
                assertEquals(byName.graph().layers(), byPlace.graph().layers());
                assertArrayEquals(y, predict(byPlace, value, maskWithout(2)));
                comesBack(byPlace, value, y);
            }
        }
    }

    @Test
    void argumentsByPositionThatKerasRefuses() {
        final String nulls = "null, null, null, null";
        refused("{\"args\": [%s, null, %s], \"kwargs\": {}}".formatted(Q, V), "as argument 3 and without");
        refused(
                "{\"args\": [%s, %s, null, %s, null, null, null, %s], \"kwargs\": {}}".formatted(Q, V, nulls, M),
                "as argument 11, which it does not have");
        refused(
                "{\"args\": [%s, %s, %s, %s], \"kwargs\": {\"attention_mask\": %s}}".formatted(Q, V, nulls, M, M),
                "as argument 7, and with 'attention_mask'");
    }

    /// A shared layer, of which one call is causal: each gives what a layer with the same weights does that
    /// is so in all its calls.
    @Test
    void aCausalMaskInSomeCalls() {
        final String call = "{\"args\": [%s, %s], \"kwargs\": {\"use_causal_mask\": %s, \"attention_mask\": %s}}";
        final float[] value = numbers(BATCH * VALUE.size(), 2);
        final String causal = call.formatted(Q, V, "true", M);
        final String plain = call.formatted(Q, V, "false", M);
        try (Model all = KerasModels.load(file(causal));
                Model some = KerasModels.load(file(causal + ", " + plain))) {
            assertTrue(((MultiHeadAttention) all.graph().layer("mha")).useCausalMask());
            assertFalse(((MultiHeadAttention) some.graph().layer("mha")).useCausalMask());
            assertArrayEquals(predict(all, value, maskWithout(1)), predict(some, value, maskWithout(1)));
        }
        try (Model none = KerasModels.load(file(plain));
                Model some = KerasModels.load(file(plain + ", " + causal))) {
            assertArrayEquals(predict(none, value, maskWithout(1)), predict(some, value, maskWithout(1)));
        }
    }

    private static Layer causalOf(Layer layer) {
        return switch (layer) {
            case MultiHeadAttention heads -> heads.useCausalMask(true);
            case GroupQueryAttention heads -> heads.useCausalMask(true);
            case Attention plain -> new Attention(plain.useScale(), plain.scoreMode(), plain.dropout(), true);
            default -> new AdditiveAttention(true, 0, true);
        };
    }

    @TestFactory
    Stream<DynamicTest> causalMasksOfSomeCallsComeBack() {
        return Stream.<Layer>of(
                        new MultiHeadAttention(2, 3),
                        new GroupQueryAttention(3, 4, 2),
                        new Attention(true, "dot", 0, false),
                        new AdditiveAttention())
                .map(layer -> DynamicTest.dynamicTest(layer.typeName(), () -> someCalls(layer)));
    }

    private void someCalls(Layer layer) {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value q = builder.input("q", QUERY);
        final Graph.Value v = builder.input("v", VALUE);
        final Graph.Value sees = builder.add("sees", new CausalMask(), q, v);
        final String shared = builder.layer("att", layer);
        final Graph.Value plain = builder.call(shared, q, v).getFirst();
        final Graph.Value causal = builder.call(shared, q, v, v, sees).getFirst();
        final Dataset data = Dataset.of(List.of(
                Dataset.of(numbers(BATCH * QUERY.size(), 1), QUERY),
                Dataset.of(numbers(BATCH * VALUE.size(), 2), VALUE)));
        try (Model model = Model.create(builder.build(plain, causal), 5)) {
            final List<float[]> expected = model.predict(data, BATCH);
            final Graph.Builder other = Graph.builder();
            final Graph.Value q2 = other.input("q", QUERY);
            final Graph.Value v2 = other.input("v", VALUE);
            try (Model all = Model.create(other.build(other.add("att", causalOf(layer), q2, v2)), 5)) {
                for (ParameterLayout.Place place : all.layout().places()) {
                    model.layout().places().stream()
                            .filter(from -> from.path().equals(place.path()))
                            .forEach(from -> all.parameter(place)
                                    .copyFrom(model.parameter(from).toArray()));
                }
                assertArrayEquals(all.predict(data, BATCH).getFirst(), expected.get(1));
            }
            assertFalse(Arrays.equals(expected.get(0), expected.get(1)));
            final Path archive = folder.resolve("some.keras");
            for (Path file : List.of(archive, folder.resolve("some.h5"))) {
                KerasModels.save(model, file);
                try (Model back = KerasModels.load(file)) {
                    assertEquals(layer, back.graph().layer("att"));
                    for (int i = 0; i < 2; i++) {
                        assertArrayEquals(
                                expected.get(i), back.predict(data, BATCH).get(i));
                    }
                }
            }
            final JsonArray calls = last(archive).getAsJsonArray("inbound_nodes");
            assertEquals("{}", calls.get(0).getAsJsonObject().get("kwargs").toString());
            assertEquals(
                    "{\"use_causal_mask\":true}",
                    calls.get(1).getAsJsonObject().get("kwargs").toString());
            assertEquals(
                    calls.get(0).getAsJsonObject().get("args"),
                    calls.get(1).getAsJsonObject().get("args"));
        }
    }

    /// Elsewhere than before attention it is no argument of a call.
    @Test
    void aCausalMaskByItselfIsNotWritten() {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value q = builder.input("q", QUERY);
        final Graph.Value v = builder.input("v", VALUE);
        try (Model model = Model.create(builder.build(builder.add("sees", new CausalMask(), q, v)), 5)) {
            final IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class, () -> KerasModels.save(model, folder.resolve("sees.keras")));
            assertTrue(e.getMessage().contains("'sees' (CausalMask): Keras has no such layer"), e.getMessage());
        }
    }

    /// Layers without heads take no mask of the scores in Keras.
    @TestFactory
    Stream<DynamicTest> otherMasksOfScoresWithoutHeadsAreNotWritten() {
        return Stream.<Layer>of(new Attention(true, "dot", 0, false), new AdditiveAttention())
                .map(layer -> DynamicTest.dynamicTest(layer.typeName(), () -> notWritten(layer)));
    }

    private void notWritten(Layer layer) {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value q = builder.input("q", QUERY);
        final Graph.Value v = builder.input("v", VALUE);
        final Graph.Value m = builder.input("m", MASK);
        try (Model model = Model.create(builder.build(builder.add("att", layer, q, v, v, m)), 5)) {
            for (String name : List.of("scores.keras", "scores.h5")) {
                final Path file = folder.resolve(name);
                final IllegalArgumentException e =
                        assertThrows(IllegalArgumentException.class, () -> KerasModels.save(model, file));
                assertTrue(e.getMessage().contains("'att' (" + layer.typeName() + "): is called with a mask"), name);
                assertFalse(Files.exists(file), name);
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> causalMasksAreOfTheCall() {
        return Stream.<Layer>of(
                        new MultiHeadAttention(2, 3).useCausalMask(true),
                        new GroupQueryAttention(3, 4, 2).useCausalMask(true),
                        new GroupQueryAttention(3, 4, 2).useCausalMask(true).slidingWindow(2),
                        new MultiHeadAttention(2, 3).useCausalMask(true).useGate(true),
                        new Attention(true, "dot", 0, true),
                        new AdditiveAttention(true, 0, true))
                .map(layer -> DynamicTest.dynamicTest(layer.typeName(), () -> causal(layer)));
    }

    private void causal(Layer layer) {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value q = builder.input(QUERY);
        final Graph.Value v = builder.input(VALUE);
        final Dataset data = Dataset.of(List.of(
                Dataset.of(numbers(BATCH * QUERY.size(), 1), QUERY),
                Dataset.of(numbers(BATCH * VALUE.size(), 2), VALUE)));
        try (Model model = Model.create(builder.build(builder.add("att", layer, q, v)), 5)) {
            final Path archive = folder.resolve("causal.keras");
            for (Path file : List.of(archive, folder.resolve("causal.h5"))) {
                KerasModels.save(model, file);
                try (Model back = KerasModels.load(file)) {
                    assertEquals(layer, back.graph().layer("att"));
                    assertArrayEquals(
                            model.predict(data, BATCH).getFirst(),
                            back.predict(data, BATCH).getFirst());
                }
            }
            assertFalse(last(archive).getAsJsonObject("config").has("use_causal_mask"));
            assertTrue(call(archive)
                    .getAsJsonObject("kwargs")
                    .get("use_causal_mask")
                    .getAsBoolean());
        }
    }

    /// Scores are a second output, which is an output of the model here.
    @TestFactory
    Stream<DynamicTest> scoresAreAnOutput() {
        return Stream.<Layer>of(
                        new MultiHeadAttention(2, 3).returnAttentionScores(true).useGate(true),
                        new GroupQueryAttention(3, 4, 2)
                                .returnAttentionScores(true)
                                .useGate(true)
                                .slidingWindow(2),
                        new Attention(true, "dot", 0, false).returnAttentionScores(true),
                        new AdditiveAttention().returnAttentionScores(true))
                .map(layer -> DynamicTest.dynamicTest(layer.typeName(), () -> scores(layer)));
    }

    private void scores(Layer layer) {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value q = builder.input(QUERY);
        final Graph.Value v = builder.input(VALUE);
        final Dataset data = Dataset.of(List.of(
                Dataset.of(numbers(BATCH * QUERY.size(), 1), QUERY),
                Dataset.of(numbers(BATCH * VALUE.size(), 2), VALUE)));
        final List<Graph.Value> both = builder.call(builder.layer("att", layer), q, v);
        try (Model model = Model.create(builder.build(both.toArray(Graph.Value[]::new)), 5)) {
            final Path archive = folder.resolve("scores.keras");
            final Path weights = folder.resolve("scores.weights.h5");
            KerasModels.save(model, archive);
            KerasModels.save(model, weights);
            KerasModels.save(model, folder.resolve("scores.h5"));
            try (Model fromArchive = KerasModels.load(archive);
                    Model fromH5 = KerasModels.load(folder.resolve("scores.h5"));
                    Model fromWeights = KerasModels.load(weights, archive)) {
                for (Model back : List.of(fromArchive, fromH5, fromWeights)) {
                    assertEquals(layer, back.graph().layer("att"));
                    for (int i = 0; i < 2; i++) {
                        assertArrayEquals(
                                model.predict(data, BATCH).get(i),
                                back.predict(data, BATCH).get(i));
                    }
                }
            }
            final JsonObject entry = last(archive);
            assertFalse(entry.getAsJsonObject("config").has("return_attention_scores"));
            assertTrue(call(archive)
                    .getAsJsonObject("kwargs")
                    .get("return_attention_scores")
                    .getAsBoolean());
        }
    }

    /// Weights of a gate lie between those of keys and of values.
    @Test
    void gateOfAFile() {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value q = builder.input(QUERY);
        final Graph.Value v = builder.input(VALUE);
        final Path file = folder.resolve("gate.weights.h5");
        try (Model model =
                Model.create(builder.build(builder.add(new MultiHeadAttention(2, 3).useGate(true), q, v)), 5)) {
            assertEquals(
                    List.of("query", "key", "gate", "value", "attention_output"),
                    model.layout().places().stream()
                            .map(place -> place.path().split("/", -1)[1])
                            .distinct()
                            .toList());
            KerasModels.save(model, file);
        }
        try (H5File written = H5File.open(file)) {
            assertTrue(written.has("layers/multi_head_attention/_gate_dense/vars/0"));
        }
    }

    /// Keras calls the layer by one name in configurations and by another in its trees of weights.
    @Test
    void grouped() {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value q = builder.input(QUERY);
        final Graph.Value v = builder.input(VALUE);
        final Path file = folder.resolve("grouped.weights.h5");
        try (Model model = Model.create(builder.build(builder.add(new GroupQueryAttention(3, 4, 2), q, v)), 5)) {
            KerasModels.save(model, file);
        }
        try (H5File written = H5File.open(file)) {
            assertTrue(written.has("layers/grouped_query_attention/_query_dense/vars/0"));
            assertFalse(written.has("layers/group_query_attention"));
        }
    }
}
