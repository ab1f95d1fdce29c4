package dev.lanewise.kernels.optimizer;

import static dev.lanewise.kernels.Segments.requireFloats;
import static dev.lanewise.kernels.Segments.requireWritableFloats;

import dev.lanewise.kernels.OptimizerKernel;
import java.lang.foreign.MemorySegment;

/// Checks the operands; the loops are the implementation's.
abstract class CheckedOptimizer implements OptimizerKernel {
    /// State below this is stored as 0.
    static final float TINY = 0x1p-100f;

    @Override
    public final void sgd(MemorySegment w, MemorySegment g, long o, int n, float lr) {
        requireWritableFloats("sgd", "w", w, o, n);
        requireFloats("sgd", "g", g, o, n);
        sgdLoop(w, g, o, n, lr);
    }

    @Override
    public final void momentum(
            MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float mu, boolean nesterov) {
        requireWritableFloats("momentum", "w", w, o, n);
        requireFloats("momentum", "g", g, o, n);
        requireWritableFloats("momentum", "m", m, o, n);
        if (nesterov) {
            nesterovLoop(w, g, m, o, n, lr, mu);
        } else {
            momentumLoop(w, g, m, o, n, lr, mu);
        }
    }

    @Override
    public final void adam(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            long o,
            int n,
            float alpha,
            float beta1,
            float beta2,
            float epsilon) {
        requireWritableFloats("adam", "w", w, o, n);
        requireFloats("adam", "g", g, o, n);
        requireWritableFloats("adam", "m", m, o, n);
        requireWritableFloats("adam", "v", v, o, n);
        adamLoop(w, g, m, v, o, n, alpha, 1 - beta1, 1 - beta2, epsilon);
    }

    abstract void sgdLoop(MemorySegment w, MemorySegment g, long o, int n, float lr);

    abstract void momentumLoop(MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float mu);

    abstract void nesterovLoop(MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float mu);

    /// @param c1 1 - beta1
    /// @param c2 1 - beta2
    abstract void adamLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            long o,
            int n,
            float alpha,
            float c1,
            float c2,
            float epsilon);
}
