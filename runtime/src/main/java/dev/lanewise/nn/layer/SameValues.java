package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Tensor;

/// A layer that gives its first input on with another mask. The second input has no gradient.
interface SameValues extends Layer {
    /// Fills the output's mask.
    void writeMask(LayerBuffers b, Tensor mask);

    @Override
    default void forward(LayerBuffers b) {
        b.y(0).segment().copyFrom(b.x(0).segment());
        final Tensor mask = b.outputMask(0);
        if (mask != null) {
            writeMask(b, mask);
        }
    }

    @Override
    default void backward(LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx != null && b.accumulateDx(0)) {
            b.compute().kernels().elementwise().accumulate(b.dy(0).segment(), 0, dx.segment(), 0, dx.size());
        } else if (dx != null) {
            dx.segment().copyFrom(b.dy(0).segment());
        }
        noGradient(b, 1);
    }

    /// An input that nothing is learned by.
    static void noGradient(LayerBuffers b, int input) {
        final Tensor dx = b.dx(input);
        if (dx != null && !b.accumulateDx(input)) {
            dx.segment().fill((byte) 0);
        }
    }

    @Override
    default boolean backwardReadsInput() {
        return false;
    }

    @Override
    default boolean backwardReadsOutput() {
        return false;
    }
}
