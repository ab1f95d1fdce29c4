package dev.lanewise.nn.layer;

import dev.lanewise.tensor.Shape;
import java.util.List;

/// Zeros before and after the cells of images `[height, width, channels]`.
///
/// @param padding for each axis a pair: zeros before and after, as `[[top, bottom], [left, right]]`
public record ZeroPadding2D(List<List<Integer>> padding) implements Edges {
    public ZeroPadding2D {
        padding = Edges.checked("ZeroPadding2D", "padding", 2, padding);
    }

    /// As many before as after.
    public ZeroPadding2D(int height, int width) {
        this(List.of(List.of(height, height), List.of(width, width)));
    }

    /// Keras' default: one on each side.
    public ZeroPadding2D() {
        this(1, 1);
    }

    @Override
    public int[][] added(Shape x) {
        return Edges.pairs(padding, 1);
    }
}
