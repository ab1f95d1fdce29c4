package dev.lanewise.keras;

/// An output of a call, as Keras names it.
///
/// @param node which call of the layer
/// @param tensor which output of the call
record KerasRef(String layer, int node, int tensor) {
    /// The call, whichever output.
    KerasRef call() {
        return tensor == 0 ? this : new KerasRef(layer, node, 0);
    }

    /// For messages.
    @Override
    public String toString() {
        return "'" + KerasJson.shown(layer) + "' [" + node + ", " + tensor + "]";
    }
}
