package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Gemm;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ScratchTask;
import java.lang.foreign.MemorySegment;

/// Products of the same sizes, one for each sample, `C_i[m, n] = op(A_i) · op(B_i)`, of dense matrices one
/// after the other. Samples are shared among the threads; where there are fewer samples than threads, each is
/// cut into rows.
final class BatchedProduct implements ScratchTask {
    private final Compute compute;
    private final int samples;
    private final boolean transA;
    private final boolean transB;
    private final int m;
    private final int n;
    private final int k;
    private final MemorySegment a;
    private final MemorySegment b;
    private final MemorySegment c;
    private final boolean accumulate;

    /// Parts of a sample, and the rows of each.
    private final int parts;

    private final int rows;

    /// One for each sample of the batch.
    BatchedProduct(
            LayerBuffers buffers,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            MemorySegment a,
            MemorySegment b,
            MemorySegment c,
            boolean accumulate) {
        this(buffers, buffers.batch(), transA, transB, m, n, k, a, b, c, accumulate);
    }

    /// @param samples how many
    BatchedProduct(
            LayerBuffers buffers,
            int samples,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            MemorySegment a,
            MemorySegment b,
            MemorySegment c,
            boolean accumulate) {
        compute = buffers.compute();
        this.samples = samples;
        this.transA = transA;
        this.transB = transB;
        this.m = m;
        this.n = n;
        this.k = k;
        this.a = a;
        this.b = b;
        this.c = c;
        this.accumulate = accumulate;
        final int quantum = compute.bestKernels().gemm().rowQuantum();
        final int most = Math.max(1, (m + quantum - 1) / quantum);
        final int wanted = samples >= compute.threads() ? 1 : Math.min(most, 2 * compute.threads());
        rows = Math.max(1, (most + wanted - 1) / wanted) * quantum;
        parts = Math.max(1, (m + rows - 1) / rows);
    }

    void run(LayerBuffers buffers) {
        compute.run(this, buffers.gemmScratch());
    }

    @Override
    public int units() {
        return samples * parts;
    }

    @Override
    public long multiplications() {
        return (long) samples * m * n * k;
    }

    @Override
    public void run(int from, int to, MemorySegment scratch) {
        if (parts == 1) {
            multiply(from, to - from, 0, m, scratch);
            return;
        }
        for (int unit = from; unit < to; unit++) {
            final int row = unit % parts * rows;
            multiply(unit / parts, 1, row, Math.min(rows, m - row), scratch);
        }
    }

    private void multiply(int first, int count, int row, int some, MemorySegment scratch) {
        final Gemm gemm = compute.kernels().gemm();
        final long lda = transA ? m : k;
        gemm.multiplyBatch(
                count,
                transA,
                transB,
                some,
                n,
                k,
                a,
                (long) first * m * k + (transA ? row : row * lda),
                lda,
                (long) m * k,
                b,
                (long) first * k * n,
                transB ? k : n,
                (long) k * n,
                accumulate ? 1 : 0,
                c,
                (long) first * m * n + (long) row * n,
                n,
                (long) m * n,
                scratch,
                0);
    }
}
