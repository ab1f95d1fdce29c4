package dev.lanewise.keras;

import dev.lanewise.io.ModelFormatException;
import dev.lanewise.keras.h5.H5File;
import dev.lanewise.tensor.Memory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A Keras file as its format has it: the configuration, where it has one, and where its weights are. What the
/// format is is told by the bytes. It must be closed.
final class KerasModelFile implements AutoCloseable {
    private static final String ROOT = "/";
    private static final String WEIGHTS = "model_weights";
    private static final String OPTIMIZER = "optimizer_weights";

    /// What a file can be.
    enum Format {
        H5("h5"),
        H5_WEIGHTS("weights.h5 (Keras 1 and 2)"),
        TREE_WEIGHTS("weights.h5"),
        ARCHIVE("keras");

        private final String title;

        Format(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    private final String name;
    private final Format format;
    private final H5File data;
    private final @Nullable KerasArchitecture architecture;
    private final String kerasVersion;
    private final String backend;
    private final KerasWeightSource weights;
    private final List<KerasWeight> optimizer;

    private KerasModelFile(
            String name,
            Format format,
            H5File data,
            @Nullable KerasArchitecture architecture,
            String kerasVersion,
            String backend,
            KerasWeightSource weights,
            List<KerasWeight> optimizer) {
        this.name = name;
        this.format = format;
        this.data = data;
        this.architecture = architecture;
        this.kerasVersion = kerasVersion;
        this.backend = backend;
        this.weights = weights;
        this.optimizer = optimizer;
    }

    /// Opens a whole model or weights alone.
    ///
    /// @throws ModelFormatException if it is neither, or damaged
    /// @throws UncheckedIOException if it cannot be read
    static KerasModelFile open(Path path) {
        return isZip(path) ? archive(path) : hdf5(H5File.open(path));
    }

    private static boolean isZip(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return KerasArchive.isZip(channel);
        } catch (IOException e) {
            final String reason = e instanceof NoSuchFileException ? "no such file" : String.valueOf(e.getMessage());
            throw new UncheckedIOException(path + ": cannot be read (" + reason + ")", e);
        }
    }

    private static KerasModelFile hdf5(H5File file) {
        try {
            final KerasArchitecture architecture = KerasArchitecture.of(file);
            final String version = attribute(file, "keras_version");
            final String backend = attribute(file, "backend");
            if (architecture != null) {
                final LegacyWeights weights = LegacyWeights.read(file, WEIGHTS);
                if (weights == null) {
                    throw new ModelFormatException(
                            file.name() + ": has no weights (no attribute 'layer_names' of '" + WEIGHTS + "')");
                }
                final List<KerasWeight> optimizer =
                        file.has(OPTIMIZER) ? LegacyWeights.weights(file, OPTIMIZER) : List.of();
                return new KerasModelFile(
                        file.name(), Format.H5, file, architecture, version, backend, weights, optimizer);
            }
            // Whole models' weights without a configuration are there too.
            LegacyWeights legacy = LegacyWeights.read(file, ROOT);
            if (legacy == null && file.has(WEIGHTS)) {
                legacy = LegacyWeights.read(file, WEIGHTS);
            }
            if (legacy != null) {
                return new KerasModelFile(
                        file.name(), Format.H5_WEIGHTS, file, null, version, backend, legacy, List.of());
            }
            if (TreeWeights.areIn(file)) {
                final TreeWeights tree = new TreeWeights(file);
                return new KerasModelFile(
                        file.name(), Format.TREE_WEIGHTS, file, null, version, backend, tree, tree.optimizer());
            }
            throw new ModelFormatException(
                    file.name() + ": an HDF5 file, but no Keras model (it has no attribute 'model_config')");
        } catch (RuntimeException | OutOfMemoryError e) {
            file.close();
            throw e;
        }
    }

    private static KerasModelFile archive(Path path) {
        final Memory memory = new Memory("KerasArchive");
        try (KerasArchive archive = KerasArchive.open(path)) {
            final KerasArchitecture architecture = KerasArchitecture.of(archive);
            if (!archive.has(KerasArchive.WEIGHTS)) {
                throw new ModelFormatException(archive.name() + ": a Keras archive without '" + KerasArchive.WEIGHTS
                        + "'" + (archive.has("model.weights.json") ? "; weights in shards are not supported" : ""));
            }
            final H5File file = H5File.of(
                    archive.name() + ": " + KerasArchive.WEIGHTS, memory, archive.bytes(KerasArchive.WEIGHTS, memory));
            final TreeWeights tree = new TreeWeights(file);
            return new KerasModelFile(
                    archive.name(),
                    Format.ARCHIVE,
                    file,
                    architecture,
                    architecture.kerasVersion(),
                    architecture.backend(),
                    tree,
                    tree.optimizer());
        } catch (RuntimeException | OutOfMemoryError e) {
            memory.close();
            throw e;
        }
    }

    /// An attribute of the file, or of the weights in it; empty where there is none.
    static String attribute(H5File file, String name) {
        final String own = file.string(ROOT, name);
        if (own != null) {
            return own;
        }
        final String below = file.string(WEIGHTS, name);
        return below == null ? "" : below;
    }

    /// For errors.
    String name() {
        return name;
    }

    Format format() {
        return format;
    }

    /// The HDF5 file that has the weights' values.
    H5File data() {
        return data;
    }

    /// The model's configuration; null in a file of weights.
    @Nullable
    KerasArchitecture architecture() {
        return architecture;
    }

    /// As the file says; empty where it does not.
    String kerasVersion() {
        return kerasVersion;
    }

    /// As the file says; empty where it does not.
    String backend() {
        return backend;
    }

    /// 1, 2 or 3: who wrote the weights. Files of Keras 1.0 do not say, and trees are younger than that.
    int kerasMajor() {
        return weights instanceof TreeWeights ? 3 : KerasArchitecture.major(kerasVersion, 1);
    }

    KerasWeightSource weights() {
        return weights;
    }

    /// What the optimizer remembers; empty where the file has nothing of it.
    List<KerasWeight> optimizer() {
        return optimizer;
    }

    @Override
    public void close() {
        data.close();
    }
}
