package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.lanewise.kernels.ActivationKernel;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Keras' sparsemax: `y[c] = max(x[c] - t, 0)`. With the row in descending order, `s[i]` the sum of its
/// first `i` elements and `k` the number of those `i` for which the `i`-th element is above `(s[i] - 1) /
/// i`, the threshold is `t = (s[1] + … + s[k] - 1) / k` (Keras 3, `ops.sparsemax`).
///
/// The published one (Martins and Astudillo 2016) has `t = (s[k] - 1) / k`, with which a row sums to 1. That
/// is this
/// one for `k = 1` only: otherwise rows of Keras' sum to more or less, are often zeros alone, and change when a
/// number is added to all their elements. Files made with Keras need what Keras computes.
///
/// Nothing is sorted. The first `k` are the elements above the published threshold, which is found by
/// starting below
/// all of them and taking out, again and again, those below the threshold of the rest (Michelot 1986).
/// `s[1] + … +
/// s[k]` has each of the `k` as often as there are elements from its place on, itself included, of equal
/// ones the first in front: some `k²` comparisons. Sums are in doubles, in order. A row with a NaN or a
/// positive infinity, or of negative infinities alone, is NaN throughout.
///
/// Gradient, with `n[c]` that number of times, 0 for the others, and `g` the sum of dy where `y > 0`:
/// `dx[c] = (y[c] > 0 ? dy[c] : 0) - n[c] · g / k`. The input may not be overwritten by it.
public record Sparsemax() implements BuiltInActivation {
    private static final String NAME = "sparsemax";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public GradientFrom gradientFrom() {
        return GradientFrom.INPUT;
    }

    @Override
    public boolean rowwise() {
        return true;
    }

    @Override
    public boolean worksInPlace() {
        return false;
    }

    @Override
    public ActivationKernel scalar() {
        return new ScalarKernel();
    }

    @Override
    public ActivationKernel simd() {
        return new SimdKernel();
    }

    private static class ScalarKernel extends CheckedActivation {
        ScalarKernel() {
            super(NAME, GradientFrom.INPUT);
        }

        @Override
        final void forwardLoop(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float max = max(x, xo + row, cols);
                float border = border(x, xo + row, cols, max);
                values(x, xo + row, y, yo + row, cols, threshold(x, xo + row, cols, max, border));
            }
        }

        private static float max(MemorySegment x, long xo, int n) {
            float max = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < n; i++) {
                float v = x.getAtIndex(JAVA_FLOAT, xo + i);
                max = v > max ? v : max;
            }
            return max;
        }

        /// The published threshold of the `x - max`, which is below 0. NaN where there is none.
        private static float border(MemorySegment x, long xo, int n, float max) {
            float border = -1;
            int before = n + 1;
            while (true) {
                double sum = 0;
                int above = 0;
                for (int i = 0; i < n; i++) {
                    float z = x.getAtIndex(JAVA_FLOAT, xo + i) - max;
                    if (z > border) {
                        sum += z;
                        above++;
                    } else if (Float.isNaN(z)) {
                        return Float.NaN;
                    }
                }
                if (above >= before || above == 0) {
                    return border;
                }
                before = above;
                border = (float) ((sum - 1) / above);
            }
        }

        /// NaN where there is no border.
        private static float threshold(MemorySegment x, long xo, int n, float max, float border) {
            double sum = 0;
            int k = 0;
            for (int i = 0; i < n; i++) {
                int times = times(x, xo, n, max, border, i);
                if (times > 0) {
                    sum += (double) times * x.getAtIndex(JAVA_FLOAT, xo + i);
                    k++;
                }
            }
            return k == 0 ? Float.NaN : (float) ((sum - 1) / k);
        }

        /// How many of the sums have an element in them: 0 if it is not above the border.
        private static int times(MemorySegment x, long xo, int n, float max, float border, int of) {
            float v = x.getAtIndex(JAVA_FLOAT, xo + of);
            int times = 0;
            if (v - max > border) {
                for (int i = 0; i < n; i++) {
                    float w = x.getAtIndex(JAVA_FLOAT, xo + i);
                    if ((w < v || (w == v && i >= of)) && w - max > border) {
                        times++;
                    }
                }
            }
            return times;
        }

        /// `y = max(x - threshold, 0)`; without a threshold NaN.
        void values(MemorySegment x, long xo, MemorySegment y, long yo, int n, float threshold) {
            for (int i = 0; i < n; i++) {
                float v = x.getAtIndex(JAVA_FLOAT, xo + i) - threshold;
                y.setAtIndex(JAVA_FLOAT, yo + i, v < 0 ? 0 : v);
            }
        }

        @Override
        final void backwardLoop(
                MemorySegment x, long xo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                gradient(x, xo + row, dy, dyo + row, dx, dxo + row, cols, false);
            }
        }

        @Override
        final void backwardAddLoop(
                MemorySegment x, long xo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                gradient(x, xo + row, dy, dyo + row, dx, dxo + row, cols, true);
            }
        }

        private static void gradient(
                MemorySegment x,
                long xo,
                MemorySegment dy,
                long dyo,
                MemorySegment dx,
                long dxo,
                int n,
                boolean accumulate) {
            float max = max(x, xo, n);
            float border = border(x, xo, n, max);
            float threshold = threshold(x, xo, n, max, border);
            double sum = 0;
            int k = 0;
            for (int i = 0; i < n; i++) {
                float v = x.getAtIndex(JAVA_FLOAT, xo + i);
                sum += v - threshold > 0 ? dy.getAtIndex(JAVA_FLOAT, dyo + i) : 0;
                k += v - max > border ? 1 : 0;
            }
            float share = (float) (sum / k);
            for (int i = 0; i < n; i++) {
                float v = x.getAtIndex(JAVA_FLOAT, xo + i);
                float g = v - threshold > 0 ? dy.getAtIndex(JAVA_FLOAT, dyo + i) : 0;
                g -= times(x, xo, n, max, border, i) * share;
                dx.setAtIndex(JAVA_FLOAT, dxo + i, accumulate ? dx.getAtIndex(JAVA_FLOAT, dxo + i) + g : g);
            }
        }
    }

    private static final class SimdKernel extends ScalarKernel {
        @Override
        void values(MemorySegment x, long xo, MemorySegment y, long yo, int n, float threshold) {
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                FloatVector v =
                        fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER).sub(threshold);
                v.blend(0f, v.lt(0f)).intoMemorySegment(y, 4 * (yo + i), ORDER);
            }
            super.values(x, xo + bound, y, yo + bound, n - bound, threshold);
        }
    }
}
