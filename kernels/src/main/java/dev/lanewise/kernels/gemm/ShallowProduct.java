package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.Blocking.FOUR_BY_FOUR;
import static dev.lanewise.kernels.gemm.Blocking.NR;
import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.LANES;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Products of little depth: each row of C is a sum of a few rows of B, which [SimdShallow] keeps in
/// registers. No operand is copied, but a transposed B, and one that is narrower than a vector; both are
/// small.
final class ShallowProduct {
    /// Depth up to which products are done here: two passes.
    private static final int DEPTH = 2 * SimdShallow.DEPTH;

    /// Rows that are done at a time, so that their part of a panel stays in L1 from one pass to the next.
    private static final int ROWS = 64;

    /// Columns from which one or two rows do not repay that B is read in narrow panels.
    private static final int MANY_COLUMNS = 512;

    /// Rows, and elements of C, from which one pass of more depth than [SimdShallow#DEPTH] pays: HotSpot compiles
    /// it for a fifth of a second, for which the start of a small network's training has no time.
    private static final int ROWS_OF_ONE_PASS = 32;

    private static final int ELEMENTS_OF_ONE_PASS = 32 * 1024;

    private ShallowProduct() {}

    /// Whether a product gains by these loops. With more depth than one pass takes and many columns the sums
    /// are better kept in registers from end to end (measured on a Zen 5 for 194 x 14 x 1091: 124 against 159
    /// GFLOP/s, but 85 against 54 for 18 x 14 x 28; a pass of ten on a Zen 4 for 4096 x 10 x 64 97 against 84,
    /// but 81 against 86 for 20 x 10 x 600).
    static boolean pays(int m, int n, int k, float beta) {
        final boolean onePass = k <= SimdShallow.DEPTH
                || (FOUR_BY_FOUR
                        && k <= SimdShallowFromOne.DEPTH
                        && n >= NR
                        && m >= ROWS_OF_ONE_PASS
                        && (long) m * n >= ELEMENTS_OF_ONE_PASS
                        && beta == 0);
        return k > 0 && (onePass || (k <= DEPTH && n < NR)) && (m > 2 || n < MANY_COLUMNS);
    }

    static void multiply(
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
            float hi,
            MemorySegment scratch,
            long scratchOffset) {
        if (beta != 0 && beta != 1) {
            SimdPacking.scale(c, cOffset, ldc, m, n, beta);
        }
        final boolean clamps = lo > Float.NEGATIVE_INFINITY || hi < Float.POSITIVE_INFINITY;
        // A transposed B with one row of k is that row, if its rows lie side by side.
        final boolean turns = transB && (k > 1 || ldb != 1);
        final int block = turns ? Math.min(Blocking.nc(SimdPacking.roundedRows(k)), (n + NR - 1) / NR * NR) : n;
        for (int j0 = 0; j0 < n; j0 += block) {
            final int cols = Math.min(block, n - j0);
            final boolean narrow = cols < LANES;
            final long bAt = bOffset + (transB ? j0 * ldb : j0);
            final long packed = scratchOffset + GemmScratch.blockB(k);
            final int width = GemmScratch.wholeVectors(cols);
            if (turns) {
                final long squares = scratchOffset + GemmScratch.SQUARES;
                SimdPacking.transposeFew(b, bAt, ldb, k, cols, scratch, packed, width, width, scratch, squares);
            } else if (narrow) {
                SimdPacking.copyRows(b, bAt, transB ? 1 : ldb, k, cols, width, scratch, packed, width);
            }
            final boolean copied = turns || narrow;
            final MemorySegment rowsOfB = copied ? scratch : b;
            final long b0 = 4 * (copied ? packed : bAt);
            final long bStep = 4 * (copied ? width : ldb);
            MemorySegment init = scratch;
            long i0 = scratchOffset;
            if (bias != null && !narrow) {
                init = bias;
                i0 = biasOffset + j0;
            } else {
                SimdPacking.zeroRows(1, SimdShallow.VECTORS * LANES, scratch, scratchOffset);
                if (bias != null) {
                    SimdPacking.copyRows(bias, biasOffset + j0, 0, 1, cols, LANES, scratch, scratchOffset, LANES);
                }
            }
            // Of a C without gaps a row may be stored as a whole vector, which takes half as long, if the
            // rows that it reaches into are still to come.
            final int over = n < LANES && ldc == n && beta == 0 ? (LANES - 1) / n : m;
            for (int i = 0; i < m; i += ROWS) {
                final int rows = Math.min(ROWS, m - i);
                final long a0 = 4 * (aOffset + (transA ? i : i * lda));
                final long aRow = transA ? 4 : 4 * lda;
                final long aStep = transA ? 4 * lda : 4;
                final long cAt = cOffset + i * ldc + j0;
                if (narrow) {
                    final long strip = scratchOffset + GemmScratch.STRIP;
                    if (beta != 0) {
                        SimdPacking.copyRows(c, cAt, ldc, rows, cols, LANES, scratch, strip, LANES);
                    }
                    narrowRows(
                            Math.clamp(m - over - i, 0, rows),
                            rows,
                            cols,
                            k,
                            a,
                            a0,
                            aRow,
                            aStep,
                            scratch,
                            b0,
                            4 * (beta != 0 ? strip : scratchOffset),
                            beta != 0 ? BYTES : 0,
                            c,
                            4 * cAt,
                            4 * ldc,
                            4 * strip);
                } else if (beta != 0) {
                    wideRows(
                            rows, cols, k, a, a0, aRow, aStep, rowsOfB, b0, bStep, c, 4 * cAt, 4 * ldc, 4, c, 4 * cAt,
                            4 * ldc);
                } else {
                    wideRows(
                            rows,
                            cols,
                            k,
                            a,
                            a0,
                            aRow,
                            aStep,
                            rowsOfB,
                            b0,
                            bStep,
                            init,
                            4 * i0,
                            0,
                            bias != null ? 4 : 0,
                            c,
                            4 * cAt,
                            4 * ldc);
                }
                if (clamps) {
                    SimdPacking.clamp(c, cAt, ldc, rows, cols, lo, hi);
                }
            }
        }
    }

    /// Some rows of C; offsets and steps in bytes.
    ///
    /// @param iColumn from what one column starts from to that of the next, 0 where all start from the same
    private static void wideRows(
            int rows,
            int cols,
            int k,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            long iRow,
            long iColumn,
            MemorySegment c,
            long c0,
            long cRow) {
        final boolean deep = FOUR_BY_FOUR && iRow == 0 && k > SimdShallow.DEPTH && k <= SimdShallowFromOne.DEPTH;
        final int first = (k - 1) % SimdShallow.DEPTH + 1;
        for (int j = 0; j < cols; ) {
            final int width = width(cols - j);
            final long second = 4L * (width - LANES);
            final long bj = b0 + 4L * j;
            final long cj = c0 + 4L * j;
            final long ij = i0 + j * iColumn;
            j += width;
            if (deep) {
                SimdShallowFromOne.add(k, second, rows, a, a0, aRow, aStep, b, bj, bStep, init, ij, c, cj, cRow);
                continue;
            }
            SimdShallow.add(first, second, rows, a, a0, aRow, aStep, b, bj, bStep, init, ij, iRow, c, cj, cRow);
            for (int p = first; p < k; p += SimdShallow.DEPTH) {
                SimdShallow.add(
                        SimdShallow.DEPTH,
                        second,
                        rows,
                        a,
                        a0 + p * aStep,
                        aRow,
                        aStep,
                        b,
                        bj + p * bStep,
                        bStep,
                        c,
                        cj,
                        cRow,
                        c,
                        cj,
                        cRow);
            }
        }
    }

    /// Columns of the next panel when `left` are left, at least a vector: its two vectors may overlap, but
    /// not those of two panels, since sums that start from C would be added twice.
    private static int width(int left) {
        final int whole = SimdShallow.VECTORS * LANES;
        return left <= whole ? left : Math.min(whole, left - LANES);
    }

    /// Some rows of a C that are shorter than a vector; offsets and steps in bytes.
    ///
    /// @param whole of the rows, which are stored as whole vectors
    private static void narrowRows(
            int whole,
            int rows,
            int cols,
            int k,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment scratch,
            long b0,
            long i0,
            long iRow,
            MemorySegment c,
            long c0,
            long cRow,
            long strip) {
        long init = i0;
        long initRow = iRow;
        int p = 0;
        for (int depth = (k - 1) % SimdShallow.DEPTH + 1; p + depth < k; depth = SimdShallow.DEPTH) {
            final long ap = a0 + p * aStep;
            final long bp = b0 + p * BYTES;
            SimdShallowNarrow.add(
                    depth, LANES, rows, a, ap, aRow, aStep, scratch, bp, BYTES, scratch, init, initRow, scratch, strip,
                    BYTES);
            init = strip;
            initRow = BYTES;
            p += depth;
        }
        final long ap = a0 + p * aStep;
        final long bp = b0 + p * BYTES;
        if (whole > 0) {
            SimdShallowNarrow.add(
                    k - p, LANES, whole, a, ap, aRow, aStep, scratch, bp, BYTES, scratch, init, initRow, c, c0, cRow);
        }
        SimdShallowNarrow.add(
                k - p,
                cols,
                rows - whole,
                a,
                ap + whole * aRow,
                aRow,
                aStep,
                scratch,
                bp,
                BYTES,
                scratch,
                init + whole * initRow,
                initRow,
                c,
                c0 + whole * cRow,
                cRow);
    }
}
