package dev.lanewise.nn.layer;

import dev.lanewise.tensor.Shape;
import java.util.List;

/// Without cells at the edges of volumes `[depth, height, width, channels]`.
///
/// @param cropping for each axis a pair: cells before and after
public record Cropping3D(List<List<Integer>> cropping) implements Edges {
    public Cropping3D {
        cropping = Edges.checked("Cropping3D", "cropping", 3, cropping);
    }

    /// As many before as after.
    public Cropping3D(int depth, int height, int width) {
        this(List.of(List.of(depth, depth), List.of(height, height), List.of(width, width)));
    }

    /// Keras' default: one on each side.
    public Cropping3D() {
        this(1, 1, 1);
    }

    @Override
    public int[][] added(Shape x) {
        return Edges.pairs(cropping, -1);
    }
}
