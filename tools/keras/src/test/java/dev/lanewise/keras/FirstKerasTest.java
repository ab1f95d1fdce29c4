package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// What Keras 1 called otherwise, put together otherwise and stored otherwise.
class FirstKerasTest {
    @TempDir
    private Path folder;

    private Path at() {
        return folder.resolve("model.h5");
    }

    private static String entry(String type, String config) {
        return "{\"class_name\": \"" + type + "\", \"config\": {\"name\": \"l\", \"trainable\": true, " + config + "}}";
    }

    private static Layer layer(String entry, int major) {
        final JsonObject json = KerasUpgrade.entry(JsonParser.parseString(entry).getAsJsonObject(), major);
        final LayerConfig config =
                new LayerConfig("l", json.get("class_name").getAsString(), json.getAsJsonObject("config"), major);
        final Layer layer = KerasLayers.convert(config);
        assertEquals(List.of(), config.findings(), entry);
        assertNotNull(layer, entry);
        return layer;
    }

    /// An entry of Keras 1, and the same of Keras 2.
    private static DynamicTest same(String type, String config, String typeToday, String today) {
        return DynamicTest.dynamicTest(
                type, () -> assertEquals(layer(entry(typeToday, today), 2), layer(entry(type, config), 1)));
    }

    @TestFactory
    Stream<DynamicTest> classesAndArguments() {
        final String rules = "\"W_regularizer\": null, \"b_regularizer\": null, \"activity_regularizer\": null,"
                + " \"W_constraint\": null, \"b_constraint\": null, \"input_dtype\": \"float32\"";
        return Stream.of(
                same(
                        "Dense",
                        "\"output_dim\": 3, \"init\": \"glorot_uniform\", \"activation\": \"relu\", \"bias\": false, "
                                + "\"input_dim\": 4, " + rules,
                        "Dense",
                        "\"units\": 3, \"activation\": \"relu\", \"use_bias\": false"),
                same(
                        "TimeDistributedDense",
                        "\"output_dim\": 3, \"init\": \"glorot_uniform\", \"activation\": \"linear\", \"input_dim\": 4,"
                                + " \"input_length\": 5, \"bias\": true, " + rules,
                        "Dense",
                        "\"units\": 3"),
                same(
                        "Convolution1D",
                        "\"nb_filter\": 3, \"filter_length\": 2, \"subsample_length\": 2, \"border_mode\": \"same\","
                                + " \"input_dim\": 4, \"input_length\": 9, \"activation\": \"tanh\", " + rules,
                        "Conv1D",
                        "\"filters\": 3, \"kernel_size\": [2], \"strides\": [2], \"padding\": \"same\","
                                + " \"activation\": \"tanh\""),
                same(
                        "AtrousConvolution1D",
                        "\"nb_filter\": 3, \"filter_length\": 2, \"subsample_length\": 1, \"border_mode\": \"valid\","
                                + " \"atrous_rate\": 2, " + rules,
                        "Conv1D",
                        "\"filters\": 3, \"kernel_size\": [2], \"dilation_rate\": [2]"),
                same(
                        "Convolution2D",
                        "\"nb_filter\": 3, \"nb_row\": 2, \"nb_col\": 4, \"subsample\": [2, 1], \"border_mode\": \"same\","
                                + " \"dim_ordering\": \"tf\", \"bias\": true, " + rules,
                        "Conv2D",
                        "\"filters\": 3, \"kernel_size\": [2, 4], \"strides\": [2, 1], \"padding\": \"same\""),
                same(
                        "AtrousConvolution2D",
                        "\"nb_filter\": 3, \"nb_row\": 2, \"nb_col\": 4, \"subsample\": [1, 1], \"atrous_rate\": [2, 3],"
                                + " \"border_mode\": \"valid\", \"dim_ordering\": \"tf\", " + rules,
                        "Conv2D",
                        "\"filters\": 3, \"kernel_size\": [2, 4], \"dilation_rate\": [2, 3]"),
                same(
                        "Deconvolution2D",
                        "\"nb_filter\": 3, \"nb_row\": 2, \"nb_col\": 2, \"output_shape\": [null, 8, 8, 3],"
                                + " \"subsample\": [2, 2], \"border_mode\": \"valid\", \"dim_ordering\": \"tf\", "
                                + rules,
                        "Conv2DTranspose",
                        "\"filters\": 3, \"kernel_size\": [2, 2], \"strides\": [2, 2]"),
                same(
                        "SeparableConvolution2D",
                        "\"nb_filter\": 3, \"nb_row\": 2, \"nb_col\": 2, \"subsample\": [1, 1], \"depth_multiplier\": 2,"
                                + " \"border_mode\": \"valid\", \"dim_ordering\": \"tf\", \"depthwise_regularizer\": null",
                        "SeparableConv2D",
                        "\"filters\": 3, \"kernel_size\": [2, 2], \"depth_multiplier\": 2"),
                same(
                        "Convolution3D",
                        "\"nb_filter\": 3, \"kernel_dim1\": 2, \"kernel_dim2\": 3, \"kernel_dim3\": 4, \"subsample\":"
                                + " [1, 2, 1], \"border_mode\": \"valid\", \"dim_ordering\": \"tf\", " + rules,
                        "Conv3D",
                        "\"filters\": 3, \"kernel_size\": [2, 3, 4], \"strides\": [1, 2, 1]"),
                same("Dropout", "\"p\": 0.25", "Dropout", "\"rate\": 0.25"),
                same(
                        "MaxPooling1D",
                        "\"pool_length\": 3, \"stride\": 2, \"border_mode\": \"valid\"",
                        "MaxPooling1D",
                        "\"pool_size\": [3], \"strides\": [2], \"padding\": \"valid\""),
                same(
                        "AveragePooling2D",
                        "\"pool_size\": [3, 2], \"strides\": null, \"border_mode\": \"same\", \"dim_ordering\": \"tf\"",
                        "AveragePooling2D",
                        "\"pool_size\": [3, 2], \"strides\": null, \"padding\": \"same\""),
                same("UpSampling1D", "\"length\": 3", "UpSampling1D", "\"size\": 3"),
                same(
                        "ZeroPadding2D",
                        "\"padding\": [1, 2, 3, 4], \"dim_ordering\": \"tf\"",
                        "ZeroPadding2D",
                        "\"padding\": [[1, 2], [3, 4]]"),
                same(
                        "Embedding",
                        "\"input_dim\": 9, \"output_dim\": 3, \"input_length\": 5, \"init\": \"uniform\","
                                + " \"mask_zero\": true, \"W_regularizer\": null, \"W_constraint\": null, \"dropout\": 0.0",
                        "Embedding",
                        "\"input_dim\": 9, \"output_dim\": 3, \"mask_zero\": true"),
                same(
                        "LSTM",
                        "\"output_dim\": 3, \"init\": \"glorot_uniform\", \"inner_init\": \"orthogonal\","
                                + " \"forget_bias_init\": \"one\", \"activation\": \"tanh\", \"inner_activation\":"
                                + " \"sigmoid\", \"dropout_W\": 0.0, \"dropout_U\": 0.0, \"consume_less\": \"cpu\","
                                + " \"U_regularizer\": null, \"return_sequences\": true, \"input_dim\": 2",
                        "LSTM",
                        "\"units\": 3, \"recurrent_activation\": \"sigmoid\", \"return_sequences\": true"),
                same(
                        "GRU",
                        "\"output_dim\": 3, \"inner_activation\": \"hard_sigmoid\"",
                        "GRU",
                        "\"units\": 3, \"recurrent_activation\": \"hard_sigmoid\", \"reset_after\": false"),
                same(
                        "BatchNormalization",
                        "\"epsilon\": 1e-05, \"mode\": 0, \"axis\": -1, \"momentum\": 0.9, \"gamma_regularizer\": null",
                        "BatchNormalization",
                        "\"epsilon\": 1e-05, \"axis\": -1, \"momentum\": 0.9, \"scale\": true, \"center\": true"),
                same("ThresholdedReLU", "\"theta\": 0.75", "ThresholdedReLU", "\"theta\": 0.75"),
                same("LeakyReLU", "\"alpha\": 0.125", "LeakyReLU", "\"alpha\": 0.125"));
    }

    private static String dense(String name, boolean first) {
        return "{\"class_name\": \"Dense\", \"config\": {\"name\": \"" + name
                + "\", \"output_dim\": 1, \"bias\": false," + " \"activation\": \"linear\""
                + (first ? ", \"batch_input_shape\": [null, 1]" : "") + "}}";
    }

    private static String list(String... layers) {
        return "{\"class_name\": \"Sequential\", \"config\": [" + String.join(", ", layers) + "]}";
    }

    private static String merge(String name, String mode, String... models) {
        return "{\"class_name\": \"Merge\", \"config\": {\"name\": \"" + name + "\", \"mode\": \"" + mode + "\","
                + " \"mode_type\": \"raw\", \"concat_axis\": 1, \"dot_axes\": -1, \"output_shape\": null,"
                + " \"output_shape_type\": \"raw\", \"output_mask\": null, \"output_mask_type\": \"raw\","
                + " \"arguments\": {}, \"layers\": [" + String.join(", ", models) + "]}}";
    }

    private static float[] predict(Model model, float... inputs) {
        final List<Dataset> data = new ArrayList<>();
        for (float x : inputs) {
            data.add(Dataset.of(new float[] {x}, Shape.of(1)));
        }
        return model.predict(Dataset.of(data), 1).getFirst();
    }

    /// A chain that begins with a `Merge` of models: their layers have groups of their own, as the chain's
    /// have.
    @Test
    void chainsMayBeginWithModelsThatAreMerged() {
        for (String version : List.of("1.2.2", "2.0.4")) {
            final String concatenated =
                    merge("m", "concat", list(dense("a", true), dense("b", false)), dense("c", true));
            final LegacyTestFile file = LegacyTestFile.list(version, concatenated, dense("d", false))
                    .number("a", "a_W:0", 3)
                    .number("b", "b_W:0", 2)
                    .number("c", "c_W:0", 5)
                    .layer("m")
                    .weight("d", "d_W:0", new float[] {1, 10}, 2, 1);
            try (Model model = KerasModels.load(file.write(at()))) {
                assertArrayEquals(new float[] {6 * 2 + 10 * 5 * 7}, predict(model, 2, 7));
                assertEquals(
                        List.of("a_input", "c_input", "a", "b", "c", "m", "d"),
                        List.copyOf(model.graph().layers().keySet()));
            }
        }
        // Within one another.
        final String inner = list(merge("n", "mul", list(dense("a", true)), list(dense("b", true))));
        final LegacyTestFile file = LegacyTestFile.list("1.0.8", merge("m", "sum", inner, list(dense("c", true))))
                .number("a", "a_W", 3)
                .number("b", "b_W", 2)
                .layer("n")
                .number("c", "c_W", 5)
                .layer("m");
        try (Model model = KerasModels.load(file.write(at()))) {
            assertArrayEquals(new float[] {(2 * 3) * (7 * 2) + 11 * 5}, predict(model, 2, 7, 11));
        }
    }

    private static float[] random(int n, int seed) {
        final Random random = new Random(seed);
        final float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return values;
    }

    /// `running_std` holds the variance.
    @Test
    void statisticsOfBatches() {
        final String layer = "{\"class_name\": \"BatchNormalization\", \"config\": {\"name\": \"b\", \"mode\": 0,"
                + " \"axis\": -1, \"epsilon\": 1.0, \"momentum\": 0.9, \"batch_input_shape\": [null, 1]}}";
        final LegacyTestFile file = LegacyTestFile.list("1.2.2", layer)
                .weight("b", "b_gamma:0", new float[] {2}, 1)
                .weight("b", "b_beta:0", new float[] {5}, 1)
                .weight("b", "b_running_mean:0", new float[] {1}, 1)
                .weight("b", "b_running_std:0", new float[] {3}, 1);
        try (Model model = KerasModels.load(file.write(at()))) {
            assertArrayEquals(
                    new float[] {2 * (7 - 1) / 2f + 5},
                    model.predict(Dataset.of(new float[] {7}, Shape.of(1)), 1).getFirst());
        }
    }

    /// Arrays of each gate: i, c, f, o of an LSTM and z, r, h of a GRU; today i, f, c, o and z, r, h.
    @Test
    void gatesHaveArraysOfTheirOwn() {
        final String config = "\", \"config\": {\"name\": \"r\", \"output_dim\": 2, \"activation\": \"tanh\","
                + " \"inner_activation\": \"sigmoid\", \"batch_input_shape\": [null, 3, 1]}}";
        for (String type : List.of("LSTM", "GRU")) {
            final List<String> gates = type.equals("LSTM") ? List.of("i", "c", "f", "o") : List.of("z", "r", "h");
            final List<Integer> places = type.equals("LSTM") ? List.of(0, 2, 1, 3) : List.of(0, 1, 2);
            final LegacyTestFile file = LegacyTestFile.list("1.2.2", "{\"class_name\": \"" + type + config);
            for (int g = 0; g < gates.size(); g++) {
                file.weight("r", "r_W_" + gates.get(g), new float[] {10 * g, 10 * g + 1}, 1, 2);
                file.weight("r", "r_U_" + gates.get(g), new float[] {g, g + 0.25f, g + 0.5f, g + 0.75f}, 2, 2);
                file.weight("r", "r_b_" + gates.get(g), new float[] {-g, -g - 0.5f}, 2);
            }
            try (Model model = KerasModels.load(file.write(at()))) {
                for (int g = 0; g < gates.size(); g++) {
                    final int column = 2 * places.get(g);
                    final int columns = 2 * gates.size();
                    assertEquals(10 * g + 1, model.parameter("r/kernel").get(column + 1));
                    assertEquals(
                            g + 0.75f, model.parameter("r/recurrent_kernel").get(columns + column + 1));
                    assertEquals(-g - 0.5f, model.parameter("r/bias").get(column + 1));
                }
            }
        }
    }

    /// Transposed convolutions had input and output where others have them.
    @Test
    void kernelsOfTransposedConvolutions() {
        final String config = "{\"class_name\": \"Deconvolution2D\", \"config\": {\"name\": \"t\", \"nb_filter\": 3,"
                + " \"nb_row\": 2, \"nb_col\": 2, \"output_shape\": [null, 4, 4, 3], \"subsample\": [2, 2],"
                + " \"border_mode\": \"valid\", \"dim_ordering\": \"%s\", \"bias\": false, \"batch_input_shape\": %s}}";
        final float[] tf = random(2 * 2 * 2 * 3, 1);
        try (Model model = KerasModels.load(LegacyTestFile.list("1.2.2", config.formatted("tf", "[null, 2, 2, 2]"))
                .weight("t", "t_W:0", tf, 2, 2, 2, 3)
                .write(at()))) {
            final float[] kernel = model.parameter("t/kernel").toArray();
            for (int tap = 0; tap < 4; tap++) {
                for (int in = 0; in < 2; in++) {
                    for (int out = 0; out < 3; out++) {
                        assertEquals(tf[(tap * 2 + in) * 3 + out], kernel[(tap * 3 + out) * 2 + in]);
                    }
                }
            }
        }
        try (Model model = KerasModels.load(LegacyTestFile.list("1.2.2", config.formatted("th", "[null, 2, 2, 2]"))
                .weight("t", "t_W:0", tf, 3, 2, 2, 2)
                .write(at()))) {
            final float[] kernel = model.parameter("t/kernel").toArray();
            for (int tap = 0; tap < 4; tap++) {
                for (int in = 0; in < 2; in++) {
                    for (int out = 0; out < 3; out++) {
                        assertEquals(tf[(out * 2 + in) * 4 + tap], kernel[(tap * 3 + out) * 2 + in]);
                    }
                }
            }
        }
    }

    /// Kernels in three dimensions, and both of separable convolutions, with channels first.
    @Test
    void otherKernelsWithChannelsFirst() {
        final String volumes = "{\"class_name\": \"Convolution3D\", \"config\": {\"name\": \"c\", \"nb_filter\": 3,"
                + " \"kernel_dim1\": 1, \"kernel_dim2\": 2, \"kernel_dim3\": 2, \"dim_ordering\": \"th\", \"bias\": false,"
                + " \"border_mode\": \"valid\", \"subsample\": [1, 1, 1], \"batch_input_shape\": [null, 2, 3, 3, 3]}}";
        final float[] th = random(3 * 2 * 4, 2);
        try (Model model = KerasModels.load(LegacyTestFile.list("1.2.2", volumes)
                .weight("c", "c_W:0", th, 3, 2, 1, 2, 2)
                .write(at()))) {
            final float[] kernel = model.parameter("c/kernel").toArray();
            for (int i = 0; i < th.length; i++) {
                assertEquals(th[i], kernel[(i % 4 * 2 + i / 4 % 2) * 3 + i / 8]);
            }
        }
        final String separable = "{\"class_name\": \"SeparableConvolution2D\", \"config\": {\"name\": \"s\","
                + " \"nb_filter\": 3, \"nb_row\": 2, \"nb_col\": 2, \"dim_ordering\": \"th\", \"bias\": false,"
                + " \"depth_multiplier\": 1, \"border_mode\": \"valid\", \"subsample\": [1, 1],"
                + " \"batch_input_shape\": [null, 2, 3, 3]}}";
        final float[] depthwise = random(2 * 4, 3);
        final float[] pointwise = random(3 * 2, 4);
        try (Model model = KerasModels.load(LegacyTestFile.list("1.2.2", separable)
                .weight("s", "s_W1:0", depthwise, 1, 2, 2, 2)
                .weight("s", "s_W2:0", pointwise, 3, 2, 1, 1)
                .write(at()))) {
            for (int i = 0; i < depthwise.length; i++) {
                assertEquals(depthwise[i], model.parameter("s/depthwise_kernel").get(i % 4 * 2 + i / 4));
            }
            for (int i = 0; i < pointwise.length; i++) {
                assertEquals(pointwise[i], model.parameter("s/pointwise_kernel").get(i % 2 * 3 + i / 2));
            }
        }
    }

    /// Files of Keras 1 do not say who wrote them, but names without a number at their end are Theano's.
    @Test
    void namesThatLookLikeTheanosAreReported() {
        final String config = "{\"class_name\": \"Convolution1D\", \"config\": {\"name\": \"c\", \"nb_filter\": 1,"
                + " \"filter_length\": 2, \"border_mode\": \"valid\", \"subsample_length\": 1, \"bias\": false,"
                + " \"input_dim\": 1, \"input_length\": 3}}";
        for (String name : List.of("c_W", "c_W:0")) {
            final Path file = LegacyTestFile.list("", config)
                    .weight("c", name, new float[] {2, 3}, 2, 1, 1, 1)
                    .write(at());
            try (ImportedModel imported = KerasModels.importFile(file)) {
                final List<Finding> findings = imported.report().allFindings();
                assertEquals(
                        name.equals("c_W") ? List.of(Reason.KERNELS_OF_THEANO) : List.of(),
                        findings.stream().map(Finding::reason).toList());
                assertTrue(name.endsWith("0") || findings.getFirst().detail().contains("--flip-kernels"));
                assertArrayEquals(
                        new float[] {2, 3},
                        imported.model().parameter("c/kernel").toArray());
            }
            try (ImportedModel imported = KerasModels.importFile(file, ImportOptions.DEFAULT.flipKernels(true))) {
                assertEquals(List.of(), imported.report().allFindings());
                assertArrayEquals(
                        new float[] {3, 2},
                        imported.model().parameter("c/kernel").toArray());
            }
        }
    }
}
