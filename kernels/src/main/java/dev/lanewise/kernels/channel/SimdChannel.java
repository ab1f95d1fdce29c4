package dev.lanewise.kernels.channel;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Vector loops, one vector of channels after the other down the rows; the last is masked. Two vectors at a time
/// where there are as many, so that a cache line is read once.
public final class SimdChannel extends ScalarChannel {
    @Override
    void squaredDistancesLoop(
            MemorySegment x, long xo, int rows, int cols, MemorySegment mean, long mo, MemorySegment y, long yo) {
        final int four = cols & -(4 * LANES);
        for (int c = 0; c < four; c += 4 * LANES) {
            squares4(x, xo + c, rows, cols, mean, mo + c, y, yo + c);
        }
        for (int c = four; c < cols; c += LANES) {
            squares(x, xo + c, rows, cols, mean, mo + c, y, yo + c, cols - c);
        }
    }

    private static void squares4(
            MemorySegment x, long xo, int rows, long cols, MemorySegment mean, long mo, MemorySegment y, long yo) {
        final FloatVector mean0 = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER);
        final FloatVector mean1 = fromMemorySegment(SPECIES, mean, 4 * (mo + LANES), ORDER);
        final FloatVector mean2 = fromMemorySegment(SPECIES, mean, 4 * (mo + 2L * LANES), ORDER);
        final FloatVector mean3 = fromMemorySegment(SPECIES, mean, 4 * (mo + 3L * LANES), ORDER);
        FloatVector sum0 = FloatVector.broadcast(SPECIES, 0);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int r = 0; r < rows; r++) {
            final long row = xo + r * cols;
            final FloatVector d0 = fromMemorySegment(SPECIES, x, 4 * row, ORDER).sub(mean0);
            sum0 = d0.fma(d0, sum0);
            final FloatVector d1 =
                    fromMemorySegment(SPECIES, x, 4 * (row + LANES), ORDER).sub(mean1);
            sum1 = d1.fma(d1, sum1);
            final FloatVector d2 =
                    fromMemorySegment(SPECIES, x, 4 * (row + 2L * LANES), ORDER).sub(mean2);
            sum2 = d2.fma(d2, sum2);
            final FloatVector d3 =
                    fromMemorySegment(SPECIES, x, 4 * (row + 3L * LANES), ORDER).sub(mean3);
            sum3 = d3.fma(d3, sum3);
        }
        sum0.intoMemorySegment(y, 4 * yo, ORDER);
        sum1.intoMemorySegment(y, 4 * (yo + LANES), ORDER);
        sum2.intoMemorySegment(y, 4 * (yo + 2L * LANES), ORDER);
        sum3.intoMemorySegment(y, 4 * (yo + 3L * LANES), ORDER);
    }

    private static void squares(
            MemorySegment x,
            long xo,
            int rows,
            long cols,
            MemorySegment mean,
            long mo,
            MemorySegment y,
            long yo,
            int left) {
        final VectorMask<Float> columns = SPECIES.indexInRange(0, left);
        final FloatVector m = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER, columns);
        FloatVector sum = FloatVector.broadcast(SPECIES, 0);
        for (int r = 0; r < rows; r++) {
            final FloatVector d = fromMemorySegment(SPECIES, x, 4 * (xo + r * cols), ORDER, columns)
                    .sub(m);
            sum = d.fma(d, sum);
        }
        sum.intoMemorySegment(y, 4 * yo, ORDER, columns);
    }

    @Override
    void distanceProductsLoop(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            int rows,
            int cols,
            MemorySegment mean,
            long mo,
            MemorySegment y,
            long yo) {
        final int two = cols & -(2 * LANES);
        for (int c = 0; c < two; c += 2 * LANES) {
            products2(x, xo + c, dy, dyo + c, rows, cols, mean, mo + c, y, yo + c);
        }
        for (int c = two; c < cols; c += LANES) {
            products(x, xo + c, dy, dyo + c, rows, cols, mean, mo + c, y, yo + c, cols - c);
        }
    }

    private static void products2(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            int rows,
            long cols,
            MemorySegment mean,
            long mo,
            MemorySegment y,
            long yo) {
        final FloatVector mean0 = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER);
        final FloatVector mean1 = fromMemorySegment(SPECIES, mean, 4 * (mo + LANES), ORDER);
        FloatVector sum0 = FloatVector.broadcast(SPECIES, 0);
        FloatVector sum1 = sum0;
        for (int r = 0; r < rows; r++) {
            final long at = 4 * (xo + r * cols);
            final long dyAt = 4 * (dyo + r * cols);
            sum0 = fromMemorySegment(SPECIES, x, at, ORDER)
                    .sub(mean0)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt, ORDER), sum0);
            sum1 = fromMemorySegment(SPECIES, x, at + 4L * LANES, ORDER)
                    .sub(mean1)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 4L * LANES, ORDER), sum1);
        }
        sum0.intoMemorySegment(y, 4 * yo, ORDER);
        sum1.intoMemorySegment(y, 4 * (yo + LANES), ORDER);
    }

    private static void products(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            int rows,
            long cols,
            MemorySegment mean,
            long mo,
            MemorySegment y,
            long yo,
            int left) {
        final VectorMask<Float> columns = SPECIES.indexInRange(0, left);
        final FloatVector m = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER, columns);
        FloatVector sum = FloatVector.broadcast(SPECIES, 0);
        for (int r = 0; r < rows; r++) {
            final FloatVector d = fromMemorySegment(SPECIES, x, 4 * (xo + r * cols), ORDER, columns)
                    .sub(m);
            sum = d.fma(fromMemorySegment(SPECIES, dy, 4 * (dyo + r * cols), ORDER, columns), sum);
        }
        sum.intoMemorySegment(y, 4 * yo, ORDER, columns);
    }

    @Override
    void normalizeLoop(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int rows,
            int cols,
            MemorySegment mean,
            long mo,
            MemorySegment scale,
            long so,
            MemorySegment shift,
            long to) {
        final int whole = cols & -LANES;
        for (int r = 0; r < rows; r++) {
            final long row = (long) r * cols;
            normalizeRow(x, xo + row, y, yo + row, whole, mean, mo, scale, so, shift, to);
        }
        if (whole < cols) {
            normalizeLast(
                    x,
                    xo + whole,
                    y,
                    yo + whole,
                    rows,
                    cols,
                    mean,
                    mo + whole,
                    scale,
                    so + whole,
                    shift,
                    to + whole,
                    cols - whole);
        }
    }

    private static void normalizeRow(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int n,
            MemorySegment mean,
            long mo,
            MemorySegment scale,
            long so,
            MemorySegment shift,
            long to) {
        for (int c = 0; c < n; c += LANES) {
            fromMemorySegment(SPECIES, x, 4 * (xo + c), ORDER)
                    .sub(fromMemorySegment(SPECIES, mean, 4 * (mo + c), ORDER))
                    .fma(
                            fromMemorySegment(SPECIES, scale, 4 * (so + c), ORDER),
                            fromMemorySegment(SPECIES, shift, 4 * (to + c), ORDER))
                    .intoMemorySegment(y, 4 * (yo + c), ORDER);
        }
    }

    /// The channels that fill no vector, of all rows.
    private static void normalizeLast(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int rows,
            long cols,
            MemorySegment mean,
            long mo,
            MemorySegment scale,
            long so,
            MemorySegment shift,
            long to,
            int left) {
        final VectorMask<Float> columns = SPECIES.indexInRange(0, left);
        final FloatVector m = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER, columns);
        final FloatVector s = fromMemorySegment(SPECIES, scale, 4 * so, ORDER, columns);
        final FloatVector t = fromMemorySegment(SPECIES, shift, 4 * to, ORDER, columns);
        for (int r = 0; r < rows; r++) {
            fromMemorySegment(SPECIES, x, 4 * (xo + r * cols), ORDER, columns)
                    .sub(m)
                    .fma(s, t)
                    .intoMemorySegment(y, 4 * (yo + r * cols), ORDER, columns);
        }
    }

    @Override
    void normalizeGradientLoop(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int rows,
            int cols,
            MemorySegment mean,
            long mo,
            MemorySegment scale,
            long so,
            MemorySegment level,
            long lo,
            MemorySegment slope,
            long po,
            boolean accumulate) {
        final int whole = cols & -LANES;
        for (int r = 0; r < rows; r++) {
            final long row = (long) r * cols;
            if (accumulate) {
                gradientRowAdd(
                        x, xo + row, dy, dyo + row, dx, dxo + row, whole, mean, mo, scale, so, level, lo, slope, po);
            } else {
                gradientRow(
                        x, xo + row, dy, dyo + row, dx, dxo + row, whole, mean, mo, scale, so, level, lo, slope, po);
            }
        }
        gradientColumns(
                x, xo, dy, dyo, dx, dxo, rows, cols, whole, mean, mo, scale, so, level, lo, slope, po, accumulate);
    }

    private static void gradientRow(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int n,
            MemorySegment mean,
            long mo,
            MemorySegment scale,
            long so,
            MemorySegment level,
            long lo,
            MemorySegment slope,
            long po) {
        for (int c = 0; c < n; c += LANES) {
            final FloatVector e = fromMemorySegment(SPECIES, dy, 4 * (dyo + c), ORDER)
                    .sub(fromMemorySegment(SPECIES, level, 4 * (lo + c), ORDER));
            fromMemorySegment(SPECIES, mean, 4 * (mo + c), ORDER)
                    .sub(fromMemorySegment(SPECIES, x, 4 * (xo + c), ORDER))
                    .fma(fromMemorySegment(SPECIES, slope, 4 * (po + c), ORDER), e)
                    .mul(fromMemorySegment(SPECIES, scale, 4 * (so + c), ORDER))
                    .intoMemorySegment(dx, 4 * (dxo + c), ORDER);
        }
    }

    private static void gradientRowAdd(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int n,
            MemorySegment mean,
            long mo,
            MemorySegment scale,
            long so,
            MemorySegment level,
            long lo,
            MemorySegment slope,
            long po) {
        for (int c = 0; c < n; c += LANES) {
            final FloatVector e = fromMemorySegment(SPECIES, dy, 4 * (dyo + c), ORDER)
                    .sub(fromMemorySegment(SPECIES, level, 4 * (lo + c), ORDER));
            final FloatVector g = fromMemorySegment(SPECIES, mean, 4 * (mo + c), ORDER)
                    .sub(fromMemorySegment(SPECIES, x, 4 * (xo + c), ORDER))
                    .fma(fromMemorySegment(SPECIES, slope, 4 * (po + c), ORDER), e)
                    .mul(fromMemorySegment(SPECIES, scale, 4 * (so + c), ORDER));
            fromMemorySegment(SPECIES, dx, 4 * (dxo + c), ORDER).add(g).intoMemorySegment(dx, 4 * (dxo + c), ORDER);
        }
    }
}
