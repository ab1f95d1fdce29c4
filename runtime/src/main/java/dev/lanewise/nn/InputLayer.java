package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import java.util.List;

/// Where data comes in.
///
/// @param sample shape of one sample
public record InputLayer(Shape sample) implements Layer {
    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        if (!inputs.isEmpty()) {
            throw new IllegalArgumentException("InputLayer: takes no inputs, got " + inputs);
        }
        return List.of(sample.prepend(Shape.UNKNOWN));
    }

    @Override
    public void forward(LayerBuffers b) {}

    @Override
    public void backward(LayerBuffers b) {}

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
