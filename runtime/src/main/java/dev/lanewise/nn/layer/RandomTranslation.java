package dev.lanewise.nn.layer;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// Shifts each image in training by random parts of its height and width, down and to the right where they are
/// positive; else `y = x`.
///
/// @param heightFactor bounds
/// @param widthFactor bounds
/// @param fillMode what is beyond the edges: `reflect`, `wrap`, `nearest` or `constant`
/// @param interpolation `bilinear` or `nearest`
/// @param fillValue the constant
public record RandomTranslation(
        List<Float> heightFactor, List<Float> widthFactor, String fillMode, String interpolation, float fillValue)
        implements RandomAffine {
    public RandomTranslation {
        heightFactor = RandomAffine.range("RandomTranslation", "height_factor", heightFactor);
        widthFactor = RandomAffine.range("RandomTranslation", "width_factor", widthFactor);
        RandomAffine.check("RandomTranslation", fillMode, interpolation);
    }

    /// Up to these parts, with Keras' defaults.
    public RandomTranslation(float heightFactor, float widthFactor) {
        this(List.of(-heightFactor, heightFactor), List.of(-widthFactor, widthFactor), "reflect", "bilinear", 0);
    }

    @Override
    public void map(long key, long first, int height, int width, MemorySegment maps, long at) {
        final float down = RandomAffine.between(heightFactor, key, first) * height;
        final float right = RandomAffine.between(widthFactor, key, first + 1) * width;
        RandomAffine.write(maps, at, 1, 0, -right, 0, 1, -down);
    }
}
