package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The activation that a layer with weights ends with: `y = activation(z)`, channels last. relu is left to the
/// product that computes z.
final class Activated {
    private Activated() {}

    /// @throws IllegalArgumentException if the activation changes the number of channels
    static void requireSameWidth(String type, Activation activation, int width) {
        if (activation.outputCols(width) != width) {
            throw new IllegalArgumentException(type + ": the activation " + activation.name() + " makes "
                    + activation.outputCols(width) + " columns of " + width
                    + ", which only a layer Activation of its own can do");
        }
    }

    /// Whether z is kept in the first of [dev.lanewise.nn.Layer#saved]: the gradient needs it, or y cannot be
    /// written over it.
    static boolean keepsZ(Activation activation) {
        return activation.gradientFrom() == GradientFrom.INPUT || !activation.worksInPlace();
    }

    static boolean isRelu(Activation activation) {
        return activation.equals(Activations.RELU);
    }

    /// Where z goes.
    static MemorySegment z(Activation activation, LayerBuffers b) {
        return (keepsZ(activation) ? b.saved(0) : b.y(0)).segment();
    }

    /// y from z.
    static void forward(Activation activation, LayerBuffers b) {
        if (!isRelu(activation) && !activation.equals(Activations.LINEAR)) {
            final Tensor y = b.y(0);
            final int cols = y.shape().last();
            b.compute().forward(activation, z(activation, b), y.segment(), Spatial.rows(y.shape()), cols);
        }
    }

    /// The gradient by z, in the place of that by y, which is not needed again.
    static void backward(Activation activation, LayerBuffers b) {
        if (!activation.equals(Activations.LINEAR)) {
            final boolean fromInput = activation.gradientFrom() == GradientFrom.INPUT;
            final Tensor y = b.y(0);
            final MemorySegment dz = b.dy(0).segment();
            b.compute()
                    .backward(
                            activation,
                            fromInput ? b.saved(0).segment() : null,
                            fromInput ? null : y.segment(),
                            dz,
                            dz,
                            Spatial.rows(y.shape()),
                            y.shape().last(),
                            false);
        }
    }

    /// The memory of a gradient that is asked for.
    static MemorySegment required(@Nullable Tensor gradient, LayerBuffers b) {
        if (gradient == null) {
            throw new IllegalStateException("layer '" + b.name() + "': no gradient is asked for");
        }
        return gradient.segment();
    }
}
