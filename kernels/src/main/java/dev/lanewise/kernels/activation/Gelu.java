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

import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/// `y = x * P(X <= x)` for X of the standard normal distribution, as Keras' `gelu` has it by default.
///
/// With `a = min(|x|, 15)`, `e = exp(-a² / 2)` and `h = P(X > a) / e`: `y = max(x, 0) - a * h * e`; gradient
/// with `c = 1 / sqrt(2 π)`: `w = e * (h - c * a)`, and `dy * (x > 0 ? 1 - w : w)`. So both keep their
/// digits in the tails. `h` is `t * P(t)` with `t = 1 / (1 + 0.3 a)`, P of degree 9 (our own least-maximum
/// fit on 0 <= a <= 15; relative error below 2^-27.9). What the square of `a` loses in rounding is made up
/// for by `e * (1 - lost / 2)`.
public record Gelu() implements BuiltInActivation {
    private static final String NAME = "gelu";

    /// From here on the result is `x`, or 0.
    private static final float GELU_MAX = 15;

    private static final float DENSITY_AT_0 = 0x1.988454p-2f;

    private static final float MILLS_SCALE = 0.3f;
    private static final float MILLS_0 = 0x1.ea3ca0p-4f;
    private static final float MILLS_1 = 0x1.e9c398p-4f;
    private static final float MILLS_2 = 0x1.c38a88p-4f;
    private static final float MILLS_3 = 0x1.410260p-4f;
    private static final float MILLS_4 = 0x1.8a1092p-4f;
    private static final float MILLS_5 = -0x1.45afd6p-4f;
    private static final float MILLS_6 = 0x1.88fccep-3f;
    private static final float MILLS_7 = -0x1.d38912p-3f;
    private static final float MILLS_8 = 0x1.cca9c0p-4f;
    private static final float MILLS_9 = -0x1.51fc52p-6f;

    /// `P(X > a) / exp(-a² / 2)`.
    private static float tail(float a) {
        float t = 1 / Math.fma(a, MILLS_SCALE, 1);
        float h = MILLS_9;
        h = Math.fma(h, t, MILLS_8);
        h = Math.fma(h, t, MILLS_7);
        h = Math.fma(h, t, MILLS_6);
        h = Math.fma(h, t, MILLS_5);
        h = Math.fma(h, t, MILLS_4);
        h = Math.fma(h, t, MILLS_3);
        h = Math.fma(h, t, MILLS_2);
        h = Math.fma(h, t, MILLS_1);
        h = Math.fma(h, t, MILLS_0);
        return h * t;
    }

    /// `exp(-a² / 2)`.
    private static float density(float a) {
        float s = a * a;
        float lost = Math.fma(a, a, -s);
        float e = ScalarMath.exp(s * -0.5f);
        return Math.fma(e * -0.5f, lost, e);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public GradientFrom gradientFrom() {
        return GradientFrom.INPUT;
    }

    @Override
    public ActivationKernel scalar() {
        return new ScalarKernel();
    }

    @Override
    public ActivationKernel simd() {
        return new SimdKernel();
    }

    private static class ScalarKernel extends ElementwiseActivation {
        ScalarKernel() {
            super(NAME, GradientFrom.INPUT);
        }

        @Override
        float value(float x) {
            float m = Math.abs(x);
            float a = m > GELU_MAX ? GELU_MAX : m;
            return (x > 0 ? x : 0) - a * tail(a) * density(a);
        }

        @Override
        float gradient(float x, float dy) {
            float m = Math.abs(x);
            float a = m > GELU_MAX ? GELU_MAX : m;
            float w = density(a) * Math.fma(-DENSITY_AT_0, a, tail(a));
            return dy * (x > 0 ? 1 - w : w);
        }
    }

    private static final class SimdKernel extends ScalarKernel {
        @Override
        void values(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
            int bound = vectorBound(length);
            for (int i = 0; i < bound; i += LANES) {
                long at = 4 * (yo + i);
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                FloatVector m = v.abs();
                FloatVector a = m.blend(GELU_MAX, m.compare(GT, GELU_MAX));
                FloatVector s = a.mul(a);
                FloatVector lost = a.fma(a, s.neg());
                FloatVector z = s.mul(-0.5f);
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
                e = e.mul(-0.5f).fma(lost, e);
                FloatVector t =
                        broadcast(SPECIES, 1f).div(a.fma(broadcast(SPECIES, MILLS_SCALE), broadcast(SPECIES, 1f)));
                FloatVector h = broadcast(SPECIES, MILLS_9).fma(t, broadcast(SPECIES, MILLS_8));
                h = h.fma(t, broadcast(SPECIES, MILLS_7));
                h = h.fma(t, broadcast(SPECIES, MILLS_6));
                h = h.fma(t, broadcast(SPECIES, MILLS_5));
                h = h.fma(t, broadcast(SPECIES, MILLS_4));
                h = h.fma(t, broadcast(SPECIES, MILLS_3));
                h = h.fma(t, broadcast(SPECIES, MILLS_2));
                h = h.fma(t, broadcast(SPECIES, MILLS_1));
                h = h.fma(t, broadcast(SPECIES, MILLS_0));
                h = h.mul(t);
                FloatVector top = broadcast(SPECIES, 0f).blend(v, v.compare(GT, 0f));
                top.sub(a.mul(h).mul(e)).intoMemorySegment(y, at, ORDER);
            }
            super.values(x, xo + bound, y, yo + bound, length - bound);
        }

        @Override
        void gradients(
                MemorySegment x,
                long xo,
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
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                FloatVector g = fromMemorySegment(SPECIES, dy, 4 * (dyo + i), ORDER);
                FloatVector old = fromMemorySegment(SPECIES, dx, at, ORDER);
                FloatVector m = v.abs();
                FloatVector a = m.blend(GELU_MAX, m.compare(GT, GELU_MAX));
                FloatVector s = a.mul(a);
                FloatVector lost = a.fma(a, s.neg());
                FloatVector z = s.mul(-0.5f);
                z = z.blend(EXP_MIN, z.lt(EXP_MIN));
                FloatVector rounded = z.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
                rounded.intoMemorySegment(dx, at, ORDER);
                IntVector.fromMemorySegment(INT_SPECIES, dx, at, ORDER)
                        .lanewise(LSHL, MANTISSA_BITS)
                        .intoMemorySegment(dx, at, ORDER);
                FloatVector scale = fromMemorySegment(SPECIES, dx, at, ORDER);
                FloatVector n = rounded.sub(ROUND + BIAS + HALFWAY);
                FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), z);
                r = n.fma(broadcast(SPECIES, -LN2_LO), r);
                FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
                q = q.fma(r, broadcast(SPECIES, EXP_2));
                q = q.fma(r, broadcast(SPECIES, EXP_1));
                q = q.fma(r, broadcast(SPECIES, EXP_0));
                FloatVector e = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
                e = e.mul(-0.5f).fma(lost, e);
                FloatVector t =
                        broadcast(SPECIES, 1f).div(a.fma(broadcast(SPECIES, MILLS_SCALE), broadcast(SPECIES, 1f)));
                FloatVector h = broadcast(SPECIES, MILLS_9).fma(t, broadcast(SPECIES, MILLS_8));
                h = h.fma(t, broadcast(SPECIES, MILLS_7));
                h = h.fma(t, broadcast(SPECIES, MILLS_6));
                h = h.fma(t, broadcast(SPECIES, MILLS_5));
                h = h.fma(t, broadcast(SPECIES, MILLS_4));
                h = h.fma(t, broadcast(SPECIES, MILLS_3));
                h = h.fma(t, broadcast(SPECIES, MILLS_2));
                h = h.fma(t, broadcast(SPECIES, MILLS_1));
                h = h.fma(t, broadcast(SPECIES, MILLS_0));
                h = h.mul(t);
                FloatVector w = e.mul(a.fma(broadcast(SPECIES, -DENSITY_AT_0), h));
                FloatVector d = g.mul(w.blend(broadcast(SPECIES, 1f).sub(w), v.compare(GT, 0f)));
                d.blend(old.add(d), add).intoMemorySegment(dx, at, ORDER);
            }
            super.gradients(x, xo + bound, dy, dyo + bound, dx, dxo + bound, length - bound, accumulate);
        }
    }
}
