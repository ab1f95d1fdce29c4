package dev.lanewise.kernels.channel;

import static dev.lanewise.kernels.Segments.requireFloats;
import static dev.lanewise.kernels.Segments.requireMatrix;
import static dev.lanewise.kernels.Segments.requireWritableFloats;

import dev.lanewise.kernels.ChannelKernel;
import java.lang.foreign.MemorySegment;

/// Checks the operands; the loops are the implementation's.
abstract class CheckedChannel implements ChannelKernel {
    @Override
    public final void squaredDistances(
            MemorySegment x, long xo, int rows, int cols, MemorySegment mean, long mo, MemorySegment y, long yo) {
        requireMatrix("squaredDistances", "x", x, xo, rows, cols, cols);
        requireFloats("squaredDistances", "mean", mean, mo, cols);
        requireWritableFloats("squaredDistances", "y", y, yo, cols);
        squaredDistancesLoop(x, xo, rows, cols, mean, mo, y, yo);
    }

    @Override
    public final void distanceProducts(
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
        requireMatrix("distanceProducts", "x", x, xo, rows, cols, cols);
        requireMatrix("distanceProducts", "dy", dy, dyo, rows, cols, cols);
        requireFloats("distanceProducts", "mean", mean, mo, cols);
        requireWritableFloats("distanceProducts", "y", y, yo, cols);
        distanceProductsLoop(x, xo, dy, dyo, rows, cols, mean, mo, y, yo);
    }

    @Override
    public final void normalize(
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
        requireMatrix("normalize", "x", x, xo, rows, cols, cols);
        requireMatrix("normalize", "y", y, yo, rows, cols, cols);
        requireWritableFloats("normalize", "y", y, yo, 0);
        requireFloats("normalize", "mean", mean, mo, cols);
        requireFloats("normalize", "scale", scale, so, cols);
        requireFloats("normalize", "shift", shift, to, cols);
        normalizeLoop(x, xo, y, yo, rows, cols, mean, mo, scale, so, shift, to);
    }

    @Override
    public final void normalizeGradient(
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
        requireMatrix("normalizeGradient", "x", x, xo, rows, cols, cols);
        requireMatrix("normalizeGradient", "dy", dy, dyo, rows, cols, cols);
        requireMatrix("normalizeGradient", "dx", dx, dxo, rows, cols, cols);
        requireWritableFloats("normalizeGradient", "dx", dx, dxo, 0);
        requireFloats("normalizeGradient", "mean", mean, mo, cols);
        requireFloats("normalizeGradient", "scale", scale, so, cols);
        requireFloats("normalizeGradient", "level", level, lo, cols);
        requireFloats("normalizeGradient", "slope", slope, po, cols);
        normalizeGradientLoop(
                x, xo, dy, dyo, dx, dxo, rows, cols, mean, mo, scale, so, level, lo, slope, po, accumulate);
    }

    abstract void squaredDistancesLoop(
            MemorySegment x, long xo, int rows, int cols, MemorySegment mean, long mo, MemorySegment y, long yo);

    abstract void distanceProductsLoop(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            int rows,
            int cols,
            MemorySegment mean,
            long mo,
            MemorySegment y,
            long yo);

    abstract void normalizeLoop(
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
            long to);

    abstract void normalizeGradientLoop(
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
            boolean accumulate);
}
