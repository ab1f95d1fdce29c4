package dev.lanewise.keras;

import static dev.lanewise.keras.H5Builder.hard;
import static dev.lanewise.keras.H5Builder.text;
import static dev.lanewise.keras.H5Builder.texts;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How `.h5` files of Keras 1, 2 and 3 keep weights: lists of names in attributes, groups by layers.
class LegacyFilesTest {
    @TempDir
    private Path folder;

    private Path at() {
        return folder.resolve("model.h5");
    }

    private static String dense(String name, int units) {
        return "{\"class_name\": \"Dense\", \"config\": {\"name\": \"" + name + "\", \"units\": " + units
                + ", \"use_bias\": true, \"batch_input_shape\": [null, 1]}}";
    }

    private static float predict(Model model, float x) {
        return model.predict(Dataset.of(new float[] {x}, Shape.of(1)), 1).getFirst()[0];
    }

    /// Links of HDF5 are in the order of the alphabet, which means nothing.
    @Test
    void orderIsThatOfTheAttributes() {
        final LegacyTestFile file = LegacyTestFile.list("2.2.2", dense("z", 1), dense("a", 1), dense("m", 1));
        float value = 0;
        for (String layer : List.of("z", "a", "m")) {
            file.weight(layer, "w2", new float[] {++value}, 1, 1).weight(layer, "w1", new float[] {++value}, 1);
        }
        try (Model model = KerasModels.load(file.write(at()))) {
            assertEquals(5 * (3 * (1 * 7 + 2) + 4) + 6, predict(model, 7));
        }
    }

    /// A weight's path is below its layer's group, and its first part may be another layer's name; a layer's
    /// own name may be a path.
    @Test
    void namesArePaths() {
        final LegacyTestFile file = LegacyTestFile.list("2.2.2", dense("fire/squeeze", 1), dense("fire", 1))
                .weight("fire/squeeze", "squeeze_1/kernel:0", new float[] {2}, 1, 1)
                .weight("fire/squeeze", "squeeze_1/bias:0", new float[] {3}, 1)
                .weight("fire", "sequential/fire/kernel", new float[] {5}, 1, 1)
                .weight("fire", "sequential/fire/bias", new float[] {7}, 1);
        try (Model model = KerasModels.load(file.write(at()))) {
            assertEquals(5 * (2 * 11 + 3) + 7, predict(model, 11));
        }
    }

    /// By position whatever the names are; where that does not fit, by name.
    @Test
    void weightsFindTheirLayers() {
        for (String names : List.of("x,y", "b,a")) {
            final String first = names.split(",", -1)[0];
            final String second = names.split(",", -1)[1];
            final LegacyTestFile file =
                    LegacyTestFile.list("2.2.2", dense("a", 2), dense("b", 1)).layer("nothing");
            if (first.equals("x")) {
                file.weight(first, "k", new float[] {1, 2}, 1, 2).weight(first, "b", new float[] {0, 1}, 2);
                file.weight(second, "k", new float[] {3, 4}, 2, 1).weight(second, "b", new float[] {5}, 1);
            } else {
                file.weight(first, "k", new float[] {3, 4}, 2, 1).weight(first, "b", new float[] {5}, 1);
                file.weight(second, "k", new float[] {1, 2}, 1, 2).weight(second, "b", new float[] {0, 1}, 2);
            }
            try (Model model = KerasModels.load(file.write(at()))) {
                assertEquals(3 * 7 + 4 * (2 * 7 + 1) + 5, predict(model, 7), names);
            }
        }
    }

    /// Strings of fixed length that end with a zero, and those in heaps with zeros after them.
    @Test
    void stringsEndAtTheirZero() throws IOException {
        final String config = "{\"class_name\": \"Sequential\", \"config\": [" + dense("d", 1) + "]}";
        for (boolean fixed : new boolean[] {true, false}) {
            final H5Builder file = new H5Builder();
            final List<H5Builder.Message> layer = new ArrayList<>();
            layer.add(hard("k", file.dataset(new float[] {2}, 1, 1)));
            layer.add(hard("b", file.dataset(new float[] {3}, 1)));
            layer.add(texts("weight_names", List.of("k", "b")));
            final long group = file.group(layer.toArray(new H5Builder.Message[0]));
            final H5Builder.Message names = fixed
                    ? H5Builder.terminated("layer_names", "d\0rest")
                    : file.variableTexts("layer_names", "d\0\0".getBytes(StandardCharsets.UTF_8), 1, false);
            final long weights = file.group(hard("d", group), names);
            Files.write(
                    at(),
                    file.finish(file.group(
                            hard("model_weights", weights),
                            text("model_config", config),
                            text("keras_version", "2.2.2"))));
            try (Model model = KerasModels.load(at())) {
                assertEquals(2 * 5 + 3, predict(model, 5));
            }
        }
    }

    /// No names are a list without texts, or none at all.
    @Test
    void layersWithoutWeights() throws IOException {
        final String config =
                "{\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"Activation\", \"config\":"
                        + " {\"name\": \"r\", \"activation\": \"relu\", \"batch_input_shape\": [null, 1]}}]}";
        for (boolean there : new boolean[] {true, false}) {
            final H5Builder file = new H5Builder();
            final long layer = there ? file.group(texts("weight_names", List.of())) : file.group();
            final long weights = file.group(hard("r", layer), texts("layer_names", List.of("r")));
            Files.write(at(), file.finish(file.group(hard("model_weights", weights), text("model_config", config))));
            try (Model model = KerasModels.load(at())) {
                assertEquals(0, predict(model, -5));
            }
        }
    }

    /// What is trained of a model within the model stands first, then layer by layer what is not.
    @Test
    void normalizationWithinModels() {
        final String normalization = "{\"class_name\": \"BatchNormalization\", \"config\": {\"name\": \"%s\", \"axis\":"
                + " [1], \"epsilon\": 1.0, \"batch_input_shape\": [null, 1], \"trainable\": %s}}";
        final String inner = "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": ["
                + normalization + ", " + dense("d", 1) + ", " + normalization + "]%s}}";
        final String[] configs = {
            inner.formatted("f", "true", "u", "true", ""),
            inner.formatted("f", "false", "u", "true", ""),
            inner.formatted("f", "true", "u", "true", ", \"trainable\": false")
        };
        final String[] orders = {
            "f/gamma f/beta d/kernel d/bias u/gamma u/beta f/moving_mean f/moving_variance u/moving_mean u/moving_variance",
            "d/kernel d/bias u/gamma u/beta f/gamma f/beta f/moving_mean f/moving_variance u/moving_mean u/moving_variance",
            "f/gamma f/beta f/moving_mean f/moving_variance d/kernel d/bias u/gamma u/beta u/moving_mean u/moving_variance"
        };
        for (int i = 0; i < configs.length; i++) {
            final LegacyTestFile file = new LegacyTestFile(
                    "2.8.0",
                    "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"m\", \"layers\": [" + configs[i]
                            + "]}}");
            final String[] order = orders[i].split(" ", -1);
            for (int n = 0; n < order.length; n++) {
                final long[] shape = order[n].endsWith("kernel") ? new long[] {1, 1} : new long[] {1};
                file.weight("s", "w" + n, new float[] {n + 1}, shape);
            }
            try (Model model = KerasModels.load(file.write(at()))) {
                for (int n = 0; n < order.length; n++) {
                    assertEquals(n + 1, model.parameter("s/" + order[n]).get(0), order[n]);
                }
            }
        }
    }

    /// What a model has beside its layers' weights is said to be unused; mostly there is nothing.
    @Test
    void weightsOfTheModelItself() {
        for (List<String> names : List.of(List.<String>of(), List.of("temperature:0"))) {
            final LegacyTestFile file = LegacyTestFile.list("2.8.0", dense("d", 1))
                    .weight("d", "k", new float[] {2}, 1, 1)
                    .weight("d", "b", new float[] {3}, 1);
            file.root().group("model_weights/top_level_model_weights").attribute("weight_names", names);
            try (ImportedModel imported = KerasModels.importFile(file.write(at()))) {
                final List<Finding> findings = imported.report().allFindings();
                assertEquals(
                        names.isEmpty() ? List.of() : List.of(Reason.NOT_USED),
                        findings.stream().map(Finding::reason).toList());
                assertTrue(names.isEmpty() || findings.getFirst().detail().contains("[temperature:0]"));
            }
        }
    }

    /// What Adam remembers, as its writers put it: numbers 1 to 4 are the moments of kernel and bias.
    @Test
    void optimizersOfAllVersions() {
        final String[][] writers = {
            {
                "2.1.3",
                "Adam",
                "Adam/iterations:0",
                "training/Adam/Variable:0=1",
                "training/Adam/Variable_1:0=2",
                "training/Adam/Variable_2:0=3",
                "training/Adam/Variable_3:0=4",
                "training/Adam/Variable_4:0=0",
                "training/Adam/Variable_5:0=0"
            },
            {
                "2.8.0",
                "Adam",
                "Adam/iter:0",
                "Adam/m/kernel/m:0=1",
                "Adam/m/bias/m:0=2",
                "Adam/m/kernel/v:0=3",
                "Adam/m/bias/v:0=4"
            },
            {
                "2.11.0",
                "Custom>Adam",
                "iteration:0",
                "Adam/m/m/kernel:0=1",
                "Adam/v/m/kernel:0=3",
                "Adam/m/m/bias:0=2",
                "Adam/v/m/bias:0=4"
            },
            {
                "3.8.0",
                "Adam",
                "adam/iteration",
                "adam/learning_rate",
                "adam/m_kernel_momentum=1",
                "adam/m_kernel_velocity=3",
                "adam/m_bias_momentum=2",
                "adam/m_bias_velocity=4"
            }
        };
        for (String[] writer : writers) {
            final LegacyTestFile file = LegacyTestFile.list(writer[0], dense("m", 1))
                    .weight("m", "m/kernel:0", new float[] {2}, 1, 1)
                    .weight("m", "m/bias:0", new float[] {3}, 1);
            file.root()
                    .attribute(
                            "training_config",
                            "{\"loss\": \"mse\", \"metrics\": null, \"optimizer_config\": {\"class_name\": \""
                                    + writer[1]
                                    + "\", \"config\": {\"" + (writer[0].equals("2.1.3") ? "lr" : "learning_rate")
                                    + "\": 0.25}}}");
            final H5Group memory = file.root().group("optimizer_weights");
            final List<String> names = new ArrayList<>();
            for (int i = 2; i < writer.length; i++) {
                final String name = writer[i].split("=", -1)[0];
                names.add(name);
                if (name.contains("iter")) {
                    memory.scalar(name, 9);
                } else if (name.contains("learning_rate")) {
                    memory.scalar(name, 0.125f);
                } else {
                    final float value = Float.parseFloat(writer[i].split("=", -1)[1]);
                    final boolean kernel = value == 1 || value == 3;
                    memory.dataset(
                            name,
                            H5Group.Type.FLOAT32,
                            kernel ? List.of(1L, 1L) : List.of(1L),
                            MemorySegment.ofArray(new float[] {value}));
                }
            }
            memory.attribute("weight_names", names);
            try (ImportedModel imported = KerasModels.importFile(file.write(at()))) {
                final Model model = imported.model();
                assertEquals(List.of(), imported.report().allFindings(), writer[0]);
                assertTrue(imported.report().training().resumable(), writer[0]);
                assertEquals(9, model.iteration());
                assertArrayEquals(
                        new float[] {1, 2}, model.slots().get("m").toArray(ValueLayout.JAVA_FLOAT), writer[0]);
                assertArrayEquals(
                        new float[] {3, 4}, model.slots().get("v").toArray(ValueLayout.JAVA_FLOAT), writer[0]);
            }
        }
    }
}
