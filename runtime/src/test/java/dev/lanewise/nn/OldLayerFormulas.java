package dev.lanewise.nn;

import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.layer.Highway;
import dev.lanewise.nn.layer.MaxoutDense;
import dev.lanewise.tensor.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Layers that only Keras 1 had, in double.
final class OldLayerFormulas {
    private OldLayerFormulas() {}

    static GradientCheck.@Nullable Formula of(Layer layer, List<Shape> inputs) {
        final Shape shape = inputs.getFirst();
        return switch (layer.typeName()) {
            case "MaxoutDense" ->
                (x, w) -> new double[][] {maxout((MaxoutDense) layer, x[0], w, shape.dim(0), shape.last())};
            case "Highway" -> (x, w) -> new double[][] {highway((Highway) layer, x[0], w, shape.dim(0), shape.last())};
            default -> null;
        };
    }

    private static double[] maxout(MaxoutDense layer, double[] x, double[][] w, int rows, int in) {
        final int units = layer.units();
        final double[] y = new double[rows * units];
        for (int i = 0; i < y.length; i++) {
            y[i] = Double.NEGATIVE_INFINITY;
            for (int f = 0; f < layer.nbFeature(); f++) {
                double sum = layer.useBias() ? w[1][f * units + i % units] : 0;
                for (int k = 0; k < in; k++) {
                    sum += x[i / units * in + k] * w[0][(f * in + k) * units + i % units];
                }
                y[i] = Math.max(y[i], sum);
            }
        }
        return y;
    }

    private static double[] highway(Highway layer, double[] x, double[][] w, int rows, int in) {
        final double[] y = new double[rows * in];
        for (int i = 0; i < y.length; i++) {
            double z = layer.useBias() ? w[2][i % in] : 0;
            double gate = layer.useBias() ? w[3][i % in] : 0;
            for (int k = 0; k < in; k++) {
                z += x[i / in * in + k] * w[0][k * in + i % in];
                gate += x[i / in * in + k] * w[1][k * in + i % in];
            }
            final double a = switch (layer.activation().name()) {
                case "linear" -> z;
                case "tanh" -> Math.tanh(z);
                case "relu" -> Math.max(0, z);
                case "silu" -> z / (1 + Math.exp(-z));
                default -> throw new IllegalArgumentException(layer.activation().name());
            };
            final double t = 1 / (1 + Math.exp(-gate));
            y[i] = a * t + x[i] * (1 - t);
        }
        return y;
    }

    static List<LayerGradientTest.Case> cases() {
        final Initializer zeros = new Initializers.Zeros();
        return List.of(
                LayerGradientTest.Case.of(new MaxoutDense(3, 4), Shape.of(5, 2)),
                LayerGradientTest.Case.of(new MaxoutDense(17, 2, false, zeros, zeros), Shape.of(3, 7)),
                LayerGradientTest.Case.of(new MaxoutDense(2, 1), Shape.of(4, 3)),
                LayerGradientTest.Case.of(new Highway(Activations.LINEAR), Shape.of(3, 5)),
                LayerGradientTest.Case.of(new Highway(Activations.TANH), Shape.of(17, 7)),
                LayerGradientTest.Case.of(new Highway(Activations.RELU), Shape.of(4, 6)),
                LayerGradientTest.Case.of(
                        new Highway(Activations.of("silu"), false, new Initializers.GlorotUniform()), Shape.of(3, 4)));
    }
}
