package dev.lanewise.nn;

import dev.lanewise.nn.layer.Add;
import dev.lanewise.nn.layer.Average;
import dev.lanewise.nn.layer.Divide;
import dev.lanewise.nn.layer.Dot;
import dev.lanewise.nn.layer.Maximum;
import dev.lanewise.nn.layer.Minimum;
import dev.lanewise.nn.layer.Multiply;
import dev.lanewise.nn.layer.Power;
import dev.lanewise.nn.layer.Stack;
import dev.lanewise.nn.layer.Subtract;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/// The formulas of layers of several inputs once more: in double, each output element by itself.
final class MergeFormulas {
    private MergeFormulas() {}

    /// The formula of a layer, or null if it is none of these.
    static GradientCheck.Formula of(Layer layer, List<Shape> inputs) {
        return switch (layer.typeName()) {
            case "Add", "Subtract", "Multiply", "Divide", "Power", "Average", "Maximum", "Minimum" ->
                (x, w) -> new double[][] {merged(layer, x, inputs)};
            case "Stack" -> (x, w) -> new double[][] {stacked((Stack) layer, x, inputs)};
            case "Dot" -> (x, w) -> new double[][] {dot((Dot) layer, x, inputs)};
            default -> null;
        };
    }

    private static double[] merged(Layer layer, double[][] x, List<Shape> inputs) {
        final Shape out = layer.outputShapes(inputs).getFirst();
        final double[] y = new double[(int) out.size()];
        for (int i = 0; i < y.length; i++) {
            final int[] index = SpatialFormulas.index(out, i);
            final double[] values = new double[x.length];
            for (int k = 0; k < x.length; k++) {
                final Shape shape = inputs.get(k);
                final int[] own = new int[shape.rank()];
                own[0] = index[0];
                for (int axis = 1; axis < own.length; axis++) {
                    own[axis] = Math.min(index[out.rank() - own.length + axis], shape.dim(axis) - 1);
                }
                values[k] = x[k][SpatialFormulas.flat(shape, own)];
            }
            y[i] = combined(layer.typeName(), values);
        }
        return y;
    }

    private static double combined(String type, double... values) {
        double result = values[0];
        for (int k = 1; k < values.length; k++) {
            result = switch (type) {
                case "Add", "Average" -> result + values[k];
                case "Subtract" -> result - values[k];
                case "Multiply" -> result * values[k];
                case "Divide" -> result / values[k];
                case "Power" -> Math.pow(result, values[k]);
                case "Maximum" -> Math.max(result, values[k]);
                default -> Math.min(result, values[k]);
            };
        }
        return type.equals("Average") ? result / values.length : result;
    }

    private static double[] stacked(Stack layer, double[][] x, List<Shape> inputs) {
        final Shape out = layer.outputShapes(inputs).getFirst();
        final int axis = layer.axis() < 0 ? layer.axis() + out.rank() : layer.axis();
        final double[] y = new double[(int) out.size()];
        for (int i = 0; i < y.length; i++) {
            final int[] index = SpatialFormulas.index(out, i);
            final int[] own = new int[index.length - 1];
            for (int k = 0; k < own.length; k++) {
                own[k] = index[k < axis ? k : k + 1];
            }
            y[i] = x[index[axis]][SpatialFormulas.flat(inputs.getFirst(), own)];
        }
        return y;
    }

    /// Lines of elements along an axis, one after the other.
    private static double[][] lines(double[] x, Shape shape, int axis, boolean normalize) {
        int inner = 1;
        for (int i = axis + 1; i < shape.rank(); i++) {
            inner *= shape.dim(i);
        }
        final int k = shape.dim(axis);
        final double[][] lines = new double[x.length / k][k];
        for (int line = 0; line < lines.length; line++) {
            double squares = 0;
            for (int i = 0; i < k; i++) {
                lines[line][i] = x[line / inner * k * inner + i * inner + line % inner];
                squares += lines[line][i] * lines[line][i];
            }
            for (int i = 0; normalize && i < k; i++) {
                lines[line][i] *= Math.min(1 / Math.sqrt(squares), 1e7);
            }
        }
        return lines;
    }

    private static double[] dot(Dot layer, double[][] x, List<Shape> inputs) {
        final double[][][] lines = new double[2][][];
        for (int i = 0; i < 2; i++) {
            final int axis = layer.axes().get(i);
            final Shape shape = inputs.get(i);
            lines[i] = lines(x[i], shape, axis < 0 ? axis + shape.rank() : axis, layer.normalize());
        }
        final int batch = inputs.getFirst().dim(0);
        final int m = lines[0].length / batch;
        final int n = lines[1].length / batch;
        final double[] y = new double[batch * m * n];
        for (int i = 0; i < y.length; i++) {
            final double[] a = lines[0][i / n];
            final double[] b = lines[1][i / n / m * n + i % n];
            for (int k = 0; k < a.length; k++) {
                y[i] += a[k] * b[k];
            }
        }
        return y;
    }

    /// Layers of this kind with inputs to check them on.
    static List<LayerGradientTest.Case> cases() {
        final List<LayerGradientTest.Case> cases = new ArrayList<>();
        for (Layer layer :
                List.of(new Add(), new Subtract(), new Multiply(), new Average(), new Maximum(), new Minimum())) {
            cases.add(of(layer, Shape.of(3, 4), Shape.of(3, 4)));
            cases.add(of(layer, Shape.of(2, 3, 4), Shape.of(2, 1, 4)));
            cases.add(of(layer, Shape.of(2, 3, 1), Shape.of(2, 3, 4)));
            cases.add(of(layer, Shape.of(2, 4), Shape.of(2, 3, 4)));
            cases.add(of(layer, Shape.of(2, 3, 1, 2), Shape.of(2, 1, 5, 2)));
            if (!(layer instanceof Subtract)) {
                cases.add(of(layer, Shape.of(2, 5), Shape.of(2, 5), Shape.of(2, 1), Shape.of(2, 5)));
            }
        }
        cases.add(of(new Divide(), Shape.of(2, 3), Shape.of(2, 3)));
        cases.add(of(new Divide(), Shape.of(2, 1, 3), Shape.of(2, 2, 1)));
        cases.add(of(new Power(), Shape.of(2, 3), Shape.of(2, 3)));
        cases.add(of(new Power(), Shape.of(2, 1, 3), Shape.of(2, 2, 1)));
        for (int axis : new int[] {1, 2, 3, -1, -3}) {
            cases.add(of(new Stack(axis), Shape.of(2, 3, 4), Shape.of(2, 3, 4), Shape.of(2, 3, 4)));
        }
        cases.add(of(new Dot(1), Shape.of(3, 4), Shape.of(3, 4)));
        for (boolean normalize : new boolean[] {false, true}) {
            cases.add(of(new Dot(List.of(2, 2), normalize), Shape.of(2, 3, 4), Shape.of(2, 5, 4)));
            cases.add(of(new Dot(List.of(1, 2), normalize), Shape.of(2, 4, 3), Shape.of(2, 5, 4)));
            cases.add(of(new Dot(List.of(-1, 1), normalize), Shape.of(2, 3, 4), Shape.of(2, 4, 5)));
            cases.add(of(new Dot(List.of(1, 1), normalize), Shape.of(2, 4, 3), Shape.of(2, 4, 5)));
            cases.add(of(new Dot(List.of(3, 1), normalize), Shape.of(2, 3, 2, 4), Shape.of(2, 4)));
        }
        return cases;
    }

    private static LayerGradientTest.Case of(Layer layer, Shape... inputs) {
        return LayerGradientTest.Case.of(layer, inputs);
    }
}
