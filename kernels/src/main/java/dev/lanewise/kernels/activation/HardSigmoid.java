package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.GT;

import dev.lanewise.kernels.ActivationKernel;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Keras 3: `y = clip(x + 3, 0, 6) / 6`; Keras 1 and 2 (`legacy`): `y = clip(0.2 * x + 0.5, 0, 1)`, each
/// operation
/// rounded. NaN stays. Gradient `dy / 6` or `dy * 0.2` where `0 < y < 1`, else 0.
///
/// @param legacy whether it is that of Keras 1 and 2
public record HardSigmoid(boolean legacy) implements BuiltInActivation {
    private static final String NAME = "hard_sigmoid";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Map<String, Object> config() {
        return Map.of("legacy", legacy);
    }

    @Override
    public GradientFrom gradientFrom() {
        return GradientFrom.OUTPUT;
    }

    @Override
    public ActivationKernel scalar() {
        return new ScalarKernel(legacy);
    }

    @Override
    public ActivationKernel simd() {
        return new SimdKernel(legacy);
    }

    private static class ScalarKernel extends ElementwiseActivation {
        final boolean legacy;

        ScalarKernel(boolean legacy) {
            super(NAME, GradientFrom.OUTPUT);
            this.legacy = legacy;
        }

        @Override
        float value(float x) {
            float t = legacy ? x * 0.2f + 0.5f : x + 3;
            float top = legacy ? 1 : 6;
            t = t < 0 ? 0 : t;
            t = t > top ? top : t;
            return t / top;
        }

        @Override
        float gradient(float y, float dy) {
            float slope = legacy ? 0.2f : 1 / 6f;
            return 0 < y && y < 1 ? dy * slope : 0;
        }
    }

    private static final class SimdKernel extends ScalarKernel {
        SimdKernel(boolean legacy) {
            super(legacy);
        }

        @Override
        void values(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
            // A factor of 1 changes nothing.
            float factor = legacy ? 0.2f : 1;
            float shift = legacy ? 0.5f : 3;
            float top = legacy ? 1 : 6;
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                FloatVector t = v.mul(factor).add(shift);
                t = t.blend(0f, t.lt(0f));
                t = t.blend(top, t.compare(GT, top));
                t.div(top).intoMemorySegment(y, 4 * (yo + i), ORDER);
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
            float slope = legacy ? 0.2f : 1 / 6f;
            VectorMask<Float> add = SPECIES.maskAll(accumulate);
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                long at = 4 * (dxo + i);
                FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
                FloatVector g = fromMemorySegment(SPECIES, dy, 4 * (dyo + i), ORDER);
                FloatVector old = fromMemorySegment(SPECIES, dx, at, ORDER);
                FloatVector d =
                        g.mul(slope).blend(0f, v.compare(GT, 0f).and(v.lt(1f)).not());
                d.blend(old.add(d), add).intoMemorySegment(dx, at, ORDER);
            }
            super.gradients(y, yo + bound, dy, dyo + bound, dx, dxo + bound, n - bound, accumulate);
        }
    }
}
