package dev.lanewise.keras;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.data.FileReplacement;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.keras.h5.H5Writer;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/// Writes a model as Keras' files. In `.h5` files the configuration is as Keras 2.4 wrote it, which Keras 3 and
/// tf.keras
/// both read; in `.keras` archives it is Keras 3's.
final class KerasExport {
    /// What the files say that they were written by.
    private static final String VERSION_OF_H5 = "2.15.0";

    private static final String VERSION_OF_ARCHIVE = "3.12.0";
    private static final String BACKEND = "tensorflow";

    /// Keras' limit for a list of names; longer ones go into several attributes.
    private static final int MOST_OF_ATTRIBUTE = 64_512;

    private final Model model;
    private final @Nullable JsonObject kept;
    private final @Nullable KerasTrainingJson training;

    KerasExport(Model model) {
        this.model = model;
        training = KerasTrainingJson.of(model);
        final String attribute = model.attributes().get(KerasImport.ATTRIBUTE);
        for (Graph.Call call : model.graph().calls()) {
            KerasLayerJson.requireForm(
                    call.layer(),
                    model.graph().layer(call.layer()),
                    call.inputs().size());
        }
        kept = attribute == null ? null : JsonParser.parseString(attribute).getAsJsonObject();
    }

    private KerasGraphJson json(boolean keras3) {
        return new KerasGraphJson(model.graph(), kept, keras3);
    }

    private @Nullable JsonObject entries() {
        return kept == null ? null : KerasJson.member(kept, "layers");
    }

    /// A whole model, `.h5`.
    void h5(Path file) {
        final KerasGraphJson json = json(false);
        final H5Group root = new H5Group();
        root.attribute("model_config", json.write(entries()).toString());
        final String version = json.needsKeras3() ? VERSION_OF_ARCHIVE : VERSION_OF_H5;
        root.attribute("keras_version", version);
        root.attribute("backend", BACKEND);
        final H5Group weights = root.group("model_weights");
        weights.attribute("keras_version", version);
        weights.attribute("backend", BACKEND);
        names(weights, "layer_names", json.layers().stream().map(json::name).toList());
        for (String layer : json.layers()) {
            final H5Group group = weights.group(json.name(layer));
            final List<String> paths = new ArrayList<>();
            for (ParameterLayout.Place place : trainableFirst(layer)) {
                final String path = json.name(layer) + "/" + place.spec().name() + ":0";
                paths.add(path);
                dataset(group, path, place);
            }
            names(group, "weight_names", paths);
        }
        if (training != null) {
            root.attribute("training_config", training.legacy().toString());
            training.legacyMemory(root, json);
        }
        FileReplacement.write(file, out -> H5Writer.write(out, root));
    }

    /// An archive, `.keras`.
    void archive(Path file) {
        final KerasGraphJson json = json(true);
        final JsonObject config = json.write(entries());
        final JsonObject metadata = new JsonObject();
        metadata.addProperty("keras_version", VERSION_OF_ARCHIVE);
        metadata.addProperty(
                "date_saved",
                LocalDateTime.now(ZoneId.systemDefault())
                        .format(DateTimeFormatter.ofPattern("yyyy-MM-dd@HH:mm:ss", Locale.ROOT)));
        final H5Group weights = tree(json);
        if (training != null) {
            config.add("compile_config", training.compiled());
            training.memory(weights);
        }
        FileReplacement.write(file, out -> {
            try (ZipOutputStream zip = new ZipOutputStream(out)) {
                member(zip, "metadata.json", to -> to.write(bytes(metadata)));
                member(zip, "config.json", to -> to.write(bytes(config)));
                member(zip, "model.weights.h5", to -> H5Writer.write(to, weights));
            }
        });
    }

    /// Weights alone, `.weights.h5`.
    void weights(Path file) {
        final H5Group root = tree(json(true));
        FileReplacement.write(file, out -> H5Writer.write(out, root));
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

    /// The tree of Keras 3: a layer is called after its class, with a number for each class.
    private H5Group tree(KerasGraphJson json) {
        final H5Group root = new H5Group();
        root.group("vars").attribute("name", json.name());
        final Map<String, Integer> counts = new HashMap<>();
        for (String layer : json.layers()) {
            final String type = Graph.snakeCase(model.graph().layer(layer).typeName());
            final int number = counts.merge(type, 1, Integer::sum) - 1;
            final H5Group group = root.group("layers/" + type + (number == 0 ? "" : "_" + number));
            final H5Group own = group.group("vars");
            own.attribute("name", json.name(layer));
            final List<ParameterLayout.Place> places = model.layout().places(layer);
            if (places.isEmpty()) {
                continue;
            }
            final List<String> inner =
                    TreeWeights.INNER.getOrDefault(model.graph().layer(layer).typeName(), List.of());
            final H5Group holder = inner.size() != 1 ? own : group.group(inner.getFirst() + "/vars");
            for (int i = 0; i < places.size(); i++) {
                dataset(holder, String.valueOf(i), places.get(i));
            }
        }
        return root;
    }

    private List<ParameterLayout.Place> trainableFirst(String layer) {
        final List<ParameterLayout.Place> places = model.layout().places(layer);
        final List<ParameterLayout.Place> ordered = new ArrayList<>();
        places.stream().filter(place -> place.spec().trainable()).forEach(ordered::add);
        places.stream().filter(place -> !place.spec().trainable()).forEach(ordered::add);
        return ordered;
    }

    private void dataset(H5Group group, String path, ParameterLayout.Place place) {
        final Tensor tensor = model.parameter(place);
        group.dataset(path, H5Group.Type.FLOAT32, dims(tensor.shape()), tensor.segment());
    }

    static List<Long> dims(Shape shape) {
        return Arrays.stream(shape.toArray()).asLongStream().boxed().toList();
    }

    /// A list of names; where it is too long for one attribute as Keras counts, in several.
    static void names(H5Group group, String attribute, List<String> names) {
        final int longest = names.stream()
                .mapToInt(name -> name.getBytes(StandardCharsets.UTF_8).length)
                .max()
                .orElse(0);
        final int most = Math.max(1, MOST_OF_ATTRIBUTE / Math.max(16, longest));
        if (names.size() <= most) {
            group.attribute(attribute, names);
            return;
        }
        for (int from = 0, part = 0; from < names.size(); from += most, part++) {
            group.attribute(attribute + part, names.subList(from, Math.min(names.size(), from + most)));
        }
    }
}
