package dev.lanewise.nn.layer;

/// The mean of each channel over all cells of images `[height, width, channels]`: `[channels]`.
///
/// @param keepdims whether the spatial axes stay, with one cell
public record GlobalAveragePooling2D(boolean keepdims) implements GlobalPooling {
    /// The channels alone.
    public GlobalAveragePooling2D() {
        this(false);
    }

    @Override
    public int axes() {
        return 2;
    }

    @Override
    public boolean largest() {
        return false;
    }
}
