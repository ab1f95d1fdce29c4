package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.Blocking.FOUR_BY_FOUR;
import static dev.lanewise.kernels.gemm.Blocking.MR;
import static dev.lanewise.kernels.gemm.Blocking.NARROW_MR;
import static dev.lanewise.kernels.gemm.Blocking.NR;
import static dev.lanewise.kernels.gemm.Blocking.PANEL_ROWS;
import static dev.lanewise.kernels.simd.Simd.LANES;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The loops around the micro-kernels: blocks of k, blocks of columns (one block of B stays in L2), groups of
/// rows, panels of columns, micro-kernel.
///
/// A and B are read where they lie where that is as fast; otherwise a group of rows of A is copied, or B.
/// What is left
/// of the columns goes through
/// padded panels of B and a strip of scratch, so that no micro-kernel knows of masks.
///
/// Scratch: the row that edges start from, a row of zeros | strip of C | squares to transpose | columns of a
/// transposed C | panel of A | block of B | a transposed A laid out as rows.
public final class SimdGemm extends CheckedGemm {
    private static final int STRIP = 2 * NR;
    private static final int SQUARES = STRIP + Blocking.GROUP_ROWS * NR;
    private static final int TRANSPOSED = SQUARES + SimdPacking.TRANSPOSE_WORK;

    /// Rows of B that are copied into panels side by side.
    private static final int ROWS_COPIED = 16;

    /// Rows of a narrow C that are computed as columns at a time.
    private static final int TRANSPOSED_ROWS = 2 * NR;

    private static final int PANEL_A = TRANSPOSED + NR / 2 * TRANSPOSED_ROWS;

    @Override
    public long scratchSize(int m, int n, int k) {
        final int turned = Blocking.kcTurned(m, k);
        return blocks(Math.max(n, Math.min(m, TRANSPOSED_ROWS)), Blocking.kc(k))
                + (long) Math.min(m, Blocking.turnedRows(turned)) * Blocking.turnedLd(turned);
    }

    /// What a product of `n` columns and up to `kc` products a pass needs apart from an A laid out as rows.
    private static long blocks(int n, int kc) {
        return blockB(kc) + Math.min(Blocking.maxBlock(kc), (long) (n + NR - 1) / NR * NR * kc);
    }

    @Override
    public long maxScratchSize() {
        return blockB(Blocking.KC_WHOLE) + Blocking.maxBlock(Blocking.KC_WHOLE) + Blocking.MAX_TURNED;
    }

    @Override
    public int columnQuantum() {
        return NR;
    }

    @Override
    public int rowQuantum() {
        return PANEL_ROWS;
    }

    @Override
    void compute(
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
            @Nullable PanelSource source,
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
        if (m == 0 || n == 0) {
            return;
        }
        if (source == null
                && ThinProduct.multiply(
                        transA,
                        transB,
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
                        lo,
                        hi,
                        scratch,
                        scratchOffset)) {
            return;
        }
        if (transA
                && !transB
                && source == null
                && n <= (FOUR_BY_FOUR && k <= Blocking.SHALLOW ? LANES : NR / 2)
                && m >= NR
                && beta == 0
                && bias == null) {
            transposed(m, n, k, a, aOffset, lda, b, bOffset, ldb, c, cOffset, ldc, lo, hi, scratch, scratchOffset);
            return;
        }
        if (transA && (source == null || k <= Blocking.kcTurned(m, k)) && Blocking.turnA(m, n, k, lda)) {
            turned(
                    transB,
                    m,
                    n,
                    k,
                    a,
                    aOffset,
                    lda,
                    b,
                    bOffset,
                    ldb,
                    source,
                    beta,
                    c,
                    cOffset,
                    ldc,
                    bias,
                    biasOffset,
                    lo,
                    hi,
                    scratch,
                    scratchOffset);
            return;
        }
        if (beta != 0 && beta != 1) {
            SimdPacking.scale(c, cOffset, ldc, m, n, beta);
        }
        final boolean clamps = lo > Float.NEGATIVE_INFINITY || hi < Float.POSITIVE_INFINITY;
        final boolean pack = transA || transB || source != null || Blocking.packB(m, k, ldb);
        final boolean packA = transA && Blocking.packTransposedA(n, k, lda);
        final int kc = pack ? Blocking.kc(k) : Blocking.kcInPlace(m, k, ldb);
        final int nc = Blocking.nc(kc);
        final int group = pack ? PANEL_ROWS : Blocking.GROUP_ROWS;
        for (int k0 = 0; k0 == 0 || k0 < k; k0 += kc) {
            final int depth = Math.min(kc, k - k0);
            for (int j0 = 0; j0 < n; j0 += nc) {
                final int cols = Math.min(nc, n - j0);
                final long bAt = bOffset + (transB ? j0 * ldb + k0 : k0 * ldb + j0);
                // What the accumulators start from: C, or one row for all: the bias, or zeros.
                final boolean initFromC = beta != 0 || k0 > 0;
                final boolean pairs =
                        FOUR_BY_FOUR && !initFromC && (!transA || (depth <= Blocking.SHALLOW && wholeTiles(m)));
                packBlock(transB, depth, cols, pairs, b, bAt, ldb, source, k0, j0, pack, scratch, scratchOffset);
                writeEdgeRow(cols, initFromC ? null : bias, biasOffset + j0, scratch, scratchOffset);
                for (int i0 = 0; i0 < m; i0 += group) {
                    final int rows = Math.min(group, m - i0);
                    final long cAt = cOffset + i0 * ldc + j0;
                    MemorySegment aGroup = a;
                    long aAt = aOffset + (transA ? k0 * lda + i0 : i0 * lda + k0);
                    long aLd = lda;
                    if (packA) {
                        aGroup = scratch;
                        aAt = scratchOffset + PANEL_A;
                        aLd = PANEL_ROWS;
                        SimdPacking.packA(a, aOffset + k0 * lda + i0, lda, depth, rows, scratch, aAt);
                    }
                    wholePanels(
                            transA,
                            rows,
                            cols,
                            depth,
                            aGroup,
                            aAt,
                            aLd,
                            pack,
                            b,
                            bAt,
                            ldb,
                            initFromC,
                            bias,
                            biasOffset + j0,
                            c,
                            cAt,
                            ldc,
                            scratch,
                            scratchOffset);
                    if (cols % NR != 0) {
                        edge(
                                transA,
                                rows,
                                cols,
                                depth,
                                pairs,
                                aGroup,
                                aAt,
                                aLd,
                                initFromC,
                                c,
                                cAt,
                                ldc,
                                scratch,
                                scratchOffset);
                    }
                    if (clamps && k0 + depth == k) {
                        SimdPacking.clamp(c, cAt, ldc, rows, cols, lo, hi);
                    }
                }
            }
        }
    }

    /// A narrow `C = Aᵀ·B` by way of `Cᵀ = Bᵀ·A`, whose columns fill the vectors: the same products in the same
    /// order.
    private void transposed(
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
            float lo,
            float hi,
            MemorySegment scratch,
            long scratchOffset) {
        final long ct = scratchOffset + TRANSPOSED;
        for (int i = 0; i < m; i += TRANSPOSED_ROWS) {
            final int rows = Math.min(TRANSPOSED_ROWS, m - i);
            compute(
                    true,
                    false,
                    n,
                    rows,
                    k,
                    b,
                    bOffset,
                    ldb,
                    a,
                    aOffset + i,
                    lda,
                    null,
                    0,
                    scratch,
                    ct,
                    TRANSPOSED_ROWS,
                    null,
                    0,
                    lo,
                    hi,
                    scratch,
                    scratchOffset);
            SimdPacking.transposeBack(
                    scratch, ct, TRANSPOSED_ROWS, rows, n, c, cOffset + i * ldc, ldc, scratch, scratchOffset + SQUARES);
        }
    }

    /// `C = Aᵀ·B` with A laid out as rows first: some rows of Aᵀ at a time, once for all columns of B.
    private void turned(
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
            @Nullable PanelSource source,
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
        final int kc = Blocking.kcTurned(m, k);
        final int group = Blocking.turnedRows(kc);
        final long rowsAt = scratchOffset + blocks(n, Blocking.kc(k));
        final long ld = Blocking.turnedLd(kc);
        for (int i0 = 0; i0 < m; i0 += group) {
            final int rows = Math.min(group, m - i0);
            for (int k0 = 0; k0 == 0 || k0 < k; k0 += kc) {
                final int depth = Math.min(kc, k - k0);
                final boolean first = k0 == 0;
                final boolean last = k0 + depth == k;
                SimdPacking.transpose(
                        a,
                        aOffset + k0 * lda + i0,
                        lda,
                        rows,
                        depth,
                        scratch,
                        rowsAt,
                        wholeVectors(depth),
                        ld,
                        scratch,
                        scratchOffset + SQUARES);
                compute(
                        false,
                        transB,
                        rows,
                        n,
                        depth,
                        scratch,
                        rowsAt,
                        ld,
                        b,
                        bOffset + (transB ? k0 : k0 * ldb),
                        ldb,
                        source,
                        first ? beta : 1,
                        c,
                        cOffset + i0 * ldc,
                        ldc,
                        first ? bias : null,
                        biasOffset,
                        last ? lo : Float.NEGATIVE_INFINITY,
                        last ? hi : Float.POSITIVE_INFINITY,
                        scratch,
                        scratchOffset);
            }
        }
    }

    /// Copies a block of B into panels: all of it with `pack`, otherwise only the columns beyond the last whole
    /// panel.
    private static void packBlock(
            boolean transB,
            int kc,
            int cols,
            boolean pairs,
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
                final int width = panelWidth(cols - j, pairs);
                final int used = Math.min(width, cols - j);
                final long panel = scratchOffset + blockB(kc) + (long) j * kc + (long) p * width;
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
                            scratchOffset + SQUARES);
                } else {
                    SimdPacking.copyRows(b, bAt + p * ldb + j, ldb, rows, used, scratch, panel, width);
                }
                j += width;
            }
        }
    }

    /// Columns of the next panel when `left` are left: a whole one, also where most of it is used (padded
    /// with zeros); otherwise one of two vectors or of one.
    ///
    /// @param pairs whether there may be panels of two vectors
    private static int panelWidth(int left, boolean pairs) {
        if (pairs) {
            return left > 3 * LANES ? NR : left > LANES ? 2 * LANES : LANES;
        }
        return left > NR / 2 ? NR : LANES;
    }

    /// The row that edge panels start from: the bias of those columns, zeros beyond; and behind it a row of
    /// zeros.
    private static void writeEdgeRow(
            int cols, @Nullable MemorySegment bias, long biasAt, MemorySegment scratch, long scratchOffset) {
        SimdPacking.zeroRows(2, NR, scratch, scratchOffset);
        final int whole = cols / NR * NR;
        if (bias != null && whole < cols) {
            SimdPacking.copyRows(bias, biasAt + whole, 0, 1, cols - whole, scratch, scratchOffset, NR);
        }
    }

    /// The whole panels of a group of rows, panel by panel, so that a panel may stay in L1 for the rows of the
    /// group.
    private static void wholePanels(
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
                && (!packed || (kc <= Blocking.SHALLOW && rows >= SimdMicroKernel8x2.ROWS))) {
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
                wholePanels(
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
        for (int j = 0; j + NR <= cols; j += NR) {
            final MemorySegment panel = packed ? scratch : b;
            final long panelAt = packed ? scratchOffset + blockB(kc) + (long) j * kc : bAt + j;
            for (int i = 0; i < rows; i += MR) {
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

    /// [#wholePanels] by the micro-kernel of 8 x 2, half a panel at a time: where A and B lie as rows, or
    /// for little depth.
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
            final long panelAt =
                    4 * (packed ? scratchOffset + blockB(kc) + (j / NR * (long) NR) * kc + j % NR : bAt + j);
            for (int next = 0; next < rows; next += SimdMicroKernel8x2.ROWS) {
                final int i = tile(next, rows, kc);
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

    /// Where the eight rows begin of which `next` is to be done: for little depth, the last ones take in
    /// some that are done, and get the same.
    private static int tile(int next, int rows, int kc) {
        final int lastWhole = rows - SimdMicroKernel8x2.ROWS;
        return kc <= Blocking.SHALLOW && lastWhole >= 0 ? Math.min(next, lastWhole) : next;
    }

    /// Whether each group of rows has at least eight.
    private static boolean wholeTiles(int m) {
        final int rest = m % PANEL_ROWS;
        return rest == 0 || rest >= SimdMicroKernel8x2.ROWS;
    }

    /// The columns beyond the last whole panel; those of a padded panel through a strip of scratch.
    private static void edge(
            boolean transA,
            int rows,
            int cols,
            int kc,
            boolean pairs,
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
        final long strip = scratchOffset + STRIP;
        for (int j = cols / NR * NR, first = j; j < cols; ) {
            final int width = panelWidth(cols - j, pairs);
            final int used = Math.min(width, cols - j);
            final long panel = scratchOffset + blockB(kc) + (long) j * kc;
            final boolean padded = used < width;
            final MemorySegment to = padded ? scratch : c;
            final long toAt = padded ? strip : cAt + j;
            final long toRow = padded ? width : ldc;
            if (initFromC && padded) {
                SimdPacking.copyRows(c, cAt + j, ldc, rows, used, scratch, strip, width);
            }
            final MemorySegment init = initFromC ? to : scratch;
            final int step = width == NR ? MR : NARROW_MR;
            for (int next = 0; next < rows; next += step) {
                final int i = width > LANES && width < NR ? tile(next, rows, kc) : next;
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

    private static long blockB(int kc) {
        return PANEL_A + (long) PANEL_ROWS * wholeVectors(kc);
    }

    private static int wholeVectors(int n) {
        return (n + LANES - 1) / LANES * LANES;
    }
}
