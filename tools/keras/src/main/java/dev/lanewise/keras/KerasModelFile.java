package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.io.ModelFormatException;
import dev.lanewise.keras.h5.H5File;
import dev.lanewise.tensor.Memory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
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
    private final List<H5File> data;
    private final @Nullable KerasArchitecture architecture;
    private final String kerasVersion;
    private final String backend;
    private final KerasWeightSource weights;
    private final List<KerasWeight> optimizer;

    private KerasModelFile(
            String name,
            Format format,
            List<H5File> data,
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
                        file.name(), Format.H5, List.of(file), architecture, version, backend, weights, optimizer);
            }
            // Whole models' weights without a configuration are there too.
            LegacyWeights legacy = LegacyWeights.read(file, ROOT);
            if (legacy == null && file.has(WEIGHTS)) {
                legacy = LegacyWeights.read(file, WEIGHTS);
            }
            if (legacy != null) {
                return new KerasModelFile(
                        file.name(), Format.H5_WEIGHTS, List.of(file), null, version, backend, legacy, List.of());
            }
            if (TreeWeights.areIn(file)) {
                final TreeWeights tree = new TreeWeights(List.of(file));
                return new KerasModelFile(
                        file.name(),
                        Format.TREE_WEIGHTS,
                        List.of(file),
                        null,
                        version,
                        backend,
                        tree,
                        tree.optimizer());
            }
            throw new ModelFormatException(
                    file.name() + ": an HDF5 file, but no Keras model (it has no attribute 'model_config')");
        } catch (RuntimeException | OutOfMemoryError e) {
            file.close();
            throw e;
        }
    }

    private static KerasModelFile archive(Path path) {
        final List<H5File> files = new ArrayList<>();
        try (KerasArchive archive = KerasArchive.open(path)) {
            final KerasArchitecture architecture = KerasArchitecture.of(archive);
            for (String member : weightsOf(archive)) {
                files.add(weights(archive, member));
            }
            final TreeWeights tree = new TreeWeights(files);
            return new KerasModelFile(
                    archive.name(),
                    Format.ARCHIVE,
                    files,
                    architecture,
                    architecture.kerasVersion(),
                    architecture.backend(),
                    tree,
                    tree.optimizer());
        } catch (RuntimeException | OutOfMemoryError e) {
            files.forEach(H5File::close);
            throw e;
        }
    }

    /// The members that hold an archive's weights: one, or those of which a list says where each weight is.
    private static List<String> weightsOf(KerasArchive archive) {
        if (archive.has(KerasArchive.WEIGHTS)) {
            return List.of(KerasArchive.WEIGHTS);
        }
        final String list = archive.text(KerasArchive.SHARDS, KerasArchive.MAX_CONFIG);
        if (list == null) {
            throw new ModelFormatException(archive.name() + ": a Keras archive without '" + KerasArchive.WEIGHTS + "'");
        }
        final String where = archive.name() + ": " + KerasArchive.SHARDS;
        final JsonObject places = KerasJson.member(KerasJson.object(list, where), "weight_map");
        final Set<String> members = new LinkedHashSet<>();
        for (String weight : places == null ? Set.<String>of() : places.keySet()) {
            final JsonElement place = places == null ? null : places.get(weight);
            final JsonArray names = place instanceof JsonArray array ? array : new JsonArray();
            if (!(place instanceof JsonArray)) {
                names.add(place);
            }
            for (JsonElement name : names) {
                final String member = KerasJson.string(name);
                if (member == null || !archive.has(member)) {
                    throw new ModelFormatException(where + ": the weight '" + KerasJson.shown(weight) + "' is in "
                            + KerasJson.shown(name) + ", which the archive does not have");
                }
                members.add(member);
            }
        }
        if (members.isEmpty()) {
            throw new ModelFormatException(where + ": has no 'weight_map' that says where weights are");
        }
        return List.copyOf(members);
    }

    private static H5File weights(KerasArchive archive, String member) {
        final Memory memory = new Memory("KerasArchive");
        try {
            return H5File.of(archive.name() + ": " + member, memory, archive.bytes(member, memory));
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

    /// Bytes of all weights' files.
    long size() {
        return data.stream().mapToLong(H5File::fileSize).sum();
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
        data.forEach(H5File::close);
    }
}
