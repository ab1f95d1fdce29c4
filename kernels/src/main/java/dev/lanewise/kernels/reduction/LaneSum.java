package dev.lanewise.kernels.reduction;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;

/// Sums in the order of [dev.lanewise.kernels.ReductionKernel], plain.
///
/// In each method lane `j` of a step is the sum of two lanes of the step before, down to a loop over the
/// elements of one of the 64 lanes. So the whole sum is lane 0 of the last step, and nothing but the call
/// stack holds the lanes. Where a lane has no element, neither have those that come after it.
public final class LaneSum {
    private static final int LANES = 64;

    /// Lanes of the first step of the tree: of the widest vector.
    public static final int ROW = 16;

    /// How far apart the lanes are that are added, from the last step to the first.
    private static final int[] STEPS = {8, 4, 2, 1, 16, 32};

    private LaneSum() {}

    /// The next multiple of all virtual lanes.
    public static int padded(int n) {
        return n + LANES - 1 & -LANES;
    }

    /// The sum of `x`.
    public static float sum(MemorySegment x, long xo, int n) {
        return sum(x, xo, n, 0, 0);
    }

    private static float sum(MemorySegment x, long xo, int n, int lane, int step) {
        if (lane >= n) {
            return 0;
        }
        if (step < STEPS.length) {
            return sum(x, xo, n, lane, step + 1) + sum(x, xo, n, lane + STEPS[step], step + 1);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            sum += x.getAtIndex(JAVA_FLOAT, xo + i);
        }
        return sum;
    }

    /// The sum of `exp(x - max)`.
    public static float exponentials(MemorySegment x, long xo, int n, float max) {
        return exponentials(x, xo, n, max, 0, 0);
    }

    private static float exponentials(MemorySegment x, long xo, int n, float max, int lane, int step) {
        if (lane >= n) {
            return 0;
        }
        if (step < STEPS.length) {
            return exponentials(x, xo, n, max, lane, step + 1)
                    + exponentials(x, xo, n, max, lane + STEPS[step], step + 1);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            sum += ScalarMath.exp(x.getAtIndex(JAVA_FLOAT, xo + i) - max);
        }
        return sum;
    }

    /// The sum of `t * (max - z)`, where 0 times anything is 0.
    public static float weightedDistances(MemorySegment z, long zo, MemorySegment t, long to, int n, float max) {
        return weightedDistances(z, zo, t, to, n, max, 0, 0);
    }

    private static float weightedDistances(
            MemorySegment z, long zo, MemorySegment t, long to, int n, float max, int lane, int step) {
        if (lane >= n) {
            return 0;
        }
        if (step < STEPS.length) {
            return weightedDistances(z, zo, t, to, n, max, lane, step + 1)
                    + weightedDistances(z, zo, t, to, n, max, lane + STEPS[step], step + 1);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            float weight = t.getAtIndex(JAVA_FLOAT, to + i);
            sum += weight == 0 ? 0 : weight * (max - z.getAtIndex(JAVA_FLOAT, zo + i));
        }
        return sum;
    }

    /// The sum of `t * log(clip(p / pSum))`.
    public static float logarithms(
            MemorySegment p, long po, MemorySegment t, long to, int n, float pSum, float lo, float hi) {
        return logarithms(p, po, t, to, n, pSum, lo, hi, 0, 0);
    }

    private static float logarithms(
            MemorySegment p,
            long po,
            MemorySegment t,
            long to,
            int n,
            float pSum,
            float lo,
            float hi,
            int lane,
            int step) {
        if (lane >= n) {
            return 0;
        }
        if (step < STEPS.length) {
            return logarithms(p, po, t, to, n, pSum, lo, hi, lane, step + 1)
                    + logarithms(p, po, t, to, n, pSum, lo, hi, lane + STEPS[step], step + 1);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            float q = p.getAtIndex(JAVA_FLOAT, po + i) / pSum;
            q = q < lo ? lo : q;
            q = q > hi ? hi : q;
            sum += t.getAtIndex(JAVA_FLOAT, to + i) * ScalarMath.log(q);
        }
        return sum;
    }

    /// The sum of the `t` whose `p / pSum` lies in [lo, hi].
    public static float unclipped(
            MemorySegment p, long po, MemorySegment t, long to, int n, float pSum, float lo, float hi) {
        return unclipped(p, po, t, to, n, pSum, lo, hi, 0, 0);
    }

    private static float unclipped(
            MemorySegment p,
            long po,
            MemorySegment t,
            long to,
            int n,
            float pSum,
            float lo,
            float hi,
            int lane,
            int step) {
        if (lane >= n) {
            return 0;
        }
        if (step < STEPS.length) {
            return unclipped(p, po, t, to, n, pSum, lo, hi, lane, step + 1)
                    + unclipped(p, po, t, to, n, pSum, lo, hi, lane + STEPS[step], step + 1);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            float q = p.getAtIndex(JAVA_FLOAT, po + i) / pSum;
            sum += q < lo || q > hi ? 0 : t.getAtIndex(JAVA_FLOAT, to + i);
        }
        return sum;
    }

    /// The sum of `a * b`, each product rounded.
    public static float products(MemorySegment a, long ao, MemorySegment b, long bo, int n) {
        return products(a, ao, b, bo, n, 0, 0);
    }

    private static float products(MemorySegment a, long ao, MemorySegment b, long bo, int n, int lane, int step) {
        if (lane >= n) {
            return 0;
        }
        if (step < STEPS.length) {
            return products(a, ao, b, bo, n, lane, step + 1) + products(a, ao, b, bo, n, lane + STEPS[step], step + 1);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            sum += a.getAtIndex(JAVA_FLOAT, ao + i) * b.getAtIndex(JAVA_FLOAT, bo + i);
        }
        return sum;
    }

    /// The sum of `(y - t)²`.
    public static float squares(MemorySegment y, long yo, MemorySegment t, long to, int n) {
        return squares(y, yo, t, to, n, 0, 0);
    }

    private static float squares(MemorySegment y, long yo, MemorySegment t, long to, int n, int lane, int step) {
        if (lane >= n) {
            return 0;
        }
        if (step < STEPS.length) {
            return squares(y, yo, t, to, n, lane, step + 1) + squares(y, yo, t, to, n, lane + STEPS[step], step + 1);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            float d = y.getAtIndex(JAVA_FLOAT, yo + i) - t.getAtIndex(JAVA_FLOAT, to + i);
            sum += d * d;
        }
        return sum;
    }

    /// The sum of `|y - t|`.
    public static float absolutes(MemorySegment y, long yo, MemorySegment t, long to, int n) {
        return absolutes(y, yo, t, to, n, 0, 0);
    }

    private static float absolutes(MemorySegment y, long yo, MemorySegment t, long to, int n, int lane, int step) {
        if (lane >= n) {
            return 0;
        }
        if (step < STEPS.length) {
            return absolutes(y, yo, t, to, n, lane, step + 1)
                    + absolutes(y, yo, t, to, n, lane + STEPS[step], step + 1);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            sum += Math.abs(y.getAtIndex(JAVA_FLOAT, yo + i) - t.getAtIndex(JAVA_FLOAT, to + i));
        }
        return sum;
    }

    /// The sum of `(x - center)²`.
    public static float deviations(MemorySegment x, long xo, int n, float center) {
        return deviations(x, xo, n, center, 0, 0);
    }

    private static float deviations(MemorySegment x, long xo, int n, float center, int lane, int step) {
        if (lane >= n) {
            return 0;
        }
        if (step < STEPS.length) {
            return deviations(x, xo, n, center, lane, step + 1)
                    + deviations(x, xo, n, center, lane + STEPS[step], step + 1);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            float d = x.getAtIndex(JAVA_FLOAT, xo + i) - center;
            sum += d * d;
        }
        return sum;
    }

    /// The sum of `(a * b) * (x - center)`.
    public static float centeredProducts(
            MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment x, long xo, int n, float center) {
        return centeredProducts(a, ao, b, bo, x, xo, n, center, 0, 0);
    }

    private static float centeredProducts(
            MemorySegment a,
            long ao,
            MemorySegment b,
            long bo,
            MemorySegment x,
            long xo,
            int n,
            float center,
            int lane,
            int step) {
        if (lane >= n) {
            return 0;
        }
        if (step < STEPS.length) {
            return centeredProducts(a, ao, b, bo, x, xo, n, center, lane, step + 1)
                    + centeredProducts(a, ao, b, bo, x, xo, n, center, lane + STEPS[step], step + 1);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            float product = a.getAtIndex(JAVA_FLOAT, ao + i) * b.getAtIndex(JAVA_FLOAT, bo + i);
            sum += product * (x.getAtIndex(JAVA_FLOAT, xo + i) - center);
        }
        return sum;
    }
}
