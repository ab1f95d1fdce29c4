package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import java.util.List;

/// Softmax over the last axis: `y[r, c] = exp(x[r, c]) / sum over j of exp(x[r, j])`.
///
/// @param axis -1; another one is not supported
public record Softmax(int axis) implements Layer {
    public Softmax {
        if (axis != -1) {
            throw new IllegalArgumentException("Softmax: axis " + axis + " is not supported (supported: -1, the last)");
        }
    }

    public Softmax() {
        this(-1);
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return new Activation(Activations.SOFTMAX).outputShapes(inputs);
    }

    @Override
    public void forward(LayerBuffers b) {
        Activation.apply(Activations.SOFTMAX, b);
    }

    @Override
    public void backward(LayerBuffers b) {
        Activation.gradient(Activations.SOFTMAX, b);
    }

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean worksInPlace() {
        return true;
    }

    @Override
    public dev.lanewise.kernels.Activation lastActivation() {
        return Activations.SOFTMAX;
    }

    @Override
    public Layer withoutActivation() {
        return new Activation(Activations.LINEAR);
    }
}
