package dev.lanewise.kernels.rownormalization;

import static dev.lanewise.kernels.Segments.requireFloats;
import static dev.lanewise.kernels.Segments.requireMatrix;
import static dev.lanewise.kernels.Segments.requireWritableFloats;

import dev.lanewise.kernels.RowNormalizationKernel;
import java.lang.foreign.MemorySegment;

/// Checks the operands; the loops are the implementation's.
abstract class CheckedRowNormalization implements RowNormalizationKernel {
    @Override
    public final void moments(
            MemorySegment x,
            long xo,
            int rows,
            int cols,
            MemorySegment mean,
            long mo,
            MemorySegment variance,
            long vo) {
        requireMatrix("moments", "x", x, xo, rows, cols, cols);
        requireWritableFloats("moments", "mean", mean, mo, rows);
        requireWritableFloats("moments", "variance", variance, vo, rows);
        momentsLoop(x, xo, rows, cols, mean, mo, variance, vo);
    }

    @Override
    public final void squares(MemorySegment x, long xo, int rows, int cols, MemorySegment sums, long so) {
        requireMatrix("squares", "x", x, xo, rows, cols, cols);
        requireWritableFloats("squares", "sums", sums, so, rows);
        squaresLoop(x, xo, rows, cols, sums, so);
    }

    @Override
    public final void normalize(
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
            long yo) {
        requireMatrix("normalize", "x", x, xo, rows, cols, cols);
        requireFloats("normalize", "center", center, co, rows);
        requireFloats("normalize", "factor", factor, fo, rows);
        requireFloats("normalize", "gamma", gamma, go, cols);
        requireFloats("normalize", "beta", beta, bo, cols);
        requireMatrix("normalize", "y", y, yo, rows, cols, cols);
        requireWritableFloats("normalize", "y", y, yo, 0);
        normalizeLoop(x, xo, rows, cols, center, co, factor, fo, gamma, go, beta, bo, y, yo);
    }

    @Override
    public final void gradientSums(
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
            long po) {
        requireMatrix("gradientSums", "dy", dy, dyo, rows, cols, cols);
        requireMatrix("gradientSums", "x", x, xo, rows, cols, cols);
        requireFloats("gradientSums", "center", center, co, rows);
        requireFloats("gradientSums", "factor", factor, fo, rows);
        requireFloats("gradientSums", "gamma", gamma, go, cols);
        requireWritableFloats("gradientSums", "sums", sums, so, rows);
        requireWritableFloats("gradientSums", "products", products, po, rows);
        gradientSumsLoop(dy, dyo, x, xo, rows, cols, center, co, factor, fo, gamma, go, sums, so, products, po);
    }

    @Override
    public final void gradient(
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
            boolean accumulate) {
        requireMatrix("gradient", "dy", dy, dyo, rows, cols, cols);
        requireMatrix("gradient", "x", x, xo, rows, cols, cols);
        requireFloats("gradient", "center", center, co, rows);
        requireFloats("gradient", "factor", factor, fo, rows);
        requireFloats("gradient", "gamma", gamma, go, cols);
        requireFloats("gradient", "a", a, ao, rows);
        requireFloats("gradient", "b", b, bo, rows);
        requireMatrix("gradient", "dx", dx, dxo, rows, cols, cols);
        requireWritableFloats("gradient", "dx", dx, dxo, 0);
        gradientLoop(dy, dyo, x, xo, rows, cols, center, co, factor, fo, gamma, go, a, ao, b, bo, dx, dxo, accumulate);
    }

    @Override
    public final void gammaGradient(
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
            boolean accumulate) {
        requireMatrix("gammaGradient", "dy", dy, dyo, rows, cols, ld);
        requireMatrix("gammaGradient", "x", x, xo, rows, cols, ld);
        requireFloats("gammaGradient", "center", center, co, rows);
        requireFloats("gammaGradient", "factor", factor, fo, rows);
        requireWritableFloats("gammaGradient", "dGamma", dGamma, go, cols);
        gammaGradientLoop(dy, dyo, x, xo, rows, cols, ld, center, co, factor, fo, dGamma, go, accumulate);
    }

    abstract void momentsLoop(
            MemorySegment x, long xo, int rows, int cols, MemorySegment mean, long mo, MemorySegment variance, long vo);

    abstract void squaresLoop(MemorySegment x, long xo, int rows, int cols, MemorySegment sums, long so);

    abstract void normalizeLoop(
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

    abstract void gradientSumsLoop(
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

    abstract void gradientLoop(
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

    abstract void gammaGradientLoop(
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
