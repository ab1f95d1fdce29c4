package dev.lanewise.keras;

import dev.lanewise.io.ModelFormatException;
import dev.lanewise.keras.h5.H5Signature;
import dev.lanewise.nn.Model;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/// Reads and writes Keras' model files. Read are legacy `.h5` whole models of Keras 1, 2 and 3 and of tf.keras,
/// `.keras` archives, and
/// files of weights alone. What a file is is told by its bytes, not by its name.
///
/// A model comes with its training configuration and the optimizer's memory, where they can be used here: then
/// [dev.lanewise.train.Trainer#resume(Model)] goes on with it.
public final class KerasModels {
    private KerasModels() {}

    /// Loads a model; the caller closes it.
    ///
    /// @throws UnsupportedLayerException if it has parts that cannot be computed here; it names them all
    /// @throws ModelFormatException if the file is no Keras model, or damaged
    /// @throws UncheckedIOException if it cannot be read
    public static Model load(Path file) {
        return importFile(file).model();
    }

    /// Loads weights into a model whose configuration is in another file, which may be JSON as Keras'
    /// `model.to_json()` gives, or any model's file; the caller closes it.
    ///
    /// @throws UnsupportedLayerException if the model has parts that cannot be computed here, or the weights
    ///     do not fit
    /// @throws ModelFormatException if a file is not what it should be, or damaged
    /// @throws UncheckedIOException if a file cannot be read
    public static Model load(Path weights, Path architecture) {
        return importFile(weights, ImportOptions.DEFAULT.architecture(architecture))
                .model();
    }

    /// As [#load(Path)], with the report; the caller closes it.
    public static ImportedModel importFile(Path file) {
        return importFile(file, ImportOptions.DEFAULT);
    }

    /// As [#load(Path)], with the report, and in the way that the options say; the caller closes it.
    public static ImportedModel importFile(Path file, ImportOptions options) {
        try {
            return read(file, options);
        } catch (StackOverflowError e) {
            throw new ModelFormatException(file + ": is nested without end (a damaged file)");
        } catch (OutOfMemoryError e) {
            throw new ModelFormatException(file + ": needs more memory than there is (" + e.getMessage() + ")");
        }
    }

    private static ImportedModel read(Path file, ImportOptions options) {
        try (KerasModelFile source = KerasModelFile.open(file)) {
            final Path other = options.architecture();
            final KerasArchitecture architecture =
                    other == null ? source.architecture() : KerasArchitecture.read(other);
            if (architecture == null) {
                throw new ModelFormatException(source.name()
                        + ": holds Keras weights only; the model's configuration is in another file, which must be"
                        + " given too (--architecture FILE, or KerasModels.load(weights, architecture))");
            }
            return new KerasImport(source, architecture, options).run();
        }
    }

    /// Whether a model can be saved under this name: it ends with `.h5`, `.hdf5` or `.keras`.
    public static boolean isKerasName(Path file) {
        final String name = name(file);
        return name.endsWith(".h5") || name.endsWith(".hdf5") || name.endsWith(".keras");
    }

    /// Saves a model for Keras, in the format that the name's ending says: `.keras` an archive of Keras 3,
    /// `.weights.h5` its weights alone, other `.h5` and `.hdf5` a whole model that Keras 3 and tf.keras 2
    /// read. What is there is replaced when all is written.
    ///
    /// @return what is otherwise in the file than in the model; mostly nothing
    /// @throws IllegalArgumentException if the name ends otherwise, or Keras has nothing like one of the
    ///     layers; it is
    ///     named, and nothing is written
    /// @throws UncheckedIOException if the file cannot be written
    public static ExportReport save(Model model, Path file) {
        model.requireOpen();
        if (!isKerasName(file)) {
            throw new IllegalArgumentException(
                    file + ": Keras' files end with .keras, .h5, .hdf5 or .weights.h5; Model.save writes .safetensors");
        }
        final String name = name(file);
        final KerasExport export = new KerasExport(model);
        if (name.endsWith(".keras")) {
            return export.archive(file);
        }
        return name.endsWith(".weights.h5") ? export.weights(file) : export.h5(file);
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    }

    /// Whether a file is HDF5 or a zip archive, by its first bytes: what Keras' files are.
    ///
    /// @throws UncheckedIOException if it cannot be read
    public static boolean isKeras(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return H5Signature.isIn(channel) || KerasArchive.isZip(channel);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /// Whether a file is HDF5, by its signature: at the start, or after a user block.
    ///
    /// @throws UncheckedIOException if it cannot be read
    public static boolean isHdf5(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return H5Signature.isIn(channel);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
