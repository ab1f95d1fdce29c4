package dev.lanewise.nn;

import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.BatchNormalization;
import dev.lanewise.nn.layer.Concatenate;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Dropout;
import dev.lanewise.nn.layer.ELU;
import dev.lanewise.nn.layer.LeakyReLU;
import dev.lanewise.nn.layer.PReLU;
import dev.lanewise.nn.layer.PreprocessInput;
import dev.lanewise.nn.layer.ReLU;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Resizing;
import dev.lanewise.nn.layer.Softmax;
import dev.lanewise.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/// The formulas of the layers once more: in double, plain, without any of the layers' code.
final class DoubleFormulas {
    private DoubleFormulas() {}

    /// The formula of a layer on inputs of these shapes.
    ///
    /// @param key of the call, for dropout
    /// @param step of training; negative outside training
    static GradientCheck.Formula of(Layer layer, List<Shape> inputs, LayerBuffers.RandomKey key, long step) {
        final GradientCheck.Formula convolution = ConvolutionFormulas.of(layer, inputs.getFirst());
        return convolution != null ? convolution : ofOthers(layer, inputs, key, step);
    }

    private static GradientCheck.Formula ofOthers(
            Layer layer, List<Shape> inputs, LayerBuffers.RandomKey key, long step) {
        return switch (layer.typeName()) {
            case "Dense" ->
                (x, w) -> one(dense((Dense) layer, x[0], w, inputs.getFirst().last()));
            case "BatchNormalization" -> batchNormalization((BatchNormalization) layer, inputs.getFirst(), step >= 0);
            case "Activation" ->
                (x, w) -> one(activation(
                        ((Activation) layer).activation(),
                        x[0],
                        inputs.getFirst().last()));
            case "Softmax" -> (x, w) -> one(softmax(masked(x), inputs.getFirst(), ((Softmax) layer).axis()));
            case "Concatenate" -> (x, w) -> one(concatenate(x, inputs, ((Concatenate) layer).axis()));
            case "ReLU" -> (x, w) -> one(relu((ReLU) layer, x[0]));
            case "LeakyReLU" -> {
                final double slope = ((LeakyReLU) layer).negativeSlope();
                yield (x, w) ->
                        one(Arrays.stream(x[0]).map(v -> v < 0 ? slope * v : v).toArray());
            }
            case "ELU" -> {
                final double alpha = ((ELU) layer).alpha();
                yield (x, w) -> one(Arrays.stream(x[0])
                        .map(v -> v < 0 ? alpha * (Math.exp(v) - 1) : v)
                        .toArray());
            }
            case "PReLU" -> (x, w) -> one(prelu((PReLU) layer, x[0], w[0], inputs.getFirst()));
            case "Rescaling" -> (x, w) -> one(rescaling((Rescaling) layer, x[0]));
            case "Resizing" -> (x, w) -> one(resizing((Resizing) layer, x[0], inputs.getFirst()));
            case "Grayscale" -> (x, w) -> one(grayscale(x[0]));
            case "GrayToRgb" -> (x, w) -> one(rgb(x[0]));
            case "PreprocessInput" -> (x, w) -> one(preprocessed(((PreprocessInput) layer).mode(), x[0]));
            case "Flatten", "Reshape" -> (x, w) -> one(x[0].clone());
            case "Dropout" -> (x, w) -> one(dropout((Dropout) layer, x[0], key, step));
            default -> {
                GradientCheck.Formula formula = SpatialFormulas.of(layer, inputs);
                formula = formula == null ? MergeFormulas.of(layer, inputs) : formula;
                formula = formula == null ? NormalizationFormulas.of(layer, inputs) : formula;
                formula = formula == null ? NoiseFormulas.of(layer, inputs, key, step) : formula;
                formula = formula == null ? SequenceFormulas.of(layer, inputs, null, key, step) : formula;
                formula = formula == null ? OldLayerFormulas.of(layer, inputs) : formula;
                formula = formula == null ? OperationFormulas.of(layer, inputs) : formula;
                if (formula == null) {
                    throw new IllegalArgumentException("no formula for " + layer.typeName());
                }
                yield formula;
            }
        };
    }

    /// By way of rows of channels, whatever axis they are.
    private static GradientCheck.Formula batchNormalization(BatchNormalization layer, Shape shape, boolean training) {
        final int axis = layer.axis() < 0 ? layer.axis() + shape.rank() : layer.axis();
        final int channels = shape.dim(axis);
        int step = 1;
        for (int i = axis + 1; i < shape.rank(); i++) {
            step *= shape.dim(i);
        }
        final int inner = step;
        return (x, w) -> {
            final int[] place = new int[x[0].length];
            for (int i = 0; i < place.length; i++) {
                final int outer = i / inner / channels;
                place[i] = (outer * inner + i % inner) * channels + i / inner % channels;
            }
            final double[] rows = new double[place.length];
            for (int i = 0; i < place.length; i++) {
                rows[place[i]] = x[0][i];
            }
            final double[] normal = ConvolutionFormulas.batchNormalization(
                    rows,
                    channels,
                    layer.scale() ? w[0] : null,
                    layer.center() ? w[layer.scale() ? 1 : 0] : null,
                    w[w.length - 2],
                    w[w.length - 1],
                    layer.epsilon(),
                    training);
            final double[] y = new double[place.length];
            for (int i = 0; i < place.length; i++) {
                y[i] = normal[place[i]];
            }
            return one(y);
        };
    }

    /// Over each line of elements that differ in one index.
    /// The first input, where a second leaves out what is 0 in it.
    private static double[] masked(double[][] x) {
        final double[] masked = x[0].clone();
        for (int i = 0; x.length > 1 && i < masked.length; i++) {
            masked[i] = x[1][i] > 0.5 ? masked[i] : -1e9;
        }
        return masked;
    }

    private static double[] softmax(double[] x, Shape shape, int axis) {
        final int cols = shape.dim(axis);
        int step = 1;
        for (int i = (axis < 0 ? axis + shape.rank() : axis) + 1; i < shape.rank(); i++) {
            step *= shape.dim(i);
        }
        final double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            final int first = i - i / step % cols * step;
            double sum = 0;
            for (int c = 0; c < cols; c++) {
                sum += Math.exp(x[first + c * step]);
            }
            y[i] = Math.exp(x[i]) / sum;
        }
        return y;
    }

    /// Each element of the result by its index along the axis.
    private static double[] concatenate(double[][] x, List<Shape> shapes, int axis) {
        final Shape first = shapes.getFirst();
        int inner = 1;
        for (int i = (axis < 0 ? axis + first.rank() : axis) + 1; i < first.rank(); i++) {
            inner *= first.dim(i);
        }
        int along = 0;
        int size = 0;
        for (int k = 0; k < x.length; k++) {
            along += shapes.get(k).dim(axis);
            size += x[k].length;
        }
        final double[] y = new double[size];
        for (int i = 0; i < size; i++) {
            final int outer = i / inner / along;
            int at = i / inner % along;
            int k = 0;
            while (at >= shapes.get(k).dim(axis)) {
                at -= shapes.get(k++).dim(axis);
            }
            y[i] = x[k][(outer * shapes.get(k).dim(axis) + at) * inner + i % inner];
        }
        return y;
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
        return activation(layer.activation(), z, units);
    }

    static double[] activation(dev.lanewise.kernels.Activation activation, double[] x, int cols) {
        final int width = activation.name().equals("glu") ? cols / 2 : cols;
        final double[] y = new double[x.length / cols * width];
        for (int i = 0; i < y.length; i++) {
            final int from = i / width * cols;
            final int c = i % width;
            y[i] = switch (activation.name()) {
                case "softmax" -> Math.exp(x[from + c]) / sumOfExponentials(x, from, cols);
                case "log_softmax" -> x[from + c] - Math.log(sumOfExponentials(x, from, cols));
                case "sparsemax" -> sparsemax(Arrays.copyOfRange(x, from, from + cols))[c];
                case "glu" -> x[from + c] * sigmoid(x[from + width + c]);
                default -> element(activation, x[from + c]);
            };
        }
        return y;
    }

    private static double element(dev.lanewise.kernels.Activation activation, double x) {
        final Function<String, Double> p = name -> ((Number) activation.config().get(name)).doubleValue();
        return switch (activation.name()) {
            case "linear" -> x;
            case "relu" -> Math.max(0, x);
            case "relu6" -> Math.min(6, Math.max(0, x));
            case "leaky_relu" -> x < 0 ? p.apply("negative_slope") * x : x;
            case "elu" -> x < 0 ? p.apply("alpha") * (Math.exp(x) - 1) : x;
            case "celu" -> x < 0 ? p.apply("alpha") * (Math.exp(x / p.apply("alpha")) - 1) : x;
            case "selu" -> 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * (Math.exp(x) - 1) : x);
            case "sigmoid" -> sigmoid(x);
            case "tanh" -> Math.tanh(x);
            case "softplus" -> Math.log(1 + Math.exp(x));
            case "log_sigmoid" -> -Math.log(1 + Math.exp(-x));
            case "softsign" -> x / (1 + Math.abs(x));
            case "silu" -> x * sigmoid(x);
            case "mish" -> x * Math.tanh(Math.log(1 + Math.exp(x)));
            case "gelu" ->
                activation.config().containsKey("approximate")
                        ? x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))
                        : x * normal(x);
            case "exponential" -> Math.exp(x);
            case "hard_sigmoid" ->
                Boolean.TRUE.equals(activation.config().get("legacy"))
                        ? Math.min(1, Math.max(0, 0.2 * x + 0.5))
                        : Math.min(6, Math.max(0, x + 3)) / 6;
            case "hard_silu" -> x * Math.min(6, Math.max(0, x + 3)) / 6;
            case "hard_tanh" -> Math.min(1, Math.max(-1, x));
            case "hard_shrink" -> Math.abs(x) > p.apply("threshold") ? x : 0;
            case "soft_shrink" -> Math.signum(x) * Math.max(0, Math.abs(x) - p.apply("threshold"));
            case "tanh_shrink" -> x - Math.tanh(x);
            case "sparse_plus" -> x >= 1 ? x : Math.pow(Math.max(0, x + 1), 2) / 4;
            case "squareplus" -> (x + Math.sqrt(x * x + p.apply("b"))) / 2;
            case "threshold" -> x > p.apply("threshold") ? x : p.apply("default_value");
            default -> throw new IllegalArgumentException("no formula for activation " + activation);
        };
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /// P(X <= x) of the standard normal distribution, by its series; for small x.
    private static double normal(double x) {
        double term = x;
        double sum = x;
        for (int k = 1; Math.abs(term) > 1e-18; k++) {
            term *= x * x / (2 * k + 1);
            sum += term;
        }
        return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    /// Each element counts once in its own sum and in all sums after it, of those that are above their mean.
    private static double[] sparsemax(double... x) {
        final double[] sorted =
                Arrays.stream(x).map(v -> -v).sorted().map(v -> -v).toArray();
        int k = 0;
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += sorted[i];
            k = sorted[i] > (sum - 1) / (i + 1) ? i + 1 : k;
        }
        double threshold = -1.0 / k;
        for (int i = 0; i < k; i++) {
            threshold += sorted[i] * (k - i) / k;
        }
        final double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = Math.max(0, x[i] - threshold);
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

    /// The place of an element's alpha, from the element's index along each axis.
    private static double[] prelu(PReLU layer, double[] x, double[] alpha, Shape shape) {
        final List<Integer> shared = layer.sharedAxes() == null ? List.of() : layer.sharedAxes();
        final double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            int rest = i;
            int place = 0;
            int stride = 1;
            for (int axis = shape.rank() - 1; axis > 0; axis--) {
                if (!shared.contains(axis)) {
                    place += rest % shape.dim(axis) * stride;
                    stride *= shape.dim(axis);
                }
                rest /= shape.dim(axis);
            }
            y[i] = Math.max(0, x[i]) + alpha[place] * Math.min(0, x[i]);
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

    /// Every output pixel by the weights of all input pixels: triangles around its place, or the one it lies
    /// in.
    static double[] resizing(Resizing layer, double[] given, Shape shape) {
        double[] x = given;
        Shape in = shape;
        if (layer.cropToAspectRatio()) {
            // The largest window with the proportions of the result.
            int high = in.dim(1);
            int wide = in.dim(2);
            if (high * layer.width() > wide * layer.height()) {
                high = Math.max(1, wide * layer.height() / layer.width());
            } else {
                wide = Math.max(1, high * layer.width() / layer.height());
            }
            x = window(given, shape, (in.dim(1) - high) / 2, (in.dim(2) - wide) / 2, high, wide);
            in = in.with(1, high).with(2, wide);
        }
        final int channels = in.last();
        final double[] y = new double[in.dim(0) * layer.height() * layer.width() * channels];
        final boolean nearest = layer.interpolation().equals("nearest");
        for (int o = 0; o < y.length; o++) {
            final int c = o % channels;
            final int j = o / channels % layer.width();
            final int i = o / channels / layer.width() % layer.height();
            final int n = o / channels / layer.width() / layer.height();
            for (int h = 0; h < in.dim(1); h++) {
                for (int w = 0; w < in.dim(2); w++) {
                    y[o] += weight(i, h, in.dim(1), layer.height(), nearest)
                            * weight(j, w, in.dim(2), layer.width(), nearest)
                            * x[((n * in.dim(1) + h) * in.dim(2) + w) * channels + c];
                }
            }
        }
        return y;
    }

    /// A window of images.
    static double[] window(double[] x, Shape in, int top, int left, int high, int wide) {
        final int channels = in.last();
        final double[] y = new double[in.dim(0) * high * wide * channels];
        for (int o = 0; o < y.length; o++) {
            final int column = left + o / channels % wide;
            final int row = top + o / channels / wide % high;
            final int n = o / channels / wide / high;
            y[o] = x[((n * in.dim(1) + row) * in.dim(2) + column) * channels + o % channels];
        }
        return y;
    }

    private static double weight(int to, int from, int fromSize, int toSize, boolean nearest) {
        final double centre = (to + 0.5) * fromSize / toSize;
        if (nearest) {
            return from <= centre && centre < from + 1 ? 1 : 0;
        }
        // Beyond the middles of the first and the last pixel there is nothing but these.
        final double at = Math.clamp(centre - 0.5, 0, fromSize - 1);
        return Math.max(0, 1 - Math.abs(at - from));
    }

    private static double[] grayscale(double[] x) {
        final double[] y = new double[x.length / 3];
        for (int p = 0; p < y.length; p++) {
            y[p] = 0.2989 * x[3 * p] + 0.587 * x[3 * p + 1] + 0.114 * x[3 * p + 2];
        }
        return y;
    }

    private static double[] rgb(double[] x) {
        final double[] y = new double[x.length * 3];
        for (int i = 0; i < y.length; i++) {
            y[i] = x[i / 3];
        }
        return y;
    }

    private static double[] preprocessed(String mode, double[] x) {
        final double[] y = new double[x.length];
        final double[] mean = {0.485, 0.456, 0.406};
        final double[] deviation = {0.229, 0.224, 0.225};
        final double[] bgr = {103.939, 116.779, 123.68};
        for (int i = 0; i < x.length; i++) {
            final int c = i % 3;
            y[i] = switch (mode) {
                case "caffe" -> x[i - c + 2 - c] - bgr[c];
                case "torch" -> (x[i] / 255 - mean[c]) / deviation[c];
                default -> x[i] / 127.5 - 1;
            };
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
