package dev.lanewise.keras;

import static dev.lanewise.keras.H5Builder.hard;
import static dev.lanewise.keras.H5Builder.text;
import static dev.lanewise.keras.H5Builder.texts;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What older versions and other back ends of Keras wrote in other ways, and classes that are not Keras'.
class OldFilesTest {
    private static final int ROWS = 3;
    private static final int COLUMNS = 2;
    private static final int IN = 2;
    private static final int OUT = 4;

    @TempDir
    private Path folder;

    private Path write(String name, byte[] bytes) {
        try {
            return Files.write(folder.resolve(name), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A model of one layer `c` without bias.
    private Path model(String config, String version, String backend, float[] kernel, long... dims) {
        final H5Builder file = new H5Builder();
        final long layer = file.group(hard("k", file.dataset(kernel, dims)), texts("weight_names", List.of("k")));
        final long weights = file.group(hard("c", layer), texts("layer_names", List.of("c")));
        return write(
                "model.h5",
                file.finish(file.group(
                        hard("model_weights", weights),
                        text("model_config", config),
                        text("keras_version", version),
                        text("backend", backend.isEmpty() ? "unknown" : backend))));
    }

    private static String sequential(String layer) {
        return "{\"class_name\": \"Sequential\", \"config\": [" + layer + "]}";
    }

    private static String convolution1(String ordering) {
        return sequential("""
                {"class_name": "Convolution2D", "config": {"name": "c", "nb_filter": 4, "nb_row": 3, "nb_col": 2,
                 "border_mode": "same", "subsample": [1, 1], "dim_ordering": "%s", "bias": false, "activation": "linear",
                 "init": "glorot_uniform", "W_regularizer": null, "batch_input_shape": %s}}""".formatted(ordering, ordering.equals("th") ? "[null, 2, 5, 6]" : "[null, 5, 6, 2]"));
    }

    private static float[] random(int n) {
        final Random random = new Random(5);
        final float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return values;
    }

    /// `[rows, columns, in, out]` as `[out, in, rows, columns]`.
    private static float[] first(float[] kernel, boolean turned) {
        final float[] result = new float[kernel.length];
        for (int r = 0; r < ROWS; r++) {
            for (int c = 0; c < COLUMNS; c++) {
                for (int i = 0; i < IN; i++) {
                    for (int o = 0; o < OUT; o++) {
                        final int row = turned ? ROWS - 1 - r : r;
                        final int column = turned ? COLUMNS - 1 - c : c;
                        result[((o * IN + i) * ROWS + row) * COLUMNS + column] =
                                kernel[((r * COLUMNS + c) * IN + i) * OUT + o];
                    }
                }
            }
        }
        return result;
    }

    /// Samples `[rows, columns, channels]` as `[channels, rows, columns]`.
    private static float[] channelsFirst(float[] image, int places, int channels) {
        final float[] result = new float[image.length];
        for (int s = 0; s < image.length / places / channels; s++) {
            for (int p = 0; p < places; p++) {
                for (int c = 0; c < channels; c++) {
                    result[(s * channels + c) * places + p] = image[(s * places + p) * channels + c];
                }
            }
        }
        return result;
    }

    @Test
    void kernelsOfKeras1WithChannelsFirst() {
        final float[] kernel = random(ROWS * COLUMNS * IN * OUT);
        final float[] image = random(2 * 30 * IN);
        final float[] expected;
        final Path last = model(convolution1("tf"), "1.2.2", "tensorflow", kernel, ROWS, COLUMNS, IN, OUT);
        try (Model model = KerasModels.load(last)) {
            assertArrayEquals(kernel, model.parameter("c/kernel").toArray());
            expected = model.predict(Dataset.of(image, Shape.of(5, 6, IN)), 2).getFirst();
        }
        final float[] turned = channelsFirst(image, 30, IN);
        final Path th = model(convolution1("th"), "1.2.2", "", first(kernel, false), OUT, IN, ROWS, COLUMNS);
        try (Model model = KerasModels.load(th)) {
            assertArrayEquals(kernel, model.parameter("c/kernel").toArray());
            assertEquals("[[None, 4, 5, 6]]", model.graph().outputShapes().toString());
            assertArrayEquals(
                    channelsFirst(expected, 30, OUT),
                    model.predict(Dataset.of(turned, Shape.of(IN, 5, 6)), 2).getFirst());
        }
        // Theano's run the other way, which Keras 1 does not say.
        final Path theano = model(convolution1("th"), "1.2.2", "", first(kernel, true), OUT, IN, ROWS, COLUMNS);
        try (ImportedModel model = KerasModels.importFile(theano, ImportOptions.DEFAULT.flipKernels(true))) {
            assertArrayEquals(kernel, model.model().parameter("c/kernel").toArray());
        }
        final Path wrong = model(convolution1("th"), "1.2.2", "", kernel, ROWS, COLUMNS, IN, OUT);
        assertTrue(assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(wrong))
                .getMessage()
                .contains("has the shape [3, 2, 2, 4], expected [4, 2, 3, 2]"));
    }

    @Test
    void kernelsOfTheanoAreTurnedWhereTheFileSaysSo() {
        final float[] kernel = random(ROWS * COLUMNS * IN * OUT);
        final String config = sequential("""
                {"class_name": "Conv2D", "config": {"name": "c", "filters": 4, "kernel_size": [3, 2], "use_bias": false,
                 "strides": [1, 1], "padding": "valid", "data_format": "channels_last", "dilation_rate": [1, 1],
                 "activation": "linear", "batch_input_shape": [null, 5, 6, 2]}}""");
        final Path theano = model(config, "2.1.3", "theano", kernel, ROWS, COLUMNS, IN, OUT);
        try (Model model = KerasModels.load(theano)) {
            final float[] got = model.parameter("c/kernel").toArray();
            final int matrix = IN * OUT;
            for (int tap = 0; tap < ROWS * COLUMNS; tap++) {
                assertArrayEquals(
                        Arrays.copyOfRange(kernel, tap * matrix, (tap + 1) * matrix),
                        Arrays.copyOfRange(got, (ROWS * COLUMNS - 1 - tap) * matrix, (ROWS * COLUMNS - tap) * matrix));
            }
        }
        try (ImportedModel model = KerasModels.importFile(theano, ImportOptions.DEFAULT.flipKernels(false))) {
            assertArrayEquals(kernel, model.model().parameter("c/kernel").toArray());
        }
    }

    @Test
    void kernelsInOneDimensionHadTwo() {
        final String config = sequential("""
                {"class_name": "Convolution1D", "config": {"name": "c", "nb_filter": 4, "filter_length": 3,
                 "border_mode": "valid", "subsample_length": 1, "bias": false, "activation": "linear", "input_dim": 2,
                 "input_length": 5}}""");
        final float[] kernel = random(3 * IN * OUT);
        try (Model model = KerasModels.load(model(config, "1.2.2", "", kernel, 3, 1, IN, OUT))) {
            assertArrayEquals(kernel, model.parameter("c/kernel").toArray());
            assertEquals("[[None, 5, 2]]", model.graph().inputShapes().toString());
        }
        final float[] older = new float[kernel.length];
        for (int k = 0; k < 3; k++) {
            for (int i = 0; i < IN; i++) {
                for (int o = 0; o < OUT; o++) {
                    older[(o * IN + i) * 3 + k] = kernel[(k * IN + i) * OUT + o];
                }
            }
        }
        try (Model model = KerasModels.load(model(config, "1.0.4", "", older, OUT, IN, 3, 1))) {
            assertArrayEquals(kernel, model.parameter("c/kernel").toArray());
        }
    }

    /// Keras 2 and the names that Keras 1 had for the same.
    @Test
    void kernelsOfEachPosition() {
        final String shared = "\"filters\": 4, \"strides\": %s, \"padding\": \"%s\", \"activation\": \"linear\","
                + " \"use_bias\": false, \"implementation\": %d";
        final String image = sequential("{\"class_name\": \"LocallyConnected2D\", \"config\": {\"name\": \"c\","
                + " \"kernel_size\": [3, 2], \"data_format\": \"%s\", " + shared
                + ", \"batch_input_shape\": [null, 5, 6, 2]}}");
        final float[] kernel = random(2 * 5 * ROWS * COLUMNS * IN * OUT);
        final long[] dims = {10, ROWS * COLUMNS * IN, OUT};
        final String first = image.formatted("channels_last", "[2, 1]", "valid", 1);
        try (Model model = KerasModels.load(model(first, "2.8.0", "tensorflow", kernel, dims))) {
            assertArrayEquals(kernel, model.parameter("c/kernel").toArray());
            final float[] x = random(60);
            final float[] y =
                    model.predict(Dataset.of(x, Shape.of(5, 6, IN)), 1).getFirst();
            for (int o = 0; o < y.length; o++) {
                final int at = o / OUT;
                double sum = 0;
                for (int i = 0; i < ROWS * COLUMNS * IN; i++) {
                    final int row = at / 5 * 2 + i / IN / COLUMNS;
                    final int column = at % 5 + i / IN % COLUMNS;
                    sum += (double) x[(row * 6 + column) * IN + i % IN]
                            * kernel[(at * ROWS * COLUMNS * IN + i) * OUT + o % OUT];
                }
                assertEquals(sum, y[o], 1e-6);
            }
        }
        refused(image.formatted("channels_last", "[2, 1]", "valid", 2), kernel, "'implementation' 2", "supported: 1");
        refused(image.formatted("channels_last", "[2, 1]", "valid", 3), kernel, "'implementation' 3", "supported: 1");
        refused(image.formatted("channels_last", "[2, 1]", "same", 1), kernel, "'padding' \"same\"");
        refused(image.formatted("channels_first", "[2, 1]", "valid", 1), kernel, "'data_format' \"channels_first\"");
        final String open = first.replace("[null, 5, 6, 2]", "[null, null, 6, 2]");
        refused(open, kernel, "weights for each position", "known sizes");

        final String old = sequential("""
                {"class_name": "LocallyConnected1D", "config": {"name": "c", "nb_filter": 4, "filter_length": 3,
                 "border_mode": "valid", "subsample_length": 1, "bias": false, "activation": "linear", "input_dim": 2,
                 "input_length": 5}}""");
        final float[] steps = random(3 * 3 * IN * OUT);
        try (Model model = KerasModels.load(model(old, "1.2.2", "", steps, 3, 3 * IN, OUT))) {
            assertArrayEquals(steps, model.parameter("c/kernel").toArray());
            assertEquals("[[None, 3, 4]]", model.graph().outputShapes().toString());
        }
    }

    private void refused(String config, float[] kernel, String... parts) {
        final Path file = model(config, "2.8.0", "tensorflow", kernel, kernel.length);
        final String message = assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(file))
                .getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }

    private static String custom(String type, String registered) {
        return """
                {"class_name": "Sequential", "config": {"name": "s", "layers": [
                  {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 2], "name": "i"}},
                  {"class_name": "%s", "registered_name": %s, "config": {"name": "c", "factor": 3.0}}]}}""".formatted(type, registered);
    }

    @Test
    void classesOfOnesOwnAreMadeByTheirFactory() {
        final String own = custom("Times", "\"mine>Times\"");
        final Path file = model(own, "3.15.1", "", new float[0], 0);
        assertTrue(assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(file))
                .getMessage()
                .contains("class mine>Times is not Keras' own and not registered"));
        KerasImport.register("mine>Times", config -> new Rescaling(((Double) config.get("factor")).floatValue()));
        try (Model model = KerasModels.load(model(own, "3.15.1", "", new float[0], 0))) {
            assertArrayEquals(
                    new float[] {3, 6},
                    model.predict(Dataset.of(new float[] {1, 2}, Shape.of(2)), 1)
                            .getFirst());
        }
        // Keras 2 has the name in the class.
        try (Model model = KerasModels.load(model(custom("mine>Times", "null"), "2.8.0", "", new float[0], 0))) {
            assertEquals(new Rescaling(3), model.graph().layer("c"));
        }
        // A class that is called like one of Keras' is another one.
        assertTrue(assertThrows(
                        UnsupportedLayerException.class,
                        () -> KerasModels.load(
                                model(custom("Dense", "\"other>Dense\""), "3.15.1", "", new float[0], 0)))
                .getMessage()
                .contains("class other>Dense"));
        KerasImport.register("mine>Bad", config -> {
            throw new IllegalArgumentException("no factor " + config.get("factor"));
        });
        assertTrue(assertThrows(
                        UnsupportedLayerException.class,
                        () -> KerasModels.load(model(custom("Bad", "\"mine>Bad\""), "3.15.1", "", new float[0], 0)))
                .getMessage()
                .contains("'c' (Bad): no factor 3.0"));
        assertThrows(IllegalArgumentException.class, () -> KerasImport.register("mine>Times", c -> new Dense(1)));
        assertThrows(IllegalArgumentException.class, () -> KerasImport.register("Dense", c -> new Dense(1)));
    }

    @Test
    void basesThatLearnedFromImageNetAskForTheirPixels() {
        final String base = """
                {"class_name": "Model", "config": {"name": "vgg16", "layers": [
                  {"class_name": "InputLayer", "name": "i", "config": {"name": "i", "batch_input_shape": [null, 2]},
                   "inbound_nodes": []}, %s
                  {"class_name": "Dense", "name": "c", "config": {"name": "c", "units": 1, "use_bias": false,
                   "activation": "linear"}, "inbound_nodes": [[["%s", 0, 0, {}]]]}],
                 "input_layers": [["i", 0, 0]], "output_layers": [["c", 0, 0]]}}""";
        try (ImportedModel model =
                KerasModels.importFile(model(base.formatted("", "i"), "2.8.0", "", new float[2], 2, 1))) {
            assertEquals(
                    List.of(Reason.NEEDS_PREPROCESSING),
                    model.report().allFindings().stream().map(Finding::reason).toList());
            assertTrue(
                    model.report().text().contains("--preprocess caffe"),
                    model.report().text());
        }
        final String prepared = base.formatted("""
                {"class_name": "Rescaling", "name": "r", "config": {"name": "r", "scale": 2.0, "offset": 0.0},
                 "inbound_nodes": [[["i", 0, 0, {}]]]},""", "r");
        try (ImportedModel model = KerasModels.importFile(model(prepared, "2.8.0", "", new float[2], 2, 1))) {
            assertEquals(List.of(), model.report().allFindings());
        }
    }
}
