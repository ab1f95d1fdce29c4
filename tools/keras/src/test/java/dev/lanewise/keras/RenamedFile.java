package dev.lanewise.keras;

import com.google.gson.JsonObject;
import dev.lanewise.keras.h5.H5Dataset;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.keras.h5.H5Writer;
import dev.lanewise.tensor.Memory;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/// Copies of model files in which all layers have other names: in the configuration, and wherever weights are
/// named after them.
final class RenamedFile {
    private RenamedFile() {}

    /// Writes a copy of a whole model, in its own format.
    static void write(Path from, Path to) throws IOException {
        try (KerasModelFile file = KerasModelFile.open(from)) {
            final KerasArchitecture architecture = file.architecture();
            final Map<String, String> names = OtherNames.names(architecture.config());
            final JsonObject config = OtherNames.of(architecture.config());
            if (file.weights() instanceof LegacyWeights weights) {
                h5(file, weights, config, names, to);
            } else {
                archive(from, config, to);
            }
        }
    }

    private static void archive(Path from, JsonObject config, Path to) throws IOException {
        try (ZipFile zip = new ZipFile(from.toFile());
                ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(to))) {
            for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
                final ZipEntry entry = all.nextElement();
                out.putNextEntry(new ZipEntry(entry.getName()));
                out.write(
                        entry.getName().equals("config.json")
                                ? config.toString().getBytes(StandardCharsets.UTF_8)
                                : zip.getInputStream(entry).readAllBytes());
            }
        }
    }

    private static void h5(
            KerasModelFile file, LegacyWeights weights, JsonObject config, Map<String, String> names, Path to)
            throws IOException {
        final H5Group root = new H5Group();
        root.attribute("model_config", config.toString());
        if (!file.kerasVersion().isEmpty()) {
            root.attribute("keras_version", file.kerasVersion());
        }
        if (!file.backend().isEmpty()) {
            root.attribute("backend", file.backend());
        }
        final H5Group all = root.group("model_weights");
        final List<String> layers = new ArrayList<>();
        for (KerasWeights layer : weights.layers()) {
            final String name = names.getOrDefault(layer.layer(), layer.layer());
            layers.add(name);
            final H5Group group = all.group(name);
            final List<String> own = new ArrayList<>();
            for (KerasWeight weight : layer.weights()) {
                own.add(renamed(weight.name(), names));
                copy(weight.data(), group, own.getLast());
            }
            group.attribute("weight_names", own);
        }
        all.attribute("layer_names", layers);
        try (OutputStream out = Files.newOutputStream(to)) {
            H5Writer.write(out, root);
        }
    }

    private static void copy(H5Dataset data, H5Group group, String name) {
        if (data.isScalar() && !data.type().isFloatingPoint()) {
            group.scalar(name, (long) data.file().readNumber(data));
            return;
        }
        try (Memory memory = new Memory("test")) {
            final MemorySegment values = memory.floats(data.size());
            data.file().readFloats(data, values);
            group.dataset(
                    name,
                    H5Group.Type.FLOAT32,
                    data.dims(),
                    MemorySegment.ofArray(values.toArray(ValueLayout.JAVA_FLOAT)));
        }
    }

    /// A weight's name, a path that may go by layers' names; Keras 1 had `dense_1_W`.
    private static String renamed(String weight, Map<String, String> names) {
        if (weight.indexOf('/') >= 0) {
            return String.join(
                    "/",
                    Arrays.stream(weight.split("/", -1))
                            .map(part -> names.getOrDefault(part, part))
                            .toList());
        }
        final int end = weight.lastIndexOf('_');
        final String layer = end < 0 ? weight : weight.substring(0, end);
        return names.containsKey(layer) ? names.get(layer) + weight.substring(end) : weight;
    }
}
