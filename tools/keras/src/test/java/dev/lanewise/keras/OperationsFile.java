package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// Archives of operations on tensors as Keras 3 writes them, without weights.
final class OperationsFile {
    private OperationsFile() {}

    /// A reference to a layer's output.
    static String tensor(String layer, String shape) {
        return """
                {"class_name": "__keras_tensor__", "config": {"shape": %s, "dtype": "float32",
                 "keras_history": ["%s", 0, 0]}}""".formatted(shape, layer);
    }

    /// An entry of the module, as Keras 3.15 writes it: without a name in the config where its class takes
    /// none.
    static String operation(String module, String type, String name, String config, String args) {
        return """
                {"module": "keras.src.ops.%s", "class_name": "%s", "config": {%s}, "registered_name": "%2$s",
                 "name": "%4$s", "inbound_nodes": [{"args": [%5$s], "kwargs": {}}]}""".formatted(module, type, config, name, args);
    }

    /// An archive of an input `x` of `[null, 4]`, these layers and an output `op`.
    static Path write(Path file, String... layers) throws IOException {
        final JsonArray all = new JsonArray();
        all.add(JsonParser.parseString("""
                {"module": "keras.layers", "class_name": "InputLayer", "registered_name": null, "name": "x",
                 "config": {"batch_shape": [null, 4], "dtype": "float32", "sparse": false, "name": "x"},
                 "inbound_nodes": []}"""));
        for (String layer : layers) {
            all.add(JsonParser.parseString(layer));
        }
        final String config = """
                {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional",
                 "config": {"name": "f", "trainable": true, "layers": %s, "input_layers": [["x", 0, 0]],
                            "output_layers": [["op", 0, 0]]},
                 "build_config": {"input_shape": null}, "compile_config": null}""".formatted(all);
        final H5Builder weights = new H5Builder();
        final byte[] tree = weights.finish(weights.group(H5Builder.hard("layers", weights.group())));
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry("metadata.json"));
            zip.write("{\"keras_version\": \"3.15.1\"}".getBytes(StandardCharsets.UTF_8));
            zip.putNextEntry(new ZipEntry("config.json"));
            zip.write(config.getBytes(StandardCharsets.UTF_8));
            zip.putNextEntry(new ZipEntry("model.weights.h5"));
            zip.write(tree);
        }
        return Files.write(file, out.toByteArray());
    }
}
