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
    /// Up to so many channels are done in pairs of vectors down a panel of rows, so that what belongs to channels
    /// stays in registers; rows of more are long enough to be done one by one.
    private static final int WIDE = 128;

    /// Floats of a panel, which is gone through pair by pair: half of a usual L1.
    private static final int PANEL = 4096;

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
        final boolean inPairs = cols >= 2 * LANES && cols <= WIDE;
        final int whole = cols & -(inPairs ? 2 * LANES : LANES);
        for (int r = 0; !inPairs && r < rows; r++) {
            final long row = (long) r * cols;
            normalizeRow(x, xo + row, y, yo + row, whole, mean, mo, scale, so, shift, to);
        }
        for (int r = 0; inPairs && r < rows; r += PANEL / cols) {
            final int panel = Math.min(PANEL / cols, rows - r);
            final long row = (long) r * cols;
            for (int c = 0; c < whole; c += 2 * LANES) {
                final long at = row + c;
                normalize2(x, xo + at, y, yo + at, panel, cols, mean, mo + c, scale, so + c, shift, to + c);
            }
        }
        for (int c = whole; c < cols; c += LANES) {
            normalizeLast(x, xo + c, y, yo + c, rows, cols, mean, mo + c, scale, so + c, shift, to + c, cols - c);
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

    /// Two vectors of channels, of some rows.
    private static void normalize2(
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
            long to) {
        final FloatVector m0 = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER);
        final FloatVector m1 = fromMemorySegment(SPECIES, mean, 4 * (mo + LANES), ORDER);
        final FloatVector s0 = fromMemorySegment(SPECIES, scale, 4 * so, ORDER);
        final FloatVector s1 = fromMemorySegment(SPECIES, scale, 4 * (so + LANES), ORDER);
        final FloatVector t0 = fromMemorySegment(SPECIES, shift, 4 * to, ORDER);
        final FloatVector t1 = fromMemorySegment(SPECIES, shift, 4 * (to + LANES), ORDER);
        for (int r = 0; r < rows; r++) {
            final long from = 4 * (xo + r * cols);
            final long at = 4 * (yo + r * cols);
            fromMemorySegment(SPECIES, x, from, ORDER).sub(m0).fma(s0, t0).intoMemorySegment(y, at, ORDER);
            fromMemorySegment(SPECIES, x, from + 4L * LANES, ORDER)
                    .sub(m1)
                    .fma(s1, t1)
                    .intoMemorySegment(y, at + 4L * LANES, ORDER);
        }
    }

    /// The channels that fill no pair of vectors, of all rows.
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
        // What fills no pair is done one by one: no whole vector may be among that.
        final boolean inPairs = cols >= 2 * LANES && cols <= WIDE && (cols & LANES) == 0 && !accumulate;
        final int whole = cols & -LANES;
        for (int r = 0; inPairs && r < rows; r += PANEL / cols) {
            final int panel = Math.min(PANEL / cols, rows - r);
            final long row = (long) r * cols;
            for (int c = 0; c < whole; c += 2 * LANES) {
                final long at = row + c;
                gradient2(
                        x, xo + at, dy, dyo + at, dx, dxo + at, panel, cols, mean, mo + c, scale, so + c, level, lo + c,
                        slope, po + c);
            }
        }
        for (int r = 0; !inPairs && r < rows; r++) {
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

    private static void gradient2(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int rows,
            long cols,
            MemorySegment mean,
            long mo,
            MemorySegment scale,
            long so,
            MemorySegment level,
            long lo,
            MemorySegment slope,
            long po) {
        final FloatVector m0 = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER);
        final FloatVector m1 = fromMemorySegment(SPECIES, mean, 4 * (mo + LANES), ORDER);
        final FloatVector s0 = fromMemorySegment(SPECIES, scale, 4 * so, ORDER);
        final FloatVector s1 = fromMemorySegment(SPECIES, scale, 4 * (so + LANES), ORDER);
        final FloatVector l0 = fromMemorySegment(SPECIES, level, 4 * lo, ORDER);
        final FloatVector l1 = fromMemorySegment(SPECIES, level, 4 * (lo + LANES), ORDER);
        final FloatVector p0 = fromMemorySegment(SPECIES, slope, 4 * po, ORDER);
        final FloatVector p1 = fromMemorySegment(SPECIES, slope, 4 * (po + LANES), ORDER);
        for (int r = 0; r < rows; r++) {
            final long from = 4 * (xo + r * cols);
            final long dyAt = 4 * (dyo + r * cols);
            final long at = 4 * (dxo + r * cols);
            final FloatVector e0 = fromMemorySegment(SPECIES, dy, dyAt, ORDER).sub(l0);
            final FloatVector e1 =
                    fromMemorySegment(SPECIES, dy, dyAt + 4L * LANES, ORDER).sub(l1);
            final FloatVector d0 = m0.sub(fromMemorySegment(SPECIES, x, from, ORDER));
            final FloatVector d1 = m1.sub(fromMemorySegment(SPECIES, x, from + 4L * LANES, ORDER));
            d0.fma(p0, e0).mul(s0).intoMemorySegment(dx, at, ORDER);
            d1.fma(p1, e1).mul(s1).intoMemorySegment(dx, at + 4L * LANES, ORDER);
        }
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
