package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.Blocking.NR;
import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.LANES;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// `C = op(A)·B` with few rows or few columns, for which it does not pay to lay out A or B.
final class InPlaceProduct {
    private static final int ROWS = 4;

    private InPlaceProduct() {}

    /// Whether a product gains by these loops, with a B that is not transposed. With more rows or columns
    /// micro-kernels of more rows, or [SimdRankUpdate], are better.
    static boolean pays(boolean transA, int m, int n, int k, long ldb) {
        if (n < LANES) {
            return k > 0 && m < LANES && ldb > 0;
        }
        return k > 0 && (m <= 2 ? n < 384 : m <= ROWS ? n < (transA ? 1024 : NR) : transA && m < LANES && n < 128);
    }

    static void multiply(
            boolean transA,
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
        if (transA && n < m && m < LANES && beta == 0 && bias == null) {
            // Cᵀ = Bᵀ·A, which has fewer rows.
            final long ct = scratchOffset + GemmScratch.TRANSPOSED;
            multiply(
                    true,
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
        if (n < LANES) {
            narrow(
                    transA,
                    m,
                    n,
                    k,
                    a,
                    aOffset,
                    lda,
                    b,
                    bOffset,
                    ldb,
                    beta,
                    c,
                    cOffset,
                    ldc,
                    bias,
                    biasOffset,
                    scratch,
                    scratchOffset);
        } else {
            wide(
                    transA,
                    m,
                    n,
                    k,
                    a,
                    aOffset,
                    lda,
                    b,
                    bOffset,
                    ldb,
                    beta,
                    c,
                    cOffset,
                    ldc,
                    bias,
                    biasOffset,
                    scratch,
                    scratchOffset);
        }
        if (lo > Float.NEGATIVE_INFINITY || hi < Float.POSITIVE_INFINITY) {
            SimdPacking.clamp(c, cOffset, ldc, m, n, lo, hi);
        }
    }

    /// At least a vector of columns.
    private static void wide(
            boolean transA,
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
            MemorySegment scratch,
            long scratchOffset) {
        MemorySegment init = c;
        long i0 = 4 * cOffset;
        long iRow = 4 * ldc;
        long iColumn = 4;
        if (bias != null) {
            init = bias;
            i0 = 4 * biasOffset;
            iRow = 0;
        } else if (beta == 0) {
            // Narrower vectors reach into the strip, which goes with narrow products alone.
            SimdPacking.zeroRows(1, 8 * LANES, scratch, scratchOffset);
            init = scratch;
            i0 = 4 * scratchOffset;
            iRow = 0;
            iColumn = 0;
        }
        final long aRow = transA ? 4 : 4 * lda;
        final long aStep = transA ? 4 * lda : 4;
        for (int j = 0, width; j < n; j += width) {
            width = width(m, n - j);
            final int step = m > 2 || width <= 2 * LANES ? ROWS : 2;
            final long end = 4L * (width - LANES);
            final long bj = 4 * (bOffset + j);
            for (int i = 0; i < m; i += step) {
                final long ai = 4 * aOffset + i * aRow;
                final long from = i0 + i * iRow + j * iColumn;
                final long ci = 4 * (cOffset + i * ldc + j);
                final int last = Math.min(step, m - i) - 1;
                if (width == 8 * LANES) {
                    SimdThinKernels.one(k, a, ai, aStep, b, bj, 4 * ldb, init, from, c, ci);
                } else if (width == 4 * LANES) {
                    SimdThinKernels.two(k, a, ai, aRow, aStep, b, bj, 4 * ldb, init, from, iRow, c, ci, 4 * ldc, last);
                } else if (step == 2) {
                    final long third = Math.min(2 * BYTES, end);
                    SimdThinKernels.twoNarrow(
                            third, end, k, a, ai, aRow, aStep, b, bj, 4 * ldb, init, from, iRow, c, ci, 4 * ldc, last);
                } else if (width == LANES) {
                    SimdThinKernels.fourNarrow(
                            k, a, ai, aRow, aStep, b, bj, 4 * ldb, init, from, iRow, c, ci, 4 * ldc, last);
                } else {
                    SimdThinKernels.four(
                            end, k, a, ai, aRow, aStep, b, bj, 4 * ldb, init, from, iRow, c, ci, 4 * ldc, last);
                }
            }
        }
    }

    /// Columns of the next panel when `left` are left, at least a vector: eight vectors of one row, four of
    /// one or two, or two of four (measured on a Zen 4, GFLOP/s so and with no more than four vectors, or two, at
    /// a time: 57 and 51 for 1 x 784 x 128, 35 and 28 for 1 x 189 x 181, 54 and 38 for 2 x 987 x 42, 73 and 60 for
    /// 2 x 60 x 200). The last of four or of two may overlap the one before, but not those of another panel,
    /// since sums that start from C would be added twice.
    private static int width(int m, int left) {
        if (m == 1 && leavesAVector(left, 8 * LANES)) {
            return 8 * LANES;
        }
        if (m <= 2 && leavesAVector(left, 4 * LANES)) {
            return 4 * LANES;
        }
        final int most = m <= 2 ? 4 * LANES : 2 * LANES;
        return left <= most ? left : Math.min(most, left - LANES);
    }

    /// Whether `left` columns are a panel of `width`, or one and at least a vector behind it.
    private static boolean leavesAVector(int left, int width) {
        return left == width || left >= width + LANES;
    }

    /// Less than a vector of columns: rows of B are read with what lies behind them, the last ones, behind
    /// which memory may end, as a copy; rows of C come and go by way of scratch.
    private static void narrow(
            boolean transA,
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
            MemorySegment scratch,
            long scratchOffset) {
        final long strip = scratchOffset + GemmScratch.STRIP;
        final long rest = scratchOffset + GemmScratch.SQUARES;
        final long spare = b.byteSize() / Float.BYTES - bOffset - LANES;
        final int whole = spare < 0 ? 0 : (int) Math.min(k, spare / ldb + 1);
        if (whole < k) {
            SimdPacking.copyRows(b, bOffset + whole * ldb, ldb, k - whole, n, LANES, scratch, rest, LANES);
        }
        if (bias != null) {
            SimdPacking.copyRows(bias, biasOffset, 0, 1, n, LANES, scratch, scratchOffset, LANES);
        } else if (beta == 0) {
            SimdPacking.zeroRows(1, LANES, scratch, scratchOffset);
        } else {
            SimdPacking.copyRows(c, cOffset, ldc, m, n, LANES, scratch, strip, LANES);
        }
        final long aRow = transA ? 4 : 4 * lda;
        final long aStep = transA ? 4 * lda : 4;
        for (int i = 0; i < m; i += ROWS) {
            final long ai = 4 * aOffset + i * aRow;
            final long to = 4 * strip + i * BYTES;
            final long from = beta == 0 ? 4 * scratchOffset : to;
            final long fromRow = beta == 0 ? 0 : BYTES;
            final int last = Math.min(ROWS, m - i) - 1;
            SimdThinKernels.fourNarrow(
                    whole,
                    a,
                    ai,
                    aRow,
                    aStep,
                    b,
                    4 * bOffset,
                    4 * ldb,
                    scratch,
                    from,
                    fromRow,
                    scratch,
                    to,
                    BYTES,
                    last);
            if (whole < k) {
                final long ak = ai + whole * aStep;
                SimdThinKernels.fourNarrow(
                        k - whole, a, ak, aRow, aStep, scratch, 4 * rest, BYTES, scratch, to, BYTES, scratch, to, BYTES,
                        last);
            }
        }
        SimdPacking.copyRowsBack(scratch, strip, LANES, m, n, c, cOffset, ldc);
    }
}
