package dev.lanewise.keras;

import com.google.gson.JsonObject;
import dev.lanewise.data.FileReplacement;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.keras.h5.H5Writer;
import dev.lanewise.nn.Model;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/// Writes a model as Keras' files. In `.h5` files the configuration is as Keras 2.4 wrote it, which Keras 3 and
/// tf.keras both read; in `.keras` archives it is Keras 3's.
final class KerasExport {
    /// What the files say that they were written by.
    private static final String VERSION_OF_H5 = "2.15.0";

    private static final String VERSION_OF_ARCHIVE = "3.12.0";
    private static final String BACKEND = "tensorflow";

    /// Attributes that become the file, or that are of no use in another one.
    private static final Set<String> WRITTEN = Set.of(KerasImport.ATTRIBUTE, "training_config", "samples");

    private final Model model;
    private final KeptConfig kept;
    private final ExportReport.Notes notes = new ExportReport.Notes();
    private final ExportModel definition;
    private final ExportWeights weights;
    private final @Nullable KerasTrainingJson training;

    KerasExport(Model model) {
        this.model = model;
        kept = KeptConfig.of(model);
        definition = ExportNesting.of(model.graph(), kept, notes);
        weights = new ExportWeights(model, kept, definition);
        training = KerasTrainingJson.of(model, kept, weights, notes);
        for (String attribute : model.attributes().keySet()) {
            if (!WRITTEN.contains(attribute)) {
                notes.add(
                        ExportReport.Kind.LEFT_OUT,
                        "",
                        "the model's '" + attribute + "', which Keras' files do not have");
            }
        }
    }

    private KerasGraphJson json(boolean keras3) {
        return new KerasGraphJson(model.graph(), kept, keras3, notes);
    }

    /// A whole model, `.h5`.
    ExportReport h5(Path file) {
        final KerasGraphJson json = json(false);
        final H5Group root = new H5Group();
        root.attribute("model_config", KerasJson.ascii(json.write(definition)));
        final String version = json.needsKeras3() ? VERSION_OF_ARCHIVE : VERSION_OF_H5;
        root.attribute("keras_version", version);
        root.attribute("backend", BACKEND);
        final H5Group group = root.group("model_weights");
        group.attribute("keras_version", version);
        group.attribute("backend", BACKEND);
        weights.legacy(group);
        if (training != null) {
            root.attribute("training_config", KerasJson.ascii(training.legacy()));
            training.legacyMemory(root);
        }
        FileReplacement.write(file, out -> H5Writer.write(out, root));
        return notes.report(file.toString(), "h5");
    }

    /// An archive, `.keras`.
    ExportReport archive(Path file) {
        final JsonObject config = json(true).write(definition);
        final JsonObject metadata = new JsonObject();
        metadata.addProperty("keras_version", VERSION_OF_ARCHIVE);
        metadata.addProperty(
                "date_saved",
                LocalDateTime.now(ZoneId.systemDefault())
                        .format(DateTimeFormatter.ofPattern("yyyy-MM-dd@HH:mm:ss", Locale.ROOT)));
        final H5Group tree = weights.tree();
        config.add("compile_config", training == null ? new JsonObject() : training.compiled());
        if (training != null) {
            training.memory(tree);
        }
        FileReplacement.write(file, out -> {
            try (ZipOutputStream zip = new ZipOutputStream(out)) {
                member(zip, KerasArchive.METADATA, to -> to.write(bytes(metadata)));
                member(zip, KerasArchive.CONFIG, to -> to.write(bytes(config)));
                member(zip, KerasArchive.WEIGHTS, to -> H5Writer.write(to, tree));
            }
        });
        return notes.report(file.toString(), "keras");
    }

    /// Weights alone, `.weights.h5`, and what the optimizer remembers.
    ExportReport weights(Path file) {
        final H5Group root = weights.tree();
        if (training != null) {
            training.memory(root);
        }
        FileReplacement.write(file, out -> H5Writer.write(out, root));
        return notes.report(file.toString(), "weights.h5");
    }

    private static byte[] bytes(JsonObject json) {
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void member(ZipOutputStream zip, String name, FileReplacement.Content content) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        content.writeTo(new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                zip.write(value);
            }

            @Override
            public void write(byte[] from, int offset, int length) throws IOException {
                zip.write(from, offset, length);
            }
        });
        zip.closeEntry();
    }
}
