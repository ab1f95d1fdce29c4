package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.LANES;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// `C = A·B` with a few columns, by way of `Cᵀ = Bᵀ·Aᵀ`: the rows of A fill the vectors, where the columns of C
/// would leave at least half of one empty. To turn A takes less time than those lanes waste (measured on a Zen
/// 4, GFLOP/s by these loops and by a vector of columns: 37 and 28 for 1000 x 100 x 7, 27 and 19 for 1024 x 1024
/// x 4, 14 and 8 for 128 x 128 x 2, 24 and 20 for 32 x 1000 x 5; but 15 and 18 for 500 x 16 x 6).
final class NarrowProduct {
    /// With more columns a vector of them is full enough.
    private static final int MOST = 8;

    /// With fewer rows the loops take longer to begin than they gain.
    private static final int LEAST_ROWS = 32;

    private NarrowProduct() {}

    /// Whether a product of matrices that both lie as rows gains by these loops.
    static boolean pays(int m, int n, int k, float beta) {
        return Blocking.FOUR_BY_FOUR
                && beta == 0
                && m >= LEAST_ROWS
                && n >= 2
                && n <= MOST
                && k >= 2 * LANES
                && k <= Blocking.KC_WHOLE;
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
            MemorySegment c,
            long cOffset,
            long ldc,
            @Nullable MemorySegment bias,
            long biasOffset,
            float lo,
            float hi,
            MemorySegment scratch,
            long scratchOffset) {
        final long squares = scratchOffset + GemmScratch.SQUARES;
        final long bt = scratchOffset + GemmScratch.PANEL_A;
        final int ldBt = GemmScratch.wholeVectors(k);
        SimdPacking.transpose(b, bOffset, ldb, n, k, scratch, bt, ldBt, ldBt, scratch, squares);
        final long ct = scratchOffset + GemmScratch.TRANSPOSED;
        final int ldCt = GemmScratch.TRANSPOSED_ROWS;
        for (int i = 0; i < m; i += ldCt) {
            final int rows = Math.min(ldCt, m - i);
            if (bias != null) {
                for (int j = 0; j < n; j++) {
                    ThinProduct.fill(bias.get(FLOAT, 4 * (biasOffset + j)), rows, scratch, 4 * (ct + (long) j * ldCt));
                }
            }
            FewRowsProduct.multiply(
                    n,
                    rows,
                    k,
                    scratch,
                    bt,
                    ldBt,
                    a,
                    aOffset + i * lda,
                    lda,
                    bias == null ? 0 : 1,
                    scratch,
                    ct,
                    ldCt,
                    null,
                    0,
                    lo,
                    hi,
                    scratch,
                    scratchOffset);
            SimdPacking.transposeBack(scratch, ct, ldCt, rows, n, c, cOffset + i * ldc, ldc, scratch, squares);
        }
    }
}
