package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.GT;

import dev.lanewise.kernels.Activation.GradientFrom;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// What [Relu6] and [HardTanh] share: `t = x < lo ? lo : x; y = t > hi ? hi : t`. NaN stays. Gradient `dy`
/// where `lo < y < hi`, else 0.
final class Clamps {
    private Clamps() {}

    static class ScalarKernel extends ElementwiseActivation {
        final float lo;
        final float hi;

        ScalarKernel(String name, float lo, float hi) {
            super(name, GradientFrom.OUTPUT);
            this.lo = lo;
            this.hi = hi;
        }

        @Override
        float value(float x) {
            float t = x < lo ? lo : x;
            return t > hi ? hi : t;
        }

        @Override
        float gradient(float y, float dy) {
            return lo < y && y < hi ? dy : 0;
        }
    }

    static final class SimdKernel extends ScalarKernel {
        SimdKernel(String name, float lo, float hi) {
            super(name, lo, hi);
        }

        @Override
        void values(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                FloatVector t = v.blend(lo, v.lt(lo));
                t.blend(hi, t.compare(GT, hi)).intoMemorySegment(y, 4 * (yo + i), ORDER);
            }
            super.values(x, xo + bound, y, yo + bound, n - bound);
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
                FloatVector d =
                        broadcast(SPECIES, 0f).blend(g, v.compare(GT, lo).and(v.lt(hi)));
                d.blend(old.add(d), add).intoMemorySegment(dx, at, ORDER);
            }
            super.gradients(y, yo + bound, dy, dyo + bound, dx, dxo + bound, n - bound, accumulate);
        }
    }
}
