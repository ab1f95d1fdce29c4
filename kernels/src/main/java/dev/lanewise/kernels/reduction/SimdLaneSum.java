package dev.lanewise.kernels.reduction;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.SWAP_1;
import static dev.lanewise.kernels.simd.Simd.SWAP_2;
import static dev.lanewise.kernels.simd.Simd.SWAP_4;
import static dev.lanewise.kernels.simd.Simd.SWAP_8;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// The sums of [LaneSum] in vectors, with the same bits.
///
/// Each method makes passes over the data, and each pass a float: it takes, from every row of 16 elements,
/// those from `first` on that fill a vector. So with 16 lanes there is one pass, with 8 two, and their
/// results meet where the contract's tree joins them. Four accumulators take turns, which makes 64 virtual
/// lanes. They change names from one turn to the next instead of standing in a loop body of four turns: a
/// body that is written once compiles best.
///
/// The last turns load under a mask, until the accumulators bear their own names again. Where nothing is
/// left they
/// add zeros, which change nothing: an accumulator starts from +0 and so never becomes -0.
public final class SimdLaneSum {
    private static final int VIRTUAL_LANES = 64;
    private static final int ROW = 16;

    private SimdLaneSum() {}

    /// As [LaneSum#sum].
    public static float sum(MemorySegment x, long xo, int n) {
        if (LANES == 16) {
            return sum(x, xo, n, 0);
        } else if (LANES == 8) {
            return sum(x, xo, n, 0) + sum(x, xo, n, 8);
        }
        float low = sum(x, xo, n, 0) + sum(x, xo, n, 4);
        float high = sum(x, xo, n, 8) + sum(x, xo, n, 12);
        return low + high;
    }

    private static float sum(MemorySegment x, long xo, int n, int first) {
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = FloatVector.zero(SPECIES);
        FloatVector acc2 = FloatVector.zero(SPECIES);
        FloatVector acc3 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= n - first - LANES; i += ROW) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + first + i), ORDER);
            FloatVector next = acc0.add(v);
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        int end = n + VIRTUAL_LANES - 1 & -VIRTUAL_LANES;
        for (; i != end; i += ROW) {
            VectorMask<Float> mask = SPECIES.indexInRange(first + i, n);
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + first + i), ORDER, mask);
            FloatVector next = acc0.add(v);
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        FloatVector sum = acc0.add(acc2).add(acc1.add(acc3));
        sum = sum.add(sum.rearrange(SWAP_1));
        sum = sum.add(sum.rearrange(SWAP_2));
        sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
        sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
        return sum.lane(0);
    }

    /// As [LaneSum#products].
    public static float products(MemorySegment a, long ao, MemorySegment b, long bo, int n) {
        if (LANES == 16) {
            return products(a, ao, b, bo, n, 0);
        } else if (LANES == 8) {
            return products(a, ao, b, bo, n, 0) + products(a, ao, b, bo, n, 8);
        }
        float low = products(a, ao, b, bo, n, 0) + products(a, ao, b, bo, n, 4);
        float high = products(a, ao, b, bo, n, 8) + products(a, ao, b, bo, n, 12);
        return low + high;
    }

    private static float products(MemorySegment a, long ao, MemorySegment b, long bo, int n, int first) {
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = FloatVector.zero(SPECIES);
        FloatVector acc2 = FloatVector.zero(SPECIES);
        FloatVector acc3 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= n - first - LANES; i += ROW) {
            FloatVector v = fromMemorySegment(SPECIES, a, 4 * (ao + first + i), ORDER);
            FloatVector u = fromMemorySegment(SPECIES, b, 4 * (bo + first + i), ORDER);
            FloatVector next = acc0.add(v.mul(u));
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        int end = n + VIRTUAL_LANES - 1 & -VIRTUAL_LANES;
        for (; i != end; i += ROW) {
            VectorMask<Float> mask = SPECIES.indexInRange(first + i, n);
            FloatVector v = fromMemorySegment(SPECIES, a, 4 * (ao + first + i), ORDER, mask);
            FloatVector u = fromMemorySegment(SPECIES, b, 4 * (bo + first + i), ORDER, mask);
            FloatVector next = acc0.add(v.mul(u));
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        FloatVector sum = acc0.add(acc2).add(acc1.add(acc3));
        sum = sum.add(sum.rearrange(SWAP_1));
        sum = sum.add(sum.rearrange(SWAP_2));
        sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
        sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
        return sum.lane(0);
    }

    /// As [LaneSum#squares].
    public static float squares(MemorySegment y, long yo, MemorySegment t, long to, int n) {
        if (LANES == 16) {
            return squares(y, yo, t, to, n, 0);
        } else if (LANES == 8) {
            return squares(y, yo, t, to, n, 0) + squares(y, yo, t, to, n, 8);
        }
        float low = squares(y, yo, t, to, n, 0) + squares(y, yo, t, to, n, 4);
        float high = squares(y, yo, t, to, n, 8) + squares(y, yo, t, to, n, 12);
        return low + high;
    }

    private static float squares(MemorySegment y, long yo, MemorySegment t, long to, int n, int first) {
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = FloatVector.zero(SPECIES);
        FloatVector acc2 = FloatVector.zero(SPECIES);
        FloatVector acc3 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= n - first - LANES; i += ROW) {
            FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + first + i), ORDER);
            FloatVector u = fromMemorySegment(SPECIES, t, 4 * (to + first + i), ORDER);
            FloatVector next = acc0.add(v.sub(u).mul(v.sub(u)));
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        int end = n + VIRTUAL_LANES - 1 & -VIRTUAL_LANES;
        for (; i != end; i += ROW) {
            VectorMask<Float> mask = SPECIES.indexInRange(first + i, n);
            FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + first + i), ORDER, mask);
            FloatVector u = fromMemorySegment(SPECIES, t, 4 * (to + first + i), ORDER, mask);
            FloatVector next = acc0.add(v.sub(u).mul(v.sub(u)));
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        FloatVector sum = acc0.add(acc2).add(acc1.add(acc3));
        sum = sum.add(sum.rearrange(SWAP_1));
        sum = sum.add(sum.rearrange(SWAP_2));
        sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
        sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
        return sum.lane(0);
    }

    /// As [LaneSum#absolutes].
    public static float absolutes(MemorySegment y, long yo, MemorySegment t, long to, int n) {
        if (LANES == 16) {
            return absolutes(y, yo, t, to, n, 0);
        } else if (LANES == 8) {
            return absolutes(y, yo, t, to, n, 0) + absolutes(y, yo, t, to, n, 8);
        }
        float low = absolutes(y, yo, t, to, n, 0) + absolutes(y, yo, t, to, n, 4);
        float high = absolutes(y, yo, t, to, n, 8) + absolutes(y, yo, t, to, n, 12);
        return low + high;
    }

    private static float absolutes(MemorySegment y, long yo, MemorySegment t, long to, int n, int first) {
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = FloatVector.zero(SPECIES);
        FloatVector acc2 = FloatVector.zero(SPECIES);
        FloatVector acc3 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= n - first - LANES; i += ROW) {
            FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + first + i), ORDER);
            FloatVector u = fromMemorySegment(SPECIES, t, 4 * (to + first + i), ORDER);
            FloatVector next = acc0.add(v.sub(u).abs());
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        int end = n + VIRTUAL_LANES - 1 & -VIRTUAL_LANES;
        for (; i != end; i += ROW) {
            VectorMask<Float> mask = SPECIES.indexInRange(first + i, n);
            FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + first + i), ORDER, mask);
            FloatVector u = fromMemorySegment(SPECIES, t, 4 * (to + first + i), ORDER, mask);
            FloatVector next = acc0.add(v.sub(u).abs());
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        FloatVector sum = acc0.add(acc2).add(acc1.add(acc3));
        sum = sum.add(sum.rearrange(SWAP_1));
        sum = sum.add(sum.rearrange(SWAP_2));
        sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
        sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
        return sum.lane(0);
    }

    /// As [LaneSum#weightedDistances].
    public static float weightedDistances(MemorySegment z, long zo, MemorySegment t, long to, int n, float max) {
        if (LANES == 16) {
            return weightedDistances(z, zo, t, to, n, max, 0);
        } else if (LANES == 8) {
            return weightedDistances(z, zo, t, to, n, max, 0) + weightedDistances(z, zo, t, to, n, max, 8);
        }
        float low = weightedDistances(z, zo, t, to, n, max, 0) + weightedDistances(z, zo, t, to, n, max, 4);
        float high = weightedDistances(z, zo, t, to, n, max, 8) + weightedDistances(z, zo, t, to, n, max, 12);
        return low + high;
    }

    private static float weightedDistances(
            MemorySegment z, long zo, MemorySegment t, long to, int n, float max, int first) {
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = FloatVector.zero(SPECIES);
        FloatVector acc2 = FloatVector.zero(SPECIES);
        FloatVector acc3 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= n - first - LANES; i += ROW) {
            FloatVector v = fromMemorySegment(SPECIES, z, 4 * (zo + first + i), ORDER);
            FloatVector u = fromMemorySegment(SPECIES, t, 4 * (to + first + i), ORDER);
            FloatVector next = acc0.add(u.mul(v.neg().add(max)).blend(0f, u.eq(0f)));
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        int end = n + VIRTUAL_LANES - 1 & -VIRTUAL_LANES;
        for (; i != end; i += ROW) {
            VectorMask<Float> mask = SPECIES.indexInRange(first + i, n);
            FloatVector v = fromMemorySegment(SPECIES, z, 4 * (zo + first + i), ORDER, mask);
            FloatVector u = fromMemorySegment(SPECIES, t, 4 * (to + first + i), ORDER, mask);
            FloatVector next = acc0.add(u.mul(v.neg().add(max)).blend(0f, u.eq(0f)));
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        FloatVector sum = acc0.add(acc2).add(acc1.add(acc3));
        sum = sum.add(sum.rearrange(SWAP_1));
        sum = sum.add(sum.rearrange(SWAP_2));
        sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
        sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
        return sum.lane(0);
    }

    /// As [LaneSum#deviations].
    public static float deviations(MemorySegment x, long xo, int n, float center) {
        if (LANES == 16) {
            return deviations(x, xo, n, center, 0);
        } else if (LANES == 8) {
            return deviations(x, xo, n, center, 0) + deviations(x, xo, n, center, 8);
        }
        float low = deviations(x, xo, n, center, 0) + deviations(x, xo, n, center, 4);
        float high = deviations(x, xo, n, center, 8) + deviations(x, xo, n, center, 12);
        return low + high;
    }

    private static float deviations(MemorySegment x, long xo, int n, float center, int first) {
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = FloatVector.zero(SPECIES);
        FloatVector acc2 = FloatVector.zero(SPECIES);
        FloatVector acc3 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= n - first - LANES; i += ROW) {
            FloatVector v =
                    fromMemorySegment(SPECIES, x, 4 * (xo + first + i), ORDER).sub(center);
            FloatVector next = acc0.add(v.mul(v));
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        int end = n + VIRTUAL_LANES - 1 & -VIRTUAL_LANES;
        for (; i != end; i += ROW) {
            VectorMask<Float> mask = SPECIES.indexInRange(first + i, n);
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + first + i), ORDER, mask)
                    .sub(center);
            FloatVector next = acc0.add(v.mul(v), mask);
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        FloatVector sum = acc0.add(acc2).add(acc1.add(acc3));
        sum = sum.add(sum.rearrange(SWAP_1));
        sum = sum.add(sum.rearrange(SWAP_2));
        sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
        sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
        return sum.lane(0);
    }

    /// As [LaneSum#centeredProducts].
    public static float centeredProducts(
            MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment x, long xo, int n, float center) {
        if (LANES == 16) {
            return centeredProducts(a, ao, b, bo, x, xo, n, center, 0);
        } else if (LANES == 8) {
            return centeredProducts(a, ao, b, bo, x, xo, n, center, 0)
                    + centeredProducts(a, ao, b, bo, x, xo, n, center, 8);
        }
        float low = centeredProducts(a, ao, b, bo, x, xo, n, center, 0)
                + centeredProducts(a, ao, b, bo, x, xo, n, center, 4);
        float high = centeredProducts(a, ao, b, bo, x, xo, n, center, 8)
                + centeredProducts(a, ao, b, bo, x, xo, n, center, 12);
        return low + high;
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
            int first) {
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = FloatVector.zero(SPECIES);
        FloatVector acc2 = FloatVector.zero(SPECIES);
        FloatVector acc3 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= n - first - LANES; i += ROW) {
            FloatVector v = fromMemorySegment(SPECIES, a, 4 * (ao + first + i), ORDER);
            FloatVector u = fromMemorySegment(SPECIES, b, 4 * (bo + first + i), ORDER);
            FloatVector w =
                    fromMemorySegment(SPECIES, x, 4 * (xo + first + i), ORDER).sub(center);
            FloatVector next = acc0.add(v.mul(u).mul(w));
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        int end = n + VIRTUAL_LANES - 1 & -VIRTUAL_LANES;
        for (; i != end; i += ROW) {
            VectorMask<Float> mask = SPECIES.indexInRange(first + i, n);
            FloatVector v = fromMemorySegment(SPECIES, a, 4 * (ao + first + i), ORDER, mask);
            FloatVector u = fromMemorySegment(SPECIES, b, 4 * (bo + first + i), ORDER, mask);
            FloatVector w = fromMemorySegment(SPECIES, x, 4 * (xo + first + i), ORDER, mask)
                    .sub(center);
            FloatVector next = acc0.add(v.mul(u).mul(w), mask);
            acc0 = acc1;
            acc1 = acc2;
            acc2 = acc3;
            acc3 = next;
        }
        FloatVector sum = acc0.add(acc2).add(acc1.add(acc3));
        sum = sum.add(sum.rearrange(SWAP_1));
        sum = sum.add(sum.rearrange(SWAP_2));
        sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
        sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
        return sum.lane(0);
    }
}
