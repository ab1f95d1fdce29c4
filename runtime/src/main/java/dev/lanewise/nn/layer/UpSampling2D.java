package dev.lanewise.nn.layer;

import dev.lanewise.nn.LayerBuffers;
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

    private static Resampling bilinear(UpSampling2D layer, LayerBuffers b) {
        final Shape x = b.x(0).shape();
        final Shape y = b.y(0).shape();
        return new Resampling(b, y.dim(1), y.dim(2), x.dim(1), x.dim(2), false);
    }

    @Override
    public void forward(LayerBuffers b) {
        if (interpolation.equals(NEAREST)) {
            Upsampling.super.forward(b);
        } else {
            b.kept(Resampling.class, "bilinear", this, UpSampling2D::bilinear).forward();
        }
    }

    @Override
    public void backward(LayerBuffers b) {
        if (interpolation.equals(NEAREST)) {
            Upsampling.super.backward(b);
        } else {
            b.kept(Resampling.class, "bilinear", this, UpSampling2D::bilinear).backward();
        }
    }
}
