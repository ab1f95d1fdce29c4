package dev.lanewise.keras;

import static dev.lanewise.keras.H5Builder.hard;
import static dev.lanewise.keras.H5Builder.text;
import static dev.lanewise.keras.H5Builder.texts;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.GRU;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Layers of cuDNN's: the file has each gate's kernel as the transpose written into the kernel's shape, its
/// recurrent kernel transposed, and two biases. Here such files are made of known layers, by that rule read
/// backwards.
class CudnnLayersTest {
    private static final int STEPS = 4;
    private static final int IN = 3;
    private static final int UNITS = 5;

    @TempDir
    private Path folder;

    /// Whole numbers of 64ths, so that sums of biases are exact.
    private static float[] random(int n, int seed) {
        final Random random = new Random(seed);
        final float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (random.nextInt(129) - 64) / 64f;
        }
        return values;
    }

    /// Each gate's `[rows, units]`: its transpose, read row by row, fills the shape of the block row by row.
    private static float[] kernelOfFile(float[] kernel, int rows, int gates) {
        final float[] file = new float[kernel.length];
        for (int g = 0; g < gates; g++) {
            final float[] flat = new float[rows * UNITS];
            int next = 0;
            for (int u = 0; u < UNITS; u++) {
                for (int r = 0; r < rows; r++) {
                    flat[next++] = kernel[(r * gates + g) * UNITS + u];
                }
            }
            for (int i = 0; i < flat.length; i++) {
                file[(i / UNITS * gates + g) * UNITS + i % UNITS] = flat[i];
            }
        }
        return file;
    }

    private static float[] recurrentOfFile(float[] kernel, int gates) {
        final float[] file = new float[kernel.length];
        for (int g = 0; g < gates; g++) {
            for (int r = 0; r < UNITS; r++) {
                for (int u = 0; u < UNITS; u++) {
                    file[(u * gates + g) * UNITS + r] = kernel[(r * gates + g) * UNITS + u];
                }
            }
        }
        return file;
    }

    /// Two biases of an LSTM, of which the layer's is the sum; a GRU's are two already.
    private static float[] biasOfFile(float[] bias, int gates) {
        if (bias.length == 2 * gates * UNITS) {
            return bias;
        }
        final float[] first = random(bias.length, 77);
        final float[] both = new float[2 * bias.length];
        for (int i = 0; i < bias.length; i++) {
            both[i] = first[i];
            both[bias.length + i] = bias[i] - first[i];
        }
        return both;
    }

    /// A model of one layer with random weights, and its file as cuDNN's layer.
    private void check(Layer layer, int gates, String config) throws IOException {
        final Graph graph = Sequential.input(STEPS, IN).add(layer).build();
        final float[] x = random(6 * STEPS * IN, 1);
        final Dataset data = Dataset.of(x, Shape.of(STEPS, IN));
        try (Model model = Model.create(graph, 1)) {
            final H5Builder file = new H5Builder();
            final List<String> names = new ArrayList<>();
            final List<H5Builder.Message> messages = new ArrayList<>();
            int seed = 2;
            for (ParameterLayout.Place place : model.layout().places()) {
                final float[] values = random((int) place.spec().shape().size(), seed++);
                model.parameter(place).copyFrom(values);
                final int which = names.size() % 3;
                final float[] stored = which == 0
                        ? kernelOfFile(values, IN, gates)
                        : which == 1 ? recurrentOfFile(values, gates) : biasOfFile(values, gates);
                final String name = "w" + names.size();
                names.add(name);
                final long[] dims = which == 2
                        ? new long[] {stored.length}
                        : new long[] {which == 0 ? IN : UNITS, (long) gates * UNITS};
                messages.add(hard(name, file.dataset(stored, dims)));
            }
            messages.add(texts("weight_names", names));
            final long group = file.group(messages.toArray(H5Builder.Message[]::new));
            final long weights = file.group(hard("rnn", group), texts("layer_names", List.of("rnn")));
            final Path path = Files.write(
                    folder.resolve("cudnn.h5"),
                    file.finish(file.group(
                            hard("model_weights", weights),
                            text("model_config", "{\"class_name\": \"Sequential\", \"config\": [" + config + "]}"),
                            text("keras_version", "2.2.4"),
                            text("backend", "tensorflow"))));
            try (Model loaded = KerasModels.load(path)) {
                for (int i = 0; i < names.size(); i++) {
                    assertArrayEquals(
                            model.parameter(model.layout().places().get(i)).toArray(),
                            loaded.parameter(loaded.layout().places().get(i)).toArray(),
                            names.get(i));
                }
                assertArrayEquals(
                        model.predict(data, 6).getFirst(),
                        loaded.predict(data, 6).getFirst());
            }
        }
    }

    private static String entry(String type, String name) {
        return """
                {"class_name": "%s", "config": {"name": "%s", "trainable": true, "batch_input_shape": [null, 4, 3],
                 "dtype": "float32", "return_sequences": true, "return_state": false, "go_backwards": false,
                 "stateful": false, "units": 5, "kernel_initializer": "glorot_uniform", "unit_forget_bias": true,
                 "recurrent_initializer": "orthogonal", "bias_initializer": "zeros"}}""".formatted(type, name);
    }

    @Test
    void lstm() throws IOException {
        check(new LSTM(UNITS).returnSequences(true), 4, entry("CuDNNLSTM", "rnn"));
    }

    @Test
    void gru() throws IOException {
        check(new GRU(UNITS).returnSequences(true), 3, entry("CuDNNGRU", "rnn"));
    }

    @Test
    void bothDirections() throws IOException {
        check(new Bidirectional(new LSTM(UNITS).returnSequences(true)), 4, """
                {"class_name": "Bidirectional", "config": {"name": "rnn", "batch_input_shape": [null, 4, 3],
                 "merge_mode": "concat", "layer": %s}}""".formatted(entry("CuDNNLSTM", "inner")));
    }
}
