package dev.lanewise.kernels.pooling;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Vectors along the channels: four at a time where there are as many, so that a turn of the loops over the
/// cells has enough to do, then one, the last one under a mask. A method each for four and for one, so that
/// HotSpot compiles each loop for itself.
public final class SimdPooling extends ScalarPooling {
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
        int four = channels & -(4 * LANES);
        for (long i = 0; i < count; i++) {
            for (int c = 0; c < four; c += 4 * LANES) {
                maxOf4(
                        x,
                        xo + i * step + c,
                        y,
                        yo + i * channels + c,
                        depth,
                        planeStride,
                        height,
                        rowStride,
                        width,
                        channels);
            }
            for (int c = four; c < channels; c += LANES) {
                maxOf1(
                        x,
                        xo + i * step + c,
                        y,
                        yo + i * channels + c,
                        depth,
                        planeStride,
                        height,
                        rowStride,
                        width,
                        channels,
                        channels - c);
            }
        }
    }

    private static void maxOf4(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            long cell) {
        FloatVector max0 = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        FloatVector max1 = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        FloatVector max2 = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        FloatVector max3 = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        for (long d = 0; d < depth; d++) {
            for (long h = 0; h < height; h++) {
                long at = xo + d * planeStride + h * rowStride;
                for (int w = 0; w < width; w++) {
                    max0 = max0.max(fromMemorySegment(SPECIES, x, 4 * at, ORDER));
                    max1 = max1.max(fromMemorySegment(SPECIES, x, 4 * (at + 1L * LANES), ORDER));
                    max2 = max2.max(fromMemorySegment(SPECIES, x, 4 * (at + 2L * LANES), ORDER));
                    max3 = max3.max(fromMemorySegment(SPECIES, x, 4 * (at + 3L * LANES), ORDER));
                    at += cell;
                }
            }
        }
        max0.intoMemorySegment(y, 4 * yo, ORDER);
        max1.intoMemorySegment(y, 4 * (yo + 1L * LANES), ORDER);
        max2.intoMemorySegment(y, 4 * (yo + 2L * LANES), ORDER);
        max3.intoMemorySegment(y, 4 * (yo + 3L * LANES), ORDER);
    }

    private static void maxOf1(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            long cell,
            int left) {
        VectorMask<Float> mask = SPECIES.indexInRange(0, left);
        FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        for (long d = 0; d < depth; d++) {
            for (long h = 0; h < height; h++) {
                long at = xo + d * planeStride + h * rowStride;
                for (int w = 0; w < width; w++) {
                    max = max.max(fromMemorySegment(SPECIES, x, 4 * at, ORDER, mask));
                    at += cell;
                }
            }
        }
        max.intoMemorySegment(y, 4 * yo, ORDER, mask);
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
            for (int c = 0; c < channels; c += LANES) {
                long cellOfY = i * channels + c;
                maxGradientOf1(
                        x,
                        xo + i * step + c,
                        y,
                        yo + cellOfY,
                        dy,
                        dyo + cellOfY,
                        dx,
                        dxo + i * step + c,
                        depth,
                        planeStride,
                        height,
                        rowStride,
                        width,
                        channels,
                        channels - c);
            }
        }
    }

    private static void maxGradientOf1(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            long cell,
            int lanes) {
        VectorMask<Float> mask = SPECIES.indexInRange(0, lanes);
        FloatVector zero = FloatVector.broadcast(SPECIES, 0f);
        FloatVector max = fromMemorySegment(SPECIES, y, 4 * yo, ORDER, mask);
        FloatVector left = fromMemorySegment(SPECIES, dy, 4 * dyo, ORDER, mask);
        long away = dxo - xo;
        for (long d = 0; d < depth; d++) {
            for (long h = 0; h < height; h++) {
                long at = xo + d * planeStride + h * rowStride;
                for (int w = 0; w < width; w++) {
                    VectorMask<Float> equal =
                            fromMemorySegment(SPECIES, x, 4 * at, ORDER, mask).eq(max);
                    fromMemorySegment(SPECIES, dx, 4 * (at + away), ORDER, mask)
                            .add(zero.blend(left, equal))
                            .intoMemorySegment(dx, 4 * (at + away), ORDER, mask);
                    left = left.blend(0f, equal);
                    at += cell;
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
        int four = channels & -(4 * LANES);
        for (long i = 0; i < count; i++) {
            for (int c = 0; c < four; c += 4 * LANES) {
                sumOf4(
                        x,
                        xo + i * step + c,
                        y,
                        yo + i * channels + c,
                        depth,
                        planeStride,
                        height,
                        rowStride,
                        width,
                        channels,
                        divisor,
                        accumulate);
            }
            for (int c = four; c < channels; c += LANES) {
                sumOf1(
                        x,
                        xo + i * step + c,
                        y,
                        yo + i * channels + c,
                        depth,
                        planeStride,
                        height,
                        rowStride,
                        width,
                        channels,
                        divisor,
                        accumulate,
                        channels - c);
            }
        }
    }

    private static void sumOf4(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            long cell,
            float divisor,
            boolean accumulate) {
        FloatVector sum0 = FloatVector.broadcast(SPECIES, 0f);
        FloatVector sum1 = FloatVector.broadcast(SPECIES, 0f);
        FloatVector sum2 = FloatVector.broadcast(SPECIES, 0f);
        FloatVector sum3 = FloatVector.broadcast(SPECIES, 0f);
        for (long d = 0; d < depth; d++) {
            for (long h = 0; h < height; h++) {
                long at = xo + d * planeStride + h * rowStride;
                for (int w = 0; w < width; w++) {
                    sum0 = sum0.add(fromMemorySegment(SPECIES, x, 4 * at, ORDER));
                    sum1 = sum1.add(fromMemorySegment(SPECIES, x, 4 * (at + 1L * LANES), ORDER));
                    sum2 = sum2.add(fromMemorySegment(SPECIES, x, 4 * (at + 2L * LANES), ORDER));
                    sum3 = sum3.add(fromMemorySegment(SPECIES, x, 4 * (at + 3L * LANES), ORDER));
                    at += cell;
                }
            }
        }
        VectorMask<Float> add = SPECIES.maskAll(accumulate);
        sum0 = sum0.div(divisor);
        sum1 = sum1.div(divisor);
        sum2 = sum2.div(divisor);
        sum3 = sum3.div(divisor);
        sum0.blend(fromMemorySegment(SPECIES, y, 4 * yo, ORDER).add(sum0), add).intoMemorySegment(y, 4 * yo, ORDER);
        sum1.blend(fromMemorySegment(SPECIES, y, 4 * (yo + 1L * LANES), ORDER).add(sum1), add)
                .intoMemorySegment(y, 4 * (yo + 1L * LANES), ORDER);
        sum2.blend(fromMemorySegment(SPECIES, y, 4 * (yo + 2L * LANES), ORDER).add(sum2), add)
                .intoMemorySegment(y, 4 * (yo + 2L * LANES), ORDER);
        sum3.blend(fromMemorySegment(SPECIES, y, 4 * (yo + 3L * LANES), ORDER).add(sum3), add)
                .intoMemorySegment(y, 4 * (yo + 3L * LANES), ORDER);
    }

    private static void sumOf1(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            long cell,
            float divisor,
            boolean accumulate,
            int left) {
        VectorMask<Float> mask = SPECIES.indexInRange(0, left);
        FloatVector sum = FloatVector.broadcast(SPECIES, 0f);
        for (long d = 0; d < depth; d++) {
            for (long h = 0; h < height; h++) {
                long at = xo + d * planeStride + h * rowStride;
                for (int w = 0; w < width; w++) {
                    sum = sum.add(fromMemorySegment(SPECIES, x, 4 * at, ORDER, mask));
                    at += cell;
                }
            }
        }
        sum = sum.div(divisor);
        FloatVector old = fromMemorySegment(SPECIES, y, 4 * yo, ORDER, mask);
        sum.blend(old.add(sum), SPECIES.maskAll(accumulate)).intoMemorySegment(y, 4 * yo, ORDER, mask);
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
        int four = channels & -(4 * LANES);
        for (long i = 0; i < count; i++) {
            for (int c = 0; c < four; c += 4 * LANES) {
                spreadOf4(
                        y,
                        yo + i * channels + c,
                        x,
                        xo + i * step + c,
                        depth,
                        planeStride,
                        height,
                        rowStride,
                        width,
                        channels,
                        divisor,
                        accumulate);
            }
            for (int c = four; c < channels; c += LANES) {
                spreadOf1(
                        y,
                        yo + i * channels + c,
                        x,
                        xo + i * step + c,
                        depth,
                        planeStride,
                        height,
                        rowStride,
                        width,
                        channels,
                        divisor,
                        accumulate,
                        channels - c);
            }
        }
    }

    private static void spreadOf4(
            MemorySegment y,
            long yo,
            MemorySegment x,
            long xo,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            long cell,
            float divisor,
            boolean accumulate) {
        VectorMask<Float> add = SPECIES.maskAll(accumulate);
        FloatVector g0 = fromMemorySegment(SPECIES, y, 4 * yo, ORDER).div(divisor);
        FloatVector g1 =
                fromMemorySegment(SPECIES, y, 4 * (yo + 1L * LANES), ORDER).div(divisor);
        FloatVector g2 =
                fromMemorySegment(SPECIES, y, 4 * (yo + 2L * LANES), ORDER).div(divisor);
        FloatVector g3 =
                fromMemorySegment(SPECIES, y, 4 * (yo + 3L * LANES), ORDER).div(divisor);
        for (long d = 0; d < depth; d++) {
            for (long h = 0; h < height; h++) {
                long at = xo + d * planeStride + h * rowStride;
                for (int w = 0; w < width; w++) {
                    g0.blend(fromMemorySegment(SPECIES, x, 4 * at, ORDER).add(g0), add)
                            .intoMemorySegment(x, 4 * at, ORDER);
                    g1.blend(
                                    fromMemorySegment(SPECIES, x, 4 * (at + 1L * LANES), ORDER)
                                            .add(g1),
                                    add)
                            .intoMemorySegment(x, 4 * (at + 1L * LANES), ORDER);
                    g2.blend(
                                    fromMemorySegment(SPECIES, x, 4 * (at + 2L * LANES), ORDER)
                                            .add(g2),
                                    add)
                            .intoMemorySegment(x, 4 * (at + 2L * LANES), ORDER);
                    g3.blend(
                                    fromMemorySegment(SPECIES, x, 4 * (at + 3L * LANES), ORDER)
                                            .add(g3),
                                    add)
                            .intoMemorySegment(x, 4 * (at + 3L * LANES), ORDER);
                    at += cell;
                }
            }
        }
    }

    private static void spreadOf1(
            MemorySegment y,
            long yo,
            MemorySegment x,
            long xo,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            long cell,
            float divisor,
            boolean accumulate,
            int left) {
        VectorMask<Float> mask = SPECIES.indexInRange(0, left);
        VectorMask<Float> add = SPECIES.maskAll(accumulate);
        FloatVector g = fromMemorySegment(SPECIES, y, 4 * yo, ORDER, mask).div(divisor);
        for (long d = 0; d < depth; d++) {
            for (long h = 0; h < height; h++) {
                long at = xo + d * planeStride + h * rowStride;
                for (int w = 0; w < width; w++) {
                    FloatVector old = fromMemorySegment(SPECIES, x, 4 * at, ORDER, mask);
                    g.blend(old.add(g), add).intoMemorySegment(x, 4 * at, ORDER, mask);
                    at += cell;
                }
            }
        }
    }
}
