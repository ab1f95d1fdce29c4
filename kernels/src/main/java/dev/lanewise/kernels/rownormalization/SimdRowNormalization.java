package dev.lanewise.kernels.rownormalization;

import static dev.lanewise.kernels.simd.Simd.BYTES;
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

import dev.lanewise.kernels.reduction.LaneSum;
import dev.lanewise.kernels.reduction.SimdLaneSum;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Vector loops; the elements of a row that fill no vector are left to the plain ones.
public final class SimdRowNormalization extends ScalarRowNormalization {
    /// Floats of a block of rows that is gone over twice: 256 KiB, which stay in a second-level cache.
    private static final int BLOCK = 65536;

    /// `LANES`, but not known to the compiler. With a known step it takes a row's first and last turns out of
    /// the loop into copies, and the CPU, which fetches ahead for each load instruction by the distance of its
    /// addresses, begins anew in every row (measured: 50 ns a row in memory).
    @SuppressWarnings("NonFinalStaticField")
    private static int step = LANES;

    @Override
    void momentsLoop(
            MemorySegment x,
            long xo,
            int rows,
            int cols,
            MemorySegment mean,
            long mo,
            MemorySegment variance,
            long vo) {
        // With narrower vectors a sum takes several passes over its row, so one row comes after the other.
        boolean together = LANES == LaneSum.ROW;
        if (together && cols > 0 && cols % (4 * LANES) == 0) {
            int block = Math.max(1, BLOCK / cols);
            for (int r = 0; r < rows; r += Math.min(block, rows - r)) {
                int count = Math.min(block, rows - r);
                means(x, xo + (long) r * cols, count, cols, mean, mo + r);
                variances(x, xo + (long) r * cols, count, cols, mean, mo + r, variance, vo + r);
            }
            return;
        }
        int pairs = together ? rows - 1 : 0;
        if (pairs > 0) {
            mean.setAtIndex(JAVA_FLOAT, mo, SimdLaneSum.sum(x, xo, cols) / cols);
        }
        for (int r = 0; r < pairs; r++) {
            momentsOfTwo(x, xo + (long) r * cols, cols, mean, mo + r, variance, vo + r);
        }
        for (int r = Math.max(0, pairs); r < rows; r++) {
            long row = xo + (long) r * cols;
            float average = SimdLaneSum.sum(x, row, cols) / cols;
            mean.setAtIndex(JAVA_FLOAT, mo + r, average);
            variance.setAtIndex(JAVA_FLOAT, vo + r, SimdLaneSum.deviations(x, row, cols, average) / cols);
        }
    }

    /// The means of some rows of whole quadruples of vectors, as by [SimdLaneSum#sum], in one loop over all of
    /// them: in a loop for each row, the CPU begins anew to fetch ahead (measured: 37 ns a row in memory).
    private static void means(MemorySegment x, long xo, int rows, int cols, MemorySegment mean, long mo) {
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector sum0 = zero;
        FloatVector sum1 = zero;
        FloatVector sum2 = zero;
        FloatVector sum3 = zero;
        int ofRow = cols / (4 * LANES);
        int left = ofRow;
        int r = 0;
        for (int i = 0; i < rows * ofRow; i++) {
            long at = 4 * xo + 4 * BYTES * i;
            sum0 = sum0.add(fromMemorySegment(SPECIES, x, at, ORDER));
            sum1 = sum1.add(fromMemorySegment(SPECIES, x, at + BYTES, ORDER));
            sum2 = sum2.add(fromMemorySegment(SPECIES, x, at + 2 * BYTES, ORDER));
            sum3 = sum3.add(fromMemorySegment(SPECIES, x, at + 3 * BYTES, ORDER));
            left--;
            if (left == 0) {
                FloatVector sum = sum0.add(sum2).add(sum1.add(sum3));
                sum = sum.add(sum.rearrange(SWAP_1));
                sum = sum.add(sum.rearrange(SWAP_2));
                sum = sum.add(sum.rearrange(SWAP_4));
                sum = sum.add(sum.rearrange(SWAP_8));
                mean.setAtIndex(JAVA_FLOAT, mo + r, sum.lane(0) / cols);
                sum0 = zero;
                sum1 = zero;
                sum2 = zero;
                sum3 = zero;
                left = ofRow;
                r++;
            }
        }
    }

    /// The variances of such rows about their means, as by [SimdLaneSum#deviations].
    private static void variances(
            MemorySegment x,
            long xo,
            int rows,
            int cols,
            MemorySegment mean,
            long mo,
            MemorySegment variance,
            long vo) {
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector square0 = zero;
        FloatVector square1 = zero;
        FloatVector square2 = zero;
        FloatVector square3 = zero;
        float center = mean.getAtIndex(JAVA_FLOAT, mo);
        int ofRow = cols / (4 * LANES);
        int left = ofRow;
        int r = 0;
        for (int i = 0; i < rows * ofRow; i++) {
            long at = 4 * xo + 4 * BYTES * i;
            FloatVector d = fromMemorySegment(SPECIES, x, at, ORDER).sub(center);
            square0 = square0.add(d.mul(d));
            d = fromMemorySegment(SPECIES, x, at + BYTES, ORDER).sub(center);
            square1 = square1.add(d.mul(d));
            d = fromMemorySegment(SPECIES, x, at + 2 * BYTES, ORDER).sub(center);
            square2 = square2.add(d.mul(d));
            d = fromMemorySegment(SPECIES, x, at + 3 * BYTES, ORDER).sub(center);
            square3 = square3.add(d.mul(d));
            left--;
            if (left == 0) {
                FloatVector square = square0.add(square2).add(square1.add(square3));
                square = square.add(square.rearrange(SWAP_1));
                square = square.add(square.rearrange(SWAP_2));
                square = square.add(square.rearrange(SWAP_4));
                square = square.add(square.rearrange(SWAP_8));
                variance.setAtIndex(JAVA_FLOAT, vo + r, square.lane(0) / cols);
                square0 = zero;
                square1 = zero;
                square2 = zero;
                square3 = zero;
                left = ofRow;
                r++;
                center = mean.getAtIndex(JAVA_FLOAT, mo + Math.min(r, rows - 1));
            }
        }
    }

    /// The variance of a row whose mean is known, and the mean of the next: [SimdLaneSum#deviations] and
    /// [SimdLaneSum#sum] in one loop, so that memory brings one row while the other is computed.
    private static void momentsOfTwo(
            MemorySegment x, long xo, int cols, MemorySegment mean, long mo, MemorySegment variance, long vo) {
        float center = mean.getAtIndex(JAVA_FLOAT, mo);
        long next = xo + cols;
        FloatVector square0 = FloatVector.zero(SPECIES);
        FloatVector square1 = FloatVector.zero(SPECIES);
        FloatVector square2 = FloatVector.zero(SPECIES);
        FloatVector square3 = FloatVector.zero(SPECIES);
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = FloatVector.zero(SPECIES);
        FloatVector sum2 = FloatVector.zero(SPECIES);
        FloatVector sum3 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= cols - LANES; i += LANES) {
            FloatVector d = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER).sub(center);
            FloatVector square = square0.add(d.mul(d));
            square0 = square1;
            square1 = square2;
            square2 = square3;
            square3 = square;
            FloatVector sum = sum0.add(fromMemorySegment(SPECIES, x, 4 * (next + i), ORDER));
            sum0 = sum1;
            sum1 = sum2;
            sum2 = sum3;
            sum3 = sum;
        }
        int end = LaneSum.padded(cols);
        for (; i != end; i += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(i, cols);
            FloatVector d =
                    fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER, mask).sub(center);
            FloatVector square = square0.add(d.mul(d), mask);
            square0 = square1;
            square1 = square2;
            square2 = square3;
            square3 = square;
            FloatVector sum = sum0.add(fromMemorySegment(SPECIES, x, 4 * (next + i), ORDER, mask));
            sum0 = sum1;
            sum1 = sum2;
            sum2 = sum3;
            sum3 = sum;
        }
        FloatVector square = square0.add(square2).add(square1.add(square3));
        square = square.add(square.rearrange(SWAP_1));
        square = square.add(square.rearrange(SWAP_2));
        square = square.add(square.rearrange(SWAP_4));
        square = square.add(square.rearrange(SWAP_8));
        variance.setAtIndex(JAVA_FLOAT, vo, square.lane(0) / cols);
        FloatVector sum = sum0.add(sum2).add(sum1.add(sum3));
        sum = sum.add(sum.rearrange(SWAP_1));
        sum = sum.add(sum.rearrange(SWAP_2));
        sum = sum.add(sum.rearrange(SWAP_4));
        sum = sum.add(sum.rearrange(SWAP_8));
        mean.setAtIndex(JAVA_FLOAT, mo + 1, sum.lane(0) / cols);
    }

    @Override
    void squaresLoop(MemorySegment x, long xo, int rows, int cols, MemorySegment sums, long so) {
        for (int r = 0; r < rows; r++) {
            long row = xo + (long) r * cols;
            sums.setAtIndex(JAVA_FLOAT, so + r, SimdLaneSum.products(x, row, x, row, cols));
        }
    }

    @Override
    void normalizeRow(
            MemorySegment x,
            long xo,
            int cols,
            float center,
            float factor,
            MemorySegment gamma,
            long go,
            MemorySegment beta,
            long bo,
            MemorySegment y,
            long yo) {
        int bound = vectorBound(cols);
        normalize(x, xo, bound, center, factor, gamma, go, beta, bo, y, yo, step);
        super.normalizeRow(
                x, xo + bound, cols - bound, center, factor, gamma, go + bound, beta, bo + bound, y, yo + bound);
    }

    /// Whole vectors, two a turn: of a step that the compiler does not know each turn checks all its addresses.
    private static void normalize(
            MemorySegment x,
            long xo,
            int n,
            float center,
            float factor,
            MemorySegment gamma,
            long go,
            MemorySegment beta,
            long bo,
            MemorySegment y,
            long yo,
            int step) {
        int bound = n & -(2 * LANES);
        for (int c = 0; c < bound; c += 2 * step) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + c), ORDER)
                    .sub(center)
                    .mul(factor);
            FloatVector u = fromMemorySegment(SPECIES, x, 4 * (xo + c + LANES), ORDER)
                    .sub(center)
                    .mul(factor);
            v = v.fma(
                    fromMemorySegment(SPECIES, gamma, 4 * (go + c), ORDER),
                    fromMemorySegment(SPECIES, beta, 4 * (bo + c), ORDER));
            u = u.fma(
                    fromMemorySegment(SPECIES, gamma, 4 * (go + c + LANES), ORDER),
                    fromMemorySegment(SPECIES, beta, 4 * (bo + c + LANES), ORDER));
            v.intoMemorySegment(y, 4 * (yo + c), ORDER);
            u.intoMemorySegment(y, 4 * (yo + c + LANES), ORDER);
        }
        if (bound < n) {
            fromMemorySegment(SPECIES, x, 4 * (xo + bound), ORDER)
                    .sub(center)
                    .mul(factor)
                    .fma(
                            fromMemorySegment(SPECIES, gamma, 4 * (go + bound), ORDER),
                            fromMemorySegment(SPECIES, beta, 4 * (bo + bound), ORDER))
                    .intoMemorySegment(y, 4 * (yo + bound), ORDER);
        }
    }

    @Override
    void gradientSumsLoop(
            MemorySegment dy,
            long dyo,
            MemorySegment x,
            long xo,
            int rows,
            int cols,
            MemorySegment center,
            long co,
            MemorySegment factor,
            long fo,
            MemorySegment gamma,
            long go,
            MemorySegment sums,
            long so,
            MemorySegment products,
            long po) {
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            sums.setAtIndex(JAVA_FLOAT, so + r, SimdLaneSum.products(dy, dyo + row, gamma, go, cols));
            float middle = center.getAtIndex(JAVA_FLOAT, co + r);
            float sum = SimdLaneSum.centeredProducts(dy, dyo + row, gamma, go, x, xo + row, cols, middle);
            products.setAtIndex(JAVA_FLOAT, po + r, sum * factor.getAtIndex(JAVA_FLOAT, fo + r));
        }
    }

    @Override
    void gradientRow(
            MemorySegment dy,
            long dyo,
            MemorySegment x,
            long xo,
            int cols,
            float center,
            float factor,
            MemorySegment gamma,
            long go,
            float a,
            float b,
            MemorySegment dx,
            long dxo,
            boolean accumulate) {
        int bound = vectorBound(cols);
        if (accumulate) {
            addGradient(dy, dyo, x, xo, bound, center, factor, gamma, go, a, b, dx, dxo, step);
        } else {
            storeGradient(dy, dyo, x, xo, bound, center, factor, gamma, go, a, b, dx, dxo, step);
        }
        super.gradientRow(
                dy,
                dyo + bound,
                x,
                xo + bound,
                cols - bound,
                center,
                factor,
                gamma,
                go + bound,
                a,
                b,
                dx,
                dxo + bound,
                accumulate);
    }

    private static void storeGradient(
            MemorySegment dy,
            long dyo,
            MemorySegment x,
            long xo,
            int n,
            float center,
            float factor,
            MemorySegment gamma,
            long go,
            float a,
            float b,
            MemorySegment dx,
            long dxo,
            int step) {
        for (int c = 0; c < n; c += step) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + c), ORDER)
                    .sub(center)
                    .mul(factor);
            FloatVector g = fromMemorySegment(SPECIES, dy, 4 * (dyo + c), ORDER)
                    .mul(fromMemorySegment(SPECIES, gamma, 4 * (go + c), ORDER));
            g.sub(a).sub(v.mul(b)).mul(factor).intoMemorySegment(dx, 4 * (dxo + c), ORDER);
        }
    }

    private static void addGradient(
            MemorySegment dy,
            long dyo,
            MemorySegment x,
            long xo,
            int n,
            float center,
            float factor,
            MemorySegment gamma,
            long go,
            float a,
            float b,
            MemorySegment dx,
            long dxo,
            int step) {
        for (int c = 0; c < n; c += step) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + c), ORDER)
                    .sub(center)
                    .mul(factor);
            FloatVector g = fromMemorySegment(SPECIES, dy, 4 * (dyo + c), ORDER)
                    .mul(fromMemorySegment(SPECIES, gamma, 4 * (go + c), ORDER));
            FloatVector d = g.sub(a).sub(v.mul(b)).mul(factor);
            fromMemorySegment(SPECIES, dx, 4 * (dxo + c), ORDER).add(d).intoMemorySegment(dx, 4 * (dxo + c), ORDER);
        }
    }

    @Override
    void gammaGradientLoop(
            MemorySegment dy,
            long dyo,
            MemorySegment x,
            long xo,
            int rows,
            int cols,
            long ld,
            MemorySegment center,
            long co,
            MemorySegment factor,
            long fo,
            MemorySegment dGamma,
            long go,
            boolean accumulate) {
        for (int c = 0; c < cols; c += LANES) {
            gammaGradientOf1(
                    dy, dyo + c, x, xo + c, rows, ld, center, co, factor, fo, dGamma, go + c, accumulate, cols - c);
        }
    }

    private static void gammaGradientOf1(
            MemorySegment dy,
            long dyo,
            MemorySegment x,
            long xo,
            int rows,
            long ld,
            MemorySegment center,
            long co,
            MemorySegment factor,
            long fo,
            MemorySegment dGamma,
            long go,
            boolean accumulate,
            int left) {
        VectorMask<Float> mask = SPECIES.indexInRange(0, left);
        FloatVector sum = FloatVector.broadcast(SPECIES, 0f);
        for (int r = 0; r < rows; r++) {
            FloatVector n = fromMemorySegment(SPECIES, x, 4 * (xo + r * ld), ORDER, mask)
                    .sub(center.getAtIndex(JAVA_FLOAT, co + r))
                    .mul(factor.getAtIndex(JAVA_FLOAT, fo + r));
            sum = sum.add(fromMemorySegment(SPECIES, dy, 4 * (dyo + r * ld), ORDER, mask)
                    .mul(n));
        }
        FloatVector old = fromMemorySegment(SPECIES, dGamma, 4 * go, ORDER, mask);
        sum.blend(old.add(sum), SPECIES.maskAll(accumulate)).intoMemorySegment(dGamma, 4 * go, ORDER, mask);
    }
}
