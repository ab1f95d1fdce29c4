package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;

/// Loops over single elements. In all of them an output may be one of the inputs, at the same offset.
///
/// Every method throws [IllegalArgumentException] if an operand is not native, is mapped, or is shorter than
/// asked
/// for.
public interface ElementwiseKernel {
    /// `c[i] = a[i] + b[i]`.
    void add(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    /// `c[i] = a[i] - b[i]`.
    void subtract(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    /// `c[i] = a[i] * b[i]`.
    void multiply(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    /// `c[i] = a[i] / b[i]`.
    void divide(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    /// `c[i]` = the larger of `a[i]` and `b[i]`, as [Math#max]: NaN if one is NaN, and +0 above -0.
    void maximum(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    /// `c[i]` = the smaller of `a[i]` and `b[i]`, as [Math#min].
    void minimum(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    /// `c[i] = fma(a[i], b[i], c[i])`, rounded once.
    void multiplyAdd(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    /// What is `left` goes to `dx` where `x[i] == y[i]`, and is 0 from then on: `g = x[i] == y[i] ? left[i]
    /// : 0`, `dx[i] = g`, or `dx[i] + g` if `accumulate`, and `left[i] = x[i] == y[i] ? 0 : left[i]`. Called
    /// for one candidate after the other, the gradient of a maximum `y` goes to the first that is it.
    void takeEqual(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            MemorySegment left,
            long lo,
            MemorySegment dx,
            long dxo,
            int n,
            boolean accumulate);

    /// `y[i] = y[i] + x[i]`.
    void accumulate(MemorySegment x, long xo, MemorySegment y, long yo, int n);

    /// `y[i] = x[i] * scale + shift`, rounded twice.
    void scaleShift(MemorySegment x, long xo, MemorySegment y, long yo, int n, float scale, float shift);

    /// Changes nothing, but makes the caller's core the owner of the cache lines of `y`, ahead of a loop that
    /// will write them.
    ///
    /// A line that other cores have read belongs to its writer again only after a message to them and back.
    /// Here the messages of many lines are on their way together; a loop with much to compute for each line
    /// has few of them in flight. A last line that `y` has only a part of may be left out. Nobody else may
    /// write to this part of `y` meanwhile; reading is harmless.
    void claim(MemorySegment y, long yo, int n);

    /// `y[i] = v`.
    void fill(MemorySegment y, long yo, int n, float v);

    /// `t = x[i] < lo ? lo : x[i]; y[i] = t > hi ? hi : t`. NaN stays NaN.
    void clamp(MemorySegment x, long xo, MemorySegment y, long yo, int n, float lo, float hi);

    /// `dx[i] = lo < x[i] && x[i] < hi ? dy[i] : 0`, added to `dx[i]` if `accumulate`. `dx` may be `dy` or `x`
    /// unless `accumulate`. No gradient where `x` is NaN.
    void clampGradient(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int n,
            float lo,
            float hi,
            boolean accumulate);

    /// `y[i] = fma(alpha, x[i], y[i])`, rounded once.
    void axpy(float alpha, MemorySegment x, long xo, MemorySegment y, long yo, int n);

    /// `y[i] = flush(fma(x[i] - y[i], c, y[i]))`: a share `c` of the way from `y` to `x`, a moving average.
    /// Tiny values become 0 as in [OptimizerKernel].
    void approach(MemorySegment x, long xo, MemorySegment y, long yo, int n, float c);

    /// `dst[i] = (src[i] & 0xff) * scale`: unsigned bytes, as in images. The bytes may be the last `n` of
    /// the `4 n`
    /// of `dst` (then they are converted in place), and do not overlap it otherwise.
    ///
    /// @param so offset in `src` **in bytes**
    /// @param dsto offset in `dst` in floats
    void bytesToFloats(MemorySegment src, long so, MemorySegment dst, long dsto, int n, float scale);

    /// Inverted dropout: `y[i] = u < rate ? 0 : x[i] * (1 / (1 - rate))`, added to `y[i]` if `accumulate`.
    ///
    /// `u` in [0, 1) belongs to the index `k = firstIndex + i` alone, so a range may be cut anywhere, and the
    /// backward pass repeats the forward one instead of storing a mask: with `b =
    /// Threefry.block(Threefry.block(seedKey, stepKey), k >>> 1)`, `u = Threefry.uniform` of the low half of
    /// `b` for even `k` and of the high half for odd `k`.
    ///
    /// @param rate share of the elements dropped, in [0, 1]
    /// @param firstIndex index of the first element, not negative
    void dropout(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int n,
            float rate,
            long seedKey,
            long stepKey,
            long firstIndex,
            boolean accumulate);
}
