package dev.lanewise.nn.layer;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// Flips each image in training with probability 1/2, along all axes of `mode` at once; else `y = x`.
///
/// @param mode `horizontal`, left to right; `vertical`, top to bottom; or `horizontal_and_vertical`
public record RandomFlip(String mode) implements RandomAffine {
    private static final String BOTH = "horizontal_and_vertical";

    public RandomFlip {
        if (!List.of("horizontal", "vertical", BOTH).contains(mode)) {
            throw new IllegalArgumentException("RandomFlip: mode '" + mode
                    + "' is not supported (supported: horizontal, vertical, horizontal_and_vertical)");
        }
    }

    /// Keras' default: both.
    public RandomFlip() {
        this(BOTH);
    }

    @Override
    public void map(long key, long first, int height, int width, MemorySegment maps, long at) {
        final boolean flips = Noise.uniform(key, first) <= 0.5f;
        final boolean leftRight = flips && !mode.equals("vertical");
        final boolean topBottom = flips && !mode.equals("horizontal");
        RandomAffine.write(
                maps,
                at,
                leftRight ? -1 : 1,
                0,
                leftRight ? width - 1 : 0,
                0,
                topBottom ? -1 : 1,
                topBottom ? height - 1 : 0);
    }

    @Override
    public String fillMode() {
        return "nearest";
    }

    @Override
    public String interpolation() {
        return "nearest";
    }

    @Override
    public float fillValue() {
        return 0;
    }
}
