package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.keras.h5.H5Dataset;
import dev.lanewise.keras.h5.H5File;
import dev.lanewise.keras.h5.H5Type;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// What Keras' own readers ask of a file, checked in every export: the rules of keras-formats.md, section 5.
class ExportRulesTest {
    private static final Set<String> SHORT_NAMES = Set.of("mse", "mae", "mape", "msle", "bce", "kld", "acc");

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> exportsKeepTheRulesOfKerasReaders() {
        final Stream<Path> models = Fixtures.rows().stream()
                .filter(row -> row.format().equals("h5-whole") || row.format().equals("keras-zip"))
                .map(Fixtures.Row::path)
                .filter(Files::exists);
        final Stream<Path> trained = OptimizerFixturesTest.folders().stream().map(run -> run.resolve("final.h5"));
        return Stream.concat(models, trained)
                .map(file -> DynamicTest.dynamicTest(
                        file.getParent().getFileName() + "/" + file.getFileName(), () -> check(file)));
    }

    private void check(Path file) throws IOException {
        try (Model model = KerasModels.load(file)) {
            try {
                final Path h5 = folder.resolve("model.h5");
                KerasModels.save(model, h5);
                legacy(h5);
                final Path archive = folder.resolve("model.keras");
                KerasModels.save(model, archive);
                archive(archive);
            } catch (IllegalArgumentException e) {
                assertTrue(e.getMessage().matches("(?s).*(Keras 1 alone|hard_sigmoid).*"), e.getMessage());
            }
        } catch (UnsupportedLayerException e) {
            assertFalse(e.report().refusals().isEmpty());
        }
    }

    private static void legacy(Path path) {
        try (H5File file = H5File.open(path)) {
            for (String at : List.of("/", "model_weights")) {
                assertNotNull(file.string(at, "keras_version"));
                assertEquals("tensorflow", file.string(at, "backend"));
            }
            final JsonObject config = object(file.string("/", "model_config"));
            model(config, false);
            walk(config, ExportRulesTest::legacyObject);
            final List<String> listed = new ArrayList<>();
            layers(config).forEach(layer -> listed.add(name(layer)));
            final List<String> names = file.strings("model_weights", "layer_names");
            assertEquals(listed, names);
            for (String layer : listed) {
                final List<String> weights = file.strings("model_weights/" + layer, "weight_names");
                assertNotNull(weights, layer);
                for (String weight : weights) {
                    assertNotNull(file.dataset("model_weights/" + layer + "/" + weight), weight);
                }
            }
            final String training = file.string("/", "training_config");
            if (training != null) {
                training(file, object(training));
            }
        }
    }

    private static void training(H5File file, JsonObject training) {
        assertTrue(training.has("loss_weights") && training.has("weighted_metrics"), training.toString());
        for (String key : List.of("loss", "metrics")) {
            texts(training.get(key), name -> assertFalse(SHORT_NAMES.contains(name), name));
        }
        final JsonObject optimizer = training.getAsJsonObject("optimizer_config");
        final JsonElement rate = optimizer.getAsJsonObject("config").get("learning_rate");
        optimizer
                .getAsJsonObject("config")
                .entrySet()
                .forEach(setting -> assertFalse(setting.getValue().isJsonNull(), setting.getKey()));
        final List<String> names = file.strings("optimizer_weights", "weight_names");
        assertNotNull(names);
        assertEquals(H5Type.INT64, type(file, "optimizer_weights/" + names.getFirst()));
        assertEquals(rate.isJsonPrimitive(), names.size() > 1 && names.get(1).endsWith("/learning_rate"));
    }

    private static void archive(Path path) throws IOException {
        final Path weights = path.resolveSibling("members.weights.h5");
        final JsonObject config;
        try (ZipFile zip = new ZipFile(path.toFile())) {
            assertEquals(
                    List.of("metadata.json", "config.json", "model.weights.h5"),
                    zip.stream().map(ZipEntry::getName).toList());
            config = object(text(zip, "config.json"));
            assertTrue(object(text(zip, "metadata.json"))
                    .get("keras_version")
                    .getAsString()
                    .startsWith("3."));
            try (InputStream in = zip.getInputStream(zip.getEntry("model.weights.h5"))) {
                Files.write(weights, in.readAllBytes());
            }
        }
        model(config, true);
        walk(config, ExportRulesTest::object);
        try (H5File file = H5File.open(weights)) {
            tree(file, config, "");
            final JsonObject compiled = config.getAsJsonObject("compile_config");
            assertNotNull(compiled);
            if (compiled.has("optimizer")) {
                assertEquals(
                        "keras.optimizers",
                        compiled.getAsJsonObject("optimizer").get("module").getAsString());
                assertEquals(H5Type.INT64, type(file, "optimizer/vars/0"));
            }
        }
    }

    /// The same things in both forms: inputs first, references to calls that there are.
    private static void model(JsonObject model, boolean keras3) {
        final String type = model.get("class_name").getAsString();
        assertTrue(type.equals("Sequential") || type.equals("Functional"), type);
        final JsonObject config = model.getAsJsonObject("config");
        final JsonArray layers = config.getAsJsonArray("layers");
        final Map<String, Integer> calls = new HashMap<>();
        for (JsonElement element : layers) {
            final JsonObject layer = element.getAsJsonObject();
            final JsonObject own = layer.getAsJsonObject("config");
            final String kind = layer.get("class_name").getAsString();
            assertFalse(name(layer).contains("/"), name(layer));
            if (kind.equals("InputLayer")) {
                assertTrue(own.has(keras3 ? "batch_shape" : "batch_input_shape"), own.toString());
                assertFalse(own.has(keras3 ? "batch_input_shape" : "batch_shape"), own.toString());
            }
            if (own.has("layers")) {
                model(layer, keras3);
            }
            if (type.equals("Functional")) {
                assertEquals(name(layer), layer.get("name").getAsString());
                final int count = layer.getAsJsonArray("inbound_nodes").size();
                assertEquals(kind.equals("InputLayer"), count == 0, name(layer));
                assertEquals(null, calls.put(name(layer), Math.max(1, count)), "two layers are named " + name(layer));
            }
        }
        if (type.equals("Sequential")) {
            assertEquals(
                    "InputLayer",
                    layers.get(0).getAsJsonObject().get("class_name").getAsString());
            assertFalse(config.has("input_layers"));
            return;
        }
        for (JsonElement layer : layers) {
            for (JsonElement node : layer.getAsJsonObject().getAsJsonArray("inbound_nodes")) {
                references(node, ref -> {
                    final Integer count = calls.get(ref.get(0).getAsString());
                    assertTrue(count != null && ref.get(1).getAsInt() < count, ref.toString());
                });
            }
        }
        for (String ends : List.of("input_layers", "output_layers")) {
            references(
                    config.get(ends),
                    ref -> assertTrue(calls.containsKey(ref.get(0).getAsString()), ref.toString()));
        }
    }

    private static void legacyObject(JsonObject object) {
        if (isOperation(object)) {
            return;
        }
        for (String key : List.of("module", "registered_name", "time_major", "shared_object_id", "build_config")) {
            // Calls with several arguments have Keras 3's form.
            assertFalse(object.has(key), key);
        }
        final JsonElement dtype = object.get("dtype");
        assertTrue(dtype == null || dtype.isJsonPrimitive(), String.valueOf(dtype));
        if (object.has("class_name") && object.get("config") instanceof JsonObject config) {
            final String type = object.get("class_name").getAsString();
            if (type.matches("(Depthwise|Separable).*|.*Transpose")) {
                assertFalse(config.has("groups"), type);
            }
            if (type.equals("LeakyReLU")) {
                assertTrue(config.has("alpha") && !config.has("negative_slope"), config.toString());
            }
            if (type.equals("BatchNormalization")) {
                assertTrue(config.get("axis").isJsonPrimitive(), config.toString());
            }
            assertFalse(type.endsWith("Cell") && config.has("seed"), type);
            // The one name that all versions know.
            assertFalse(type.startsWith("Orthogonal") && !type.equals("OrthogonalRegularizer"), type);
            if (type.matches("Cropping1D|UpSampling1D|ZeroPadding1D|Resizing|CenterCrop")) {
                assertFalse(config.has("data_format"), type);
            }
        }
    }

    private static void object(JsonObject object) {
        assertFalse(object.has("shared_object_id") || object.has("time_major"), object.toString());
        if (object.has("class_name") && !object.get("class_name").getAsString().equals("__keras_tensor__")) {
            assertTrue(
                    (object.has("module") && object.has("registered_name"))
                            || object.get("class_name").getAsString().equals("__slice__"),
                    () -> object.toString());
        }
    }

    /// A group of variables for every object, empty ones too.
    private static void tree(H5File file, JsonObject model, String at) {
        assertTrue(file.has(at + "vars"), at);
        assertEquals(name(model), file.string(at + "vars", "name"));
        final Map<String, Integer> counts = new HashMap<>();
        for (JsonObject layer : layers(model)) {
            final String type = layer.get("class_name").getAsString();
            // Keras exports this class by another name than its own, which the tree has.
            final String snake = type.equals("GroupQueryAttention")
                    ? "grouped_query_attention"
                    : Graph.snakeCase(type.substring(type.lastIndexOf('>') + 1));
            final int number = counts.merge(snake, 1, Integer::sum) - 1;
            final String path = at + "layers/" + snake + (number == 0 ? "" : "_" + number);
            if (layer.getAsJsonObject("config").has("layers")) {
                tree(file, layer, path + "/");
            } else {
                assertTrue(file.has(path + "/vars"), path);
                assertEquals(name(layer), file.string(path + "/vars", "name"));
            }
        }
    }

    private static H5Type type(H5File file, String path) {
        final H5Dataset data = file.dataset(path);
        assertNotNull(data, path);
        assertTrue(data.isScalar(), path);
        return data.type();
    }

    /// Operations are no layers, and name their module in every format.
    private static boolean isOperation(JsonObject object) {
        return object.has("module") && object.get("module").getAsString().startsWith("keras.src.ops");
    }

    /// Those that Keras counts: a Sequential has none for its input.
    private static List<JsonObject> layers(JsonObject model) {
        final boolean sequential = model.get("class_name").getAsString().equals("Sequential");
        final List<JsonObject> layers = new ArrayList<>();
        for (JsonElement layer : model.getAsJsonObject("config").getAsJsonArray("layers")) {
            final JsonObject object = layer.getAsJsonObject();
            if (!isOperation(object)
                    && (!sequential || !object.get("class_name").getAsString().equals("InputLayer"))) {
                layers.add(object);
            }
        }
        return layers;
    }

    private static String name(JsonObject object) {
        return object.getAsJsonObject("config").get("name").getAsString();
    }

    private interface Check<T> {
        void of(T value);
    }

    private static void walk(JsonElement json, Check<JsonObject> check) {
        if (json instanceof JsonObject object) {
            check.of(object);
            object.entrySet().forEach(entry -> walk(entry.getValue(), check));
        } else if (json instanceof JsonArray array) {
            array.forEach(element -> walk(element, check));
        }
    }

    private static void texts(JsonElement json, Check<String> check) {
        if (json.isJsonPrimitive() && json.getAsJsonPrimitive().isString()) {
            check.of(json.getAsString());
        } else if (json instanceof JsonObject object) {
            object.entrySet().forEach(entry -> texts(entry.getValue(), check));
        } else if (json instanceof JsonArray array) {
            array.forEach(element -> texts(element, check));
        }
    }

    private static void references(JsonElement json, Check<JsonArray> check) {
        if (json instanceof JsonArray array) {
            if (array.size() >= 3
                    && array.get(0).isJsonPrimitive()
                    && array.get(0).getAsJsonPrimitive().isString()) {
                check.of(array);
            } else {
                array.forEach(element -> references(element, check));
            }
        } else if (json instanceof JsonObject object) {
            object.entrySet().stream()
                    .filter(entry -> !entry.getKey().equals("shape"))
                    .forEach(entry -> references(entry.getValue(), check));
        }
    }

    private static String text(ZipFile zip, String member) throws IOException {
        try (InputStream in = zip.getInputStream(zip.getEntry(member))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static JsonObject object(String json) {
        return JsonParser.parseString(json).getAsJsonObject();
    }
}
