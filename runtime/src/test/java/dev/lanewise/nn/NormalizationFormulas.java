package dev.lanewise.nn;

import dev.lanewise.nn.layer.CenterCrop;
import dev.lanewise.nn.layer.GroupNormalization;
import dev.lanewise.nn.layer.LayerNormalization;
import dev.lanewise.nn.layer.Normalization;
import dev.lanewise.nn.layer.RMSNormalization;
import dev.lanewise.nn.layer.Resizing;
import dev.lanewise.nn.layer.UnitNormalization;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The formulas of normalizing layers once more: in double, over sets of elements found by their index.
final class NormalizationFormulas {
    private NormalizationFormulas() {}

    /// The formula of a layer, or null if it is none of these.
    static GradientCheck.@Nullable Formula of(Layer layer, List<Shape> inputs) {
        final Shape in = inputs.getFirst();
        return switch (layer.typeName()) {
            case "LayerNormalization" -> {
                final LayerNormalization of = (LayerNormalization) layer;
                final int[] axes = axes(of.axis(), in);
                yield (x, w) -> {
                    final double[] factor = new double[x[0].length];
                    final double[] y = centred(x[0], factor, in, index -> without(index, axes), of.epsilon());
                    for (int i = 0; of.rmsScaling() && i < y.length; i++) {
                        y[i] = x[0][i] * factor[i];
                    }
                    final boolean scaled = of.scale() || of.rmsScaling();
                    final boolean shifted = of.center() && !of.rmsScaling();
                    return scaledAndShifted(y, in, axes, scaled ? w[0] : null, shifted ? w[scaled ? 1 : 0] : null);
                };
            }
            case "GroupNormalization" -> {
                final GroupNormalization of = (GroupNormalization) layer;
                final int each = in.last() / (of.groups() < 0 ? in.last() : of.groups());
                final int last = in.rank() - 1;
                yield (x, w) -> {
                    final double[] y = centred(
                            x[0],
                            new double[x[0].length],
                            in,
                            index -> List.of(index[0], index[last] / each),
                            of.epsilon());
                    return scaledAndShifted(
                            y,
                            in,
                            new int[] {last},
                            of.scale() ? w[0] : null,
                            of.center() ? w[of.scale() ? 1 : 0] : null);
                };
            }
            case "RMSNormalization" -> {
                final RMSNormalization of = (RMSNormalization) layer;
                final int[] axes = axes(of.axis(), in);
                yield (x, w) -> {
                    final double[] squares = means(square(x[0]), in, index -> without(index, axes));
                    final double[] y = x[0].clone();
                    for (int i = 0; i < y.length; i++) {
                        y[i] /= Math.sqrt(squares[i] + of.epsilon());
                    }
                    return scaledAndShifted(y, in, axes, w[0], null);
                };
            }
            case "UnitNormalization" -> {
                final int[] axes = axes(((UnitNormalization) layer).axis(), in);
                int count = 1;
                for (int axis : axes) {
                    count *= in.dim(axis);
                }
                final int of = count;
                yield (x, w) -> {
                    final double[] squares = means(square(x[0]), in, index -> without(index, axes));
                    final double[] y = x[0].clone();
                    for (int i = 0; i < y.length; i++) {
                        y[i] *= Math.min(1 / Math.sqrt(squares[i] * of), 1e12);
                    }
                    return new double[][] {y};
                };
            }
            case "Normalization" -> (x, w) -> new double[][] {shifted((Normalization) layer, x[0], w, in)};
            case "CenterCrop" -> (x, w) -> new double[][] {cropped((CenterCrop) layer, x[0], in)};
            default -> null;
        };
    }

    private static int[] axes(List<Integer> axes, Shape shape) {
        return axes.stream()
                .mapToInt(axis -> axis < 0 ? axis + shape.rank() : axis)
                .toArray();
    }

    private static boolean contains(int[] axes, int axis) {
        return Arrays.stream(axes).anyMatch(one -> one == axis);
    }

    private static List<Integer> without(int[] index, int... axes) {
        final List<Integer> rest = new ArrayList<>();
        for (int i = 0; i < index.length; i++) {
            if (!contains(axes, i)) {
                rest.add(index[i]);
            }
        }
        return rest;
    }

    private static double[] square(double... x) {
        return Arrays.stream(x).map(v -> v * v).toArray();
    }

    /// For each element the mean of those with the same key.
    private static double[] means(double[] x, Shape shape, Function<int[], Object> key) {
        final Map<Object, double[]> sums = new HashMap<>();
        for (int i = 0; i < x.length; i++) {
            final double[] sum = sums.computeIfAbsent(key.apply(SpatialFormulas.index(shape, i)), k -> new double[2]);
            sum[0] += x[i];
            sum[1]++;
        }
        final double[] means = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            final double[] sum = sums.get(key.apply(SpatialFormulas.index(shape, i)));
            means[i] = sum[0] / sum[1];
        }
        return means;
    }

    private static double[] centred(
            double[] x, double[] factor, Shape shape, Function<int[], Object> key, double epsilon) {
        final double[] mean = means(x, shape, key);
        final double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i] - mean[i];
        }
        final double[] variance = means(square(y), shape, key);
        for (int i = 0; i < x.length; i++) {
            factor[i] = 1 / Math.sqrt(variance[i] + epsilon);
            y[i] *= factor[i];
        }
        return y;
    }

    private static int place(Shape shape, int flat, int... axes) {
        final int[] index = SpatialFormulas.index(shape, flat);
        int place = 0;
        for (int axis : axes) {
            place = place * shape.dim(axis) + index[axis];
        }
        return place;
    }

    private static double[][] scaledAndShifted(
            double[] y, Shape shape, int[] axes, double @Nullable [] gamma, double @Nullable [] beta) {
        for (int i = 0; i < y.length; i++) {
            y[i] *= gamma == null ? 1 : gamma[place(shape, i, axes)];
            y[i] += beta == null ? 0 : beta[place(shape, i, axes)];
        }
        return new double[][] {y};
    }

    private static double[] shifted(Normalization layer, double[] x, double[][] w, Shape shape) {
        final int[] axes = axes(layer.axis(), shape);
        final double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            final int place = place(shape, i, axes);
            final List<Float> means = layer.mean();
            final List<Float> variances = layer.variance();
            final double mean = means == null ? w[0][place] : means.get(means.size() == 1 ? 0 : place);
            final double variance = variances == null ? w[1][place] : variances.get(variances.size() == 1 ? 0 : place);
            final double deviation = Math.max(Math.sqrt(variance), 1e-7);
            y[i] = layer.invert() ? mean + x[i] * deviation : (x[i] - mean) / deviation;
        }
        return y;
    }

    private static double[] cropped(CenterCrop layer, double[] x, Shape in) {
        if (in.dim(1) < layer.height() || in.dim(2) < layer.width()) {
            return DoubleFormulas.resizing(new Resizing(layer.height(), layer.width(), "bilinear", true), x, in);
        }
        final double[] y = new double[in.dim(0) * layer.height() * layer.width() * in.last()];
        final Shape out = in.with(1, layer.height()).with(2, layer.width());
        for (int i = 0; i < y.length; i++) {
            final int[] index = SpatialFormulas.index(out, i);
            index[1] += (in.dim(1) - layer.height()) / 2;
            index[2] += (in.dim(2) - layer.width()) / 2;
            y[i] = x[SpatialFormulas.flat(in, index)];
        }
        return y;
    }

    /// Layers of this kind with inputs to check them on.
    static List<LayerGradientTest.Case> cases() {
        final List<LayerGradientTest.Case> cases = new ArrayList<>();
        cases.add(of(new LayerNormalization(), Shape.of(3, 5)));
        cases.add(of(new LayerNormalization(), Shape.of(2, 3, 70)));
        for (boolean rms : new boolean[] {false, true}) {
            for (List<Integer> axis : List.of(List.of(-1), List.of(1), List.of(1, 2), List.of(1, 3), List.of(1, -1))) {
                cases.add(of(new LayerNormalization(axis, 0.01f, true, true, rms), Shape.of(2, 3, 2, 4)));
            }
            cases.add(of(new LayerNormalization(List.of(-1), 0.1f, false, true, rms), Shape.of(2, 3, 4)));
            cases.add(of(new LayerNormalization(List.of(-1), 0.1f, true, false, rms), Shape.of(2, 3, 4)));
            cases.add(of(new LayerNormalization(List.of(1), 0.1f, false, false, rms), Shape.of(2, 3, 4)));
        }
        for (int groups : new int[] {1, 2, 3, 6, -1}) {
            cases.add(of(new GroupNormalization(groups), Shape.of(2, 3, 2, 6)));
        }
        cases.add(of(new GroupNormalization(2, 0.1f, false, true), Shape.of(2, 3, 4)));
        cases.add(of(new GroupNormalization(2, 0.1f, true, false), Shape.of(2, 3, 4)));
        cases.add(of(new GroupNormalization(2, 0.1f, false, false), Shape.of(2, 6)));
        cases.add(of(new RMSNormalization(), Shape.of(2, 3, 18)));
        cases.add(of(new RMSNormalization(List.of(1), 0.1f), Shape.of(2, 3, 4)));
        cases.add(of(new RMSNormalization(List.of(1, 2), 0.1f), Shape.of(2, 3, 4)));
        cases.add(of(new UnitNormalization(), Shape.of(2, 3, 18)));
        cases.add(of(new UnitNormalization(List.of(1)), Shape.of(2, 3, 4)));
        for (boolean invert : new boolean[] {false, true}) {
            final List<Float> mean = List.of(0.5f, -1f, 2f);
            final List<Float> variance = List.of(4f, 0.25f, 2f);
            cases.add(of(new Normalization(List.of(-1), mean, variance, invert), Shape.of(2, 4, 3)));
            cases.add(of(new Normalization(List.of(1), mean, variance, invert), Shape.of(2, 3, 4)));
            cases.add(of(new Normalization(List.of(), List.of(0.5f), List.of(4f), invert), Shape.of(2, 3, 4)));
            cases.add(of(new Normalization(null, List.of(0.5f), List.of(4f), invert), Shape.of(2, 5)));
        }
        cases.add(of(new CenterCrop(2, 3), Shape.of(2, 5, 4, 3)));
        cases.add(of(new CenterCrop(3, 3), Shape.of(1, 3, 6, 2)));
        cases.add(of(new CenterCrop(4, 3), Shape.of(2, 3, 6, 2)));
        cases.add(of(new CenterCrop(2, 7), Shape.of(1, 5, 5, 3)));
        return cases;
    }

    private static LayerGradientTest.Case of(Layer layer, Shape input) {
        return LayerGradientTest.Case.of(layer, input);
    }
}
