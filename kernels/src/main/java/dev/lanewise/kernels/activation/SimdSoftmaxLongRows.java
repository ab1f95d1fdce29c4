package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.ScalarMath.*;
import static dev.lanewise.kernels.simd.Simd.INT_SPECIES;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.SWAP_1;
import static dev.lanewise.kernels.simd.Simd.SWAP_2;
import static dev.lanewise.kernels.simd.Simd.SWAP_4;
import static dev.lanewise.kernels.simd.Simd.SWAP_8;
import static dev.lanewise.kernels.simd.Simd.toAligned;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.UMIN;
import static jdk.incubator.vector.VectorOperators.XOR;

import dev.lanewise.kernels.reduction.LaneSum;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/// Softmax of rows too long for a first-level cache, in two loops a row instead of four: exponentials with
/// their sum and the maximum of the next row, which memory brings meanwhile, and quotients.
final class SimdSoftmaxLongRows {
    private SimdSoftmaxLongRows() {}

    /// Whether vectors are so wide that the order of the sum lets them be summed as they come.
    static boolean isPossible() {
        return LANES == LaneSum.ROW;
    }

    /// `y` does not overlap `x`.
    static void forward(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
        float max = SimdSoftmax.max(x, xo, cols);
        int bound = vectorBound(cols);
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            boolean last = r == rows - 1;
            SimdSoftmax.exponentials(x, xo + row + bound, max, y, yo + row + bound, cols - bound, !last);
            // Behind the last row there is none, and no room.
            long next = last ? row : row + cols;
            long gap = last ? 0 : 4L * toAligned(y, yo + row);
            long both = exponentials(x, xo + row, max, y, yo + row, cols, xo + next, gap);
            float sum = Float.intBitsToFloat((int) both);
            SimdSoftmax.divide(y, yo + row, cols, sum, !last);
            max = Float.intBitsToFloat((int) (both >>> Integer.SIZE));
        }
    }

    /// `y = exp(x - max)` for the whole vectors of a row.
    ///
    /// @param gap bytes to where a vector is aligned, or 0: up to so many bytes behind the row are written
    /// @return the bits of the maximum of the row from `next` on, as [SimdSoftmax#max], and below them those of
    ///     the sum of this one, whose other exponentials are there, as [LaneSum#sum]: the four accumulators may
    ///     end in any order, since the fold adds every second
    private static long exponentials(
            MemorySegment x, long xo, float max, MemorySegment y, long yo, int cols, long next, long gap) {
        IntVector largest = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * (next + cols - LANES), ORDER);
        IntVector nearest = largest;
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = acc0;
        FloatVector acc2 = acc0;
        FloatVector acc3 = acc0;
        int bound = vectorBound(cols);
        VectorMask<Float> others = SPECIES.indexInRange(bound, cols);
        FloatVector rest = fromMemorySegment(SPECIES, y, 4 * (yo + bound), ORDER, others);
        for (int i = 0; i < bound; i += LANES) {
            long at = 4 * (yo + i);
            long bits = at + gap;
            IntVector v = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * (next + i), ORDER);
            largest = largest.max(v);
            nearest = nearest.lanewise(UMIN, v);
            FloatVector z = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER).sub(max);
            FloatVector rounded = z.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
            rounded.intoMemorySegment(y, bits, ORDER);
            IntVector.fromMemorySegment(INT_SPECIES, y, bits, ORDER)
                    .lanewise(LSHL, MANTISSA_BITS)
                    .intoMemorySegment(y, bits, ORDER);
            FloatVector scale = fromMemorySegment(SPECIES, y, bits, ORDER);
            FloatVector e = rounded.sub(ROUND + BIAS + HALFWAY);
            FloatVector r = e.fma(broadcast(SPECIES, -LN2_HI), z);
            r = e.fma(broadcast(SPECIES, -LN2_LO), r);
            FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
            q = q.fma(r, broadcast(SPECIES, EXP_2));
            q = q.fma(r, broadcast(SPECIES, EXP_1));
            q = q.fma(r, broadcast(SPECIES, EXP_0));
            q = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
            q = q.blend(0f, z.lt(EXP_MIN));
            q.intoMemorySegment(y, at, ORDER);
            FloatVector acc = acc0.add(q);
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = acc;
        }
        rest.intoMemorySegment(y, 4 * (yo + bound), ORDER, others);
        acc0 = acc0.add(rest);
        FloatVector fold = acc0.add(acc2).add(acc1.add(acc3));
        fold = fold.add(fold.rearrange(SWAP_1));
        fold = fold.add(fold.rearrange(SWAP_2));
        fold = fold.add(fold.rearrange(SWAP_4));
        fold = fold.add(fold.rearrange(SWAP_8));
        int most = largest.reduceLanes(MAX);
        int least = nearest.lanewise(XOR, Integer.MIN_VALUE).reduceLanes(MIN);
        long high = (long) (most >= 0 ? most : least ^ Integer.MIN_VALUE) << Integer.SIZE;
        return high | Integer.toUnsignedLong(Float.floatToRawIntBits(fold.lane(0)));
    }
}
