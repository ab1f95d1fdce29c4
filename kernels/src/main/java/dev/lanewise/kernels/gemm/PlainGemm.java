package dev.lanewise.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The product without vectors, for the first second of a process, before the vectorized kernels are
/// compiled, and for
/// JVMs without the vector module: [ScalarGemm] with 2 x 2 elements of C at a time, each still one accumulator:
/// twice the products for each load, and four sums that do not wait for each other.
///
/// At the edges of C the last row and column are computed again in place of those that are not there.
public final class PlainGemm extends CheckedGemm {
    private static final int TILE = 2;

    /// Products that are added in one call. Few, so that [#block] is called often from the start: HotSpot
    /// compiles
    /// what was called two hundred times much earlier than the inside of a long loop.
    private static final int CHUNK = 64;

    @Override
    public long scratchSize(int m, int n, int k) {
        return maxScratchSize();
    }

    @Override
    public long maxScratchSize() {
        return TILE * CHUNK;
    }

    @Override
    public int columnQuantum() {
        return TILE;
    }

    @Override
    public int rowQuantum() {
        return TILE;
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
        final long aRow = transA ? 1 : lda;
        final long aStep = transA ? lda : 1;
        final long bCol = transB ? ldb : 1;
        final long bStep = transB ? 1 : ldb;
        for (int j = 0; j < n; j += TILE) {
            final int cols = Math.min(TILE, n - j);
            for (int i = 0; i < m; i += TILE) {
                final int rows = Math.min(TILE, m - i);
                final long tile = cOffset + i * ldc + j;
                start(rows, cols, beta, c, tile, ldc, bias, biasOffset + j);
                final long at = aOffset + i * aRow;
                for (int p = 0; p < k; p += CHUNK) {
                    final int part = Math.min(CHUNK, k - p);
                    final long from = at + p * aStep;
                    if (source == null) {
                        final long bAt = bOffset + j * bCol + p * bStep;
                        block(part, rows, cols, a, from, aRow, aStep, b, bAt, bCol, bStep, c, tile, ldc);
                    } else {
                        source.write(p, part, j, cols, scratch, scratchOffset, TILE);
                        block(part, rows, cols, a, from, aRow, aStep, scratch, scratchOffset, 1, TILE, c, tile, ldc);
                    }
                }
                clamp(rows, cols, c, tile, ldc, lo, hi);
            }
        }
    }

    /// Writes what the sums start from to C.
    private static void start(
            int rows,
            int cols,
            float beta,
            MemorySegment c,
            long tile,
            long ldc,
            @Nullable MemorySegment bias,
            long biasAt) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < cols; j++) {
                final long ij = tile + i * ldc + j;
                float init = 0;
                if (bias != null) {
                    init = bias.getAtIndex(JAVA_FLOAT, biasAt + j);
                } else if (beta != 0) {
                    init = beta * c.getAtIndex(JAVA_FLOAT, ij);
                }
                c.setAtIndex(JAVA_FLOAT, ij, init);
            }
        }
    }

    /// Adds k products to each of 2 x 2 elements. All are read before the first is written, so it does no
    /// harm that
    /// an element stands in for others beyond the edge.
    private static void block(
            int k,
            int rows,
            int cols,
            MemorySegment a,
            long aAt,
            long aRow,
            long aStep,
            MemorySegment b,
            long bAt,
            long bCol,
            long bStep,
            MemorySegment c,
            long tile,
            long ldc) {
        final long down = rows == 1 ? 0 : 1;
        final long right = cols == 1 ? 0 : 1;
        final long lower = tile + down * ldc;
        float s00 = c.getAtIndex(JAVA_FLOAT, tile);
        float s01 = c.getAtIndex(JAVA_FLOAT, tile + right);
        float s10 = c.getAtIndex(JAVA_FLOAT, lower);
        float s11 = c.getAtIndex(JAVA_FLOAT, lower + right);
        for (int p = 0; p < k; p++) {
            final long row = aAt + p * aStep;
            final long col = bAt + p * bStep;
            final float b0 = b.getAtIndex(JAVA_FLOAT, col);
            final float b1 = b.getAtIndex(JAVA_FLOAT, col + right * bCol);
            final float a0 = a.getAtIndex(JAVA_FLOAT, row);
            final float a1 = a.getAtIndex(JAVA_FLOAT, row + down * aRow);
            s00 = Math.fma(a0, b0, s00);
            s01 = Math.fma(a0, b1, s01);
            s10 = Math.fma(a1, b0, s10);
            s11 = Math.fma(a1, b1, s11);
        }
        c.setAtIndex(JAVA_FLOAT, tile, s00);
        c.setAtIndex(JAVA_FLOAT, tile + right, s01);
        c.setAtIndex(JAVA_FLOAT, lower, s10);
        c.setAtIndex(JAVA_FLOAT, lower + right, s11);
    }

    private static void clamp(int rows, int cols, MemorySegment c, long tile, long ldc, float lo, float hi) {
        if (lo == Float.NEGATIVE_INFINITY && hi == Float.POSITIVE_INFINITY) {
            return;
        }
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < cols; j++) {
                final long ij = tile + i * ldc + j;
                float x = c.getAtIndex(JAVA_FLOAT, ij);
                x = x < lo ? lo : x;
                c.setAtIndex(JAVA_FLOAT, ij, x > hi ? hi : x);
            }
        }
    }
}
