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

/// `y = x - tanh(x)`: within 4 · 2^-24 · |x|, which near 0 is more than the result, as with Keras. Gradient
/// `dy * tanh(x)²`.
public record TanhShrink() implements BuiltInActivation {
    private static final String NAME = "tanh_shrink";

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
            return x - ScalarMath.tanh(x);
        }

        @Override
        float gradient(float x, float dy) {
            float t = ScalarMath.tanh(x);
            return dy * (t * t);
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
                FloatVector a = m.blend(TANH_MAX, m.compare(GT, TANH_MAX));
                a = a.add(a);
                FloatVector rounded = a.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND));
                rounded.intoMemorySegment(y, at, ORDER);
                IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                        .lanewise(LSHL, MANTISSA_BITS)
                        .add(EXPONENT_OF_ONE)
                        .intoMemorySegment(y, at, ORDER);
                FloatVector scale = fromMemorySegment(SPECIES, y, at, ORDER);
                FloatVector n = rounded.sub(ROUND);
                FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), a);
                r = n.fma(broadcast(SPECIES, -LN2_LO), r);
                FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
                q = q.fma(r, broadcast(SPECIES, EXP_2));
                q = q.fma(r, broadcast(SPECIES, EXP_1));
                q = q.fma(r, broadcast(SPECIES, EXP_0));
                FloatVector e = q.fma(r.mul(r), r).fma(scale, scale.sub(1f));
                FloatVector t = e.div(e.add(2f));
                t = t.blend(t.neg(), v.lt(0f));
                v.sub(t.blend(v, m.lt(TANH_MIN))).intoMemorySegment(y, at, ORDER);
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
                FloatVector a = m.blend(TANH_MAX, m.compare(GT, TANH_MAX));
                a = a.add(a);
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
                FloatVector t = e.div(e.add(2f));
                t = t.blend(t.neg(), v.lt(0f)).blend(v, m.lt(TANH_MIN));
                FloatVector d = g.mul(t.mul(t));
                d.blend(old.add(d), add).intoMemorySegment(dx, at, ORDER);
            }
            super.gradients(x, xo + bound, dy, dyo + bound, dx, dxo + bound, length - bound, accumulate);
        }
    }
}
