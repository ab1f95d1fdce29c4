package dev.lanewise.keras;

import java.util.List;

/// A call of a layer.
///
/// @param index which of the layer's calls
/// @param inputs what it takes
record KerasCall(KerasNode layer, int index, List<KerasRef> inputs) {
    /// Its first output.
    KerasRef ref() {
        return new KerasRef(layer.name(), index, 0);
    }
}
