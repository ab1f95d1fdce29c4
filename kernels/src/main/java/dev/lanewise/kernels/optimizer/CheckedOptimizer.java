package dev.lanewise.kernels.optimizer;

import static dev.lanewise.kernels.Segments.requireFloats;
import static dev.lanewise.kernels.Segments.requireWritableFloats;

import dev.lanewise.kernels.OptimizerKernel;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Checks the operands; the loops are the implementation's.
abstract class CheckedOptimizer implements OptimizerKernel {
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

    @Override
    public final void adamW(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            long o,
            int n,
            float alpha,
            float beta1,
            float beta2,
            float epsilon,
            float decay) {
        requireWritableFloats("adamW", "w", w, o, n);
        requireFloats("adamW", "g", g, o, n);
        requireWritableFloats("adamW", "m", m, o, n);
        requireWritableFloats("adamW", "v", v, o, n);
        adamWLoop(w, g, m, v, o, n, alpha, 1 - beta1, 1 - beta2, epsilon, decay);
    }

    @Override
    public final void amsgrad(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            MemorySegment top,
            long o,
            int n,
            float alpha,
            float beta1,
            float beta2,
            float epsilon,
            float decay) {
        requireWritableFloats("amsgrad", "w", w, o, n);
        requireFloats("amsgrad", "g", g, o, n);
        requireWritableFloats("amsgrad", "m", m, o, n);
        requireWritableFloats("amsgrad", "v", v, o, n);
        requireWritableFloats("amsgrad", "top", top, o, n);
        amsgradLoop(w, g, m, v, top, o, n, alpha, 1 - beta1, 1 - beta2, epsilon, decay);
    }

    @Override
    public final void rmsprop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment v,
            @Nullable MemorySegment a,
            @Nullable MemorySegment m,
            long o,
            int n,
            float lr,
            float rho,
            float mu,
            float epsilon) {
        requireWritableFloats("rmsprop", "w", w, o, n);
        requireFloats("rmsprop", "g", g, o, n);
        requireWritableFloats("rmsprop", "v", v, o, n);
        if (a != null) {
            requireWritableFloats("rmsprop", "a", a, o, n);
        }
        if (m != null) {
            requireWritableFloats("rmsprop", "m", m, o, n);
        }
        float c = 1 - rho;
        if (a == null) {
            if (m == null) {
                rmspropLoop(w, g, v, o, n, lr, c, epsilon);
            } else {
                rmspropMomentumLoop(w, g, v, m, o, n, lr, c, mu, epsilon);
            }
        } else if (m == null) {
            rmspropCenteredLoop(w, g, v, a, o, n, lr, c, epsilon);
        } else {
            rmspropCenteredMomentumLoop(w, g, v, a, m, o, n, lr, c, mu, epsilon);
        }
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

    abstract void adamWLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            long o,
            int n,
            float alpha,
            float c1,
            float c2,
            float epsilon,
            float decay);

    abstract void amsgradLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            MemorySegment top,
            long o,
            int n,
            float alpha,
            float c1,
            float c2,
            float epsilon,
            float decay);

    abstract void rmspropLoop(
            MemorySegment w, MemorySegment g, MemorySegment v, long o, int n, float lr, float c, float epsilon);

    abstract void rmspropMomentumLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment v,
            MemorySegment m,
            long o,
            int n,
            float lr,
            float c,
            float mu,
            float epsilon);

    abstract void rmspropCenteredLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment v,
            MemorySegment a,
            long o,
            int n,
            float lr,
            float c,
            float epsilon);

    abstract void rmspropCenteredMomentumLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment v,
            MemorySegment a,
            MemorySegment m,
            long o,
            int n,
            float lr,
            float c,
            float mu,
            float epsilon);

    @Override
    public final void adagrad(
            MemorySegment w, MemorySegment g, MemorySegment a, long o, int n, float lr, float epsilon) {
        requireWritableFloats("adagrad", "w", w, o, n);
        requireFloats("adagrad", "g", g, o, n);
        requireWritableFloats("adagrad", "a", a, o, n);
        adagradLoop(w, g, a, o, n, lr, epsilon);
    }

    @Override
    public final void adadelta(
            MemorySegment w,
            MemorySegment g,
            MemorySegment a,
            MemorySegment d,
            long o,
            int n,
            float lr,
            float rho,
            float epsilon) {
        requireWritableFloats("adadelta", "w", w, o, n);
        requireFloats("adadelta", "g", g, o, n);
        requireWritableFloats("adadelta", "a", a, o, n);
        requireWritableFloats("adadelta", "d", d, o, n);
        adadeltaLoop(w, g, a, d, o, n, lr, 1 - rho, epsilon);
    }

    @Override
    public final void adamax(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment u,
            long o,
            int n,
            float rate,
            float beta1,
            float beta2,
            float epsilon) {
        requireWritableFloats("adamax", "w", w, o, n);
        requireFloats("adamax", "g", g, o, n);
        requireWritableFloats("adamax", "m", m, o, n);
        requireWritableFloats("adamax", "u", u, o, n);
        adamaxLoop(w, g, m, u, o, n, rate, 1 - beta1, beta2, epsilon);
    }

    @Override
    public final void nadam(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            long o,
            int n,
            float momentumRate,
            float gradientRate,
            float correction,
            float beta1,
            float beta2,
            float epsilon) {
        requireWritableFloats("nadam", "w", w, o, n);
        requireFloats("nadam", "g", g, o, n);
        requireWritableFloats("nadam", "m", m, o, n);
        requireWritableFloats("nadam", "v", v, o, n);
        nadamLoop(w, g, m, v, o, n, momentumRate, gradientRate, correction, 1 - beta1, 1 - beta2, epsilon);
    }

    @Override
    public final void ftrl(
            MemorySegment w,
            MemorySegment g,
            MemorySegment a,
            MemorySegment z,
            long o,
            int n,
            float lr,
            float power,
            float l1,
            float l2,
            float shrinkage) {
        requireWritableFloats("ftrl", "w", w, o, n);
        requireFloats("ftrl", "g", g, o, n);
        requireWritableFloats("ftrl", "a", a, o, n);
        requireWritableFloats("ftrl", "z", z, o, n);
        if (power == -0.5f) {
            ftrlRootLoop(w, g, a, z, o, n, lr, l1, l2, shrinkage);
        } else {
            ftrlPowerLoop(w, g, a, z, o, n, lr, -power, l1, l2, shrinkage);
        }
    }

    @Override
    public final void lion(
            MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float beta1, float beta2) {
        requireWritableFloats("lion", "w", w, o, n);
        requireFloats("lion", "g", g, o, n);
        requireWritableFloats("lion", "m", m, o, n);
        lionLoop(w, g, m, o, n, lr, 1 - beta1, 1 - beta2);
    }

    abstract void adagradLoop(
            MemorySegment w, MemorySegment g, MemorySegment a, long o, int n, float lr, float epsilon);

    abstract void adadeltaLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment a,
            MemorySegment d,
            long o,
            int n,
            float lr,
            float c,
            float epsilon);

    abstract void adamaxLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment u,
            long o,
            int n,
            float rate,
            float c1,
            float beta2,
            float epsilon);

    abstract void nadamLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            long o,
            int n,
            float momentumRate,
            float gradientRate,
            float correction,
            float c1,
            float c2,
            float epsilon);

    abstract void ftrlRootLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment a,
            MemorySegment z,
            long o,
            int n,
            float lr,
            float l1,
            float l2,
            float shrinkage);

    /// @param exponent not negative
    abstract void ftrlPowerLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment a,
            MemorySegment z,
            long o,
            int n,
            float lr,
            float exponent,
            float l1,
            float l2,
            float shrinkage);

    abstract void lionLoop(
            MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float c1, float c2);
}
