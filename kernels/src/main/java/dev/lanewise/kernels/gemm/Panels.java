package dev.lanewise.kernels.gemm;

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

    /// The whole panels of a group of rows, panel by panel, so that a panel may stay in L1 or L2 for the rows
    /// of the group.
    ///
    /// @param halves whether rows are done by the micro-kernel of 8 x 2, where [Blocking#byHalves] says so
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
            boolean twice,
            boolean halves,
            @Nullable MemorySegment bias,
            long biasAt,
            MemorySegment c,
            long cAt,
            long ldc,
            MemorySegment scratch,
            long scratchOffset) {
        if (halves && Blocking.byHalves(transA, rows)) {
            // Up to six rows are left to the micro-kernels of four and of two; seven are as many products.
            final int left = rows % SimdMicroKernel8x2.ROWS;
            final int rest = left <= MR + 2 ? left : 0;
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
                        twice,
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
        final boolean whole = !initFromC && !transA && Blocking.shallow(kc);
        final int byFive = transA || initFromC ? 0 : Blocking.rowsByFive(rows, kc);
        final int end = Columns.whole(cols, twice);
        for (int place = 0; place < end; place += NR) {
            final int j = Columns.start(place, NR, cols, twice);
            final MemorySegment panel = packed ? scratch : b;
            final long panelAt = packed ? scratchOffset + GemmScratch.blockB(kc) + (long) place * kc : bAt + j;
            if (byFive > 0) {
                fives(
                        byFive,
                        kc,
                        a,
                        aAt,
                        lda,
                        panel,
                        panelAt,
                        packed ? NR : ldb,
                        bias != null ? bias : scratch,
                        bias != null ? biasAt + j : scratchOffset + NR,
                        c,
                        cAt + j,
                        ldc);
            }
            for (int next = byFive; next < rows; next += MR) {
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

    /// Five rows at a time, all starting from one.
    private static void fives(
            int rows,
            int kc,
            MemorySegment a,
            long aAt,
            long lda,
            MemorySegment panel,
            long panelAt,
            long panelLd,
            MemorySegment init,
            long initAt,
            MemorySegment c,
            long cAt,
            long ldc) {
        for (int i = 0; i < rows; i += SimdMicroKernel5x4.ROWS) {
            SimdMicroKernel5x4.rows(
                    a,
                    4 * (aAt + i * lda),
                    4 * lda,
                    panel,
                    4 * panelAt,
                    4 * panelLd,
                    init,
                    4 * initAt,
                    c,
                    4 * (cAt + i * ldc),
                    4 * ldc,
                    kc);
        }
    }

    /// [#whole] by the micro-kernel of 8 x 2, half a panel at a time.
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
        final int end = Columns.whole(cols, true);
        for (int place = 0; place < end; place += SimdMicroKernel8x2.VECTORS * LANES) {
            final int half = place % NR;
            final int j = Columns.start(place - half, NR, cols, true) + half;
            pair(
                    transA,
                    rows,
                    kc,
                    a,
                    aAt,
                    lda,
                    packed ? scratch : b,
                    packed ? scratchOffset + GemmScratch.blockB(kc) + (long) (place - half) * kc + half : bAt + j,
                    packed ? NR : ldb,
                    bias != null ? bias : scratch,
                    bias != null ? biasAt + j : scratchOffset + NR,
                    c,
                    cAt + j,
                    ldc,
                    LANES);
        }
    }

    /// Two vectors of columns, which lie `cNext` apart in C.
    private static void pair(
            boolean transA,
            int rows,
            int kc,
            MemorySegment a,
            long aAt,
            long lda,
            MemorySegment panel,
            long panelAt,
            long panelLd,
            MemorySegment init,
            long initAt,
            MemorySegment c,
            long cAt,
            long ldc,
            long cNext) {
        for (int next = 0; next < rows; next += SimdMicroKernel8x2.ROWS) {
            final boolean few = !transA && cNext == LANES && rows - next <= MicroKernels.FEW_OF_HALF;
            final boolean whole = transA || (kc <= Blocking.SHALLOW_HALF && !few);
            final int i = tile(whole, SimdMicroKernel8x2.ROWS, next, rows);
            MicroKernels.half(
                    transA,
                    a,
                    4 * (aAt + (transA ? i : i * lda)),
                    4 * lda,
                    panel,
                    4 * panelAt,
                    4 * panelLd,
                    init,
                    4 * initAt,
                    c,
                    4 * (cAt + i * ldc),
                    4 * ldc,
                    4 * cNext,
                    Math.min(SimdMicroKernel8x2.ROWS, rows - i) - 1,
                    kc);
        }
    }

    /// Three vectors of columns, the third `panelThird` behind the first in B and `cThird` in C, all rows starting from
    /// one.
    private static void triple(
            boolean transA,
            int rows,
            int kc,
            MemorySegment a,
            long aAt,
            long lda,
            MemorySegment panel,
            long panelAt,
            long panelLd,
            long panelThird,
            MemorySegment init,
            long initAt,
            MemorySegment c,
            long cAt,
            long ldc,
            long cThird) {
        final long aRow = transA ? 1 : lda;
        final long aStep = transA ? lda : 1;
        for (int i = 0; i < rows; i += SimdMicroKernel4x3.ROWS) {
            SimdMicroKernel4x3.rows(
                    kc,
                    a,
                    4 * (aAt + i * aRow),
                    4 * aRow,
                    4 * aStep,
                    panel,
                    4 * panelAt,
                    4 * panelLd,
                    4 * panelThird,
                    init,
                    4 * initAt,
                    c,
                    4 * (cAt + i * ldc),
                    4 * ldc,
                    4 * cThird,
                    Math.min(SimdMicroKernel4x3.ROWS, rows - i) - 1);
        }
    }

    /// Where the `size` rows begin of which `next` is to be done: for micro-kernels that have whole rows, the
    /// last ones take in some that are done, and get the same.
    private static int tile(boolean whole, int size, int next, int rows) {
        return whole && rows >= size ? Math.min(next, rows - size) : next;
    }

    /// The columns beyond the last whole panel.
    static void edge(
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
            boolean twice,
            @Nullable MemorySegment bias,
            long biasAt,
            MemorySegment c,
            long cAt,
            long ldc,
            MemorySegment scratch,
            long scratchOffset) {
        final int first = Columns.whole(cols, twice);
        for (int place = first, width; place < cols; place += width) {
            width = Columns.width(place, cols, twice);
            final int j = Columns.start(place, width, cols, twice);
            final long panelAt = scratchOffset + GemmScratch.blockB(kc) + (long) place * kc;
            final boolean split = Columns.split(width, cols, twice);
            if (split || Columns.inPlace(width, cols, twice)) {
                final boolean copied = packed || !Columns.inPlace(width, cols, twice);
                final MemorySegment panel = copied ? scratch : b;
                final long at = copied ? panelAt : bAt + j;
                final long ld = copied ? width : ldb;
                final MemorySegment init = bias != null && !split ? bias : scratch;
                final long initAt = split ? scratchOffset : bias != null ? biasAt + j : scratchOffset + NR;
                final int last = (split ? cols : width) - LANES;
                if (width == Columns.TRIPLE) {
                    final int panelLast = copied ? width - LANES : last;
                    triple(
                            transA, rows, kc, a, aAt, lda, panel, at, ld, panelLast, init, initAt, c, cAt + j, ldc,
                            last);
                } else {
                    pair(transA, rows, kc, a, aAt, lda, panel, at, ld, init, initAt, c, cAt + j, ldc, last);
                }
            } else if (j + width <= cols) {
                panel(
                        transA,
                        rows,
                        width,
                        kc,
                        a,
                        aAt,
                        lda,
                        panelAt,
                        initFromC,
                        bias != null ? bias : scratch,
                        bias != null ? biasAt + j : scratchOffset + NR,
                        c,
                        cAt + j,
                        ldc,
                        scratch);
            } else {
                // Padded: by way of a strip of scratch.
                final long strip = scratchOffset + GemmScratch.STRIP;
                if (initFromC) {
                    SimdPacking.copyRows(c, cAt + j, ldc, rows, cols - j, width, scratch, strip, width);
                }
                panel(
                        transA,
                        rows,
                        width,
                        kc,
                        a,
                        aAt,
                        lda,
                        panelAt,
                        initFromC,
                        scratch,
                        scratchOffset + place - first,
                        scratch,
                        strip,
                        width,
                        scratch);
                SimdPacking.copyRowsBack(scratch, strip, width, rows, cols - j, c, cAt + j, ldc);
            }
        }
    }

    /// A packed panel that is as wide as the wide micro-kernel, or one vector.
    private static void panel(
            boolean transA,
            int rows,
            int width,
            int kc,
            MemorySegment a,
            long aAt,
            long lda,
            long panelAt,
            boolean initFromC,
            MemorySegment row,
            long rowAt,
            MemorySegment c,
            long cAt,
            long ldc,
            MemorySegment scratch) {
        final MemorySegment init = initFromC ? c : row;
        final long initRow = initFromC ? 4 * ldc : 0;
        final int step = width == NR ? MR : NARROW_MR;
        final boolean whole = width == NR && !initFromC && !transA && Blocking.shallow(kc);
        for (int next = 0; next < rows; next += step) {
            final int i = tile(whole, step, next, rows);
            final int last = Math.min(step, rows - i) - 1;
            final long ai = 4 * (aAt + (transA ? i : i * lda));
            final long target = cAt + i * ldc;
            final long initAt = initFromC ? target : rowAt;
            if (width == NR) {
                MicroKernels.wide(
                        transA,
                        true,
                        a,
                        ai,
                        4 * lda,
                        scratch,
                        4 * panelAt,
                        0,
                        init,
                        4 * initAt,
                        initRow,
                        c,
                        4 * target,
                        4 * ldc,
                        last,
                        kc);
            } else {
                MicroKernels.narrow(
                        transA,
                        a,
                        ai,
                        4 * lda,
                        scratch,
                        4 * panelAt,
                        init,
                        4 * initAt,
                        initRow,
                        c,
                        4 * target,
                        4 * ldc,
                        last,
                        kc);
            }
        }
    }
}
