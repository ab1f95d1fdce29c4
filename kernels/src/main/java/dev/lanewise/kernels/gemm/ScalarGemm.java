package dev.lanewise.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The definition: one element after the other, one product after the other.
public final class ScalarGemm extends CheckedGemm {
    private static final int CHUNK = 1024;

    @Override
    public long scratchSize(int m, int n, int k) {
        return maxScratchSize();
    }

    /// Part of a column, for a B that exists only as a routine.
    @Override
    public long maxScratchSize() {
        return CHUNK;
    }

    @Override
    public int columnQuantum() {
        return 1;
    }

    @Override
    public int rowQuantum() {
        return 1;
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
        for (int j = 0; j < n; j++) {
            for (int i = 0; i < m; i++) {
                final long ij = cOffset + i * ldc + j;
                float sum = 0;
                if (bias != null) {
                    sum = bias.getAtIndex(JAVA_FLOAT, biasOffset + j);
                } else if (beta != 0) {
                    sum = beta * c.getAtIndex(JAVA_FLOAT, ij);
                }
                final long row = aOffset + i * aRow;
                if (source == null) {
                    sum = dot(k, a, row, aStep, b, bOffset + (transB ? j * ldb : j), transB ? 1 : ldb, sum);
                }
                for (int p = 0; source != null && p < k; p += CHUNK) {
                    final int part = Math.min(CHUNK, k - p);
                    source.write(p, part, j, 1, scratch, scratchOffset, 1);
                    sum = dot(part, a, row + p * aStep, aStep, scratch, scratchOffset, 1, sum);
                }
                sum = sum < lo ? lo : sum;
                c.setAtIndex(JAVA_FLOAT, ij, sum > hi ? hi : sum);
            }
        }
    }

    private static float dot(
            int k, MemorySegment a, long aOffset, long aStep, MemorySegment b, long bOffset, long bStep, float init) {
        float sum = init;
        for (int p = 0; p < k; p++) {
            sum = Math.fma(
                    a.getAtIndex(JAVA_FLOAT, aOffset + p * aStep), b.getAtIndex(JAVA_FLOAT, bOffset + p * bStep), sum);
        }
        return sum;
    }
}
