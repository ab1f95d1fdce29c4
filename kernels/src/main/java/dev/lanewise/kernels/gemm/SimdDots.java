package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// `y += A · x` for a vector `x`: a sum along each row of A, its terms in order.
///
/// Rows lie along k, while a vector's lanes must be sums of their own; so squares of A of 4 x 4 are turned on the way,
/// in vectors of 128 bits at any width of the process. Turning larger squares in longer vectors takes fewer
/// instructions, but more registers than there are (measured on a Zen 5 for 1024 x 1024: 15 GFLOP/s; 8 x 8 and 16 x 16
/// through scratch 11 to 16; eight chains of single floats 7.5).
final class SimdDots {
    /// Rows that are done side by side: two chains of four lanes.
    static final int ROWS = 8;

    private static final VectorSpecies<Float> FOUR = FloatVector.SPECIES_128;

    /// Lane order of two rows zipped, their lower and upper halves, and of two halves put together.
    private static final FloatVector ZIP_LOW = lanes(0, 4, 1, 5);

    private static final FloatVector ZIP_HIGH = lanes(2, 6, 3, 7);
    private static final FloatVector LOW = lanes(0, 1, 4, 5);
    private static final FloatVector HIGH = lanes(2, 3, 6, 7);

    private SimdDots() {}

    private static FloatVector lanes(float... from) {
        return FloatVector.fromArray(FOUR, from, 0);
    }

    /// `y[r] = fma(x[p], a[r, p], y[r])` for all p in order; offsets and steps in floats.
    ///
    /// @param rows at least [#ROWS]
    /// @param xStep floats between elements of `x`
    /// @param work [#ROWS] floats: the last rows are done there first, together with some of those before them
    static void rows(
            int rows,
            int k,
            MemorySegment a,
            long a0,
            long lda,
            MemorySegment x,
            long x0,
            long xStep,
            MemorySegment y,
            long y0,
            MemorySegment work,
            long workOffset) {
        final int whole = rows / ROWS * ROWS;
        final int rest = rows - whole;
        final int last = rows - ROWS;
        if (rest > 0) {
            MemorySegment.copy(y, FLOAT, 4 * (y0 + last), work, FLOAT, 4 * workOffset, ROWS);
            eight(k, a, a0 + last * lda, lda, x, x0, xStep, work, workOffset);
        }
        for (int r = 0; r < whole; r += ROWS) {
            eight(k, a, a0 + r * lda, lda, x, x0, xStep, y, y0 + r);
        }
        if (rest > 0) {
            MemorySegment.copy(work, FLOAT, 4 * (workOffset + ROWS - rest), y, FLOAT, 4 * (y0 + whole), rest);
        }
    }

    private static void eight(
            int k, MemorySegment a, long a0, long lda, MemorySegment x, long x0, long xStep, MemorySegment y, long y0) {
        final int whole = k & -4;
        turned(whole, a, 4 * a0, 4 * lda, x, 4 * x0, 4 * xStep, y, 4 * y0);
        for (int p = whole; p < k; p++) {
            final float f = x.get(FLOAT, 4 * (x0 + p * xStep));
            for (int r = 0; r < ROWS; r++) {
                final long at = 4 * (y0 + r);
                y.set(FLOAT, at, Math.fma(f, a.get(FLOAT, 4 * (a0 + r * lda + p)), y.get(FLOAT, at)));
            }
        }
    }

    /// Offsets and steps in bytes; `k` is a multiple of 4.
    private static void turned(
            int k, MemorySegment a, long a0, long row, MemorySegment x, long x0, long xStep, MemorySegment y, long y0) {
        FloatVector s0 = FloatVector.fromMemorySegment(FOUR, y, y0, ORDER);
        FloatVector s1 = FloatVector.fromMemorySegment(FOUR, y, y0 + 16, ORDER);
        for (int p = 0; p < k; p += 4) {
            final long xp = x0 + p * xStep;
            final FloatVector f0 = FloatVector.broadcast(FOUR, x.get(FLOAT, xp));
            final FloatVector f1 = FloatVector.broadcast(FOUR, x.get(FLOAT, xp + xStep));
            final FloatVector f2 = FloatVector.broadcast(FOUR, x.get(FLOAT, xp + 2 * xStep));
            final FloatVector f3 = FloatVector.broadcast(FOUR, x.get(FLOAT, xp + 3 * xStep));
            long at = a0 + 4L * p;
            FloatVector u = FloatVector.fromMemorySegment(FOUR, a, at, ORDER);
            FloatVector v = FloatVector.fromMemorySegment(FOUR, a, at + row, ORDER);
            FloatVector w = FloatVector.fromMemorySegment(FOUR, a, at + 2 * row, ORDER);
            FloatVector z = FloatVector.fromMemorySegment(FOUR, a, at + 3 * row, ORDER);
            FloatVector uv = ZIP_LOW.selectFrom(u, v);
            FloatVector wz = ZIP_LOW.selectFrom(w, z);
            s0 = LOW.selectFrom(uv, wz).fma(f0, s0);
            s0 = HIGH.selectFrom(uv, wz).fma(f1, s0);
            uv = ZIP_HIGH.selectFrom(u, v);
            wz = ZIP_HIGH.selectFrom(w, z);
            s0 = LOW.selectFrom(uv, wz).fma(f2, s0);
            s0 = HIGH.selectFrom(uv, wz).fma(f3, s0);
            at += 4 * row;
            u = FloatVector.fromMemorySegment(FOUR, a, at, ORDER);
            v = FloatVector.fromMemorySegment(FOUR, a, at + row, ORDER);
            w = FloatVector.fromMemorySegment(FOUR, a, at + 2 * row, ORDER);
            z = FloatVector.fromMemorySegment(FOUR, a, at + 3 * row, ORDER);
            uv = ZIP_LOW.selectFrom(u, v);
            wz = ZIP_LOW.selectFrom(w, z);
            s1 = LOW.selectFrom(uv, wz).fma(f0, s1);
            s1 = HIGH.selectFrom(uv, wz).fma(f1, s1);
            uv = ZIP_HIGH.selectFrom(u, v);
            wz = ZIP_HIGH.selectFrom(w, z);
            s1 = LOW.selectFrom(uv, wz).fma(f2, s1);
            s1 = HIGH.selectFrom(uv, wz).fma(f3, s1);
        }
        s0.intoMemorySegment(y, y0, ORDER);
        s1.intoMemorySegment(y, y0 + 16, ORDER);
    }
}
