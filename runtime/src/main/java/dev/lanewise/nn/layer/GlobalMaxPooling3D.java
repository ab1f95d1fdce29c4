package dev.lanewise.nn.layer;

/// The largest value of each channel over all cells of volumes `[depth, height, width, channels]`:
/// `[channels]`; NaN if
/// there is one. The gradient goes to
/// the first cell that has it.
///
/// @param keepdims whether the spatial axes stay, with one cell
public record GlobalMaxPooling3D(boolean keepdims) implements GlobalPooling {
    /// The channels alone.
    public GlobalMaxPooling3D() {
        this(false);
    }

    @Override
    public int axes() {
        return 3;
    }

    @Override
    public boolean largest() {
        return true;
    }
}
