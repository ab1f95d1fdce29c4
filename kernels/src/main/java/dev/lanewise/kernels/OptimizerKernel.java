package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;

/// Parameter updates, each in one pass. All segments of a call have the same layout: the range `[o, o + n)` of
/// each.
///
/// **Tiny state**: where the contract says `flush(a)`, an `a` with `|a| < 2^-100` is stored as 0 and takes part as
/// 0. Moments of a parameter whose gradient has become zero would otherwise decay into denormals, which are slow.
///
/// Every method throws [IllegalArgumentException] if an operand is not native, is mapped, or is shorter than asked
/// for.
public interface OptimizerKernel {
    /// `w = fma(-lr, g, w)`.
    void sgd(MemorySegment w, MemorySegment g, long o, int n, float lr);

    /// Keras' SGD with momentum: `m = flush(mu * m - lr * g)`; then `w = w + m`, or with `nesterov`
    /// `w = w + (mu * m - lr * g)` with the new `m`. Both differences are `fma(mu, m, -(lr * g))`.
    void momentum(
            MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float mu, boolean nesterov);

    /// Keras' Adam: `m += (g - m)(1 - beta1)`, `v += (g² - v)(1 - beta2)`, `w -= m alpha / (sqrt(v) + epsilon)`.
    ///
    /// In floats, with `c1 = 1 - beta1` and `c2 = 1 - beta2`:
    /// ```
    /// m = flush(fma(g - m, c1, m))
    /// v = flush(fma(fma(g, g, -v), c2, v))
    /// w = w - (m * alpha) / (sqrt(v) + epsilon)
    /// ```
    ///
    /// @param alpha the learning rate with the bias correction in it: `lr * sqrt(1 - beta2^t) / (1 - beta1^t)`
    void adam(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            long o,
            int n,
            float alpha,
            float beta1,
            float beta2,
            float epsilon);
}
