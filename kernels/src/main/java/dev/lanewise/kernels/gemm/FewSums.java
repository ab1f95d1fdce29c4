package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.LANES;

import java.lang.foreign.MemorySegment;

/// `C += A·op(B)` with a C of a few elements, whose sums run along the rows of A and of Bᵀ. Vectors would have to
/// be filled with rows, which are fewer than lanes. Eight chains of scalars side by side take little longer than
/// one (measured on a Zen 4, GFLOP/s by these loops and by turning rows: 8.5 and 3.3 for 8 x 512 x 1, 2.2 and
/// 0.9 for 2 x 512 x 1, 3.2 and 1.2 for a transposed B of 3 x 378 x 1).
final class FewSums {
    /// Chains of one pass over k.
    private static final int CHAINS = 8;

    /// Passes that take less time than turning rows.
    private static final int MOST_PASSES = 2;

    /// With less depth the loop takes longer to begin than it gains.
    private static final int LEAST_DEPTH = 16;

    private FewSums() {}

    /// Whether a product gains by these loops.
    ///
    /// @param ldb floats between rows of B as it is stored
    static boolean pays(boolean transA, boolean transB, int m, int n, int k, long ldb) {
        return !transA
                && (transB || (n == 1 && ldb == 1))
                && k >= LEAST_DEPTH
                && m < LANES
                && n < LANES
                && Math.min(passes(m, n), passes(n, m)) <= MOST_PASSES;
    }

    private static int passes(int rows, int vectors) {
        return vectors * ((rows + CHAINS - 1) / CHAINS);
    }

    /// Adds the product to C, for sizes that gain by it.
    ///
    /// @param lda floats between rows of A; as `ldb` of Bᵀ, `ldc`
    static void add(
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
            long ldc) {
        if (passes(m, n) <= passes(n, m)) {
            sums(m, n, k, a, aOffset, lda, b, bOffset, ldb, c, cOffset, ldc, 1);
        } else {
            sums(n, m, k, b, bOffset, ldb, a, aOffset, lda, c, cOffset, 1, ldc);
        }
    }

    private static void sums(
            int rows,
            int vectors,
            int k,
            MemorySegment a,
            long aOffset,
            long lda,
            MemorySegment x,
            long xOffset,
            long xRow,
            MemorySegment y,
            long yOffset,
            long yStep,
            long yRow) {
        for (int v = 0; v < vectors; v++) {
            final long x0 = 4 * (xOffset + v * xRow);
            final long y0 = 4 * (yOffset + v * yRow);
            for (int r = 0; r < rows; r += CHAINS) {
                final int last = Math.min(CHAINS, rows - r) - 1;
                eight(
                        k,
                        a,
                        4 * (aOffset + r * lda),
                        4 * lda,
                        x,
                        x0,
                        Float.BYTES,
                        y,
                        y0 + 4L * r * yStep,
                        4 * yStep,
                        last);
            }
        }
    }

    /// `y[r] = fma(x[p], a[r, p], y[r])` for all p in order; offsets and steps in bytes. A row beyond `last` is
    /// computed as row `last` is.
    ///
    /// @param xStep 4, which C2 must not know: it would unroll the loop, whose operands registers then cannot
    ///     hold (4.1 instead of 8.5 GFLOP/s for 8 x 512 x 1)
    private static void eight(
            int k,
            MemorySegment a,
            long a0,
            long aRow,
            MemorySegment x,
            long x0,
            long xStep,
            MemorySegment y,
            long y0,
            long yStep,
            int last) {
        final long a1 = a0 + Math.min(1, last) * aRow;
        final long a2 = a0 + Math.min(2, last) * aRow;
        final long a3 = a0 + Math.min(3, last) * aRow;
        final long a4 = a0 + Math.min(4, last) * aRow;
        final long a5 = a0 + Math.min(5, last) * aRow;
        final long a6 = a0 + Math.min(6, last) * aRow;
        final long a7 = a0 + Math.min(7, last) * aRow;
        final long y1 = y0 + Math.min(1, last) * yStep;
        final long y2 = y0 + Math.min(2, last) * yStep;
        final long y3 = y0 + Math.min(3, last) * yStep;
        final long y4 = y0 + Math.min(4, last) * yStep;
        final long y5 = y0 + Math.min(5, last) * yStep;
        final long y6 = y0 + Math.min(6, last) * yStep;
        final long y7 = y0 + Math.min(7, last) * yStep;
        float s0 = y.get(FLOAT, y0);
        float s1 = y.get(FLOAT, y1);
        float s2 = y.get(FLOAT, y2);
        float s3 = y.get(FLOAT, y3);
        float s4 = y.get(FLOAT, y4);
        float s5 = y.get(FLOAT, y5);
        float s6 = y.get(FLOAT, y6);
        float s7 = y.get(FLOAT, y7);
        for (int p = 0; p < k; p++) {
            final long at = 4L * p;
            final float factor = x.get(FLOAT, x0 + p * xStep);
            s0 = Math.fma(factor, a.get(FLOAT, a0 + at), s0);
            s1 = Math.fma(factor, a.get(FLOAT, a1 + at), s1);
            s2 = Math.fma(factor, a.get(FLOAT, a2 + at), s2);
            s3 = Math.fma(factor, a.get(FLOAT, a3 + at), s3);
            s4 = Math.fma(factor, a.get(FLOAT, a4 + at), s4);
            s5 = Math.fma(factor, a.get(FLOAT, a5 + at), s5);
            s6 = Math.fma(factor, a.get(FLOAT, a6 + at), s6);
            s7 = Math.fma(factor, a.get(FLOAT, a7 + at), s7);
        }
        y.set(FLOAT, y0, s0);
        y.set(FLOAT, y1, s1);
        y.set(FLOAT, y2, s2);
        y.set(FLOAT, y3, s3);
        y.set(FLOAT, y4, s4);
        y.set(FLOAT, y5, s5);
        y.set(FLOAT, y6, s6);
        y.set(FLOAT, y7, s7);
    }
}
