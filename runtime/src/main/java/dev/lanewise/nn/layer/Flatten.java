package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import java.util.List;

/// Each sample as one row: `[batch, …]` becomes `[batch, product of …]`.
public record Flatten() implements Layer {
    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("Flatten", inputs);
        return List.of(Shape.of(x.dim(0), Shapes.product(x, 1)));
    }

    @Override
    public void forward(LayerBuffers b) {
        b.y(0).copyFrom(b.x(0));
    }

    @Override
    public void backward(LayerBuffers b) {
        Reshape.copyGradient(b);
    }

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }

    @Override
    public boolean isView() {
        return true;
    }
}
