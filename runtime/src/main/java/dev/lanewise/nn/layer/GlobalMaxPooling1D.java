package dev.lanewise.nn.layer;

/// The largest value of each channel over all cells of sequences `[steps, channels]`: `[channels]`; NaN if
/// there is
/// one. The gradient goes to
/// the first cell that has it.
///
/// @param keepdims whether the spatial axes stay, with one cell
public record GlobalMaxPooling1D(boolean keepdims) implements GlobalPooling {
    /// The channels alone.
    public GlobalMaxPooling1D() {
        this(false);
    }

    @Override
    public int axes() {
        return 1;
    }

    @Override
    public boolean largest() {
        return true;
    }
}
