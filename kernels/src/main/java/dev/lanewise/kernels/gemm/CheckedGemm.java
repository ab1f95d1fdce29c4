package dev.lanewise.kernels.gemm;

import dev.lanewise.kernels.Gemm;
import dev.lanewise.kernels.Segments;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Checks the operands; the loops are the implementation's.
abstract class CheckedGemm implements Gemm {
    @Override
    public final void multiply(
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
        checkSizes(m, n, k);
        checkMatrix("A", a, aOffset, transA ? k : m, transA ? m : k, lda, 0);
        checkMatrix("B", b, bOffset, transB ? n : k, transB ? k : n, ldb, 0);
        checkTarget(m, n, k, beta, c, cOffset, ldc, bias, biasOffset, scratch, scratchOffset);
        compute(
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
                null,
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
    }

    @Override
    public final void multiply(
            boolean transA,
            int m,
            int n,
            int k,
            MemorySegment a,
            long aOffset,
            long lda,
            PanelSource b,
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
        checkSizes(m, n, k);
        checkMatrix("A", a, aOffset, transA ? k : m, transA ? m : k, lda, 0);
        checkTarget(m, n, k, beta, c, cOffset, ldc, bias, biasOffset, scratch, scratchOffset);
        compute(
                transA,
                false,
                m,
                n,
                k,
                a,
                aOffset,
                lda,
                a,
                0,
                0,
                b,
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
    }

    @Override
    public final void multiplyBatch(
            int count,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            MemorySegment a,
            long aOffset,
            long lda,
            long aStride,
            MemorySegment b,
            long bOffset,
            long ldb,
            long bStride,
            float beta,
            MemorySegment c,
            long cOffset,
            long ldc,
            long cStride,
            MemorySegment scratch,
            long scratchOffset) {
        checkSizes(m, n, k);
        if (count < 0) {
            throw new IllegalArgumentException("gemm: the number of products must not be negative, got " + count);
        }
        checkMatrix("A", a, aOffset, transA ? k : m, transA ? m : k, lda, 0);
        checkMatrix("B", b, bOffset, transB ? n : k, transB ? k : n, ldb, 0);
        checkTarget(m, n, k, beta, c, cOffset, ldc, null, 0, scratch, scratchOffset);
        if (count == 0 || m == 0 || n == 0) {
            return;
        }
        if (count > 1) {
            checkLast("A", "A of the last product", a, aOffset, transA ? k : m, transA ? m : k, lda, aStride, 0, count);
            checkLast("B", "B of the last product", b, bOffset, transB ? n : k, transB ? k : n, ldb, bStride, 0, count);
            checkLast("C", "C of the last product", c, cOffset, m, n, ldc, cStride, n, count);
        }
        // One B for rows that lie on: one product.
        final boolean together = bStride == 0
                && !transA
                && aStride == m * lda
                && cStride == m * ldc
                && (long) count * m <= Integer.MAX_VALUE;
        final int products = together ? 1 : count;
        final int rows = together ? count * m : m;
        for (int i = 0; i < products; i++) {
            compute(
                    transA,
                    transB,
                    rows,
                    n,
                    k,
                    a,
                    aOffset + i * aStride,
                    lda,
                    b,
                    bOffset + i * bStride,
                    ldb,
                    null,
                    beta,
                    c,
                    cOffset + i * cStride,
                    ldc,
                    null,
                    0,
                    Float.NEGATIVE_INFINITY,
                    Float.POSITIVE_INFINITY,
                    scratch,
                    scratchOffset);
        }
    }

    /// That the last of some matrices fits, too, of which the first does.
    ///
    /// @param last what it is called; put together here, the text would be made in each call
    private static void checkLast(
            String operand,
            String last,
            MemorySegment s,
            long offset,
            int rows,
            int cols,
            long ld,
            long stride,
            long least,
            int count) {
        if (stride < least) {
            throw new IllegalArgumentException(
                    "gemm: " + operand + ": stride " + stride + " is less than the " + least + " it must be");
        }
        if (rows == 0 || cols == 0) {
            return;
        }
        final long size = s.byteSize() / Float.BYTES;
        if (stride > (size - offset) / (count - 1)) {
            throw new IllegalArgumentException("gemm: " + operand + ": " + count + " matrices " + stride
                    + " floats apart from offset " + offset + " do not fit a segment of " + size + " floats");
        }
        checkMatrix(last, s, offset + (count - 1) * stride, rows, cols, ld, 0);
    }

    /// The product itself; arguments were checked. B is `source` where that is not null.
    abstract void compute(
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
            long scratchOffset);

    private static void checkSizes(int m, int n, int k) {
        if (m < 0 || n < 0 || k < 0) {
            throw new IllegalArgumentException("gemm: sizes must not be negative, got m=" + m + " n=" + n + " k=" + k);
        }
    }

    private static void checkMatrix(
            String operand, MemorySegment s, long offset, int rows, int cols, long ld, long least) {
        Segments.requireNative("gemm", operand, s);
        if (ld < least) {
            throw new IllegalArgumentException(
                    "gemm: " + operand + ": leading dimension " + ld + " is less than the " + least + " it must be");
        }
        if (rows == 0 || cols == 0) {
            return;
        }
        final long size = s.byteSize() / Float.BYTES;
        // In this order nothing overflows: each part is bounded by the segment before the next is added.
        if (offset < 0
                || offset > size
                || cols > size - offset
                || (rows > 1 && ld > (size - offset - cols) / (rows - 1))) {
            throw new IllegalArgumentException("gemm: " + operand + ": [" + rows + ", " + cols + "] at offset " + offset
                    + " with leading dimension " + ld + " does not fit a segment of " + size + " floats");
        }
    }

    private void checkTarget(
            int m,
            int n,
            int k,
            float beta,
            MemorySegment c,
            long cOffset,
            long ldc,
            @Nullable MemorySegment bias,
            long biasOffset,
            MemorySegment scratch,
            long scratchOffset) {
        checkMatrix("C", c, cOffset, m, n, ldc, m > 1 ? n : 0);
        if (c.isReadOnly() || scratch.isReadOnly()) {
            throw new IllegalArgumentException("gemm: C and scratch must be writable");
        }
        if (bias != null) {
            checkMatrix("bias", bias, biasOffset, 1, n, n, 0);
            if (beta != 0) {
                throw new IllegalArgumentException("gemm: a bias needs beta 0, got " + beta);
            }
        }
        checkMatrix("scratch", scratch, scratchOffset, 1, Math.toIntExact(scratchSize(m, n, k)), 0, 0);
    }
}
