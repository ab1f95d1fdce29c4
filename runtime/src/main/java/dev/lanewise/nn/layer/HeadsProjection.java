package dev.lanewise.nn.layer;

import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A product of rows with a projection, and its gradients.
final class HeadsProjection {
    private final LayerBuffers b;
    private final int input;
    private final MemorySegment x;
    private final int in;
    private final int out;
    private final int rows;
    private final int kernel;
    private final boolean useBias;

    /// @param input which of the layer's, or negative for other memory
    /// @param kernel place of its kernel among the weights
    HeadsProjection(
            LayerBuffers b, int input, MemorySegment x, int rows, int in, int out, int kernel, boolean useBias) {
        this.b = b;
        this.input = input;
        this.x = x;
        this.rows = rows;
        this.in = in;
        this.out = out;
        this.kernel = kernel;
        this.useBias = useBias;
    }

    int input() {
        return input;
    }

    int rows() {
        return rows;
    }

    /// Columns of the result.
    int out() {
        return out;
    }

    void forward(MemorySegment y) {
        gemm(
                false,
                false,
                rows,
                out,
                in,
                x,
                in,
                b.parameter(kernel).segment(),
                out,
                false,
                y,
                out,
                useBias ? b.parameter(kernel + 1).segment() : null);
    }

    /// @param add whether something was added to the input's gradient in this call before
    void backward(MemorySegment dy, @Nullable ColumnSums sums, @Nullable MemorySegment dx, boolean add) {
        final Tensor dKernel = b.gradient(kernel);
        if (dKernel != null) {
            gemm(
                    true,
                    false,
                    in,
                    out,
                    rows,
                    x,
                    in,
                    dy,
                    out,
                    b.accumulateGradient(kernel),
                    dKernel.segment(),
                    out,
                    null);
        }
        final Tensor dBias = useBias ? b.gradient(kernel + 1) : null;
        if (dBias != null && sums != null) {
            sums.run(dBias.segment(), 0, b.accumulateGradient(kernel + 1));
        }
        if (dx != null) {
            gemm(false, true, rows, in, out, dy, out, b.parameter(kernel).segment(), out, add, dx, in, null);
        }
    }

    private void gemm(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            MemorySegment left,
            int lda,
            MemorySegment right,
            int ldb,
            boolean add,
            MemorySegment c,
            int ldc,
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
                        add ? 1 : 0,
                        c,
                        ldc,
                        bias,
                        Float.NEGATIVE_INFINITY,
                        Float.POSITIVE_INFINITY,
                        b.gemmScratch());
    }
}
