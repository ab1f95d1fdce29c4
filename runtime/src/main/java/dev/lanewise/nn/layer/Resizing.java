package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import java.util.List;

/// Images in another size: `x[n, h, w, c]` becomes `y[n, height, width, c]`, as Keras' layer without
/// `antialias` and without filling up to the proportions; how, is [Resampling]'s.
///
/// @param interpolation `bilinear` or `nearest`
/// @param cropToAspectRatio whether only the largest window with the proportions of `y`, in the middle, is
///     taken
public record Resizing(int height, int width, String interpolation, boolean cropToAspectRatio) implements Layer {
    private static final String BILINEAR = "bilinear";
    private static final String NEAREST = "nearest";

    public Resizing {
        if (height <= 0 || width <= 0) {
            throw new IllegalArgumentException(
                    "Resizing: height and width must be positive, got " + height + " and " + width);
        }
        if (!interpolation.equals(BILINEAR) && !interpolation.equals(NEAREST)) {
            throw new IllegalArgumentException(
                    "Resizing: interpolation '" + interpolation + "' is not supported (supported: bilinear, nearest)");
        }
    }

    /// Of whole images.
    public Resizing(int height, int width, String interpolation) {
        this(height, width, interpolation, false);
    }

    /// Bilinear, of whole images.
    public Resizing(int height, int width) {
        this(height, width, BILINEAR);
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(resized("Resizing", inputs, height, width));
    }

    /// Images of at least one pixel in another size.
    static Shape resized(String type, List<Shape> inputs, int height, int width) {
        final Shape x = Shapes.single(type, inputs);
        if (x.rank() != 4 || x.dim(1) == 0 || x.dim(2) == 0) {
            throw new IllegalArgumentException(
                    type + ": takes images [height, width, channels] of at least one pixel, got " + x.withoutFirst());
        }
        return x.with(1, height).with(2, width);
    }

    private static Resampling resampling(Resizing layer, LayerBuffers b) {
        final boolean nearest = layer.interpolation.equals(NEAREST);
        final Shape x = b.x(0).shape();
        return layer.cropToAspectRatio
                ? Resampling.ofLargest(b, layer.height, layer.width, nearest)
                : new Resampling(b, layer.height, layer.width, x.dim(1), x.dim(2), nearest);
    }

    @Override
    public void forward(LayerBuffers b) {
        b.kept(Resampling.class, "resampling", this, Resizing::resampling).forward();
    }

    @Override
    public void backward(LayerBuffers b) {
        b.kept(Resampling.class, "resampling", this, Resizing::resampling).backward();
    }

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
