package dev.lanewise.nn.layer;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Enlarges or shrinks each image in training by random factors, around its middle; else `y = x`. Factor
/// -0.2 stands
/// for an image that shows 80 % of the height, 0.2 for one that shows 120 %.
///
/// @param heightFactor bounds
/// @param widthFactor bounds; null for the same factor as the height's
/// @param fillMode what is beyond the edges: `reflect`, `wrap`, `nearest` or `constant`
/// @param interpolation `bilinear` or `nearest`
/// @param fillValue the constant
public record RandomZoom(
        List<Float> heightFactor,
        @Nullable List<Float> widthFactor,
        String fillMode,
        String interpolation,
        float fillValue)
        implements RandomAffine {
    public RandomZoom {
        heightFactor = RandomAffine.range("RandomZoom", "height_factor", heightFactor);
        widthFactor = widthFactor == null ? null : RandomAffine.range("RandomZoom", "width_factor", widthFactor);
        RandomAffine.check("RandomZoom", fillMode, interpolation);
    }

    /// The same factor along both axes, up to this, with Keras' defaults.
    public RandomZoom(float factor) {
        this(List.of(-factor, factor), null, "reflect", "bilinear", 0);
    }

    @Override
    public void map(long key, long first, int height, int width, MemorySegment maps, long at) {
        final float high = 1 + RandomAffine.between(heightFactor, key, first);
        final float wide = widthFactor == null ? high : 1 + RandomAffine.between(widthFactor, key, first + 1);
        RandomAffine.write(maps, at, wide, 0, (width - 1) / 2f * (1 - wide), 0, high, (height - 1) / 2f * (1 - high));
    }
}
