package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.LANES;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Products with a C of one or two rows, of a single column (BLAS' `gemv`), or of a few elements. Where the
/// rows of their matrix lie along C they are read once, and added to C ([SimdRankUpdate]); where the sums run
/// along the rows, [SimdRowDots] makes them, or [FewSums] where they are fewer than lanes. Each element of C
/// is the chain that [SimdGemm] makes of it.
final class ThinProduct {
    /// Rows of C up to which those of B are added to them; from three on keeping C in registers gains more
    /// (measured on a Zen 5 for 2, 4 and 8 rows of 1024 x 1024: 87 against 71, 99 against 139 and 128
    /// against 197 GFLOP/s).
    private static final int FEW_ROWS = 2;

    /// Shorter rows of C stay in the registers of one micro-kernel.
    private static final int LEAST_COLUMNS = 384;

    private ThinProduct() {}

    /// Computes the product if it is one of these and large enough to gain by it.
    ///
    /// @param scratch that of the product, more than what [SimdRowDots] asks for
    /// @return whether it was computed; if not, nothing was written
    static boolean multiply(
            boolean transA,
            boolean transB,
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
        final boolean column = n == 1 && ldc == 1;
        final boolean alongRows = !transB && m <= FEW_ROWS && n >= LEAST_COLUMNS;
        final boolean alongColumn = transA && column && m >= LEAST_COLUMNS && k >= 4;
        final boolean rowsOfDots =
                transB && m <= (transA || FewRowsProduct.pays(m, n, k) ? 1 : FEW_ROWS) && dotsPay(m, n, k);
        final boolean columnOfDots = !transA && column && dotsPay(1, m, k);
        final boolean fewSums = (n > 1 || column) && FewSums.pays(transA, transB, m, n, k, ldb);
        if (column && m > 1 && k > 0 && !alongColumn && !columnOfDots && !fewSums) {
            return row(
                    !transB,
                    !transA,
                    m,
                    k,
                    b,
                    bOffset,
                    ldb,
                    a,
                    aOffset,
                    lda,
                    beta,
                    c,
                    cOffset,
                    bias,
                    biasOffset,
                    lo,
                    hi,
                    scratch,
                    scratchOffset);
        }
        if (k < 4 || !(alongRows || alongColumn || rowsOfDots || columnOfDots || fewSums)) {
            return false;
        }
        start(m, n, beta, c, cOffset, ldc, bias, biasOffset);
        final long aRow = transA ? 1 : lda;
        final long aStep = transA ? lda : 1;
        final long bStep = transB ? 1 : ldb;
        if (fewSums) {
            FewSums.add(m, n, k, a, aOffset, lda, b, bOffset, ldb, c, cOffset, ldc);
        } else if (alongRows) {
            SimdRankUpdate.add(m, n, k, a, aOffset, aRow, aStep, b, bOffset, ldb, c, cOffset, ldc);
        } else if (alongColumn) {
            SimdRankUpdate.add(1, m, k, b, bOffset, 0, bStep, a, aOffset, lda, c, cOffset, m);
        } else if (rowsOfDots) {
            SimdRowDots.add(m, n, k, b, bOffset, ldb, a, aOffset, lda, aStep, c, cOffset, ldc, scratch, scratchOffset);
        } else {
            SimdRowDots.add(1, m, k, a, aOffset, lda, b, bOffset, 0, bStep, c, cOffset, 0, scratch, scratchOffset);
        }
        if (lo > Float.NEGATIVE_INFINITY || hi < Float.POSITIVE_INFINITY) {
            // A column is clamped as a row: its elements lie together.
            SimdPacking.clamp(c, cOffset, ldc, column ? 1 : m, column ? m : n, lo, hi);
        }
        return true;
    }

    /// A column as the row that it is in memory, `Cᵀ = op(B)ᵀ·op(A)ᵀ`, where that is quicker than as a
    /// column: with the names of that product.
    ///
    /// @param bias of the column, which has one
    private static boolean row(
            boolean transA,
            boolean transB,
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
            @Nullable MemorySegment bias,
            long biasOffset,
            float lo,
            float hi,
            MemorySegment scratch,
            long scratchOffset) {
        final boolean turned = transB && (!transA || lda == 1) && FewRowsProduct.pays(1, n, k);
        if (transB ? !turned : ldb < 1) {
            return false;
        }
        float factor = beta;
        if (bias != null) {
            fill(bias.get(FLOAT, 4 * biasOffset), n, c, 4 * cOffset);
            factor = 1;
        }
        if (turned) {
            FewRowsProduct.multiply(
                    1,
                    n,
                    k,
                    a,
                    aOffset,
                    lda,
                    b,
                    bOffset,
                    ldb,
                    factor,
                    c,
                    cOffset,
                    n,
                    null,
                    0,
                    lo,
                    hi,
                    scratch,
                    scratchOffset);
        } else {
            InPlaceProduct.multiply(
                    transA,
                    1,
                    n,
                    k,
                    a,
                    aOffset,
                    lda,
                    b,
                    bOffset,
                    ldb,
                    factor,
                    c,
                    cOffset,
                    n,
                    null,
                    0,
                    lo,
                    hi,
                    scratch,
                    scratchOffset);
        }
        return true;
    }

    /// Whether `count` sums of `k` products along each of `rows` rows gain by [SimdRowDots]. Measured on a
    /// Zen 5, GFLOP/s, beside the general loops: 4096 sums of 20 products 3.8 against 4.1, of 32 8.4 against
    /// 5.7, of 256 21 against 12; two vectors, 2 x 64 x 256 19 against 21, 2 x 784 x 128 31 against 22. Rows
    /// that come from memory (of 16 MB and more) must be long enough for the prefetchers: 60000 of 128 7.5
    /// against 9.7, of 512 13 against 11.
    private static boolean dotsPay(int count, int rows, int k) {
        return rows >= LANES && k >= (count == 1 ? 2 : 8) * LANES && (k >= 256 || (long) rows * k < 1L << 22);
    }

    /// What the sums start from: C times `beta`, or the bias, or zeros.
    private static void start(
            int m,
            int n,
            float beta,
            MemorySegment c,
            long cOffset,
            long ldc,
            @Nullable MemorySegment bias,
            long biasOffset) {
        if (beta != 0) {
            if (beta != 1) {
                SimdPacking.scale(c, cOffset, ldc, m, n, beta);
            }
            return;
        }
        if (n == 1) {
            // Of a column the elements lie together.
            fill(bias != null ? bias.get(FLOAT, 4 * biasOffset) : 0, m, c, 4 * cOffset);
            return;
        }
        for (int i = 0; i < m; i++) {
            final long row = 4 * (cOffset + i * ldc);
            if (bias == null) {
                fill(0, n, c, row);
            } else {
                MemorySegment.copy(bias, FLOAT, 4 * biasOffset, c, FLOAT, row, n);
            }
        }
    }

    /// `n` floats, from an offset in bytes on.
    static void fill(float value, int n, MemorySegment c, long offset) {
        for (int j = 0; j < n; j++) {
            c.set(FLOAT, offset + 4L * j, value);
        }
    }
}
