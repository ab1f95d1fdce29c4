package dev.lanewise.kernels.channel;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Vector loops; those of sums are in [SimdChannelSums]. The last vector is masked.
public final class SimdChannel extends ScalarChannel {
    /// Up to so many channels are done four vectors at a time down a panel of rows, so that what belongs to
    /// channels stays in registers; rows of more are long enough to be done one by one.
    private static final int WIDE = 128;

    /// Floats of a panel, which is gone through four vectors after four: half of a usual L1.
    private static final int PANEL = 4096;

    @Override
    void squaredDistancesLoop(
            MemorySegment x, long xo, int rows, int cols, MemorySegment mean, long mo, MemorySegment y, long yo) {
        SimdChannelSums.squaredDistances(x, xo, rows, cols, mean, mo, y, yo);
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
        SimdChannelSums.distanceProducts(x, xo, dy, dyo, rows, cols, mean, mo, y, yo);
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
        final boolean inFours = cols > 0 && cols <= WIDE && cols % (4 * LANES) == 0;
        final int whole = vectorBound(cols);
        for (int r = 0; !inFours && r < rows; r++) {
            final long row = (long) r * cols;
            normalizeRow(x, xo + row, y, yo + row, whole, mean, mo, scale, so, shift, to);
        }
        for (int r = 0; inFours && r < rows; r += PANEL / cols) {
            final int panel = Math.min(PANEL / cols, rows - r);
            final long row = (long) r * cols;
            for (int c = 0; c < whole; c += 4 * LANES) {
                final long at = row + c;
                normalize4(x, xo + at, y, yo + at, panel, cols, mean, mo + c, scale, so + c, shift, to + c);
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

    /// Four vectors of channels, of some rows.
    private static void normalize4(
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
        final FloatVector m2 = fromMemorySegment(SPECIES, mean, 4 * (mo + 2L * LANES), ORDER);
        final FloatVector m3 = fromMemorySegment(SPECIES, mean, 4 * (mo + 3L * LANES), ORDER);
        final FloatVector s0 = fromMemorySegment(SPECIES, scale, 4 * so, ORDER);
        final FloatVector s1 = fromMemorySegment(SPECIES, scale, 4 * (so + LANES), ORDER);
        final FloatVector s2 = fromMemorySegment(SPECIES, scale, 4 * (so + 2L * LANES), ORDER);
        final FloatVector s3 = fromMemorySegment(SPECIES, scale, 4 * (so + 3L * LANES), ORDER);
        final FloatVector t0 = fromMemorySegment(SPECIES, shift, 4 * to, ORDER);
        final FloatVector t1 = fromMemorySegment(SPECIES, shift, 4 * (to + LANES), ORDER);
        final FloatVector t2 = fromMemorySegment(SPECIES, shift, 4 * (to + 2L * LANES), ORDER);
        final FloatVector t3 = fromMemorySegment(SPECIES, shift, 4 * (to + 3L * LANES), ORDER);
        for (int r = 0; r < rows; r++) {
            final long from = 4 * (xo + r * cols);
            final long at = 4 * (yo + r * cols);
            fromMemorySegment(SPECIES, x, from, ORDER).sub(m0).fma(s0, t0).intoMemorySegment(y, at, ORDER);
            fromMemorySegment(SPECIES, x, from + 4L * LANES, ORDER)
                    .sub(m1)
                    .fma(s1, t1)
                    .intoMemorySegment(y, at + 4L * LANES, ORDER);
            fromMemorySegment(SPECIES, x, from + 8L * LANES, ORDER)
                    .sub(m2)
                    .fma(s2, t2)
                    .intoMemorySegment(y, at + 8L * LANES, ORDER);
            fromMemorySegment(SPECIES, x, from + 12L * LANES, ORDER)
                    .sub(m3)
                    .fma(s3, t3)
                    .intoMemorySegment(y, at + 12L * LANES, ORDER);
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
        final boolean inFours = cols > 0 && cols <= WIDE && cols % (4 * LANES) == 0 && !accumulate;
        final int whole = vectorBound(cols);
        for (int r = 0; inFours && r < rows; r += PANEL / cols) {
            final int panel = Math.min(PANEL / cols, rows - r);
            final long row = (long) r * cols;
            for (int c = 0; c < whole; c += 4 * LANES) {
                final long at = row + c;
                gradient4(
                        x, xo + at, dy, dyo + at, dx, dxo + at, panel, cols, mean, mo + c, scale, so + c, level, lo + c,
                        slope, po + c);
            }
        }
        for (int r = 0; !inFours && r < rows; r++) {
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

    private static void gradient4(
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
        final FloatVector m2 = fromMemorySegment(SPECIES, mean, 4 * (mo + 2L * LANES), ORDER);
        final FloatVector m3 = fromMemorySegment(SPECIES, mean, 4 * (mo + 3L * LANES), ORDER);
        final FloatVector s0 = fromMemorySegment(SPECIES, scale, 4 * so, ORDER);
        final FloatVector s1 = fromMemorySegment(SPECIES, scale, 4 * (so + LANES), ORDER);
        final FloatVector s2 = fromMemorySegment(SPECIES, scale, 4 * (so + 2L * LANES), ORDER);
        final FloatVector s3 = fromMemorySegment(SPECIES, scale, 4 * (so + 3L * LANES), ORDER);
        final FloatVector l0 = fromMemorySegment(SPECIES, level, 4 * lo, ORDER);
        final FloatVector l1 = fromMemorySegment(SPECIES, level, 4 * (lo + LANES), ORDER);
        final FloatVector l2 = fromMemorySegment(SPECIES, level, 4 * (lo + 2L * LANES), ORDER);
        final FloatVector l3 = fromMemorySegment(SPECIES, level, 4 * (lo + 3L * LANES), ORDER);
        final FloatVector p0 = fromMemorySegment(SPECIES, slope, 4 * po, ORDER);
        final FloatVector p1 = fromMemorySegment(SPECIES, slope, 4 * (po + LANES), ORDER);
        final FloatVector p2 = fromMemorySegment(SPECIES, slope, 4 * (po + 2L * LANES), ORDER);
        final FloatVector p3 = fromMemorySegment(SPECIES, slope, 4 * (po + 3L * LANES), ORDER);
        for (int r = 0; r < rows; r++) {
            final long from = 4 * (xo + r * cols);
            final long dyAt = 4 * (dyo + r * cols);
            final long at = 4 * (dxo + r * cols);
            final FloatVector e0 = fromMemorySegment(SPECIES, dy, dyAt, ORDER).sub(l0);
            final FloatVector d0 = m0.sub(fromMemorySegment(SPECIES, x, from, ORDER));
            d0.fma(p0, e0).mul(s0).intoMemorySegment(dx, at, ORDER);
            final FloatVector e1 =
                    fromMemorySegment(SPECIES, dy, dyAt + 4L * LANES, ORDER).sub(l1);
            final FloatVector d1 = m1.sub(fromMemorySegment(SPECIES, x, from + 4L * LANES, ORDER));
            d1.fma(p1, e1).mul(s1).intoMemorySegment(dx, at + 4L * LANES, ORDER);
            final FloatVector e2 =
                    fromMemorySegment(SPECIES, dy, dyAt + 8L * LANES, ORDER).sub(l2);
            final FloatVector d2 = m2.sub(fromMemorySegment(SPECIES, x, from + 8L * LANES, ORDER));
            d2.fma(p2, e2).mul(s2).intoMemorySegment(dx, at + 8L * LANES, ORDER);
            final FloatVector e3 =
                    fromMemorySegment(SPECIES, dy, dyAt + 12L * LANES, ORDER).sub(l3);
            final FloatVector d3 = m3.sub(fromMemorySegment(SPECIES, x, from + 12L * LANES, ORDER));
            d3.fma(p3, e3).mul(s3).intoMemorySegment(dx, at + 12L * LANES, ORDER);
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
