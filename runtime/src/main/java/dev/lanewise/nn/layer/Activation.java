package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.List;

/// An activation as a layer of its own: `y = activation(x)`. With `glu` the last dimension of the output is
/// half that of the input.
public record Activation(dev.lanewise.kernels.Activation activation) implements Layer {
    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("Activation", inputs);
        if (activation.rowwise() && x.rank() < 2) {
            throw new IllegalArgumentException("Activation " + activation.name() + ": needs rows, got input " + x);
        }
        if (x.last() == Shape.UNKNOWN) {
            return List.of(x);
        }
        return List.of(x.withoutLast().append(activation.outputCols(x.last())));
    }

    @Override
    public void forward(LayerBuffers b) {
        apply(activation, b);
    }

    @Override
    public void backward(LayerBuffers b) {
        gradient(activation, b);
    }

    static void apply(dev.lanewise.kernels.Activation activation, LayerBuffers b) {
        apply(activation, b.x(0), b);
    }

    /// Of another value than the input.
    static void apply(dev.lanewise.kernels.Activation activation, Tensor x, LayerBuffers b) {
        final int cols = x.shape().last();
        b.compute().forward(activation, x.segment(), b.y(0).segment(), cols == 0 ? 0 : x.size() / cols, cols);
    }

    static void gradient(dev.lanewise.kernels.Activation activation, LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx == null) {
            return;
        }
        final boolean fromInput = activation.gradientFrom() == GradientFrom.INPUT;
        final boolean fromOutput = activation.gradientFrom() == GradientFrom.OUTPUT;
        final int cols = dx.shape().last();
        b.compute()
                .backward(
                        activation,
                        fromInput ? b.x(0).segment() : null,
                        fromOutput ? b.y(0).segment() : null,
                        b.dy(0).segment(),
                        dx.segment(),
                        cols == 0 ? 0 : dx.size() / cols,
                        cols,
                        b.accumulateDx(0));
    }

    @Override
    public boolean backwardReadsInput() {
        return activation.gradientFrom() == GradientFrom.INPUT;
    }

    @Override
    public boolean backwardReadsOutput() {
        return activation.gradientFrom() == GradientFrom.OUTPUT;
    }

    @Override
    public boolean isView() {
        return activation.equals(Activations.LINEAR);
    }

    @Override
    public boolean worksInPlace() {
        return activation.worksInPlace();
    }

    @Override
    public dev.lanewise.kernels.Activation lastActivation() {
        return activation;
    }

    @Override
    public Activation withoutActivation() {
        return new Activation(Activations.LINEAR);
    }
}
