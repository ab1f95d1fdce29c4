package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;

/// Windows over cells of channels: maxima, sums, and the ways back.
///
/// A cell is `channels` floats. A window has `depth` planes of `height` rows of `width` cells that follow one
/// another; its rows are `rowStride` floats apart, its planes `planeStride`. Each call handles `count` windows,
/// whose first cells are `step` floats apart; their results are cells that follow one another. Within a window
/// cells come in the order planes, rows, width. Images and sequences are windows of one plane, or of one row
/// too.
///
/// Every method throws [IllegalArgumentException] if an operand is not native, is mapped, or is shorter than
/// asked
/// for, if a size is not positive (`count` may be 0), or a stride is negative.
public interface PoolingKernel {
    /// `y[i, c]` = the largest `x` of window `i` and channel `c`, as [Math#max]: NaN if one is NaN.
    void max(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width);

    /// The gradient of [#max]: the first cell of window `i` that is `y[i, c]` has `dy[i, c]` added to its
    /// `dx`, and
    /// all others of the window 0; none has it where `y` is NaN. Windows come in order.
    void maxGradient(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width);

    /// `y[i, c] = (0 + Σ x) / divisor` over window `i`, in the order of the cells; added to `y` if
    /// `accumulate`.
    void sum(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            float divisor,
            boolean accumulate);

    /// The way back of [#sum]: each cell of window `i` becomes `y[i, c] / divisor`, or has it added if
    /// `accumulate`. Windows come in order.
    void spread(
            MemorySegment y,
            long yo,
            MemorySegment x,
            long xo,
            int channels,
            int count,
            long step,
            int depth,
            long planeStride,
            int height,
            long rowStride,
            int width,
            float divisor,
            boolean accumulate);
}
