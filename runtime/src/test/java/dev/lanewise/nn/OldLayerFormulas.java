package dev.lanewise.nn;

import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.layer.Highway;
import dev.lanewise.nn.layer.LocallyConnected1D;
import dev.lanewise.nn.layer.LocallyConnected2D;
import dev.lanewise.nn.layer.MaxoutDense;
import dev.lanewise.tensor.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Layers that Keras has no more, in double.
final class OldLayerFormulas {
    private OldLayerFormulas() {}

    static GradientCheck.@Nullable Formula of(Layer layer, List<Shape> inputs) {
        final Shape shape = inputs.getFirst();
        return switch (layer.typeName()) {
            case "MaxoutDense" ->
                (x, w) -> new double[][] {maxout((MaxoutDense) layer, x[0], w, shape.dim(0), shape.last())};
            case "Highway" -> (x, w) -> new double[][] {highway((Highway) layer, x[0], w, shape.dim(0), shape.last())};
            case "LocallyConnected1D" -> {
                final LocallyConnected1D of = (LocallyConnected1D) layer;
                yield (x, w) -> new double[][] {
                    local(
                            x[0],
                            w,
                            new int[] {shape.dim(0), 1, shape.dim(1), shape.last()},
                            new int[] {
                                1, of.kernelSize().getFirst(), 1, of.strides().getFirst(), of.filters()
                            },
                            of.activation().name(),
                            of.useBias())
                };
            }
            case "LocallyConnected2D" -> {
                final LocallyConnected2D of = (LocallyConnected2D) layer;
                yield (x, w) -> new double[][] {
                    local(
                            x[0],
                            w,
                            shape.toArray(),
                            new int[] {
                                of.kernelSize().getFirst(),
                                of.kernelSize().getLast(),
                                of.strides().getFirst(),
                                of.strides().getLast(),
                                of.filters()
                            },
                            of.activation().name(),
                            of.useBias())
                };
            }
            default -> null;
        };
    }

    /// @param in samples, height, width, channels
    /// @param set kernel's height and width, strides, filters
    private static double[] local(double[] x, double[][] w, int[] in, int[] set, String activation, boolean useBias) {
        final int high = (in[1] - set[0]) / set[2] + 1;
        final int wide = (in[2] - set[1]) / set[3] + 1;
        final int filters = set[4];
        final double[] y = new double[in[0] * high * wide * filters];
        for (int o = 0; o < y.length; o++) {
            final int f = o % filters;
            final int p = o / filters % (high * wide);
            final int n = o / filters / high / wide;
            double sum = useBias ? w[1][p * filters + f] : 0;
            for (int i = 0; i < set[0] * set[1] * in[3]; i++) {
                final int row = p / wide * set[2] + i / in[3] / set[1];
                final int col = p % wide * set[3] + i / in[3] % set[1];
                sum += x[((n * in[1] + row) * in[2] + col) * in[3] + i % in[3]]
                        * w[0][(p * set[0] * set[1] * in[3] + i) * filters + f];
            }
            y[o] = activated(activation, sum);
        }
        return y;
    }

    private static double activated(String name, double z) {
        return switch (name) {
            case "linear" -> z;
            case "tanh" -> Math.tanh(z);
            case "relu" -> Math.max(0, z);
            case "silu" -> z / (1 + Math.exp(-z));
            default -> throw new IllegalArgumentException(name);
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
            final double a = activated(layer.activation().name(), z);
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
                LayerGradientTest.Case.of(new LocallyConnected1D(3, 2), Shape.of(2, 5, 3)),
                LayerGradientTest.Case.of(new LocallyConnected1D(17, 3, Activations.RELU), Shape.of(3, 7, 2)),
                LayerGradientTest.Case.of(
                        new LocallyConnected1D(2, List.of(3), List.of(2), Activations.of("silu"), false, zeros, zeros),
                        Shape.of(2, 6, 1)),
                LayerGradientTest.Case.of(new LocallyConnected2D(2, 2), Shape.of(2, 3, 4, 3)),
                LayerGradientTest.Case.of(new LocallyConnected2D(4, 1, Activations.TANH), Shape.of(1, 2, 2, 5)),
                LayerGradientTest.Case.of(
                        new LocallyConnected2D(
                                3, List.of(3, 2), List.of(1, 2), Activations.of("silu"), true, zeros, zeros),
                        Shape.of(2, 4, 5, 2)),
                LayerGradientTest.Case.of(
                        new LocallyConnected2D(2, List.of(2, 3), List.of(2, 1), Activations.RELU, false, zeros, zeros),
                        Shape.of(3, 5, 4, 1)),
                LayerGradientTest.Case.of(
                        new Highway(Activations.of("silu"), false, new Initializers.GlorotUniform()), Shape.of(3, 4)));
    }
}
