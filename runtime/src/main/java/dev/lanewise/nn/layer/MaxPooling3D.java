package dev.lanewise.nn.layer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The largest value of each window of volumes `[depth, height, width, channels]`, channel by channel; NaN
/// if there is
/// one. The gradient goes
/// to the first cell that has it.
///
/// With padding `valid` there are `(in - pool_size) / strides + 1` windows along an axis, with `same`
/// `in / strides`,
/// rounded up: then the windows reach beyond both edges, beyond the last one by one cell more where it is odd.
///
/// @param poolSize cells of a window: three numbers
/// @param strides cells from one window to the next: three numbers, or null for `pool_size`
/// @param padding `valid` or `same`
public record MaxPooling3D(List<Integer> poolSize, @Nullable List<Integer> strides, String padding)
        implements Pooling.Max {
    public MaxPooling3D {
        poolSize = List.copyOf(poolSize);
        strides = strides == null ? null : List.copyOf(strides);
        Windows.check("MaxPooling3D", 3, poolSize, strides, padding);
    }

    /// Whole windows next to each other.
    public MaxPooling3D(int depth, int height, int width) {
        this(List.of(depth, height, width), null, "valid");
    }

    /// Keras' defaults: windows of 2 next to each other.
    public MaxPooling3D() {
        this(2, 2, 2);
    }
}
