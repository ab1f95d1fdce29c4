package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.ScalarMath.*;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.F2I;
import static jdk.incubator.vector.VectorOperators.GT;

import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.reduction.LaneSum;
import dev.lanewise.kernels.reduction.SimdLaneSum;
import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Logarithm of softmax over each row: with `m = max_c x[c]`, `y[c] = (x[c] - m) - log(Σ_c exp(x[c] - m))`, the
/// sum in the order of [dev.lanewise.kernels.ReductionKernel]. What is not finite does what it does in
/// [Softmax].
///
/// Gradient `dx[c] = dy[c] - exp(y[c]) * Σ_c dy[c]`, the sum in the same order.
public record LogSoftmax() implements BuiltInActivation {
    private static final String NAME = "log_softmax";

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

    /// The exponentials of a row lie where its result will.
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
            super(NAME, GradientFrom.OUTPUT);
        }

        @Override
        void forwardLoop(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float max = max(x, xo + row, cols);
                float log = ScalarMath.log(LaneSum.exponentials(x, xo + row, cols, max));
                for (int c = 0; c < cols; c++) {
                    y.setAtIndex(JAVA_FLOAT, yo + row + c, x.getAtIndex(JAVA_FLOAT, xo + row + c) - max - log);
                }
            }
        }

        /// NaN is passed over: its exponential makes the sum NaN, and with it the row.
        static float max(MemorySegment x, long xo, int n) {
            float max = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < n; i++) {
                float v = x.getAtIndex(JAVA_FLOAT, xo + i);
                max = v > max ? v : max;
            }
            return max;
        }

        @Override
        final void backwardLoop(
                MemorySegment y, long yo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            gradients(y, yo, dy, dyo, dx, dxo, rows, cols, false);
        }

        @Override
        final void backwardAddLoop(
                MemorySegment y, long yo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            gradients(y, yo, dy, dyo, dx, dxo, rows, cols, true);
        }

        private void gradients(
                MemorySegment y,
                long yo,
                MemorySegment dy,
                long dyo,
                MemorySegment dx,
                long dxo,
                int rows,
                int cols,
                boolean accumulate) {
            for (int r = narrowGradients(y, yo, dy, dyo, dx, dxo, rows, cols, accumulate); r < rows; r++) {
                long row = (long) r * cols;
                float sum = sum(dy, dyo + row, cols);
                gradient(y, yo + row, dy, dyo + row, dx, dxo + row, cols, sum, accumulate);
            }
        }

        /// The gradients of as many first rows as can be computed several at a time.
        ///
        /// @return how many
        int narrowGradients(
                MemorySegment y,
                long yo,
                MemorySegment dy,
                long dyo,
                MemorySegment dx,
                long dxo,
                int rows,
                int cols,
                boolean accumulate) {
            return 0;
        }

        float sum(MemorySegment x, long xo, int n) {
            return LaneSum.sum(x, xo, n);
        }

        /// `dx = dy - exp(y) * sum`.
        void gradient(
                MemorySegment y,
                long yo,
                MemorySegment dy,
                long dyo,
                MemorySegment dx,
                long dxo,
                int length,
                float sum,
                boolean accumulate) {
            for (int i = 0; i < length; i++) {
                float e = ScalarMath.exp(y.getAtIndex(JAVA_FLOAT, yo + i));
                float g = Math.fma(-e, sum, dy.getAtIndex(JAVA_FLOAT, dyo + i));
                dx.setAtIndex(JAVA_FLOAT, dxo + i, accumulate ? dx.getAtIndex(JAVA_FLOAT, dxo + i) + g : g);
            }
        }
    }

    private static final class SimdKernel extends ScalarKernel {
        @Override
        void forwardLoop(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
            if (rows == 0 || cols == 0) {
                return;
            }
            int narrow = SimdNarrowRows.count(rows, cols);
            SimdNarrowRows.logSoftmax(x, xo, y, yo, narrow, cols);
            int block = SimdSoftmax.rowsOfBlock(cols);
            for (int first = narrow, end; first < rows; first = end) {
                end = first + Math.min(block, rows - first);
                for (int r = first; r < end; r++) {
                    long row = (long) r * cols;
                    SimdSoftmax.subtract(x, xo + row, y, yo + row, cols, maximum(x, xo + row, cols));
                }
                long start = yo + (long) first * cols;
                SimdSoftmax.exponentials(y, start, 0, y, start, (end - first) * cols, false);
                for (int r = first; r < end; r++) {
                    long row = (long) r * cols;
                    float log = ScalarMath.log(SimdLaneSum.sum(y, yo + row, cols));
                    subtract(x, xo + row, y, yo + row, cols, maximum(x, xo + row, cols), log);
                }
            }
        }

        private static float maximum(MemorySegment x, long xo, int n) {
            return n < LANES ? max(x, xo, n) : SimdSoftmax.max(x, xo, n);
        }

        /// `y = x - max - log`.
        private static void subtract(MemorySegment x, long xo, MemorySegment y, long yo, int n, float max, float log) {
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                v.sub(max).sub(log).intoMemorySegment(y, 4 * (yo + i), ORDER);
            }
            for (int i = bound; i < n; i++) {
                y.setAtIndex(JAVA_FLOAT, yo + i, x.getAtIndex(JAVA_FLOAT, xo + i) - max - log);
            }
        }

        @Override
        int narrowGradients(
                MemorySegment y,
                long yo,
                MemorySegment dy,
                long dyo,
                MemorySegment dx,
                long dxo,
                int rows,
                int cols,
                boolean accumulate) {
            int count = cols == 0 ? 0 : SimdNarrowRows.count(rows, cols);
            SimdNarrowRows.logSoftmaxGradient(y, yo, dy, dyo, dx, dxo, count, cols, accumulate);
            return count;
        }

        @Override
        float sum(MemorySegment x, long xo, int n) {
            return SimdLaneSum.sum(x, xo, n);
        }

        @Override
        void gradient(
                MemorySegment y,
                long yo,
                MemorySegment dy,
                long dyo,
                MemorySegment dx,
                long dxo,
                int length,
                float sum,
                boolean accumulate) {
            VectorMask<Float> add = SPECIES.maskAll(accumulate);
            int bound = vectorBound(length);
            for (int i = 0; i < bound; i += LANES) {
                long at = 4 * (dxo + i);
                FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
                FloatVector g = fromMemorySegment(SPECIES, dy, 4 * (dyo + i), ORDER);
                FloatVector old = fromMemorySegment(SPECIES, dx, at, ORDER);
                FloatVector a = v.blend(EXP_MIN, v.lt(EXP_MIN));
                a = a.blend(EXP_MAX, a.compare(GT, EXP_MAX));
                FloatVector n = a.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND))
                        .sub(ROUND);
                FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), a);
                r = n.fma(broadcast(SPECIES, -LN2_LO), r);
                FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
                q = q.fma(r, broadcast(SPECIES, EXP_2));
                q = q.fma(r, broadcast(SPECIES, EXP_1));
                q = q.fma(r, broadcast(SPECIES, EXP_0));
                VectorMask<Float> negative = a.lt(0f);
                FloatVector bias = broadcast(SPECIES, BIAS - HALFWAY).blend(BIAS + HALFWAY, negative);
                n.add(bias).mul(ONE_EXPONENT).convert(F2I, 0).intoMemorySegment(dx, at, ORDER);
                FloatVector scale = fromMemorySegment(SPECIES, dx, at, ORDER);
                FloatVector rest = broadcast(SPECIES, TWO_TO_HALFWAY).blend(TWO_TO_MINUS_HALFWAY, negative);
                FloatVector e = q.fma(r.mul(r), r).add(1f).mul(scale).mul(rest);
                FloatVector d = e.neg().fma(broadcast(SPECIES, sum), g);
                d.blend(old.add(d), add).intoMemorySegment(dx, at, ORDER);
            }
            super.gradient(y, yo + bound, dy, dyo + bound, dx, dxo + bound, length - bound, sum, accumulate);
        }
    }
}
