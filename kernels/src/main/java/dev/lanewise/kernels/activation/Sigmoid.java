package dev.lanewise.kernels.activation;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;

/// `y = 1 / (1 + exp(-x))`. Gradient `dy * (y * (1 - y))`.
public record Sigmoid() implements Activation {
    private static final String NAME = "sigmoid";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public GradientFrom gradientFrom() {
        return GradientFrom.OUTPUT;
    }

    @Override
    public boolean rowwise() {
        return false;
    }

    @Override
    public ActivationKernel scalar() {
        return ScalarKernel.INSTANCE;
    }

    @Override
    public ActivationKernel simd() {
        return ScalarKernel.INSTANCE;
    }

    private static final class ScalarKernel extends CheckedActivation {
        static final ActivationKernel INSTANCE = new ScalarKernel();

        ScalarKernel() {
            super(NAME, GradientFrom.OUTPUT);
        }

        @Override
        void forwardLoop(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
            int n = rows * cols;
            for (int i = 0; i < n; i++) {
                float v = x.getAtIndex(JAVA_FLOAT, xo + i);
                y.setAtIndex(JAVA_FLOAT, yo + i, ScalarMath.sigmoid(v));
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
            return dy * (y * (1 - y));
        }
    }
}
