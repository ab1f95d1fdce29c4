package dev.lanewise.keras;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.io.ModelFormatException;
import dev.lanewise.keras.h5.H5File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A model's configuration, from a model's file or from JSON alone.
///
/// @param config `class_name` and `config` of the model
/// @param training loss, metrics and optimizer, named as in `.h5` files' `training_config`, the optimizer
///     without a wrapper that scales the loss ([LossScaling]); null where there are none
/// @param kerasVersion as the file says; empty where it does not
/// @param backend as the file says; empty where it does not
/// @param kerasMajor 1, 2 or 3: whose formulas hold
record KerasArchitecture(
        JsonObject config, @Nullable JsonObject training, String kerasVersion, String backend, int kerasMajor) {

    /// Of a whole model's HDF5 file; null where it has none.
    static @Nullable KerasArchitecture of(H5File file) {
        final String config = file.string("/", "model_config");
        if (config == null) {
            return null;
        }
        final String training = file.string("/", "training_config");
        final String version = KerasModelFile.attribute(file, "keras_version");
        return new KerasArchitecture(
                KerasJson.object(config, file.name() + ": model_config"),
                training == null || training.equals("null")
                        ? null
                        : LossScaling.unwrapped(KerasJson.object(training, file.name() + ": training_config")),
                version,
                KerasModelFile.attribute(file, "backend"),
                major(version, 1));
    }

    /// Of a `.keras` archive.
    ///
    /// @throws ModelFormatException if it has none, or one that is damaged
    static KerasArchitecture of(KerasArchive archive) {
        final String text = archive.text(KerasArchive.CONFIG, KerasArchive.MAX_CONFIG);
        if (text == null) {
            throw new ModelFormatException(
                    archive.name() + ": a zip archive, but no Keras model (it has no '" + KerasArchive.CONFIG + "')");
        }
        final JsonObject config = KerasJson.object(text, archive.name() + ": " + KerasArchive.CONFIG);
        final String metadata = archive.text(KerasArchive.METADATA, KerasArchive.MAX_METADATA);
        final JsonObject facts = metadata == null
                ? new JsonObject()
                : KerasJson.object(metadata, archive.name() + ": " + KerasArchive.METADATA);
        final String version = KerasJson.string(facts, "keras_version");
        return ofJson(config, version == null ? "" : version, 3);
    }

    /// Of a file that has one: JSON as `model.to_json()` gives, or a model's file.
    ///
    /// @throws ModelFormatException if it has none, or one that is damaged
    /// @throws UncheckedIOException if it cannot be read
    static KerasArchitecture read(Path path) {
        final String name = path.toString();
        final byte[] start;
        try (InputStream in = Files.newInputStream(path)) {
            start = in.readNBytes(KerasArchive.MAX_CONFIG + 1);
        } catch (IOException e) {
            final String reason = e instanceof NoSuchFileException ? "no such file" : String.valueOf(e.getMessage());
            throw new UncheckedIOException(name + ": cannot be read (" + reason + ")", e);
        }
        int at = 0;
        while (at < start.length && Character.isWhitespace(start[at])) {
            at++;
        }
        if (at < start.length && start[at] == '{') {
            if (start.length > KerasArchive.MAX_CONFIG) {
                throw new ModelFormatException(
                        name + ": JSON of more than the " + KerasArchive.MAX_CONFIG + " bytes that are supported");
            }
            final JsonObject json = KerasJson.object(new String(start, StandardCharsets.UTF_8), name);
            final String version = KerasJson.string(json, "keras_version");
            return ofJson(json, version == null ? "" : version, json.has("module") ? 3 : 2);
        }
        try (KerasModelFile file = KerasModelFile.open(path)) {
            final KerasArchitecture architecture = file.architecture();
            if (architecture == null) {
                throw new ModelFormatException(name + ": holds weights only, no model's configuration");
            }
            return architecture;
        }
    }

    private static KerasArchitecture ofJson(JsonObject json, String version, int fallback) {
        final String backend = KerasJson.string(json, "backend");
        return new KerasArchitecture(
                json, training(json), version, backend == null ? "" : backend, major(version, fallback));
    }

    /// The `compile_config` of Keras 3 with the keys of a `training_config`.
    private static @Nullable JsonObject training(JsonObject model) {
        final JsonObject compiled = KerasJson.member(model, "compile_config");
        if (compiled == null || compiled.isEmpty()) {
            return null;
        }
        final JsonObject training = new JsonObject();
        for (Map.Entry<String, JsonElement> entry : compiled.entrySet()) {
            training.add(entry.getKey().equals("optimizer") ? "optimizer_config" : entry.getKey(), entry.getValue());
        }
        return LossScaling.unwrapped(training);
    }

    /// The first digit of a version.
    static int major(String version, int fallback) {
        return !version.isEmpty() && version.charAt(0) >= '1' && version.charAt(0) <= '9'
                ? version.charAt(0) - '0'
                : fallback;
    }
}
