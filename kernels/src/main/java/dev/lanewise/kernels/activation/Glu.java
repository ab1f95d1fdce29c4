package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.ScalarMath.*;
import static dev.lanewise.kernels.simd.Simd.INT_SPECIES;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/// Gated linear unit: each row is `a` and `b`, half as long each, and `y = a * sigmoid(b)`. So the output
/// has half
/// the columns.
///
/// Gradient, with `s = sigmoid(b)`: `da = dy * s`, `db = dy * a * (s * sigmoid(-b))`.
public record Glu() implements BuiltInActivation {
    private static final String NAME = "glu";

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

    /// @throws IllegalArgumentException for an odd number
    @Override
    public int outputCols(int cols) {
        return half(cols);
    }

    private static int half(int cols) {
        if (cols % 2 != 0) {
            throw new IllegalArgumentException("glu: expected an even number of columns, got " + cols);
        }
        return cols / 2;
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
        int outputCols(int cols) {
            return half(cols);
        }

        @Override
        final void forwardLoop(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
            int half = cols / 2;
            for (int r = 0; r < rows; r++) {
                values(x, xo + (long) r * cols, y, yo + (long) r * half, half, half);
            }
        }

        /// @param distance from `a` to `b`
        void values(MemorySegment x, long xo, MemorySegment y, long yo, int length, int distance) {
            for (int i = 0; i < length; i++) {
                float b = x.getAtIndex(JAVA_FLOAT, xo + distance + i);
                y.setAtIndex(JAVA_FLOAT, yo + i, x.getAtIndex(JAVA_FLOAT, xo + i) * ScalarMath.sigmoid(b));
            }
        }

        @Override
        final void backwardLoop(
                MemorySegment x, long xo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            gradients(x, xo, dy, dyo, dx, dxo, rows, cols, false);
        }

        @Override
        final void backwardAddLoop(
                MemorySegment x, long xo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            gradients(x, xo, dy, dyo, dx, dxo, rows, cols, true);
        }

        private void gradients(
                MemorySegment x,
                long xo,
                MemorySegment dy,
                long dyo,
                MemorySegment dx,
                long dxo,
                int rows,
                int cols,
                boolean accumulate) {
            int half = cols / 2;
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                gradient(x, xo + row, dy, dyo + (long) r * half, dx, dxo + row, half, half, accumulate);
            }
        }

        void gradient(
                MemorySegment x,
                long xo,
                MemorySegment dy,
                long dyo,
                MemorySegment dx,
                long dxo,
                int length,
                int distance,
                boolean accumulate) {
            for (int i = 0; i < length; i++) {
                float a = x.getAtIndex(JAVA_FLOAT, xo + i);
                float b = x.getAtIndex(JAVA_FLOAT, xo + distance + i);
                float g = dy.getAtIndex(JAVA_FLOAT, dyo + i);
                float e = ScalarMath.exp(-Math.abs(b));
                float s = (b < 0 ? e : 1) / (e + 1);
                float other = (b < 0 ? 1 : e) / (e + 1);
                float da = g * s;
                float db = g * a * (s * other);
                long at = dxo + i;
                dx.setAtIndex(JAVA_FLOAT, at, accumulate ? dx.getAtIndex(JAVA_FLOAT, at) + da : da);
                at += distance;
                dx.setAtIndex(JAVA_FLOAT, at, accumulate ? dx.getAtIndex(JAVA_FLOAT, at) + db : db);
            }
        }
    }

    private static final class SimdKernel extends ScalarKernel {
        @Override
        void values(MemorySegment x, long xo, MemorySegment y, long yo, int length, int distance) {
            int bound = vectorBound(length);
            for (int i = 0; i < bound; i += LANES) {
                long at = 4 * (yo + i);
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + distance + i), ORDER);
                FloatVector z = v.abs().neg();
                FloatVector a = z.blend(EXP_MIN, z.lt(EXP_MIN));
                FloatVector rounded = a.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
                rounded.intoMemorySegment(y, at, ORDER);
                IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                        .lanewise(LSHL, MANTISSA_BITS)
                        .intoMemorySegment(y, at, ORDER);
                FloatVector scale = fromMemorySegment(SPECIES, y, at, ORDER);
                FloatVector n = rounded.sub(ROUND + BIAS + HALFWAY);
                FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), a);
                r = n.fma(broadcast(SPECIES, -LN2_LO), r);
                FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
                q = q.fma(r, broadcast(SPECIES, EXP_2));
                q = q.fma(r, broadcast(SPECIES, EXP_1));
                q = q.fma(r, broadcast(SPECIES, EXP_0));
                FloatVector e = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
                FloatVector top = broadcast(SPECIES, 1f).blend(e, v.lt(0f));
                FloatVector left = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                left.mul(top.div(e.add(1f))).intoMemorySegment(y, at, ORDER);
            }
            super.values(x, xo + bound, y, yo + bound, length - bound, distance);
        }

        @Override
        void gradient(
                MemorySegment x,
                long xo,
                MemorySegment dy,
                long dyo,
                MemorySegment dx,
                long dxo,
                int length,
                int distance,
                boolean accumulate) {
            VectorMask<Float> add = SPECIES.maskAll(accumulate);
            int bound = vectorBound(length);
            for (int i = 0; i < bound; i += LANES) {
                long at = 4 * (dxo + i);
                FloatVector oldA = fromMemorySegment(SPECIES, dx, at, ORDER);
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + distance + i), ORDER);
                FloatVector z = v.abs().neg();
                FloatVector a = z.blend(EXP_MIN, z.lt(EXP_MIN));
                FloatVector rounded = a.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
                rounded.intoMemorySegment(dx, at, ORDER);
                IntVector.fromMemorySegment(INT_SPECIES, dx, at, ORDER)
                        .lanewise(LSHL, MANTISSA_BITS)
                        .intoMemorySegment(dx, at, ORDER);
                FloatVector scale = fromMemorySegment(SPECIES, dx, at, ORDER);
                FloatVector n = rounded.sub(ROUND + BIAS + HALFWAY);
                FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), a);
                r = n.fma(broadcast(SPECIES, -LN2_LO), r);
                FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
                q = q.fma(r, broadcast(SPECIES, EXP_2));
                q = q.fma(r, broadcast(SPECIES, EXP_1));
                q = q.fma(r, broadcast(SPECIES, EXP_0));
                FloatVector e = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
                FloatVector one = broadcast(SPECIES, 1f);
                FloatVector s = one.blend(e, v.lt(0f)).div(e.add(1f));
                FloatVector other = e.blend(one, v.lt(0f)).div(e.add(1f));
                FloatVector g = fromMemorySegment(SPECIES, dy, 4 * (dyo + i), ORDER);
                FloatVector da = g.mul(s);
                da.blend(oldA.add(da), add).intoMemorySegment(dx, at, ORDER);
                long atB = 4 * (dxo + distance + i);
                FloatVector oldB = fromMemorySegment(SPECIES, dx, atB, ORDER);
                FloatVector left = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                FloatVector db = g.mul(left).mul(s.mul(other));
                db.blend(oldB.add(db), add).intoMemorySegment(dx, atB, ORDER);
            }
            super.gradient(x, xo + bound, dy, dyo + bound, dx, dxo + bound, length - bound, distance, accumulate);
        }
    }
}
