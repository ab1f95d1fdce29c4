package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.kernels.Gemm;
import dev.lanewise.nn.LayerBuffers;
import java.lang.foreign.MemorySegment;

/// The steps of [LSTM]: blocks i, f, c, o.
final class LstmSteps extends RecurrentSteps {
    private final LstmRows rows;

    LstmSteps(LSTM layer, LayerBuffers b) {
        super(layer, b);
        rows = new LstmRows(
                b.compute(),
                layer.activation(),
                layer.gateActivation(),
                units,
                z,
                gates,
                cell(0),
                cell(1),
                cell(2),
                h,
                state(1));
    }

    @Override
    void step(Gemm gemm, ElementwiseKernel k, int from, int to, int t, MemorySegment scratch) {
        product(gemm, from, to, t, before, 0, cols, z, 0, cols, scratch);
        for (int n = from; n < to; n++) {
            if (counts(n, t)) {
                rows.forward(k, row(n, t), n);
            }
        }
    }

    @Override
    void stepBack(Gemm gemm, ElementwiseKernel k, Back back, int from, int to, int t, MemorySegment scratch) {
        for (int n = from; n < to; n++) {
            final long row = row(n, t);
            if (counts(n, t)) {
                rows.backward(k, back.dz, back.dh, back.dc, back.other, row, n);
            } else {
                k.fill(back.dz, row * cols, cols, 0);
            }
        }
        productBack(gemm, back, from, to, t, back.dz, 0, cols, 0, cols, 0, back.dBefore, scratch);
    }

    @Override
    void weightGradients(Back back) {
        dense(back);
    }
}
