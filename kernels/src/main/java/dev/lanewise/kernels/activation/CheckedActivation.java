package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.Segments.requireFloats;
import static dev.lanewise.kernels.Segments.requireWritableFloats;

import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.ActivationKernel;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Checks the operands and picks the one that the gradient is computed from; the loops are the
/// implementation's.
abstract class CheckedActivation implements ActivationKernel {
    private final String name;
    private final GradientFrom gradientFrom;

    CheckedActivation(String name, GradientFrom gradientFrom) {
        this.name = name;
        this.gradientFrom = gradientFrom;
    }

    @Override
    public final void forward(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
        requireFloats(name, "x", x, xo, elements(rows, cols));
        requireWritableFloats(name, "y", y, yo, elements(rows, outputCols(cols)));
        forwardLoop(x, xo, y, yo, rows, cols);
    }

    @Override
    public final void backward(
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
            boolean accumulate) {
        int n = elements(rows, cols);
        int outputs = elements(rows, outputCols(cols));
        requireFloats(name, "dy", dy, dyo, outputs);
        requireWritableFloats(name, "dx", dx, dxo, n);
        MemorySegment from = switch (gradientFrom) {
            case INPUT -> needed("x", x, xo, n);
            case OUTPUT -> needed("y", y, yo, outputs);
            case NOTHING -> dy;
        };
        long fromOffset = switch (gradientFrom) {
            case INPUT -> xo;
            case OUTPUT -> yo;
            case NOTHING -> dyo;
        };
        if (accumulate) {
            backwardAddLoop(from, fromOffset, dy, dyo, dx, dxo, rows, cols);
        } else {
            backwardLoop(from, fromOffset, dy, dyo, dx, dxo, rows, cols);
        }
    }

    /// As [dev.lanewise.kernels.Activation#outputCols].
    int outputCols(int cols) {
        return cols;
    }

    /// `y = f(x)`.
    abstract void forwardLoop(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols);

    /// `dx = f' * dy`, with `f'` computed from `v`: the input or the output, as [GradientFrom] says.
    abstract void backwardLoop(
            MemorySegment v, long vo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols);

    /// The same, added to `dx`.
    abstract void backwardAddLoop(
            MemorySegment v, long vo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols);

    private int elements(int rows, int cols) {
        long n = (long) rows * cols;
        if (rows < 0 || cols < 0 || n > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    name + ": expected at most 2^31 - 1 elements, got [" + rows + ", " + cols + "]");
        }
        return (int) n;
    }

    private MemorySegment needed(String operand, @Nullable MemorySegment segment, long offset, int n) {
        if (segment == null) {
            throw new IllegalArgumentException(
                    name + ": expected " + operand + ", which its gradient is computed from, got null");
        }
        requireFloats(name, operand, segment, offset, n);
        return segment;
    }
}
