package dev.lanewise.kernels.reduction;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Vector loops; elements that fill no vector are left to the plain ones, or masked.
public final class SimdReduction extends ScalarReduction {
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
        // Two blends and a mask for NaN cost less than FloatVector.max, which has rules for NaN and zeros.
        FloatVector max0 = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        FloatVector max1 = max0;
        FloatVector nan = max0;
        int i = 0;
        for (; i <= n - 2 * LANES; i += 2 * LANES) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            FloatVector u = fromMemorySegment(SPECIES, x, 4 * (xo + i + LANES), ORDER);
            max0 = max0.blend(v, v.compare(VectorOperators.GT, max0));
            max1 = max1.blend(u, u.compare(VectorOperators.GT, max1));
            nan = nan.blend(Float.NaN, v.compare(VectorOperators.NE, v).or(u.compare(VectorOperators.NE, u)));
        }
        float max = max0.max(max1).max(nan).reduceLanes(VectorOperators.MAX);
        return Math.max(max, super.maxLoop(x, xo + i, n - i)) + 0f;
    }

    @Override
    void columnSumsLoop(
            MemorySegment x, long xo, int rows, int cols, long ldx, MemorySegment y, long yo, boolean accumulate) {
        int four = cols & -(4 * LANES);
        for (int c = 0; c < four; c += 4 * LANES) {
            fourVectorsOfColumns(x, xo + c, rows, ldx, y, yo + c, accumulate);
        }
        for (int c = four; c < cols; c += LANES) {
            oneVectorOfColumns(x, xo + c, rows, ldx, y, yo + c, accumulate, cols - c);
        }
    }

    private static void fourVectorsOfColumns(
            MemorySegment x, long xo, int rows, long ldx, MemorySegment y, long yo, boolean accumulate) {
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
    ///     where
    /// this is not inlined
    private static void oneVectorOfColumns(
            MemorySegment x, long xo, int rows, long ldx, MemorySegment y, long yo, boolean accumulate, int left) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, left);
        FloatVector sum = FloatVector.zero(SPECIES);
        for (int r = 0; r < rows; r++) {
            sum = sum.add(fromMemorySegment(SPECIES, x, (xo + r * ldx) * 4, ORDER, columns));
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
        if (cols < 4 * LANES) {
            super.argmaxRowsLoop(x, xo, rows, cols, out, oo);
            return;
        }
        for (int r = 0; r < rows; r++) {
            long row = xo + (long) r * cols;
            float max = maxLoop(x, row, cols);
            int index = Float.isNaN(max) ? argmax(x, row, cols) : first(x, row, cols, max);
            out.setAtIndex(JAVA_FLOAT, oo + r, index);
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
