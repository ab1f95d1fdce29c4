package dev.lanewise.nn.layer;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// Turns each image in training by a random angle around its middle, counter-clockwise where it is positive;
/// else `y = x`.
///
/// @param factor bounds of the angle, as parts of a full turn
/// @param fillMode what is beyond the edges: `reflect`, `wrap`, `nearest` or `constant`
/// @param interpolation `bilinear` or `nearest`
/// @param fillValue the constant
public record RandomRotation(List<Float> factor, String fillMode, String interpolation, float fillValue)
        implements RandomAffine {
    public RandomRotation {
        factor = RandomAffine.range("RandomRotation", "factor", factor);
        RandomAffine.check("RandomRotation", fillMode, interpolation);
    }

    /// Up to so much of a full turn, with Keras' defaults.
    public RandomRotation(float factor) {
        this(List.of(-factor, factor), "reflect", "bilinear", 0);
    }

    @Override
    public void map(long key, long first, int height, int width, MemorySegment maps, long at) {
        final double angle = 2 * Math.PI * RandomAffine.between(factor, key, first);
        final double cos = StrictMath.cos(angle);
        final double sin = StrictMath.sin(angle);
        final double x = (width - 1) / 2.0;
        final double y = (height - 1) / 2.0;
        RandomAffine.write(
                maps, at, (float) cos, (float) -sin, (float) (x - cos * x + sin * y), (float) sin, (float) cos, (float)
                        (y - sin * x - cos * y));
    }
}
