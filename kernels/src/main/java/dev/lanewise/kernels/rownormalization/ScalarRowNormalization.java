package dev.lanewise.kernels.rownormalization;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.reduction.LaneSum;
import java.lang.foreign.MemorySegment;

/// Plain loops, which define the results.
public class ScalarRowNormalization extends CheckedRowNormalization {
    @Override
    void momentsLoop(
            MemorySegment x,
            long xo,
            int rows,
            int cols,
            MemorySegment mean,
            long mo,
            MemorySegment variance,
            long vo) {
        for (int r = 0; r < rows; r++) {
            long row = xo + (long) r * cols;
            float average = LaneSum.sum(x, row, cols) / cols;
            mean.setAtIndex(JAVA_FLOAT, mo + r, average);
            variance.setAtIndex(JAVA_FLOAT, vo + r, LaneSum.deviations(x, row, cols, average) / cols);
        }
    }

    @Override
    void squaresLoop(MemorySegment x, long xo, int rows, int cols, MemorySegment sums, long so) {
        for (int r = 0; r < rows; r++) {
            long row = xo + (long) r * cols;
            sums.setAtIndex(JAVA_FLOAT, so + r, LaneSum.products(x, row, x, row, cols));
        }
    }

    @Override
    void normalizeLoop(
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
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            float middle = center.getAtIndex(JAVA_FLOAT, co + r);
            float scale = factor.getAtIndex(JAVA_FLOAT, fo + r);
            normalizeRow(x, xo + row, cols, middle, scale, gamma, go, beta, bo, y, yo + row);
        }
    }

    /// One row, or a part of one.
    void normalizeRow(
            MemorySegment x,
            long xo,
            int cols,
            float center,
            float factor,
            MemorySegment gamma,
            long go,
            MemorySegment beta,
            long bo,
            MemorySegment y,
            long yo) {
        for (int c = 0; c < cols; c++) {
            float n = (x.getAtIndex(JAVA_FLOAT, xo + c) - center) * factor;
            float v = Math.fma(n, gamma.getAtIndex(JAVA_FLOAT, go + c), beta.getAtIndex(JAVA_FLOAT, bo + c));
            y.setAtIndex(JAVA_FLOAT, yo + c, v);
        }
    }

    @Override
    void gradientSumsLoop(
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
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            sums.setAtIndex(JAVA_FLOAT, so + r, LaneSum.products(dy, dyo + row, gamma, go, cols));
            float middle = center.getAtIndex(JAVA_FLOAT, co + r);
            float sum = LaneSum.centeredProducts(dy, dyo + row, gamma, go, x, xo + row, cols, middle);
            products.setAtIndex(JAVA_FLOAT, po + r, sum * factor.getAtIndex(JAVA_FLOAT, fo + r));
        }
    }

    @Override
    void gradientLoop(
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
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            float middle = center.getAtIndex(JAVA_FLOAT, co + r);
            float scale = factor.getAtIndex(JAVA_FLOAT, fo + r);
            float shift = a.getAtIndex(JAVA_FLOAT, ao + r);
            float share = b.getAtIndex(JAVA_FLOAT, bo + r);
            gradientRow(
                    dy,
                    dyo + row,
                    x,
                    xo + row,
                    cols,
                    middle,
                    scale,
                    gamma,
                    go,
                    shift,
                    share,
                    dx,
                    dxo + row,
                    accumulate);
        }
    }

    /// One row, or a part of one.
    void gradientRow(
            MemorySegment dy,
            long dyo,
            MemorySegment x,
            long xo,
            int cols,
            float center,
            float factor,
            MemorySegment gamma,
            long go,
            float a,
            float b,
            MemorySegment dx,
            long dxo,
            boolean accumulate) {
        for (int c = 0; c < cols; c++) {
            float n = (x.getAtIndex(JAVA_FLOAT, xo + c) - center) * factor;
            float g = dy.getAtIndex(JAVA_FLOAT, dyo + c) * gamma.getAtIndex(JAVA_FLOAT, go + c);
            float d = (g - a - n * b) * factor;
            dx.setAtIndex(JAVA_FLOAT, dxo + c, accumulate ? dx.getAtIndex(JAVA_FLOAT, dxo + c) + d : d);
        }
    }

    @Override
    void gammaGradientLoop(
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
        for (int c = 0; c < cols; c++) {
            float sum = 0;
            for (int r = 0; r < rows; r++) {
                float n = (x.getAtIndex(JAVA_FLOAT, xo + r * ld + c) - center.getAtIndex(JAVA_FLOAT, co + r))
                        * factor.getAtIndex(JAVA_FLOAT, fo + r);
                sum += dy.getAtIndex(JAVA_FLOAT, dyo + r * ld + c) * n;
            }
            dGamma.setAtIndex(JAVA_FLOAT, go + c, accumulate ? dGamma.getAtIndex(JAVA_FLOAT, go + c) + sum : sum);
        }
    }
}
