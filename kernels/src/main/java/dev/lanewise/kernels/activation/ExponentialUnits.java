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

/// What [Elu], [Celu] and [Selu] share: `y = x > 0 ? scale * x : factor * (exp(x / divisor) - 1)`. Gradient
/// `y > 0 ? dy * scale : dy * ((y + factor) / divisor)`.
final class ExponentialUnits {
    private ExponentialUnits() {}

    static class ScalarKernel extends ElementwiseActivation {
        final float scale;
        final float factor;
        final float divisor;

        ScalarKernel(String name, float scale, float factor, float divisor) {
            super(name, GradientFrom.OUTPUT);
            this.scale = scale;
            this.factor = factor;
            this.divisor = divisor;
        }

        @Override
        float value(float x) {
            return x > 0 ? scale * x : factor * ScalarMath.expm1(x / divisor);
        }

        @Override
        float gradient(float y, float dy) {
            return dy * (y > 0 ? scale : (y + factor) / divisor);
        }
    }

    static final class SimdKernel extends ScalarKernel {
        SimdKernel(String name, float scale, float factor, float divisor) {
            super(name, scale, factor, divisor);
        }

        @Override
        void values(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
            int bound = vectorBound(length);
            for (int i = 0; i < bound; i += LANES) {
                long at = 4 * (yo + i);
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                FloatVector u = v.div(divisor);
                FloatVector a = u.blend(EXPM1_MIN, u.lt(EXPM1_MIN));
                FloatVector rounded = a.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND));
                rounded.intoMemorySegment(y, at, ORDER);
                IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                        .lanewise(LSHL, MANTISSA_BITS)
                        .add(EXPONENT_OF_ONE)
                        .intoMemorySegment(y, at, ORDER);
                FloatVector power = fromMemorySegment(SPECIES, y, at, ORDER);
                FloatVector n = rounded.sub(ROUND);
                FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), a);
                r = n.fma(broadcast(SPECIES, -LN2_LO), r);
                FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
                q = q.fma(r, broadcast(SPECIES, EXP_2));
                q = q.fma(r, broadcast(SPECIES, EXP_1));
                q = q.fma(r, broadcast(SPECIES, EXP_0));
                FloatVector e = q.fma(r.mul(r), r).fma(power, power.sub(1f));
                e.mul(factor).blend(v.mul(scale), v.compare(GT, 0f)).intoMemorySegment(y, at, ORDER);
            }
            super.values(x, xo + bound, y, yo + bound, length - bound);
        }

        @Override
        void gradients(
                MemorySegment y,
                long yo,
                MemorySegment dy,
                long dyo,
                MemorySegment dx,
                long dxo,
                int n,
                boolean accumulate) {
            VectorMask<Float> add = SPECIES.maskAll(accumulate);
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                long at = 4 * (dxo + i);
                FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
                FloatVector g = fromMemorySegment(SPECIES, dy, 4 * (dyo + i), ORDER);
                FloatVector old = fromMemorySegment(SPECIES, dx, at, ORDER);
                FloatVector slope = v.add(factor).div(divisor);
                FloatVector d = g.mul(slope.blend(scale, v.compare(GT, 0f)));
                d.blend(old.add(d), add).intoMemorySegment(dx, at, ORDER);
            }
            super.gradients(y, yo + bound, dy, dyo + bound, dx, dxo + bound, n - bound, accumulate);
        }
    }
}
