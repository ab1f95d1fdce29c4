package dev.lanewise.kernels.channel;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Sums over the rows, of each channel in the order of the rows. Rows of up to eight vectors go by while their
/// sums stay in registers. Of longer ones eight vectors of all rows after eight are quickest in a cache, but what
/// counts in memory is that it is read as it lies: there rows are read from end to end, one after the other, and
/// their sums stay in L1 (measured on a Zen 4, 256 channels: 0.19 ns an element of memory for the variance instead
/// of 0.48, but 0.11 instead of 0.03 in a cache; two rows side by side take 0.48 as well).
final class SimdChannelSums {
    /// Floats that a near cache may hold.
    private static final int NEAR = 64 * 1024;

    private SimdChannelSums() {}

    private static boolean inRows(int rows, int cols) {
        return cols > 8 * LANES && (long) rows * cols >= NEAR;
    }

    /// As [dev.lanewise.kernels.ChannelKernel#squaredDistances].
    static void squaredDistances(
            MemorySegment x, long xo, int rows, int cols, MemorySegment mean, long mo, MemorySegment y, long yo) {
        int done = 0;
        if (inRows(rows, cols)) {
            done = fours(cols);
            zero(y, yo, done);
            for (int r = 0; r < rows; r++) {
                squaresOfRow(x, xo + (long) r * cols, done, 4L * LANES, mean, mo, y, yo);
            }
        }
        for (; done <= cols - 8 * LANES; done += 8 * LANES) {
            squares8(x, xo + done, rows, cols, mean, mo + done, y, yo + done);
        }
        for (; done <= cols - 4 * LANES; done += 4 * LANES) {
            squares4(x, xo + done, rows, cols, mean, mo + done, y, yo + done);
        }
        for (; done < cols; done += LANES) {
            squares(x, xo + done, rows, cols, mean, mo + done, y, yo + done, cols - done);
        }
    }

    /// As many of some columns as are whole groups of four vectors.
    private static int fours(int cols) {
        return cols / (4 * LANES) * (4 * LANES);
    }

    private static void zero(MemorySegment y, long yo, int cols) {
        for (int c = 0; c < cols; c += LANES) {
            FloatVector.zero(SPECIES).intoMemorySegment(y, 4 * (yo + c), ORDER);
        }
    }

    /// @param step four vectors; a constant would have HotSpot make three loops of this one, for
    ///     a few turns (the method is too long to be inlined, where it would be one again)
    private static void squaresOfRow(
            MemorySegment x, long xo, int cols, long step, MemorySegment mean, long mo, MemorySegment y, long yo) {
        for (long c = 0; c < cols; c += step) {
            final FloatVector d0 = fromMemorySegment(SPECIES, x, 4 * (xo + c), ORDER)
                    .sub(fromMemorySegment(SPECIES, mean, 4 * (mo + c), ORDER));
            final FloatVector sum0 = d0.fma(d0, fromMemorySegment(SPECIES, y, 4 * (yo + c), ORDER));
            final FloatVector d1 = fromMemorySegment(SPECIES, x, 4 * (xo + c + LANES), ORDER)
                    .sub(fromMemorySegment(SPECIES, mean, 4 * (mo + c + LANES), ORDER));
            final FloatVector sum1 = d1.fma(d1, fromMemorySegment(SPECIES, y, 4 * (yo + c + LANES), ORDER));
            final FloatVector d2 = fromMemorySegment(SPECIES, x, 4 * (xo + c + 2L * LANES), ORDER)
                    .sub(fromMemorySegment(SPECIES, mean, 4 * (mo + c + 2L * LANES), ORDER));
            final FloatVector sum2 = d2.fma(d2, fromMemorySegment(SPECIES, y, 4 * (yo + c + 2L * LANES), ORDER));
            final FloatVector d3 = fromMemorySegment(SPECIES, x, 4 * (xo + c + 3L * LANES), ORDER)
                    .sub(fromMemorySegment(SPECIES, mean, 4 * (mo + c + 3L * LANES), ORDER));
            final FloatVector sum3 = d3.fma(d3, fromMemorySegment(SPECIES, y, 4 * (yo + c + 3L * LANES), ORDER));
            sum0.intoMemorySegment(y, 4 * (yo + c), ORDER);
            sum1.intoMemorySegment(y, 4 * (yo + c + LANES), ORDER);
            sum2.intoMemorySegment(y, 4 * (yo + c + 2L * LANES), ORDER);
            sum3.intoMemorySegment(y, 4 * (yo + c + 3L * LANES), ORDER);
        }
    }

    private static void squares8(
            MemorySegment x, long xo, int rows, long cols, MemorySegment mean, long mo, MemorySegment y, long yo) {
        final FloatVector mean0 = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER);
        final FloatVector mean1 = fromMemorySegment(SPECIES, mean, 4 * (mo + LANES), ORDER);
        final FloatVector mean2 = fromMemorySegment(SPECIES, mean, 4 * (mo + 2L * LANES), ORDER);
        final FloatVector mean3 = fromMemorySegment(SPECIES, mean, 4 * (mo + 3L * LANES), ORDER);
        final FloatVector mean4 = fromMemorySegment(SPECIES, mean, 4 * (mo + 4L * LANES), ORDER);
        final FloatVector mean5 = fromMemorySegment(SPECIES, mean, 4 * (mo + 5L * LANES), ORDER);
        final FloatVector mean6 = fromMemorySegment(SPECIES, mean, 4 * (mo + 6L * LANES), ORDER);
        final FloatVector mean7 = fromMemorySegment(SPECIES, mean, 4 * (mo + 7L * LANES), ORDER);
        FloatVector sum0 = FloatVector.broadcast(SPECIES, 0);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        FloatVector sum4 = sum0;
        FloatVector sum5 = sum0;
        FloatVector sum6 = sum0;
        FloatVector sum7 = sum0;
        for (int r = 0; r < rows; r++) {
            final long row = xo + r * cols;
            final FloatVector d0 = fromMemorySegment(SPECIES, x, 4 * row, ORDER).sub(mean0);
            sum0 = d0.fma(d0, sum0);
            final FloatVector d1 =
                    fromMemorySegment(SPECIES, x, 4 * (row + LANES), ORDER).sub(mean1);
            sum1 = d1.fma(d1, sum1);
            final FloatVector d2 =
                    fromMemorySegment(SPECIES, x, 4 * (row + 2L * LANES), ORDER).sub(mean2);
            sum2 = d2.fma(d2, sum2);
            final FloatVector d3 =
                    fromMemorySegment(SPECIES, x, 4 * (row + 3L * LANES), ORDER).sub(mean3);
            sum3 = d3.fma(d3, sum3);
            final FloatVector d4 =
                    fromMemorySegment(SPECIES, x, 4 * (row + 4L * LANES), ORDER).sub(mean4);
            sum4 = d4.fma(d4, sum4);
            final FloatVector d5 =
                    fromMemorySegment(SPECIES, x, 4 * (row + 5L * LANES), ORDER).sub(mean5);
            sum5 = d5.fma(d5, sum5);
            final FloatVector d6 =
                    fromMemorySegment(SPECIES, x, 4 * (row + 6L * LANES), ORDER).sub(mean6);
            sum6 = d6.fma(d6, sum6);
            final FloatVector d7 =
                    fromMemorySegment(SPECIES, x, 4 * (row + 7L * LANES), ORDER).sub(mean7);
            sum7 = d7.fma(d7, sum7);
        }
        sum0.intoMemorySegment(y, 4 * yo, ORDER);
        sum1.intoMemorySegment(y, 4 * (yo + LANES), ORDER);
        sum2.intoMemorySegment(y, 4 * (yo + 2L * LANES), ORDER);
        sum3.intoMemorySegment(y, 4 * (yo + 3L * LANES), ORDER);
        sum4.intoMemorySegment(y, 4 * (yo + 4L * LANES), ORDER);
        sum5.intoMemorySegment(y, 4 * (yo + 5L * LANES), ORDER);
        sum6.intoMemorySegment(y, 4 * (yo + 6L * LANES), ORDER);
        sum7.intoMemorySegment(y, 4 * (yo + 7L * LANES), ORDER);
    }

    private static void squares4(
            MemorySegment x, long xo, int rows, long cols, MemorySegment mean, long mo, MemorySegment y, long yo) {
        final FloatVector mean0 = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER);
        final FloatVector mean1 = fromMemorySegment(SPECIES, mean, 4 * (mo + LANES), ORDER);
        final FloatVector mean2 = fromMemorySegment(SPECIES, mean, 4 * (mo + 2L * LANES), ORDER);
        final FloatVector mean3 = fromMemorySegment(SPECIES, mean, 4 * (mo + 3L * LANES), ORDER);
        FloatVector sum0 = FloatVector.broadcast(SPECIES, 0);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int r = 0; r < rows; r++) {
            final long row = xo + r * cols;
            final FloatVector d0 = fromMemorySegment(SPECIES, x, 4 * row, ORDER).sub(mean0);
            sum0 = d0.fma(d0, sum0);
            final FloatVector d1 =
                    fromMemorySegment(SPECIES, x, 4 * (row + LANES), ORDER).sub(mean1);
            sum1 = d1.fma(d1, sum1);
            final FloatVector d2 =
                    fromMemorySegment(SPECIES, x, 4 * (row + 2L * LANES), ORDER).sub(mean2);
            sum2 = d2.fma(d2, sum2);
            final FloatVector d3 =
                    fromMemorySegment(SPECIES, x, 4 * (row + 3L * LANES), ORDER).sub(mean3);
            sum3 = d3.fma(d3, sum3);
        }
        sum0.intoMemorySegment(y, 4 * yo, ORDER);
        sum1.intoMemorySegment(y, 4 * (yo + LANES), ORDER);
        sum2.intoMemorySegment(y, 4 * (yo + 2L * LANES), ORDER);
        sum3.intoMemorySegment(y, 4 * (yo + 3L * LANES), ORDER);
    }

    private static void squares(
            MemorySegment x,
            long xo,
            int rows,
            long cols,
            MemorySegment mean,
            long mo,
            MemorySegment y,
            long yo,
            int left) {
        final VectorMask<Float> columns = SPECIES.indexInRange(0, left);
        final FloatVector m = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER, columns);
        FloatVector sum = FloatVector.broadcast(SPECIES, 0);
        for (int r = 0; r < rows; r++) {
            final FloatVector d = fromMemorySegment(SPECIES, x, 4 * (xo + r * cols), ORDER, columns)
                    .sub(m);
            sum = d.fma(d, sum);
        }
        sum.intoMemorySegment(y, 4 * yo, ORDER, columns);
    }

    /// As [dev.lanewise.kernels.ChannelKernel#distanceProducts].
    static void distanceProducts(
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
        int done = 0;
        if (inRows(rows, cols)) {
            done = fours(cols);
            zero(y, yo, done);
            for (int r = 0; r < rows; r++) {
                final long skipped = (long) r * cols;
                productsOfRow(x, xo + skipped, dy, dyo + skipped, done, 4L * LANES, mean, mo, y, yo);
            }
        }
        for (; done <= cols - 8 * LANES; done += 8 * LANES) {
            products8(x, xo + done, dy, dyo + done, rows, cols, mean, mo + done, y, yo + done);
        }
        for (; done <= cols - 4 * LANES; done += 4 * LANES) {
            products4(x, xo + done, dy, dyo + done, rows, cols, mean, mo + done, y, yo + done);
        }
        for (; done < cols; done += LANES) {
            products(x, xo + done, dy, dyo + done, rows, cols, mean, mo + done, y, yo + done, cols - done);
        }
    }

    /// @param step as that of [#squaresOfRow]
    private static void productsOfRow(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            int cols,
            long step,
            MemorySegment mean,
            long mo,
            MemorySegment y,
            long yo) {
        for (long c = 0; c < cols; c += step) {
            final FloatVector sum0 = fromMemorySegment(SPECIES, x, 4 * (xo + c), ORDER)
                    .sub(fromMemorySegment(SPECIES, mean, 4 * (mo + c), ORDER))
                    .fma(
                            fromMemorySegment(SPECIES, dy, 4 * (dyo + c), ORDER),
                            fromMemorySegment(SPECIES, y, 4 * (yo + c), ORDER));
            final FloatVector sum1 = fromMemorySegment(SPECIES, x, 4 * (xo + c + LANES), ORDER)
                    .sub(fromMemorySegment(SPECIES, mean, 4 * (mo + c + LANES), ORDER))
                    .fma(
                            fromMemorySegment(SPECIES, dy, 4 * (dyo + c + LANES), ORDER),
                            fromMemorySegment(SPECIES, y, 4 * (yo + c + LANES), ORDER));
            final FloatVector sum2 = fromMemorySegment(SPECIES, x, 4 * (xo + c + 2L * LANES), ORDER)
                    .sub(fromMemorySegment(SPECIES, mean, 4 * (mo + c + 2L * LANES), ORDER))
                    .fma(
                            fromMemorySegment(SPECIES, dy, 4 * (dyo + c + 2L * LANES), ORDER),
                            fromMemorySegment(SPECIES, y, 4 * (yo + c + 2L * LANES), ORDER));
            final FloatVector sum3 = fromMemorySegment(SPECIES, x, 4 * (xo + c + 3L * LANES), ORDER)
                    .sub(fromMemorySegment(SPECIES, mean, 4 * (mo + c + 3L * LANES), ORDER))
                    .fma(
                            fromMemorySegment(SPECIES, dy, 4 * (dyo + c + 3L * LANES), ORDER),
                            fromMemorySegment(SPECIES, y, 4 * (yo + c + 3L * LANES), ORDER));
            sum0.intoMemorySegment(y, 4 * (yo + c), ORDER);
            sum1.intoMemorySegment(y, 4 * (yo + c + LANES), ORDER);
            sum2.intoMemorySegment(y, 4 * (yo + c + 2L * LANES), ORDER);
            sum3.intoMemorySegment(y, 4 * (yo + c + 3L * LANES), ORDER);
        }
    }

    private static void products8(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            int rows,
            long cols,
            MemorySegment mean,
            long mo,
            MemorySegment y,
            long yo) {
        final FloatVector mean0 = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER);
        final FloatVector mean1 = fromMemorySegment(SPECIES, mean, 4 * (mo + LANES), ORDER);
        final FloatVector mean2 = fromMemorySegment(SPECIES, mean, 4 * (mo + 2L * LANES), ORDER);
        final FloatVector mean3 = fromMemorySegment(SPECIES, mean, 4 * (mo + 3L * LANES), ORDER);
        final FloatVector mean4 = fromMemorySegment(SPECIES, mean, 4 * (mo + 4L * LANES), ORDER);
        final FloatVector mean5 = fromMemorySegment(SPECIES, mean, 4 * (mo + 5L * LANES), ORDER);
        final FloatVector mean6 = fromMemorySegment(SPECIES, mean, 4 * (mo + 6L * LANES), ORDER);
        final FloatVector mean7 = fromMemorySegment(SPECIES, mean, 4 * (mo + 7L * LANES), ORDER);
        FloatVector sum0 = FloatVector.broadcast(SPECIES, 0);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        FloatVector sum4 = sum0;
        FloatVector sum5 = sum0;
        FloatVector sum6 = sum0;
        FloatVector sum7 = sum0;
        for (int r = 0; r < rows; r++) {
            final long at = 4 * (xo + r * cols);
            final long dyAt = 4 * (dyo + r * cols);
            sum0 = fromMemorySegment(SPECIES, x, at, ORDER)
                    .sub(mean0)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt, ORDER), sum0);
            sum1 = fromMemorySegment(SPECIES, x, at + 4L * LANES, ORDER)
                    .sub(mean1)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 4L * LANES, ORDER), sum1);
            sum2 = fromMemorySegment(SPECIES, x, at + 8L * LANES, ORDER)
                    .sub(mean2)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 8L * LANES, ORDER), sum2);
            sum3 = fromMemorySegment(SPECIES, x, at + 12L * LANES, ORDER)
                    .sub(mean3)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 12L * LANES, ORDER), sum3);
            sum4 = fromMemorySegment(SPECIES, x, at + 16L * LANES, ORDER)
                    .sub(mean4)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 16L * LANES, ORDER), sum4);
            sum5 = fromMemorySegment(SPECIES, x, at + 20L * LANES, ORDER)
                    .sub(mean5)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 20L * LANES, ORDER), sum5);
            sum6 = fromMemorySegment(SPECIES, x, at + 24L * LANES, ORDER)
                    .sub(mean6)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 24L * LANES, ORDER), sum6);
            sum7 = fromMemorySegment(SPECIES, x, at + 28L * LANES, ORDER)
                    .sub(mean7)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 28L * LANES, ORDER), sum7);
        }
        sum0.intoMemorySegment(y, 4 * yo, ORDER);
        sum1.intoMemorySegment(y, 4 * (yo + LANES), ORDER);
        sum2.intoMemorySegment(y, 4 * (yo + 2L * LANES), ORDER);
        sum3.intoMemorySegment(y, 4 * (yo + 3L * LANES), ORDER);
        sum4.intoMemorySegment(y, 4 * (yo + 4L * LANES), ORDER);
        sum5.intoMemorySegment(y, 4 * (yo + 5L * LANES), ORDER);
        sum6.intoMemorySegment(y, 4 * (yo + 6L * LANES), ORDER);
        sum7.intoMemorySegment(y, 4 * (yo + 7L * LANES), ORDER);
    }

    private static void products4(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            int rows,
            long cols,
            MemorySegment mean,
            long mo,
            MemorySegment y,
            long yo) {
        final FloatVector mean0 = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER);
        final FloatVector mean1 = fromMemorySegment(SPECIES, mean, 4 * (mo + LANES), ORDER);
        final FloatVector mean2 = fromMemorySegment(SPECIES, mean, 4 * (mo + 2L * LANES), ORDER);
        final FloatVector mean3 = fromMemorySegment(SPECIES, mean, 4 * (mo + 3L * LANES), ORDER);
        FloatVector sum0 = FloatVector.broadcast(SPECIES, 0);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int r = 0; r < rows; r++) {
            final long at = 4 * (xo + r * cols);
            final long dyAt = 4 * (dyo + r * cols);
            sum0 = fromMemorySegment(SPECIES, x, at, ORDER)
                    .sub(mean0)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt, ORDER), sum0);
            sum1 = fromMemorySegment(SPECIES, x, at + 4L * LANES, ORDER)
                    .sub(mean1)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 4L * LANES, ORDER), sum1);
            sum2 = fromMemorySegment(SPECIES, x, at + 8L * LANES, ORDER)
                    .sub(mean2)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 8L * LANES, ORDER), sum2);
            sum3 = fromMemorySegment(SPECIES, x, at + 12L * LANES, ORDER)
                    .sub(mean3)
                    .fma(fromMemorySegment(SPECIES, dy, dyAt + 12L * LANES, ORDER), sum3);
        }
        sum0.intoMemorySegment(y, 4 * yo, ORDER);
        sum1.intoMemorySegment(y, 4 * (yo + LANES), ORDER);
        sum2.intoMemorySegment(y, 4 * (yo + 2L * LANES), ORDER);
        sum3.intoMemorySegment(y, 4 * (yo + 3L * LANES), ORDER);
    }

    private static void products(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            int rows,
            long cols,
            MemorySegment mean,
            long mo,
            MemorySegment y,
            long yo,
            int left) {
        final VectorMask<Float> columns = SPECIES.indexInRange(0, left);
        final FloatVector m = fromMemorySegment(SPECIES, mean, 4 * mo, ORDER, columns);
        FloatVector sum = FloatVector.broadcast(SPECIES, 0);
        for (int r = 0; r < rows; r++) {
            final FloatVector d = fromMemorySegment(SPECIES, x, 4 * (xo + r * cols), ORDER, columns)
                    .sub(m);
            sum = d.fma(fromMemorySegment(SPECIES, dy, 4 * (dyo + r * cols), ORDER, columns), sum);
        }
        sum.intoMemorySegment(y, 4 * yo, ORDER, columns);
    }
}
