package dev.lanewise.keras;

import dev.lanewise.data.FileReplacement;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.keras.h5.H5Writer;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A `.h5` file of a whole model that a test makes up, layer by layer.
final class LegacyTestFile {
    private final H5Group root = new H5Group();
    private final H5Group weights = root.group("model_weights");
    private final Map<String, List<String>> names = new LinkedHashMap<>();

    LegacyTestFile(String version, String config) {
        root.attribute("model_config", config);
        if (!version.isEmpty()) {
            root.attribute("keras_version", version);
        }
    }

    /// A whole model of a list of layers, as Keras 1 and early Keras 2 write it.
    static LegacyTestFile list(String version, String... layers) {
        return new LegacyTestFile(
                version, "{\"class_name\": \"Sequential\", \"config\": [" + String.join(", ", layers) + "]}");
    }

    H5Group root() {
        return root;
    }

    /// A group without weights.
    LegacyTestFile layer(String name) {
        names.computeIfAbsent(name, key -> new ArrayList<>());
        return this;
    }

    /// The next weight of a layer.
    LegacyTestFile weight(String layer, String name, float[] values, long... shape) {
        names.computeIfAbsent(layer, key -> new ArrayList<>()).add(name);
        weights.dataset(
                layer + "/" + name,
                H5Group.Type.FLOAT32,
                Arrays.stream(shape).boxed().toList(),
                MemorySegment.ofArray(values));
        return this;
    }

    /// A weight of one number.
    LegacyTestFile number(String layer, String name, float value) {
        return weight(layer, name, new float[] {value}, 1, 1);
    }

    Path write(Path file) {
        weights.attribute("layer_names", List.copyOf(names.keySet()));
        names.forEach((layer, list) -> weights.group(layer).attribute("weight_names", list));
        FileReplacement.write(file, out -> H5Writer.write(out, root));
        return file;
    }
}
