package dev.lanewise.kernels.convolution;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.Window;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Plain loops, which define the results.
public class ScalarConvolution extends CheckedConvolution {
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
        final Window.Axis depth = window.depth();
        final Window.Axis height = window.height();
        final Window.Axis width = window.width();
        long at = po;
        for (int p = position; p < position + rows; p++) {
            final int column = p % width.positions();
            final int line = p / width.positions();
            final int row = line % height.positions();
            final int layers = line / height.positions();
            final long sample = xo + layers / depth.positions() * window.pixels() * window.channels();
            for (int t = tap; t < tap + taps; t++) {
                final int w = width.pixel(column) + t % width.taps() * width.tapStep();
                final int h = height.pixel(row) + t / width.taps() % height.taps() * height.tapStep();
                final int d =
                        depth.pixel(layers % depth.positions()) + t / width.taps() / height.taps() * depth.tapStep();
                final boolean inside =
                        w >= 0 && w < width.size() && h >= 0 && h < height.size() && d >= 0 && d < depth.size();
                final long pixel =
                        sample + (((long) d * height.size() + h) * width.size() + w) * window.channels() + channel;
                for (int c = 0; c < channels; c++) {
                    patches.setAtIndex(JAVA_FLOAT, at++, inside ? x.getAtIndex(JAVA_FLOAT, pixel + c) : 0);
                }
            }
        }
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
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                to.setAtIndex(
                        JAVA_FLOAT, toOffset + c * ldTo + r, from.getAtIndex(JAVA_FLOAT, fromOffset + r * ldFrom + c));
            }
        }
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
        final Window.Axis height = window.height();
        final Window.Axis width = window.width();
        final int channels = window.channels();
        final int firstRow = height.firstTap(row);
        final int endRow = height.endTap(row);
        for (int p = 0; p < width.positions(); p++) {
            final int first = width.firstTap(p);
            final int end = width.endTap(p);
            for (int c = 0; c < channels; c++) {
                float sum = bias == null ? 0 : bias.getAtIndex(JAVA_FLOAT, bo + c);
                for (int i = firstRow; i < endRow; i++) {
                    final long line = (height.pixel(row) + (long) i * height.tapStep()) * width.size();
                    for (int j = first; j < end; j++) {
                        final long pixel = line + width.pixel(p) + (long) j * width.tapStep();
                        final long tap = (long) i * width.taps() + j;
                        sum = Math.fma(
                                x.getAtIndex(JAVA_FLOAT, xo + pixel * channels + c),
                                kernel.getAtIndex(JAVA_FLOAT, ko + tap * channels + c),
                                sum);
                    }
                }
                final long at = yo + p * yStep + c;
                y.setAtIndex(JAVA_FLOAT, at, accumulate ? y.getAtIndex(JAVA_FLOAT, at) + sum : sum);
            }
        }
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
        for (int i = height.firstTap(row); i < height.endTap(row); i++) {
            final long line = (height.pixel(row) + (long) i * height.tapStep()) * width.size();
            for (int j = 0; j < width.taps(); j++) {
                final long at = so + ((long) i * width.taps() + j) * all;
                for (int c = channel; c < channel + channels; c++) {
                    float sum = 0;
                    for (int p = width.firstPosition(j); p < width.endPosition(j); p++) {
                        final long pixel = line + width.pixel(p) + (long) j * width.tapStep();
                        sum = Math.fma(
                                x.getAtIndex(JAVA_FLOAT, xo + pixel * all + c),
                                dy.getAtIndex(JAVA_FLOAT, dyo + (long) p * all + c),
                                sum);
                    }
                    sums.setAtIndex(JAVA_FLOAT, at + c, sums.getAtIndex(JAVA_FLOAT, at + c) + sum);
                }
            }
        }
    }
}
