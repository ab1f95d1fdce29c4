package dev.lanewise.nn.layer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The mean of each window of images `[height, width, channels]`, channel by channel. With padding `same`
/// cells beyond
/// the edge
/// do not count.
///
/// With padding `valid` there are `(in - pool_size) / strides + 1` windows along an axis, with `same`
/// `in / strides`,
/// rounded up: then the windows reach beyond both edges, beyond the last one by one cell more where it is odd.
///
/// @param poolSize cells of a window: two numbers
/// @param strides cells from one window to the next: two numbers, or null for `pool_size`
/// @param padding `valid` or `same`
public record AveragePooling2D(
        List<Integer> poolSize, @Nullable List<Integer> strides, String padding) implements Pooling.Average {
    public AveragePooling2D {
        poolSize = List.copyOf(poolSize);
        strides = strides == null ? null : List.copyOf(strides);
        Windows.check("AveragePooling2D", 2, poolSize, strides, padding);
    }

    /// Whole windows next to each other.
    public AveragePooling2D(int height, int width) {
        this(List.of(height, width), null, "valid");
    }

    /// Keras' defaults: windows of 2 next to each other.
    public AveragePooling2D() {
        this(2, 2);
    }
}
