package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.ScalarMath.*;
import static dev.lanewise.kernels.simd.Simd.INT_SPECIES;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/// What [Softplus] (`sign` 1) and [LogSigmoid] (`sign` -1) share: with `u = sign * x` and `e = exp(-|u|)`,
/// `y = sign * (max(u, 0) + log(1 + e))`. The logarithm is [ScalarMath#log1p]: no digit of a
/// small `e` is lost. Gradient `dy * sigmoid(u)`, as `dy * (1 - exp(-sign * y))` without that loss.
final class Softpluses {
    /// Floats that exponentials are ahead of logarithms: so many that the CPU has finished them, and so few
    /// that to what it fetches ahead both are one stream (measured in memory: 0.26 ns with 128, 0.35 with
    /// 256).
    private static final int AHEAD = 128;

    private Softpluses() {}

    static class ScalarKernel extends ElementwiseActivation {
        final float sign;

        ScalarKernel(String name, float sign) {
            super(name, GradientFrom.OUTPUT);
            this.sign = sign;
        }

        @Override
        float value(float x) {
            float u = sign * x;
            float log = ScalarMath.log1p(ScalarMath.exp(-Math.abs(u)));
            return sign * ((u > 0 ? u : 0) + log);
        }

        @Override
        float gradient(float y, float dy) {
            return dy * -ScalarMath.expm1(-sign * y);
        }
    }

    static final class SimdKernel extends ScalarKernel {
        SimdKernel(String name, float sign) {
            super(name, sign);
        }

        @Override
        void values(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
            int bound = vectorBound(length);
            long distance = y.address() + 4 * yo - x.address() - 4 * xo;
            if (Math.abs(distance) >= 4L * bound) {
                int ahead = Math.min(AHEAD, bound); // LANES divides both
                exponentials(x, xo, y, yo, ahead);
                both(x, xo, y, yo, bound - ahead);
                logarithms(x, xo + bound - ahead, y, yo + bound - ahead, ahead);
            } else {
                inPlace(x, xo, y, yo, bound);
            }
            super.values(x, xo + bound, y, yo + bound, length - bound);
        }

        /// `y = exp(-|x|)`.
        private static void exponentials(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
            for (int i = 0; i < length; i += LANES) {
                long at = 4 * (yo + i);
                FloatVector z =
                        fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER).abs().neg();
                FloatVector rounded = z.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
                rounded.intoMemorySegment(y, at, ORDER);
                IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                        .lanewise(LSHL, MANTISSA_BITS)
                        .intoMemorySegment(y, at, ORDER);
                FloatVector scale = fromMemorySegment(SPECIES, y, at, ORDER);
                FloatVector n = rounded.sub(ROUND + BIAS + HALFWAY);
                FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), z);
                r = n.fma(broadcast(SPECIES, -LN2_LO), r);
                FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
                q = q.fma(r, broadcast(SPECIES, EXP_2));
                q = q.fma(r, broadcast(SPECIES, EXP_1));
                q = q.fma(r, broadcast(SPECIES, EXP_0));
                FloatVector e = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
                e.blend(0f, z.lt(EXP_MIN)).intoMemorySegment(y, at, ORDER);
            }
        }

        /// Exponentials from `AHEAD` on, and the logarithms that these are for of what stands so far behind.
        /// Exponential and logarithm after each other are so long a chain of operations that the CPU waits
        /// for it, since few turns are at work at the same time; here they do not wait for each other.
        private void both(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
            for (int i = 0; i < length; i += LANES) {
                long at = 4 * (yo + i);
                long next = 4 * (yo + i + AHEAD);
                FloatVector z = fromMemorySegment(SPECIES, x, 4 * (xo + i + AHEAD), ORDER)
                        .abs()
                        .neg();
                FloatVector u =
                        fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER).mul(sign);
                FloatVector e = fromMemorySegment(SPECIES, y, at, ORDER);
                FloatVector rounded = z.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
                rounded.intoMemorySegment(y, next, ORDER);
                IntVector.fromMemorySegment(INT_SPECIES, y, next, ORDER)
                        .lanewise(LSHL, MANTISSA_BITS)
                        .intoMemorySegment(y, next, ORDER);
                FloatVector scale = fromMemorySegment(SPECIES, y, next, ORDER);
                FloatVector n = rounded.sub(ROUND + BIAS + HALFWAY);
                FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), z);
                r = n.fma(broadcast(SPECIES, -LN2_LO), r);
                FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
                q = q.fma(r, broadcast(SPECIES, EXP_2));
                q = q.fma(r, broadcast(SPECIES, EXP_1));
                q = q.fma(r, broadcast(SPECIES, EXP_0));
                FloatVector s = e.mul(e);
                FloatVector even = broadcast(SPECIES, LOG1P_8).fma(s, broadcast(SPECIES, LOG1P_6));
                even = even.fma(s, broadcast(SPECIES, LOG1P_4));
                even = even.fma(s, broadcast(SPECIES, LOG1P_2));
                even = even.fma(s, broadcast(SPECIES, LOG1P_0));
                FloatVector odd = broadcast(SPECIES, LOG1P_7).fma(s, broadcast(SPECIES, LOG1P_5));
                odd = odd.fma(s, broadcast(SPECIES, LOG1P_3));
                odd = odd.fma(s, broadcast(SPECIES, LOG1P_1));
                FloatVector l = odd.fma(e, even).fma(s, e);
                FloatVector top = broadcast(SPECIES, 0f).blend(u, u.compare(GT, 0f));
                top.add(l).mul(sign).intoMemorySegment(y, at, ORDER);
                q = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
                q.blend(0f, z.lt(EXP_MIN)).intoMemorySegment(y, next, ORDER);
            }
        }

        /// `y = sign * (max(sign * x, 0) + log(1 + y))`.
        private void logarithms(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
            for (int i = 0; i < length; i += LANES) {
                long at = 4 * (yo + i);
                FloatVector u =
                        fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER).mul(sign);
                FloatVector e = fromMemorySegment(SPECIES, y, at, ORDER);
                FloatVector s = e.mul(e);
                FloatVector even = broadcast(SPECIES, LOG1P_8).fma(s, broadcast(SPECIES, LOG1P_6));
                even = even.fma(s, broadcast(SPECIES, LOG1P_4));
                even = even.fma(s, broadcast(SPECIES, LOG1P_2));
                even = even.fma(s, broadcast(SPECIES, LOG1P_0));
                FloatVector odd = broadcast(SPECIES, LOG1P_7).fma(s, broadcast(SPECIES, LOG1P_5));
                odd = odd.fma(s, broadcast(SPECIES, LOG1P_3));
                odd = odd.fma(s, broadcast(SPECIES, LOG1P_1));
                FloatVector l = odd.fma(e, even).fma(s, e);
                FloatVector top = broadcast(SPECIES, 0f).blend(u, u.compare(GT, 0f));
                top.add(l).mul(sign).intoMemorySegment(y, at, ORDER);
            }
        }

        private void inPlace(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
            for (int i = 0; i < length; i += LANES) {
                long at = 4 * (yo + i);
                FloatVector u =
                        fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER).mul(sign);
                FloatVector z = u.abs().neg();
                FloatVector rounded = z.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
                rounded.intoMemorySegment(y, at, ORDER);
                IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                        .lanewise(LSHL, MANTISSA_BITS)
                        .intoMemorySegment(y, at, ORDER);
                FloatVector scale = fromMemorySegment(SPECIES, y, at, ORDER);
                FloatVector n = rounded.sub(ROUND + BIAS + HALFWAY);
                FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), z);
                r = n.fma(broadcast(SPECIES, -LN2_LO), r);
                FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
                q = q.fma(r, broadcast(SPECIES, EXP_2));
                q = q.fma(r, broadcast(SPECIES, EXP_1));
                q = q.fma(r, broadcast(SPECIES, EXP_0));
                FloatVector e = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
                e = e.blend(0f, z.lt(EXP_MIN));
                FloatVector s = e.mul(e);
                FloatVector even = broadcast(SPECIES, LOG1P_8).fma(s, broadcast(SPECIES, LOG1P_6));
                even = even.fma(s, broadcast(SPECIES, LOG1P_4));
                even = even.fma(s, broadcast(SPECIES, LOG1P_2));
                even = even.fma(s, broadcast(SPECIES, LOG1P_0));
                FloatVector odd = broadcast(SPECIES, LOG1P_7).fma(s, broadcast(SPECIES, LOG1P_5));
                odd = odd.fma(s, broadcast(SPECIES, LOG1P_3));
                odd = odd.fma(s, broadcast(SPECIES, LOG1P_1));
                FloatVector l = odd.fma(e, even).fma(s, e);
                FloatVector top = broadcast(SPECIES, 0f).blend(u, u.compare(GT, 0f));
                top.add(l).mul(sign).intoMemorySegment(y, at, ORDER);
            }
        }

        @Override
        void gradients(
                MemorySegment y,
                long yo,
                MemorySegment dy,
                long dyo,
                MemorySegment dx,
                long dxo,
                int length,
                boolean accumulate) {
            VectorMask<Float> add = SPECIES.maskAll(accumulate);
            int bound = vectorBound(length);
            for (int i = 0; i < bound; i += LANES) {
                long at = 4 * (dxo + i);
                FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
                FloatVector g = fromMemorySegment(SPECIES, dy, 4 * (dyo + i), ORDER);
                FloatVector old = fromMemorySegment(SPECIES, dx, at, ORDER);
                FloatVector u = v.mul(-sign);
                FloatVector a = u.blend(EXPM1_MIN, u.lt(EXPM1_MIN));
                FloatVector rounded = a.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND));
                rounded.intoMemorySegment(dx, at, ORDER);
                IntVector.fromMemorySegment(INT_SPECIES, dx, at, ORDER)
                        .lanewise(LSHL, MANTISSA_BITS)
                        .add(EXPONENT_OF_ONE)
                        .intoMemorySegment(dx, at, ORDER);
                FloatVector scale = fromMemorySegment(SPECIES, dx, at, ORDER);
                FloatVector n = rounded.sub(ROUND);
                FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), a);
                r = n.fma(broadcast(SPECIES, -LN2_LO), r);
                FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
                q = q.fma(r, broadcast(SPECIES, EXP_2));
                q = q.fma(r, broadcast(SPECIES, EXP_1));
                q = q.fma(r, broadcast(SPECIES, EXP_0));
                FloatVector e = q.fma(r.mul(r), r).fma(scale, scale.sub(1f));
                FloatVector d = g.mul(e.neg());
                d.blend(old.add(d), add).intoMemorySegment(dx, at, ORDER);
            }
            super.gradients(y, yo + bound, dy, dyo + bound, dx, dxo + bound, length - bound, accumulate);
        }
    }
}
