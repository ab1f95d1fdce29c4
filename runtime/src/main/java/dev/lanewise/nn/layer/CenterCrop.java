package dev.lanewise.nn.layer;

import dev.lanewise.tensor.Shape;
import java.util.List;

/// The middle of images `[h, w, channels]`: `[height, width, channels]`. Where an odd number of rows or
/// columns is
/// left over, one more is cut off below or on the right. Keras resizes images that are smaller; here they are
/// refused.
public record CenterCrop(int height, int width) implements Edges {
    public CenterCrop {
        if (height <= 0 || width <= 0) {
            throw new IllegalArgumentException(
                    "CenterCrop: height and width must be positive, got " + height + " and " + width);
        }
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(cropped("CenterCrop", Windows.samples("CenterCrop", 2, inputs), height, width));
    }

    /// Images of a size that is not larger than theirs.
    static Shape cropped(String type, Shape x, int height, int width) {
        final boolean low = x.dim(1) != Shape.UNKNOWN && x.dim(1) < height;
        final boolean narrow = x.dim(2) != Shape.UNKNOWN && x.dim(2) < width;
        if (low || narrow) {
            throw new IllegalArgumentException(type + ": images must have at least " + height + " rows and " + width
                    + " columns, got " + x.withoutFirst());
        }
        return x.with(1, height).with(2, width);
    }

    @Override
    public int[][] added(Shape x) {
        final int top = (x.dim(1) - height) / 2;
        final int left = (x.dim(2) - width) / 2;
        return new int[][] {{-top, height + top - x.dim(1)}, {-left, width + left - x.dim(2)}};
    }
}
