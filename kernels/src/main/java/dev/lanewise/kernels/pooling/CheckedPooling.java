package dev.lanewise.kernels.pooling;

import static dev.lanewise.kernels.Segments.requireFloats;
import static dev.lanewise.kernels.Segments.requireWritableFloats;

import dev.lanewise.kernels.PoolingKernel;
import java.lang.foreign.MemorySegment;

/// Checks the operands; the loops are the implementation's.
abstract class CheckedPooling implements PoolingKernel {
    @Override
    public final void max(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width) {
        requireWindows("max", "x", x, xo, channels, count, step, depth, planeStride, height, rowStride, width);
        requireWritableFloats("max", "y", y, yo, (long) count * channels);
        maxLoop(x, xo, y, yo, channels, count, step, depth, planeStride, height, rowStride, width);
    }

    @Override
    public final void maxGradient(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width) {
        requireWindows("maxGradient", "x", x, xo, channels, count, step, depth, planeStride, height, rowStride, width);
        requireFloats("maxGradient", "y", y, yo, (long) count * channels);
        requireFloats("maxGradient", "dy", dy, dyo, (long) count * channels);
        requireWindows(
                "maxGradient", "dx", dx, dxo, channels, count, step, depth, planeStride, height, rowStride, width);
        requireWritableFloats("maxGradient", "dx", dx, dxo, 0);
        maxGradientLoop(
                x, xo, y, yo, dy, dyo, dx, dxo, channels, count, step, depth, planeStride, height, rowStride, width);
    }

    @Override
    public final void sum(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            float divisor,
            boolean accumulate) {
        requireWindows("sum", "x", x, xo, channels, count, step, depth, planeStride, height, rowStride, width);
        requireWritableFloats("sum", "y", y, yo, (long) count * channels);
        sumLoop(x, xo, y, yo, channels, count, step, depth, planeStride, height, rowStride, width, divisor, accumulate);
    }

    @Override
    public final void spread(
            MemorySegment y,
            long yo,
            MemorySegment x,
            long xo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            float divisor,
            boolean accumulate) {
        requireFloats("spread", "y", y, yo, (long) count * channels);
        requireWindows("spread", "x", x, xo, channels, count, step, depth, planeStride, height, rowStride, width);
        requireWritableFloats("spread", "x", x, xo, 0);
        spreadLoop(
                y, yo, x, xo, channels, count, step, depth, planeStride, height, rowStride, width, divisor, accumulate);
    }

    /// The floats from the first of the first window to the last of the last one.
    private static void requireWindows(
            String kernel,
            String operand,
            MemorySegment x,
            long xo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width) {
        requireFloats(kernel, operand, x, xo, 0);
        if (channels < 1 || count < 0 || depth < 1 || height < 1 || width < 1) {
            throw new IllegalArgumentException(kernel + ": expected windows of at least one cell and channel, got "
                    + count + " of [" + depth + ", " + height + ", " + width + ", " + channels + "]");
        }
        if (step < 0 || planeStride < 0 || rowStride < 0) {
            throw new IllegalArgumentException(
                    kernel + ": expected strides of 0 or more, got " + step + ", " + planeStride + " and " + rowStride);
        }
        if (count == 0) {
            return;
        }
        // No stride is longer than the segment, so that nothing overflows.
        final long size = x.byteSize() / Float.BYTES;
        if ((step > size && count > 1) || (planeStride > size && depth > 1) || (rowStride > size && height > 1)) {
            throw new IllegalArgumentException(kernel + ": " + operand + ": strides " + step + ", " + planeStride
                    + " and " + rowStride + " lead out of a segment of " + size + " floats");
        }
        final long last = (count - 1) * (count > 1 ? step : 0)
                + (depth - 1) * (depth > 1 ? planeStride : 0)
                + (height - 1) * (height > 1 ? rowStride : 0);
        requireFloats(kernel, operand, x, xo, last + (long) width * channels);
    }

    abstract void maxLoop(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width);

    abstract void maxGradientLoop(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width);

    abstract void sumLoop(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            float divisor,
            boolean accumulate);

    abstract void spreadLoop(
            MemorySegment y,
            long yo,
            MemorySegment x,
            long xo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            float divisor,
            boolean accumulate);
}
