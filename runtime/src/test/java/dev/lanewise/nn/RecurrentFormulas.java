package dev.lanewise.nn;

import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.RNN;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The recurrent layers once more, in double: one sample and one step after the other, by the formulas.
final class RecurrentFormulas {
    private RecurrentFormulas() {}

    /// The formula of a layer, or null if it is none of these.
    ///
    /// @param mask of the first input, or null
    static GradientCheck.@Nullable Formula of(
            Layer layer, List<Shape> inputs, double @Nullable [] mask, LayerBuffers.RandomKey key, long step) {
        if (layer instanceof Bidirectional both) {
            return (x, w) -> bidirectional(both, x, w, inputs, mask, key, step);
        }
        if (layer instanceof TimeDistributed each) {
            final Shape x = inputs.getFirst();
            final List<Shape> inner = List.of(x.withoutFirst().withoutFirst().prepend(x.dim(0) * x.dim(1)));
            return DoubleFormulas.of(each.layer(), inner, of(key, 0), step);
        }
        if (layer instanceof RNN rnn) {
            return (x, w) -> stacked(rnn, x, w, inputs.getFirst(), mask, key, step);
        }
        final RecurrentSettings of = RecurrentSettings.of(layer, inputs.getFirst());
        return of == null ? null : (x, w) -> outputs(of, x, w, inputs.getFirst(), mask, key, step);
    }

    /// The key of a layer within a layer.
    private static LayerBuffers.RandomKey of(LayerBuffers.RandomKey key, int number) {
        return new LayerBuffers.RandomKey(Threefry.block(key.seed(), number + 1), key.layer(), key.call());
    }

    /// Each cell over all steps, on what the one below gave.
    private static double[][] stacked(
            RNN rnn,
            double[][] x,
            double[][] w,
            Shape shape,
            double @Nullable [] mask,
            LayerBuffers.RandomKey key,
            long step) {
        final List<double[]> states = new ArrayList<>();
        double[] sequence = x[0];
        Shape of = shape;
        double[] counts = mask;
        int weight = 0;
        int part = 1;
        for (int i = 0; i < rnn.cells().size(); i++) {
            final RecurrentSettings cell =
                    Objects.requireNonNull(RecurrentSettings.of(rnn.cells().get(i), of));
            final boolean last = i == rnn.cells().size() - 1;
            final boolean turns = i == 0 && rnn.goBackwards();
            final RecurrentSettings own =
                    cell.with(!last || rnn.returnSequences(), true, turns, false, last && rnn.zeroOutputForMask());
            final List<double[]> inputs = new ArrayList<>(List.of(sequence));
            if (x.length > 1) {
                inputs.addAll(Arrays.asList(x).subList(part, part + own.states()));
            }
            final int weights = own.useBias() ? 3 : 2;
            final double[][] results = outputs(
                    own,
                    inputs.toArray(double[][]::new),
                    Arrays.copyOfRange(w, weight, weight + weights),
                    of,
                    counts,
                    of(key, i),
                    step);
            sequence = results[0];
            states.addAll(Arrays.asList(results).subList(1, results.length));
            of = of.withoutLast().append(own.units());
            weight += weights;
            part += own.states();
            if (turns && counts != null) {
                final double[] turned = new double[counts.length];
                for (int k = 0; k < turned.length; k++) {
                    turned[k] = counts[k / of.dim(1) * of.dim(1) + of.dim(1) - 1 - k % of.dim(1)];
                }
                counts = turned;
            }
        }
        final List<double[]> all = new ArrayList<>(List.of(sequence));
        all.addAll(rnn.returnState() ? states : List.of());
        return all.toArray(double[][]::new);
    }

    private static double[][] bidirectional(
            Bidirectional both,
            double[][] x,
            double[][] w,
            List<Shape> inputs,
            double @Nullable [] mask,
            LayerBuffers.RandomKey key,
            long step) {
        final double[][][] results = new double[2][][];
        final int states = (inputs.size() - 1) / 2;
        int units = 0;
        int cols = 0;
        for (int i = 0; i < 2; i++) {
            RecurrentSettings of = Objects.requireNonNull(RecurrentSettings.of(both.layer(), inputs.getFirst()));
            of = of.with(of.sequences(), of.state(), of.backwards() == (i == 0), of.stateful(), of.sequences());
            units = of.units();
            cols = of.columns();
            final List<double[]> own = new ArrayList<>(List.of(x[0]));
            own.addAll(Arrays.asList(x).subList(1 + i * states, 1 + (i + 1) * states));
            final double[][] weights = Arrays.copyOfRange(w, i * w.length / 2, (i + 1) * w.length / 2);
            results[i] = outputs(of, own.toArray(double[][]::new), weights, inputs.getFirst(), mask, of(key, i), step);
        }
        final boolean sequences = results[0][0].length > inputs.getFirst().dim(0) * units;
        final int steps = sequences ? inputs.getFirst().dim(1) : 1;
        final double[] a = results[0][0];
        final double[] b = new double[a.length];
        for (int i = 0; i < b.length; i++) {
            final int s = i / units % steps;
            b[i] = results[1][0][i + (steps - 1 - 2 * s) * units];
        }
        final List<double[]> all = new ArrayList<>();
        if (both.mergeMode() == null) {
            all.addAll(List.of(a, b));
        } else if (both.mergeMode().equals("concat")) {
            final double[] y = new double[2 * a.length];
            for (int i = 0; i < y.length; i++) {
                final int at = i / (2 * cols) * cols + i % cols;
                y[i] = i / cols % 2 == 0 ? a[at] : b[at];
            }
            all.add(y);
        } else if (both.mergeMode().equals("mul")) {
            all.add(RecurrentCell.times(a, b));
        } else {
            final double share = both.mergeMode().equals("ave") ? 0.5 : 1;
            all.add(Arrays.stream(RecurrentCell.sum(a, b)).map(v -> share * v).toArray());
        }
        for (double[][] result : results) {
            all.addAll(Arrays.asList(result).subList(1, result.length));
        }
        return all.toArray(double[][]::new);
    }

    static double[][] outputs(
            RecurrentSettings of,
            double[][] x,
            double[][] w,
            Shape shape,
            double @Nullable [] mask,
            LayerBuffers.RandomKey key,
            long step) {
        final int batch = shape.dim(0);
        final int steps = shape.dim(1);
        final int in = (int) (shape.size() / batch / steps);
        final int units = of.units();
        final long call = Threefry.block(Threefry.block(key.seed(), key.layer()), key.call());
        final double[] y = new double[batch * (of.sequences() ? steps : 1) * units];
        final double[][] last = new double[of.states()][batch * units];
        for (int n = 0; n < batch; n++) {
            final double[][] state = new double[of.states()][units];
            for (int i = 0; i < state.length; i++) {
                for (int u = 0; u < units; u++) {
                    state[i][u] = x.length > 1 ? x[1 + i][n * units + u] : 0;
                }
            }
            double[] output = new double[units];
            for (int s = 0; s < steps; s++) {
                final int t = of.backwards() ? steps - 1 - s : s;
                if (mask == null || mask[n * steps + t] != 0) {
                    final double[] features = new double[in];
                    for (int i = 0; i < in; i++) {
                        final double kept = kept(of.dropout(), Threefry.block(call, 1), step, n * in + i);
                        features[i] = x[0][(n * steps + t) * in + i] * kept;
                    }
                    final double[] h = new double[units];
                    for (int u = 0; u < units; u++) {
                        h[u] = state[0][u] * kept(of.recurrentDropout(), Threefry.block(call, 2), step, n * units + u);
                    }
                    RecurrentCell.step(of, features, h, state, w);
                    output = state[0].clone();
                } else if (of.zeroForMask()) {
                    output = new double[units];
                }
                if (of.sequences() || s == steps - 1) {
                    System.arraycopy(output, 0, y, (of.sequences() ? n * steps + s : n) * units, units);
                }
            }
            for (int i = 0; i < state.length; i++) {
                System.arraycopy(state[i], 0, last[i], n * units, units);
            }
        }
        final List<double[]> outputs = new ArrayList<>(List.of(y));
        if (of.state()) {
            outputs.addAll(Arrays.asList(last));
        }
        return outputs.toArray(double[][]::new);
    }

    private static double kept(float rate, long key, long step, int index) {
        if (step < 0 || rate == 0) {
            return 1;
        }
        return Threefry.uniform(Threefry.block(key, step), index) < rate ? 0 : 1 / (1 - (double) rate);
    }
}
