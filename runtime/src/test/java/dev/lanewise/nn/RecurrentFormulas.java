package dev.lanewise.nn;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.LayerGradientTest.Case;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.Conv1D;
import dev.lanewise.nn.layer.ConvLSTM1D;
import dev.lanewise.nn.layer.ConvLSTM2D;
import dev.lanewise.nn.layer.ConvLSTM3D;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Dropout;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.GRU;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.nn.layer.RNN;
import dev.lanewise.nn.layer.SimpleRNN;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The recurrent layers once more, in double: one sample and one step after the other, by the formulas.
final class RecurrentFormulas {
    /// What a layer is, of whatever kind.
    record Recurrent(
            String type,
            int units,
            Activation activation,
            Activation gate,
            boolean useBias,
            boolean resetAfter,
            float dropout,
            float recurrentDropout,
            boolean sequences,
            boolean state,
            boolean backwards,
            boolean stateful,
            boolean zeroForMask,
            @Nullable Places places) {
        int states() {
            return type.equals("LSTM") ? 2 : 1;
        }

        int gates() {
            return type.equals("LSTM") ? 4 : type.equals("GRU") ? 3 : 1;
        }

        /// The same in this direction, with these outputs.
        Recurrent with(boolean all, boolean also, boolean back, boolean keeps, boolean zero) {
            return new Recurrent(
                    type,
                    units,
                    activation,
                    gate,
                    useBias,
                    resetAfter,
                    dropout,
                    recurrentDropout,
                    all,
                    also,
                    back,
                    keeps,
                    zero,
                    places);
        }

        /// Columns of the output.
        int columns() {
            return places == null ? units : places.filters();
        }
    }

    /// The products of a cell whose units are the filters of all places of an image.
    record Places(ConvolutionFormulas.Terms input, ConvolutionFormulas.Terms state, int filters) {
        static Places of(
                Shape step,
                Shape image,
                List<Integer> size,
                List<Integer> strides,
                String padding,
                List<Integer> dilation) {
            final List<Integer> ones = java.util.Collections.nCopies(size.size(), 1);
            final int cols = 4 * image.last();
            final Shape first = image.with(0, 1);
            return new Places(
                    ConvolutionFormulas.convolution(step.with(0, 1), size, strides, padding, dilation, 1, cols),
                    ConvolutionFormulas.convolution(first, size, ones, "same", ones, 1, cols),
                    image.last());
        }
    }

    private RecurrentFormulas() {}

    static List<Case> cases() {
        final List<Case> cases = new ArrayList<>();
        final Shape x = Shape.of(4, 3, 2);
        final Shape state = Shape.of(4, 3);
        final Activation gelu = Activations.of("gelu");
        final Activation hard = Activations.of("hard_sigmoid", java.util.Map.of("legacy", true));
        for (boolean sequences : new boolean[] {true, false}) {
            final List<Layer> layers = new ArrayList<>();
            final SimpleRNN simple = new SimpleRNN(3).returnSequences(sequences);
            final LSTM lstm = new LSTM(3).returnSequences(sequences);
            final GRU gru = new GRU(3).returnSequences(sequences);
            layers.addAll(List.of(simple, lstm, gru, gru.resetAfter(false)));
            layers.addAll(List.of(simple.goBackwards(true), lstm.goBackwards(true), gru.goBackwards(true)));
            layers.addAll(
                    List.of(simple.zeroOutputForMask(true), lstm.zeroOutputForMask(true), gru.zeroOutputForMask(true)));
            layers.addAll(List.of(simple.useBias(false), lstm.useBias(false), gru.useBias(false)));
            layers.add(gru.useBias(false).resetAfter(false).goBackwards(true));
            layers.add(simple.activation(gelu));
            layers.add(lstm.activation(gelu).recurrentActivation(hard));
            layers.add(gru.activation(Activations.SOFTMAX).recurrentActivation(Activations.SOFTMAX));
            layers.add(gru.resetAfter(false).activation(gelu).recurrentActivation(Activations.of("softplus")));
            layers.add(lstm.recurrentActivation(Activations.SOFTMAX));
            layers.addAll(List.of(simple.stateful(true), lstm.stateful(true), gru.stateful(true)));
            for (Layer layer : layers) {
                cases.add(Case.of(layer, x));
                cases.add(Case.masked(layer, x));
            }
            for (Layer layer : List.of(simple, lstm, gru, gru.resetAfter(false).goBackwards(true))) {
                final Layer returning = returnState(layer);
                final int states = layer instanceof LSTM ? 2 : 1;
                final Shape[] inputs = states == 2 ? new Shape[] {x, state, state} : new Shape[] {x, state};
                cases.add(Case.of(returning, x));
                cases.add(Case.of(layer, inputs));
                cases.add(Case.masked(returning, inputs));
                final Layer dropping = dropping(returning);
                cases.add(Case.of(dropping, inputs));
                cases.add(Case.of(dropping, inputs).training(7));
                cases.add(Case.masked(dropping, inputs).training(7));
            }
        }
        for (String mode : new String[] {"concat", "sum", "ave", "mul", null}) {
            final Bidirectional lstm = new Bidirectional(new LSTM(3).returnSequences(true)).mergeMode(mode);
            final Bidirectional gru = new Bidirectional(new GRU(3).returnState(true)).mergeMode(mode);
            cases.add(Case.of(lstm, x));
            cases.add(Case.masked(lstm, x));
            cases.add(Case.of(gru, x));
            cases.add(Case.masked(gru, x, state, state));
        }
        final RNN stack = new RNN(List.of(new LSTM(3), new GRU(2), new SimpleRNN(4)));
        for (RNN rnn : List.of(
                stack,
                stack.returnSequences(true),
                stack.returnSequences(true).goBackwards(true),
                stack.returnState(true).goBackwards(true),
                new RNN(List.of(dropping(new GRU(3)))).returnSequences(true))) {
            cases.add(Case.of(rnn, x));
            cases.add(Case.masked(rnn, x).training(7));
        }
        cases.add(Case.masked(stack.returnState(true), x, state, state, Shape.of(4, 2), Shape.of(4, 4)));
        cases.add(Case.of(new Bidirectional(new SimpleRNN(3).goBackwards(true)), x));
        final Layer dropping = dropping(new LSTM(3).returnSequences(true));
        cases.add(Case.of(new Bidirectional(dropping), x).training(7));
        cases.add(Case.of(new TimeDistributed(new Dense(3, Activations.RELU)), x));
        cases.add(Case.of(new TimeDistributed(new Dense(3, gelu)), x));
        cases.add(Case.of(new TimeDistributed(new Flatten()), Shape.of(2, 3, 2, 2)));
        cases.add(Case.of(new TimeDistributed(new GRU(2)), Shape.of(2, 3, 4, 2)));
        cases.add(Case.of(new TimeDistributed(new Dropout(0.4f)), x).training(7));
        cases.add(Case.of(new TimeDistributed(new Conv1D(2, 2)), Shape.of(2, 3, 4, 2)));
        convolutional(cases);
        cases.add(Case.of(new LSTM(17).returnSequences(true), Shape.of(3, 5, 7)));
        cases.add(Case.of(new GRU(19), Shape.of(2, 4, 5)));
        cases.add(Case.of(new SimpleRNN(1), Shape.of(1, 1, 1)));
        // So many steps that the recurrent kernel is copied first.
        cases.add(Case.of(new LSTM(5).returnSequences(true), Shape.of(3, 9, 2)));
        cases.add(Case.of(new GRU(3), Shape.of(2, 8, 4)));
        cases.add(Case.of(new GRU(3).resetAfter(false), Shape.of(2, 10, 2)));
        cases.add(Case.of(new SimpleRNN(17), Shape.of(2, 8, 3)));
        return cases;
    }

    private static void convolutional(List<Case> cases) {
        final Shape images = Shape.of(4, 2, 3, 3, 1);
        final Activation gelu = Activations.of("gelu");
        final Activation hard = Activations.of("hard_sigmoid", java.util.Map.of("legacy", true));
        final ConvLSTM2D plain = new ConvLSTM2D(2, 2);
        final ConvLSTM2D all = plain.returnSequences(true);
        for (ConvLSTM2D layer : List.of(
                plain,
                all.padding("same"),
                all.kernelSize(3, 2).padding("same").strides(2, 1).goBackwards(true),
                plain.padding("same").dilationRate(2).useBias(false),
                all.activation(gelu).recurrentActivation(hard).zeroOutputForMask(true),
                plain.recurrentActivation(Activations.SOFTMAX).stateful(true).goBackwards(true))) {
            cases.add(Case.of(layer, images));
            cases.add(Case.masked(layer, images));
        }
        final Shape state = Shape.of(4, 2, 2, 2);
        for (ConvLSTM2D layer : List.of(plain, all.goBackwards(true))) {
            final ConvLSTM2D dropping = layer.returnState(true).dropout(0.3f).recurrentDropout(0.4f);
            cases.add(Case.of(layer.returnState(true), images, state, state));
            cases.add(Case.of(dropping, images, state, state));
            cases.add(Case.of(dropping, images, state, state).training(7));
            cases.add(Case.masked(dropping, images).training(7));
        }
        cases.add(Case.of(new ConvLSTM1D(3, 2).returnSequences(true), Shape.of(2, 3, 4, 2)));
        cases.add(Case.masked(new ConvLSTM1D(2, 3).padding("same").strides(2), Shape.of(4, 3, 5, 2)));
        cases.add(Case.of(new ConvLSTM1D(17, 1), Shape.of(1, 2, 3, 4)));
        cases.add(Case.of(new ConvLSTM3D(1, 2).returnSequences(true), Shape.of(1, 2, 2, 3, 2, 2)));
        for (String mode : new String[] {"concat", "sum", "ave", "mul", null}) {
            cases.add(Case.masked(new Bidirectional(all.returnState(true)).mergeMode(mode), images));
            cases.add(Case.of(new Bidirectional(plain).mergeMode(mode), images));
        }
    }

    private static Layer returnState(Layer layer) {
        return layer instanceof LSTM lstm
                ? lstm.returnState(true)
                : layer instanceof GRU gru ? gru.returnState(true) : ((SimpleRNN) layer).returnState(true);
    }

    private static Layer dropping(Layer layer) {
        return layer instanceof LSTM lstm
                ? lstm.dropout(0.3f).recurrentDropout(0.4f)
                : layer instanceof GRU gru
                        ? gru.dropout(0.3f).recurrentDropout(0.4f)
                        : ((SimpleRNN) layer).dropout(0.3f).recurrentDropout(0.4f);
    }

    private static @Nullable Recurrent recurrent(Layer layer, Shape x) {
        return switch (layer) {
            case SimpleRNN l ->
                new Recurrent(
                        "SimpleRNN",
                        l.units(),
                        l.activation(),
                        l.activation(),
                        l.useBias(),
                        false,
                        l.dropout(),
                        l.recurrentDropout(),
                        l.returnSequences(),
                        l.returnState(),
                        l.goBackwards(),
                        l.stateful(),
                        l.zeroOutputForMask(),
                        null);
            case LSTM l ->
                new Recurrent(
                        "LSTM",
                        l.units(),
                        l.activation(),
                        l.recurrentActivation(),
                        l.useBias(),
                        false,
                        l.dropout(),
                        l.recurrentDropout(),
                        l.returnSequences(),
                        l.returnState(),
                        l.goBackwards(),
                        l.stateful(),
                        l.zeroOutputForMask(),
                        null);
            case GRU l ->
                new Recurrent(
                        "GRU",
                        l.units(),
                        l.activation(),
                        l.recurrentActivation(),
                        l.useBias(),
                        l.resetAfter(),
                        l.dropout(),
                        l.recurrentDropout(),
                        l.returnSequences(),
                        l.returnState(),
                        l.goBackwards(),
                        l.stateful(),
                        l.zeroOutputForMask(),
                        null);
            case ConvLSTM1D l ->
                convolutional(
                                l.activation(),
                                l.recurrentActivation(),
                                l.useBias(),
                                l.dropout(),
                                l.recurrentDropout(),
                                Places.of(
                                        step(x),
                                        l.returnState(false)
                                                .returnSequences(false)
                                                .outputShapes(List.of(x))
                                                .getFirst(),
                                        l.kernelSize(),
                                        l.strides(),
                                        l.padding(),
                                        l.dilationRate()),
                                l.returnState(false)
                                        .returnSequences(false)
                                        .outputShapes(List.of(x))
                                        .getFirst())
                        .with(
                                l.returnSequences(),
                                l.returnState(),
                                l.goBackwards(),
                                l.stateful(),
                                l.zeroOutputForMask());
            case ConvLSTM2D l ->
                convolutional(
                                l.activation(),
                                l.recurrentActivation(),
                                l.useBias(),
                                l.dropout(),
                                l.recurrentDropout(),
                                Places.of(
                                        step(x),
                                        l.returnState(false)
                                                .returnSequences(false)
                                                .outputShapes(List.of(x))
                                                .getFirst(),
                                        l.kernelSize(),
                                        l.strides(),
                                        l.padding(),
                                        l.dilationRate()),
                                l.returnState(false)
                                        .returnSequences(false)
                                        .outputShapes(List.of(x))
                                        .getFirst())
                        .with(
                                l.returnSequences(),
                                l.returnState(),
                                l.goBackwards(),
                                l.stateful(),
                                l.zeroOutputForMask());
            case ConvLSTM3D l ->
                convolutional(
                                l.activation(),
                                l.recurrentActivation(),
                                l.useBias(),
                                l.dropout(),
                                l.recurrentDropout(),
                                Places.of(
                                        step(x),
                                        l.returnState(false)
                                                .returnSequences(false)
                                                .outputShapes(List.of(x))
                                                .getFirst(),
                                        l.kernelSize(),
                                        l.strides(),
                                        l.padding(),
                                        l.dilationRate()),
                                l.returnState(false)
                                        .returnSequences(false)
                                        .outputShapes(List.of(x))
                                        .getFirst())
                        .with(
                                l.returnSequences(),
                                l.returnState(),
                                l.goBackwards(),
                                l.stateful(),
                                l.zeroOutputForMask());
            default -> null;
        };
    }

    private static Shape step(Shape x) {
        return x.withoutFirst().withoutFirst().prepend(x.dim(0));
    }

    private static Recurrent convolutional(
            Activation activation,
            Activation gate,
            boolean useBias,
            float dropout,
            float recurrentDropout,
            Places places,
            Shape image) {
        return new Recurrent(
                "LSTM",
                (int) (image.size() / image.dim(0)),
                activation,
                gate,
                useBias,
                false,
                dropout,
                recurrentDropout,
                false,
                false,
                false,
                false,
                false,
                places);
    }

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
        final Recurrent of = recurrent(layer, inputs.getFirst());
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
            final Recurrent cell =
                    java.util.Objects.requireNonNull(recurrent(rnn.cells().get(i), of));
            final boolean last = i == rnn.cells().size() - 1;
            final boolean turns = i == 0 && rnn.goBackwards();
            final Recurrent own =
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
            Recurrent of = java.util.Objects.requireNonNull(recurrent(both.layer(), inputs.getFirst()));
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
            all.add(times(a, b));
        } else {
            final double share = both.mergeMode().equals("ave") ? 0.5 : 1;
            all.add(Arrays.stream(sum(a, b)).map(v -> share * v).toArray());
        }
        for (double[][] result : results) {
            all.addAll(Arrays.asList(result).subList(1, result.length));
        }
        return all.toArray(double[][]::new);
    }

    static double[][] outputs(
            Recurrent of,
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
                    step(of, features, h, state, w);
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

    /// `v · w[:, block] (+ bias)` of one row of a bias.
    private static double[] product(double[] v, double[] w, int block, int units, int gates, double[] bias, int from) {
        final double[] y = new double[units];
        for (int u = 0; u < units; u++) {
            double sum = bias.length == 0 ? 0 : bias[from + block * units + u];
            for (int i = 0; i < v.length; i++) {
                sum += v[i] * w[(i * gates + block) * units + u];
            }
            y[u] = sum;
        }
        return y;
    }

    private static double[] sum(double[] a, double[] b) {
        final double[] y = new double[a.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = a[i] + b[i];
        }
        return y;
    }

    private static double[] times(double[] a, double[] b) {
        final double[] y = new double[a.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = a[i] * b[i];
        }
        return y;
    }

    private static void step(Recurrent of, double[] x, double[] h, double[][] state, double[][] w) {
        final int units = of.units();
        final int gates = of.gates();
        final double[] none = {};
        final double[] bias = of.useBias() ? w[2] : none;
        if (of.places() != null) {
            final double[][] sums = new double[gates][units];
            final int filters = of.places().filters();
            final int size = gates * units;
            final double[] fromInput = ConvolutionFormulas.sums(of.places().input(), size, x, new double[][] {w[0]});
            final double[] fromState = ConvolutionFormulas.sums(of.places().state(), size, h, new double[][] {w[1]});
            for (int i = 0; i < size; i++) {
                final int g = i / filters % gates;
                final int at = i / filters / gates * filters + i % filters;
                final double b = of.useBias() ? bias[i % (gates * filters)] : 0;
                sums[g][at] = fromInput[i] + fromState[i] + b;
            }
            longShortTerm(of, sums, state, filters);
            return;
        }
        final double[][] fromX = new double[gates][];
        for (int g = 0; g < gates; g++) {
            fromX[g] = product(x, w[0], g, units, gates, bias, 0);
        }
        if (of.type().equals("GRU")) {
            final double[] inner = of.resetAfter() ? bias : none;
            final int from = gates * units;
            final double[] z = act(of.gate(), sum(fromX[0], product(h, w[1], 0, units, gates, inner, from)));
            final double[] r = act(of.gate(), sum(fromX[1], product(h, w[1], 1, units, gates, inner, from)));
            final double[] reset = of.resetAfter()
                    ? times(r, product(h, w[1], 2, units, gates, inner, from))
                    : product(times(r, h), w[1], 2, units, gates, none, 0);
            final double[] candidate = act(of.activation(), sum(fromX[2], reset));
            for (int u = 0; u < units; u++) {
                state[0][u] = z[u] * h[u] + (1 - z[u]) * candidate[u];
            }
            return;
        }
        final double[][] all = new double[gates][];
        for (int g = 0; g < gates; g++) {
            all[g] = sum(fromX[g], product(h, w[1], g, units, gates, none, 0));
        }
        if (of.type().equals("SimpleRNN")) {
            state[0] = act(of.activation(), all[0]);
            return;
        }
        longShortTerm(of, all, state, units);
    }

    /// @param columns that an activation of whole rows sees
    private static void longShortTerm(Recurrent of, double[][] sums, double[][] state, int columns) {
        final double[] i = DoubleFormulas.activation(of.gate(), sums[0], columns);
        final double[] f = DoubleFormulas.activation(of.gate(), sums[1], columns);
        final double[] o = DoubleFormulas.activation(of.gate(), sums[3], columns);
        state[1] = sum(times(f, state[1]), times(i, DoubleFormulas.activation(of.activation(), sums[2], columns)));
        state[0] = times(o, DoubleFormulas.activation(of.activation(), state[1], columns));
    }

    private static double[] act(Activation activation, double[] x) {
        return DoubleFormulas.activation(activation, x, x.length);
    }
}
