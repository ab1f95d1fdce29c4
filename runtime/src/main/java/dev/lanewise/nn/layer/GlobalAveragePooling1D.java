package dev.lanewise.nn.layer;

/// The mean of each channel over all cells of sequences `[steps, channels]`, those that a mask leaves out
/// excepted:
/// `[channels]`.
///
/// @param keepdims whether the spatial axes stay, with one cell
public record GlobalAveragePooling1D(boolean keepdims) implements GlobalPooling {
    /// The channels alone.
    public GlobalAveragePooling1D() {
        this(false);
    }

    @Override
    public int axes() {
        return 1;
    }

    @Override
    public boolean largest() {
        return false;
    }
}
