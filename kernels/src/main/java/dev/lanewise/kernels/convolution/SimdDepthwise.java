package dev.lanewise.kernels.convolution;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.lanewise.kernels.Window;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/// A row of a depthwise convolution: vectors of channels, positions that meet every tap four at a time.
final class SimdDepthwise {
    private SimdDepthwise() {}

    /// As [ConvolutionKernel#depthwiseRow].
    static void row(
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
        final Window.Axis width = window.width();
        final int channels = window.channels();
        final int positions = width.positions();
        final int whole = channels & -LANES;
        // Positions at which every tap meets a pixel.
        int inner = positions;
        int outer = 0;
        if (width.taps() > 0) {
            final int last = width.taps() - 1;
            inner = Math.min(positions, Math.max(width.firstPosition(0), width.firstPosition(last)));
            outer = Math.max(inner, Math.min(width.endPosition(0), width.endPosition(last)));
        }
        // Where taps begin and end takes divisions: once for a row and for a position, not for each vector.
        final int firstRow = window.height().firstTap(row);
        final int endRow = window.height().endTap(row);
        final long line = xo + (long) window.height().pixel(row) * width.size() * channels;
        for (int p = 0; p < positions; p++) {
            if (p == inner && inner < outer) {
                p = outer - 1;
                continue;
            }
            position(window, x, line, firstRow, endRow, p, kernel, ko, bias, bo, y, yo + p * yStep, accumulate, whole);
        }
        for (int c = 0; inner < outer && c < whole; c += LANES) {
            vector(window, x, line, firstRow, endRow, kernel, ko, bias, bo, y, yo, yStep, accumulate, inner, outer, c);
        }
        if (whole < channels) {
            last(window, x, xo, row, kernel, ko, bias, bo, y, yo, yStep, accumulate, whole);
        }
    }

    /// The channels that fill no vector, from `c` on.
    private static void last(
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
            boolean accumulate,
            int c) {
        final Window.Axis height = window.height();
        final Window.Axis width = window.width();
        final long channels = window.channels();
        final int firstRow = height.firstTap(row);
        final int endRow = height.endTap(row);
        final VectorMask<Float> mask = SPECIES.indexInRange(c, window.channels());
        for (int p = 0; p < width.positions(); p++) {
            final int first = width.firstTap(p);
            final int end = width.endTap(p);
            FloatVector sum = bias == null
                    ? FloatVector.broadcast(SPECIES, 0)
                    : fromMemorySegment(SPECIES, bias, 4 * (bo + c), ORDER, mask);
            for (int i = firstRow; i < endRow; i++) {
                final long line = (height.pixel(row) + (long) i * height.tapStep()) * width.size() + width.pixel(p);
                for (int j = first; j < end; j++) {
                    final long at = xo + (line + (long) j * width.tapStep()) * channels + c;
                    final long k = ko + ((long) i * width.taps() + j) * channels + c;
                    final FloatVector v = fromMemorySegment(SPECIES, x, 4 * at, ORDER, mask);
                    sum = v.fma(fromMemorySegment(SPECIES, kernel, 4 * k, ORDER, mask), sum);
                }
            }
            final long to = 4 * (yo + p * yStep + c);
            if (accumulate) {
                sum = fromMemorySegment(SPECIES, y, to, ORDER, mask).add(sum);
            }
            sum.intoMemorySegment(y, to, ORDER, mask);
        }
    }

    /// One position at a border, vector by vector.
    private static void position(
            Window window,
            MemorySegment x,
            long line,
            int firstRow,
            int endRow,
            int p,
            MemorySegment kernel,
            long ko,
            @Nullable MemorySegment bias,
            long bo,
            MemorySegment y,
            long yo,
            boolean accumulate,
            int whole) {
        final int first = window.width().firstTap(p);
        final int end = window.width().endTap(p);
        final long at = line + (long) window.width().pixel(p) * window.channels();
        for (int c = 0; c < whole; c += LANES) {
            one(
                    window,
                    x,
                    at + c,
                    firstRow,
                    endRow,
                    first,
                    end,
                    kernel,
                    ko + c,
                    bias,
                    bo + c,
                    y,
                    4 * (yo + c),
                    accumulate);
        }
    }

    /// One vector of channels at the positions `inner .. outer`, where every tap meets a pixel: four at a
    /// time. The last four may be some of those before once more.
    private static void vector(
            Window window,
            MemorySegment x,
            long line,
            int firstRow,
            int endRow,
            MemorySegment kernel,
            long ko,
            @Nullable MemorySegment bias,
            long bo,
            MemorySegment y,
            long yo,
            long yStep,
            boolean accumulate,
            int inner,
            int outer,
            int c) {
        final Window.Axis width = window.width();
        final long channels = window.channels();
        final int again = accumulate || outer - inner < 4 ? outer : outer - 4;
        int p = inner;
        while (p < outer) {
            if (p + 4 > outer && again < outer) {
                p = again;
            }
            final long at = line + width.pixel(p) * channels + c;
            if (p + 4 <= outer) {
                four(
                        window,
                        x,
                        at,
                        firstRow,
                        endRow,
                        kernel,
                        ko + c,
                        bias,
                        bo + c,
                        y,
                        4 * (yo + p * yStep + c),
                        yStep,
                        accumulate);
                p += 4;
            } else {
                one(
                        window,
                        x,
                        at,
                        firstRow,
                        endRow,
                        0,
                        width.taps(),
                        kernel,
                        ko + c,
                        bias,
                        bo + c,
                        y,
                        4 * (yo + p * yStep + c),
                        accumulate);
                p++;
            }
        }
    }

    /// @param at of the first tap's pixel
    /// @param to of the result, in bytes
    private static void one(
            Window window,
            MemorySegment x,
            long at,
            int firstRow,
            int endRow,
            int first,
            int end,
            MemorySegment kernel,
            long ko,
            @Nullable MemorySegment bias,
            long bo,
            MemorySegment y,
            long to,
            boolean accumulate) {
        final long channels = 4L * window.channels();
        final long row = channels * window.width().size() * window.height().tapStep();
        final long tap = channels * window.width().tapStep();
        final int taps = window.width().taps();
        FloatVector sum =
                bias == null ? FloatVector.broadcast(SPECIES, 0) : fromMemorySegment(SPECIES, bias, 4 * bo, ORDER);
        for (int i = firstRow; i < endRow; i++) {
            final long x0 = 4 * at + i * row;
            final long k0 = 4 * ko + (long) i * taps * channels;
            for (int j = first; j < end; j++) {
                final FloatVector v = fromMemorySegment(SPECIES, x, x0 + j * tap, ORDER);
                sum = v.fma(fromMemorySegment(SPECIES, kernel, k0 + j * channels, ORDER), sum);
            }
        }
        if (accumulate) {
            sum = fromMemorySegment(SPECIES, y, to, ORDER).add(sum);
        }
        sum.intoMemorySegment(y, to, ORDER);
    }

    /// As [#one], at four positions.
    private static void four(
            Window window,
            MemorySegment x,
            long at,
            int firstRow,
            int endRow,
            MemorySegment kernel,
            long ko,
            @Nullable MemorySegment bias,
            long bo,
            MemorySegment y,
            long y0,
            long yStep,
            boolean accumulate) {
        final long channels = 4L * window.channels();
        final long row = channels * window.width().size() * window.height().tapStep();
        final long next = channels * window.width().step();
        final long tap = channels * window.width().tapStep();
        final int taps = window.width().taps();
        FloatVector sum0 =
                bias == null ? FloatVector.broadcast(SPECIES, 0) : fromMemorySegment(SPECIES, bias, 4 * bo, ORDER);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int i = firstRow; i < endRow; i++) {
            final long x0 = 4 * at + i * row;
            final long k0 = 4 * ko + (long) i * taps * channels;
            for (int j = 0; j < taps; j++) {
                final FloatVector w = fromMemorySegment(SPECIES, kernel, k0 + j * channels, ORDER);
                final long from = x0 + j * tap;
                sum0 = fromMemorySegment(SPECIES, x, from, ORDER).fma(w, sum0);
                sum1 = fromMemorySegment(SPECIES, x, from + next, ORDER).fma(w, sum1);
                sum2 = fromMemorySegment(SPECIES, x, from + 2 * next, ORDER).fma(w, sum2);
                sum3 = fromMemorySegment(SPECIES, x, from + 3 * next, ORDER).fma(w, sum3);
            }
        }
        final long y1 = y0 + 4 * yStep;
        final long y2 = y1 + 4 * yStep;
        final long y3 = y2 + 4 * yStep;
        if (accumulate) {
            sum0 = fromMemorySegment(SPECIES, y, y0, ORDER).add(sum0);
            sum1 = fromMemorySegment(SPECIES, y, y1, ORDER).add(sum1);
            sum2 = fromMemorySegment(SPECIES, y, y2, ORDER).add(sum2);
            sum3 = fromMemorySegment(SPECIES, y, y3, ORDER).add(sum3);
        }
        sum0.intoMemorySegment(y, y0, ORDER);
        sum1.intoMemorySegment(y, y1, ORDER);
        sum2.intoMemorySegment(y, y2, ORDER);
        sum3.intoMemorySegment(y, y3, ORDER);
    }
}
