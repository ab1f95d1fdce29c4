package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;

/// Loops over rows of channels, as normalization of each channel over a batch needs them. Rows are dense; what
/// belongs to a channel is a vector of `cols` floats.
///
/// Sums go over the rows in order, each column starts from 0. For long ones cut the rows into parts of a fixed
/// length and add up the results.
///
/// Every method throws [IllegalArgumentException] if an operand is not native, is mapped, or is shorter than
/// asked
/// for.
public interface ChannelKernel {
    /// `y[c] = Σ_r (x[r, c] - mean[c])²`, each term by fused multiply-add of the rounded difference.
    /// `y` overlaps no other operand.
    void squaredDistances(
            MemorySegment x, long xo, int rows, int cols, MemorySegment mean, long mo, MemorySegment y, long yo);

    /// `y[c] = Σ_r dy[r, c] · (x[r, c] - mean[c])`, each term by fused multiply-add of the rounded difference.
    /// `y` overlaps no other operand.
    void distanceProducts(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            int rows,
            int cols,
            MemorySegment mean,
            long mo,
            MemorySegment y,
            long yo);

    /// `y[r, c] = fma(x[r, c] - mean[c], scale[c], shift[c])`. `y` may be `x`.
    void normalize(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int rows,
            int cols,
            MemorySegment mean,
            long mo,
            MemorySegment scale,
            long so,
            MemorySegment shift,
            long to);

    /// `dx[r, c] = scale[c] · fma(mean[c] - x[r, c], slope[c], dy[r, c] - level[c])`, added to `dx[r, c]` if
    /// `accumulate`. `dx` may be `dy` unless `accumulate`.
    void normalizeGradient(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int rows,
            int cols,
            MemorySegment mean,
            long mo,
            MemorySegment scale,
            long so,
            MemorySegment level,
            long lo,
            MemorySegment slope,
            long po,
            boolean accumulate);
}
