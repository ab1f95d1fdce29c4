package dev.lanewise.nn;

import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.LayerGradientTest.Case;
import dev.lanewise.nn.layer.AdditiveAttention;
import dev.lanewise.nn.layer.Attention;
import dev.lanewise.nn.layer.EinsumDense;
import dev.lanewise.nn.layer.GroupQueryAttention;
import dev.lanewise.nn.layer.MultiHeadAttention;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The formulas of attention once more, in double: each score by itself.
final class AttentionFormulas {
    /// What a layer is, of whatever kind.
    private record Heads(
            int heads,
            int groups,
            int size,
            int valueSize,
            float dropout,
            boolean bias,
            boolean causal,
            @Nullable Integer window,
            boolean gate,
            int out) {}

    private AttentionFormulas() {}

    static List<Case> cases() {
        final List<Case> cases = new ArrayList<>();
        final Shape query = Shape.of(4, 3, 4);
        final Shape value = Shape.of(4, 5, 3);
        final Initializer zeros = new Initializers.Zeros();
        final MultiHeadAttention plain = new MultiHeadAttention(2, 3);
        final MultiHeadAttention other = new MultiHeadAttention(3, 2, 4, 0, false, List.of(5), false, zeros, zeros);
        final GroupQueryAttention grouped = new GroupQueryAttention(3, 4, 2);
        for (Layer layer : List.of(plain, other, plain.useCausalMask(true), grouped)) {
            cases.add(Case.of(layer, query, query));
            cases.add(Case.of(layer, query, value));
            cases.add(Case.of(layer, query, value, Shape.of(4, 5, 2)));
        }
        cases.add(Case.of(plain.dropout(0.3f), query, value));
        cases.add(Case.of(plain.dropout(0.3f), query, value).training(7));
        cases.add(Case.of(new MultiHeadAttention(1, 17), Shape.of(2, 19, 5), Shape.of(2, 18, 5)));
        for (Layer layer : variants()) {
            cases.add(Case.of(layer, query, query));
            cases.add(Case.of(layer, query, value, Shape.of(4, 5, 2)));
            cases.add(Case.masked(layer, query, value));
        }
        cases.add(Case.of(plain.dropout(0.3f).useGate(true).returnAttentionScores(true), query, value)
                .training(7));
        // Steps over several axes.
        cases.add(Case.of(plain, Shape.of(2, 3, 2, 4), Shape.of(2, 2, 2, 4)));
        cases.add(Case.of(other, Shape.of(2, 2, 1, 2, 4), Shape.of(2, 1, 3, 2, 3), Shape.of(2, 1, 3, 2, 5)));
        cases.add(Case.of(plain.useGate(true).returnAttentionScores(true), Shape.of(2, 3, 2, 4), Shape.of(2, 2, 2, 4)));
        cases.add(Case.of(plain.slidingWindow(4), Shape.of(2, 3, 5), Shape.of(2, 19, 5)));
        cases.add(Case.of(plain.slidingWindow(4).useCausalMask(true), Shape.of(2, 19, 5), Shape.of(2, 3, 5)));
        cases.add(Case.of(new Attention(), query, Shape.of(4, 5, 4)));
        cases.add(Case.of(new Attention(true, 0, false), Shape.of(3, 4), Shape.of(3, 4)));
        cases.add(Case.of(new Attention(true, 0, false), query, Shape.of(4, 5, 4)));
        cases.add(Case.of(new Attention(true, 0, true), query, value, Shape.of(4, 5, 4)));
        masked(cases);
        cases.addAll(EinsumFormulas.cases());
        return cases;
    }

    /// Gates, windows, and scores as a second output.
    private static List<Layer> variants() {
        final MultiHeadAttention plain = new MultiHeadAttention(2, 3);
        final GroupQueryAttention grouped = new GroupQueryAttention(3, 4, 2);
        final Initializer zeros = new Initializers.Zeros();
        final MultiHeadAttention noBias = new MultiHeadAttention(2, 3, null, 0, false, List.of(5), false, zeros, zeros);
        return List.of(
                plain.useGate(true),
                noBias.useGate(true),
                plain.slidingWindow(2),
                plain.slidingWindow(1).useCausalMask(true),
                plain.returnAttentionScores(true),
                grouped.returnAttentionScores(true).useGate(true).slidingWindow(2));
    }

    /// Scores by addition, masks of all inputs, and masks of the scores.
    private static void masked(List<Case> cases) {
        final Shape query = Shape.of(4, 3, 4);
        final Shape value = Shape.of(4, 5, 3);
        final Shape key = Shape.of(4, 5, 4);
        final List<Layer> single = List.of(
                new AdditiveAttention(),
                new AdditiveAttention(false, 0, true),
                new Attention(false, "concat", 0, false),
                new Attention(true, "concat", 0, true),
                new AdditiveAttention().returnAttentionScores(true),
                new Attention(true, 0, true).returnAttentionScores(true));
        for (Layer layer : single) {
            cases.add(Case.of(layer, query, key));
            cases.add(Case.of(layer, query, value, key));
            cases.add(Case.masked(layer, query, value, key));
        }
        cases.add(Case.of(new AdditiveAttention(), Shape.of(3, 4), Shape.of(3, 4)));
        cases.add(Case.of(new AdditiveAttention(), Shape.of(2, 3, 1), Shape.of(2, 2, 1)));
        cases.add(Case.of(new Attention(true, "concat", 0, false), Shape.of(1, 2, 37), Shape.of(1, 3, 37)));
        cases.add(Case.of(new AdditiveAttention(true, 0.3f, false), query, key).training(7));
        cases.add(Case.of(new Attention(false, 0.3f, false).returnAttentionScores(true), query, key)
                .training(7));
        cases.add(Case.masked(new Attention(true, 0, true), query, value, key));
        cases.add(Case.masked(new Attention(), query, key));
        for (Layer layer : List.of(new Attention(true, 0, false), new AdditiveAttention())) {
            cases.add(Case.of(layer, query, value, key, Shape.of(4, 3, 5)));
            cases.add(Case.of(layer, query, value, key, Shape.of(4, 1, 5)));
            cases.add(Case.masked(layer, query, value, key, Shape.of(4, 3, 5)));
        }
        final MultiHeadAttention heads = new MultiHeadAttention(2, 3);
        for (Layer layer : List.of(heads, heads.useCausalMask(true), new GroupQueryAttention(3, 4, 2))) {
            cases.add(Case.masked(layer, query, value));
            cases.add(Case.masked(layer, query, value, Shape.of(4, 5, 2)));
            cases.add(Case.masked(layer, query, value, value, Shape.of(4, 3, 5)));
        }
        cases.add(Case.of(heads, query, value, value, Shape.of(4, 3, 5)));
        cases.add(Case.of(heads, query, value, value, Shape.of(4, 1, 5)));
        cases.add(Case.of(heads, query, value, value, Shape.of(4, 2, 3, 5)));
        cases.add(Case.of(heads, query, value, value, Shape.of(4, 2, 1, 5)));
        cases.add(Case.of(heads, query, value, value, Shape.of(4, 1, 3, 5)));
    }

    static boolean is(Layer layer) {
        return layer.typeName().endsWith("Attention");
    }

    static boolean hasMaskInput(Layer layer, List<Shape> inputs) {
        return is(layer) && inputs.size() == 4;
    }

    /// Whether a row sees a key: what the masks of inputs, an input that is a mask, and the places say.
    private interface Sees {
        boolean sees(int n, int head, int row, int key);
    }

    private static Sees sees(
            List<Shape> inputs,
            double[][] x,
            boolean masked,
            boolean causal,
            @Nullable Integer window,
            boolean ofQueries) {
        final int rows = inputs.getFirst().dim(-2);
        final int keys = inputs.get(1).dim(-2);
        return (n, h, r, c) -> {
            boolean sees = (!causal || c <= r) && (window == null || Math.abs(c - r) < window);
            for (int i = ofQueries ? 0 : 1; masked && i < Math.min(3, inputs.size()); i++) {
                final double[] mask = GradientCheck.maskOf(inputs.get(i).withoutLast());
                sees &= (!ofQueries && i == 2) || mask[i == 0 ? n * rows + r : n * keys + c] != 0;
            }
            if (inputs.size() == 4) {
                final Shape of = inputs.get(3);
                final int heads = of.rank() == 4 ? of.dim(1) : 1;
                final int at = ((n * heads + h % heads) * of.dim(-2) + r % of.dim(-2)) * of.dim(-1) + c % of.dim(-1);
                sees &= x[3][at] > 0.5;
            }
            return sees;
        };
    }

    /// The shares of a row: alike where it sees no key.
    private static double[] shares(double[] scores, boolean[] seen) {
        final double[] shares = new double[scores.length];
        double sum = 0;
        for (int c = 0; c < shares.length; c++) {
            shares[c] = seen[c] ? Math.exp(scores[c]) : 0;
            sum += shares[c];
        }
        for (int c = 0; c < shares.length; c++) {
            shares[c] = sum == 0 ? 1.0 / shares.length : shares[c] / sum;
        }
        return shares;
    }

    /// What dropout leaves of a share.
    private static double kept(LayerBuffers.RandomKey key, long step, float rate, int index) {
        if (step < 0 || rate == 0) {
            return 1;
        }
        final long call = Threefry.block(Threefry.block(key.seed(), key.layer()), key.call());
        final long random = Threefry.block(Threefry.block(call, 1), step);
        return Threefry.uniform(random, index) < rate ? 0 : 1 / (1 - (double) rate);
    }

    /// The formula of a layer, or null if it is none of these.
    ///
    /// @param masked whether the inputs have the masks of [GradientCheck#maskOf]
    static GradientCheck.@Nullable Formula of(
            Layer layer, List<Shape> inputs, boolean masked, LayerBuffers.RandomKey key, long step) {
        if (layer instanceof Attention attention) {
            final boolean dot = attention.scoreMode().equals("dot");
            return (x, w) -> {
                final double scale = attention.useScale() ? w[0][0] : 1;
                final double weight = dot ? 1 : w[attention.useScale() ? 1 : 0][0];
                return single(
                        x,
                        inputs,
                        masked,
                        attention.useCausalMask(),
                        attention.dropout(),
                        attention.returnAttentionScores(),
                        key,
                        step,
                        (q, k, i) -> dot ? scale * q * k : weight * Math.tanh(scale * (q + k)));
            };
        }
        if (layer instanceof AdditiveAttention additive) {
            return (x, w) -> single(
                    x,
                    inputs,
                    masked,
                    additive.useCausalMask(),
                    additive.dropout(),
                    additive.returnAttentionScores(),
                    key,
                    step,
                    (q, k, i) -> (additive.useScale() ? w[0][i] : 1) * Math.tanh(q + k));
        }
        if (layer instanceof EinsumDense dense) {
            return EinsumFormulas.of(dense, inputs.getFirst());
        }
        final int last = inputs.getFirst().last();
        final Heads of = switch (layer) {
            case MultiHeadAttention l ->
                new Heads(
                        l.numHeads(),
                        l.numHeads(),
                        l.keyDim(),
                        l.valueSize(),
                        l.dropout(),
                        l.useBias(),
                        l.useCausalMask(),
                        l.slidingWindow(),
                        l.useGate(),
                        l.outputShape() == null ? last : l.outputShape().getFirst());
            case GroupQueryAttention l ->
                new Heads(
                        l.numQueryHeads(),
                        l.numKeyValueHeads(),
                        l.headDim(),
                        l.headDim(),
                        l.dropout(),
                        l.useBias(),
                        l.useCausalMask(),
                        l.slidingWindow(),
                        l.useGate(),
                        last);
            default -> null;
        };
        final boolean returns = (layer instanceof MultiHeadAttention m && m.returnAttentionScores())
                || (layer instanceof GroupQueryAttention g && g.returnAttentionScores());
        return of == null
                ? null
                : (x, w) -> {
                    final double[][] both = output(of, x, w, inputs, masked, key, step);
                    return returns ? both : new double[][] {both[0]};
                };
    }

    /// A feature's part of a score.
    private interface Part {
        double of(double query, double key, int feature);
    }

    /// One head without projections; what dropout leaves of the shares is the second output.
    private static double[][] single(
            double[][] x,
            List<Shape> inputs,
            boolean masked,
            boolean causal,
            float dropout,
            boolean returns,
            LayerBuffers.RandomKey key,
            long step,
            Part part) {
        final int size = inputs.getFirst().last();
        final int rows = inputs.getFirst().dim(-2);
        final int keys = inputs.get(1).dim(-2);
        final int values = inputs.get(1).last();
        final Sees sees = sees(inputs, x, masked, causal, null, false);
        final double[] y = new double[x[0].length / size * values];
        final double[] second = new double[y.length / values * keys];
        for (int row = 0; row < y.length / values; row++) {
            final int n = row / rows;
            final double[] scores = new double[keys];
            final boolean[] seen = new boolean[keys];
            for (int c = 0; c < keys; c++) {
                for (int k = 0; k < size; k++) {
                    scores[c] +=
                            part.of(x[0][row * size + k], x[Math.min(2, x.length - 1)][(n * keys + c) * size + k], k);
                }
                seen[c] = sees.sees(n, 0, row % rows, c);
            }
            final double[] shares = shares(scores, seen);
            for (int c = 0; c < keys; c++) {
                shares[c] *= kept(key, step, dropout, row * keys + c);
                second[row * keys + c] = shares[c];
            }
            final boolean counts =
                    !masked || GradientCheck.maskOf(inputs.getFirst().withoutLast())[row] != 0;
            for (int i = 0; counts && i < values * keys; i++) {
                final int c = i / values;
                y[row * values + i % values] += shares[c] * x[1][(n * keys + c) * values + i % values];
            }
        }
        return returns ? new double[][] {y, second} : new double[][] {y};
    }

    private static double[] rows(double[] x, int in, double[][] w, int at, boolean bias, int out) {
        final double[] y = new double[x.length / in * out];
        for (int i = 0; i < y.length; i++) {
            double sum = bias ? w[at + 1][i % out] : 0;
            for (int k = 0; k < in; k++) {
                sum += x[i / out * in + k] * w[at][k * out + i % out];
            }
            y[i] = sum;
        }
        return y;
    }

    private static int steps(Shape x) {
        return Math.toIntExact(x.size() / x.dim(0) / x.last());
    }

    /// The output, and the shares.
    private static double[][] output(
            Heads of,
            double[][] x,
            double[][] w,
            List<Shape> inputs,
            boolean masked,
            LayerBuffers.RandomKey key,
            long step) {
        final int each = of.bias() ? 2 : 1;
        final int batch = inputs.getFirst().dim(0);
        final int rows = steps(inputs.getFirst());
        final int keys = steps(inputs.get(1));
        final int keyInput = Math.min(2, inputs.size() - 1);
        final double[] q = rows(x[0], inputs.get(0).last(), w, 0, of.bias(), of.heads() * of.size());
        final double[] k = rows(x[keyInput], inputs.get(keyInput).last(), w, each, of.bias(), of.groups() * of.size());
        final int afterKeys = of.gate() ? 3 * each : 2 * each;
        final double[] v = rows(x[1], inputs.get(1).last(), w, afterKeys, of.bias(), of.groups() * of.valueSize());
        final Sees sees = sees(inputs, x, masked, of.causal(), of.window(), true);
        final double[] second = new double[batch * of.heads() * rows * keys];
        final double[] result = new double[batch * rows * of.heads() * of.valueSize()];
        for (int n = 0; n < batch; n++) {
            for (int h = 0; h < of.heads(); h++) {
                final int g = h / (of.heads() / of.groups());
                for (int r = 0; r < rows; r++) {
                    final double[] scores = new double[keys];
                    final boolean[] seen = new boolean[keys];
                    for (int c = 0; c < keys; c++) {
                        double score = 0;
                        for (int i = 0; i < of.size(); i++) {
                            score += q[((n * rows + r) * of.heads() + h) * of.size() + i]
                                    * k[((n * keys + c) * of.groups() + g) * of.size() + i];
                        }
                        scores[c] = score / Math.sqrt(of.size());
                        seen[c] = sees.sees(n, h, r, c);
                    }
                    final double[] shares = shares(scores, seen);
                    for (int c = 0; c < keys; c++) {
                        final int index = ((n * of.heads() + h) * rows + r) * keys + c;
                        second[index] = shares[c];
                        final double share = shares[c] * kept(key, step, of.dropout(), index);
                        for (int i = 0; i < of.valueSize(); i++) {
                            result[((n * rows + r) * of.heads() + h) * of.valueSize() + i] +=
                                    share * v[((n * keys + c) * of.groups() + g) * of.valueSize() + i];
                        }
                    }
                }
            }
        }
        if (of.gate()) {
            final double[] z = rows(x[0], inputs.get(0).last(), w, 2 * each, of.bias(), of.heads() * of.valueSize());
            for (int i = 0; i < z.length; i++) {
                result[i] /= 1 + Math.exp(-z[i]);
            }
        }
        return new double[][] {
            rows(result, of.heads() * of.valueSize(), w, afterKeys + each, of.bias(), of.out()), second
        };
    }
}
