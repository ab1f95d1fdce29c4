package dev.lanewise.cli;

import dev.lanewise.data.Dataset;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.keras.KerasModels;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Adam;
import dev.lanewise.train.Fit;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.Trainer;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;

/// Small sound files to start fuzzing from: our own, and those of real Keras where they lie beside the project.
final class FuzzSeeds {
    private static final long MOST_BYTES = 24 << 10;
    private static final int MOST_FILES = 40;

    static final String NO_FIXTURES = "no ../shared/keras-fixtures beside the project";

    static final String ARCHITECTURE = """
            {"class_name": "Sequential", "config": {"name": "s", "layers": [
              {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 2], "name": "i"}},
              {"class_name": "Dense", "config": {"name": "dense", "units": 3, "activation": "relu"}},
              {"class_name": "Dense", "config": {"name": "dense_1", "units": 1, "activation": "linear"}}]}}
            """;

    private FuzzSeeds() {}

    private static byte[] npy(Shape shape, float... values) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        NpyFile.write(out, NumberArray.of(shape, values));
        return out.toByteArray();
    }

    private static byte[] npy(int version, String dict, byte[] values) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
        out.writeBytes(new byte[] {(byte) dict.length(), 0});
        if (version > 1) {
            out.writeBytes(new byte[2]);
        }
        out.writeBytes(dict.getBytes(StandardCharsets.ISO_8859_1));
        out.writeBytes(values);
        return out.toByteArray();
    }

    static Stream<byte[]> npy() {
        return Stream.of(
                npy(Shape.of(2, 3), 1, 2, 3, 4, 5, 6),
                npy(Shape.of(), 1),
                npy(1, "{'descr': '>i8', 'fortran_order': True, 'shape': (2, 1)}", new byte[16]),
                npy(2, "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n", new byte[3]),
                npy(3, "{'shape': (0, 7), 'descr': '<f2', 'fortran_order': False}", new byte[0]),
                npy(1, "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", new byte[8]));
    }

    private static byte[] zip(boolean packed, List<String> names, List<byte[]> contents) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (int i = 0; i < names.size(); i++) {
                final ZipEntry entry = new ZipEntry(names.get(i));
                entry.setTime(0);
                if (!packed) {
                    final CRC32 sum = new CRC32();
                    sum.update(contents.get(i));
                    entry.setMethod(ZipEntry.STORED);
                    entry.setSize(contents.get(i).length);
                    entry.setCrc(sum.getValue());
                }
                zip.putNextEntry(entry);
                zip.write(contents.get(i));
                zip.closeEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static Stream<byte[]> npz() {
        final List<String> names = List.of("x.npy", "y.npy");
        final List<byte[]> arrays = List.of(npy(Shape.of(2, 3), 1, 2, 3, 4, 5, 6), npy(Shape.of(2), 0, 1));
        return Stream.of(
                zip(false, names, arrays),
                zip(true, names, arrays),
                zip(
                        true,
                        List.of("x_train.npy", "../x.npy", "other"),
                        List.of(arrays.get(0), arrays.get(1), new byte[3])));
    }

    private static byte[] gzip(byte[] bytes) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static Stream<byte[]> idx() {
        final byte[] bytes = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
        final byte[] floats = {0, 0, 0xd, 1, 0, 0, 0, 1, 0x3f, (byte) 0x80, 0, 0};
        return Stream.of(bytes, floats, gzip(bytes));
    }

    static Stream<byte[]> cifar() {
        return Stream.of(new byte[3073], gzip(new byte[2 * 3073]));
    }

    static Stream<byte[]> csv() {
        return Stream.of(
                        "a,b,label\n1,2,0\n3,4.5e-3,1\n",
                        "1,2,cat\r\n3,4,\"do\"\"g\"\r\n",
                        "\ufeffx;y\n1;2\n",
                        "x,target\n-1,0.5\n",
                        "\"a\nb\",y\n1,2")
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    static Stream<byte[]> images() throws IOException {
        final List<byte[]> files = new ArrayList<>();
        for (int type :
                new int[] {BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_BYTE_INDEXED}) {
            final BufferedImage image = new BufferedImage(5, 3, type);
            image.setRGB(2, 1, 0x80ff40);
            for (String format : List.of("png", "jpeg", "gif", "bmp")) {
                final ByteArrayOutputStream out = new ByteArrayOutputStream();
                if (ImageIO.write(image, format, out)) {
                    files.add(out.toByteArray());
                }
            }
        }
        return files.stream();
    }

    /// A trained model of two layers as [#ARCHITECTURE] has them, saved as the file's ending says.
    static Stream<byte[]> model(Path folder, String name) {
        final Path file = folder.resolve(name.toLowerCase(Locale.ROOT));
        final var graph = Sequential.input(2)
                .add("dense", new Dense(3, Activations.RELU))
                .add("dense_1", new Dense(1, Activations.LINEAR))
                .build();
        try (Model model = Model.create(graph, 1)) {
            try (Trainer trainer = Trainer.of(model, new Adam(), new MeanSquaredError())) {
                trainer.fit(
                        Dataset.of(new float[][] {{1, 2}, {3, 4}}, new float[][] {{1}, {2}}),
                        Fit.epochs(1).batchSize(1));
            }
            if (name.endsWith(".safetensors")) {
                model.save(file);
            } else {
                KerasModels.save(model, file);
            }
            return Stream.of(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Folders of real Keras' files beside the project.
    static List<Path> fixtures() {
        final List<Path> folders = new ArrayList<>();
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            final Path folder = at.resolve("shared/keras-fixtures");
            if (Files.isDirectory(folder)) {
                folders.add(folder);
            }
        }
        return folders;
    }

    /// Small files of real Keras, those that lie in the project and those beside it; [ParsersFuzzTest] says
    /// where the latter are missing.
    static Stream<byte[]> keras(String ending) throws IOException {
        final List<Path> folders = new ArrayList<>(fixtures());
        final Path own = Path.of("../keras/src/test/resources/dev/lanewise/keras");
        if (Files.isDirectory(own)) {
            folders.addFirst(own);
        }
        final List<byte[]> files = new ArrayList<>();
        for (Path folder : folders) {
            try (Stream<Path> found = Files.walk(folder)) {
                for (Path file : found.sorted().toList()) {
                    if (file.toString().endsWith(ending)
                            && Files.size(file) <= MOST_BYTES
                            && files.size() < MOST_FILES) {
                        files.add(Files.readAllBytes(file));
                    }
                }
            }
        }
        return files.stream();
    }

    /// JSON of models: ours and Keras'.
    static Stream<byte[]> configs() throws IOException {
        final List<byte[]> configs = new ArrayList<>();
        configs.add(ARCHITECTURE.getBytes(StandardCharsets.UTF_8));
        final Path file = Files.createTempFile("seed", ".keras");
        for (byte[] archive : keras(".keras").toList()) {
            Files.write(file, archive);
            try (ZipFile zip = new ZipFile(file.toFile())) {
                final ZipEntry entry = zip.getEntry("config.json");
                if (entry != null && entry.getSize() < MOST_BYTES) {
                    configs.add(zip.getInputStream(entry).readAllBytes());
                }
            }
        }
        Files.delete(file);
        return configs.stream();
    }

    /// An archive of Keras with this configuration.
    static byte[] archiveOf(byte[] config, byte[] weights) {
        final byte[] metadata = "{\"keras_version\": \"3.15.1\"}".getBytes(StandardCharsets.UTF_8);
        return zip(
                false, List.of("metadata.json", "config.json", "model.weights.h5"), List.of(metadata, config, weights));
    }
}
