package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// What convolutions need beside [Gemm]: patches of the source as rows of a matrix, kernels transposed, and
/// depthwise convolutions, which are no products of matrices.
///
/// A [Window] says which pixel each tap of a position meets.
///
/// Every method throws [IllegalArgumentException] if an operand is not native, is mapped, or is shorter than
/// asked
/// for.
public interface ConvolutionKernel {
    /// Floats of work that [#transpose] needs.
    int TRANSPOSE_WORK = 512;

    /// Rows of a matrix of patches: row `r`, column `t · channels + c` is channel `channel + c` of the pixel
    /// that tap `tap + t` meets at position `position + r` (counted through all samples), 0 where there is
    /// none. Rows are dense: `taps · channels` floats.
    void patches(
            Window window,
            MemorySegment x,
            long xo,
            int position,
            int rows,
            int tap,
            int taps,
            int channel,
            int channels,
            MemorySegment patches,
            long po);

    /// `to[c, r] = from[r, c]`.
    ///
    /// @param ldFrom floats from one row to the next; as `ldTo`
    /// @param work at least [#TRANSPOSE_WORK] floats
    void transpose(
            MemorySegment from,
            long fromOffset,
            int rows,
            int cols,
            long ldFrom,
            MemorySegment to,
            long toOffset,
            long ldTo,
            MemorySegment work,
            long workOffset);

    /// One row of positions of a depthwise convolution over height and width, in which each channel has a
    /// kernel of its own: for `p` along the width, `y[p · yStep + c] = bias[c] + Σ_t x[pixel of t, c] ·
    /// kernel[t, c]`, added to `y` if `accumulate`.
    ///
    /// Each element starts from its bias, or 0, and takes the products in the order of the taps by fused
    /// multiply-add; taps that meet no pixel are left out.
    ///
    /// @param window of depth 1
    /// @param xo where the sample begins
    /// @param row position along the height
    /// @param bias or null
    /// @param yStep floats from one position to the next, at least `channels`
    void depthwiseRow(
            Window window,
            MemorySegment x,
            long xo,
            int row,
            MemorySegment kernel,
            long ko,
            @Nullable MemorySegment bias,
            long bo,
            MemorySegment y,
            long yo,
            long yStep,
            boolean accumulate);

    /// What one row of positions adds to the gradient of a depthwise kernel:
    /// `sums[t, c] += Σ_p x[pixel of t at p,
    /// c] · dy[p, c]` for `c` in `channel .. channel + channels`.
    ///
    /// The sum over the row starts from 0 and takes the products in the order of the positions by fused
    /// multiply-add; then it is added to what was there.
    ///
    /// @param dyo where the row begins; its positions are dense
    /// @param sums `[taps, channels of the window]`
    void depthwiseGradientRow(
            Window window,
            MemorySegment x,
            long xo,
            int row,
            MemorySegment dy,
            long dyo,
            int channel,
            int channels,
            MemorySegment sums,
            long so);
}
