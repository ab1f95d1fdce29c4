package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.lanewise.kernels.ActivationKernel;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// `y = (x + sqrt(x² + b)) / 2`, for negative `x` as `b / 4` over the result for `-x`, so that small results
/// keep their digits. Gradient `dy / (1 + b / 4 / y / y)`, 0 where `y` is 0.
///
/// @param b above 0; Keras' default is 4
public record Squareplus(float b) implements BuiltInActivation {
    private static final String NAME = "squareplus";

    public Squareplus {
        Parameters.require(NAME, "b", b > 0 && b < Float.POSITIVE_INFINITY, "more than 0", b);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Map<String, Object> config() {
        return Map.of("b", b);
    }

    @Override
    public GradientFrom gradientFrom() {
        return GradientFrom.OUTPUT;
    }

    @Override
    public ActivationKernel scalar() {
        return new ScalarKernel(b);
    }

    @Override
    public ActivationKernel simd() {
        return new SimdKernel(b);
    }

    private static class ScalarKernel extends ElementwiseActivation {
        final float b;

        ScalarKernel(float b) {
            super(NAME, GradientFrom.OUTPUT);
            this.b = b;
        }

        @Override
        float value(float x) {
            float a = Math.abs(x);
            float s = Math.fma(a, a, b);
            // Where the square is beyond all floats, b is nothing beside it.
            float root = s < Float.POSITIVE_INFINITY ? (float) Math.sqrt(s) : a;
            float large = Math.fma(0.5f, root, 0.5f * a);
            return x < 0 ? 0.25f * b / large : large;
        }

        @Override
        float gradient(float y, float dy) {
            float slope = 1 / (1 + 0.25f * b / y / y);
            return dy * (y == 0 ? 0 : slope);
        }
    }

    private static final class SimdKernel extends ScalarKernel {
        SimdKernel(float b) {
            super(b);
        }

        @Override
        void values(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                FloatVector a = v.abs();
                FloatVector s = a.fma(a, broadcast(SPECIES, b));
                FloatVector root = a.blend(s.sqrt(), s.lt(Float.POSITIVE_INFINITY));
                FloatVector large = root.fma(broadcast(SPECIES, 0.5f), a.mul(0.5f));
                FloatVector small = broadcast(SPECIES, 0.25f * b).div(large);
                large.blend(small, v.lt(0f)).intoMemorySegment(y, 4 * (yo + i), ORDER);
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
                FloatVector ratio = broadcast(SPECIES, 0.25f * b).div(v).div(v);
                FloatVector slope = broadcast(SPECIES, 1f).div(ratio.add(1f)).blend(0f, v.eq(0f));
                FloatVector d = g.mul(slope);
                d.blend(old.add(d), add).intoMemorySegment(dx, at, ORDER);
            }
            super.gradients(y, yo + bound, dy, dyo + bound, dx, dxo + bound, n - bound, accumulate);
        }
    }
}
