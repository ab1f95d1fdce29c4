package dev.lanewise.nn;

import dev.lanewise.kernels.Activation;
import dev.lanewise.nn.layer.Conv1D;
import dev.lanewise.nn.layer.Conv1DTranspose;
import dev.lanewise.nn.layer.Conv2D;
import dev.lanewise.nn.layer.Conv2DTranspose;
import dev.lanewise.nn.layer.Conv3D;
import dev.lanewise.nn.layer.Conv3DTranspose;
import dev.lanewise.nn.layer.DepthwiseConv1D;
import dev.lanewise.nn.layer.DepthwiseConv2D;
import dev.lanewise.nn.layer.SeparableConv1D;
import dev.lanewise.nn.layer.SeparableConv2D;
import dev.lanewise.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/// Convolutions and batch normalization in double, straight from their definitions: each output element by a
/// loop over all input elements of the window. Images of any number of axes are `[batch, axes…, channels]`.
final class ConvolutionFormulas {
    private ConvolutionFormulas() {}

    /// Zeros before the first element along an axis.
    static int before(String padding, int in, int out, int kernel, int stride, int dilation) {
        final int reach = (kernel - 1) * dilation + 1;
        return switch (padding) {
            case "same" -> Math.max((out - 1) * stride + reach - in, 0) / 2;
            case "causal" -> reach - 1;
            default -> 0;
        };
    }

    /// Output length along an axis.
    static int output(String padding, int in, int kernel, int stride, int dilation) {
        int out = 0;
        final int reach = (kernel - 1) * dilation + 1;
        // Counts the windows, one after the other.
        for (int start = 0; padding.equals("valid") ? start + reach <= in : start < in; start += stride) {
            out++;
        }
        return out;
    }

    /// The products that make up a layer's result: `y[y] += x[x] · w[w]`, and so its gradients too.
    interface Terms {
        void forEach(Visitor visitor);
    }

    /// Takes the indices of a term's elements.
    interface Visitor {
        void term(int x, int w, int y);
    }

    /// `y[n, o…, f] += x[n, o · stride + k · dilation - before, c] · kernel[k…, c, f]`.
    ///
    /// @param shape of x
    static Terms convolution(
            Shape shape,
            List<Integer> kernelSize,
            List<Integer> strides,
            String padding,
            List<Integer> dilation,
            int groups,
            int filters) {
        final int rank = kernelSize.size();
        final int channels = shape.last();
        final int[] in = new int[rank];
        final int[] out = new int[rank];
        final int[] before = new int[rank];
        int product = shape.dim(0);
        int tapProduct = 1;
        for (int i = 0; i < rank; i++) {
            in[i] = shape.dim(i + 1);
            out[i] = output(padding, in[i], kernelSize.get(i), strides.get(i), dilation.get(i));
            before[i] = before(padding, in[i], out[i], kernelSize.get(i), strides.get(i), dilation.get(i));
            product *= out[i];
            tapProduct *= kernelSize.get(i);
        }
        final int positions = product;
        final int taps = tapProduct;
        final int perGroup = channels / groups;
        final int[] kernel = kernelSize.stream().mapToInt(Integer::intValue).toArray();
        return visitor -> {
            for (int p = 0; p < positions; p++) {
                final int[] o = index(p, out);
                for (int t = 0; t < taps; t++) {
                    final int[] k = index(t, kernel);
                    int pixel = o[rank];
                    boolean inside = true;
                    for (int i = 0; i < rank; i++) {
                        final int at = o[i] * strides.get(i) + k[i] * dilation.get(i) - before[i];
                        inside &= at >= 0 && at < in[i];
                        pixel = pixel * in[i] + at;
                    }
                    for (int f = 0; inside && f < filters; f++) {
                        final int first = f / (filters / groups) * perGroup;
                        for (int c = 0; c < perGroup; c++) {
                            visitor.term(
                                    pixel * channels + first + c, (t * perGroup + c) * filters + f, p * filters + f);
                        }
                    }
                }
            }
        };
    }

    /// Sums of the terms, from a bias on.
    ///
    /// @param w kernel, and perhaps a bias
    static double[] sums(Terms terms, int size, double[] x, double[][] w) {
        final double[] y = new double[size];
        for (int i = 0; i < size && w.length > 1; i++) {
            y[i] = w[1][i % w[1].length];
        }
        terms.forEach((a, b, c) -> y[c] += x[a] * w[0][b]);
        return y;
    }

    /// Row-major indices along the axes, and what is left in front in the last element.
    static int[] index(int at, int... sizes) {
        final int[] index = new int[sizes.length + 1];
        int rest = at;
        for (int i = sizes.length - 1; i >= 0; i--) {
            index[i] = rest % sizes[i];
            rest /= sizes[i];
        }
        index[sizes.length] = rest;
        return index;
    }

    /// Each input value adds the kernel, times itself, to the output:
    /// `y[n, o · stride + k · dilation - cut, f] +=
    /// x[n, o, c] · kernel[k…, f, c]`.
    ///
    /// @param outputPadding or null
    static Terms transposed(
            Shape shape,
            List<Integer> kernelSize,
            List<Integer> strides,
            String padding,
            List<Integer> outputPadding,
            List<Integer> dilation,
            int filters) {
        final int rank = kernelSize.size();
        final int channels = shape.last();
        final int[] in = new int[rank];
        final int[] out = new int[rank];
        final int[] cut = new int[rank];
        int product = shape.dim(0);
        int tapProduct = 1;
        for (int i = 0; i < rank; i++) {
            in[i] = shape.dim(i + 1);
            final int stride = strides.get(i);
            final int reach = (kernelSize.get(i) - 1) * dilation.get(i) + 1;
            if (padding.equals("valid")) {
                final int least = outputPadding == null ? Math.max(reach, stride) : reach + outputPadding.get(i);
                out[i] = (in[i] - 1) * stride + least;
            } else if (outputPadding == null) {
                out[i] = in[i] * stride;
                cut[i] = Math.max(reach - stride, 0) / 2;
            } else {
                out[i] = (in[i] - 1) * stride + reach % 2 + outputPadding.get(i);
                // Half of what is missing of the whole reach, rounded down.
                final int missing = (in[i] - 1) * stride + reach - out[i];
                cut[i] = Math.max(0, Math.floorDiv(missing, 2));
            }
            product *= in[i];
            tapProduct *= kernelSize.get(i);
        }
        final int pixels = product;
        final int taps = tapProduct;
        final int[] kernel = kernelSize.stream().mapToInt(Integer::intValue).toArray();
        return visitor -> {
            for (int p = 0; p < pixels; p++) {
                final int[] o = index(p, in);
                for (int t = 0; t < taps; t++) {
                    final int[] k = index(t, kernel);
                    int target = o[rank];
                    boolean inside = true;
                    for (int i = 0; i < rank; i++) {
                        final int at = o[i] * strides.get(i) + k[i] * dilation.get(i) - cut[i];
                        inside &= at >= 0 && at < out[i];
                        target = target * out[i] + at;
                    }
                    for (int f = 0; inside && f < filters; f++) {
                        for (int c = 0; c < channels; c++) {
                            visitor.term(p * channels + c, (t * filters + f) * channels + c, target * filters + f);
                        }
                    }
                }
            }
        };
    }

    /// Rows times a matrix, from a bias on.
    static double[] pointwise(double[] x, int in, double[] matrix, double[] bias, int out) {
        final double[] y = new double[x.length / in * out];
        for (int i = 0; i < y.length; i++) {
            y[i] = bias == null ? 0 : bias[i % out];
            for (int c = 0; c < in; c++) {
                y[i] += x[i / out * in + c] * matrix[c * out + i % out];
            }
        }
        return y;
    }

    /// With the batch's statistics, or those given.
    ///
    /// @param x with rows of channels
    /// @param gamma or null
    /// @param beta or null
    static double[] batchNormalization(
            double[] x,
            int channels,
            double[] gamma,
            double[] beta,
            double[] movingMean,
            double[] movingVariance,
            double epsilon,
            boolean training) {
        final double[] all = new double[x.length / channels];
        Arrays.fill(all, 1);
        return batchNormalization(x, channels, gamma, beta, movingMean, movingVariance, epsilon, training, all);
    }

    /// @param mask 0 for rows that the batch's mean and variance are not of
    static double[] batchNormalization(
            double[] x,
            int channels,
            double[] gamma,
            double[] beta,
            double[] movingMean,
            double[] movingVariance,
            double epsilon,
            boolean training,
            double[] mask) {
        final double[] y = new double[x.length];
        final int rows = x.length / channels;
        final double counting = Arrays.stream(mask).sum();
        for (int c = 0; c < channels; c++) {
            double mean = 0;
            double variance = 0;
            for (int r = 0; r < rows; r++) {
                mean += mask[r] * x[r * channels + c] / counting;
            }
            for (int r = 0; r < rows; r++) {
                variance += mask[r] * Math.pow(x[r * channels + c] - mean, 2) / counting;
            }
            mean = training ? mean : movingMean[c];
            variance = training ? variance : movingVariance[c];
            for (int r = 0; r < rows; r++) {
                final double normal = (x[r * channels + c] - mean) / Math.sqrt(variance + epsilon);
                y[r * channels + c] = normal * (gamma == null ? 1 : gamma[c]) + (beta == null ? 0 : beta[c]);
            }
        }
        return y;
    }

    /// The terms of a layer of one convolution; null for others. Every channel of a depthwise one is a group.
    static Terms terms(Layer layer, Shape x) {
        return switch (layer.typeName()) {
            case "Conv1D" -> {
                final Conv1D c = (Conv1D) layer;
                yield convolution(
                        x, c.kernelSize(), c.strides(), c.padding(), c.dilationRate(), c.groups(), c.filters());
            }
            case "Conv2D" -> {
                final Conv2D c = (Conv2D) layer;
                yield convolution(
                        x, c.kernelSize(), c.strides(), c.padding(), c.dilationRate(), c.groups(), c.filters());
            }
            case "Conv3D" -> {
                final Conv3D c = (Conv3D) layer;
                yield convolution(
                        x, c.kernelSize(), c.strides(), c.padding(), c.dilationRate(), c.groups(), c.filters());
            }
            case "Conv1DTranspose" -> {
                final Conv1DTranspose c = (Conv1DTranspose) layer;
                yield transposed(
                        x, c.kernelSize(), c.strides(), c.padding(), c.outputPadding(), c.dilationRate(), c.filters());
            }
            case "Conv2DTranspose" -> {
                final Conv2DTranspose c = (Conv2DTranspose) layer;
                yield transposed(
                        x, c.kernelSize(), c.strides(), c.padding(), c.outputPadding(), c.dilationRate(), c.filters());
            }
            case "Conv3DTranspose" -> {
                final Conv3DTranspose c = (Conv3DTranspose) layer;
                yield transposed(
                        x, c.kernelSize(), c.strides(), c.padding(), c.outputPadding(), c.dilationRate(), c.filters());
            }
            case "DepthwiseConv1D" -> {
                final DepthwiseConv1D c = (DepthwiseConv1D) layer;
                final int filters = x.last() * c.depthMultiplier();
                yield convolution(x, c.kernelSize(), c.strides(), c.padding(), c.dilationRate(), x.last(), filters);
            }
            case "DepthwiseConv2D" -> {
                final DepthwiseConv2D c = (DepthwiseConv2D) layer;
                final int filters = x.last() * c.depthMultiplier();
                yield convolution(x, c.kernelSize(), c.strides(), c.padding(), c.dilationRate(), x.last(), filters);
            }
            default -> null;
        };
    }

    /// A layer of convolutions as a formula; null for others.
    static GradientCheck.Formula of(Layer layer, Shape x) {
        final Terms terms = terms(layer, x);
        final Activation activation = layer.lastActivation();
        if (terms != null) {
            final Shape y = layer.outputShapes(List.of(x)).getFirst();
            return (v, w) -> one(activation, y.last(), sums(terms, (int) y.size(), v[0], w));
        }
        return switch (layer.typeName()) {
            case "SeparableConv1D" -> {
                final SeparableConv1D c = (SeparableConv1D) layer;
                final int between = x.last() * c.depthMultiplier();
                final Terms first =
                        convolution(x, c.kernelSize(), c.strides(), c.padding(), c.dilationRate(), x.last(), between);
                final int rows = rows(c, x);
                yield (v, w) -> one(
                        activation,
                        c.filters(),
                        pointwise(
                                sums(first, rows * between, v[0], new double[][] {w[0]}),
                                between,
                                w[1],
                                c.useBias() ? w[2] : null,
                                c.filters()));
            }
            case "SeparableConv2D" -> {
                final SeparableConv2D c = (SeparableConv2D) layer;
                final int between = x.last() * c.depthMultiplier();
                final Terms first =
                        convolution(x, c.kernelSize(), c.strides(), c.padding(), c.dilationRate(), x.last(), between);
                final int rows = rows(c, x);
                yield (v, w) -> one(
                        activation,
                        c.filters(),
                        pointwise(
                                sums(first, rows * between, v[0], new double[][] {w[0]}),
                                between,
                                w[1],
                                c.useBias() ? w[2] : null,
                                c.filters()));
            }
            default -> null;
        };
    }

    private static int rows(Layer layer, Shape x) {
        final Shape y = layer.outputShapes(List.of(x)).getFirst();
        return (int) (y.size() / y.last());
    }

    private static double[][] one(Activation activation, int cols, double[] z) {
        return new double[][] {DoubleFormulas.activation(activation, z, cols)};
    }
}
