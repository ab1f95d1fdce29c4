package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.Blocking.FOUR_BY_FOUR;
import static dev.lanewise.kernels.gemm.Blocking.NR;
import static dev.lanewise.kernels.gemm.Blocking.PANEL_ROWS;
import static dev.lanewise.kernels.simd.Simd.LANES;

import dev.lanewise.kernels.EmptyCalls;
import dev.lanewise.kernels.simd.SimdFetch;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The loops around the micro-kernels: blocks of k, blocks of columns (one block of B stays in L2), groups of
/// rows, panels of columns, micro-kernel.
///
/// A and B are read where they lie where that is as fast; otherwise a group of rows of A is copied, or B. What
/// is left of the columns goes through padded panels of B and a strip of scratch, so that no micro-kernel knows
/// of masks.
public final class SimdGemm extends CheckedGemm implements EmptyCalls {
    @Override
    public void callEmpty(MemorySegment memory, int times) {
        MicroKernels.callEmpty(memory, times);
        SimdPacking.callEmpty(memory, times);
    }

    @Override
    public long scratchSize(int m, int n, int k) {
        final int turned = Blocking.kcTurned(m, k);
        return GemmScratch.blocks(Math.max(n, Math.min(m, GemmScratch.TRANSPOSED_ROWS)), Blocking.kc(k))
                + (long) SimdPacking.roundedRows(Math.min(m, Blocking.turnedRows(turned))) * Blocking.turnedLd(turned);
    }

    @Override
    public long maxScratchSize() {
        return GemmScratch.blockB(Blocking.KC_WHOLE) + Blocking.maxBlock(Blocking.KC_WHOLE) + Blocking.MAX_TURNED;
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
        if (source == null && !transA && transB && FewRowsProduct.pays(m, n, k)) {
            FewRowsProduct.multiply(
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
                    scratchOffset);
            return;
        }
        if (source == null && !transA && !transB && NarrowProduct.pays(m, n, k, beta)) {
            NarrowProduct.multiply(
                    m,
                    n,
                    k,
                    a,
                    aOffset,
                    lda,
                    b,
                    bOffset,
                    ldb,
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
        if (source == null && ShallowProduct.pays(m, n, k, beta)) {
            ShallowProduct.multiply(
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
                    scratchOffset);
            return;
        }
        final boolean turnFew = transA && source == null && beta == 0 && Blocking.turnFew(m, n, k);
        if (source == null && !transB && !turnFew && InPlaceProduct.pays(transA, m, n, k, ldb)) {
            InPlaceProduct.multiply(
                    transA,
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
                    scratchOffset);
            return;
        }
        if (transA
                && !transB
                && source == null
                && n <= (FOUR_BY_FOUR ? k <= Blocking.SHALLOW_TRANSPOSED ? LANES : 24 : NR / 2)
                && m >= NR
                && beta == 0
                && bias == null) {
            transposed(m, n, k, a, aOffset, lda, b, bOffset, ldb, c, cOffset, ldc, lo, hi, scratch, scratchOffset);
            return;
        }
        if (transA && (source == null || k <= Blocking.kcTurned(m, k)) && (turnFew || Blocking.turnA(m, n, k, lda))) {
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
        final boolean pack = transB || source != null || Blocking.packB(transA, m, n, k, ldb);
        final boolean fetchA = transA && Blocking.fetchA(m, n, k, lda);
        final int kc = fetchA ? Blocking.kcFetched(k) : pack ? Blocking.kc(k) : Blocking.kcInPlace(m, n, k, ldb);
        final int nc = Blocking.nc(kc);
        for (int k0 = 0; k0 == 0 || k0 < k; k0 += kc) {
            final int depth = Math.min(kc, k - k0);
            for (int j0 = 0; j0 < n; j0 += nc) {
                final int cols = Math.min(nc, n - j0);
                final long bAt = bOffset + (transB ? j0 * ldb + k0 : k0 * ldb + j0);
                // What the accumulators start from: C, or one row for all: the bias, or zeros.
                final boolean initFromC = beta != 0 || k0 > 0;
                final boolean twice = Columns.twice(initFromC, transA, m);
                final boolean halves = twice && Blocking.halves(transA, pack, m, n, k, depth);
                final boolean packA = transA && Blocking.packTransposedA(n, lda, Columns.narrow(cols, twice), fetchA);
                final int group = Blocking.group(pack || packA, n, k);
                // A group of rows beside a B in place is larger than what stays in L2 beside it.
                final boolean fetchC = pack && !initFromC && Blocking.fetchC(m, n, depth);
                int fetched = 0;
                PackedBlock.pack(transB, depth, cols, twice, b, bAt, ldb, source, k0, j0, pack, scratch, scratchOffset);
                PackedBlock.writeEdgeRow(cols, twice, initFromC ? null : bias, biasOffset + j0, scratch, scratchOffset);
                for (int i0 = 0, rows; i0 < m; i0 += rows) {
                    rows = Blocking.rows(m - i0, group, transA && twice);
                    final long cAt = cOffset + i0 * ldc + j0;
                    if (fetchA && i0 + rows > fetched) {
                        final int ahead = Math.min(Blocking.rowsFetched(depth), m - fetched);
                        final long from = aOffset + k0 * lda + fetched;
                        SimdFetch.fetch(a, from, lda, depth, ahead);
                        fetched += ahead;
                    }
                    if (fetchC) {
                        SimdFetch.fetch(c, cAt, ldc, rows, cols);
                    }
                    MemorySegment aGroup = a;
                    long aAt = aOffset + (transA ? k0 * lda + i0 : i0 * lda + k0);
                    long aLd = lda;
                    if (packA) {
                        aGroup = scratch;
                        aAt = scratchOffset + GemmScratch.PANEL_A;
                        aLd = PANEL_ROWS;
                        SimdPacking.packA(a, aOffset + k0 * lda + i0, lda, depth, rows, scratch, aAt);
                    }
                    Panels.whole(
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
                            twice,
                            halves,
                            bias,
                            biasOffset + j0,
                            c,
                            cAt,
                            ldc,
                            scratch,
                            scratchOffset);
                    if (cols % NR != 0) {
                        Panels.edge(
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
                                twice,
                                initFromC ? null : bias,
                                biasOffset + j0,
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
        final long ct = scratchOffset + GemmScratch.TRANSPOSED;
        for (int i = 0; i < m; i += GemmScratch.TRANSPOSED_ROWS) {
            final int rows = Math.min(GemmScratch.TRANSPOSED_ROWS, m - i);
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
                    GemmScratch.TRANSPOSED_ROWS,
                    null,
                    0,
                    lo,
                    hi,
                    scratch,
                    scratchOffset);
            SimdPacking.transposeBack(
                    scratch,
                    ct,
                    GemmScratch.TRANSPOSED_ROWS,
                    rows,
                    n,
                    c,
                    cOffset + i * ldc,
                    ldc,
                    scratch,
                    scratchOffset + GemmScratch.SQUARES);
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
        final long rowsAt = scratchOffset + GemmScratch.blocks(n, Blocking.kc(k));
        final long ld = Blocking.turnedLd(kc);
        for (int i0 = 0; i0 < m; i0 += group) {
            final int rows = Math.min(group, m - i0);
            for (int k0 = 0; k0 == 0 || k0 < k; k0 += kc) {
                final int depth = Math.min(kc, k - k0);
                final boolean first = k0 == 0;
                final boolean last = k0 + depth == k;
                final long from = aOffset + k0 * lda + i0;
                final int width = GemmScratch.wholeVectors(depth);
                final long work = scratchOffset + GemmScratch.SQUARES;
                if (rows <= LANES) {
                    SimdPacking.transposeFew(a, from, lda, rows, depth, scratch, rowsAt, width, ld, scratch, work);
                } else {
                    SimdPacking.transpose(a, from, lda, rows, depth, scratch, rowsAt, width, ld, scratch, work);
                }
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
}
