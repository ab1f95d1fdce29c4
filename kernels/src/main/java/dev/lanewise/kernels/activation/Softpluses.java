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
/// `y = sign * (max(u, 0) + log(1 + e))`. The logarithm is that of [ScalarMath#log], of 1 + e or its half; no
/// digit of a small `e` is lost. Gradient `dy * sigmoid(u)`, as `dy * (1 - exp(-sign * y))` without that loss.
final class Softpluses {
    /// Floats of a block that two loops go over: 64 KiB. In smaller ones memory would be idle more often than
    /// the second loop gains by finding its operands nearer.
    private static final int BLOCK = 16384;

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
            long ahead = y.address() + 4 * yo - x.address() - 4 * xo;
            boolean apart = Math.abs(ahead) >= 4L * bound;
            for (int i = 0; i < bound; i += BLOCK) {
                int n = Math.min(BLOCK, bound - i);
                if (apart) {
                    exponentials(x, xo + i, y, yo + i, n);
                    logarithms(x, xo + i, y, yo + i, n);
                } else {
                    inPlace(x, xo + i, y, yo + i, n);
                }
            }
            super.values(x, xo + bound, y, yo + bound, length - bound);
        }

        /// `y = exp(-|x|)`. A loop of its own: exponential and logarithm after each other are so long a chain
        /// of operations that the CPU waits for it, since few turns are at work at the same time.
        private static void exponentials(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
            for (int i = 0; i < n; i += LANES) {
                long at = 4 * (yo + i);
                FloatVector z =
                        fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER).abs().neg();
                // Clamped before, not as in SimdMath.exp: here that took 7 % longer in memory.
                z = z.blend(EXP_MIN, z.lt(EXP_MIN));
                FloatVector rounded = z.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
                rounded.intoMemorySegment(y, at, ORDER);
                IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                        .lanewise(LSHL, MANTISSA_BITS)
                        .intoMemorySegment(y, at, ORDER);
                FloatVector scale = fromMemorySegment(SPECIES, y, at, ORDER);
                FloatVector e = rounded.sub(ROUND + BIAS + HALFWAY);
                FloatVector r = e.fma(broadcast(SPECIES, -LN2_HI), z);
                r = e.fma(broadcast(SPECIES, -LN2_LO), r);
                FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
                q = q.fma(r, broadcast(SPECIES, EXP_2));
                q = q.fma(r, broadcast(SPECIES, EXP_1));
                q = q.fma(r, broadcast(SPECIES, EXP_0));
                q.fma(r.mul(r), r).add(1f).mul(scale).mul(TWO_TO_MINUS_HALFWAY).intoMemorySegment(y, at, ORDER);
            }
        }

        /// `y = sign * (max(sign * x, 0) + log(1 + y))`.
        private void logarithms(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
            for (int i = 0; i < n; i += LANES) {
                long at = 4 * (yo + i);
                FloatVector u =
                        fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER).mul(sign);
                FloatVector e = fromMemorySegment(SPECIES, y, at, ORDER);
                VectorMask<Float> half = e.compare(GT, LOG1P_SPLIT);
                FloatVector f = e.blend(e.sub(1f).mul(0.5f), half);
                FloatVector p = broadcast(SPECIES, LOG_7).fma(f, broadcast(SPECIES, LOG_6));
                p = p.fma(f, broadcast(SPECIES, LOG_5));
                p = p.fma(f, broadcast(SPECIES, LOG_4));
                p = p.fma(f, broadcast(SPECIES, LOG_3));
                p = p.fma(f, broadcast(SPECIES, LOG_2));
                p = p.fma(f, broadcast(SPECIES, LOG_1));
                p = p.fma(f, broadcast(SPECIES, LOG_0));
                p = p.fma(f, broadcast(SPECIES, -0.5f));
                FloatVector l = p.fma(f.mul(f), f);
                l = l.blend(l.add(LN2_LO).add(LN2_HI), half);
                FloatVector top = broadcast(SPECIES, 0f).blend(u, u.compare(GT, 0f));
                top.add(l).mul(sign).intoMemorySegment(y, at, ORDER);
            }
        }

        private void inPlace(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
            for (int i = 0; i < length; i += LANES) {
                long at = 4 * (yo + i);
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                FloatVector u = v.mul(sign);
                FloatVector z = u.abs().neg();
                z = z.blend(EXP_MIN, z.lt(EXP_MIN));
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
                VectorMask<Float> half = e.compare(GT, LOG1P_SPLIT);
                FloatVector f = e.blend(e.sub(1f).mul(0.5f), half);
                FloatVector p = broadcast(SPECIES, LOG_7).fma(f, broadcast(SPECIES, LOG_6));
                p = p.fma(f, broadcast(SPECIES, LOG_5));
                p = p.fma(f, broadcast(SPECIES, LOG_4));
                p = p.fma(f, broadcast(SPECIES, LOG_3));
                p = p.fma(f, broadcast(SPECIES, LOG_2));
                p = p.fma(f, broadcast(SPECIES, LOG_1));
                p = p.fma(f, broadcast(SPECIES, LOG_0));
                p = p.fma(f, broadcast(SPECIES, -0.5f));
                FloatVector l = p.fma(f.mul(f), f);
                l = l.blend(l.add(LN2_LO).add(LN2_HI), half);
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
