package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.kernels.Gemm;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The steps of [GRU]: blocks z, r, h.
final class GruSteps extends RecurrentSteps {
    private final GRU gru;
    private final int two;

    /// `before · U_h + bias` with `resetAfter`, `r · before` without; its gradient after the step's backward.
    private final MemorySegment inner;

    /// What the products of the inputs start from with `resetAfter`: the bias of the input, to which that of
    /// the recurrent product is added where both are only summed.
    private final @Nullable MemorySegment sum;

    private @Nullable Parts parts;

    /// Parts of gradients and sums, made once.
    private static final class Parts {
        private final ColumnSums innerSums;
        private final @Nullable MemorySegment dRecurrentOfH;

        Parts(GruSteps of, Back back) {
            innerSums = ColumnSums.of(
                    of.b.compute(), of.inner, 0, of.batch * of.steps, of.units, back.columnSums.work(), 0);
            final Tensor dRecurrent = of.b.gradient(1);
            dRecurrentOfH = dRecurrent == null ? null : dRecurrent.segment().asSlice((long) of.two * Float.BYTES);
        }
    }

    GruSteps(GRU layer, LayerBuffers b) {
        super(layer, b);
        gru = layer;
        two = 2 * units;
        inner = cell(0);
        sum = layer.resetAfter() && layer.useBias() ? cell(1) : null;
    }

    @Override
    @Nullable
    MemorySegment inputBias() {
        if (sum == null) {
            return super.inputBias();
        }
        final MemorySegment bias = b.parameter(2).segment();
        final ElementwiseKernel k = b.compute().kernels().elementwise();
        MemorySegment.copy(bias, 0, sum, 0, sum.byteSize());
        k.accumulate(bias, cols, sum, 0, two);
        return sum;
    }

    @Override
    void step(Gemm gemm, ElementwiseKernel k, int from, int to, int t, MemorySegment scratch) {
        product(gemm, from, to, t, before, 0, two, z, 0, cols, scratch);
        if (gru.resetAfter()) {
            gemm.multiply(
                    false,
                    false,
                    to - from,
                    units,
                    units,
                    before,
                    row(from, t) * units,
                    (long) steps * units,
                    recurrent.segment(),
                    recurrent.column(two),
                    recurrent.ld(),
                    0,
                    inner,
                    row(from, t) * units,
                    (long) steps * units,
                    sum == null ? null : b.parameter(2).segment(),
                    cols + (long) two,
                    Float.NEGATIVE_INFINITY,
                    Float.POSITIVE_INFINITY,
                    scratch,
                    0);
        }
        for (int n = from; n < to; n++) {
            final long row = row(n, t);
            activate(layer.gateActivation(), row, 0, 2);
            final long r = row * cols + units;
            if (gru.resetAfter()) {
                k.multiplyAdd(gates, r, inner, row * units, z, row * cols + two, units);
            } else {
                k.multiply(gates, r, before, row * units, inner, row * units, units);
            }
        }
        if (!gru.resetAfter()) {
            product(gemm, from, to, t, inner, two, units, z, two, cols, scratch);
        }
        for (int n = from; n < to; n++) {
            final long row = row(n, t);
            activate(layer.activation(), row, 2, 1);
            if (counts(n, t)) {
                final long to0 = (long) n * units;
                k.subtract(before, row * units, gates, row * cols + two, h, to0, units);
                k.multiply(gates, row * cols, h, to0, h, to0, units);
                k.accumulate(gates, row * cols + two, h, to0, units);
            }
        }
    }

    @Override
    void stepBack(Gemm gemm, ElementwiseKernel k, Back back, int from, int to, int t, MemorySegment scratch) {
        final MemorySegment dz = back.dz;
        final MemorySegment dh = back.dh;
        for (int n = from; n < to; n++) {
            final long row = row(n, t);
            final long at = row * cols;
            final long of = row * units;
            final long to0 = (long) n * units;
            if (!counts(n, t)) {
                k.fill(dz, at, cols, 0);
                k.fill(back.dBefore, to0, units, 0);
                continue;
            }
            k.subtract(before, of, gates, at + two, dz, at, units);
            k.multiply(dh, to0, dz, at, dz, at, units);
            k.multiply(dh, to0, gates, at, back.dBefore, to0, units);
            k.subtract(dh, to0, back.dBefore, to0, dz, at + two, units);
            activateBack(layer.activation(), dz, row, 2, 1);
        }
        if (!gru.resetAfter()) {
            productBack(gemm, back, from, to, t, dz, two, cols, two, units, 0, back.other, scratch);
        }
        for (int n = from; n < to; n++) {
            final long row = row(n, t);
            final long at = row * cols;
            final long of = row * units;
            final long to0 = (long) n * units;
            final boolean counts = counts(n, t);
            if (gru.resetAfter()) {
                k.multiply(dz, at + two, inner, of, dz, at + units, units);
                k.multiply(dz, at + two, gates, at + units, inner, of, units);
            } else if (counts) {
                k.multiply(back.other, to0, before, of, dz, at + units, units);
                k.multiplyAdd(back.other, to0, gates, at + units, back.dBefore, to0, units);
            }
            if (counts) {
                activateBack(layer.gateActivation(), dz, row, 0, 2);
            } else {
                k.fill(dz, at, two, 0);
            }
        }
        productBack(gemm, back, from, to, t, dz, 0, cols, 0, two, 1, back.dBefore, scratch);
        if (gru.resetAfter()) {
            productBack(gemm, back, from, to, t, inner, 0, units, two, units, 1, back.dBefore, scratch);
        }
    }

    @Override
    void weightGradients(Back back) {
        if (parts == null) {
            parts = new Parts(this, back);
        }
        final Parts work = parts;
        final Tensor dRecurrent = b.gradient(1);
        if (dRecurrent != null && work.dRecurrentOfH != null) {
            final boolean add = b.accumulateGradient(1);
            gradient(before, units, back.dz, two, cols, dRecurrent.segment(), add);
            final MemorySegment last = gru.resetAfter() ? inner : back.dzOf(two);
            gradient(
                    gru.resetAfter() ? before : inner,
                    units,
                    last,
                    units,
                    gru.resetAfter() ? units : cols,
                    work.dRecurrentOfH,
                    add);
        }
        final Tensor dBias = layer.useBias() ? b.gradient(2) : null;
        if (dBias == null) {
            return;
        }
        final boolean add = b.accumulateGradient(2);
        back.columnSums.run(dBias.segment(), 0, add);
        if (gru.resetAfter()) {
            // The recurrent bias of z and r has the gradient of the input's.
            back.columnSums.run(back.sums, 0, false);
            work.innerSums.run(back.sums, two, false);
            final ElementwiseKernel k = b.compute().kernels().elementwise();
            if (!add) {
                k.fill(dBias.segment(), cols, cols, 0);
            }
            k.accumulate(back.sums, 0, dBias.segment(), cols, cols);
        }
    }
}
