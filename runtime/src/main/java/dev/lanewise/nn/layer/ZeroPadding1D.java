package dev.lanewise.nn.layer;

import dev.lanewise.tensor.Shape;
import java.util.List;

/// Zeros before and after the cells of sequences `[steps, channels]`.
///
/// @param padding zeros before the first step and after the last
public record ZeroPadding1D(List<Integer> padding) implements Edges {
    public ZeroPadding1D {
        Edges.checked("ZeroPadding1D", "padding", 1, List.of(padding));
        padding = List.copyOf(padding);
    }

    /// As many before as after.
    public ZeroPadding1D(int padding) {
        this(List.of(padding, padding));
    }

    /// Keras' default: one on each side.
    public ZeroPadding1D() {
        this(1);
    }

    @Override
    public int[][] added(Shape x) {
        return Edges.pairs(List.of(padding), 1);
    }
}
