package dev.lanewise.keras;

import static dev.lanewise.keras.H5Builder.hard;
import static dev.lanewise.keras.H5Builder.text;
import static dev.lanewise.keras.H5Builder.texts;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Models within models as Keras 2 wrote them, with dense layers of one input and one unit: each weight is a
/// number.
class NestedModelsTest {
    @TempDir
    private Path folder;

    private static String dense(String name, boolean trainable) {
        return """
                {"class_name": "Dense", "name": "%1$s", "config": {"name": "%1$s", "units": 1, "use_bias": false,
                 "activation": "linear", "trainable": %2$s}}""".formatted(name, trainable);
    }

    private static String sequential(String name, String more, String... layers) {
        return """
                {"class_name": "Sequential", "name": "%1$s", "config": {"name": "%1$s", %2$s "layers": [%3$s]}}""".formatted(name, more, String.join(", ", layers));
    }

    private static final String INPUT = """
            {"class_name": "InputLayer", "name": "i", "config": {"name": "i", "batch_input_shape": [null, 1]},
             "inbound_nodes": []}""";

    /// A file whose groups have these numbers: `name: weight, weight; name: …`.
    private Path file(String config, String groups) {
        final H5Builder file = new H5Builder();
        final List<String> names = new ArrayList<>();
        final List<H5Builder.Message> links = new ArrayList<>();
        for (String group : groups.split(";", -1)) {
            final String name = group.split(":", -1)[0].strip();
            final List<String> weights = new ArrayList<>();
            final List<H5Builder.Message> data = new ArrayList<>();
            for (String weight : group.split(":", -1)[1].split(",", -1)) {
                if (!weight.isBlank()) {
                    final String[] parts = weight.strip().split("=", -1);
                    final String path = parts[0];
                    weights.add(path);
                    data.add(hard(path, file.dataset(new float[] {Float.parseFloat(parts[1])}, 1, 1)));
                }
            }
            data.add(texts("weight_names", weights));
            names.add(name);
            links.add(hard(name, file.group(data.toArray(new H5Builder.Message[0]))));
        }
        links.add(texts("layer_names", names));
        final long weights = file.group(links.toArray(new H5Builder.Message[0]));
        try {
            return Files.write(
                    folder.resolve("model.h5"),
                    file.finish(file.group(
                            hard("model_weights", weights),
                            text("model_config", config),
                            text("keras_version", "2.2.4"))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static float weight(Model model, String path) {
        return model.parameter(path).get(0);
    }

    /// References to a model's first call say 1 in Keras 1 and 2: it had one of its own.
    @Test
    void callsOfModelsCountFromOneInKeras2() {
        final String inner = sequential(
                        "s", "", dense("a", true).replace("\"units\"", "\"batch_input_shape\": [null, 1], \"units\""))
                .replaceFirst("\\}$", ", \"inbound_nodes\": [[[\"i\", 0, 0, {}]], [[\"s\", 1, 0, {}]]]}");
        final String config = """
                {"class_name": "Model", "config": {"name": "m", "layers": [%s, %s],
                 "input_layers": [["i", 0, 0]], "output_layers": [["s", 2, 0]]}}""".formatted(INPUT, inner);
        try (ImportedModel imported = KerasModels.importFile(file(config, "i: ; s: k=3"))) {
            final Model model = imported.model();
            assertEquals(3, weight(model, "s/a/kernel"));
            assertEquals(2, model.graph().group("s").calls().size());
            assertArrayEquals(
                    new float[] {18},
                    model.predict(dev.lanewise.data.Dataset.of(new float[] {2}, dev.lanewise.tensor.Shape.of(1)), 1)
                            .getFirst());
        }
    }

    /// Trained weights first, then frozen ones, whatever the order of the layers.
    @Test
    void frozenLayersComeLastInTheirGroup() {
        final String inner =
                sequential("s", "", dense("a", false), dense("b", true), dense("c", false), dense("d", true));
        final String config = """
                {"class_name": "Sequential", "config": {"name": "m", "layers": [
                  {"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [null, 1]}}, %s, %s]}}""".formatted(inner, dense("e", true));
        try (ImportedModel imported = KerasModels.importFile(file(config, "i: ; s: k1=2, k2=4, k3=1, k4=3; e: k=5"))) {
            final Model model = imported.model();
            assertEquals(1, weight(model, "s/a/kernel"));
            assertEquals(2, weight(model, "s/b/kernel"));
            assertEquals(3, weight(model, "s/c/kernel"));
            assertEquals(4, weight(model, "s/d/kernel"));
            assertEquals(Set.of("s/a", "s/c"), model.graph().frozen());
            assertFalse(imported.report().allFindings().stream().anyMatch(f -> f.reason() == Reason.ORDER_BY_NAME));
        }
        final String frozen = config.replace(
                "\"name\": \"s\", \"config\": {", "\"name\": \"s\", \"config\": {\"trainable\": false, ");
        try (ImportedModel imported = KerasModels.importFile(file(frozen, "i: ; s: k1=2, k2=4, k3=1, k4=3; e: k=5"))) {
            // All frozen: layer by layer.
            assertEquals(2, weight(imported.model(), "s/a/kernel"));
            assertEquals(4, weight(imported.model(), "s/b/kernel"));
            assertEquals(
                    Set.of("s/a", "s/b", "s/c", "s/d"), imported.model().graph().frozen());
        }
    }

    /// Keras 2 did not write whether a functional model was frozen: then the names tell.
    @Test
    void namesTellTheOrderWhereFlagsDoNot() {
        final String inner = sequential("s", "", dense("a", false), dense("b", true));
        final String config = """
                {"class_name": "Sequential", "config": {"name": "m", "layers": [
                  {"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [null, 1]}}, %s]}}""".formatted(inner);
        final H5Builder file = new H5Builder();
        final long a = file.group(hard("kernel:0", file.dataset(new float[] {1}, 1, 1)));
        final long b = file.group(hard("kernel:0", file.dataset(new float[] {2}, 1, 1)));
        final long s =
                file.group(hard("a", a), hard("b", b), texts("weight_names", List.of("a/kernel:0", "b/kernel:0")));
        final long weights = file.group(hard("s", s), texts("layer_names", List.of("s")));
        final byte[] bytes = file.finish(file.group(
                hard("model_weights", weights), text("model_config", config), text("keras_version", "2.2.4")));
        final Path path = folder.resolve("named.h5");
        try {
            Files.write(path, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try (ImportedModel imported = KerasModels.importFile(path)) {
            assertEquals(1, weight(imported.model(), "s/a/kernel"));
            assertEquals(2, weight(imported.model(), "s/b/kernel"));
            assertTrue(imported.report().allFindings().stream().anyMatch(f -> f.reason() == Reason.ORDER_BY_NAME));
        }
    }

    /// A Sequential as a list in a Sequential as a list, whose input's shape is in the innermost first layer.
    @Test
    void listsWithinLists() {
        final String first = dense("a", true).replace("\"units\"", "\"batch_input_shape\": [null, 1], \"units\"");
        final String config = """
                {"class_name": "Sequential", "config": [
                  {"class_name": "Sequential", "config": [%s, %s]}, {"class_name": "Sequential", "config": [%s]}]}""".formatted(first, dense("b", true), dense("a", true));
        try (ImportedModel imported =
                KerasModels.importFile(file(config, "sequential_5: k1=2, k2=3; sequential_6: k=4"))) {
            final Model model = imported.model();
            assertEquals(
                    List.of("sequential", "sequential_1"),
                    model.graph().groups().stream().map(Graph.Group::name).toList());
            assertEquals(2, weight(model, "sequential/a/kernel"));
            assertEquals(3, weight(model, "sequential/b/kernel"));
            assertEquals(4, weight(model, "sequential_1/a/kernel"));
        }
    }

    /// A layer whose name is another's way gets a name of its own.
    @Test
    void namesThatLookLikeWaysAreKeptApart() {
        final String config = """
                {"class_name": "Sequential", "config": {"name": "m", "layers": [
                  {"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [null, 1]}}, %s, %s]}}""".formatted(dense("s/a", true), sequential("s", "", dense("a", true)));
        try (ImportedModel imported = KerasModels.importFile(file(config, "i: ; x: k=1; s: k=2"))) {
            assertEquals(1, weight(imported.model(), "s/a/kernel"));
            assertEquals(2, weight(imported.model(), "s/a_/kernel"));
        }
    }

    @Test
    void callsWithTheWrongNumberOfValuesAreRefused() {
        final String inner = sequential("s", "", INPUT, dense("a", true))
                .replaceFirst("\\}$", ", \"inbound_nodes\": [[[\"i\", 0, 0, {}], [\"i\", 0, 0, {}]]]}");
        final String config = """
                {"class_name": "Model", "config": {"name": "m", "layers": [%s, %s],
                 "input_layers": [["i", 0, 0]], "output_layers": [["s", 0, 0]]}}""".formatted(INPUT, inner);
        final Path path = file(config, "i: ; s: k=3");
        final UnsupportedLayerException e = assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(path));
        assertTrue(e.getMessage().contains("'s' (Sequential): is called with 2 values, it has 1"), e.getMessage());
    }

    /// An output of an inner model that nobody reads: what leads only to it is left out.
    @Test
    void unusedOutputsOfInnerModelsAreLeftOut() {
        final String inner = """
                {"class_name": "Model", "name": "n", "config": {"name": "n", "layers": [%s,
                  %s, %s], "input_layers": [["i", 0, 0]], "output_layers": [["a", 0, 0], ["b", 0, 0]]},
                 "inbound_nodes": [[["i", 0, 0, {}]]]}""".formatted(
                        INPUT,
                        dense("a", true).replaceFirst("\\}$", ", \"inbound_nodes\": [[[\"i\", 0, 0, {}]]]}"),
                        dense("b", true).replaceFirst("\\}$", ", \"inbound_nodes\": [[[\"i\", 0, 0, {}]]]}"));
        final String config = """
                {"class_name": "Model", "config": {"name": "m", "layers": [%s, %s],
                 "input_layers": [["i", 0, 0]], "output_layers": [["n", 1, 1]]}}""".formatted(INPUT, inner);
        try (ImportedModel imported = KerasModels.importFile(file(config, "i: ; n: k1=3, k2=4"))) {
            assertEquals(
                    List.of("i", "n/b"),
                    List.copyOf(imported.model().graph().layers().keySet()));
            assertEquals(4, weight(imported.model(), "n/b/kernel"));
        }
    }
}
