package dev.lanewise.nn;

import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.LayerGradientTest.Case;
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
            int heads, int groups, int size, int valueSize, float dropout, boolean bias, boolean causal, int out) {}

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
        cases.add(Case.of(new Attention(), query, Shape.of(4, 5, 4)));
        cases.add(Case.of(new Attention(true, 0, false), Shape.of(3, 4), Shape.of(3, 4)));
        cases.add(Case.of(new Attention(true, 0, false), query, Shape.of(4, 5, 4)));
        cases.add(Case.of(new Attention(true, 0, true), query, value, Shape.of(4, 5, 4)));
        final Shape out = Shape.of(Shape.UNKNOWN, 3, 2);
        final dev.lanewise.kernels.Activation tanh = dev.lanewise.kernels.Activations.TANH;
        cases.add(Case.of(new EinsumDense("abc,cde->abde", out, tanh, "de", zeros, zeros), query));
        cases.add(Case.of(new EinsumDense("abcd,cdef->abef", out, tanh, "ef", zeros, zeros), Shape.of(2, 3, 4, 2)));
        return cases;
    }

    /// The formula of a layer, or null if it is none of these.
    static GradientCheck.@Nullable Formula of(Layer layer, List<Shape> inputs, LayerBuffers.RandomKey key, long step) {
        if (layer instanceof Attention attention) {
            return (x, w) -> new double[][] {products(attention, x, w, inputs)};
        }
        if (layer instanceof EinsumDense dense) {
            return (x, w) -> {
                final int columns = w[0].length / w[1].length;
                final double[] z = rows(x[0], columns, w, 0, true, w[1].length);
                return new double[][] {DoubleFormulas.activation(dense.activation(), z, w[1].length)};
            };
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
                        last);
            default -> null;
        };
        return of == null ? null : (x, w) -> new double[][] {output(of, x, w, inputs, key, step)};
    }

    /// One head without projections.
    private static double[] products(Attention layer, double[][] x, double[][] w, List<Shape> inputs) {
        final int size = inputs.getFirst().last();
        final int rows = inputs.getFirst().dim(-2);
        final int keys = inputs.get(1).dim(-2);
        final int values = inputs.get(1).last();
        final double scale = layer.useScale() ? w[0][0] : 1;
        final double[] y = new double[x[0].length / size * values];
        for (int i = 0; i < y.length; i++) {
            final int row = i / values;
            final int first = row / rows * keys;
            double sum = 0;
            for (int c = 0; c < (layer.useCausalMask() ? Math.min(keys, row % rows + 1) : keys); c++) {
                double score = 0;
                for (int k = 0; k < size; k++) {
                    score += x[0][row * size + k] * x[x.length - 1][(first + c) * size + k];
                }
                sum += Math.exp(scale * score);
                y[i] += Math.exp(scale * score) * x[1][(first + c) * values + i % values];
            }
            y[i] /= sum;
        }
        return y;
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

    private static double[] output(
            Heads of, double[][] x, double[][] w, List<Shape> inputs, LayerBuffers.RandomKey key, long step) {
        final int each = of.bias() ? 2 : 1;
        final int batch = inputs.getFirst().dim(0);
        final int rows = inputs.getFirst().dim(1);
        final int keys = inputs.get(1).dim(1);
        final double[] q = rows(x[0], inputs.get(0).last(), w, 0, of.bias(), of.heads() * of.size());
        final double[] k = rows(x[x.length - 1], inputs.getLast().last(), w, each, of.bias(), of.groups() * of.size());
        final double[] v = rows(x[1], inputs.get(1).last(), w, 2 * each, of.bias(), of.groups() * of.valueSize());
        final long call = Threefry.block(Threefry.block(key.seed(), key.layer()), key.call());
        final double[] result = new double[batch * rows * of.heads() * of.valueSize()];
        for (int n = 0; n < batch; n++) {
            for (int h = 0; h < of.heads(); h++) {
                final int g = h / (of.heads() / of.groups());
                for (int r = 0; r < rows; r++) {
                    final double[] scores = new double[keys];
                    double sum = 0;
                    for (int c = 0; c < keys; c++) {
                        double score = 0;
                        for (int i = 0; i < of.size(); i++) {
                            score += q[((n * rows + r) * of.heads() + h) * of.size() + i]
                                    * k[((n * keys + c) * of.groups() + g) * of.size() + i];
                        }
                        scores[c] = of.causal() && c > r ? 0 : Math.exp(score / Math.sqrt(of.size()));
                        sum += scores[c];
                    }
                    for (int c = 0; c < keys; c++) {
                        final int index = ((n * of.heads() + h) * rows + r) * keys + c;
                        double share = scores[c] / sum;
                        if (step >= 0 && of.dropout() > 0) {
                            final long random = Threefry.block(Threefry.block(call, 1), step);
                            share *= Threefry.uniform(random, index) < of.dropout()
                                    ? 0
                                    : 1 / (1 - (double) of.dropout());
                        }
                        for (int i = 0; i < of.valueSize(); i++) {
                            result[((n * rows + r) * of.heads() + h) * of.valueSize() + i] +=
                                    share * v[((n * keys + c) * of.groups() + g) * of.valueSize() + i];
                        }
                    }
                }
            }
        }
        return rows(result, of.heads() * of.valueSize(), w, 3 * each, of.bias(), of.out());
    }
}
