package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.keras.ExportReport.Kind;
import dev.lanewise.keras.KerasTestFile.Weight;
import dev.lanewise.keras.h5.H5File;
import dev.lanewise.nn.Model;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// ConvLSTM layers whose channels come first: they compute what those with channels last do, and go out as
/// they came.
class ChannelsFirstLstmTest {
    private static final int STEPS = 3;
    private static final int CHANNELS = 2;
    private static final int FILTERS = 3;
    private static final int[] PLACES = {5, 4, 3};

    @TempDir
    private Path folder;

    private static String shape(int axes, boolean first) {
        final StringBuilder shape = new StringBuilder("null, " + STEPS);
        if (first) {
            shape.append(", ").append(CHANNELS);
        }
        for (int i = 0; i < axes; i++) {
            shape.append(", ").append(PLACES[i]);
        }
        return "[" + shape + (first ? "" : ", " + CHANNELS) + "]";
    }

    /// Two layers, of which the second gives its last step, and a wrapper where asked for. They do not say
    /// their recurrent activation, which is another one in Keras 2.
    private static String config(int axes, boolean first, boolean both) {
        final List<String> layers = new ArrayList<>();
        layers.add("""
                {"module": "keras.layers", "class_name": "InputLayer", "registered_name": null,
                 "config": {"batch_shape": %s, "dtype": "float32", "sparse": false, "name": "x"}}""".formatted(shape(axes, first)));
        for (int i = 0; i < 2; i++) {
            final String layer = """
                    {"module": "keras.layers", "class_name": "ConvLSTM%dD", "registered_name": null,
                     "config": {"name": "c%d", "trainable": true, "dtype": "float32", "filters": %d, "kernel_size": 2,
                                "padding": "same", "data_format": "%s", "return_sequences": %s}}""".formatted(axes, i, FILTERS, first ? "channels_first" : "channels_last", i == 0);
            layers.add(both && i == 0 ? """
                    {"module": "keras.layers", "class_name": "Bidirectional", "registered_name": null,
                     "config": {"name": "both", "trainable": true, "dtype": "float32", "merge_mode": "sum",
                                "layer": %s}}""".formatted(layer) : layer);
        }
        return """
                {"module": "keras", "class_name": "Sequential", "registered_name": null,
                 "config": {"name": "s", "trainable": true, "dtype": "float32", "layers": %s}}""".formatted(layers);
    }

    private static List<Weight> weights(int axes, boolean both) {
        final List<Weight> weights = new ArrayList<>();
        final String type = "conv_lstm" + axes + "d";
        if (both) {
            add(weights, axes, "f", "bidirectional/forward_layer/cell", CHANNELS);
            add(weights, axes, "b", "bidirectional/backward_layer/cell", CHANNELS);
        } else {
            add(weights, axes, "c0", type + "/cell", CHANNELS);
        }
        add(weights, axes, "c1", type + (both ? "/cell" : "_1/cell"), FILTERS);
        return weights;
    }

    private static void add(List<Weight> weights, int axes, String layer, String object, int channels) {
        final List<Long> kernel = new ArrayList<>();
        final List<Long> recurrent = new ArrayList<>();
        for (int i = 0; i < axes; i++) {
            kernel.add(2L);
            recurrent.add(2L);
        }
        kernel.addAll(List.of((long) channels, 4L * FILTERS));
        recurrent.addAll(List.of((long) FILTERS, 4L * FILTERS));
        weights.add(new Weight(layer, object, "kernel", true, kernel));
        weights.add(new Weight(layer, object, "recurrent_kernel", true, recurrent));
        weights.add(new Weight(layer, object, "bias", true, List.of(4L * FILTERS)));
    }

    private Path file(String name, int axes, boolean first, boolean both) {
        return KerasTestFile.archive(folder.resolve(name), config(axes, first, both), "layers/", weights(axes, both));
    }

    /// Samples, or parts of them, with the last axis before the places, or the other way round.
    private static float[] turned(float[] x, int parts, int places, int channels, boolean toFirst) {
        final float[] y = new float[x.length];
        for (int n = 0; n < parts; n++) {
            for (int p = 0; p < places; p++) {
                for (int c = 0; c < channels; c++) {
                    final int last = (n * places + p) * channels + c;
                    final int first = (n * channels + c) * places + p;
                    y[toFirst ? first : last] = x[toFirst ? last : first];
                }
            }
        }
        return y;
    }

    private static float[] predict(Model model, float[] x) {
        try (var predictor = model.predictor(1)) {
            return predictor.run(x);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, false", "2, false", "3, false", "1, true", "2, true", "3, true"})
    void theyComeBack(int axes, boolean both) throws IOException {
        int places = 1;
        for (int i = 0; i < axes; i++) {
            places *= PLACES[i];
        }
        final float[] last = new float[STEPS * places * CHANNELS];
        final Random random = new Random(axes);
        for (int i = 0; i < last.length; i++) {
            last[i] = random.nextFloat() - 0.5f;
        }
        final float[] first = turned(last, STEPS, places, CHANNELS, true);
        final float[] expected;
        try (Model model = KerasModels.load(file("last.keras", axes, false, both))) {
            expected = turned(predict(model, last), 1, places, FILTERS, true);
        }
        try (Model model = KerasModels.load(file("first.keras", axes, true, both))) {
            assertArrayEquals(expected, predict(model, first));
            for (String ending : List.of(".keras", ".h5")) {
                final Path out = folder.resolve("out" + ending);
                final ExportReport report = KerasModels.save(model, out);
                assertTrue(report.notes().stream().noneMatch(note -> note.kind() == Kind.OTHER_LAYER), report::text);
                try (Model back = KerasModels.load(out)) {
                    assertArrayEquals(expected, predict(back, first));
                    assertEquals(model.graph(), back.graph());
                }
            }
            final Path weights = folder.resolve("out.weights.h5");
            KerasModels.save(model, weights);
            try (Model back = KerasModels.load(weights, folder.resolve("out.keras"))) {
                assertArrayEquals(expected, predict(back, first));
            }
        }
        try (ZipFile zip = new ZipFile(folder.resolve("out.keras").toFile());
                InputStream in = zip.getInputStream(zip.getEntry("config.json"))) {
            check(new String(in.readAllBytes(), StandardCharsets.UTF_8), axes, "batch_shape");
        }
        try (H5File h5 = H5File.open(folder.resolve("out.h5"))) {
            check(h5.string("/", "model_config"), axes, "batch_input_shape");
        }
    }

    /// Three entries as in the file, and no layers that turn what comes and goes.
    private static void check(String config, int axes, String shape) {
        final var layers = JsonParser.parseString(config)
                .getAsJsonObject()
                .getAsJsonObject("config")
                .getAsJsonArray("layers");
        assertEquals(3, layers.size(), config);
        assertEquals(
                JsonParser.parseString(shape(axes, true)),
                layers.get(0).getAsJsonObject().getAsJsonObject("config").get(shape));
        for (JsonElement layer : layers.asList().subList(1, 3)) {
            final JsonObject own = layer.getAsJsonObject().getAsJsonObject("config");
            final JsonObject inner =
                    own.has("layer") ? own.getAsJsonObject("layer").getAsJsonObject("config") : own;
            assertEquals("channels_first", inner.get("data_format").getAsString(), config);
        }
    }
}
