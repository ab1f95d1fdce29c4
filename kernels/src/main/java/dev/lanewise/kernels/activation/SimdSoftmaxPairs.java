package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.ScalarMath.*;
import static dev.lanewise.kernels.simd.Simd.INT_SPECIES;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.SWAP_1;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// Softmax of rows of two, as many as a vector holds at a time: in one loop the exponentials of some rows, and
/// the quotients of rows a little behind them. So the two do not wait for each other, and to what the CPU
/// fetches ahead they are one stream.
final class SimdSoftmaxPairs {
    /// Floats that quotients are behind exponentials, as in [Softpluses].
    private static final int BEHIND = 128;

    private SimdSoftmaxPairs() {}

    /// `y` does not overlap `x`.
    static void forward(MemorySegment x, long xo, MemorySegment y, long yo, int rows) {
        // Rows whose floats an int does not count go in parts.
        int part = Integer.MAX_VALUE / 2 & -LANES;
        for (int r = 0; r < rows; r += Math.min(part, rows - r)) {
            int n = 2 * Math.min(part, rows - r);
            int whole = n & -LANES;
            int behind = Math.min(BEHIND, whole);
            long from = xo + 2L * r;
            long to = yo + 2L * r;
            exponentials(x, from, y, to, behind);
            both(x, from, y, to, whole - behind);
            quotients(y, to + whole - behind, behind);
            SimdSoftmax.narrow(x, from + whole, y, to + whole, (n - whole) / 2, 2);
        }
    }

    private static void exponentials(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES) {
            long at = 4 * (yo + i);
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            FloatVector other = v.rearrange(SWAP_1);
            // A NaN is never greater, so it stays in its lane: enough to make all of its row NaN.
            FloatVector z = v.sub(v.blend(other, v.lt(other)));
            FloatVector rounded = z.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
            rounded.intoMemorySegment(y, at, ORDER);
            IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                    .lanewise(LSHL, MANTISSA_BITS)
                    .intoMemorySegment(y, at, ORDER);
            FloatVector scale = fromMemorySegment(SPECIES, y, at, ORDER);
            FloatVector exponent = rounded.sub(ROUND + BIAS + HALFWAY);
            FloatVector r = exponent.fma(broadcast(SPECIES, -LN2_HI), z);
            r = exponent.fma(broadcast(SPECIES, -LN2_LO), r);
            FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
            q = q.fma(r, broadcast(SPECIES, EXP_2));
            q = q.fma(r, broadcast(SPECIES, EXP_1));
            q = q.fma(r, broadcast(SPECIES, EXP_0));
            q = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
            q.blend(0f, z.lt(EXP_MIN)).intoMemorySegment(y, at, ORDER);
        }
    }

    private static void quotients(MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector e = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
            e.div(e.add(e.rearrange(SWAP_1))).intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
    }

    /// Exponentials from `BEHIND` on, and quotients from 0.
    private static void both(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += LANES) {
            long at = 4 * (yo + i + BEHIND);
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i + BEHIND), ORDER);
            FloatVector e = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
            e.div(e.add(e.rearrange(SWAP_1))).intoMemorySegment(y, 4 * (yo + i), ORDER);
            FloatVector other = v.rearrange(SWAP_1);
            // A NaN is never greater, so it stays in its lane: enough to make all of its row NaN.
            FloatVector z = v.sub(v.blend(other, v.lt(other)));
            FloatVector rounded = z.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
            rounded.intoMemorySegment(y, at, ORDER);
            IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                    .lanewise(LSHL, MANTISSA_BITS)
                    .intoMemorySegment(y, at, ORDER);
            FloatVector scale = fromMemorySegment(SPECIES, y, at, ORDER);
            FloatVector exponent = rounded.sub(ROUND + BIAS + HALFWAY);
            FloatVector r = exponent.fma(broadcast(SPECIES, -LN2_HI), z);
            r = exponent.fma(broadcast(SPECIES, -LN2_LO), r);
            FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
            q = q.fma(r, broadcast(SPECIES, EXP_2));
            q = q.fma(r, broadcast(SPECIES, EXP_1));
            q = q.fma(r, broadcast(SPECIES, EXP_0));
            q = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
            q.blend(0f, z.lt(EXP_MIN)).intoMemorySegment(y, at, ORDER);
        }
    }
}
