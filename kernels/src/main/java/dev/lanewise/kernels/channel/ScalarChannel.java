package dev.lanewise.kernels.channel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/// Plain loops, which define the results.
public class ScalarChannel extends CheckedChannel {
    @Override
    void squaredDistancesLoop(
            MemorySegment x, long xo, int rows, int cols, MemorySegment mean, long mo, MemorySegment y, long yo) {
        for (int c = 0; c < cols; c++) {
            final float m = mean.getAtIndex(JAVA_FLOAT, mo + c);
            float sum = 0;
            for (int r = 0; r < rows; r++) {
                final float d = x.getAtIndex(JAVA_FLOAT, xo + (long) r * cols + c) - m;
                sum = Math.fma(d, d, sum);
            }
            y.setAtIndex(JAVA_FLOAT, yo + c, sum);
        }
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
        for (int c = 0; c < cols; c++) {
            final float m = mean.getAtIndex(JAVA_FLOAT, mo + c);
            float sum = 0;
            for (int r = 0; r < rows; r++) {
                final float d = x.getAtIndex(JAVA_FLOAT, xo + (long) r * cols + c) - m;
                sum = Math.fma(d, dy.getAtIndex(JAVA_FLOAT, dyo + (long) r * cols + c), sum);
            }
            y.setAtIndex(JAVA_FLOAT, yo + c, sum);
        }
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
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                final float d =
                        x.getAtIndex(JAVA_FLOAT, xo + (long) r * cols + c) - mean.getAtIndex(JAVA_FLOAT, mo + c);
                final float v = Math.fma(d, scale.getAtIndex(JAVA_FLOAT, so + c), shift.getAtIndex(JAVA_FLOAT, to + c));
                y.setAtIndex(JAVA_FLOAT, yo + (long) r * cols + c, v);
            }
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
        gradientColumns(x, xo, dy, dyo, dx, dxo, rows, cols, 0, mean, mo, scale, so, level, lo, slope, po, accumulate);
    }

    /// The columns from `first` on.
    static void gradientColumns(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int rows,
            int cols,
            int first,
            MemorySegment mean,
            long mo,
            MemorySegment scale,
            long so,
            MemorySegment level,
            long lo,
            MemorySegment slope,
            long po,
            boolean accumulate) {
        for (int c = first; c < cols; c++) {
            final float m = mean.getAtIndex(JAVA_FLOAT, mo + c);
            final float s = scale.getAtIndex(JAVA_FLOAT, so + c);
            final float l = level.getAtIndex(JAVA_FLOAT, lo + c);
            final float p = slope.getAtIndex(JAVA_FLOAT, po + c);
            for (int r = 0; r < rows; r++) {
                final long at = (long) r * cols + c;
                final float d = m - x.getAtIndex(JAVA_FLOAT, xo + at);
                final float e = dy.getAtIndex(JAVA_FLOAT, dyo + at) - l;
                final float g = Math.fma(d, p, e) * s;
                dx.setAtIndex(JAVA_FLOAT, dxo + at, accumulate ? dx.getAtIndex(JAVA_FLOAT, dxo + at) + g : g);
            }
        }
    }
}
