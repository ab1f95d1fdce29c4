package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.kernels.Gemm;
import dev.lanewise.nn.LayerBuffers;
import java.lang.foreign.MemorySegment;

/// The steps of [SimpleRNN].
final class SimpleRnnSteps extends RecurrentSteps {
    SimpleRnnSteps(SimpleRNN layer, LayerBuffers b) {
        super(layer, b);
    }

    @Override
    void step(Gemm gemm, ElementwiseKernel k, int from, int to, int t, MemorySegment scratch) {
        product(gemm, from, to, t, before, 0, cols, z, 0, cols, scratch);
        for (int n = from; n < to; n++) {
            activate(layer.activation(), row(n, t), 0, 1);
            if (counts(n, t)) {
                copy(gates, row(n, t) * cols, h, (long) n * units);
            }
        }
    }

    @Override
    void stepBack(Gemm gemm, ElementwiseKernel k, Back back, int from, int to, int t, MemorySegment scratch) {
        for (int n = from; n < to; n++) {
            final long row = row(n, t);
            if (counts(n, t)) {
                copy(back.dh, (long) n * units, back.dz, row * cols);
                activateBack(layer.activation(), back.dz, row, 0, 1);
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
