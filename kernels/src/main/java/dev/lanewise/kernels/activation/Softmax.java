package dev.lanewise.kernels.activation;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.reduction.LaneSum;
import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;

/// Softmax over each row: `e[c] = exp(x[c] - max_c x[c])`, `y[c] = e[c] / Σ_c e[c]`, the sum in the order of
/// [dev.lanewise.kernels.ReductionKernel].
///
/// A row with a NaN or a positive infinity, or of negative infinities alone, gives NaN throughout, as the
/// formula does.
///
/// Gradient `dx[c] = y[c] * (dy[c] - Σ_c y[c] dy[c])`, the sum of the rounded products in the same order.
public record Softmax() implements BuiltInActivation {
    private static final String NAME = "softmax";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public GradientFrom gradientFrom() {
        return GradientFrom.OUTPUT;
    }

    @Override
    public boolean rowwise() {
        return true;
    }

    @Override
    public ActivationKernel scalar() {
        return ScalarKernel.INSTANCE;
    }

    @Override
    public ActivationKernel simd() {
        return SimdKernel.INSTANCE;
    }

    private static class ScalarKernel extends CheckedActivation {
        static final ActivationKernel INSTANCE = new ScalarKernel();

        ScalarKernel() {
            super(NAME, GradientFrom.OUTPUT);
        }

        @Override
        void forwardLoop(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float max = max(x, xo + row, cols);
                for (int c = 0; c < cols; c++) {
                    y.setAtIndex(
                            JAVA_FLOAT, yo + row + c, ScalarMath.exp(x.getAtIndex(JAVA_FLOAT, xo + row + c) - max));
                }
                float sum = LaneSum.sum(y, yo + row, cols);
                for (int c = 0; c < cols; c++) {
                    y.setAtIndex(JAVA_FLOAT, yo + row + c, y.getAtIndex(JAVA_FLOAT, yo + row + c) / sum);
                }
            }
        }

        /// NaN is passed over: its exponential makes the sum NaN, and with it the row.
        private static float max(MemorySegment x, long xo, int n) {
            float max = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < n; i++) {
                float v = x.getAtIndex(JAVA_FLOAT, xo + i);
                max = v > max ? v : max;
            }
            return max;
        }

        @Override
        void backwardLoop(
                MemorySegment y, long yo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float dot = LaneSum.products(y, yo + row, dy, dyo + row, cols);
                for (int c = 0; c < cols; c++) {
                    float g = y.getAtIndex(JAVA_FLOAT, yo + row + c) * (dy.getAtIndex(JAVA_FLOAT, dyo + row + c) - dot);
                    dx.setAtIndex(JAVA_FLOAT, dxo + row + c, g);
                }
            }
        }

        @Override
        void backwardAddLoop(
                MemorySegment y, long yo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float dot = LaneSum.products(y, yo + row, dy, dyo + row, cols);
                for (int c = 0; c < cols; c++) {
                    float g = y.getAtIndex(JAVA_FLOAT, yo + row + c) * (dy.getAtIndex(JAVA_FLOAT, dyo + row + c) - dot);
                    dx.setAtIndex(JAVA_FLOAT, dxo + row + c, dx.getAtIndex(JAVA_FLOAT, dxo + row + c) + g);
                }
            }
        }
    }

    private static final class SimdKernel extends ScalarKernel {
        static final ActivationKernel INSTANCE = new SimdKernel();

        @Override
        void forwardLoop(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
            SimdSoftmax.forward(x, xo, y, yo, rows, cols);
        }

        @Override
        void backwardLoop(
                MemorySegment y, long yo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            SimdSoftmax.backward(y, yo, dy, dyo, dx, dxo, rows, cols, false);
        }

        @Override
        void backwardAddLoop(
                MemorySegment y, long yo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            SimdSoftmax.backward(y, yo, dy, dyo, dx, dxo, rows, cols, true);
        }
    }
}
