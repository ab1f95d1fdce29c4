package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.LANES;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// `C = A·Bᵀ` with few rows of A, where laying out B takes longer than the products: two vectors of columns
/// at a time, which are rows of B, and no more of their depth than stays in L1 until all rows of A have used
/// it.
final class FewRowsProduct {
    private static final int FEW = 32;

    /// Rows beside no more columns than a vector has, for which there is scratch: with more, panels of B gain.
    private static final int MOST = 128;

    /// Products that are added in one pass.
    private static final int DEPTH = 256;

    private static final int COLUMNS = 2 * SimdTurnedRows.ROWS;

    private FewRowsProduct() {}

    /// Whether a product with a transposed B gains by these loops. Measured on a Zen 5, GFLOP/s, by them and by
    /// micro-kernels of great depth: 45 and 26 for 3 x 1298 x 116, 97 and 63 for 8 x 1024 x 1024, 159 and
    /// 154 for 32 x 128 x 128; of few columns 140 and 110 for 57 x 511 x 14, but 131 and 147 for 1054 x 328
    /// x 12.
    static boolean pays(int m, int n, int k) {
        return Blocking.FOUR_BY_FOUR && (m <= FEW || (m <= MOST && n <= LANES)) && k >= LANES;
    }

    static void multiply(
            int m,
            int n,
            int k,
            MemorySegment a,
            long aOffset,
            long lda,
            MemorySegment b,
            long bOffset,
            long ldb,
            float beta,
            MemorySegment c,
            long cOffset,
            long ldc,
            @Nullable MemorySegment bias,
            long biasOffset,
            float lo,
            float hi,
            MemorySegment scratch,
            long scratchOffset) {
        if (m > SimdMicroKernel8x1.ROWS && m <= LANES && n <= SimdMicroKernel8x1.ROWS && beta == 0 && bias == null) {
            // Cᵀ = B·Aᵀ, whose rows are half as many.
            final long ct = scratchOffset + GemmScratch.TRANSPOSED;
            multiply(
                    n,
                    m,
                    k,
                    b,
                    bOffset,
                    ldb,
                    a,
                    aOffset,
                    lda,
                    0,
                    scratch,
                    ct,
                    LANES,
                    null,
                    0,
                    lo,
                    hi,
                    scratch,
                    scratchOffset);
            final long squares = scratchOffset + GemmScratch.SQUARES;
            SimdPacking.transposeBack(scratch, ct, LANES, m, n, c, cOffset, ldc, scratch, squares);
            return;
        }
        if (beta != 0 && beta != 1) {
            SimdPacking.scale(c, cOffset, ldc, m, n, beta);
        }
        if (bias == null) {
            SimdPacking.zeroRows(1, COLUMNS, scratch, scratchOffset);
        }
        final long strip = scratchOffset + GemmScratch.STRIP;
        final long panel = 4 * (scratchOffset + GemmScratch.blockB(Blocking.kc(k)));
        for (int j = 0; j < n; j += COLUMNS) {
            final int cols = Math.min(COLUMNS, n - j);
            // One vector of columns: four rows take as long as eight, and twice the columns.
            final int step =
                    cols <= LANES && m > SimdMicroKernel4x2.ROWS ? SimdMicroKernel8x1.ROWS : SimdMicroKernel4x2.ROWS;
            final boolean whole = cols == COLUMNS;
            final long cAt = cOffset + j;
            // Columns that do not fill two vectors are summed in scratch.
            final MemorySegment to = whole ? c : scratch;
            final long to0 = 4 * (whole ? cAt : strip);
            final long toRow = 4 * (whole ? ldc : COLUMNS);
            MemorySegment init = scratch;
            long i0 = 4 * scratchOffset;
            long iRow = 0;
            if (beta != 0) {
                if (!whole) {
                    SimdPacking.copyRows(c, cAt, ldc, m, cols, COLUMNS, scratch, strip, COLUMNS);
                }
                init = to;
                i0 = to0;
                iRow = toRow;
            } else if (bias != null && whole) {
                init = bias;
                i0 = 4 * (biasOffset + j);
            } else if (bias != null) {
                SimdPacking.copyRows(bias, biasOffset + j, 0, 1, cols, COLUMNS, scratch, scratchOffset, COLUMNS);
            }
            for (int p = 0; p < k; ) {
                final int depth = depth(k - p);
                final long bAt = bOffset + j * ldb + p;
                turn(b, bAt, ldb, Math.min(cols, LANES), depth, scratch, panel);
                long second = panel;
                if (cols > LANES) {
                    second += depth * BYTES;
                    turn(b, bAt + LANES * ldb, ldb, cols - LANES, depth, scratch, second);
                }
                final long ap = 4 * (aOffset + p);
                for (int i = 0; i < m; i += step) {
                    final long ai = ap + 4L * i * lda;
                    final long from = i0 + i * iRow;
                    final long at = to0 + i * toRow;
                    final int last = Math.min(step, m - i) - 1;
                    if (step == SimdMicroKernel8x1.ROWS) {
                        SimdMicroKernel8x1.rowsPacked(
                                a, ai, 4 * lda, scratch, panel, init, from, iRow, to, at, toRow, last, depth);
                    } else {
                        SimdMicroKernel4x2.rowsPacked(
                                a, ai, 4 * lda, scratch, panel, second, init, from, iRow, to, at, toRow, last, depth);
                    }
                }
                init = to;
                i0 = to0;
                iRow = toRow;
                p += depth;
            }
            if (!whole) {
                SimdPacking.copyRowsBack(scratch, strip, COLUMNS, m, cols, c, cAt, ldc);
            }
        }
        if (lo > Float.NEGATIVE_INFINITY || hi < Float.POSITIVE_INFINITY) {
            SimdPacking.clamp(c, cOffset, ldc, m, n, lo, hi);
        }
    }

    /// Products of the next pass when `left` are left, at least as many as a vector has lanes; so many are left
    /// then, or none.
    private static int depth(int left) {
        return left <= DEPTH ? left : Math.min(DEPTH, left - LANES);
    }

    /// Lays out up to a vector of rows.
    private static void turn(MemorySegment b, long bAt, long ldb, int rows, int depth, MemorySegment panel, long p0) {
        final int squares = (depth + LANES - 1) / LANES;
        final long last = 4L * (depth - LANES);
        SimdTurnedRows.turn(b, 4 * bAt, 4 * ldb, rows - 1, 2 * squares, last, panel, p0, BYTES);
    }
}
