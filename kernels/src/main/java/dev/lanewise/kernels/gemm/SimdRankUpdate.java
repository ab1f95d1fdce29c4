package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// `C += A · B` for a C of few rows: four rows of B after four are added to those of C, each times its
/// element of A (an update of rank 4), in the order of k.
///
/// Rows of B are read from end to end, four side by side, as prefetchers like it, and once: from memory at
/// the rate of a plain sum (measured on a Zen 5 for 1 x 4096 x 4096: 24 GFLOP/s, where columns of 64 reach
/// 9). The rows of C stay in L1 meanwhile, or, where B comes from far, in L2: prefetchers begin anew in each
/// part of a row.
final class SimdRankUpdate {
    /// Floats of C that are done at a time: most of a usual L1, beside four rows of B.
    private static final int BLOCK = 6144;

    /// Floats of C that are done at a time beside a larger B than [#FAR_BYTES] (measured on a Zen 4, GFLOP/s by
    /// these blocks and the smaller ones: 12.3 and 9.1 for 1 x 4096 x 4096, 23 and 17 for 2 x 1000 x 16384; but
    /// 58 and 68 for 2 x 64 x 16384).
    private static final int BLOCK_FAR = 32 * 1024;

    private static final long FAR_BYTES = 4L * 1024 * 1024;

    private static final int RANK = 4;

    private SimdRankUpdate() {}

    /// `c[r, j] = fma(a[r, p], b[p, j], c[r, j])` for all p in order; offsets and steps in floats.
    ///
    /// @param aRow floats between rows of A, `aStep` between elements of a row
    static void add(
            int m,
            int n,
            int k,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long ldb,
            MemorySegment c,
            long c0,
            long ldc) {
        final boolean far = (long) Float.BYTES * k * n > FAR_BYTES;
        final int block = Math.max(16, (far ? BLOCK_FAR / m : BLOCK / (m + RANK)) / 16 * 16);
        for (int j0 = 0; j0 < n; j0 += block) {
            final int cols = Math.min(block, n - j0);
            int p = 0;
            for (; p + RANK <= k; p += RANK) {
                final long ap = 4 * (a0 + p * aStep);
                final long bp = 4 * (b0 + p * ldb + j0);
                int r = 0;
                for (; r + 2 <= m; r += 2) {
                    twoRows(
                            cols,
                            a,
                            ap + 4L * r * aRow,
                            4 * aRow,
                            4 * aStep,
                            b,
                            bp,
                            4 * ldb,
                            c,
                            4 * (c0 + r * ldc + j0),
                            4 * ldc);
                }
                if (r < m) {
                    oneRow(cols, a, ap + 4L * r * aRow, 4 * aStep, b, bp, 4 * ldb, c, 4 * (c0 + r * ldc + j0));
                }
            }
            for (; p < k; p++) {
                for (int r = 0; r < m; r++) {
                    rankOne(
                            cols,
                            a.get(FLOAT, 4 * (a0 + r * aRow + p * aStep)),
                            b,
                            4 * (b0 + p * ldb + j0),
                            c,
                            4 * (c0 + r * ldc + j0));
                }
            }
        }
    }

    private static void twoRows(
            int n,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long bRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final long a1 = a0 + aRow;
        final FloatVector a00 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a0));
        final FloatVector a01 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a0 + aStep));
        final FloatVector a02 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a0 + 2 * aStep));
        final FloatVector a03 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a0 + 3 * aStep));
        final FloatVector a10 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a1));
        final FloatVector a11 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a1 + aStep));
        final FloatVector a12 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a1 + 2 * aStep));
        final FloatVector a13 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a1 + 3 * aStep));
        final long c1 = c0 + cRow;
        final long b1 = b0 + bRow;
        final long b2 = b1 + bRow;
        final long b3 = b2 + bRow;
        final int whole = n / LANES * LANES;
        for (int j = 0; j < whole; j += LANES) {
            final long at = 4L * j;
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0 + at, ORDER);
            final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b1 + at, ORDER);
            final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, b2 + at, ORDER);
            final FloatVector b3v = FloatVector.fromMemorySegment(SPECIES, b, b3 + at, ORDER);
            FloatVector s = FloatVector.fromMemorySegment(SPECIES, c, c0 + at, ORDER);
            FloatVector t = FloatVector.fromMemorySegment(SPECIES, c, c1 + at, ORDER);
            s = a00.fma(b0v, s);
            t = a10.fma(b0v, t);
            s = a01.fma(b1v, s);
            t = a11.fma(b1v, t);
            s = a02.fma(b2v, s);
            t = a12.fma(b2v, t);
            s = a03.fma(b3v, s);
            t = a13.fma(b3v, t);
            s.intoMemorySegment(c, c0 + at, ORDER);
            t.intoMemorySegment(c, c1 + at, ORDER);
        }
        if (whole < n) {
            fewColumns(n - whole, a, a0, aStep, b, b0 + 4L * whole, bRow, c, c0 + 4L * whole);
            fewColumns(n - whole, a, a1, aStep, b, b0 + 4L * whole, bRow, c, c1 + 4L * whole);
        }
    }

    private static void oneRow(
            int n,
            MemorySegment a,
            long a0,
            long aStep,
            MemorySegment b,
            long b0,
            long bRow,
            MemorySegment c,
            long c0) {
        final FloatVector a0v = FloatVector.broadcast(SPECIES, a.get(FLOAT, a0));
        final FloatVector a1v = FloatVector.broadcast(SPECIES, a.get(FLOAT, a0 + aStep));
        final FloatVector a2v = FloatVector.broadcast(SPECIES, a.get(FLOAT, a0 + 2 * aStep));
        final FloatVector a3v = FloatVector.broadcast(SPECIES, a.get(FLOAT, a0 + 3 * aStep));
        final long b1 = b0 + bRow;
        final long b2 = b1 + bRow;
        final long b3 = b2 + bRow;
        final int whole = n / LANES * LANES;
        for (int j = 0; j < whole; j += LANES) {
            final long at = 4L * j;
            FloatVector s = FloatVector.fromMemorySegment(SPECIES, c, c0 + at, ORDER);
            s = a0v.fma(FloatVector.fromMemorySegment(SPECIES, b, b0 + at, ORDER), s);
            s = a1v.fma(FloatVector.fromMemorySegment(SPECIES, b, b1 + at, ORDER), s);
            s = a2v.fma(FloatVector.fromMemorySegment(SPECIES, b, b2 + at, ORDER), s);
            s = a3v.fma(FloatVector.fromMemorySegment(SPECIES, b, b3 + at, ORDER), s);
            s.intoMemorySegment(c, c0 + at, ORDER);
        }
        if (whole < n) {
            fewColumns(n - whole, a, a0, aStep, b, b0 + 4L * whole, bRow, c, c0 + 4L * whole);
        }
    }

    /// The columns beyond the last whole vector.
    private static void fewColumns(
            int n,
            MemorySegment a,
            long a0,
            long aStep,
            MemorySegment b,
            long b0,
            long bRow,
            MemorySegment c,
            long c0) {
        final float f0 = a.get(FLOAT, a0);
        final float f1 = a.get(FLOAT, a0 + aStep);
        final float f2 = a.get(FLOAT, a0 + 2 * aStep);
        final float f3 = a.get(FLOAT, a0 + 3 * aStep);
        for (int j = 0; j < n; j++) {
            final long at = 4L * j;
            float s = Math.fma(f0, b.get(FLOAT, b0 + at), c.get(FLOAT, c0 + at));
            s = Math.fma(f1, b.get(FLOAT, b0 + bRow + at), s);
            s = Math.fma(f2, b.get(FLOAT, b0 + 2 * bRow + at), s);
            c.set(FLOAT, c0 + at, Math.fma(f3, b.get(FLOAT, b0 + 3 * bRow + at), s));
        }
    }

    /// An update of rank 1 of one row.
    private static void rankOne(int n, float a, MemorySegment b, long b0, MemorySegment c, long c0) {
        final FloatVector av = FloatVector.broadcast(SPECIES, a);
        final int whole = n / LANES * LANES;
        for (int j = 0; j < whole; j += LANES) {
            final long at = 4L * j;
            av.fma(
                            FloatVector.fromMemorySegment(SPECIES, b, b0 + at, ORDER),
                            FloatVector.fromMemorySegment(SPECIES, c, c0 + at, ORDER))
                    .intoMemorySegment(c, c0 + at, ORDER);
        }
        for (int j = whole; j < n; j++) {
            final long at = 4L * j;
            c.set(FLOAT, c0 + at, Math.fma(a, b.get(FLOAT, b0 + at), c.get(FLOAT, c0 + at)));
        }
    }
}
