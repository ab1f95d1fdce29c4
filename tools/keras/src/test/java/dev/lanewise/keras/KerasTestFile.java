package dev.lanewise.keras;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.data.FileReplacement;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.keras.h5.H5Writer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// Files of a configuration and weights that a test makes up. A weight has the same numbers in every file.
final class KerasTestFile {
    private KerasTestFile() {}

    /// A weight of a layer.
    ///
    /// @param layer its name
    /// @param object what Keras 3's trees call it: its class, and perhaps what in it has the weight
    record Weight(String layer, String object, String name, boolean trainable, List<Long> shape) {
        Weight(String layer, String object, String name, boolean trainable, long... shape) {
            this(layer, object, name, trainable, Arrays.stream(shape).boxed().toList());
        }

        Weight frozen() {
            return new Weight(layer, object, name, false, shape);
        }

        MemorySegment values() {
            final Random random = new Random((layer + name).hashCode());
            final float[] values = new float[Math.toIntExact(shape.stream().reduce(1L, (a, b) -> a * b))];
            for (int i = 0; i < values.length; i++) {
                values[i] = name.contains("variance") ? 0.5f + random.nextFloat() : random.nextFloat() - 0.5f;
            }
            return MemorySegment.ofArray(values);
        }
    }

    /// A `.h5` file of Keras 2, where one group has all weights: first those that are trained.
    static Path h5(Path file, String config, List<String> layers, String owner, List<Weight> weights) {
        final H5Group root = new H5Group();
        root.attribute("model_config", config);
        root.attribute("keras_version", "2.15.0");
        root.attribute("backend", "tensorflow");
        final H5Group all = root.group("model_weights");
        all.attribute("layer_names", layers);
        for (String layer : layers) {
            final H5Group group = all.group(layer);
            final List<String> names = new ArrayList<>();
            if (layer.equals(owner)) {
                Stream.concat(
                                weights.stream().filter(Weight::trainable),
                                weights.stream().filter(weight -> !weight.trainable()))
                        .forEach(weight -> {
                            // As in files of tf.keras, whose names do not tell the inner layers apart.
                            final String name = owner + "/" + names.size() + "_" + weight.name() + ":0";
                            names.add(name);
                            group.dataset(name, H5Group.Type.FLOAT32, weight.shape(), weight.values());
                        });
            }
            group.attribute("weight_names", names);
        }
        FileReplacement.write(file, out -> H5Writer.write(out, root));
        return file;
    }

    /// A `.keras` archive.
    ///
    /// @param path of the weights' layers in the tree, which ends with a slash
    static Path archive(Path file, String config, String path, List<Weight> weights) {
        final H5Group root = new H5Group();
        final Map<String, Integer> counts = new HashMap<>();
        for (Weight weight : weights) {
            final String at = path + weight.object() + "/vars/";
            root.dataset(
                    at + (counts.merge(at, 1, Integer::sum) - 1),
                    H5Group.Type.FLOAT32,
                    weight.shape(),
                    weight.values());
        }
        root.group("layers");
        final JsonObject metadata = new JsonObject();
        metadata.addProperty("keras_version", "3.12.0");
        final ByteArrayOutputStream tree = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            H5Writer.write(tree, root);
            member(zip, KerasArchive.METADATA, bytes(metadata.toString()));
            member(
                    zip,
                    KerasArchive.CONFIG,
                    bytes(JsonParser.parseString(config).toString()));
            member(zip, KerasArchive.WEIGHTS, tree.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void member(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(bytes);
        zip.closeEntry();
    }
}
