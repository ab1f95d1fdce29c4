package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.kernels.Gemm;
import dev.lanewise.nn.LayerBuffers;
import java.lang.foreign.MemorySegment;

/// The steps of [LSTM]: blocks i, f, c, o.
final class LstmSteps extends RecurrentSteps {
    private final MemorySegment c;

    /// The cell state that each step starts from, and the one that it ends with.
    private final MemorySegment cellBefore;

    private final MemorySegment cellAfter;

    /// `activation(cellAfter)`.
    private final MemorySegment active;

    LstmSteps(LSTM layer, LayerBuffers b) {
        super(layer, b);
        c = state(1);
        cellBefore = cell(0);
        cellAfter = cell(1);
        active = cell(2);
    }

    @Override
    void step(Gemm gemm, ElementwiseKernel k, int from, int to, int t, MemorySegment scratch) {
        product(gemm, from, to, t, before, recurrent, 0, cols, z, 0, cols, scratch);
        final ActivationKernel activation = b.compute().kernel(layer.activation());
        for (int n = from; n < to; n++) {
            if (!counts(n, t)) {
                continue;
            }
            final long row = row(n, t);
            final long at = row * cols;
            final long of = row * units;
            final long to0 = (long) n * units;
            activate(layer.gateActivation(), row, 0, 2);
            activate(layer.activation(), row, 2, 1);
            activate(layer.gateActivation(), row, 3, 1);
            copy(c, to0, cellBefore, of);
            k.multiply(gates, at + units, c, to0, c, to0, units);
            k.multiplyAdd(gates, at, gates, at + 2L * units, c, to0, units);
            copy(c, to0, cellAfter, of);
            activation.forward(cellAfter, of, active, of, 1, units);
            k.multiply(gates, at + 3L * units, active, of, h, to0, units);
        }
    }

    @Override
    void stepBack(Gemm gemm, ElementwiseKernel k, Back back, int from, int to, int t, MemorySegment scratch) {
        final Activation activation = layer.activation();
        final boolean fromInput = activation.gradientFrom() == GradientFrom.INPUT;
        final MemorySegment dz = back.dz;
        final MemorySegment dc = back.dc;
        for (int n = from; n < to; n++) {
            final long row = row(n, t);
            final long at = row * cols;
            if (!counts(n, t)) {
                k.fill(dz, at, cols, 0);
                continue;
            }
            final long of = row * units;
            final long to0 = (long) n * units;
            final long f = at + units;
            final long g = at + 2L * units;
            final long o = at + 3L * units;
            k.multiply(back.dh, to0, active, of, dz, o, units);
            k.multiply(back.dh, to0, gates, o, back.other, to0, units);
            b.compute()
                    .kernel(activation)
                    .backward(
                            fromInput ? cellAfter : null,
                            of,
                            fromInput ? null : active,
                            of,
                            back.other,
                            to0,
                            dc,
                            to0,
                            1,
                            units,
                            true);
            k.multiply(dc, to0, gates, g, dz, at, units);
            k.multiply(dc, to0, cellBefore, of, dz, f, units);
            k.multiply(dc, to0, gates, at, dz, g, units);
            k.multiply(dc, to0, gates, f, dc, to0, units);
            activateBack(layer.gateActivation(), dz, row, 0, 2);
            activateBack(activation, dz, row, 2, 1);
            activateBack(layer.gateActivation(), dz, row, 3, 1);
        }
        productBack(gemm, from, to, t, dz, 0, cols, 0, cols, 0, back.dBefore, scratch);
    }

    @Override
    void weightGradients(Back back) {
        dense(back);
    }
}
