package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// An activation's forward pass and gradient over `rows x cols` floats, dense and row-major.
///
/// Rows matter only to an activation whose [Activation#rowwise()] is true. `cols` counts the input's
/// columns; `y` and `dy` have [Activation#outputCols] of them, which but for `glu` are as many.
public interface ActivationKernel {
    /// `y = f(x)`. `y` may be `x` if [Activation#worksInPlace()]; it may not overlap it otherwise.
    ///
    /// @throws IllegalArgumentException if an operand is not native, is mapped, or is shorter than asked for
    void forward(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols);

    /// `dx = f'(x) * dy`, or `dx += f'(x) * dy` if `accumulate`.
    ///
    /// Of `x` (the input) and `y` (the output of [#forward]) only the one that [Activation#gradientFrom()]
    /// names is read; the other may be null. `dx` may be `dy` unless `accumulate`; `dx` may also be the one
    /// of `x` and `y` that is read, unless `accumulate` and if [Activation#worksInPlace()]. Where the output
    /// has other columns than the input, `dx` overlaps nothing.
    ///
    /// @throws IllegalArgumentException if the operand needed is null, or an operand is not native, is
    ///     mapped, or is shorter than asked for
    void backward(
            @Nullable MemorySegment x,
            long xo,
            @Nullable MemorySegment y,
            long yo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int rows,
            int cols,
            boolean accumulate);
}
