package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.data.Dataset;
import dev.lanewise.keras.KerasTestFile.Weight;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Functional models of Keras 3 have the operations that make masks among their layers, and masks as
/// arguments by name.
class MaskArgumentsTest {
    private static final float[] TABLE = {9, -9, 1, 2, 3, 4, 5, 6};

    @TempDir
    private Path folder;

    private static String tensor(String layer) {
        return """
                {"class_name": "__keras_tensor__", "config": {"shape": [null, 3], "dtype": "float32",
                 "keras_history": ["%s", 0, 0]}}""".formatted(layer);
    }

    private static String layer(String type, String name, String config, String args, String kwargs) {
        return """
                {"module": "keras.layers", "class_name": "%1$s", "registered_name": null, "name": "%2$s",
                 "config": {"name": "%2$s", "trainable": true, %3$s "dtype": "float32"},
                 "inbound_nodes": [{"args": [%4$s], "kwargs": {%5$s}}]}""".formatted(type, name, config, args, kwargs);
    }

    private static String operation(String type, String name, String config, String args) {
        return """
                {"module": "keras.src.ops.numpy", "class_name": "%1$s", "registered_name": "%1$s", "name": "%2$s",
                 "config": {"name": "%2$s" %3$s}, "inbound_nodes": [{"args": [%4$s], "kwargs": {}}]}""".formatted(type, name, config, args);
    }

    private static final String EMBEDDING =
            layer("Embedding", "e", "\"input_dim\": 4, \"output_dim\": 2, \"mask_zero\": true,", tensor("i"), "");

    private Path file(String shape, String output, String... layers) {
        final String config = """
                {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional",
                 "config": {"name": "m", "layers": [
                  {"module": "keras.layers", "class_name": "InputLayer", "registered_name": null, "name": "i",
                   "config": {"batch_shape": %s, "dtype": "float32", "name": "i"}, "inbound_nodes": []}, %s],
                  "input_layers": ["i", 0, 0], "output_layers": ["%s", 0, 0]}}""".formatted(shape, String.join(", ", layers), output);
        return KerasTestFile.archive(
                folder.resolve("m.keras"),
                config,
                "layers/",
                List.of(new Weight("e", "embedding", "embeddings", true, 4, 2)));
    }

    /// Sets the table, and predicts for the words 2 and 3 and one that is masked.
    private static float[] predict(Model model) {
        if (model.graph().layers().containsKey("e")) {
            model.parameter("e/embeddings").copyFrom(TABLE);
        }
        return model.predict(Dataset.of(new float[] {2, 0, 3}, Shape.of(3)), 1).getFirst();
    }

    private static String average(String from, String mask) {
        return layer("GlobalAveragePooling1D", "g", "", tensor(from), "\"mask\": " + mask);
    }

    @Test
    void theMaskOfAnEmbeddingComesAlongAnyway() {
        final String not = operation("NotEqual", "not_equal", "", tensor("i") + ", 0");
        final String dropped = layer("Dropout", "d", "\"rate\": 0.5,", tensor("e"), "");
        final Path file = file("[null, 3]", "g", EMBEDDING, not, dropped, average("d", tensor("not_equal")));
        try (Model model = KerasModels.load(file)) {
            assertEquals(
                    List.of("i", "e", "d", "g"),
                    List.copyOf(model.graph().layers().keySet()));
            assertArrayEquals(new float[] {4, 5}, predict(model));
        }
    }

    @Test
    void theMaskOfRowsThatAreNotAllOneNumber() {
        final String masking = layer("Masking", "k", "\"mask_value\": 7.0,", tensor("i"), "");
        final String not = operation("NotEqual", "not_equal", "", tensor("i") + ", 7.0");
        final String any = operation("Any", "any", ", \"axis\": [-1], \"keepdims\": false", tensor("not_equal"));
        try (Model model =
                KerasModels.load(file("[null, 3, 1]", "g", masking, not, any, average("k", tensor("any"))))) {
            final Dataset x = Dataset.of(new float[] {1, 7, 4}, Shape.of(3, 1));
            assertArrayEquals(new float[] {2.5f}, model.predict(x, 1).getFirst());
        }
    }

    /// Attention has masks of query and value; what is added to its query has both masks, and Keras joins them.
    @Test
    void masksOfAttentionAndOfWhatIsMerged() {
        final String not = operation("NotEqual", "not_equal", "", tensor("i") + ", 0");
        final String sum = layer(
                "Add",
                "a",
                "",
                "[" + tensor("e") + ", " + tensor("e") + "]",
                "\"mask\": [" + tensor("not_equal") + ", " + tensor("not_equal") + "]");
        final String or = operation("LogicalOr", "logical_or", "", tensor("not_equal") + ", " + tensor("not_equal"));
        try (Model model =
                KerasModels.load(file("[null, 3]", "g", EMBEDDING, not, sum, or, average("a", tensor("logical_or"))))) {
            assertArrayEquals(new float[] {8, 10}, predict(model));
        }
    }

    /// A mask that does not come along anyway is the call's own.
    @Test
    void otherMasksStay() {
        final String not = operation("NotEqual", "not_equal", "", tensor("i") + ", 3");
        try (Model model =
                KerasModels.load(file("[null, 3]", "g", EMBEDDING, not, average("e", tensor("not_equal"))))) {
            assertArrayEquals(new float[] {(3 + 9) / 2f, (4 - 9) / 2f}, predict(model));
        }
        final String plain = EMBEDDING.replace("\"mask_zero\": true", "\"mask_zero\": false");
        final String zero = operation("NotEqual", "not_equal", "", tensor("i") + ", 0");
        try (Model model = KerasModels.load(file("[null, 3]", "g", plain, zero, average("e", tensor("not_equal"))))) {
            assertArrayEquals(new float[] {4, 5}, predict(model));
        }
        // One that is an output stays too.
        try (Model model =
                KerasModels.load(file("[null, 3]", "not_equal", EMBEDDING, zero, average("e", tensor("not_equal"))))) {
            assertEquals(
                    List.of("i", "not_equal"),
                    List.copyOf(model.graph().layers().keySet()));
            assertArrayEquals(new float[] {1, 0, 1}, predict(model));
        }
    }

    /// Keras' operations know no masks: what comes after them counts all steps.
    @Test
    void operationsEndMasks() {
        final String sum = operation("Add", "a", "", tensor("e") + ", " + tensor("e"));
        try (Model model = KerasModels.load(file("[null, 3]", "g", EMBEDDING, sum, average("a", "null")))) {
            assertArrayEquals(new float[] {(6 + 18 + 10) / 3f, (8 - 18 + 12) / 3f}, predict(model), 1e-6f);
        }
        final String relu = operation("Relu", "a", "", tensor("e"));
        try (Model model = KerasModels.load(file("[null, null]", "g", EMBEDDING, relu, average("a", "null")))) {
            assertArrayEquals(new float[] {(3 + 9 + 5) / 3f, (4 + 0 + 6) / 3f}, predict(model), 1e-6f);
        }
        // The layer of that name passes them on.
        final String layer = layer("ReLU", "a", "\"max_value\": null, \"negative_slope\": 0.0,", tensor("e"), "");
        try (Model model = KerasModels.load(file("[null, 3]", "g", EMBEDDING, layer, average("a", "null")))) {
            assertArrayEquals(new float[] {4, 5}, predict(model));
        }
    }

    /// Each value is looked at once, however many ways lead to it.
    @Test
    void mergesOfMergesEnd() {
        final StringBuilder layers = new StringBuilder(EMBEDDING);
        String last = "e";
        for (int i = 0; i < 60; i++) {
            final String both = "[" + tensor(last) + ", " + tensor(last) + "]";
            last = "a" + i;
            layers.append(", ").append(layer("Add", last, "", both, ""));
        }
        final String not = operation("NotEqual", "not_equal", "", tensor("i") + ", 0");
        try (Model model =
                KerasModels.load(file("[null, 3]", "g", layers.toString(), not, average(last, tensor("not_equal"))))) {
            assertEquals(63, model.graph().layers().size());
        }
    }
}
