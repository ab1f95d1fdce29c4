package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Losses: one value per row and, where asked for, the gradient of all `rows x cols` inputs, dense and
/// row-major.
///
/// In all of them `w[r]` is the row's weight, 1 where `weights` is null, and `scale` multiplies the gradient
/// only (1 / batch, say). The factor of a row's gradient is computed once, as `w[r] * scale`. Sums over a
/// row go in the order of [ReductionKernel]. The gradient is computed where its segment is not null. `loss`
/// overlaps no other operand.
///
/// Every method throws [IllegalArgumentException] if an operand is not native, is mapped, or is shorter than
/// asked
/// for, if `cols` is 0 while there are rows, or if a label is not an integer in `[0, cols)`.
public interface LossKernel {
    /// Softmax and cross-entropy with labels, by the logarithm of the sum of exponentials. With `m = max_c
    /// z[c]`, `e[c] = exp(z[c] - m)`, `s = Σ_c e[c]`:
    /// ```
    /// p[c]  = e[c] / s
    /// loss  = w * (log(s) + (m - z[label]))
    /// dz[c] = (p[c] - (c == label ? 1 : 0)) * (w * scale)
    /// ```
    ///
    /// A row with a NaN or a positive infinity, or with negative infinities alone, gives NaN.
    ///
    /// @param labels one float per row that holds an integer
    /// @param p receives the softmax, as the softmax activation computes it; may be `z`
    /// @param dz may be `z` or `p` (which then ends as the gradient)
    void softmaxCrossEntropySparse(
            MemorySegment z,
            long zo,
            MemorySegment labels,
            long lo,
            @Nullable MemorySegment weights,
            long wo,
            @Nullable MemorySegment p,
            long po,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dz,
            long dzo,
            int rows,
            int cols,
            float scale);

    /// Softmax and cross-entropy with targets `t[rows, cols]`, probabilities or any other weights that are not
    /// negative.
    /// With `p` and `m`, `s` as in [#softmaxCrossEntropySparse]:
    /// ```
    /// loss  = w * Σ_c t[c] * (log(s) + (m - z[c]))        terms with t[c] == 0 are 0
    /// dz[c] = (p[c] * Σ_c t[c] - t[c]) * (w * scale)
    /// ```
    ///
    /// @param p receives the softmax; may be `z`
    /// @param dz may be `z` or `p` (which then ends as the gradient)
    void softmaxCrossEntropy(
            MemorySegment z,
            long zo,
            MemorySegment targets,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            @Nullable MemorySegment p,
            long po,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dz,
            long dzo,
            int rows,
            int cols,
            float scale);

    /// Cross-entropy of probabilities with labels, as Keras computes it without logits: with `S = Σ_c p[c]`,
    /// `q[c] = p[c] / S`, and `clip` to `[1e-7, 1 - 1e-7]`:
    /// ```
    /// loss  = w * -log(clip(q[label]))
    /// dp[c] = (1 / S - (c == label ? 1 / p[label] : 0)) * (w * scale), or 0 in a row whose q[label] was
    /// clipped
    /// ```
    ///
    /// @param dp may be `p`
    void categoricalCrossEntropySparse(
            MemorySegment p,
            long po,
            MemorySegment labels,
            long lo,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dp,
            long dpo,
            int rows,
            int cols,
            float scale);

    /// Cross-entropy of probabilities with targets `t[rows, cols]`, as Keras computes it without logits:
    /// with `S` and `q` as in [#categoricalCrossEntropySparse], and `u[c] = t[c]` where `q[c]` was not
    /// clipped, else 0:
    /// ```
    /// loss  = w * -Σ_c t[c] * log(clip(q[c]))
    /// dp[c] = ((Σ_c u[c]) / S - u[c] / p[c]) * (w * scale)        the second term 0 where u[c] is 0
    /// ```
    ///
    /// @param dp may be `p`
    void categoricalCrossEntropy(
            MemorySegment p,
            long po,
            MemorySegment targets,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dp,
            long dpo,
            int rows,
            int cols,
            float scale);

    /// Mean squared error of a row: `loss = w * (Σ_c (y[c] - t[c])² / cols)`,
    /// `dy[c] = (y[c] - t[c]) * (2 / cols *
    /// (w * scale))`.
    ///
    /// @param dy may be `y`
    void meanSquaredError(
            MemorySegment y,
            long yo,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lo,
            @Nullable MemorySegment dy,
            long dyo,
            int rows,
            int cols,
            float scale);

    /// Mean absolute error of a row: `loss = w * (Σ_c |y[c] - t[c]| / cols)`, `dy[c] = sign(y[c] - t[c]) * (1 /
    /// cols * (w * scale))`, 0 where `y[c] == t[c]`.
    ///
    /// @param dy may be `y`
    void meanAbsoluteError(
            MemorySegment y,
            long yo,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lo,
            @Nullable MemorySegment dy,
            long dyo,
            int rows,
            int cols,
            float scale);

    /// Sigmoid and binary cross-entropy, from logits. For each element, with `e = exp(-|z|)`:
    /// ```
    /// p       = (z < 0 ? e : 1) / (e + 1)
    /// element = fma(-z, t, max(z, 0)) + log(1 + e)
    /// loss    = w * (Σ_c element[c] / cols)
    /// dz      = (p - t) * (1 / cols * (w * scale))
    /// ```
    ///
    /// @param p receives the sigmoid, as the activation computes it; may be `z`
    /// @param dz may be `z` or `p` (which then ends as the gradient)
    /// @param scratch `rows * cols` floats that overlap nothing else
    void sigmoidCrossEntropy(
            MemorySegment z,
            long zo,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            @Nullable MemorySegment p,
            long po,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dz,
            long dzo,
            MemorySegment scratch,
            long so,
            int rows,
            int cols,
            float scale);

    /// Binary cross-entropy of probabilities, as Keras computes it without logits. For each element, with `q` =
    /// `p` clipped to `[1e-7, 1 - 1e-7]`:
    /// ```
    /// element = -(t * log(q) + (1 - t) * log(1 - q))
    /// loss    = w * (Σ_c element[c] / cols)
    /// dp      = (p - t) / (p * (1 - p)) * (1 / cols * (w * scale)), or 0 where p was clipped
    /// ```
    ///
    /// @param dp may be `p`
    /// @param scratch `rows * cols` floats that overlap nothing else
    void binaryCrossEntropy(
            MemorySegment p,
            long po,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dp,
            long dpo,
            MemorySegment scratch,
            long so,
            int rows,
            int cols,
            float scale);

    /// Huber's loss. For each element, with `d = y - t`:
    /// ```
    /// element = |d| <= delta ? d² / 2 : delta * |d| - delta² / 2
    /// loss    = w * (Σ_c element[c] / cols)
    /// dy      = clip(d, -delta, delta) * (1 / cols * (w * scale))
    /// ```
    ///
    /// @param dy may be `y`
    /// @param scratch `rows * cols` floats that overlap nothing else
    void huber(
            MemorySegment y,
            long yo,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dy,
            long dyo,
            MemorySegment scratch,
            long so,
            int rows,
            int cols,
            float delta,
            float scale);

    /// Logarithm of the hyperbolic cosine. For each element, with `d = y - t`:
    /// ```
    /// element = |d| + (log(1 + exp(-2 |d|)) - log(2))
    /// loss    = w * (Σ_c element[c] / cols)
    /// dy      = tanh(d) * (1 / cols * (w * scale))
    /// ```
    ///
    /// @param dy may be `y`
    /// @param scratch `rows * cols` floats that overlap nothing else
    void logCosh(
            MemorySegment y,
            long yo,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dy,
            long dyo,
            MemorySegment scratch,
            long so,
            int rows,
            int cols,
            float scale);
}
