package dev.lanewise.nn;

import dev.lanewise.nn.layer.AutoContrast;
import dev.lanewise.nn.layer.ElementwiseFunction;
import dev.lanewise.nn.layer.GetItem;
import dev.lanewise.nn.layer.ImageAugmentation;
import dev.lanewise.nn.layer.Power;
import dev.lanewise.nn.layer.Reduction;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/// The formulas of Keras' operations on tensors once more: in double, each output element by itself.
final class OperationFormulas {
    private OperationFormulas() {}

    /// Whether a layer is checked on positive numbers.
    static boolean isOfPositive(Layer layer) {
        return layer instanceof Power
                || (layer instanceof ElementwiseFunction of
                        && Set.of("sqrt", "rsqrt", "log", "log1p", "divide").contains(of.function()));
    }

    /// The formula of a layer, or null if it is none of these.
    static GradientCheck.Formula of(Layer layer, List<Shape> inputs) {
        final Shape in = inputs.getFirst();
        return switch (layer) {
            case ElementwiseFunction of ->
                (x, w) -> new double[][] {
                    Arrays.stream(x[0]).map(v -> value(of, v)).toArray()
                };
            case ImageAugmentation of -> (x, w) -> new double[][] {x[0].clone()};
            case AutoContrast of -> (x, w) -> new double[][] {stretched(of, x[0], in)};
            case GetItem of -> (x, w) -> new double[][] {taken(of.key(), x[0], in)};
            case Reduction of -> (x, w) -> new double[][] {reduced(of, x[0], in)};
            default -> null;
        };
    }

    private static double value(ElementwiseFunction of, double x) {
        final double a = of.numbers().isEmpty() ? 0 : of.numbers().getFirst();
        return switch (of.function()) {
            case "absolute" -> x < 0 ? -x : x;
            case "square" -> x * x;
            case "sqrt" -> Math.sqrt(x);
            case "rsqrt" -> 1 / Math.sqrt(x);
            case "log" -> Math.log(x);
            case "log1p" -> Math.log(1 + x);
            case "expm1" -> Math.exp(x) - 1;
            case "sin" -> Math.sin(x);
            case "cos" -> Math.cos(x);
            case "divide" -> a / x;
            case "power" -> Math.pow(x, a);
            case "exponentiate" -> Math.exp(x * Math.log(a));
            case "maximum" -> x < a ? a : x;
            case "minimum" -> x > a ? a : x;
            case "equal" -> x == a ? 1 : 0;
            case "not_equal" -> x == a ? 0 : 1;
            case "greater" -> x > a ? 1 : 0;
            case "greater_equal" -> x < a ? 0 : 1;
            case "less" -> x < a ? 1 : 0;
            case "less_equal" -> x > a ? 0 : 1;
            case "clip" -> x < a ? a : x > of.numbers().getLast() ? of.numbers().getLast() : x;
            default -> throw new IllegalArgumentException(of.function());
        };
    }

    /// Each channel of each image over the whole range.
    private static double[] stretched(AutoContrast of, double[] x, Shape in) {
        final double a = of.valueRange().getFirst();
        final double b = of.valueRange().getLast();
        final int image = in.dim(1) * in.dim(2) * in.dim(3);
        final double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            for (int k = i / image * image + i % in.dim(3); k < (i / image + 1) * image; k += in.dim(3)) {
                low = Math.min(low, x[k]);
                high = Math.max(high, x[k]);
            }
            y[i] = high > low ? a + (x[i] - low) / (high - low) * (b - a) : x[i];
        }
        return y;
    }

    /// Element by element, where the list of indices that Python's rules give along each axis says.
    private static double[] taken(String key, double[] x, Shape in) {
        final List<int[]> indices = new ArrayList<>();
        final String[] items = key.split(",", -1);
        for (String item : items) {
            final String text = item.strip();
            final int axis = indices.size();
            if (text.equals("...")) {
                for (int i = items.length - 1; i < in.rank(); i++) {
                    indices.add(IntStream.range(0, in.dim(indices.size())).toArray());
                }
            } else if (text.contains(":")) {
                indices.add(slice(text, in.dim(axis)));
            } else {
                final int at = Integer.parseInt(text);
                indices.add(new int[] {at < 0 ? in.dim(axis) + at : at});
            }
        }
        while (indices.size() < in.rank()) {
            indices.add(IntStream.range(0, in.dim(indices.size())).toArray());
        }
        final Shape out =
                Shape.of(indices.stream().mapToInt(list -> list.length).toArray());
        final double[] y = new double[(int) out.size()];
        for (int i = 0; i < y.length; i++) {
            final int[] index = SpatialFormulas.index(out, i);
            for (int axis = 0; axis < index.length; axis++) {
                index[axis] = indices.get(axis)[index[axis]];
            }
            y[i] = x[SpatialFormulas.flat(in, index)];
        }
        return y;
    }

    private static int[] slice(String text, int size) {
        final String[] parts = text.split(":", -1);
        final int step = parts.length < 3 || parts[2].isEmpty() ? 1 : Integer.parseInt(parts[2]);
        final List<Integer> indices = new ArrayList<>();
        int at = parts[0].isEmpty() ? (step > 0 ? 0 : size - 1) : Integer.parseInt(parts[0]);
        int stop = parts[1].isEmpty() ? (step > 0 ? size : -1 - size) : Integer.parseInt(parts[1]);
        at = at < 0 ? at + size : at;
        stop = stop < 0 ? stop + size : stop;
        for (; step > 0 ? at < Math.min(stop, size) : at > stop; at += step) {
            if (at >= 0 && at < size) {
                indices.add(at);
            }
        }
        return indices.stream().mapToInt(Integer::intValue).toArray();
    }

    private static double[] reduced(Reduction of, double[] x, Shape in) {
        final Shape out = new Reduction(of.function(), of.axes(), true)
                .outputShapes(List.of(in))
                .getFirst();
        final double[] y = new double[(int) out.size()];
        Arrays.fill(
                y,
                of.function().equals("max")
                        ? Double.NEGATIVE_INFINITY
                        : of.function().equals("min") ? Double.POSITIVE_INFINITY : 0);
        for (int i = 0; i < x.length; i++) {
            final int[] index = SpatialFormulas.index(in, i);
            for (int axis : of.axes()) {
                index[axis < 0 ? axis + in.rank() : axis] = 0;
            }
            final int at = SpatialFormulas.flat(out, index);
            y[at] = switch (of.function()) {
                case "max" -> Math.max(y[at], x[i]);
                case "min" -> Math.min(y[at], x[i]);
                case "mean" -> y[at] + x[i] * y.length / x.length;
                default -> y[at] + x[i];
            };
        }
        return y;
    }

    static List<LayerGradientTest.Case> cases() {
        final List<LayerGradientTest.Case> cases = new ArrayList<>();
        for (String function : List.of("absolute", "square", "sqrt", "rsqrt", "log", "log1p", "expm1", "sin", "cos")) {
            cases.add(of(new ElementwiseFunction(function), Shape.of(3, 7)));
        }
        cases.add(of(new ElementwiseFunction("divide", -2.5f), Shape.of(2, 3, 4)));
        cases.add(of(new ElementwiseFunction("power", 3), Shape.of(3, 7)));
        cases.add(of(new ElementwiseFunction("exponentiate", 2.5f), Shape.of(3, 7)));
        cases.add(of(new ElementwiseFunction("maximum", -0.25f), Shape.of(5, 7)));
        cases.add(of(new ElementwiseFunction("minimum", 0.25f), Shape.of(5, 7)));
        cases.add(of(new ElementwiseFunction("clip", -0.25f, 0.75f), Shape.of(5, 7)));
        cases.add(of(new ElementwiseFunction("square"), Shape.of(5, 617)));
        for (String key : List.of(":, -1", ":, 1:3, ::-1", "..., 1", ":, ..., 1:", ":, 0, 2", ":, 5:1:-2, -3:-1")) {
            cases.add(of(new GetItem(key), Shape.of(2, 4, 3)));
        }
        cases.add(of(new GetItem(":, 1"), Shape.of(3, 4)));
        for (String function : List.of("mean", "sum", "max", "min")) {
            cases.add(of(new Reduction(function, List.of(1, 2), false), Shape.of(2, 3, 4, 2)));
            cases.add(of(new Reduction(function, List.of(-1), true), Shape.of(2, 3, 4)));
            cases.add(of(new Reduction(function, List.of(3, 1), false), Shape.of(2, 3, 2, 4)));
        }
        cases.add(of(new ImageAugmentation("RandomShear"), Shape.of(2, 3, 4, 3)));
        cases.add(of(new AutoContrast(List.of(-1f, 2f)), Shape.of(2, 3, 4, 3)));
        cases.add(of(new AutoContrast(List.of(0f, 1f)), Shape.of(3, 1, 1, 2)));
        return cases;
    }

    private static LayerGradientTest.Case of(Layer layer, Shape input) {
        return LayerGradientTest.Case.of(layer, input);
    }
}
