package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import java.util.List;
import java.util.Map;

/// Leaky rectified linear unit: `y = x` for `x >= 0`, `negativeSlope · x` below.
///
/// @param negativeSlope 0 or more
public record LeakyReLU(float negativeSlope) implements Layer {
    public LeakyReLU {
        if (!(negativeSlope >= 0)) {
            throw new IllegalArgumentException("LeakyReLU: negative_slope must not be negative, got " + negativeSlope);
        }
    }

    /// Keras' default: 0.3.
    public LeakyReLU() {
        this(0.3f);
    }

    private Activation activation() {
        return Activations.of("leaky_relu", Map.of("negative_slope", negativeSlope));
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Shapes.single("LeakyReLU", inputs));
    }

    @Override
    public void forward(LayerBuffers b) {
        Elementwise.run(b, b.task("forward", this, LeakyReLU::forwardTask));
    }

    private static RangeTask forwardTask(LeakyReLU layer, LayerBuffers b) {
        return Elementwise.forward(layer.activation(), b);
    }

    @Override
    public void backward(LayerBuffers b) {
        if (b.dx(0) != null) {
            Elementwise.run(b, b.task("backward", this, LeakyReLU::backwardTask));
        }
    }

    private static RangeTask backwardTask(LeakyReLU layer, LayerBuffers b) {
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
