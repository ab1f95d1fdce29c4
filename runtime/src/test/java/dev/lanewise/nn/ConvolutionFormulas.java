package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import java.util.List;

/// Convolutions and batch normalization in double, straight from their definitions: each output element by a loop
/// over all input elements of the window. Images of any number of axes are `[batch, axes…, channels]`.
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

    /// `y[n, o…, f] = bias[f] + Σ x[n, o · stride + k · dilation - before, c] · kernel[k…, c, f]`.
    ///
    /// @param x of this shape
    /// @param w kernel, and perhaps a bias
    static double[] convolution(
            double[] x,
            Shape shape,
            double[][] w,
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
        int positions = shape.dim(0);
        int taps = 1;
        for (int i = 0; i < rank; i++) {
            in[i] = shape.dim(i + 1);
            out[i] = output(padding, in[i], kernelSize.get(i), strides.get(i), dilation.get(i));
            before[i] = before(padding, in[i], out[i], kernelSize.get(i), strides.get(i), dilation.get(i));
            positions *= out[i];
            taps *= kernelSize.get(i);
        }
        final double[] y = new double[positions * filters];
        for (int p = 0; p < positions; p++) {
            final int[] o = index(p, out);
            for (int f = 0; f < filters; f++) {
                double sum = w.length > 1 ? w[1][f] : 0;
                for (int t = 0; t < taps; t++) {
                    final int[] k = index(
                            t, kernelSize.stream().mapToInt(Integer::intValue).toArray());
                    int pixel = o[rank];
                    boolean inside = true;
                    for (int i = 0; i < rank; i++) {
                        final int at = o[i] * strides.get(i) + k[i] * dilation.get(i) - before[i];
                        inside &= at >= 0 && at < in[i];
                        pixel = pixel * in[i] + at;
                    }
                    final int perGroup = channels / groups;
                    final int first = f / (filters / groups) * perGroup;
                    for (int c = 0; inside && c < perGroup; c++) {
                        sum += x[pixel * channels + first + c] * w[0][(t * perGroup + c) * filters + f];
                    }
                }
                y[p * filters + f] = sum;
            }
        }
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

    /// With the batch's statistics, or those given.
    ///
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
        final double[] y = new double[x.length];
        final int rows = x.length / channels;
        for (int c = 0; c < channels; c++) {
            double mean = 0;
            double variance = 0;
            for (int r = 0; r < rows; r++) {
                mean += x[r * channels + c] / rows;
            }
            for (int r = 0; r < rows; r++) {
                variance += Math.pow(x[r * channels + c] - mean, 2) / rows;
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
}
