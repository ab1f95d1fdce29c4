package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;

/// Rows of a dense matrix `[rows, cols]` brought to a mean and a scale of their own:
/// `n[r, c] = (x[r, c] - center[r]) * factor[r]`, each step rounded.
///
/// **Sums of a row** have the order of [ReductionKernel]. `gamma` and `beta` are rows of `cols` floats: ones
/// and zeros where there are none.
///
/// Every method throws [IllegalArgumentException] if an operand is not native, is mapped, or is shorter than
/// asked
/// for.
public interface RowNormalizationKernel {
    /// `mean[r] = (Σ x[r, c]) / cols` and `variance[r] = (Σ (x[r, c] - mean[r])²) / cols`.
    void moments(
            MemorySegment x, long xo, int rows, int cols, MemorySegment mean, long mo, MemorySegment variance, long vo);

    /// `sums[r] = Σ x[r, c]²`.
    void squares(MemorySegment x, long xo, int rows, int cols, MemorySegment sums, long so);

    /// `y[r, c] = fma(n[r, c], gamma[c], beta[c])`. `y` may be `x`.
    void normalize(
            MemorySegment x,
            long xo,
            int rows,
            int cols,
            MemorySegment center,
            long co,
            MemorySegment factor,
            long fo,
            MemorySegment gamma,
            long go,
            MemorySegment beta,
            long bo,
            MemorySegment y,
            long yo);

    /// `sums[r] = Σ dy[r, c] * gamma[c]` and
    /// `products[r] = (Σ (dy[r, c] * gamma[c]) * (x[r, c] - center[r])) * factor[r]`.
    void gradientSums(
            MemorySegment dy,
            long dyo,
            MemorySegment x,
            long xo,
            int rows,
            int cols,
            MemorySegment center,
            long co,
            MemorySegment factor,
            long fo,
            MemorySegment gamma,
            long go,
            MemorySegment sums,
            long so,
            MemorySegment products,
            long po);

    /// `dx[r, c] = ((dy[r, c] * gamma[c] - a[r]) - n[r, c] * b[r]) * factor[r]`, added to `dx` if `accumulate`.
    /// `dx` may be `dy` unless `accumulate`.
    void gradient(
            MemorySegment dy,
            long dyo,
            MemorySegment x,
            long xo,
            int rows,
            int cols,
            MemorySegment center,
            long co,
            MemorySegment factor,
            long fo,
            MemorySegment gamma,
            long go,
            MemorySegment a,
            long ao,
            MemorySegment b,
            long bo,
            MemorySegment dx,
            long dxo,
            boolean accumulate);

    /// `dGamma[c] = 0 + Σ_r dy[r, c] * n[r, c]` over the rows in order, added to `dGamma[c]` if
    /// `accumulate`, for `cols` columns of longer rows.
    ///
    /// @param ld floats from one row to the next in `dy` and `x`, at least `cols`
    void gammaGradient(
            MemorySegment dy,
            long dyo,
            MemorySegment x,
            long xo,
            int rows,
            int cols,
            long ld,
            MemorySegment center,
            long co,
            MemorySegment factor,
            long fo,
            MemorySegment dGamma,
            long go,
            boolean accumulate);
}
