package dev.lanewise.nn.layer;

import dev.lanewise.nn.LayerBuffers;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Products of dense matrices in a call of a layer.
final class Product {
    private Product() {}

    /// `z[rows, units] = x[rows, in] · kernel[in, units] + bias[units]`.
    static void forward(
            LayerBuffers b,
            int rows,
            int in,
            int units,
            MemorySegment x,
            MemorySegment kernel,
            @Nullable MemorySegment bias,
            MemorySegment z) {
        gemm(b, false, false, rows, units, in, x, in, kernel, units, 0, z, bias);
    }

    /// `dKernel[in, units] = xᵀ · dz`, or added to it.
    static void kernelGradient(
            LayerBuffers b,
            int rows,
            int in,
            int units,
            MemorySegment x,
            MemorySegment dz,
            MemorySegment dKernel,
            boolean accumulate) {
        gemm(b, true, false, in, units, rows, x, in, dz, units, accumulate ? 1 : 0, dKernel, null);
    }

    /// `dx[rows, in] = dz · kernelᵀ`, or added to it.
    static void inputGradient(
            LayerBuffers b,
            int rows,
            int in,
            int units,
            MemorySegment dz,
            MemorySegment kernel,
            MemorySegment dx,
            boolean accumulate) {
        gemm(b, false, true, rows, in, units, dz, units, kernel, units, accumulate ? 1 : 0, dx, null);
    }

    private static void gemm(
            LayerBuffers b,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            MemorySegment left,
            int lda,
            MemorySegment right,
            int ldb,
            float beta,
            MemorySegment result,
            @Nullable MemorySegment bias) {
        b.compute()
                .gemm(
                        transA,
                        transB,
                        m,
                        n,
                        k,
                        left,
                        lda,
                        right,
                        ldb,
                        beta,
                        result,
                        n,
                        bias,
                        Float.NEGATIVE_INFINITY,
                        Float.POSITIVE_INFINITY,
                        b.gemmScratch());
    }
}
