package dev.lanewise.kernels.convolution;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.lanewise.kernels.Window;
import dev.lanewise.kernels.gemm.SimdTranspose;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/// Vector loops; channels that fill no vector are masked.
public final class SimdConvolution extends ScalarConvolution {
    @Override
    void patchesLoop(
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
        if (rows == 0 || taps == 0 || channels == 0) {
            return;
        }
        final Window.Axis depth = window.depth();
        final Window.Axis height = window.height();
        final Window.Axis width = window.width();
        final int firstWide = tap % width.taps();
        final int firstHigh = tap / width.taps() % height.taps();
        final int firstDeep = tap / width.taps() / height.taps();
        int column = position % width.positions();
        int row = position / width.positions() % height.positions();
        int layer = position / width.positions() / height.positions() % depth.positions();
        final long perSample = window.pixels() * window.channels();
        long sample = xo + position / window.positions() * perSample;
        final boolean joined = width.tapStep() == 1 && channels == window.channels();
        final int step = taps * channels;
        final long end = po + (long) rows * step;
        // Whole runs of taps in one slice of the depth lie at equal distances in the source.
        final int runs = taps / width.taps();
        final boolean whole =
                joined && firstWide == 0 && taps == runs * width.taps() && firstHigh + runs <= height.taps();
        int count;
        for (long at = po; at < end; at += (long) count * step) {
            count = 1;
            final int first = width.pixel(column);
            // Where no tap along the width misses, runs of taps are copied as they are.
            final boolean inner = joined && first >= 0 && first + width.taps() <= width.size();
            final int deep = depth.pixel(layer) + firstDeep * depth.tapStep();
            final int high = height.pixel(row) + firstHigh * height.tapStep();
            if (whole
                    && inner
                    && isPixel(depth, deep)
                    && isPixel(height, high)
                    && isPixel(height, high + (runs - 1) * height.tapStep())) {
                final int meeting = (width.size() - width.taps() - first) / width.step() + 1;
                count = (int) Math.min((end - at) / step, Math.min(width.positions() - column, meeting));
                lines(
                        x,
                        sample + channel + (((long) deep * height.size() + high) * width.size() + first) * channels,
                        width.step() * channels,
                        (long) height.tapStep() * width.size() * channels,
                        count,
                        runs,
                        width.taps() * channels,
                        patches,
                        at,
                        end);
            } else {
                patch(
                        window,
                        x,
                        sample + channel,
                        deep,
                        row,
                        first,
                        firstWide,
                        firstHigh,
                        taps,
                        channels,
                        inner,
                        joined,
                        patches,
                        at,
                        end);
            }
            column += count;
            if (column == width.positions()) {
                column = 0;
                if (++row == height.positions()) {
                    row = 0;
                    if (++layer == depth.positions()) {
                        layer = 0;
                        sample += perSample;
                    }
                }
            }
        }
    }

    private static boolean isPixel(Window.Axis axis, int pixel) {
        return pixel >= 0 && pixel < axis.size();
    }

    /// Some rows whose runs of taps all meet pixels.
    ///
    /// @param f the first run's place in the source
    /// @param step from there to that of the next row, `lineStep` to the next run
    /// @param n floats of a run
    private static void lines(
            MemorySegment x,
            long f,
            int step,
            long lineStep,
            int rows,
            int runs,
            int n,
            MemorySegment to,
            long at,
            long end) {
        long t = at;
        for (int r = 0; r < rows; r++) {
            long from = f + (long) r * step;
            for (int run = 0; run < runs; run++) {
                copy(x, from, to, t, n, end);
                from += lineStep;
                t += n;
            }
        }
    }

    /// One row: runs of taps along the width, each in one line of the source.
    ///
    /// @param end of the patches, which may be written beyond the run, since the next one follows
    private static void patch(
            Window window,
            MemorySegment x,
            long sample,
            int deep,
            int row,
            int wide,
            int firstWide,
            int firstHigh,
            int taps,
            int channels,
            boolean inner,
            boolean joined,
            MemorySegment to,
            long at,
            long end) {
        final Window.Axis depth = window.depth();
        final Window.Axis height = window.height();
        final Window.Axis width = window.width();
        final long pixel = window.channels();
        int j = firstWide;
        int i = firstHigh;
        int d = deep;
        int left = taps;
        while (left > 0) {
            final int run = Math.min(left, width.taps() - j);
            final int h = height.pixel(row) + i * height.tapStep();
            if (d < 0 || d >= depth.size() || h < 0 || h >= height.size()) {
                zero(to, at, run * channels);
            } else {
                final long line = sample + ((long) d * height.size() + h) * width.size() * pixel;
                final int w = wide + j * width.tapStep();
                if (inner) {
                    copy(x, line + w * pixel, to, at, run * channels, end);
                } else if (joined) {
                    border(x, line, w, width.size(), run, channels, to, at, end);
                } else {
                    apart(window, x, line, w, run, channels, to, at, end);
                }
            }
            at += (long) run * channels;
            left -= run;
            j = 0;
            if (++i == height.taps()) {
                i = 0;
                d += depth.tapStep();
            }
        }
    }

    /// A run of neighbours in memory, some of them beyond the ends of the line.
    private static void border(
            MemorySegment x, long line, int w, int size, int run, int channels, MemorySegment to, long at, long end) {
        final int first = Math.clamp(-w, 0, run);
        final int last = Math.clamp(size - w, first, run);
        zero(to, at, first * channels);
        copy(x, line + (long) (w + first) * channels, to, at + (long) first * channels, (last - first) * channels, end);
        zero(to, at + (long) last * channels, (run - last) * channels);
    }

    /// A run of taps that are not neighbours in memory.
    private static void apart(
            Window window,
            MemorySegment x,
            long line,
            int w,
            int run,
            int channels,
            MemorySegment to,
            long at,
            long end) {
        final int size = window.width().size();
        final int tapStep = window.width().tapStep();
        final long all = window.channels();
        for (int t = 0; t < run; t++) {
            final int pixel = w + t * tapStep;
            if (pixel < 0 || pixel >= size) {
                zero(to, at + (long) t * channels, channels);
            } else {
                copy(x, line + pixel * all, to, at + (long) t * channels, channels, end);
            }
        }
    }

    /// The last vector may overlap the one before. What is shorter than a vector is copied as a whole one
    /// where both
    /// sides have room: what is written too much before `end` is written again.
    private static void copy(MemorySegment from, long f, MemorySegment to, long t, int n, long end) {
        if (n < LANES) {
            if (t + LANES <= end && 4 * (f + LANES) <= from.byteSize()) {
                fromMemorySegment(SPECIES, from, 4 * f, ORDER).intoMemorySegment(to, 4 * t, ORDER);
            } else {
                copyFew(from, f, to, t, n);
            }
            return;
        }
        final int last = n - LANES;
        for (int i = 0; i < last; i += LANES) {
            fromMemorySegment(SPECIES, from, 4 * (f + i), ORDER).intoMemorySegment(to, 4 * (t + i), ORDER);
        }
        fromMemorySegment(SPECIES, from, 4 * (f + last), ORDER).intoMemorySegment(to, 4 * (t + last), ORDER);
    }

    private static void copyFew(MemorySegment from, long f, MemorySegment to, long t, int n) {
        for (int i = 0; i < n; i++) {
            to.setAtIndex(JAVA_FLOAT, t + i, from.getAtIndex(JAVA_FLOAT, f + i));
        }
    }

    private static void zero(MemorySegment to, long t, int n) {
        if (n < LANES) {
            for (int i = 0; i < n; i++) {
                to.setAtIndex(JAVA_FLOAT, t + i, 0);
            }
            return;
        }
        final FloatVector zero = FloatVector.broadcast(SPECIES, 0);
        final int last = n - LANES;
        for (int i = 0; i < last; i += LANES) {
            zero.intoMemorySegment(to, 4 * (t + i), ORDER);
        }
        zero.intoMemorySegment(to, 4 * (t + last), ORDER);
    }

    @Override
    void transposeLoop(
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
        final int wholeRows = rows & -LANES;
        final int wholeCols = cols & -LANES;
        for (int r = 0; r < wholeRows; r += LANES) {
            for (int c = 0; c < wholeCols; c += LANES) {
                SimdTranspose.square(
                        from, fromOffset + r * ldFrom + c, ldFrom, to, toOffset + c * ldTo + r, ldTo, work, workOffset);
            }
        }
        super.transposeLoop(
                from,
                fromOffset + wholeCols,
                wholeRows,
                cols - wholeCols,
                ldFrom,
                to,
                toOffset + wholeCols * ldTo,
                ldTo,
                work,
                workOffset);
        super.transposeLoop(
                from,
                fromOffset + wholeRows * ldFrom,
                rows - wholeRows,
                cols,
                ldFrom,
                to,
                toOffset + wholeRows,
                ldTo,
                work,
                workOffset);
    }

    @Override
    void depthwiseRowLoop(
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
        SimdDepthwise.row(window, x, xo, row, kernel, ko, bias, bo, y, yo, yStep, accumulate);
    }

    @Override
    void depthwiseGradientRowLoop(
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
        final Window.Axis height = window.height();
        final Window.Axis width = window.width();
        final int all = window.channels();
        final int end = channel + channels;
        final int four = channel + (channels & -(4 * LANES));
        final int whole = channel + (channels & -LANES);
        for (int i = height.firstTap(row); i < height.endTap(row); i++) {
            final long line = (height.pixel(row) + (long) i * height.tapStep()) * width.size();
            for (int j = 0; j < width.taps(); j++) {
                final int first = width.firstPosition(j);
                final int count = width.endPosition(j) - first;
                if (count <= 0) {
                    continue;
                }
                final long x0 = xo + (line + width.pixel(first) + (long) j * width.tapStep()) * all;
                final long dy0 = dyo + (long) first * all;
                final long sum = so + ((long) i * width.taps() + j) * all;
                final long xStep = (long) width.step() * all;
                for (int c = channel; c < four; c += 4 * LANES) {
                    products4(x, x0 + c, xStep, dy, dy0 + c, all, count, sums, sum + c);
                }
                for (int c = four; c < whole; c += LANES) {
                    products(x, x0 + c, xStep, dy, dy0 + c, all, count, sums, sum + c);
                }
                for (int c = whole; c < end; c++) {
                    float s = 0;
                    for (int p = 0; p < count; p++) {
                        s = Math.fma(
                                x.getAtIndex(JAVA_FLOAT, x0 + p * xStep + c),
                                dy.getAtIndex(JAVA_FLOAT, dy0 + (long) p * all + c),
                                s);
                    }
                    sums.setAtIndex(JAVA_FLOAT, sum + c, sums.getAtIndex(JAVA_FLOAT, sum + c) + s);
                }
            }
        }
    }

    private static void products(
            MemorySegment x,
            long xo,
            long xStep,
            MemorySegment dy,
            long dyo,
            long dyStep,
            int n,
            MemorySegment sums,
            long so) {
        FloatVector sum = FloatVector.broadcast(SPECIES, 0);
        for (int p = 0; p < n; p++) {
            final FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + p * xStep), ORDER);
            sum = v.fma(fromMemorySegment(SPECIES, dy, 4 * (dyo + p * dyStep), ORDER), sum);
        }
        fromMemorySegment(SPECIES, sums, 4 * so, ORDER).add(sum).intoMemorySegment(sums, 4 * so, ORDER);
    }

    private static void products4(
            MemorySegment x,
            long xo,
            long xStep,
            MemorySegment dy,
            long dyo,
            long dyStep,
            int n,
            MemorySegment sums,
            long so) {
        FloatVector sum0 = FloatVector.broadcast(SPECIES, 0);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int p = 0; p < n; p++) {
            final long at = 4 * (xo + p * xStep);
            final long dyAt = 4 * (dyo + p * dyStep);
            sum0 = fromMemorySegment(SPECIES, x, at, ORDER).fma(fromMemorySegment(SPECIES, dy, dyAt, ORDER), sum0);
            sum1 = fromMemorySegment(SPECIES, x, at + 4L * LANES, ORDER)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 4L * LANES, ORDER), sum1);
            sum2 = fromMemorySegment(SPECIES, x, at + 8L * LANES, ORDER)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 8L * LANES, ORDER), sum2);
            sum3 = fromMemorySegment(SPECIES, x, at + 12L * LANES, ORDER)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 12L * LANES, ORDER), sum3);
        }
        final long s = 4 * so;
        fromMemorySegment(SPECIES, sums, s, ORDER).add(sum0).intoMemorySegment(sums, s, ORDER);
        fromMemorySegment(SPECIES, sums, s + 4L * LANES, ORDER)
                .add(sum1)
                .intoMemorySegment(sums, s + 4L * LANES, ORDER);
        fromMemorySegment(SPECIES, sums, s + 8L * LANES, ORDER)
                .add(sum2)
                .intoMemorySegment(sums, s + 8L * LANES, ORDER);
        fromMemorySegment(SPECIES, sums, s + 12L * LANES, ORDER)
                .add(sum3)
                .intoMemorySegment(sums, s + 12L * LANES, ORDER);
    }
}
