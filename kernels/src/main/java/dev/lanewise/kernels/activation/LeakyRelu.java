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

/// `y = x < 0 ? negativeSlope * x : x`. Gradient `y > 0 ? dy : negativeSlope * dy`.
///
/// @param negativeSlope 0 or more, so that the sign of the output tells that of the input; Keras' default is
///     0.2
public record LeakyRelu(float negativeSlope) implements BuiltInActivation {
    private static final String NAME = "leaky_relu";

    public LeakyRelu {
        Parameters.require(NAME, "negative_slope", negativeSlope >= 0, "0 or more", negativeSlope);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Map<String, Object> config() {
        return Map.of("negative_slope", negativeSlope);
    }

    @Override
    public GradientFrom gradientFrom() {
        return GradientFrom.OUTPUT;
    }

    @Override
    public ActivationKernel scalar() {
        return new ScalarKernel(negativeSlope);
    }

    @Override
    public ActivationKernel simd() {
        return new SimdKernel(negativeSlope);
    }

    private static class ScalarKernel extends ElementwiseActivation {
        final float negativeSlope;

        ScalarKernel(float negativeSlope) {
            super(NAME, GradientFrom.OUTPUT);
            this.negativeSlope = negativeSlope;
        }

        @Override
        float value(float x) {
            return x < 0 ? negativeSlope * x : x;
        }

        @Override
        float gradient(float y, float dy) {
            return y > 0 ? dy : negativeSlope * dy;
        }
    }

    private static final class SimdKernel extends ScalarKernel {
        SimdKernel(float negativeSlope) {
            super(negativeSlope);
        }

        @Override
        void values(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                v.blend(v.mul(negativeSlope), v.lt(0f)).intoMemorySegment(y, 4 * (yo + i), ORDER);
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
                FloatVector d = g.mul(negativeSlope).blend(g, v.compare(GT, 0f));
                d.blend(old.add(d), add).intoMemorySegment(dx, at, ORDER);
            }
            super.gradients(y, yo + bound, dy, dyo + bound, dx, dxo + bound, n - bound, accumulate);
        }
    }
}
