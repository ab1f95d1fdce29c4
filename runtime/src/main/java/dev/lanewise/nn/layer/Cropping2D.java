package dev.lanewise.nn.layer;

import dev.lanewise.tensor.Shape;
import java.util.List;

/// Without cells at the edges of images `[height, width, channels]`.
///
/// @param cropping for each axis a pair: cells before and after, as `[[top, bottom], [left, right]]`
public record Cropping2D(List<List<Integer>> cropping) implements Edges {
    public Cropping2D {
        cropping = Edges.checked("Cropping2D", "cropping", 2, cropping);
    }

    /// As many before as after.
    public Cropping2D(int height, int width) {
        this(List.of(List.of(height, height), List.of(width, width)));
    }

    /// Keras' default: none on each side.
    public Cropping2D() {
        this(0, 0);
    }

    @Override
    public int[][] added(Shape x) {
        return Edges.pairs(cropping, -1);
    }
}
