package dev.lanewise.nn.layer;

import java.util.List;

/// Each step of sequences `[steps, channels]` so many times in a row.
///
/// @param size how often, as one number in a list
public record UpSampling1D(List<Integer> size) implements Upsampling {
    public UpSampling1D {
        size = List.copyOf(size);
        Windows.checkSizes("UpSampling1D", "size", 1, size);
    }

    public UpSampling1D(int size) {
        this(List.of(size));
    }

    /// Keras' default: twice.
    public UpSampling1D() {
        this(2);
    }
}
