package dev.lanewise.kernels.pooling;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/// Plain loops, which define the results.
public class ScalarPooling extends CheckedPooling {
    @Override
    void maxLoop(
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
        for (long i = 0; i < count; i++) {
            for (int c = 0; c < channels; c++) {
                float max = Float.NEGATIVE_INFINITY;
                for (long d = 0; d < depth; d++) {
                    for (long h = 0; h < height; h++) {
                        for (long w = 0; w < width; w++) {
                            long at = xo + i * step + c + d * planeStride + h * rowStride + w * channels;
                            max = Math.max(max, x.getAtIndex(JAVA_FLOAT, at));
                        }
                    }
                }
                y.setAtIndex(JAVA_FLOAT, yo + i * channels + c, max);
            }
        }
    }

    @Override
    void maxGradientLoop(
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
        for (long i = 0; i < count; i++) {
            for (int c = 0; c < channels; c++) {
                float max = y.getAtIndex(JAVA_FLOAT, yo + i * channels + c);
                float left = dy.getAtIndex(JAVA_FLOAT, dyo + i * channels + c);
                for (long d = 0; d < depth; d++) {
                    for (long h = 0; h < height; h++) {
                        for (long w = 0; w < width; w++) {
                            long at = xo + i * step + c + d * planeStride + h * rowStride + w * channels;
                            boolean equal = x.getAtIndex(JAVA_FLOAT, at) == max;
                            long to = at - xo + dxo;
                            dx.setAtIndex(JAVA_FLOAT, to, dx.getAtIndex(JAVA_FLOAT, to) + (equal ? left : 0));
                            left = equal ? 0 : left;
                        }
                    }
                }
            }
        }
    }

    @Override
    void sumLoop(
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
        for (long i = 0; i < count; i++) {
            for (int c = 0; c < channels; c++) {
                float sum = 0;
                for (long d = 0; d < depth; d++) {
                    for (long h = 0; h < height; h++) {
                        for (long w = 0; w < width; w++) {
                            long at = xo + i * step + c + d * planeStride + h * rowStride + w * channels;
                            sum += x.getAtIndex(JAVA_FLOAT, at);
                        }
                    }
                }
                float mean = sum / divisor;
                long to = yo + i * channels + c;
                y.setAtIndex(JAVA_FLOAT, to, accumulate ? y.getAtIndex(JAVA_FLOAT, to) + mean : mean);
            }
        }
    }

    @Override
    void spreadLoop(
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
        for (long i = 0; i < count; i++) {
            for (int c = 0; c < channels; c++) {
                float g = y.getAtIndex(JAVA_FLOAT, yo + i * channels + c) / divisor;
                for (long d = 0; d < depth; d++) {
                    for (long h = 0; h < height; h++) {
                        for (long w = 0; w < width; w++) {
                            long at = xo + i * step + c + d * planeStride + h * rowStride + w * channels;
                            x.setAtIndex(JAVA_FLOAT, at, accumulate ? x.getAtIndex(JAVA_FLOAT, at) + g : g);
                        }
                    }
                }
            }
        }
    }
}
