package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Gemm;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ScratchTask;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The products of a [LocallyConnectedLayer]: at each position the windows of all samples, `[batch, patch]`,
/// with the position's own kernel `[patch, filters]`. A row of a window is contiguous in a sample, so windows
/// are read where they lie, one product for each row of the window, with samples as the rows of a matrix.
///
/// Forward and the gradient by the kernel are shared among threads by positions. Windows overlap, so the
/// gradient by the input is shared by samples; each sample takes its positions in order. The bits are the
/// same for any cut.
final class LocalProducts implements ScratchTask {
    /// What is computed.
    private enum Pass {
        FORWARD,
        KERNEL_GRADIENT,
        INPUT_GRADIENT
    }

    private final Pass pass;
    private final Compute compute;
    private final int samples;
    private final int positions;
    private final int wide;
    private final int rows;
    private final int row;
    private final int filters;

    /// Floats of a sample of x, and between the starts of windows and of their rows.
    private final int sample;

    private final int down;
    private final int right;
    private final int line;
    private final MemorySegment x;
    private final MemorySegment kernel;
    private final MemorySegment y;
    private final @Nullable MemorySegment bias;
    private final boolean accumulate;
    private final boolean relu;

    private LocalProducts(
            Pass pass,
            LocallyConnectedLayer layer,
            LayerBuffers b,
            MemorySegment x,
            MemorySegment kernel,
            MemorySegment y,
            boolean accumulate) {
        this.pass = pass;
        this.x = x;
        this.kernel = kernel;
        this.y = y;
        this.accumulate = accumulate;
        compute = b.compute();
        samples = b.batch();
        filters = layer.filters();
        final Shape in = b.x(0).shape();
        final boolean image = layer.kernelSize().size() == 2;
        final int channels = in.last();
        sample = Math.toIntExact(in.withoutFirst().size());
        line = in.dim(-2) * channels;
        wide = b.y(0).shape().dim(-2);
        positions = Math.toIntExact(b.y(0).shape().withoutFirst().size() / filters);
        rows = image ? layer.kernelSize().getFirst() : 1;
        row = layer.kernelSize().getLast() * channels;
        down = image ? layer.strides().getFirst() * line : 0;
        right = layer.strides().getLast() * channels;
        bias = pass == Pass.FORWARD && layer.useBias() ? b.parameter(1).segment() : null;
        relu = Activated.isRelu(layer.activation());
    }

    static LocalProducts forward(LocallyConnectedLayer layer, LayerBuffers b) {
        return new LocalProducts(
                Pass.FORWARD,
                layer,
                b,
                b.x(0).segment(),
                b.parameter(0).segment(),
                Activated.z(layer.activation(), b),
                false);
    }

    static LocalProducts kernelGradient(LocallyConnectedLayer layer, LayerBuffers b) {
        return new LocalProducts(
                Pass.KERNEL_GRADIENT,
                layer,
                b,
                b.x(0).segment(),
                Activated.required(b.gradient(0), b),
                b.dy(0).segment(),
                b.accumulateGradient(0));
    }

    static LocalProducts inputGradient(LocallyConnectedLayer layer, LayerBuffers b) {
        return new LocalProducts(
                Pass.INPUT_GRADIENT,
                layer,
                b,
                Activated.required(b.dx(0), b),
                b.parameter(0).segment(),
                b.dy(0).segment(),
                b.accumulateDx(0));
    }

    void run(LayerBuffers b) {
        compute.run(this, b.gemmScratch());
    }

    @Override
    public int units() {
        return pass == Pass.INPUT_GRADIENT ? samples : positions;
    }

    @Override
    public long multiplications() {
        return (long) samples * positions * rows * row * filters;
    }

    @Override
    public void run(int from, int to, MemorySegment scratch) {
        if (pass == Pass.INPUT_GRADIENT) {
            if (!accumulate) {
                compute.kernels().elementwise().fill(x, (long) from * sample, (to - from) * sample, 0);
            }
            for (int position = 0; position < positions; position++) {
                products(position, from, to - from, scratch);
            }
        } else {
            for (int position = from; position < to; position++) {
                products(position, 0, samples, scratch);
            }
        }
    }

    /// The window's rows at one position, of some samples.
    private void products(int position, int first, int count, MemorySegment scratch) {
        final Gemm gemm = compute.kernels().gemm();
        final long window = (long) first * sample + (long) (position / wide) * down + (long) (position % wide) * right;
        final long outputs = (long) positions * filters;
        final long result = first * outputs + (long) position * filters;
        for (int i = 0; i < rows; i++) {
            final long xAt = window + (long) i * line;
            final long kernelAt = ((long) position * rows + i) * row * filters;
            switch (pass) {
                case FORWARD ->
                    gemm.multiply(
                            false,
                            false,
                            count,
                            filters,
                            row,
                            x,
                            xAt,
                            sample,
                            kernel,
                            kernelAt,
                            filters,
                            i == 0 ? 0 : 1,
                            y,
                            result,
                            outputs,
                            i == 0 ? bias : null,
                            i == 0 && bias != null ? (long) position * filters : 0,
                            relu && i == rows - 1 ? 0 : Float.NEGATIVE_INFINITY,
                            Float.POSITIVE_INFINITY,
                            scratch,
                            0);
                case KERNEL_GRADIENT ->
                    gemm.multiply(
                            true,
                            false,
                            row,
                            filters,
                            count,
                            x,
                            xAt,
                            sample,
                            y,
                            result,
                            outputs,
                            accumulate ? 1 : 0,
                            kernel,
                            kernelAt,
                            filters,
                            null,
                            0,
                            Float.NEGATIVE_INFINITY,
                            Float.POSITIVE_INFINITY,
                            scratch,
                            0);
                case INPUT_GRADIENT ->
                    gemm.multiply(
                            false,
                            true,
                            count,
                            row,
                            filters,
                            y,
                            result,
                            outputs,
                            kernel,
                            kernelAt,
                            filters,
                            1,
                            x,
                            xAt,
                            sample,
                            null,
                            0,
                            Float.NEGATIVE_INFINITY,
                            Float.POSITIVE_INFINITY,
                            scratch,
                            0);
            }
        }
    }
}
