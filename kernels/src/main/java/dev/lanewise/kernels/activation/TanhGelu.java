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
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/// `y = x / 2 * (1 + tanh(sqrt(2 / π) * (x + 0.044715 x³)))`: Keras' `gelu` with `approximate`.
///
/// That is `x * sigmoid(z)` with `z = x * (LINEAR + CUBIC * x²)`, and computed as [Silu] is, with
/// `a = min(|x|, 15)` and `e = exp(-a * (LINEAR + CUBIC * a²))`: `y = max(x, 0) - a * (e / (1 + e))`;
/// gradient with
/// `o = e / (1 + e)`, `i = 1 / (1 + e)`: `w = o * (1 - a * i * (LINEAR + 3 CUBIC * a²))`, and
/// `dy * (x > 0 ? 1 - w : w)`.
public record TanhGelu() implements BuiltInActivation {
    private static final String NAME = "gelu";

    /// From here on the result is `x`, or 0.
    private static final float GELU_MAX = 15;

    /// 2 sqrt(2 / π), and that times 0.044715.
    private static final float LINEAR = (float) 1.5957691216057308;

    private static final float CUBIC = (float) 0.07135481627260025;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Map<String, Object> config() {
        return Map.of("approximate", true);
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
            float e = ScalarMath.exp(-(a * Math.fma(a * a, CUBIC, LINEAR)));
            return (x > 0 ? x : 0) - a * (e / (e + 1));
        }

        @Override
        float gradient(float x, float dy) {
            float m = Math.abs(x);
            float a = m > GELU_MAX ? GELU_MAX : m;
            float e = ScalarMath.exp(-(a * Math.fma(a * a, CUBIC, LINEAR)));
            float i = 1 / (e + 1);
            float w = e / (e + 1) * Math.fma(-a, i * Math.fma(a * a, 3 * CUBIC, LINEAR), 1);
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
                FloatVector z = a.mul(s.fma(broadcast(SPECIES, CUBIC), broadcast(SPECIES, LINEAR)))
                        .neg();
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
                FloatVector top = broadcast(SPECIES, 0f).blend(v, v.compare(GT, 0f));
                top.sub(a.mul(e.div(e.add(1f)))).intoMemorySegment(y, at, ORDER);
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
                FloatVector z = a.mul(s.fma(broadcast(SPECIES, CUBIC), broadcast(SPECIES, LINEAR)))
                        .neg();
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
                FloatVector one = broadcast(SPECIES, 1f);
                FloatVector slope = s.fma(broadcast(SPECIES, 3 * CUBIC), broadcast(SPECIES, LINEAR));
                FloatVector w =
                        e.div(e.add(1f)).mul(a.neg().fma(one.div(e.add(1f)).mul(slope), one));
                FloatVector d = g.mul(w.blend(one.sub(w), v.compare(GT, 0f)));
                d.blend(old.add(d), add).intoMemorySegment(dx, at, ORDER);
            }
            super.gradients(x, xo + bound, dy, dyo + bound, dx, dxo + bound, length - bound, accumulate);
        }
    }
}
