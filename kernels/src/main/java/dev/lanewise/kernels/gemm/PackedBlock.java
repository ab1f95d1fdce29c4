package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.Blocking.FOUR_BY_FOUR;
import static dev.lanewise.kernels.gemm.Blocking.NR;
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

    /// Copies a block of B into panels: all of it with `pack`, otherwise only those that are not read as they
    /// lie.
    static void pack(
            boolean transB,
            int kc,
            int cols,
            boolean twice,
            MemorySegment b,
            long bAt,
            long ldb,
            @Nullable PanelSource source,
            int k0,
            int j0,
            boolean pack,
            MemorySegment scratch,
            long scratchOffset) {
        final int first = pack ? 0 : Columns.whole(cols, twice);
        // Rows as they lie are read from end to end, some at a time, as prefetchers like it.
        final int group = source != null || transB ? kc : Math.min(kc, ROWS_COPIED);
        for (int p = 0; p < kc; p += group) {
            final int rows = Math.min(group, kc - p);
            for (int place = first, width; place < cols; place += width) {
                width = Columns.width(place, cols, twice);
                if (!pack && Columns.inPlace(width, cols, twice)) {
                    continue;
                }
                final long panel = scratchOffset + GemmScratch.blockB(kc) + (long) place * kc + (long) p * width;
                if (FOUR_BY_FOUR && source == null && !transB && width == NR && place + NR <= cols) {
                    final boolean two = place + 2 * NR <= cols && Columns.width(place + NR, cols, twice) == NR;
                    final int panels = two ? 2 : 1;
                    SimdPacking.copyPanels(panels, b, bAt + p * ldb + place, ldb, rows, scratch, panel, (long) NR * kc);
                    width = panels * NR;
                    continue;
                }
                // A split panel is vectors of its own, side by side.
                final boolean split = Columns.split(width, cols, twice);
                final int part = split ? LANES : width;
                for (int v = 0; v < width; v += part) {
                    final int j = split ? Columns.startOfPart(v, cols) : Columns.start(place, width, cols, twice);
                    final int used = Math.min(part, cols - j);
                    if (source != null) {
                        if (used < part) {
                            SimdPacking.zeroRows(kc, width, scratch, panel);
                        }
                        source.write(k0, kc, j0 + j, used, scratch, panel + v, width);
                    } else if (transB) {
                        SimdPacking.transpose(
                                b,
                                bAt + j * ldb,
                                ldb,
                                kc,
                                used,
                                scratch,
                                panel + v,
                                part,
                                width,
                                scratch,
                                scratchOffset + GemmScratch.SQUARES);
                    } else {
                        SimdPacking.copyRows(b, bAt + p * ldb + j, ldb, rows, used, part, scratch, panel + v, width);
                    }
                }
            }
        }
    }

    /// The row that padded and split panels start from: the bias of their columns, zeros beyond; and behind
    /// it a row of zeros.
    static void writeEdgeRow(
            int cols,
            boolean twice,
            @Nullable MemorySegment bias,
            long biasAt,
            MemorySegment scratch,
            long scratchOffset) {
        SimdPacking.zeroRows(2, NR, scratch, scratchOffset);
        final int whole = Columns.whole(cols, twice);
        if (bias == null || whole >= cols) {
            return;
        }
        final int width = Columns.width(whole, cols, twice);
        if (Columns.split(width, cols, twice)) {
            for (int v = 0; v < width; v += LANES) {
                final long from = biasAt + Columns.startOfPart(v, cols);
                SimdPacking.copyRows(bias, from, 0, 1, LANES, LANES, scratch, scratchOffset + v, NR);
            }
        } else {
            SimdPacking.copyRows(bias, biasAt + whole, 0, 1, cols - whole, NR, scratch, scratchOffset, NR);
        }
    }
}
