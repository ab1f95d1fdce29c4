package dev.lanewise.nn;

import dev.lanewise.kernels.Activation;

/// One step of one sample through a recurrent cell, by its formula in double.
final class RecurrentCell {
    private RecurrentCell() {}

    /// The state after a step.
    ///
    /// @param x features of the sample
    /// @param h its state, of which the products are taken
    /// @param state of the step before; becomes that of this one
    static void step(RecurrentSettings of, double[] x, double[] h, double[][] state, double[][] w) {
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
    private static void longShortTerm(RecurrentSettings of, double[][] sums, double[][] state, int columns) {
        final double[] i = DoubleFormulas.activation(of.gate(), sums[0], columns);
        final double[] f = DoubleFormulas.activation(of.gate(), sums[1], columns);
        final double[] o = DoubleFormulas.activation(of.gate(), sums[3], columns);
        state[1] = sum(times(f, state[1]), times(i, DoubleFormulas.activation(of.activation(), sums[2], columns)));
        state[0] = times(o, DoubleFormulas.activation(of.activation(), state[1], columns));
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

    static double[] sum(double[] a, double[] b) {
        final double[] y = new double[a.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = a[i] + b[i];
        }
        return y;
    }

    static double[] times(double[] a, double[] b) {
        final double[] y = new double[a.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = a[i] * b[i];
        }
        return y;
    }

    private static double[] act(Activation activation, double[] x) {
        return DoubleFormulas.activation(activation, x, x.length);
    }
}
