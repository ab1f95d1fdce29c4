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
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.DIV;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.UMIN;
import static jdk.incubator.vector.VectorOperators.XOR;

import dev.lanewise.kernels.reduction.LaneSum;
import dev.lanewise.kernels.reduction.SimdLaneSum;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/// Softmax of rows longer than a vector that fit in a first-level cache, several at a time: in one loop a row
/// becomes exponentials, the one two before it is divided by its sum, and of the one two after it the maximum
/// is found. So no loop waits for the fold that the one before it ends with, and memory brings a row while
/// others are computed.
///
/// For longer rows four loops, one after the other, whose steps the compiler does not know either.
///
/// The last vector of a row reaches into the next, where it changes nothing that counts: sums and maxima are
/// taken, and quotients are written, under a mask; what exponentials overwrite there is written later. So is what
/// their bits overwrite, which lie where a vector is aligned, up to a vector further, and so in the row after the
/// next if rows are short. What is read back from memory right after it was written comes late where it crosses
/// a cache line (measured on a Zen 4: rows of 100 in 0.68 instead of 1.08 ns an element, of 1001 in 0.49 instead
/// of 1.24).
final class SimdSoftmaxRows {
    /// For rows from this on, whose folds are little beside their loops, one loop after the other is faster.
    private static final int LONG = 160;

    /// Rows from this on are [SimdSoftmaxLongRows]': that the CPU begins anew in each is less than what a
    /// loop of this kind takes longer.
    static final int LONGER = 2048;

    /// `LANES`, but not known to the compiler. With a known step it takes a row's first and last turns out of
    /// the loop into copies, and the CPU, which fetches ahead for each load instruction by the distance of its
    /// addresses, begins anew in every row (measured: 90 ns a row in memory).
    @SuppressWarnings("NonFinalStaticField")
    private static int step = LANES;

    private SimdSoftmaxRows() {}

    /// The rows, from the first on, that [#forward] is for.
    static int count(int rows, int cols) {
        return LANES == LaneSum.ROW && cols > LANES && cols < LONG && rows > 8 ? rows - 2 : 0;
    }

    /// Softmax of so many rows, after which at least two follow; `y` does not overlap `x`.
    static void forward(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
        float max = SimdSoftmax.max(x, xo, cols);
        float nextMax = SimdSoftmax.max(x, xo + cols, cols);
        float sum = 1;
        float lastSum = 1;
        for (int r = 0; r < rows; r++) {
            long now = (long) r * cols;
            long done = r < 2 ? now : now - 2L * cols;
            long next = r < rows - 2 ? now + 2L * cols : now;
            long both = turn(x, xo + now, xo + next, y, yo + now, yo + done, cols, max, sum, step);
            max = nextMax;
            nextMax = Float.intBitsToFloat((int) (both >>> Integer.SIZE));
            sum = lastSum;
            lastSum = Float.intBitsToFloat((int) both);
        }
        SimdSoftmax.divide(y, yo + (rows - 2L) * cols, cols, sum, false);
        SimdSoftmax.divide(y, yo + (rows - 1L) * cols, cols, lastSum, false);
    }

    /// Whether rows are long enough for a loop after the other, and short enough for [#row].
    static boolean areLong(int cols) {
        return cols >= LONG && cols < LONGER;
    }

    /// Softmax of one row, after which another follows; `y` does not overlap `x`.
    static void row(MemorySegment x, long xo, MemorySegment y, long yo, int cols) {
        exponentials(x, xo, max(x, xo, cols, step), y, yo, cols, step);
        float sum = LANES == LaneSum.ROW ? sum(y, yo, cols, step) : SimdLaneSum.sum(y, yo, cols);
        divide(y, yo, cols, sum, step);
    }

    private static float max(MemorySegment x, long xo, int cols, int step) {
        IntVector largest0 = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * (xo + cols - LANES), ORDER);
        IntVector largest1 = largest0;
        IntVector nearest0 = largest0;
        IntVector nearest1 = largest0;
        // One vector too many may be read, again: the last of the row.
        int last = cols - LANES;
        for (int i = 0; i < cols; i += 2 * step) {
            IntVector v = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * (xo + Math.min(i, last)), ORDER);
            largest0 = largest0.max(v);
            nearest0 = nearest0.lanewise(UMIN, v);
            IntVector u = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * (xo + Math.min(i + LANES, last)), ORDER);
            largest1 = largest1.max(u);
            nearest1 = nearest1.lanewise(UMIN, u);
        }
        IntVector nearest = nearest0.lanewise(UMIN, nearest1).lanewise(XOR, Integer.MIN_VALUE);
        return SimdSoftmax.largest(largest0.max(largest1).reduceLanes(MAX), nearest.reduceLanes(MIN));
    }

    /// What the last vector overwrites behind the row is written later.
    private static void exponentials(
            MemorySegment x, long xo, float max, MemorySegment y, long yo, int cols, int step) {
        long gap = 4L * toAligned(y, yo);
        for (int i = 0; i < cols; i += step) {
            long at = 4 * (yo + i);
            long bits = at + gap;
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
            q.blend(0f, z.lt(EXP_MIN)).intoMemorySegment(y, at, ORDER);
        }
    }

    /// As [SimdLaneSum#sum], for vectors of all its lanes. The four accumulators may end in any order, since
    /// the fold adds every second.
    private static float sum(MemorySegment y, long yo, int cols, int step) {
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = acc0;
        FloatVector acc2 = acc0;
        FloatVector acc3 = acc0;
        int i = 0;
        for (; i <= cols - LANES; i += step) {
            FloatVector acc = acc0.add(fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER));
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = acc;
        }
        VectorMask<Float> rest = SPECIES.indexInRange(i, cols);
        acc0 = acc0.add(fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER, rest));
        FloatVector fold = acc0.add(acc2).add(acc1.add(acc3));
        fold = fold.add(fold.rearrange(SWAP_1));
        fold = fold.add(fold.rearrange(SWAP_2));
        fold = fold.add(fold.rearrange(SWAP_4));
        fold = fold.add(fold.rearrange(SWAP_8));
        return fold.lane(0);
    }

    private static void divide(MemorySegment y, long yo, int cols, float sum, int step) {
        for (int i = 0; i < cols; i += step) {
            fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER).div(sum).intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
    }

    /// `y[done] = y[done] / sum`, then `y[now] = exp(x[now] - max)` as in [SimdSoftmax#exponentials].
    ///
    /// @return the bits of the largest of `x[next]`, as [SimdSoftmax#max], and below them those of the sum of
    ///     `y[now]`, as [LaneSum#sum]: the four accumulators may end in any order, since the fold adds every
    ///     second
    private static long turn(
            MemorySegment x,
            long now,
            long next,
            MemorySegment y,
            long to,
            long done,
            int cols,
            float max,
            float sum,
            int step) {
        IntVector largest = IntVector.broadcast(INT_SPECIES, Integer.MIN_VALUE);
        IntVector nearest = IntVector.broadcast(INT_SPECIES, -1);
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = acc0;
        FloatVector acc2 = acc0;
        FloatVector acc3 = acc0;
        long gap = 4L * toAligned(y, to);
        int last = cols - LANES;
        for (int i = 0; i < cols; i += step) {
            VectorMask<Float> row = VectorMask.fromLong(SPECIES, (1L << Math.min(LANES, cols - i)) - 1);
            long at = 4 * (to + i);
            long bits = at + gap;
            long quotient = 4 * (done + i);
            FloatVector z = fromMemorySegment(SPECIES, x, 4 * (now + i), ORDER).sub(max);
            IntVector v = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * (next + Math.min(i, last)), ORDER);
            largest = largest.max(v);
            nearest = nearest.lanewise(UMIN, v);
            fromMemorySegment(SPECIES, y, quotient, ORDER)
                    .lanewise(DIV, sum, row)
                    .intoMemorySegment(y, quotient, ORDER);
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
            FloatVector acc = acc0.add(q, row);
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = acc;
        }
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
