package dev.lanewise.keras;

import dev.lanewise.keras.h5.H5Dataset;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Weights of a recurrent layer in a form that is not today's: Keras 1 had a kernel, a recurrent kernel and
/// a bias for
/// each gate, and cuDNN's layers have turned kernels and two biases.
final class RecurrentWeights {
    private enum Form {
        BY_GATE,
        CUDNN
    }

    private final Form form;
    private final int in;
    private final int units;
    private final int gates;
    private final Shape bias;
    private final int times;

    private RecurrentWeights(Form form, int in, int units, int gates, Shape bias, int times) {
        this.times = times;
        this.form = form;
        this.in = in;
        this.units = units;
        this.gates = gates;
        this.bias = bias;
    }

    /// How a file's weights become a layer's kernel, recurrent kernel and bias; null where they are so already.
    ///
    /// @param places of one layer
    static @Nullable RecurrentWeights of(
            String className, List<KerasWeight> weights, List<ParameterLayout.Place> places) {
        if (className.equals("Bidirectional") && places.size() == 6 && weights.size() % 2 == 0) {
            final RecurrentWeights half = of("LSTM", weights.subList(0, weights.size() / 2), places.subList(0, 3));
            return half == null ? null : half.twice();
        }
        if (places.size() != 3 || !(className.equals("LSTM") || className.equals("GRU"))) {
            return null;
        }
        final Shape kernel = places.get(0).spec().shape();
        final int units = places.get(1).spec().shape().dim(0);
        final int gates = kernel.last() / units;
        final Shape bias = places.get(2).spec().shape();
        if (gates > 1 && weights.size() == 3 * gates) {
            return new RecurrentWeights(Form.BY_GATE, kernel.dim(0), units, gates, bias, 1);
        }
        final H5Dataset biases = weights.size() == 3 ? weights.get(2).data() : null;
        if (biases != null && biases.dims().equals(List.of(2L * gates * units))) {
            return new RecurrentWeights(Form.CUDNN, kernel.dim(0), units, gates, bias, 1);
        }
        return null;
    }

    /// Those of one layer and then of another.
    private RecurrentWeights twice() {
        return new RecurrentWeights(form, in, units, gates, bias, 2);
    }

    /// Shapes of the file's arrays.
    List<List<Long>> fileDims() {
        final List<List<Long>> all = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            all.addAll(dimsOfOne());
        }
        return all;
    }

    private List<List<Long>> dimsOfOne() {
        final List<List<Long>> dims = new ArrayList<>();
        if (form == Form.CUDNN) {
            dims.add(List.of((long) in, (long) gates * units));
            dims.add(List.of((long) units, (long) gates * units));
            dims.add(List.of(2L * gates * units));
        }
        for (int g = 0; form == Form.BY_GATE && g < gates; g++) {
            dims.add(List.of((long) in, (long) units));
            dims.add(List.of((long) units, (long) units));
            dims.add(List.of((long) units));
        }
        return dims;
    }

    /// The layer's arrays of the file's.
    float[][] apply(List<float[]> file) {
        final List<float[]> all = new ArrayList<>();
        final int each = file.size() / times;
        for (int i = 0; i < times; i++) {
            all.addAll(List.of(applyToOne(file.subList(i * each, (i + 1) * each))));
        }
        return all.toArray(float[][]::new);
    }

    private float[][] applyToOne(List<float[]> file) {
        final int cols = gates * units;
        final float[] kernel = new float[in * cols];
        final float[] recurrent = new float[units * cols];
        final float[] sums = new float[(int) bias.size()];
        for (int g = 0; g < gates; g++) {
            if (form == Form.BY_GATE) {
                // Keras 1 had the gates of an LSTM in the order i, c, f, o.
                final int at = gates == 4 && (g == 1 || g == 2) ? 3 - g : g;
                block(file.get(3 * at), kernel, in, g);
                block(file.get(3 * at + 1), recurrent, units, g);
                System.arraycopy(file.get(3 * at + 2), 0, sums, g * units, units);
            } else {
                turned(file.get(0), kernel, in, g);
                turned(file.get(1), recurrent, units, g);
            }
        }
        for (int i = 0; form == Form.CUDNN && i < 2 * cols; i++) {
            // One bias is the sum of both.
            sums[i % sums.length] += file.get(2)[i];
        }
        return new float[][] {kernel, recurrent, sums};
    }

    private void block(float[] from, float[] to, int rows, int gate) {
        for (int r = 0; r < rows; r++) {
            System.arraycopy(from, r * units, to, (r * gates + gate) * units, units);
        }
    }

    /// A block's elements, one after the other, are those of its transpose.
    private void turned(float[] from, float[] to, int rows, int gate) {
        for (int r = 0; r < rows; r++) {
            for (int u = 0; u < units; u++) {
                final int i = r + rows * u;
                to[(r * gates + gate) * units + u] = from[(i / units * gates + gate) * units + i % units];
            }
        }
    }
}
