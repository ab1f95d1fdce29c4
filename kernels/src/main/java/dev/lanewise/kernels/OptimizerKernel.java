package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Parameter updates, each in one pass. All segments of a call have the same layout: the range `[o, o + n)` of
/// each.
///
/// **Tiny state**: where the contract says `flush(a)`, an `a` with `|a| < 2^-100` ([#TINY]) is stored as 0 and
/// takes part as 0. Moments of a parameter whose gradient has become zero would otherwise decay into denormals,
/// which are slow.
///
/// Every method throws [IllegalArgumentException] if an operand is not native, is mapped, or is shorter than
/// asked
/// for.
public interface OptimizerKernel {
    /// Below this a magnitude is stored as 0: far below what changes a weight, and far above the denormals.
    float TINY = 0x1p-100f;

    /// `w = fma(-lr, g, w)`.
    void sgd(MemorySegment w, MemorySegment g, long o, int n, float lr);

    /// Keras' SGD with momentum: `m = flush(mu * m - lr * g)`; then `w = w + m`, or with `nesterov`
    /// `w = w + (mu * m - lr * g)` with the new `m`. Both differences are `fma(mu, m, -(lr * g))`.
    void momentum(
            MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float mu, boolean nesterov);

    /// Keras' Adam: `m += (g - m)(1 - beta1)`, `v += (g² - v)(1 - beta2)`, `w -= m alpha / (sqrt(v) +
    /// epsilon)`.
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

    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019), as Keras' AdamW: `w = fma(-decay, w, w)`,
    /// then [#adam].
    ///
    /// @param decay the weight decay times the learning rate
    void adamW(
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
            float decay);

    /// As [#adamW] (without decay where that is 0), but the step is divided by the largest `v` so far (AMSGrad;
    /// Reddi et al. 2018): `top = top < v ? v : top`; `w = w - (m * alpha) / (sqrt(top) + epsilon)`.
    void amsgrad(
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
            float decay);

    /// Keras' RMSprop: `v += (g² - v)(1 - rho)`, and a step of `lr g / sqrt(v + epsilon)`.
    ///
    /// In floats, with `c = 1 - rho`, lines with `a` and `m` only where these are not null:
    /// ```
    /// v = flush(fma(fma(g, g, -v), c, v))
    /// a = flush(fma(g - a, c, a))
    /// d = v, or max(fma(-a, a, v), 0) with a: the variance, which rounding must not make negative
    /// step = (g * lr) / sqrt(d + epsilon)
    /// m = flush(fma(mu, m, step)); step = m
    /// w = w - step
    /// ```
    ///
    /// @param a the mean gradient of the centered form, or null
    /// @param m the momentum of the steps, or null
    void rmsprop(
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
            float epsilon);

    /// Keras' Adagrad (Duchi et al. 2011): `a += g²`, and a step of `lr g / sqrt(a + epsilon)`. In floats:
    /// ```
    /// a = flush(fma(g, g, a))
    /// w = w - (g * lr) / sqrt(a + epsilon)
    /// ```
    void adagrad(MemorySegment w, MemorySegment g, MemorySegment a, long o, int n, float lr, float epsilon);

    /// Keras' Adadelta (Zeiler 2012): steps as large as those before them. In floats, with `c = 1 - rho`:
    /// ```
    /// a = flush(fma(fma(g, g, -a), c, a))
    /// step = g * sqrt(d + epsilon) / sqrt(a + epsilon)
    /// d = flush(fma(fma(step, step, -d), c, d))
    /// w = fma(-lr, step, w)
    /// ```
    ///
    /// @param a the mean of squared gradients
    /// @param d the mean of squared steps
    void adadelta(
            MemorySegment w,
            MemorySegment g,
            MemorySegment a,
            MemorySegment d,
            long o,
            int n,
            float lr,
            float rho,
            float epsilon);

    /// Keras' Adamax (Kingma and Ba 2015): Adam with the largest gradient in place of the mean square. In
    /// floats:
    /// ```
    /// m = flush(fma(g - m, 1 - beta1, m))
    /// u = u * beta2; u = flush(u < |g| ? |g| : u)
    /// w = w - (m * rate) / (u + epsilon)
    /// ```
    ///
    /// @param rate the learning rate with the bias correction in it: `lr / (1 - beta1^t)`
    void adamax(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment u,
            long o,
            int n,
            float rate,
            float beta1,
            float beta2,
            float epsilon);

    /// Keras' Nadam (Dozat 2015): Adam with Nesterov's momentum. In floats:
    /// ```
    /// m = flush(fma(g - m, 1 - beta1, m))
    /// v = flush(fma(fma(g, g, -v), 1 - beta2, v))
    /// w = w - fma(m, momentumRate, g * gradientRate) / (sqrt(v * correction) + epsilon)
    /// ```
    ///
    /// @param momentumRate the learning rate times the momentum's share of the step
    /// @param gradientRate the learning rate times the gradient's share of the step
    /// @param correction `1 / (1 - beta2^t)`
    void nadam(
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
            float epsilon);

    /// Keras' Ftrl (McMahan et al. 2013): follow the regularized leader. With `P(x) = x^-power`, the square
    /// root for
    /// -0.5, else `exp(-power * log(x))`, in floats:
    /// ```
    /// b = flush(fma(g, g, a)); sigma = (P(b) - P(a)) / lr; a = b
    /// z = flush(fma(-sigma, w, z + fma(2 * shrinkage, w, g)))
    /// w = (clamp(z, -l1, l1) - z) / fma(2, l2, P(b) / lr)
    /// ```
    ///
    /// @param a the sum of squared gradients
    /// @param power not above 0
    /// @param l2 Keras' strength and `beta / (2 lr)`
    void ftrl(
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
            float shrinkage);

    /// Keras' Lion (Chen et al. 2023): steps of one size. In floats:
    /// ```
    /// s = fma(g - m, 1 - beta1, m)
    /// w = w - (s > 0 ? lr : s < 0 ? -lr : s)
    /// m = flush(fma(g - m, 1 - beta2, m))
    /// ```
    void lion(MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float beta1, float beta2);
}
