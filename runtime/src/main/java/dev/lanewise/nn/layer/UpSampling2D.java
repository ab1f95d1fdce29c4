package dev.lanewise.nn.layer;

import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import java.util.List;

/// Images `[height, width, channels]` so many times as large along each axis.
///
/// @param size how often, two numbers
/// @param interpolation `nearest`, each pixel repeated, or `bilinear`, as [Resizing] does
public record UpSampling2D(List<Integer> size, String interpolation) implements Upsampling {
    private static final String NEAREST = "nearest";

    public UpSampling2D {
        size = List.copyOf(size);
        Windows.checkSizes("UpSampling2D", "size", 2, size);
        if (!interpolation.equals(NEAREST) && !interpolation.equals("bilinear")) {
            throw new IllegalArgumentException("UpSampling2D: interpolation '" + interpolation
                    + "' is not supported (supported: bilinear, nearest)");
        }
    }

    /// Each pixel repeated.
    public UpSampling2D(int height, int width) {
        this(List.of(height, width), NEAREST);
    }

    /// Keras' defaults: each pixel twice along both axes.
    public UpSampling2D() {
        this(2, 2);
    }

    private Resizing resizing(Shape y) {
        return new Resizing(y.dim(1), y.dim(2), interpolation);
    }

    @Override
    public void forward(LayerBuffers b) {
        if (interpolation.equals(NEAREST)) {
            Upsampling.super.forward(b);
            return;
        }
        final Shape y = b.y(0).shape();
        b.compute().run(b.task("forward", this, UpSampling2D::bilinear), y.dim(0) * y.dim(1), 1, b.y(0).size() * 2L);
    }

    private static RangeTask bilinear(UpSampling2D layer, LayerBuffers b) {
        return Resizing.forwardTask(layer.resizing(b.y(0).shape()), b);
    }

    @Override
    public void backward(LayerBuffers b) {
        if (interpolation.equals(NEAREST)) {
            Upsampling.super.backward(b);
        } else if (b.dx(0) != null) {
            b.compute().run(b.task("backward", this, UpSampling2D::bilinearBack), b.batch(), 1, b.y(0).size() * 8L);
        }
    }

    private static RangeTask bilinearBack(UpSampling2D layer, LayerBuffers b) {
        return Resizing.backwardTask(layer.resizing(b.y(0).shape()), b);
    }
}
