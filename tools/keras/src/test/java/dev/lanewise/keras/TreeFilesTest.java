package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import dev.lanewise.data.Dataset;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.keras.h5.H5Writer;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How `.keras` archives and `.weights.h5` files keep weights: a tree of objects called after their classes.
class TreeFilesTest {
    private static final String INPUT = """
            {"module": "keras.layers", "class_name": "InputLayer", "registered_name": null, "name": "%1$s",
             "config": {"batch_shape": [null, 1], "dtype": "float32", "name": "%1$s"}, "inbound_nodes": []}""";

    @TempDir
    private Path folder;

    private static String entry(String module, String type, String name, String config, String more) {
        return "{\"module\": \"" + module + "\", \"class_name\": \"" + type + "\", \"registered_name\": null,"
                + " \"config\": {\"name\": \"" + name + "\"" + (config.isEmpty() ? "" : ", " + config)
                + "}, \"name\": \""
                + name + "\"" + more + "}";
    }

    private static String dense(String name, String more) {
        return entry("keras.layers", "Dense", name, "\"units\": 1, \"use_bias\": false", more);
    }

    private static String call(String from, int node) {
        return ", \"inbound_nodes\": [{\"args\": [{\"class_name\": \"__keras_tensor__\", \"config\": {\"shape\":"
                + " [null, 1], \"dtype\": \"float32\", \"keras_history\": [\"" + from + "\", " + node
                + ", 0]}}], \"kwargs\": {}}]";
    }

    private static String functional(String name, String output, String more, String... layers) {
        return entry(
                "keras.src.models.functional",
                "Functional",
                name,
                "\"layers\": [" + INPUT.formatted(name + "_in") + ", " + String.join(", ", layers)
                        + "], \"input_layers\": [\"" + name + "_in\", 0, 0], \"output_layers\": [\"" + output
                        + "\", 0, 0]",
                more);
    }

    private static String sequential(String name, String more, String... layers) {
        return entry("keras", "Sequential", name, "\"layers\": [" + String.join(", ", layers) + "]", more);
    }

    /// Weights of one number by their paths: `layers/dense/vars/0=3`.
    private static H5Group tree(String... weights) {
        final H5Group root = new H5Group();
        root.group("vars");
        for (String weight : weights) {
            final String[] parts = weight.split("=", -1);
            final boolean kernel = parts[0].matches(".*dense.*");
            root.dataset(
                    parts[0],
                    H5Group.Type.FLOAT32,
                    kernel ? List.of(1L, 1L) : List.of(1L),
                    MemorySegment.ofArray(new float[] {Float.parseFloat(parts[1])}));
        }
        return root;
    }

    private Path archive(String metadata, String config, H5Group tree) {
        final Path file = folder.resolve("model.keras");
        final ByteArrayOutputStream weights = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            H5Writer.write(weights, tree);
            final Map<String, byte[]> members = Map.of(
                    KerasArchive.CONFIG,
                    JsonParser.parseString(config).toString().getBytes(StandardCharsets.UTF_8),
                    KerasArchive.WEIGHTS,
                    weights.toByteArray());
            for (String name : List.of(KerasArchive.WEIGHTS, KerasArchive.CONFIG)) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write(members.getOrDefault(name, new byte[0]));
                zip.closeEntry();
            }
            if (!metadata.isEmpty()) {
                zip.putNextEntry(new ZipEntry(KerasArchive.METADATA));
                zip.write(metadata.getBytes(StandardCharsets.UTF_8));
                zip.closeEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }

    private Path archive(String config, String... weights) {
        return archive("{\"keras_version\": \"3.12.0\"}", config, tree(weights));
    }

    private static float predict(Model model, float x) {
        return model.predict(Dataset.of(new float[] {x}, Shape.of(1)), 1).getFirst()[0];
    }

    /// Layers are called after their class, with a number for each class in each container; their own names
    /// play no part, and the inputs of functional models count.
    @Test
    void classesAreNumberedInEachContainer() {
        final String config = functional(
                "m",
                "y",
                "",
                dense("dense_1", call("m_in", 0)),
                dense("dense", call("dense_1", 0)),
                sequential("s", call("dense", 0), INPUT.formatted("i"), dense("b", ""), dense("a", "")),
                functional("f", "c", call("s", 0), dense("d", call("f_in", 0)), dense("c", call("d", 0))),
                dense("y", call("f", 1)));
        try (Model model = KerasModels.load(archive(
                config,
                "layers/dense/vars/0=2",
                "layers/dense_1/vars/0=3",
                "layers/sequential/layers/dense/vars/0=5",
                "layers/sequential/layers/dense_1/vars/0=7",
                "layers/functional/layers/dense/vars/0=11",
                "layers/functional/layers/dense_1/vars/0=13",
                "layers/dense_2/vars/0=17"))) {
            assertEquals(2, model.parameter("dense_1/kernel").get(0));
            assertEquals(3, model.parameter("dense/kernel").get(0));
            assertEquals(5, model.parameter("s/b/kernel").get(0));
            assertEquals(7, model.parameter("s/a/kernel").get(0));
            assertEquals(11, model.parameter("f/d/kernel").get(0));
            assertEquals(13, model.parameter("f/c/kernel").get(0));
            assertEquals(17, model.parameter("y/kernel").get(0));
            assertEquals(2 * 3 * 5 * 7 * 11 * 13 * 17, predict(model, 1));
        }
    }

    @Test
    void namesOfClassesInTrees() {
        final String[] names = {
            "Conv2D conv2d",
            "LSTM lstm",
            "ReLU re_lu",
            "LeakyReLU leaky_re_lu",
            "PReLU p_re_lu",
            "ELU elu",
            "GRU gru",
            "SimpleRNN simple_rnn",
            "Conv2DTranspose conv2d_transpose",
            "SeparableConv2D separable_conv2d",
            "DepthwiseConv2D depthwise_conv2d",
            "GlobalAveragePooling2D global_average_pooling2d",
            "MaxPooling2D max_pooling2d",
            "UpSampling2D up_sampling2d",
            "ConvLSTM2D conv_lstm2d",
            "RMSNormalization rms_normalization",
            "Functional functional",
            "Sequential sequential",
            "InputLayer input_layer",
            "MultiHeadAttention multi_head_attention",
            "GroupQueryAttention grouped_query_attention",
            "LSTMCell lstm_cell"
        };
        for (String name : names) {
            assertEquals(name.split(" ", -1)[1], TreeWeights.base(name.split(" ", -1)[0]));
        }
    }

    /// What is not a layer's weight is passed over: generators of random numbers, metrics; what is one is
    /// reported.
    @Test
    void otherVariables() {
        final String config = functional("m", "d", "", dense("d", call("m_in", 0)))
                .replace("\"units\": 1", "\"units\": 1, \"activation\": \"hard_sigmoid\"");
        final H5Group tree = tree("layers/dense/vars/0=2", "metrics/mean/vars/0=5", "layers/dense_7/vars/0=5");
        tree.scalar("layers/dropout/seed_generator/vars/0", 3);
        // A file without a version is one of Keras 3, where that function is another than before.
        try (ImportedModel imported = KerasModels.importFile(archive("", config, tree))) {
            assertEquals(2 / 6f + 0.5f, predict(imported.model(), 1), 1e-6f);
            final List<Finding> findings = imported.report().allFindings();
            assertEquals(
                    List.of(Reason.NOT_USED),
                    findings.stream().map(Finding::reason).toList());
            assertTrue(findings.getFirst().detail().contains("'layers/dense_7'"));
        }
    }

    /// tf.keras 2.12 to 2.14 called the layers otherwise, and on Windows the whole path was one name.
    @Test
    void namesOfLayersInTfKeras() {
        final String config = functional("m", "d", "", dense("d", call("m_in", 0)));
        for (String path : List.of("_layer_checkpoint_dependencies/dense/vars/0=2", "layers\\dense/vars/0=2")) {
            try (Model model = KerasModels.load(archive("{\"keras_version\": \"2.13.1\"}", config, tree(path)))) {
                assertEquals(2, predict(model, 1));
            }
        }
    }

    /// A layer in two models is stored where it is first, and counts in the second all the same.
    @Test
    void layersThatModelsHaveInCommon() {
        final String shared = dense("d", ", \"shared_object_id\": 71%s");
        final String config = functional(
                        "m",
                        "b",
                        "",
                        functional("a", "d", call("m_in", 0), shared.formatted(call("a_in", 0))),
                        functional("b", "e", call("a", 1), shared.formatted(call("b_in", 0)), dense("e", call("d", 0))))
                .replace("\"output_layers\": [\"b\", 0, 0]", "\"output_layers\": [\"b\", 1, 0]");
        try (ImportedModel imported = KerasModels.importFile(archive(
                config, "layers/functional/layers/dense/vars/0=3", "layers/functional_1/layers/dense_1/vars/0=5"))) {
            assertEquals(3 * 3 * 5, predict(imported.model(), 1));
            final List<Finding> findings = imported.report().allFindings();
            assertEquals(
                    List.of(Reason.TRAINING_ONLY),
                    findings.stream().map(Finding::reason).toList());
            assertTrue(findings.getFirst().detail().contains("in common with 'a/d'"), findings::toString);
        }
    }

    private static String compiled(String config, String optimizer) {
        final int end = config.lastIndexOf('}');
        return config.substring(0, end) + ", \"compile_config\": " + optimizer + "}";
    }

    private static final String ADAM = "{\"loss\": \"mse\", \"metrics\": null, \"optimizer\": {\"module\": \"%s\","
            + " \"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.25}, \"registered_name\": \"Adam\"}}";

    /// Six weights have twelve moments, whose numbers are in order as numbers, not as texts: `2` before `10`.
    @Test
    void variablesAreNumbers() {
        final List<String> layers = new ArrayList<>();
        final List<String> weights = new ArrayList<>();
        final H5Group tree = new H5Group();
        for (int i = 0; i < 6; i++) {
            layers.add(dense("d" + i, call(i == 0 ? "m_in" : "d" + (i - 1), 0)));
            weights.add("layers/dense" + (i == 0 ? "" : "_" + i) + "/vars/0");
        }
        weights.forEach(weight ->
                tree.dataset(weight, H5Group.Type.FLOAT32, List.of(1L, 1L), MemorySegment.ofArray(new float[] {1})));
        tree.scalar("optimizer/vars/0", 9);
        tree.scalar("optimizer/vars/1", 0.125f);
        for (int i = 0; i < 12; i++) {
            tree.dataset(
                    "optimizer/vars/" + (i + 2),
                    H5Group.Type.FLOAT32,
                    List.of(1L, 1L),
                    MemorySegment.ofArray(new float[] {i}));
        }
        // The back end of Torch has its own modules.
        for (String module : List.of("keras.optimizers", "keras.src.backend.torch.optimizers.torch_adam")) {
            final String config =
                    compiled(functional("m", "d5", "", layers.toArray(new String[0])), ADAM.formatted(module));
            try (ImportedModel imported = KerasModels.importFile(archive("", config, tree))) {
                final Model model = imported.model();
                assertTrue(imported.report().training().resumable());
                assertEquals(9, model.iteration());
                assertArrayEquals(
                        new float[] {0, 2, 4, 6, 8, 10}, model.slots().get("m").toArray(ValueLayout.JAVA_FLOAT));
                assertArrayEquals(
                        new float[] {1, 3, 5, 7, 9, 11}, model.slots().get("v").toArray(ValueLayout.JAVA_FLOAT));
            }
        }
    }

    /// Memory of another size than the optimizer has is left out, and so is training that the file does not
    /// have.
    @Test
    void memoryThatDoesNotFit() {
        final String config = functional("m", "d", "", dense("d", call("m_in", 0)));
        final H5Group tree = tree("layers/dense/vars/0=2");
        tree.scalar("optimizer/vars/0", 9);
        tree.scalar("optimizer/vars/1", 0.125f);
        tree.dataset("optimizer/vars/2", H5Group.Type.FLOAT32, List.of(1L, 1L), MemorySegment.ofArray(new float[] {1}));
        try (ImportedModel imported =
                KerasModels.importFile(archive("", compiled(config, ADAM.formatted("keras.optimizers")), tree))) {
            assertEquals(2, predict(imported.model(), 1));
            assertEquals(0, imported.model().iteration());
            assertEquals(
                    List.of(Reason.OPTIMIZER_STATE),
                    imported.report().training().findings().stream()
                            .map(Finding::reason)
                            .toList());
        }
        for (String none : List.of("{}", "null")) {
            try (ImportedModel imported = KerasModels.importFile(archive("", compiled(config, none), tree))) {
                assertEquals(List.of(), imported.report().allFindings());
            }
        }
        // Keras left the optimizer out where the model was saved in the other form before.
        final String without = compiled(config, "{\"loss\": \"mse\", \"metrics\": null}");
        try (ImportedModel imported = KerasModels.importFile(archive("", without, tree))) {
            assertEquals(
                    List.of(Reason.UNSUPPORTED_OPTIMIZER),
                    imported.report().training().findings().stream()
                            .map(Finding::reason)
                            .toList());
            assertEquals(2, predict(imported.model(), 1));
        }
    }

    /// What objects within layers are called.
    @Test
    void objectsWithinLayers() {
        final String cell =
                "\"units\": 1, \"activation\": \"linear\", \"use_bias\": false, \"return_sequences\": false";
        final String rnn = entry("keras.layers", "SimpleRNN", "r", cell, "");
        final String cells = entry(
                "keras.layers",
                "RNN",
                "r",
                "\"cell\": "
                        + entry(
                                "keras.layers",
                                "StackedRNNCells",
                                "k",
                                "\"cells\": [" + entry("keras.layers", "SimpleRNNCell", "p", cell, "") + ", "
                                        + entry("keras.layers", "SimpleRNNCell", "q", cell, "") + "]",
                                ""),
                "");
        final String both =
                entry("keras.layers", "Bidirectional", "r", "\"merge_mode\": \"concat\", \"layer\": " + rnn, "");
        final String each = entry("keras.layers", "TimeDistributed", "r", "\"layer\": " + dense("d", ""), "");
        final Map<String, String[]> trees = Map.of(
                rnn, new String[] {"simple_rnn/cell/vars/0", "simple_rnn/cell/vars/1"},
                cells,
                        new String[] {
                            "rnn/cell/cells/simple_rnn_cell/vars/0", "rnn/cell/cells/simple_rnn_cell/vars/1",
                            "rnn/cell/cells/simple_rnn_cell_1/vars/0", "rnn/cell/cells/simple_rnn_cell_1/vars/1"
                        },
                both,
                        new String[] {
                            "bidirectional/forward_layer/cell/vars/0", "bidirectional/forward_layer/cell/vars/1",
                            "bidirectional/backward_layer/cell/vars/0", "bidirectional/backward_layer/cell/vars/1"
                        },
                each, new String[] {"time_distributed/layer/vars/0"});
        trees.forEach((layer, paths) -> {
            final String config = sequential("s", "", INPUT.formatted("i").replace("[null, 1]", "[null, 3, 1]"), layer);
            final H5Group tree = new H5Group();
            for (int i = 0; i < paths.length; i++) {
                tree.dataset(
                        "layers/" + paths[i], H5Group.Type.FLOAT32, List.of(1L, 1L), MemorySegment.ofArray(new float[] {
                            i + 1
                        }));
            }
            try (ImportedModel imported = KerasModels.importFile(archive("", config, tree))) {
                final Model model = imported.model();
                assertEquals(List.of(), imported.report().allFindings(), layer);
                final float[] values = new float[paths.length];
                for (int i = 0; i < values.length; i++) {
                    values[i] = model.parameter(model.layout().places().get(i)).get(0);
                }
                final float[] expected = new float[paths.length];
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = i + 1;
                }
                assertArrayEquals(expected, values, layer);
            }
        });
    }

    /// Keras 3 has an underscore before the projections of some layers, tf.keras before those of all.
    @Test
    void projectionsOfAttention() {
        final String both =
                call("m_in", 0).replaceFirst("\\[(\\{\"class_name\".*)], \"kwargs\"", "[$1, $1], \"kwargs\"");
        final String layer = entry(
                "keras.layers",
                "MultiHeadAttention",
                "a",
                "\"num_heads\": 1, \"key_dim\": 1, \"value_dim\": 1, \"use_bias\": false, \"dropout\": 0.0",
                both);
        final String config =
                functional("m", "a", "", layer).replace("\"batch_shape\": [null, 1]", "\"batch_shape\": [null, 2, 1]");
        for (String start : List.of("", "_")) {
            final H5Group tree = new H5Group();
            float value = 0;
            for (String projection : List.of("query", "key", "value", "output")) {
                tree.dataset(
                        "layers/multi_head_attention/" + start + projection + "_dense/vars/0",
                        H5Group.Type.FLOAT32,
                        List.of(1L, 1L, 1L),
                        MemorySegment.ofArray(new float[] {++value}));
            }
            try (Model model = KerasModels.load(archive("", config, tree))) {
                assertEquals(1, model.parameter("a/query/kernel").get(0));
                assertEquals(2, model.parameter("a/key/kernel").get(0));
                assertEquals(3, model.parameter("a/value/kernel").get(0));
                assertEquals(4, model.parameter("a/attention_output/kernel").get(0));
            }
        }
    }

    private static String memory(String type, String config, int weights) {
        return String.join(
                " ", TreeOptimizer.slots(type, JsonParser.parseString(config).getAsJsonObject(), weights));
    }

    /// Weight by weight, or all of one kind before the next.
    @Test
    void orderOfWhatOptimizersRemember() {
        assertEquals("", memory("SGD", "{}", 2));
        assertEquals("0_momentum 1_momentum", memory("SGD", "{\"momentum\": 0.9}", 2));
        final String moments = "0_momentum 0_velocity 1_momentum 1_velocity";
        assertEquals(moments, memory("Adam", "{\"amsgrad\": false}", 2));
        assertEquals(moments + " 0_velocity_hat 1_velocity_hat", memory("AdamW", "{\"amsgrad\": true}", 2));
        assertEquals("0_average 1_average " + moments, memory("Nadam", "{\"use_ema\": true}", 2));
        assertEquals("0_momentum 0_norm 1_momentum 1_norm", memory("Adamax", "{}", 2));
        assertEquals(
                "0_velocity 1_velocity 0_momentum 1_momentum 0_average_gradient 1_average_gradient",
                memory("RMSprop", "{\"momentum\": 0.5, \"centered\": true}", 2));
        assertEquals("0_velocity 1_velocity", memory("RMSprop", "{\"momentum\": 0.0, \"centered\": false}", 2));
        assertEquals(
                "0_accumulated_grad 0_accumulated_delta_var 1_accumulated_grad 1_accumulated_delta_var",
                memory("Adadelta", "{}", 2));
        assertEquals("0_accumulator 1_accumulator", memory("Adagrad", "{}", 2));
        assertEquals("0_accumulator 0_linear 1_accumulator 1_linear", memory("Ftrl", "{}", 2));
        assertEquals("0_momentum 1_momentum", memory("Lion", "{}", 2));
    }
}
