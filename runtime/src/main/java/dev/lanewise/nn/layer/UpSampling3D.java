package dev.lanewise.nn.layer;

import java.util.List;

/// Each cell of volumes `[depth, height, width, channels]` so many times along each axis.
///
/// @param size how often, three numbers
public record UpSampling3D(List<Integer> size) implements Upsampling {
    public UpSampling3D {
        size = List.copyOf(size);
        Windows.checkSizes("UpSampling3D", "size", 3, size);
    }

    public UpSampling3D(int depth, int height, int width) {
        this(List.of(depth, height, width));
    }

    /// Keras' default: twice.
    public UpSampling3D() {
        this(2, 2, 2);
    }
}
