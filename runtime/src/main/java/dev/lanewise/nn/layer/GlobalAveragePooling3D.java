package dev.lanewise.nn.layer;

/// The mean of each channel over all cells of volumes `[depth, height, width, channels]`: `[channels]`.
///
/// @param keepdims whether the spatial axes stay, with one cell
public record GlobalAveragePooling3D(boolean keepdims) implements GlobalPooling {
    /// The channels alone.
    public GlobalAveragePooling3D() {
        this(false);
    }

    @Override
    public int axes() {
        return 3;
    }

    @Override
    public boolean largest() {
        return false;
    }
}
