package dev.lanewise.nn.layer;

import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import java.util.List;

/// The middle of images `[h, w, channels]`: `[height, width, channels]`. Where an odd number of rows or
/// columns is left over, one more is cut off below or on the right. Of images that are lower or narrower, the
/// largest window with the proportions of `y`, in the middle, is resized bilinearly ([Resampling]).
public record CenterCrop(int height, int width) implements Edges {
    public CenterCrop {
        if (height <= 0 || width <= 0) {
            throw new IllegalArgumentException(
                    "CenterCrop: height and width must be positive, got " + height + " and " + width);
        }
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Resizing.resized("CenterCrop", inputs, height, width));
    }

    private boolean fits(Shape x) {
        return x.dim(1) >= height && x.dim(2) >= width;
    }

    private static Resampling largest(CenterCrop layer, LayerBuffers b) {
        return Resampling.ofLargest(b, layer.height, layer.width, false);
    }

    @Override
    public void forward(LayerBuffers b) {
        if (fits(b.x(0).shape())) {
            Edges.super.forward(b);
        } else {
            b.kept(Resampling.class, "largest", this, CenterCrop::largest).forward();
        }
    }

    @Override
    public void backward(LayerBuffers b) {
        if (fits(b.x(0).shape())) {
            Edges.super.backward(b);
        } else {
            b.kept(Resampling.class, "largest", this, CenterCrop::largest).backward();
        }
    }

    @Override
    public int[][] added(Shape x) {
        final int top = (x.dim(1) - height) / 2;
        final int left = (x.dim(2) - width) / 2;
        return new int[][] {{-top, height + top - x.dim(1)}, {-left, width + left - x.dim(2)}};
    }
}
