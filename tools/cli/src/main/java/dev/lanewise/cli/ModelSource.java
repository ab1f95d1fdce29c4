package dev.lanewise.cli;

import dev.lanewise.keras.ExportReport;
import dev.lanewise.keras.KerasModels;
import dev.lanewise.nn.Model;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Reads models, whatever the file's name ends with, and writes them as it ends.
final class ModelSource {
    private ModelSource() {}

    /// Reads a model; the caller closes it.
    ///
    /// @throws CommandException if the file is of a kind that is no model or not supported
    /// @throws dev.lanewise.io.ModelFormatException if it is damaged
    static Model load(Path file, KerasOptions keras) {
        FileKind kind = FileKind.of(file);
        if (kind.isKeras()) {
            return KerasModels.importFile(file, keras.options()).model();
        }
        if (kind == FileKind.SAFETENSORS) {
            if (keras.given()) {
                throw new CommandException(file + ": is a whole model (" + kind.title()
                        + "); --architecture, --by-name and --skip-mismatch are for Keras files");
            }
            return Model.load(file);
        }
        throw new CommandException(file + ": " + refusal(kind));
    }

    /// Why a file of this kind is not loaded.
    static String refusal(FileKind kind) {
        return switch (kind) {
            case KERAS_ZIP, HDF5, SAFETENSORS -> "is a model (" + kind.title() + ")";
            case EMPTY -> "is empty, a model was expected";
            case UNKNOWN -> "is not a model (its format is not known; .safetensors, .h5 and .keras are supported)";
            default -> "is not a model but of the kind: " + kind.title();
        };
    }

    /// Checks the ending of a file that a model is to be written to.
    ///
    /// @return what is wrong, or null
    static @Nullable String outputFault(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.endsWith(".safetensors") || KerasModels.isKerasName(file)
                ? null
                : "the name must end with .safetensors, .h5, .keras or .weights.h5";
    }

    /// Writes a model in the format that the file's ending says.
    ///
    /// @return what is otherwise in a Keras file; null for other files
    /// @throws CommandException if Keras has nothing like one of the layers
    static @Nullable ExportReport save(Model model, Path file) {
        if (!KerasModels.isKerasName(file)) {
            model.save(file);
            return null;
        }
        try {
            return KerasModels.save(model, file);
        } catch (IllegalArgumentException e) {
            throw new CommandException(file + ": cannot be written: " + e.getMessage());
        }
    }
}
