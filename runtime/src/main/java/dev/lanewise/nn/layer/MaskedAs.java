package dev.lanewise.nn.layer;

import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The first input, with the mask that the second one has, or none where that has none: `y = x`. So goes on
/// what a layer gives that was called with a mask of its own ([MaskedBy]): Keras passes on the mask that its
/// input had without it.
public record MaskedAs() implements SameValues {
    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        if (inputs.size() != 2) {
            throw new IllegalArgumentException("MaskedAs: takes a value and one whose mask it has, got " + inputs);
        }
        return List.of(inputs.getFirst());
    }

    @Override
    public List<@Nullable Shape> outputMasks(List<Shape> inputs, List<@Nullable Shape> masks) {
        final List<@Nullable Shape> own = new ArrayList<>();
        own.add(masks.getLast());
        return own;
    }

    @Override
    public void writeMask(LayerBuffers b, Tensor mask) {
        final Tensor given = b.mask(1);
        if (given != null) {
            mask.segment().copyFrom(given.segment());
        }
    }
}
