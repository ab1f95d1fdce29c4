package dev.lanewise.nn.layer;

import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The first input, with the second as its mask: `y = x` where `mask[batch, steps, …]` has `x`'s leading
/// dimensions, and counts where it is not 0. What mask `x` had before does not matter. Keras has it as the
/// argument `mask` of a call.
public record MaskedBy() implements SameValues {
    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        if (inputs.size() != 2) {
            throw new IllegalArgumentException("MaskedBy: takes a value and its mask, got " + inputs);
        }
        final Shape x = inputs.getFirst();
        final Shape mask = inputs.getLast();
        boolean fits = mask.rank() < x.rank() && mask.rank() > 0;
        for (int i = 0; fits && i < mask.rank(); i++) {
            fits = mask.dim(i) == x.dim(i) || mask.dim(i) == Shape.UNKNOWN || x.dim(i) == Shape.UNKNOWN;
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "MaskedBy: the mask must have the first dimensions of " + x + ", got " + mask);
        }
        return List.of(x);
    }

    @Override
    public List<@Nullable Shape> outputMasks(List<Shape> inputs, List<@Nullable Shape> masks) {
        return List.of(inputs.getLast());
    }

    @Override
    public void writeMask(LayerBuffers b, Tensor mask) {
        for (int i = 0; i < mask.size(); i++) {
            mask.set(i, b.x(1).get(i) != 0 ? 1 : 0);
        }
    }
}
