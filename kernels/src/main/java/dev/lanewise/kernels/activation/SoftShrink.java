package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;

import dev.lanewise.kernels.ActivationKernel;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// `y = |x| <= threshold ? 0 : x > 0 ? x - threshold : x + threshold`. NaN stays. Gradient `dy` where `y` is
/// not 0,
/// else 0.
///
/// @param threshold 0 or more; Keras' default is 0.5
public record SoftShrink(float threshold) implements BuiltInActivation {
    private static final String NAME = "soft_shrink";

    public SoftShrink {
        Parameters.require(NAME, "threshold", threshold >= 0, "0 or more", threshold);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Map<String, Object> config() {
        return Map.of("threshold", threshold);
    }

    @Override
    public GradientFrom gradientFrom() {
        return GradientFrom.OUTPUT;
    }

    @Override
    public ActivationKernel scalar() {
        return new ScalarKernel(threshold);
    }

    @Override
    public ActivationKernel simd() {
        return new SimdKernel(threshold);
    }

    private static class ScalarKernel extends ElementwiseActivation {
        final float threshold;

        ScalarKernel(float threshold) {
            super(NAME, GradientFrom.OUTPUT);
            this.threshold = threshold;
        }

        @Override
        float value(float x) {
            float outside = x > 0 ? x - threshold : x + threshold;
            return Math.abs(x) <= threshold ? 0 : outside;
        }

        @Override
        float gradient(float y, float dy) {
            return y == 0 ? 0 : dy;
        }
    }

    private static final class SimdKernel extends ScalarKernel {
        SimdKernel(float threshold) {
            super(threshold);
        }

        @Override
        void values(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                FloatVector outside = v.add(threshold).blend(v.sub(threshold), v.compare(GT, 0f));
                outside.blend(0f, v.abs().compare(LE, threshold)).intoMemorySegment(y, 4 * (yo + i), ORDER);
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
                FloatVector d = g.blend(0f, v.eq(0f));
                d.blend(old.add(d), add).intoMemorySegment(dx, at, ORDER);
            }
            super.gradients(y, yo + bound, dy, dyo + bound, dx, dxo + bound, n - bound, accumulate);
        }
    }
}
