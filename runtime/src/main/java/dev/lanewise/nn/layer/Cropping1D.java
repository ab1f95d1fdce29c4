package dev.lanewise.nn.layer;

import dev.lanewise.tensor.Shape;
import java.util.List;

/// Without cells at the edges of sequences `[steps, channels]`.
///
/// @param cropping cells before the first step and after the last
public record Cropping1D(List<Integer> cropping) implements Edges {
    public Cropping1D {
        Edges.checked("Cropping1D", "cropping", 1, List.of(cropping));
        cropping = List.copyOf(cropping);
    }

    /// As many before as after.
    public Cropping1D(int cropping) {
        this(List.of(cropping, cropping));
    }

    /// Keras' default: one on each side.
    public Cropping1D() {
        this(1);
    }

    @Override
    public int[][] added(Shape x) {
        return Edges.pairs(List.of(cropping), -1);
    }
}
