package dev.lanewise.keras;

import dev.lanewise.io.ModelFormatException;

/// A Keras file is sound, but has parts that cannot be computed here; the message names them, [#report()]
/// has them
/// all.
public final class UnsupportedLayerException extends ModelFormatException {
    private static final long serialVersionUID = 1;

    private final transient ImportReport report;

    UnsupportedLayerException(String message, ImportReport report) {
        super(message);
        this.report = report;
    }

    /// What became of each layer and weight.
    public ImportReport report() {
        return report;
    }
}
