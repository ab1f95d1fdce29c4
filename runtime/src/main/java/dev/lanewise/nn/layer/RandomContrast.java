package dev.lanewise.nn.layer;

import java.util.List;

/// Changes the contrast of each image in training: `y = (x - mean) · f + mean` with the mean over the pixels
/// of each
/// channel and a random `f` for each image, clipped to the range of values; else `y = x`.
///
/// @param factor lower and upper: `f` is from `1 - lower` to `1 + upper`
/// @param valueRange lower and upper bound of the values: 0 and 255 as Keras has it
public record RandomContrast(List<Float> factor, List<Float> valueRange) implements RandomPixels {
    public RandomContrast {
        if (factor.size() != 2 || !(factor.getFirst() >= 0) || !(factor.getLast() >= 0)) {
            throw new IllegalArgumentException(
                    "RandomContrast: factor must be two numbers of 0 or more, got " + factor);
        }
        factor = List.copyOf(factor);
        valueRange = RandomAffine.range("RandomContrast", "value_range", valueRange);
    }

    /// Up to this, for values of bytes.
    public RandomContrast(float factor) {
        this(List.of(factor, factor), List.of(0f, 255f));
    }

    @Override
    public float scale(float uniform) {
        return 1 - factor.getFirst() + (factor.getFirst() + factor.getLast()) * uniform;
    }

    @Override
    public float shift(float uniform) {
        return 0;
    }
}
