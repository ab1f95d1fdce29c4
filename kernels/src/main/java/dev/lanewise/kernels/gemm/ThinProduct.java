package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.FLOAT;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Products with a C of one or two rows, or of a single column (BLAS' `gemv`), whose matrix lies along C:
/// its rows are read once, and added to C ([SimdRankUpdate]). Each element of C is the chain that [SimdGemm]
/// makes of it.
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
            float hi) {
        final boolean rows = !transB && m <= FEW_ROWS && n >= LEAST_COLUMNS;
        final boolean column = transA && n == 1 && ldc == 1 && m >= LEAST_COLUMNS;
        if (k < 4 || !(rows || column)) {
            return false;
        }
        start(m, n, beta, c, cOffset, ldc, bias, biasOffset);
        if (rows) {
            final long aRow = transA ? 1 : lda;
            final long aStep = transA ? lda : 1;
            SimdRankUpdate.add(m, n, k, a, aOffset, aRow, aStep, b, bOffset, ldb, c, cOffset, ldc);
        } else {
            SimdRankUpdate.add(1, m, k, b, bOffset, 0, transB ? 1 : ldb, a, aOffset, lda, c, cOffset, m);
        }
        if (lo > Float.NEGATIVE_INFINITY || hi < Float.POSITIVE_INFINITY) {
            // A column is clamped as a row: its elements lie together.
            SimdPacking.clamp(c, cOffset, ldc, column ? 1 : m, column ? m : n, lo, hi);
        }
        return true;
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
        final boolean column = n == 1;
        final float first = column && bias != null ? bias.get(FLOAT, 4 * biasOffset) : 0;
        for (int i = 0; i < m; i++) {
            final long row = cOffset + i * ldc;
            if (column || bias == null) {
                fill(first, n, c, 4 * row);
            } else {
                MemorySegment.copy(bias, FLOAT, 4 * biasOffset, c, FLOAT, 4 * row, n);
            }
        }
    }

    private static void fill(float value, int n, MemorySegment c, long offset) {
        for (int j = 0; j < n; j++) {
            c.set(FLOAT, offset + 4L * j, value);
        }
    }
}
