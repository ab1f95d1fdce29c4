package dev.lanewise.kernels.reduction;

import static dev.lanewise.kernels.Segments.requireFloats;
import static dev.lanewise.kernels.Segments.requireMatrix;
import static dev.lanewise.kernels.Segments.requireWritableFloats;

import dev.lanewise.kernels.ReductionKernel;
import java.lang.foreign.MemorySegment;

/// Checks the operands; the loops are the implementation's.
abstract class CheckedReduction implements ReductionKernel {
    /// Above this a float does not hold every index.
    private static final int MAX_FLOAT_INDEX = 1 << 24;

    @Override
    public final float sum(MemorySegment x, long xo, int n) {
        requireFloats("sum", "x", x, xo, n);
        return sumLoop(x, xo, n);
    }

    @Override
    public final float sumOfSquares(MemorySegment x, long xo, int n) {
        requireFloats("sumOfSquares", "x", x, xo, n);
        return sumOfSquaresLoop(x, xo, n);
    }

    @Override
    public final float max(MemorySegment x, long xo, int n) {
        requireFloats("max", "x", x, xo, n);
        return maxLoop(x, xo, n);
    }

    @Override
    public final void columnSums(
            MemorySegment x, long xo, int rows, int cols, long ldx, MemorySegment y, long yo, boolean accumulate) {
        requireMatrix("columnSums", "x", x, xo, rows, cols, ldx);
        requireWritableFloats("columnSums", "y", y, yo, cols);
        columnSumsLoop(x, xo, rows, cols, ldx, y, yo, accumulate);
    }

    @Override
    public final long countNonFinite(MemorySegment x, long xo, int n) {
        requireFloats("countNonFinite", "x", x, xo, n);
        return countNonFiniteLoop(x, xo, n);
    }

    @Override
    public final void argmaxRows(MemorySegment x, long xo, int rows, int cols, MemorySegment out, long oo) {
        requireMatrix("argmaxRows", "x", x, xo, rows, cols, cols);
        requireWritableFloats("argmaxRows", "out", out, oo, rows);
        if (rows > 0 && (cols < 1 || cols > MAX_FLOAT_INDEX)) {
            throw new IllegalArgumentException(
                    "argmaxRows: expected 1 to " + MAX_FLOAT_INDEX + " columns, got " + cols);
        }
        argmaxRowsLoop(x, xo, rows, cols, out, oo);
    }

    abstract float sumLoop(MemorySegment x, long xo, int n);

    abstract float sumOfSquaresLoop(MemorySegment x, long xo, int n);

    abstract float maxLoop(MemorySegment x, long xo, int n);

    abstract void columnSumsLoop(
            MemorySegment x, long xo, int rows, int cols, long ldx, MemorySegment y, long yo, boolean accumulate);

    abstract long countNonFiniteLoop(MemorySegment x, long xo, int n);

    abstract void argmaxRowsLoop(MemorySegment x, long xo, int rows, int cols, MemorySegment out, long oo);
}
