package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.Blocking.NR;
import static dev.lanewise.kernels.gemm.Blocking.PANEL_ROWS;
import static dev.lanewise.kernels.simd.Simd.LANES;

/// How a product's scratch is laid out, in floats: the row that edges start from, a row of zeros | strip of C |
/// squares to transpose | columns of a transposed C | panel of A, or Bᵀ of [NarrowProduct] | block of B |
/// a transposed A laid out as rows.
final class GemmScratch {
    static final int STRIP = 2 * NR;
    static final int STRIP_FLOATS = Blocking.GROUP_ROWS * NR;
    static final int SQUARES = STRIP + STRIP_FLOATS;
    static final int TRANSPOSED = SQUARES + SimdPacking.TRANSPOSE_WORK;

    /// Rows of a narrow C that are computed as columns at a time.
    static final int TRANSPOSED_ROWS = 2 * NR;

    static final int PANEL_A = TRANSPOSED + NR / 2 * TRANSPOSED_ROWS;

    private GemmScratch() {}

    static long blockB(int kc) {
        return PANEL_A + (long) PANEL_ROWS * wholeVectors(kc);
    }

    /// What a product of `n` columns and up to `kc` products a pass needs apart from an A laid out as rows. A
    /// transposed B of little depth is laid out by whole eights of rows ([SimdPacking#transposeFew]).
    static long blocks(int n, int kc) {
        final int rows = SimdPacking.roundedRows(kc);
        return blockB(kc) + Math.min(Blocking.maxBlock(rows), (long) (n + NR - 1) / NR * NR * rows);
    }

    static int wholeVectors(int n) {
        return (n + LANES - 1) / LANES * LANES;
    }
}
