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

/// `y = x * tanh(log(1 + exp(x)))`. With `a = min(|x|, 105)` and `e = exp(-a)` the hyperbolic tangent is
/// `1 - p / q` or `p / q`: `p = 2 e²`, `q = 1 + 2 e + 2 e²` for `x > 0`, else `p = e (e + 2)`, `q = p + 2`. So
/// `y = max(x, 0) - a * (p / q)`.
///
/// Gradient with `k = e²` for `x > 0`, else `k = e`: `w = p / q - a * (4 k (1 + e) / q²)`, and
/// `dy * (x > 0 ? 1 - w : w)`.
public record Mish() implements BuiltInActivation {
    private static final String NAME = "mish";

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
            float a = m > -EXP_MIN ? -EXP_MIN : m;
            float e = ScalarMath.exp(-a);
            float p = x > 0 ? 2 * (e * e) : e * (e + 2);
            float q = x > 0 ? Math.fma(2, e, 1) + p : p + 2;
            return (x > 0 ? x : 0) - a * (p / q);
        }

        @Override
        float gradient(float x, float dy) {
            float m = Math.abs(x);
            float a = m > -EXP_MIN ? -EXP_MIN : m;
            float e = ScalarMath.exp(-a);
            float p = x > 0 ? 2 * (e * e) : e * (e + 2);
            float q = x > 0 ? Math.fma(2, e, 1) + p : p + 2;
            float k = x > 0 ? e * e : e;
            float w = Math.fma(-a, 4 * k * (e + 1) / (q * q), p / q);
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
                FloatVector a = m.blend(-EXP_MIN, m.compare(GT, -EXP_MIN));
                FloatVector z = a.neg();
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
                VectorMask<Float> positive = v.compare(GT, 0f);
                FloatVector p = e.mul(e.add(2f)).blend(e.mul(e).mul(2f), positive);
                FloatVector over = p.add(2f)
                        .blend(
                                e.fma(broadcast(SPECIES, 2f), broadcast(SPECIES, 1f))
                                        .add(p),
                                positive);
                FloatVector top = broadcast(SPECIES, 0f).blend(v, positive);
                top.sub(a.mul(p.div(over))).intoMemorySegment(y, at, ORDER);
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
                FloatVector a = m.blend(-EXP_MIN, m.compare(GT, -EXP_MIN));
                FloatVector z = a.neg();
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
                VectorMask<Float> positive = v.compare(GT, 0f);
                FloatVector one = broadcast(SPECIES, 1f);
                FloatVector p = e.mul(e.add(2f)).blend(e.mul(e).mul(2f), positive);
                FloatVector over =
                        p.add(2f).blend(e.fma(broadcast(SPECIES, 2f), one).add(p), positive);
                FloatVector k = e.blend(e.mul(e), positive).mul(4f).mul(e.add(1f));
                FloatVector w = z.fma(k.div(over.mul(over)), p.div(over));
                FloatVector d = g.mul(w.blend(one.sub(w), positive));
                d.blend(old.add(d), add).intoMemorySegment(dx, at, ORDER);
            }
            super.gradients(x, xo + bound, dy, dyo + bound, dx, dxo + bound, length - bound, accumulate);
        }
    }
}
