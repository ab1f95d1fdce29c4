package dev.lanewise.kernels.reduction;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;

/// Sums in the order of [dev.lanewise.kernels.ReductionKernel], plain: 64 virtual lanes and a fold in halves.
///
/// In each method lane `j` of `lanes` lanes is the sum of lanes `j` and `j + lanes` of twice as many, down to a
/// loop where there are 64; so the whole sum is lane 0 of 1. Nothing but the call stack holds the lanes.
public final class LaneSum {
    private static final int LANES = 64;

    private LaneSum() {}

    /// The sum of `x`.
    public static float sum(MemorySegment x, long xo, int n) {
        return sum(x, xo, n, 0, 1);
    }

    private static float sum(MemorySegment x, long xo, int n, int lane, int lanes) {
        if (lane >= n) {
            return 0;
        }
        if (lanes < LANES) {
            return sum(x, xo, n, lane, 2 * lanes) + sum(x, xo, n, lane + lanes, 2 * lanes);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            sum += x.getAtIndex(JAVA_FLOAT, xo + i);
        }
        return sum;
    }

    /// The sum of `exp(x - max)`.
    public static float exponentials(MemorySegment x, long xo, int n, float max) {
        return exponentials(x, xo, n, max, 0, 1);
    }

    private static float exponentials(MemorySegment x, long xo, int n, float max, int lane, int lanes) {
        if (lane >= n) {
            return 0;
        }
        if (lanes < LANES) {
            return exponentials(x, xo, n, max, lane, 2 * lanes) + exponentials(x, xo, n, max, lane + lanes, 2 * lanes);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            sum += ScalarMath.exp(x.getAtIndex(JAVA_FLOAT, xo + i) - max);
        }
        return sum;
    }

    /// The sum of `t * (max - z)`, where 0 times anything is 0.
    public static float weightedDistances(MemorySegment z, long zo, MemorySegment t, long to, int n, float max) {
        return weightedDistances(z, zo, t, to, n, max, 0, 1);
    }

    private static float weightedDistances(
            MemorySegment z, long zo, MemorySegment t, long to, int n, float max, int lane, int lanes) {
        if (lane >= n) {
            return 0;
        }
        if (lanes < LANES) {
            return weightedDistances(z, zo, t, to, n, max, lane, 2 * lanes)
                    + weightedDistances(z, zo, t, to, n, max, lane + lanes, 2 * lanes);
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
        return logarithms(p, po, t, to, n, pSum, lo, hi, 0, 1);
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
            int lanes) {
        if (lane >= n) {
            return 0;
        }
        if (lanes < LANES) {
            return logarithms(p, po, t, to, n, pSum, lo, hi, lane, 2 * lanes)
                    + logarithms(p, po, t, to, n, pSum, lo, hi, lane + lanes, 2 * lanes);
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
        return unclipped(p, po, t, to, n, pSum, lo, hi, 0, 1);
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
            int lanes) {
        if (lane >= n) {
            return 0;
        }
        if (lanes < LANES) {
            return unclipped(p, po, t, to, n, pSum, lo, hi, lane, 2 * lanes)
                    + unclipped(p, po, t, to, n, pSum, lo, hi, lane + lanes, 2 * lanes);
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
        return products(a, ao, b, bo, n, 0, 1);
    }

    private static float products(MemorySegment a, long ao, MemorySegment b, long bo, int n, int lane, int lanes) {
        if (lane >= n) {
            return 0;
        }
        if (lanes < LANES) {
            return products(a, ao, b, bo, n, lane, 2 * lanes) + products(a, ao, b, bo, n, lane + lanes, 2 * lanes);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            sum += a.getAtIndex(JAVA_FLOAT, ao + i) * b.getAtIndex(JAVA_FLOAT, bo + i);
        }
        return sum;
    }

    /// The sum of `(y - t)²`.
    public static float squares(MemorySegment y, long yo, MemorySegment t, long to, int n) {
        return squares(y, yo, t, to, n, 0, 1);
    }

    private static float squares(MemorySegment y, long yo, MemorySegment t, long to, int n, int lane, int lanes) {
        if (lane >= n) {
            return 0;
        }
        if (lanes < LANES) {
            return squares(y, yo, t, to, n, lane, 2 * lanes) + squares(y, yo, t, to, n, lane + lanes, 2 * lanes);
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
        return absolutes(y, yo, t, to, n, 0, 1);
    }

    private static float absolutes(MemorySegment y, long yo, MemorySegment t, long to, int n, int lane, int lanes) {
        if (lane >= n) {
            return 0;
        }
        if (lanes < LANES) {
            return absolutes(y, yo, t, to, n, lane, 2 * lanes) + absolutes(y, yo, t, to, n, lane + lanes, 2 * lanes);
        }
        float sum = 0;
        for (long i = lane; i < n; i += LANES) {
            sum += Math.abs(y.getAtIndex(JAVA_FLOAT, yo + i) - t.getAtIndex(JAVA_FLOAT, to + i));
        }
        return sum;
    }
}
