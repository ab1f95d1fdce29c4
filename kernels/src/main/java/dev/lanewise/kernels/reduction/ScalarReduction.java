package dev.lanewise.kernels.reduction;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/// Plain loops, which define the results.
public class ScalarReduction extends CheckedReduction {
    @Override
    float sumLoop(MemorySegment x, long xo, int n) {
        return LaneSum.sum(x, xo, n);
    }

    @Override
    float sumOfSquaresLoop(MemorySegment x, long xo, int n) {
        return LaneSum.products(x, xo, x, xo, n);
    }

    @Override
    float maxLoop(MemorySegment x, long xo, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, x.getAtIndex(JAVA_FLOAT, xo + i));
        }
        return max + 0f;
    }

    @Override
    void columnSumsLoop(
            MemorySegment x, long xo, int rows, int cols, long ldx, MemorySegment y, long yo, boolean accumulate) {
        for (int c = 0; c < cols; c++) {
            float sum = 0;
            for (int r = 0; r < rows; r++) {
                sum += x.getAtIndex(JAVA_FLOAT, xo + r * ldx + c);
            }
            y.setAtIndex(JAVA_FLOAT, yo + c, accumulate ? y.getAtIndex(JAVA_FLOAT, yo + c) + sum : sum);
        }
    }

    @Override
    long countNonFiniteLoop(MemorySegment x, long xo, int n) {
        long count = 0;
        for (int i = 0; i < n; i++) {
            count += Float.isFinite(x.getAtIndex(JAVA_FLOAT, xo + i)) ? 0 : 1;
        }
        return count;
    }

    @Override
    void argmaxRowsLoop(MemorySegment x, long xo, int rows, int cols, MemorySegment out, long oo) {
        for (int r = 0; r < rows; r++) {
            out.setAtIndex(JAVA_FLOAT, oo + r, argmax(x, xo + (long) r * cols, cols));
        }
    }

    static int argmax(MemorySegment x, long xo, int n) {
        int best = 0;
        float max = x.getAtIndex(JAVA_FLOAT, xo);
        for (int i = 1; i < n && !Float.isNaN(max); i++) {
            float v = x.getAtIndex(JAVA_FLOAT, xo + i);
            if (v > max || Float.isNaN(v)) {
                best = i;
                max = v;
            }
        }
        return best;
    }
}
