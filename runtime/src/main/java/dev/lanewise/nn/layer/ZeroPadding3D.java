package dev.lanewise.nn.layer;

import dev.lanewise.tensor.Shape;
import java.util.List;

/// Zeros before and after the cells of volumes `[depth, height, width, channels]`.
///
/// @param padding for each axis a pair: zeros before and after
public record ZeroPadding3D(List<List<Integer>> padding) implements Edges {
    public ZeroPadding3D {
        padding = Edges.checked("ZeroPadding3D", "padding", 3, padding);
    }

    /// As many before as after.
    public ZeroPadding3D(int depth, int height, int width) {
        this(List.of(List.of(depth, depth), List.of(height, height), List.of(width, width)));
    }

    /// Keras' default: one on each side.
    public ZeroPadding3D() {
        this(1, 1, 1);
    }

    @Override
    public int[][] added(Shape x) {
        return Edges.pairs(padding, 1);
    }
}
