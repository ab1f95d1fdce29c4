package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.EmptyCalls;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// `y = x < 0 ? 0 : x`: NaN stays NaN, and -0 stays -0. Gradient `y > 0 ? dy : 0`.
public record Relu() implements BuiltInActivation {
    private static final String NAME = "relu";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public GradientFrom gradientFrom() {
        return GradientFrom.OUTPUT;
    }

    @Override
    public ActivationKernel scalar() {
        return ScalarKernel.INSTANCE;
    }

    @Override
    public ActivationKernel simd() {
        return SimdKernel.INSTANCE;
    }

    private static class ScalarKernel extends CheckedActivation {
        static final ActivationKernel INSTANCE = new ScalarKernel();

        ScalarKernel() {
            super(NAME, GradientFrom.OUTPUT);
        }

        @Override
        void forwardLoop(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
            int n = rows * cols;
            for (int i = 0; i < n; i++) {
                float v = x.getAtIndex(JAVA_FLOAT, xo + i);
                y.setAtIndex(JAVA_FLOAT, yo + i, v < 0 ? 0 : v);
            }
        }

        @Override
        void backwardLoop(
                MemorySegment y, long yo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            int n = rows * cols;
            for (int i = 0; i < n; i++) {
                float g = gradient(y.getAtIndex(JAVA_FLOAT, yo + i), dy.getAtIndex(JAVA_FLOAT, dyo + i));
                dx.setAtIndex(JAVA_FLOAT, dxo + i, g);
            }
        }

        @Override
        void backwardAddLoop(
                MemorySegment y, long yo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            int n = rows * cols;
            for (int i = 0; i < n; i++) {
                float g = gradient(y.getAtIndex(JAVA_FLOAT, yo + i), dy.getAtIndex(JAVA_FLOAT, dyo + i));
                dx.setAtIndex(JAVA_FLOAT, dxo + i, dx.getAtIndex(JAVA_FLOAT, dxo + i) + g);
            }
        }

        private static float gradient(float y, float dy) {
            return y > 0 ? dy : 0;
        }
    }

    private static final class SimdKernel extends ScalarKernel implements EmptyCalls {
        static final ActivationKernel INSTANCE = new SimdKernel();

        @Override
        public void callEmpty(MemorySegment s, int times) {
            for (int i = 0; i < times; i++) {
                forwardLoop(s, 0, s, 0, 1, 0);
                backwardLoop(s, 0, s, 0, s, 0, 1, 0);
            }
        }

        @Override
        void forwardLoop(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
            int n = rows * cols;
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
                v.blend(0f, v.lt(0f)).intoMemorySegment(y, 4 * (yo + i), ORDER);
            }
            super.forwardLoop(x, xo + bound, y, yo + bound, 1, n - bound);
        }

        @Override
        void backwardLoop(
                MemorySegment y, long yo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            FloatVector zero = FloatVector.zero(SPECIES);
            int n = rows * cols;
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
                FloatVector g = fromMemorySegment(SPECIES, dy, 4 * (dyo + i), ORDER);
                zero.blend(g, v.compare(VectorOperators.GT, 0f)).intoMemorySegment(dx, 4 * (dxo + i), ORDER);
            }
            super.backwardLoop(y, yo + bound, dy, dyo + bound, dx, dxo + bound, 1, n - bound);
        }

        @Override
        void backwardAddLoop(
                MemorySegment y, long yo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
            FloatVector zero = FloatVector.zero(SPECIES);
            int n = rows * cols;
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
                FloatVector g = fromMemorySegment(SPECIES, dy, 4 * (dyo + i), ORDER);
                FloatVector old = fromMemorySegment(SPECIES, dx, 4 * (dxo + i), ORDER);
                old.add(zero.blend(g, v.compare(VectorOperators.GT, 0f))).intoMemorySegment(dx, 4 * (dxo + i), ORDER);
            }
            super.backwardAddLoop(y, yo + bound, dy, dyo + bound, dx, dxo + bound, 1, n - bound);
        }
    }
}
