package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import java.util.List;
import java.util.Map;

/// Exponential linear unit: `y = x` for `x > 0`, else `alpha · (exp(x) - 1)`.
///
/// @param alpha 0 or more
public record ELU(float alpha) implements Layer {
    public ELU {
        if (!(alpha >= 0)) {
            throw new IllegalArgumentException("ELU: alpha must not be negative, got " + alpha);
        }
    }

    /// Keras' default: 1.
    public ELU() {
        this(1);
    }

    private Activation activation() {
        return Activations.of("elu", Map.of("alpha", alpha));
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Shapes.single("ELU", inputs));
    }

    @Override
    public void forward(LayerBuffers b) {
        Elementwise.run(b, b.task("forward", this, ELU::forwardTask));
    }

    private static RangeTask forwardTask(ELU layer, LayerBuffers b) {
        return Elementwise.forward(layer.activation(), b);
    }

    @Override
    public void backward(LayerBuffers b) {
        if (b.dx(0) != null) {
            Elementwise.run(b, b.task("backward", this, ELU::backwardTask));
        }
    }

    private static RangeTask backwardTask(ELU layer, LayerBuffers b) {
        return Elementwise.backward(layer.activation(), b);
    }

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean worksInPlace() {
        return true;
    }
}
