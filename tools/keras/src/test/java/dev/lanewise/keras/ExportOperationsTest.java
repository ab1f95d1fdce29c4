package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.keras.ExportReport.Kind;
import dev.lanewise.keras.h5.H5File;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Divide;
import dev.lanewise.nn.layer.ElementwiseFunction;
import dev.lanewise.nn.layer.GetItem;
import dev.lanewise.nn.layer.Power;
import dev.lanewise.nn.layer.Reduction;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Stack;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Layers that Keras 3 has as operations on tensors, in its files and back.
class ExportOperationsTest {
    /// `ratio`, `powers`, `stack` and `last`.
    private static final int OF_SEVERAL = 4;

    @TempDir
    private Path folder;

    private static Map<String, Layer> layers() {
        final Map<String, Layer> layers = new LinkedHashMap<>();
        for (String function : List.of("absolute", "square", "sqrt", "rsqrt", "log", "log1p", "expm1", "sin", "cos")) {
            layers.put(function, new ElementwiseFunction(function));
        }
        for (String function : List.of(
                "divide",
                "power",
                "exponentiate",
                "maximum",
                "minimum",
                "equal",
                "not_equal",
                "greater",
                "greater_equal",
                "less",
                "less_equal")) {
            layers.put(function, new ElementwiseFunction(function, 0.7f));
        }
        layers.put("clip", new ElementwiseFunction("clip", 0.25f, 1.1f));
        for (String function : List.of("mean", "sum", "max", "min")) {
            layers.put(function, new Reduction(function, List.of(1), false));
            layers.put(function + "_kept", new Reduction(function, List.of(-1, 1), true));
        }
        layers.put("item", new GetItem(":, 1"));
        layers.put("slice", new GetItem("..., ::-2"));
        layers.put("part", new GetItem(":, 1:-1, -1"));
        layers.put("whole", new GetItem(":, ..., 2:"));
        layers.put("gelu", new Activation(Activations.of("gelu", Map.of("approximate", true))));
        return layers;
    }

    /// Each of them called on the same input, and quotients, powers and stacks of it and what a dense layer
    /// makes of it.
    private static Model model() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input("x", Shape.of(4, 6));
        final List<Graph.Value> outputs = new ArrayList<>();
        layers().forEach((name, layer) -> outputs.add(b.add(name, layer, x)));
        final Graph.Value dense = b.add("dense", new Dense(6, Activations.SIGMOID), x);
        outputs.add(b.add("ratio", new Divide(), x, dense));
        outputs.add(b.add("powers", new Power(), x, dense));
        outputs.add(b.add("stack", new Stack(1), x, dense, x));
        outputs.add(b.add("last", new Stack(-1), dense, x));
        return Model.create(b.build(outputs.toArray(Graph.Value[]::new)), 3);
    }

    private static List<float[]> predict(Model model) {
        try (var predictor = model.predictor(1);
                Memory memory = new Memory("ExportOperationsTest")) {
            final Tensor x = Tensor.zeros(
                    memory,
                    model.graph().inputShapes().getFirst().withoutFirst().prepend(1));
            for (int i = 0; i < x.size(); i++) {
                x.set(i, 0.05f + 0.11f * i);
            }
            final List<Tensor> outputs = model.graph().outputShapes().stream()
                    .map(shape -> Tensor.zeros(memory, shape.withoutFirst().prepend(1)))
                    .toList();
            predictor.run(List.of(x), outputs);
            return outputs.stream().map(Tensor::toArray).toList();
        }
    }

    private static void assertSame(Model model, Model back) {
        final List<float[]> expected = predict(model);
        final List<float[]> actual = predict(back);
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i), "output " + i);
        }
    }

    private static JsonObject config(Path archive) throws IOException {
        try (ZipFile zip = new ZipFile(archive.toFile());
                InputStream in = zip.getInputStream(zip.getEntry("config.json"))) {
            return JsonParser.parseString(new String(in.readAllBytes(), StandardCharsets.UTF_8))
                    .getAsJsonObject();
        }
    }

    private static JsonObject entry(JsonObject model, String name) {
        for (JsonElement layer : model.getAsJsonObject("config").getAsJsonArray("layers")) {
            if (layer.getAsJsonObject().get("name").getAsString().equals(name)) {
                return layer.getAsJsonObject();
            }
        }
        throw new AssertionError("no layer " + name);
    }

    /// The arguments of its call, with names for tensors.
    private static String args(JsonObject entry) {
        final JsonArray named = new JsonArray();
        for (JsonElement argument :
                entry.getAsJsonArray("inbound_nodes").get(0).getAsJsonObject().getAsJsonArray("args")) {
            if (KerasCalls.isTensor(argument)) {
                named.add(argument.getAsJsonObject()
                        .getAsJsonObject("config")
                        .getAsJsonArray("keras_history")
                        .get(0));
            } else {
                named.add(argument);
            }
        }
        return named.toString();
    }

    @Test
    void eachGoesOutAsAnOperationAndComesBack() throws IOException {
        try (Model model = model()) {
            for (String ending : List.of(".keras", ".h5")) {
                final Path file = folder.resolve("m" + ending);
                final ExportReport report = KerasModels.save(model, file);
                try (Model back = KerasModels.load(file)) {
                    assertSame(model, back);
                    assertEquals(
                            layers().get("divide"), back.graph().layer("divide"), "a number divided by each element");
                    assertEquals(new Divide(), back.graph().layer("ratio"));
                    assertEquals(new Power(), back.graph().layer("powers"));
                    assertEquals(new Stack(1), back.graph().layer("stack"));
                    assertEquals(new Stack(-1), back.graph().layer("last"));
                    layers().forEach((name, layer) -> {
                        if (!(layer instanceof GetItem)) {
                            assertEquals(layer, back.graph().layer(name));
                        }
                    });
                }
                if (ending.equals(".keras")) {
                    assertEquals(List.of(), report.notes());
                } else {
                    final long operations = report.notes().stream()
                            .filter(note -> note.kind() == Kind.KERAS_3_ONLY)
                            .count();
                    assertEquals(layers().size() + OF_SEVERAL, operations);
                }
            }
            final Path weights = folder.resolve("m.weights.h5");
            KerasModels.save(model, weights);
            try (Model back = KerasModels.load(weights, folder.resolve("m.keras"));
                    H5File tree = H5File.open(weights)) {
                assertSame(model, back);
                assertTrue(tree.has("layers/dense/vars") && tree.has("layers/input_layer/vars"));
                assertFalse(tree.has("layers/divide") || tree.has("layers/get_item"));
            }
        }
    }

    @Test
    void entriesHaveKerasForm() throws IOException {
        final Path file = folder.resolve("m.keras");
        try (Model model = model()) {
            KerasModels.save(model, file);
        }
        final JsonObject config = config(file);
        final JsonObject ratio = entry(config, "ratio");
        assertEquals("keras.src.ops.numpy", ratio.get("module").getAsString());
        assertEquals("Divide", ratio.get("class_name").getAsString());
        assertEquals("Divide", ratio.get("registered_name").getAsString());
        assertEquals("{\"name\":\"ratio\"}", ratio.get("config").toString());
        assertEquals("[\"x\",\"dense\"]", args(ratio));
        assertFalse(ratio.has("build_config"));
        assertEquals("[0.7,\"x\"]", args(entry(config, "divide")));
        assertEquals("[\"x\",0.7]", args(entry(config, "power")));
        assertEquals("[0.7,\"x\"]", args(entry(config, "exponentiate")));
        assertEquals(
                "{\"x_min\":0.25,\"x_max\":1.1}",
                entry(config, "clip").get("config").toString());
        assertEquals("keras.src.ops.math", entry(config, "rsqrt").get("module").getAsString());
        assertEquals(
                "{\"axis\":1,\"keepdims\":false}",
                entry(config, "mean").get("config").toString());
        assertEquals(
                "{\"axis\":[-1,1],\"keepdims\":true,\"initial\":null}",
                entry(config, "max_kept").get("config").toString());
        final String all = "{\"class_name\":\"__slice__\",\"config\":{\"start\":null,\"stop\":null,\"step\":null}}";
        assertEquals("[\"x\",[" + all + ",1," + all + "]]", args(entry(config, "item")));
        assertEquals(
                "[\"x\",[" + all + "," + all + "," + all.replace("\"step\":null", "\"step\":-2") + "]]",
                args(entry(config, "slice")));
    }

    /// In `.h5` files the module tells Keras 3's reader that it is no layer; there tf.keras 2 reads what is
    /// layers alone.
    @Test
    void h5FilesNameTheModuleOfOperationsAlone() {
        final Path file = folder.resolve("m.h5");
        try (Model model = model()) {
            KerasModels.save(model, file);
        }
        try (H5File h5 = H5File.open(file)) {
            final JsonObject config =
                    JsonParser.parseString(h5.string("/", "model_config")).getAsJsonObject();
            assertTrue(h5.string("/", "keras_version").startsWith("3."));
            assertEquals(List.of("x", "dense"), h5.strings("model_weights", "layer_names"));
            assertEquals(
                    "keras.src.ops.numpy", entry(config, "ratio").get("module").getAsString());
            assertFalse(entry(config, "dense").has("module"));
            // A list of references, as in the files of both.
            assertTrue(entry(config, "dense").getAsJsonArray("inbound_nodes").get(0) instanceof JsonArray);
        }
    }

    /// Keras has operations in functional models alone.
    @Test
    void chainWithAnOperationIsFunctional() throws IOException {
        final Path file = folder.resolve("chain.keras");
        try (Model model = Model.create(
                Sequential.input(6)
                        .add(new Dense(4))
                        .add(new Reduction("mean", List.of(1), true))
                        .build(),
                3)) {
            KerasModels.save(model, file);
            assertEquals("Functional", config(file).get("class_name").getAsString());
            try (Model back = KerasModels.load(file)) {
                assertSame(model, back);
            }
        }
    }

    /// What came as operations goes out as it came, also with another head, and where a layer computes the
    /// same.
    @Test
    void operationsOfAFileAreKept() throws IOException {
        final Path given = OperationsFile.write(
                folder.resolve("given.keras"),
                OperationsFile.operation("numpy", "Multiply", "twice", "\"name\": \"twice\"", "2, " + tensor("x", 4)),
                OperationsFile.operation("nn", "Gelu", "gelu", "\"approximate\": false", tensor("twice", 4)),
                OperationsFile.operation("nn", "Softmax", "soft", "\"axis\": -1", tensor("gelu", 4)),
                OperationsFile.operation(
                        "numpy",
                        "Concatenate",
                        "joined",
                        "\"axis\": -1",
                        "[" + tensor("gelu", 4) + ", " + tensor("soft", 4) + "]"),
                OperationsFile.operation("nn", "Gelu", "fast", "\"approximate\": true", tensor("joined", 8)),
                OperationsFile.operation("numpy", "Mean", "op", "\"axis\": -1, \"keepdims\": true", tensor("fast", 8)));
        final Path again = folder.resolve("again.keras");
        try (Model model = KerasModels.load(given)) {
            assertEquals(new Rescaling(2), model.graph().layer("twice"));
            assertEquals(List.of(), KerasModels.save(model, again).notes());
            assertEquals(
                    config(given).getAsJsonObject("config").get("layers"),
                    config(again).getAsJsonObject("config").get("layers"));
            // tf.keras 2 has no operations, and layers where there are some.
            final Path h5 = folder.resolve("again.h5");
            final ExportReport report = KerasModels.save(model, h5);
            assertEquals(
                    List.of("twice", "gelu", "soft", "joined"),
                    report.notes().stream()
                            .filter(note -> note.kind() == Kind.OTHER_LAYER)
                            .map(ExportReport.Note::where)
                            .toList());
            try (Model back = KerasModels.load(h5)) {
                assertSame(model, back);
            }
            try (Model head = model.edit().withHead(new Dense(3), 1)) {
                KerasModels.save(head, again);
                assertEquals("[2,\"x\"]", args(entry(config(again), "twice")));
                assertEquals(entry(config(given), "gelu"), entry(config(again), "gelu"));
                try (Model back = KerasModels.load(again)) {
                    assertSame(head, back);
                }
            }
        }
    }

    private static String tensor(String layer, int size) {
        return OperationsFile.tensor(layer, "[null, " + size + "]");
    }

    @Test
    void operationThatMeansAnotherLayerNowIsNotKept() throws IOException {
        final Path given = OperationsFile.write(
                folder.resolve("given.keras"),
                OperationsFile.operation("numpy", "Square", "op", "\"name\": \"op\"", tensor("x", 4)));
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input("x", Shape.of(4));
        try (Model model = KerasModels.load(given);
                Model other = Model.create(b.build(b.add("op", new Rescaling(3), x)), 1)) {
            other.attributes().put(KerasImport.ATTRIBUTE, model.attributes().get(KerasImport.ATTRIBUTE));
            final Path file = folder.resolve("other.keras");
            KerasModels.save(other, file);
            assertEquals(
                    "Rescaling", entry(config(file), "op").get("class_name").getAsString());
        }
    }

    @Test
    void whereNoOperationFitsIsSaid() {
        final Path file = folder.resolve("steps.keras");
        try (Model model = Model.create(
                Sequential.input(Shape.of(5, 4))
                        .add(new TimeDistributed(new ElementwiseFunction("square")))
                        .build(),
                1)) {
            final String message = assertThrows(IllegalArgumentException.class, () -> KerasModels.save(model, file))
                    .getMessage();
            assertTrue(message.contains("ElementwiseFunction"), message);
            assertFalse(Files.exists(file));
        }
        try (Model model = Model.create(
                Sequential.input(4)
                        .add(new Dense(4, Activations.of("hard_sigmoid", Map.of("legacy", true))))
                        .add(new ElementwiseFunction("square"))
                        .build(),
                1)) {
            final Path h5 = folder.resolve("both.h5");
            final String message = assertThrows(IllegalArgumentException.class, () -> KerasModels.save(model, h5))
                    .getMessage();
            assertTrue(message.contains("no file can hold both"), message);
            assertFalse(Files.exists(h5));
        }
    }
}
