package dev.lanewise.kernels.reduction;

import static dev.lanewise.kernels.simd.Simd.INT_SPECIES;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.SWAP_1;
import static dev.lanewise.kernels.simd.Simd.SWAP_2;
import static dev.lanewise.kernels.simd.Simd.SWAP_4;
import static dev.lanewise.kernels.simd.Simd.SWAP_8;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.lanewise.kernels.EmptyCalls;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Vector loops; elements that fill no vector are left to the plain ones, or masked.
public final class SimdReduction extends ScalarReduction implements EmptyCalls {
    private static final int SIGN = Integer.MIN_VALUE;
    private static final int POSITIVE_INFINITY = 0x7f800000;
    private static final int NEGATIVE_INFINITY = POSITIVE_INFINITY | SIGN;

    @Override
    public void callEmpty(MemorySegment s, int times) {
        for (int i = 0; i < times; i++) {
            fourVectorsOfColumns(s, 0, -1, 0, s, 0, false);
            oneVectorOfColumns(s, 0, -1, 0, s, 0, false, 0);
        }
    }

    @Override
    float sumLoop(MemorySegment x, long xo, int n) {
        return SimdLaneSum.sum(x, xo, n);
    }

    @Override
    float sumOfSquaresLoop(MemorySegment x, long xo, int n) {
        return SimdLaneSum.products(x, xo, x, xo, n);
    }

    @Override
    float maxLoop(MemorySegment x, long xo, int n) {
        // As integers the bits of floats are in order from +0 up, and in the opposite order from -0 down.
        // Minima and maxima of integers take a third of the time of FloatVector.max, which has rules for NaN
        // and zeros.
        IntVector largest0 = IntVector.broadcast(INT_SPECIES, NEGATIVE_INFINITY);
        IntVector largest1 = largest0;
        IntVector nearest0 = largest0;
        IntVector nearest1 = largest0;
        IntVector farthest0 = largest0;
        IntVector farthest1 = largest0;
        int bound = n & -(2 * LANES);
        for (int i = 0; i < bound; i += 2 * LANES) {
            IntVector v = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * (xo + i), ORDER);
            largest0 = largest0.max(v);
            nearest0 = nearest0.lanewise(VectorOperators.UMIN, v);
            farthest0 = farthest0.lanewise(VectorOperators.UMAX, v);
            IntVector u = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * (xo + i + LANES), ORDER);
            largest1 = largest1.max(u);
            nearest1 = nearest1.lanewise(VectorOperators.UMIN, u);
            farthest1 = farthest1.lanewise(VectorOperators.UMAX, u);
        }
        IntVector nearest = nearest0.lanewise(VectorOperators.UMIN, nearest1).lanewise(VectorOperators.XOR, SIGN);
        IntVector farthest = farthest0.lanewise(VectorOperators.UMAX, farthest1).lanewise(VectorOperators.XOR, SIGN);
        int largest = largest0.max(largest1).reduceLanes(VectorOperators.MAX);
        int negative = nearest.reduceLanes(VectorOperators.MIN) ^ SIGN;
        int lowest = farthest.reduceLanes(VectorOperators.MAX) ^ SIGN;
        // Beyond the infinities of either sign are the NaNs.
        boolean nan = largest > POSITIVE_INFINITY || Integer.compareUnsigned(lowest, NEGATIVE_INFINITY) > 0;
        float max = nan ? Float.NaN : Float.intBitsToFloat(largest >= 0 ? largest : negative);
        return Math.max(max, super.maxLoop(x, xo + bound, n - bound)) + 0f;
    }

    @Override
    void columnSumsLoop(
            MemorySegment x, long xo, int rows, int cols, long ldx, MemorySegment y, long yo, boolean accumulate) {
        int done = 0;
        if (cols > 8 * LANES && !accumulate) {
            done = vectorBound(cols);
            inRows(x, xo, rows, done, ldx, y, yo);
        }
        for (; done <= cols - 8 * LANES; done += 8 * LANES) {
            eightVectorsOfColumns(x, xo + done, rows, ldx, y, yo + done, accumulate);
        }
        for (; done <= cols - 4 * LANES; done += 4 * LANES) {
            fourVectorsOfColumns(x, xo + done, rows, ldx, y, yo + done, accumulate);
        }
        for (; done < cols; done += LANES) {
            oneVectorOfColumns(x, xo + done, rows, ldx, y, yo + done, accumulate, cols - done);
        }
    }

    /// Long rows, four at a time: what is read lies together, and the sums of the columns stay in a cache.
    private static void inRows(MemorySegment x, long xo, int rows, int cols, long ldx, MemorySegment y, long yo) {
        for (int c = 0; c < cols; c += LANES) {
            FloatVector.zero(SPECIES).intoMemorySegment(y, 4 * (yo + c), ORDER);
        }
        int four = rows & -4;
        for (int r = 0; r < four; r += 4) {
            addFourRows(x, xo + r * ldx, cols, ldx, y, yo);
        }
        for (int r = four; r < rows; r++) {
            addRow(x, xo + r * ldx, cols, y, yo);
        }
    }

    private static void addFourRows(MemorySegment x, long xo, int cols, long ldx, MemorySegment y, long yo) {
        for (int c = 0; c < cols; c += LANES) {
            long at = xo + c;
            FloatVector sum = fromMemorySegment(SPECIES, y, 4 * (yo + c), ORDER);
            sum = sum.add(fromMemorySegment(SPECIES, x, 4 * at, ORDER));
            sum = sum.add(fromMemorySegment(SPECIES, x, 4 * (at + ldx), ORDER));
            sum = sum.add(fromMemorySegment(SPECIES, x, 4 * (at + 2 * ldx), ORDER));
            sum = sum.add(fromMemorySegment(SPECIES, x, 4 * (at + 3 * ldx), ORDER));
            sum.intoMemorySegment(y, 4 * (yo + c), ORDER);
        }
    }

    private static void addRow(MemorySegment x, long xo, int cols, MemorySegment y, long yo) {
        for (int c = 0; c < cols; c += LANES) {
            FloatVector sum = fromMemorySegment(SPECIES, y, 4 * (yo + c), ORDER);
            sum.add(fromMemorySegment(SPECIES, x, 4 * (xo + c), ORDER)).intoMemorySegment(y, 4 * (yo + c), ORDER);
        }
    }

    private static void eightVectorsOfColumns(
            MemorySegment x, long xo, int rows, long ldx, MemorySegment y, long yo, boolean accumulate) {
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = FloatVector.zero(SPECIES);
        FloatVector sum2 = FloatVector.zero(SPECIES);
        FloatVector sum3 = FloatVector.zero(SPECIES);
        FloatVector sum4 = FloatVector.zero(SPECIES);
        FloatVector sum5 = FloatVector.zero(SPECIES);
        FloatVector sum6 = FloatVector.zero(SPECIES);
        FloatVector sum7 = FloatVector.zero(SPECIES);
        for (int r = 0; r < rows; r++) {
            long row = xo + r * ldx;
            sum0 = sum0.add(fromMemorySegment(SPECIES, x, 4 * row, ORDER));
            sum1 = sum1.add(fromMemorySegment(SPECIES, x, 4 * (row + LANES), ORDER));
            sum2 = sum2.add(fromMemorySegment(SPECIES, x, 4 * (row + 2L * LANES), ORDER));
            sum3 = sum3.add(fromMemorySegment(SPECIES, x, 4 * (row + 3L * LANES), ORDER));
            sum4 = sum4.add(fromMemorySegment(SPECIES, x, 4 * (row + 4L * LANES), ORDER));
            sum5 = sum5.add(fromMemorySegment(SPECIES, x, 4 * (row + 5L * LANES), ORDER));
            sum6 = sum6.add(fromMemorySegment(SPECIES, x, 4 * (row + 6L * LANES), ORDER));
            sum7 = sum7.add(fromMemorySegment(SPECIES, x, 4 * (row + 7L * LANES), ORDER));
        }
        if (accumulate) {
            sum0 = sum0.add(fromMemorySegment(SPECIES, y, 4 * yo, ORDER));
            sum1 = sum1.add(fromMemorySegment(SPECIES, y, 4 * (yo + LANES), ORDER));
            sum2 = sum2.add(fromMemorySegment(SPECIES, y, 4 * (yo + 2L * LANES), ORDER));
            sum3 = sum3.add(fromMemorySegment(SPECIES, y, 4 * (yo + 3L * LANES), ORDER));
            sum4 = sum4.add(fromMemorySegment(SPECIES, y, 4 * (yo + 4L * LANES), ORDER));
            sum5 = sum5.add(fromMemorySegment(SPECIES, y, 4 * (yo + 5L * LANES), ORDER));
            sum6 = sum6.add(fromMemorySegment(SPECIES, y, 4 * (yo + 6L * LANES), ORDER));
            sum7 = sum7.add(fromMemorySegment(SPECIES, y, 4 * (yo + 7L * LANES), ORDER));
        }
        sum0.intoMemorySegment(y, 4 * yo, ORDER);
        sum1.intoMemorySegment(y, 4 * (yo + LANES), ORDER);
        sum2.intoMemorySegment(y, 4 * (yo + 2L * LANES), ORDER);
        sum3.intoMemorySegment(y, 4 * (yo + 3L * LANES), ORDER);
        sum4.intoMemorySegment(y, 4 * (yo + 4L * LANES), ORDER);
        sum5.intoMemorySegment(y, 4 * (yo + 5L * LANES), ORDER);
        sum6.intoMemorySegment(y, 4 * (yo + 6L * LANES), ORDER);
        sum7.intoMemorySegment(y, 4 * (yo + 7L * LANES), ORDER);
    }

    private static void fourVectorsOfColumns(
            MemorySegment x, long xo, int rows, long ldx, MemorySegment y, long yo, boolean accumulate) {
        if (rows < 0) {
            return;
        }
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = FloatVector.zero(SPECIES);
        FloatVector sum2 = FloatVector.zero(SPECIES);
        FloatVector sum3 = FloatVector.zero(SPECIES);
        for (int r = 0; r < rows; r++) {
            long row = xo + r * ldx;
            sum0 = sum0.add(fromMemorySegment(SPECIES, x, 4 * row, ORDER));
            sum1 = sum1.add(fromMemorySegment(SPECIES, x, 4 * (row + LANES), ORDER));
            sum2 = sum2.add(fromMemorySegment(SPECIES, x, 4 * (row + 2L * LANES), ORDER));
            sum3 = sum3.add(fromMemorySegment(SPECIES, x, 4 * (row + 3L * LANES), ORDER));
        }
        VectorMask<Float> add = SPECIES.maskAll(accumulate);
        FloatVector old0 = fromMemorySegment(SPECIES, y, 4 * yo, ORDER);
        FloatVector old1 = fromMemorySegment(SPECIES, y, 4 * (yo + LANES), ORDER);
        FloatVector old2 = fromMemorySegment(SPECIES, y, 4 * (yo + 2L * LANES), ORDER);
        FloatVector old3 = fromMemorySegment(SPECIES, y, 4 * (yo + 3L * LANES), ORDER);
        sum0.blend(old0.add(sum0), add).intoMemorySegment(y, 4 * yo, ORDER);
        sum1.blend(old1.add(sum1), add).intoMemorySegment(y, 4 * (yo + LANES), ORDER);
        sum2.blend(old2.add(sum2), add).intoMemorySegment(y, 4 * (yo + 2L * LANES), ORDER);
        sum3.blend(old3.add(sum3), add).intoMemorySegment(y, 4 * (yo + 3L * LANES), ORDER);
    }

    /// @param left columns that there are, perhaps more than lanes; a mask as an argument would be an object
    ///     where this is not inlined
    private static void oneVectorOfColumns(
            MemorySegment x, long xo, int rows, long ldx, MemorySegment y, long yo, boolean accumulate, int left) {
        if (rows < 0) {
            return;
        }
        // Whole vectors as long as they end within the matrix, whatever lies beyond the columns: the CPU does
        // not fetch ahead for loads under a mask (measured: 4.6 times slower in memory).
        long room = (rows - 1L) * ldx + left - LANES;
        int whole = room < 0 ? 0 : (int) Math.min(rows, room / ldx + 1);
        VectorMask<Float> columns = SPECIES.indexInRange(0, left);
        FloatVector sum = FloatVector.zero(SPECIES);
        for (int r = 0; r < whole; r++) {
            sum = sum.add(fromMemorySegment(SPECIES, x, 4 * (xo + r * ldx), ORDER));
        }
        for (int r = whole; r < rows; r++) {
            sum = sum.add(fromMemorySegment(SPECIES, x, 4 * (xo + r * ldx), ORDER, columns));
        }
        FloatVector old = fromMemorySegment(SPECIES, y, 4 * yo, ORDER, columns);
        VectorMask<Float> add = SPECIES.maskAll(accumulate);
        sum.blend(old.add(sum), add).intoMemorySegment(y, 4 * yo, ORDER, columns);
    }

    @Override
    long countNonFiniteLoop(MemorySegment x, long xo, int n) {
        long finite = 0;
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            finite += fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER)
                    .abs()
                    .lt(Float.POSITIVE_INFINITY)
                    .trueCount();
        }
        return bound - finite + super.countNonFiniteLoop(x, xo + bound, n - bound);
    }

    @Override
    void argmaxRowsLoop(MemorySegment x, long xo, int rows, int cols, MemorySegment out, long oo) {
        if (rows > 0 && cols <= LANES) {
            int whole = Math.max(0, rows - (LANES - 1) / cols);
            argmaxOfNarrow(x, xo, whole, cols, out, oo);
            super.argmaxRowsLoop(x, xo + (long) whole * cols, rows - whole, cols, out, oo + whole);
            return;
        }
        for (int r = 0; r < rows; r++) {
            long row = xo + (long) r * cols;
            float max = maxLoop(x, row, cols);
            int index = Float.isNaN(max) ? argmax(x, row, cols) : first(x, row, cols, max);
            out.setAtIndex(JAVA_FLOAT, oo + r, index);
        }
    }

    /// Of rows from whose start on a whole vector ends within the matrix; without branches, which outputs of a
    /// network would lead at random. A NaN stays in its lane and goes before any maximum.
    private static void argmaxOfNarrow(MemorySegment x, long xo, int rows, int cols, MemorySegment out, long oo) {
        VectorMask<Float> beyond = SPECIES.indexInRange(0, cols).not();
        for (int r = 0; r < rows; r++) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + (long) r * cols), ORDER)
                    .blend(Float.NEGATIVE_INFINITY, beyond);
            FloatVector other = v.rearrange(SWAP_1);
            FloatVector max = v.blend(other, v.lt(other));
            other = max.rearrange(SWAP_2);
            max = max.blend(other, max.lt(other));
            other = LANES < 8 ? max : max.rearrange(SWAP_4);
            max = LANES < 8 ? max : max.blend(other, max.lt(other));
            other = LANES < 16 ? max : max.rearrange(SWAP_8);
            max = LANES < 16 ? max : max.blend(other, max.lt(other));
            long nan = v.compare(VectorOperators.NE, v).toLong();
            long found = nan != 0 ? nan : v.eq(max).toLong();
            out.setAtIndex(JAVA_FLOAT, oo + r, Long.numberOfTrailingZeros(found));
        }
    }

    /// Index of the first element that equals the maximum.
    private static int first(MemorySegment x, long xo, int n, float max) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            VectorMask<Float> equal =
                    fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER).eq(max);
            if (equal.anyTrue()) {
                return i + equal.firstTrue();
            }
        }
        return bound + argmax(x, xo + bound, n - bound);
    }
}
