package dev.lanewise.nn.layer;

import java.util.List;

/// Changes the brightness of each image in training: `y = x + f · (high - low)` with a random `f` for each
/// image, clipped to the range of values; else `y = x`.
///
/// @param factor bounds of `f`
/// @param valueRange lower and upper bound of the values: 0 and 255 as Keras has it
public record RandomBrightness(List<Float> factor, List<Float> valueRange) implements RandomPixels {
    public RandomBrightness {
        factor = RandomAffine.range("RandomBrightness", "factor", factor);
        valueRange = RandomAffine.range("RandomBrightness", "value_range", valueRange);
    }

    /// Up to this, for values of bytes.
    public RandomBrightness(float factor) {
        this(List.of(-factor, factor), List.of(0f, 255f));
    }

    @Override
    public float scale(float uniform) {
        return 1;
    }

    @Override
    public float shift(float uniform) {
        return (factor.getFirst() + (factor.getLast() - factor.getFirst()) * uniform)
                * (valueRange.getLast() - valueRange.getFirst());
    }
}
