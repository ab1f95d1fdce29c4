package dev.lanewise.keras;

import static dev.lanewise.keras.H5Builder.external;
import static dev.lanewise.keras.H5Builder.hard;
import static dev.lanewise.keras.H5Builder.soft;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.io.ModelFormatException;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Memory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `.keras` archives made to harm: each is one error of a sentence, soon, with little memory, and nothing is
/// written
/// anywhere (these tests run with a small heap).
class HostileArchivesTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String METADATA = "{\"keras_version\": \"3.15.1\"}";
    private static final String DENSE = """
            {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [
              {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 2], "name": "i"}},
              {"module": "keras.layers", "class_name": "Dense", "config": {"name": "d", "units": 3,
               "activation": "linear", "use_bias": false}}]}, "compile_config": {}}
            """;

    @TempDir
    private Path folder;

    private Path write(byte[] bytes) {
        try {
            return Files.write(folder.resolve("model.keras"), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /// A tree of weights whose layer `dense` has what the function adds as its variable 0.
    private static byte[] weights(Function<H5Builder, H5Builder.Message> kernel) {
        final H5Builder file = new H5Builder();
        final H5Builder.Message link = kernel.apply(file);
        final long dense = file.group(hard("vars", file.group(link)));
        final long layers = file.group(hard("dense", dense));
        return file.finish(file.group(hard("layers", layers), hard("vars", file.group())));
    }

    private static byte[] soundWeights() {
        return weights(file -> hard("0", file.dataset(new float[] {1, 2, 3, 4, 5, 6}, 2, 3)));
    }

    private static Map<String, byte[]> members(String config, byte[] weights) {
        final Map<String, byte[]> members = new LinkedHashMap<>();
        members.put("metadata.json", bytes(METADATA));
        members.put("config.json", bytes(config));
        members.put("model.weights.h5", weights);
        return members;
    }

    private static byte[] zip(Map<String, byte[]> members, boolean deflated) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> member : members.entrySet()) {
                final ZipEntry entry = new ZipEntry(member.getKey());
                if (!deflated) {
                    final CRC32 sum = new CRC32();
                    sum.update(member.getValue());
                    entry.setMethod(ZipEntry.STORED);
                    entry.setSize(member.getValue().length);
                    entry.setCrc(sum.getValue());
                }
                zip.putNextEntry(entry);
                zip.write(member.getValue());
                zip.closeEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static byte[] sound() {
        return zip(members(DENSE, soundWeights()), false);
    }

    /// Where the directory's entry of a member starts.
    private static int entry(byte[] zip, String member) {
        final byte[] name = bytes(member);
        for (int i = zip.length - 46; i >= 0; i--) {
            if (zip[i] == 'P'
                    && zip[i + 1] == 'K'
                    && zip[i + 2] == 1
                    && zip[i + 3] == 2
                    && i + 46 + name.length <= zip.length
                    && Arrays.equals(zip, i + 46, i + 46 + name.length, name, 0, name.length)) {
                return i;
            }
        }
        throw new IllegalArgumentException(member);
    }

    private static byte[] patched(byte[] zip, String member, int offset, int value, int bytes) {
        final byte[] changed = zip.clone();
        final ByteBuffer buffer = ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes == 2) {
            buffer.putShort(entry(zip, member) + offset, (short) value);
        } else {
            buffer.putInt(entry(zip, member) + offset, value);
        }
        return changed;
    }

    private ModelFormatException refused(byte[] bytes, String... parts) {
        final Path path = write(bytes);
        final long before = Memory.allocated();
        final ModelFormatException e = assertTimeoutPreemptively(
                SOON, () -> assertThrows(ModelFormatException.class, () -> KerasModels.load(path)));
        assertEquals(before, Memory.allocated());
        final String message = e.getMessage();
        assertTrue(message.startsWith(path.toString()), message);
        assertFalse(message.contains("\n"), message);
        assertTrue(message.length() < 1000, message);
        for (String part : parts) {
            assertTrue(message.contains(part), () -> "'" + part + "' is missing in: " + message);
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(path), files.toList());
        } catch (IOException io) {
            throw new UncheckedIOException(io);
        }
        return e;
    }

    private void loads(byte[] bytes) {
        try (ImportedModel model = KerasModels.importFile(write(bytes))) {
            assertArrayEquals(
                    new float[] {1, 2, 3, 4, 5, 6},
                    model.model().parameter("d/kernel").toArray());
        }
    }

    @Test
    void soundArchivesAreLoaded() {
        loads(sound());
        loads(zip(members(DENSE, soundWeights()), true));
        final Map<String, byte[]> unsaid = members(DENSE, soundWeights());
        unsaid.remove("metadata.json");
        loads(zip(unsaid, true));
    }

    @Test
    void namesLeadNowhere() {
        final Map<String, byte[]> members = members(DENSE, soundWeights());
        for (String name :
                List.of("../evil", "/tmp/evil", "..\\evil", "C:\\evil", "assets/../../evil", "config.json/")) {
            members.put(name, new byte[10]);
        }
        loads(zip(members, true));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(1, files.count());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        final Map<String, byte[]> elsewhere = new LinkedHashMap<>();
        members(DENSE, soundWeights()).forEach((name, content) -> elsewhere.put("../" + name, content));
        refused(zip(elsewhere, true), "no 'config.json'");
    }

    @Test
    void twoMembersOfOneNameAreRefused() {
        final Map<String, byte[]> members = members(DENSE, soundWeights());
        members.put("config.jsoX", bytes(DENSE.replace("\"units\": 3", "\"units\": 4")));
        final byte[] zip = zip(members, false);
        final String text = new String(zip, StandardCharsets.ISO_8859_1).replace("config.jsoX", "config.json");
        refused(text.getBytes(StandardCharsets.ISO_8859_1), "two members are named 'config.json'");
    }

    @Test
    void membersThatAreMissingAreSaid() {
        for (String name : List.of("config.json", "model.weights.h5")) {
            final Map<String, byte[]> members = members(DENSE, soundWeights());
            members.remove(name);
            refused(zip(members, true), name);
        }
        final Map<String, byte[]> shards = members(DENSE, soundWeights());
        shards.remove("model.weights.h5");
        shards.put("model.weights.json", bytes("{}"));
        refused(zip(shards, true), "model.weights.json", "no 'weight_map'");
        refused(zip(Map.of("x.npy", new byte[10]), true), "no Keras model");
    }

    /// Weights in several members, kernel and bias apart; a list says in which.
    @Test
    void weightsInPartsAreOneTree() {
        final H5Builder kernels = new H5Builder();
        final byte[] kernel = treeOf(kernels, "0", kernels.dataset(new float[] {1, 2, 3, 4, 5, 6}, 2, 3));
        final H5Builder biases = new H5Builder();
        final byte[] bias = treeOf(biases, "1", biases.dataset(new float[] {7, 8, 9}, 3));
        final Map<String, byte[]> members =
                members(DENSE.replace("\"use_bias\": false", "\"use_bias\": true"), soundWeights());
        members.remove("model.weights.h5");
        members.put("model_00000.weights.h5", kernel);
        members.put("model_00001.weights.h5", bias);
        members.put(
                "model.weights.json",
                bytes("{\"metadata\": {\"total_size\": 36}, \"weight_map\": {\"/layers/dense/vars\":"
                        + " [\"model_00000.weights.h5\", \"model_00001.weights.h5\"]}}"));
        loads(zip(members, true));
        try (Model model = KerasModels.load(write(zip(members, true)))) {
            assertArrayEquals(new float[] {7, 8, 9}, model.parameter("d/bias").toArray());
        }
        final String one = "{\"weight_map\": {\"/layers/dense/vars\": \"%s\"}}";
        members.put("model.weights.json", bytes(one.formatted("model_00000.weights.h5")));
        final byte[] half = zip(members, true);
        assertTrue(assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(write(half)))
                .getMessage()
                .contains("'d'"));
        members.put("model.weights.json", bytes(one.formatted("../model_00000.weights.h5")));
        refused(zip(members, true), "'/layers/dense/vars'", "../model_00000.weights.h5", "does not have");
        members.put("model.weights.json", bytes("{\"weight_map\": {\"/layers/dense/vars\": 5}}"));
        refused(zip(members, true), "is in 5", "does not have");
        members.put("model.weights.json", bytes("{\"weight_map\": []}"));
        refused(zip(members, true), "no 'weight_map'");
        members.put("model_00001.weights.h5", kernel);
        members.put(
                "model.weights.json",
                bytes("{\"weight_map\": {\"a\": \"model_00000.weights.h5\", \"b\": \"model_00001.weights.h5\"}}"));
        refused(zip(members, true), "model_00001.weights.h5", "in another part of the weights too");
        members.put("model_00001.weights.h5", new byte[100]);
        refused(zip(members, true), "model_00001.weights.h5", "not an HDF5 file");
    }

    /// A tree with one variable of a dense layer.
    private static byte[] treeOf(H5Builder file, String number, long data) {
        final long vars = file.group(hard(number, data));
        final long dense = file.group(hard("vars", vars));
        return file.finish(file.group(hard("layers", file.group(hard("dense", dense)))));
    }

    @Test
    void encryptedMembersAreRefused() {
        refused(patched(sound(), "config.json", 8, 1, 2), "damaged zip archive");
    }

    @Test
    void unknownCompressionIsRefused() {
        refused(patched(sound(), "config.json", 10, 14, 2), "damaged zip archive");
    }

    @Test
    void sizesThatLieAreSeen() {
        final byte[] zip = zip(members(DENSE, soundWeights()), true);
        refused(patched(zip, "model.weights.h5", 24, 100, 4), "more than the 100 bytes that it claims");
        refused(patched(zip, "model.weights.h5", 24, 10_000, 4), "expected 10000");
        refused(patched(zip, "config.json", 24, 5, 4), "config.json", "claims");
        // A gigabyte claimed by a small archive: no memory is taken for it.
        refused(patched(zip, "model.weights.h5", 24, 1 << 30, 4), "more than 200 times the archive's");
        refused(patched(zip, "config.json", 24, 0x7fffffff, 4), "up to 33554432 are supported");
    }

    @Test
    void damagedMembersAreSeen() {
        final byte[] zip = sound();
        refused(patched(zip, "config.json", 16, 12345, 4), "its checksum is", "expected 3039", "config.json");
    }

    @Test
    void bombsAreNotUnpacked() {
        final byte[] zeros = new byte[120 << 20];
        final byte[] bomb = zip(members(DENSE, zeros), true);
        assertTrue(bomb.length < 1 << 20, () -> bomb.length + " bytes");
        refused(bomb, "unpacks to 125829120 bytes");
        final Map<String, byte[]> config = members(DENSE, soundWeights());
        config.put("config.json", Arrays.copyOf(bytes(DENSE), 33 << 20));
        refused(zip(config, true), "config.json", "up to 33554432 are supported");
        final Map<String, byte[]> metadata = members(DENSE, soundWeights());
        metadata.put("metadata.json", new byte[2 << 20]);
        refused(zip(metadata, true), "metadata.json", "up to 1048576 are supported");
    }

    @Test
    void truncatedArchivesAreSaid() {
        final byte[] zip = sound();
        for (int length = 0; length < zip.length; length += 11) {
            final Path path = write(Arrays.copyOf(zip, length));
            assertTimeoutPreemptively(
                    SOON,
                    () -> assertThrows(
                            ModelFormatException.class,
                            () -> KerasModels.load(path).close()));
        }
    }

    @Test
    void damagedBytesAreAnErrorOrData() {
        final byte[] zip = zip(members(DENSE, soundWeights()), true);
        final Random random = new Random(11);
        for (int turn = 0; turn < 500; turn++) {
            final byte[] changed = zip.clone();
            for (int i = 0; i < 1 + turn % 6; i++) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt();
            }
            final Path path = write(changed);
            final long before = Memory.allocated();
            assertTimeoutPreemptively(SOON, () -> {
                try {
                    KerasModels.load(path).close();
                } catch (ModelFormatException e) {
                    assertTrue(e.getMessage().startsWith(path.toString()), e.getMessage());
                }
            });
            assertEquals(before, Memory.allocated());
        }
    }

    @Test
    void otherConfigsAreSaid() {
        refused(zip(members("[".repeat(1_000_000), soundWeights()), true), "config.json", "deep");
        refused(zip(members("[" + "0,".repeat(2_000_000) + "0]", soundWeights()), true), "config.json", "values");
        refused(zip(members("", soundWeights()), true), "config.json");
        refused(zip(members("{}", soundWeights()), true), "cannot be loaded");
        final Map<String, byte[]> latin = members(DENSE, soundWeights());
        latin.put("config.json", new byte[] {'{', (byte) 0xe4, '}'});
        refused(zip(latin, true), "not UTF-8");
        final Map<String, byte[]> metadata = members(DENSE, soundWeights());
        metadata.put("metadata.json", bytes("3"));
        refused(zip(metadata, true), "metadata.json");
    }

    @Test
    void codeIsNeverRun() {
        refused(
                zip(members(DENSE.replace("\"Dense\"", "\"Lambda\""), soundWeights()), true),
                "layer 'd' (Lambda): holds Python code");
        refused(
                zip(
                        members(
                                DENSE.replace(
                                        "\"linear\"",
                                        "{\"class_name\": \"__lambda__\", \"config\": {\"value\": \"4wEAAAA=\"}}"),
                                soundWeights()),
                        true),
                "layer 'd' (Dense): activation");
    }

    @Test
    void weightsThatLeadElsewhereAreRefused() {
        refused(zip(members(DENSE, weights(file -> external("0", "/etc/passwd", "/kernel"))), true), "external link");
        refused(zip(members(DENSE, weights(file -> hard("0", file.externalStorage(2, 3)))), true), "external storage");
        refused(zip(members(DENSE, weights(file -> hard("0", file.virtual(2, 3)))), true), "virtual data set");
        refused(zip(members(DENSE, weights(file -> soft("0", "0"))), true), "soft link");
        refused(zip(members(DENSE, weights(file -> hard("0", file.group()))), true), "no weights for it");
        refused(
                zip(members(DENSE, weights(file -> hard("0", file.dataset(new float[6], 3, 2)))), true),
                "has the shape [3, 2], expected [2, 3]");
        refused(zip(members(DENSE, new byte[1000]), true), "not an HDF5 file");
    }

    @Test
    void groupsInACircleEnd() {
        final H5Builder file = new H5Builder();
        final long at = file.next();
        final long root = file.group(hard("layers", at), hard("dense", at), hard("vars", at));
        refused(zip(members(DENSE, file.finish(root)), true), "no weights for it");
    }

    /// A model that calls one twice, which calls one twice, and so on: small in the file, without end when it
    /// is unfolded.
    @Test
    void modelsThatDoubleThemselvesAreCut() {
        String inner = """
                {"class_name": "Dense", "name": "m", "config": {"name": "m", "units": 2},
                 "inbound_nodes": [[["i", 0, 0, {}]], [["m", 0, 0, {}]]]}""";
        // Keras 3 counts the calls of a functional model from 1 there.
        for (int level = 0; level < 18; level++) {
            inner = """
                    {"class_name": "Functional", "name": "m", "config": {"name": "m", "layers": [
                      {"class_name": "InputLayer", "name": "i", "config": {"name": "i", "batch_shape": [null, 2]},
                       "inbound_nodes": []},
                      %s], "input_layers": [["i", 0, 0]], "output_layers": [["m", %d, 0]]},
                     "inbound_nodes": [[["i", 0, 0, {}]], [["m", 0, 0, {}]]]}""".formatted(inner, level == 0 ? 1 : 2);
        }
        refused(zip(members(inner, soundWeights()), true), "more than 20000 calls");
    }
}
