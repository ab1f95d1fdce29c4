package dev.lanewise.nn.layer;

/// Inverted dropout of whole channels of volumes `[depth, height, width, channels]`: in training each
/// channel of a
/// sample is 0 with probability `rate` and otherwise `x / (1 - rate)`; else `y = x`.
///
/// @param rate from 0 to below 1
public record SpatialDropout3D(float rate) implements SpatialDropout {
    public SpatialDropout3D {
        SpatialDropout.check("SpatialDropout3D", rate);
    }

    @Override
    public int axes() {
        return 3;
    }
}
