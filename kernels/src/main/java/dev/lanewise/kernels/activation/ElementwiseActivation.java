package dev.lanewise.kernels.activation;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.Activation.GradientFrom;
import java.lang.foreign.MemorySegment;

/// Loops over the formula of one element, which is the definition; vector kernels override the loops and
/// leave to them what fills no vector.
///
/// A vector kernel's loop over gradients serves both ways of writing them: it loads what `dx` holds in any case
/// and adds it under a mask. It loads everything at a place before it stores there, since `dx` may be what it
/// reads, and may keep the bits of an exponential there meanwhile.
abstract class ElementwiseActivation extends CheckedActivation {
    ElementwiseActivation(String name, GradientFrom gradientFrom) {
        super(name, gradientFrom);
    }

    /// The activation of one element.
    abstract float value(float x);

    /// `dy` times the derivative, which is computed from `v`: the input or the output.
    abstract float gradient(float v, float dy);

    void values(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, value(x.getAtIndex(JAVA_FLOAT, xo + i)));
        }
    }

    void gradients(
            MemorySegment v,
            long vo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int n,
            boolean accumulate) {
        for (int i = 0; i < n; i++) {
            float g = gradient(v.getAtIndex(JAVA_FLOAT, vo + i), dy.getAtIndex(JAVA_FLOAT, dyo + i));
            dx.setAtIndex(JAVA_FLOAT, dxo + i, accumulate ? dx.getAtIndex(JAVA_FLOAT, dxo + i) + g : g);
        }
    }

    @Override
    final void forwardLoop(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
        values(x, xo, y, yo, rows * cols);
    }

    @Override
    final void backwardLoop(
            MemorySegment v, long vo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
        gradients(v, vo, dy, dyo, dx, dxo, rows * cols, false);
    }

    @Override
    final void backwardAddLoop(
            MemorySegment v, long vo, MemorySegment dy, long dyo, MemorySegment dx, long dxo, int rows, int cols) {
        gradients(v, vo, dy, dyo, dx, dxo, rows * cols, true);
    }
}
