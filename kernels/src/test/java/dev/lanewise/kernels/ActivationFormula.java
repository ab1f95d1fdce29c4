package dev.lanewise.kernels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// The activations once more: in double, from their definitions, without any of the kernels' code.
final class ActivationFormula {
    private static final double SELU_ALPHA = 1.6732632423543772;
    private static final double SELU_SCALE = 1.0507009873554805;

    private final Activation activation;

    ActivationFormula(Activation activation) {
        this.activation = activation;
    }

    /// Every built-in activation, with its default parameters and with others.
    static List<Activation> all() {
        List<Activation> all = new ArrayList<>();
        for (String name : Activations.names()) {
            // The parameters of one have no defaults; what other tests register is not ours.
            if (!name.equals("threshold") && !(Activations.of(name) instanceof Activation.Custom)) {
                all.add(Activations.of(name));
            }
        }
        all.add(Activations.of("threshold", Map.of("threshold", 0.75, "default_value", -2)));
        all.add(Activations.of("gelu", Map.of("approximate", true)));
        all.add(Activations.of("hard_sigmoid", Map.of("legacy", true)));
        all.add(Activations.of("leaky_relu", Map.of("negative_slope", 0)));
        all.add(Activations.of("leaky_relu", Map.of("negative_slope", 1.5)));
        all.add(Activations.of("elu", Map.of("alpha", 0.3)));
        all.add(Activations.of("celu", Map.of("alpha", 2.5)));
        all.add(Activations.of("soft_shrink", Map.of("threshold", 1.25)));
        all.add(Activations.of("hard_shrink", Map.of("threshold", 0)));
        all.add(Activations.of("squareplus", Map.of("b", 0.1)));
        return all;
    }

    private double parameter(String name) {
        Object value = activation.config().get(name);
        return ((Number) value).doubleValue();
    }

    private boolean flag(String name) {
        return Boolean.TRUE.equals(activation.config().get(name));
    }

    /// The activation of one element.
    double value(double x) {
        return switch (activation.name()) {
            case "linear" -> x;
            case "relu" -> Math.max(x, 0);
            case "relu6" -> Math.clamp(x, 0, 6);
            case "leaky_relu" -> x < 0 ? parameter("negative_slope") * x : x;
            case "elu" -> x > 0 ? x : parameter("alpha") * Math.expm1(x);
            case "celu" -> x > 0 ? x : parameter("alpha") * Math.expm1(x / parameter("alpha"));
            case "selu" -> SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x));
            case "sigmoid" -> sigmoid(x);
            case "tanh" -> Math.tanh(x);
            case "softplus" -> softplus(x);
            case "log_sigmoid" -> -softplus(-x);
            case "softsign" -> x / (1 + Math.abs(x));
            case "silu" -> x * sigmoid(x);
            case "mish" -> x * tanhOfSoftplus(x);
            case "gelu" -> flag("approximate") ? x * sigmoid(gate(x)) : x * normal(x);
            case "exponential" -> Math.exp(x);
            case "hard_sigmoid" -> flag("legacy") ? Math.clamp(0.2f * x + 0.5, 0, 1) : Math.clamp((x + 3) / 6, 0, 1);
            case "hard_silu" -> x * Math.clamp((x + 3) / 6, 0, 1);
            case "hard_tanh" -> Math.clamp(x, -1, 1);
            case "hard_shrink" -> Math.abs(x) > parameter("threshold") ? x : 0;
            case "soft_shrink" -> {
                double t = parameter("threshold");
                yield x > t ? x - t : x < -t ? x + t : 0;
            }
            case "tanh_shrink" -> x - Math.tanh(x);
            case "sparse_plus" -> x <= -1 ? 0 : x >= 1 ? x : (x + 1) * (x + 1) / 4;
            case "squareplus" -> {
                double b = parameter("b");
                double root = Math.sqrt(x * x + b);
                yield x < 0 ? b / (root - x) / 2 : (x + root) / 2;
            }
            case "threshold" -> x > parameter("threshold") ? x : parameter("default_value");
            default -> throw new IllegalArgumentException("no formula for " + activation);
        };
    }

    /// Its derivative; at a kink the one that the kernel's contract states.
    double derivative(double x) {
        return switch (activation.name()) {
            case "linear" -> 1;
            case "relu" -> x > 0 ? 1 : 0;
            case "relu6" -> x > 0 && x < 6 ? 1 : 0;
            case "leaky_relu" -> x > 0 ? 1 : parameter("negative_slope");
            case "elu" -> x > 0 ? 1 : parameter("alpha") * Math.exp(x);
            case "celu" -> x > 0 ? 1 : Math.exp(x / parameter("alpha"));
            case "selu" -> SELU_SCALE * (x > 0 ? 1 : SELU_ALPHA * Math.exp(x));
            case "sigmoid" -> sigmoid(x) * sigmoid(-x);
            case "tanh" -> 1 / (Math.cosh(x) * Math.cosh(x));
            case "softplus" -> sigmoid(x);
            case "log_sigmoid" -> sigmoid(-x);
            case "softsign" -> 1 / ((1 + Math.abs(x)) * (1 + Math.abs(x)));
            case "silu" -> sigmoid(x) * (1 + x * sigmoid(-x));
            case "mish" -> {
                double t = tanhOfSoftplus(x);
                double cosh = Math.cosh(softplus(x));
                yield t + (Double.isInfinite(cosh) ? 0 : x * sigmoid(x) / (cosh * cosh));
            }
            case "gelu" -> {
                if (flag("approximate")) {
                    double z = gate(x);
                    double slope = 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
                    yield sigmoid(z) * (1 + sigmoid(-z) * x * slope);
                }
                yield normal(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
            }
            case "exponential" -> Math.exp(x);
            case "hard_sigmoid" -> flag("legacy") ? (Math.abs(x) < 2.5 ? 0.2f : 0) : Math.abs(x) < 3 ? 1 / 6.0 : 0;
            case "hard_silu" -> x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6;
            case "hard_tanh" -> Math.abs(x) < 1 ? 1 : 0;
            case "hard_shrink", "soft_shrink" -> Math.abs(x) > parameter("threshold") ? 1 : 0;
            case "tanh_shrink" -> Math.tanh(x) * Math.tanh(x);
            case "sparse_plus" -> x <= -1 ? 0 : x >= 1 ? 1 : (x + 1) / 2;
            case "squareplus" -> {
                double root = Math.sqrt(x * x + parameter("b"));
                yield x < 0 ? parameter("b") / (root - x) / 2 / root : (1 + x / root) / 2;
            }
            case "threshold" -> x > parameter("threshold") ? 1 : 0;
            default -> throw new IllegalArgumentException("no formula for " + activation);
        };
    }

    /// The activation of rows.
    double[] values(double[] x, int rows, int cols) {
        int width = activation.outputCols(cols);
        double[] y = new double[rows * width];
        for (int r = 0; r < rows; r++) {
            double[] row = Arrays.copyOfRange(x, r * cols, (r + 1) * cols);
            for (int c = 0; c < width; c++) {
                y[r * width + c] = activation.rowwise() ? ofRow(row, c) : value(row[c]);
            }
        }
        return y;
    }

    private double ofRow(double[] x, int c) {
        return switch (activation.name()) {
            case "softmax" -> Math.exp(x[c]) / sumOfExponentials(x);
            case "log_softmax" -> x[c] - Math.log(sumOfExponentials(x));
            case "glu" -> x[c] * sigmoid(x[c + x.length / 2]);
            case "sparsemax" -> Math.max(0, x[c] - sparsemaxThreshold(x));
            default -> throw new IllegalArgumentException("no formula for " + activation);
        };
    }

    private static double sumOfExponentials(double... x) {
        return Arrays.stream(x).map(Math::exp).sum();
    }

    /// By sorting, as Keras does: all sums above the border are added up.
    private static double sparsemaxThreshold(double... x) {
        double[] sorted = x.clone();
        Arrays.sort(sorted);
        double sum = 0;
        double sums = 0;
        int above = 0;
        for (int k = 1; k <= sorted.length; k++) {
            double z = sorted[sorted.length - k];
            sum += z;
            if (z - (sum - 1) / k > 0) {
                sums += sum;
                above++;
            }
        }
        return (sums - 1) / above;
    }

    private static double sigmoid(double x) {
        double e = Math.exp(-Math.abs(x));
        return (x < 0 ? e : 1) / (1 + e);
    }

    private static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    private static double tanhOfSoftplus(double x) {
        return Math.tanh(softplus(x));
    }

    private static double gate(double x) {
        return 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
    }

    /// P(X <= x): by the series of all positive terms up to 4, beyond it the continued fraction (Abramowitz and
    /// Stegun 26.2.11 and 26.2.14).
    static double normal(double x) {
        double a = Math.abs(x);
        double density = Math.exp(-a * a / 2) / Math.sqrt(2 * Math.PI);
        double tail;
        if (a >= 4) {
            double denominator = a;
            for (int k = 80; k > 0; k--) {
                denominator = a + k / denominator;
            }
            tail = density / denominator;
        } else {
            double term = a;
            double sum = term;
            for (int k = 1; term > 1e-18 * sum; k++) {
                term *= a * a / (2 * k + 1);
                sum += term;
            }
            tail = 0.5 - density * sum;
        }
        return x < 0 ? tail : 1 - tail;
    }
}
