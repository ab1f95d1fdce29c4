package dev.lanewise.nn;

import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Dropout;
import dev.lanewise.nn.layer.ReLU;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.tensor.Shape;
import java.util.List;

/// The formulas of the layers once more: in double, plain, without any of the layers' code.
final class DoubleFormulas {
    private DoubleFormulas() {}

    /// The formula of a layer on inputs of these shapes.
    ///
    /// @param key of the call, for dropout
    /// @param step of training; negative outside training
    static GradientCheck.Formula of(Layer layer, List<Shape> inputs, LayerBuffers.RandomKey key, long step) {
        return switch (layer.typeName()) {
            case "Dense" ->
                (x, w) -> one(dense((Dense) layer, x[0], w, inputs.getFirst().last()));
            case "Activation" ->
                (x, w) -> one(activation(
                        ((Activation) layer).activation().name(),
                        x[0],
                        inputs.getFirst().last()));
            case "Softmax" ->
                (x, w) -> one(activation("softmax", x[0], inputs.getFirst().last()));
            case "ReLU" -> (x, w) -> one(relu((ReLU) layer, x[0]));
            case "Rescaling" -> (x, w) -> one(rescaling((Rescaling) layer, x[0]));
            case "Flatten", "Reshape" -> (x, w) -> one(x[0].clone());
            case "Add" -> (x, w) -> one(sum(x));
            case "Dropout" -> (x, w) -> one(dropout((Dropout) layer, x[0], key, step));
            default -> throw new IllegalArgumentException("no formula for " + layer.typeName());
        };
    }

    private static double[][] one(double[] output) {
        return new double[][] {output};
    }

    private static double[] dense(Dense layer, double[] x, double[][] w, int in) {
        final int units = layer.units();
        final int rows = x.length / in;
        final double[] z = new double[rows * units];
        for (int r = 0; r < rows; r++) {
            for (int u = 0; u < units; u++) {
                double sum = layer.useBias() ? w[1][u] : 0;
                for (int i = 0; i < in; i++) {
                    sum += x[r * in + i] * w[0][i * units + u];
                }
                z[r * units + u] = sum;
            }
        }
        return activation(layer.activation().name(), z, units);
    }

    static double[] activation(String name, double[] x, int cols) {
        final double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = switch (name) {
                case "linear" -> x[i];
                case "relu" -> Math.max(0, x[i]);
                case "sigmoid" -> 1 / (1 + Math.exp(-x[i]));
                case "tanh" -> Math.tanh(x[i]);
                case "softmax" -> Math.exp(x[i]) / sumOfExponentials(x, i / cols * cols, cols);
                default -> throw new IllegalArgumentException("no formula for activation " + name);
            };
        }
        return y;
    }

    private static double sumOfExponentials(double[] x, int from, int cols) {
        double sum = 0;
        for (int i = from; i < from + cols; i++) {
            sum += Math.exp(x[i]);
        }
        return sum;
    }

    private static double[] relu(ReLU layer, double[] x) {
        final Float max = layer.maxValue();
        final double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i] < layer.threshold() ? layer.negativeSlope() * (x[i] - layer.threshold()) : x[i];
            y[i] = max != null && x[i] >= max ? max : y[i];
        }
        return y;
    }

    private static double[] rescaling(Rescaling layer, double[] x) {
        final double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i] * layer.scale() + layer.offset();
        }
        return y;
    }

    private static double[] sum(double[][] x) {
        final double[] y = new double[x[0].length];
        for (double[] input : x) {
            for (int i = 0; i < y.length; i++) {
                y[i] += input[i];
            }
        }
        return y;
    }

    private static double[] dropout(Dropout layer, double[] x, LayerBuffers.RandomKey key, long step) {
        if (step < 0) {
            return x.clone();
        }
        final long call = Threefry.block(Threefry.block(key.seed(), key.layer()), key.call());
        final double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            final boolean dropped = Threefry.uniform(Threefry.block(call, step), i) < layer.rate();
            y[i] = dropped ? 0 : x[i] / (1 - (double) layer.rate());
        }
        return y;
    }
}
