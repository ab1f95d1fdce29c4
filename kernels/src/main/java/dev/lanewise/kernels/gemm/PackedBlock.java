package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.Blocking.NR;
import static dev.lanewise.kernels.gemm.Blocking.PANEL_ROWS;
import static dev.lanewise.kernels.simd.Simd.LANES;

import dev.lanewise.kernels.Gemm.PanelSource;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A block of B in scratch: panels as wide as a micro-kernel, one after the other, and the row that the last
/// of them start from.
final class PackedBlock {
    /// Rows of B that are copied into panels side by side.
    private static final int ROWS_COPIED = 16;

    private PackedBlock() {}

    /// Copies a block of B into panels: all of it with `pack`, otherwise only the columns beyond the last whole
    /// panel.
    static void pack(
            boolean transB,
            int kc,
            int cols,
            int paired,
            MemorySegment b,
            long bAt,
            long ldb,
            @Nullable PanelSource source,
            int k0,
            int j0,
            boolean pack,
            MemorySegment scratch,
            long scratchOffset) {
        final int first = pack ? 0 : cols / NR * NR;
        // Rows as they lie are read from end to end, some at a time, as prefetchers like it.
        final int group = source != null || transB ? kc : Math.min(kc, ROWS_COPIED);
        for (int p = 0; p < kc; p += group) {
            final int rows = Math.min(group, kc - p);
            for (int j = first; j < cols; ) {
                final int width = panelWidth(cols - j, paired);
                final int used = Math.min(width, cols - j);
                final long panel = scratchOffset + GemmScratch.blockB(kc) + (long) j * kc + (long) p * width;
                if (source != null) {
                    if (used < width) {
                        SimdPacking.zeroRows(kc, width, scratch, panel);
                    }
                    source.write(k0, kc, j0 + j, used, scratch, panel, width);
                } else if (transB) {
                    SimdPacking.transpose(
                            b,
                            bAt + j * ldb,
                            ldb,
                            kc,
                            used,
                            scratch,
                            panel,
                            width,
                            width,
                            scratch,
                            scratchOffset + GemmScratch.SQUARES);
                } else {
                    SimdPacking.copyRows(b, bAt + p * ldb + j, ldb, rows, used, scratch, panel, width);
                }
                j += width;
            }
        }
    }

    /// Columns that are left beyond the last whole panel up to which they go through panels of two vectors and
    /// of one; 0 for none of two.
    static int paired(boolean transA, int m) {
        return !transA ? 3 * LANES : wholeTiles(m) ? 2 * LANES : 0;
    }

    /// Columns of the next panel when `left` are left: a whole one, also where most of it is used (padded
    /// with zeros); otherwise one of two vectors or of one.
    static int panelWidth(int left, int paired) {
        if (left > (paired > 0 ? paired : NR / 2)) {
            return NR;
        }
        return paired > 0 && left > LANES ? 2 * LANES : LANES;
    }

    /// The row that edge panels start from: the bias of those columns, zeros beyond; and behind it a row of
    /// zeros.
    static void writeEdgeRow(
            int cols, @Nullable MemorySegment bias, long biasAt, MemorySegment scratch, long scratchOffset) {
        SimdPacking.zeroRows(2, NR, scratch, scratchOffset);
        final int whole = cols / NR * NR;
        if (bias != null && whole < cols) {
            SimdPacking.copyRows(bias, biasAt + whole, 0, 1, cols - whole, scratch, scratchOffset, NR);
        }
    }

    /// Whether each group of rows has at least eight.
    private static boolean wholeTiles(int m) {
        final int rest = m % PANEL_ROWS;
        return rest == 0 || rest >= SimdMicroKernel8x2.ROWS;
    }
}
