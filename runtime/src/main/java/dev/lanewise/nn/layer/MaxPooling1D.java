package dev.lanewise.nn.layer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The largest value of each window of sequences `[steps, channels]`, channel by channel; NaN if there is
/// one. The
/// gradient goes
/// to the first cell that has it.
///
/// With padding `valid` there are `(in - pool_size) / strides + 1` windows along an axis, with `same`
/// `in / strides`,
/// rounded up: then the windows reach beyond both edges, beyond the last one by one cell more where it is odd.
///
/// @param poolSize cells of a window: one number
/// @param strides cells from one window to the next: one number, or null for `pool_size`
/// @param padding `valid` or `same`
public record MaxPooling1D(List<Integer> poolSize, @Nullable List<Integer> strides, String padding)
        implements Pooling.Max {
    public MaxPooling1D {
        poolSize = List.copyOf(poolSize);
        strides = strides == null ? null : List.copyOf(strides);
        Windows.check("MaxPooling1D", 1, poolSize, strides, padding);
    }

    /// Whole windows next to each other.
    public MaxPooling1D(int poolSize) {
        this(List.of(poolSize), null, "valid");
    }

    /// Keras' defaults: windows of 2 next to each other.
    public MaxPooling1D() {
        this(2);
    }
}
