package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.Blocking.FOUR_BY_FOUR;
import static dev.lanewise.kernels.gemm.Blocking.MR;
import static dev.lanewise.kernels.gemm.Blocking.NARROW_MR;
import static dev.lanewise.kernels.gemm.Blocking.NR;
import static dev.lanewise.kernels.simd.Simd.LANES;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The two innermost loops around the micro-kernels: for a group of rows of A, the panels of a block of B,
/// and the rows.
final class Panels {
    private Panels() {}

    /// The whole panels of a group of rows, panel by panel, so that a panel may stay in L1 for the rows of the
    /// group.
    static void whole(
            boolean transA,
            int rows,
            int cols,
            int kc,
            MemorySegment a,
            long aAt,
            long lda,
            boolean packed,
            MemorySegment b,
            long bAt,
            long ldb,
            boolean initFromC,
            @Nullable MemorySegment bias,
            long biasAt,
            MemorySegment c,
            long cAt,
            long ldc,
            MemorySegment scratch,
            long scratchOffset) {
        if (FOUR_BY_FOUR
                && !initFromC
                && rows > MR
                && (transA ? rows >= SimdMicroKernel8x2.ROWS : !packed && !Blocking.pairs(kc))) {
            // No more rows than the micro-kernel of 4 x 4 has are left to it.
            final int rest = rows % SimdMicroKernel8x2.ROWS <= MR ? rows % SimdMicroKernel8x2.ROWS : 0;
            halfPanels(
                    transA,
                    rows - rest,
                    cols,
                    kc,
                    a,
                    aAt,
                    lda,
                    packed,
                    b,
                    bAt,
                    ldb,
                    bias,
                    biasAt,
                    c,
                    cAt,
                    ldc,
                    scratch,
                    scratchOffset);
            if (rest > 0) {
                final int done = rows - rest;
                whole(
                        transA,
                        rest,
                        cols,
                        kc,
                        a,
                        aAt + (transA ? done : done * lda),
                        lda,
                        packed,
                        b,
                        bAt,
                        ldb,
                        false,
                        bias,
                        biasAt,
                        c,
                        cAt + done * ldc,
                        ldc,
                        scratch,
                        scratchOffset);
            }
            return;
        }
        final long aRow = transA ? 1 : lda;
        final boolean whole = !initFromC && !transA && Blocking.pairs(kc);
        for (int j = 0; j + NR <= cols; j += NR) {
            final MemorySegment panel = packed ? scratch : b;
            final long panelAt = packed ? scratchOffset + GemmScratch.blockB(kc) + (long) j * kc : bAt + j;
            for (int next = 0; next < rows; next += MR) {
                final int i = tile(whole, MR, next, rows);
                final int last = Math.min(MR, rows - i) - 1;
                final long cij = cAt + i * ldc + j;
                final MemorySegment init = initFromC ? c : bias != null ? bias : scratch;
                final long initAt = initFromC ? cij : bias != null ? biasAt + j : scratchOffset + NR;
                MicroKernels.wide(
                        transA,
                        packed,
                        a,
                        4 * (aAt + i * aRow),
                        4 * lda,
                        panel,
                        4 * panelAt,
                        4 * ldb,
                        init,
                        4 * initAt,
                        initFromC ? 4 * ldc : 0,
                        c,
                        4 * cij,
                        4 * ldc,
                        last,
                        kc);
            }
        }
    }

    /// [#whole] by the micro-kernel of 8 x 2, half a panel at a time: where A and B lie as rows, for great
    /// depth, or A lies as columns.
    private static void halfPanels(
            boolean transA,
            int rows,
            int cols,
            int kc,
            MemorySegment a,
            long aAt,
            long lda,
            boolean packed,
            MemorySegment b,
            long bAt,
            long ldb,
            @Nullable MemorySegment bias,
            long biasAt,
            MemorySegment c,
            long cAt,
            long ldc,
            MemorySegment scratch,
            long scratchOffset) {
        final MemorySegment init = bias != null ? bias : scratch;
        final MemorySegment panel = packed ? scratch : b;
        final long bStep = 4L * (packed ? NR : ldb);
        final int whole = cols / NR * NR;
        for (int j = 0; j < whole; j += SimdMicroKernel8x2.VECTORS * LANES) {
            final long initAt = 4 * (bias != null ? biasAt + j : scratchOffset + NR);
            final long panelAt = 4
                    * (packed ? scratchOffset + GemmScratch.blockB(kc) + (j / NR * (long) NR) * kc + j % NR : bAt + j);
            for (int next = 0; next < rows; next += SimdMicroKernel8x2.ROWS) {
                final int i = tile(transA || kc <= Blocking.SHALLOW, SimdMicroKernel8x2.ROWS, next, rows);
                final int last = Math.min(SimdMicroKernel8x2.ROWS, rows - i) - 1;
                final long cij = 4 * (cAt + i * ldc + j);
                MicroKernels.half(
                        transA,
                        a,
                        aAt + (transA ? i : i * lda),
                        lda,
                        panel,
                        panelAt,
                        bStep,
                        init,
                        initAt,
                        c,
                        cij,
                        4 * ldc,
                        last,
                        kc);
            }
        }
    }

    /// Where the `size` rows begin of which `next` is to be done: for micro-kernels that have whole rows, the
    /// last ones take in some that are done, and get the same.
    private static int tile(boolean whole, int size, int next, int rows) {
        return whole && rows >= size ? Math.min(next, rows - size) : next;
    }

    /// The columns beyond the last whole panel; those of a padded panel through a strip of scratch.
    static void edge(
            boolean transA,
            int rows,
            int cols,
            int kc,
            int paired,
            MemorySegment a,
            long aAt,
            long lda,
            boolean initFromC,
            MemorySegment c,
            long cAt,
            long ldc,
            MemorySegment scratch,
            long scratchOffset) {
        final long aRow = transA ? 1 : lda;
        final long strip = scratchOffset + GemmScratch.STRIP;
        for (int j = cols / NR * NR, first = j; j < cols; ) {
            final int width = PackedBlock.panelWidth(cols - j, paired);
            final int used = Math.min(width, cols - j);
            final long panel = scratchOffset + GemmScratch.blockB(kc) + (long) j * kc;
            final boolean padded = used < width;
            final MemorySegment to = padded ? scratch : c;
            final long toAt = padded ? strip : cAt + j;
            final long toRow = padded ? width : ldc;
            if (initFromC && padded) {
                SimdPacking.copyRows(c, cAt + j, ldc, rows, used, scratch, strip, width);
            }
            final MemorySegment init = initFromC ? to : scratch;
            final int step = width == NR ? MR : NARROW_MR;
            final boolean whole = width == NR
                    ? !initFromC && !transA && Blocking.pairs(kc)
                    : width > LANES && (transA || kc <= Blocking.SHALLOW);
            for (int next = 0; next < rows; next += step) {
                final int i = tile(whole, step, next, rows);
                final int last = Math.min(step, rows - i) - 1;
                final long target = toAt + i * toRow;
                final long initAt = initFromC ? target : scratchOffset + j - first;
                final long initRow = initFromC ? 4 * toRow : 0;
                final long ai = 4 * (aAt + i * aRow);
                if (width == NR) {
                    MicroKernels.wide(
                            transA,
                            true,
                            a,
                            ai,
                            4 * lda,
                            scratch,
                            4 * panel,
                            0,
                            init,
                            4 * initAt,
                            initRow,
                            to,
                            4 * target,
                            4 * toRow,
                            last,
                            kc);
                } else if (width == LANES) {
                    MicroKernels.narrow(
                            transA,
                            a,
                            ai,
                            4 * lda,
                            scratch,
                            4 * panel,
                            init,
                            4 * initAt,
                            initRow,
                            to,
                            4 * target,
                            4 * toRow,
                            last,
                            kc);
                } else {
                    MicroKernels.half(
                            transA,
                            a,
                            aAt + i * aRow,
                            lda,
                            scratch,
                            4 * panel,
                            4L * width,
                            init,
                            4 * initAt,
                            to,
                            4 * target,
                            4 * toRow,
                            last,
                            kc);
                }
            }
            if (padded) {
                SimdPacking.copyRowsBack(scratch, strip, width, rows, used, c, cAt + j, ldc);
            }
            j += width;
        }
    }
}
