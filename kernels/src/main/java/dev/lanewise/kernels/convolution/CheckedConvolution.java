package dev.lanewise.kernels.convolution;

import static dev.lanewise.kernels.Segments.requireFloats;
import static dev.lanewise.kernels.Segments.requireMatrix;
import static dev.lanewise.kernels.Segments.requireWritableFloats;

import dev.lanewise.kernels.ConvolutionKernel;
import dev.lanewise.kernels.Window;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Checks the operands; the loops are the implementation's.
abstract class CheckedConvolution implements ConvolutionKernel {
    @Override
    public final void patches(
            Window window,
            MemorySegment x,
            long xo,
            int position,
            int rows,
            int tap,
            int taps,
            int channel,
            int channels,
            MemorySegment patches,
            long po) {
        requireRange("tap", tap, taps, window.taps());
        requireRange("channel", channel, channels, window.channels());
        if (position < 0 || rows < 0 || (rows > 0 && window.positions() == 0)) {
            throw new IllegalArgumentException(
                    "patches: rows " + position + " to " + ((long) position + rows) + " are none of a window's");
        }
        final long samples = rows == 0 ? 0 : ((long) position + rows - 1) / window.positions() + 1;
        requireFloats("patches", "x", x, xo, Math.multiplyExact(samples, window.pixels() * window.channels()));
        requireWritableFloats("patches", "patches", patches, po, (long) rows * taps * channels);
        patchesLoop(window, x, xo, position, rows, tap, taps, channel, channels, patches, po);
    }

    private static void requireRange(String what, int from, int count, int size) {
        if (from < 0 || count < 0 || count > size - from) {
            throw new IllegalArgumentException(
                    what + "s " + from + " to " + ((long) from + count) + " were asked for, the window has " + size);
        }
    }

    @Override
    public final void transpose(
            MemorySegment from,
            long fromOffset,
            int rows,
            int cols,
            long ldFrom,
            MemorySegment to,
            long toOffset,
            long ldTo,
            MemorySegment work,
            long workOffset) {
        requireMatrix("transpose", "from", from, fromOffset, rows, cols, ldFrom);
        requireMatrix("transpose", "to", to, toOffset, cols, rows, ldTo);
        requireWritableFloats("transpose", "to", to, toOffset, 0);
        requireWritableFloats("transpose", "work", work, workOffset, TRANSPOSE_WORK);
        transposeLoop(from, fromOffset, rows, cols, ldFrom, to, toOffset, ldTo, work, workOffset);
    }

    @Override
    public final void depthwiseRow(
            Window window,
            MemorySegment x,
            long xo,
            int row,
            MemorySegment kernel,
            long ko,
            @Nullable MemorySegment bias,
            long bo,
            MemorySegment y,
            long yo,
            long yStep,
            boolean accumulate) {
        final int channels = window.channels();
        requireRow("depthwiseRow", window, row);
        requireFloats("depthwiseRow", "x", x, xo, window.pixels() * channels);
        requireFloats("depthwiseRow", "kernel", kernel, ko, (long) window.taps() * channels);
        if (bias != null) {
            requireFloats("depthwiseRow", "bias", bias, bo, channels);
        }
        requireMatrix("depthwiseRow", "y", y, yo, window.width().positions(), channels, yStep);
        requireWritableFloats("depthwiseRow", "y", y, yo, 0);
        depthwiseRowLoop(window, x, xo, row, kernel, ko, bias, bo, y, yo, yStep, accumulate);
    }

    private static void requireRow(String kernel, Window window, int row) {
        if (window.depth().size() != 1
                || window.depth().positions() != 1
                || window.depth().taps() != 1) {
            throw new IllegalArgumentException(kernel + ": expected a window of depth 1, got " + window.depth());
        }
        if (row < 0 || row >= window.height().positions()) {
            throw new IllegalArgumentException(
                    kernel + ": row " + row + " of " + window.height().positions());
        }
    }

    @Override
    public final void depthwiseGradientRow(
            Window window,
            MemorySegment x,
            long xo,
            int row,
            MemorySegment dy,
            long dyo,
            int channel,
            int channels,
            MemorySegment sums,
            long so) {
        requireRow("depthwiseGradientRow", window, row);
        requireRange("channel", channel, channels, window.channels());
        requireFloats("depthwiseGradientRow", "x", x, xo, window.pixels() * window.channels());
        requireFloats(
                "depthwiseGradientRow", "dy", dy, dyo, (long) window.width().positions() * window.channels());
        requireWritableFloats("depthwiseGradientRow", "sums", sums, so, (long) window.taps() * window.channels());
        depthwiseGradientRowLoop(window, x, xo, row, dy, dyo, channel, channels, sums, so);
    }

    abstract void patchesLoop(
            Window window,
            MemorySegment x,
            long xo,
            int position,
            int rows,
            int tap,
            int taps,
            int channel,
            int channels,
            MemorySegment patches,
            long po);

    abstract void transposeLoop(
            MemorySegment from,
            long fromOffset,
            int rows,
            int cols,
            long ldFrom,
            MemorySegment to,
            long toOffset,
            long ldTo,
            MemorySegment work,
            long workOffset);

    abstract void depthwiseRowLoop(
            Window window,
            MemorySegment x,
            long xo,
            int row,
            MemorySegment kernel,
            long ko,
            @Nullable MemorySegment bias,
            long bo,
            MemorySegment y,
            long yo,
            long yStep,
            boolean accumulate);

    abstract void depthwiseGradientRowLoop(
            Window window,
            MemorySegment x,
            long xo,
            int row,
            MemorySegment dy,
            long dyo,
            int channel,
            int channels,
            MemorySegment sums,
            long so);
}
