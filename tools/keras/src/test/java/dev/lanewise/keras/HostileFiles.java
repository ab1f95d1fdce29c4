package dev.lanewise.keras;

import static dev.lanewise.keras.H5Builder.external;
import static dev.lanewise.keras.H5Builder.hard;
import static dev.lanewise.keras.H5Builder.soft;
import static dev.lanewise.keras.H5Builder.text;
import static dev.lanewise.keras.H5Builder.texts;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// A small file for each known attack on a reader, and a part of the sentence that refuses it.
final class HostileFiles {
    /// @param name what it is, with the ending that says who reads it
    /// @param says a part of the error
    /// @param content its bytes
    record Hostile(String name, String says, Supplier<byte[]> content) {
        byte[] bytes() {
            return content.get();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static final String DENSE = """
            {"class_name": "Sequential", "config": {"name": "s", "layers": [
              {"class_name": "InputLayer", "config": {"batch_shape": [null, 2], "name": "i"}},
              {"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "linear", "use_bias": false}}]}}
            """;

    private final List<Hostile> all = new ArrayList<>();

    private HostileFiles() {}

    static List<Hostile> all() {
        final HostileFiles files = new HostileFiles();
        files.hdf5Links();
        files.hdf5Sharing();
        files.hdf5Sizes();
        files.archives();
        files.json();
        files.safetensors();
        files.npy();
        files.npz();
        files.idx();
        files.cifar();
        return files.all;
    }

    private void add(String name, String says, byte[] bytes) {
        all.add(new Hostile(name, says, () -> bytes));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    // HDF5

    /// A model of one layer `d` whose kernel is what the function adds to the file.
    private static byte[] model(String config, Function<H5Builder, H5Builder.Message> kernel) {
        final H5Builder file = new H5Builder();
        final H5Builder.Message link = kernel.apply(file);
        final long layer = file.group(link, texts("weight_names", List.of("kernel")));
        final long weights = file.group(hard("d", layer), texts("layer_names", List.of("d")));
        return file.finish(file.group(
                hard("model_weights", weights), text("model_config", config), text("keras_version", "3.15.1")));
    }

    private static byte[] attributes(H5Builder.Message... messages) {
        final H5Builder file = new H5Builder();
        final List<H5Builder.Message> all = new ArrayList<>(List.of(messages));
        all.add(hard("model_weights", file.group(texts("layer_names", List.of()))));
        return file.finish(file.group(all.toArray(H5Builder.Message[]::new)));
    }

    private void hdf5Links() {
        add("external-link.h5", "external link", model(DENSE, f -> external("kernel", "/etc/passwd", "/kernel")));
        add("external-storage.h5", "external storage", model(DENSE, f -> hard("kernel", f.externalStorage(2, 3))));
        add("virtual-data-set.h5", "virtual data set", model(DENSE, f -> hard("kernel", f.virtual(2, 3))));
        add("soft-link-to-itself.h5", "soft link without end", model(DENSE, f -> soft("kernel", "kernel")));
        final H5Builder circle = new H5Builder();
        final long at = circle.next();
        add(
                "group-in-itself.h5",
                "is a group",
                circle.finish(circle.group(
                        hard("model_weights", at),
                        hard("d", at),
                        texts("layer_names", List.of("d")),
                        texts("weight_names", List.of("d/d/d")),
                        text("model_config", DENSE))));
        final H5Builder deep = new H5Builder();
        final long loop = deep.next();
        add(
                "path-of-20000-groups.h5",
                "nested more than",
                deep.finish(deep.group(
                        hard("model_weights", loop),
                        hard("d", loop),
                        texts("layer_names", List.of("d")),
                        texts("weight_names", List.of("d/".repeat(20_000) + "d")),
                        text("model_config", DENSE))));
        final H5Builder headers = new H5Builder();
        add(
                "header-that-goes-on-at-itself.h5",
                "",
                headers.finish(headers.group(hard("model_weights", headers.endless()), text("model_config", DENSE))));
        for (int levels : new int[] {0, 60}) {
            final H5Builder trees = new H5Builder();
            add(
                    levels == 0 ? "tree-in-itself.h5" : "tree-of-2-to-the-60-nodes.h5",
                    "a part stands twice",
                    trees.finish(
                            trees.group(hard("model_weights", trees.sharedTree(levels)), text("model_config", DENSE))));
        }
    }

    /// A model whose weights are what the function adds to the file.
    private static byte[] weights(ToLongFunction<H5Builder> group) {
        final H5Builder file = new H5Builder();
        final long weights = group.applyAsLong(file);
        return file.finish(file.group(hard("model_weights", weights), text("model_config", DENSE)));
    }

    /// Few bytes that other parts of the file lead to, over and over.
    private void hdf5Sharing() {
        final String over = "lead to one another over and over";
        add("header-of-2-to-the-60-blocks.h5", over, weights(f -> f.doublingHeader(60)));
        add("types-of-2-to-the-60-types.h5", over, weights(f -> f.doublingTypes(60)));
        add("names-that-overlap.h5", over, weights(f -> f.overlappingNames(1 << 20, 20_000)));
        add(
                "30000-links-to-60000-messages.h5",
                "the file has no weights for it",
                weights(f -> f.linksToOneObject(30_000, 60_000)));
        add("two-billion-links.h5", "a tree of 2147483639 records in a file", weights(f -> f.claimedLinks(2147483639)));
        add(
                "two-billion-chunks.h5",
                "a list of 2147483639 chunks in a file",
                model(DENSE, f -> hard("kernel", f.claimedChunks(2147483639, new int[] {1, 3}, 2, 3))));
    }

    private void hdf5Sizes() {
        final String huge = DENSE.replace("\"units\": 3", "\"units\": 1000000000");
        add(
                "chunks-of-petabytes.h5",
                "has the shape [1099511627776, 1048576], expected [2, 3]",
                model(
                        DENSE,
                        f -> hard("kernel", f.chunked(H5Builder.UNDEFINED, new int[] {1, 1}, 1L << 40, 1L << 20))));
        add(
                "shape-beyond-64-bits.h5",
                "more than 2^63 bytes",
                model(DENSE, f -> hard("kernel", f.contiguous(96, 24, 1L << 40, 1L << 40))));
        add(
                "negative-dimension.h5",
                "has a dimension of 18446744073709551615",
                model(DENSE, f -> hard("kernel", f.contiguous(96, 24, -1, 3))));
        add(
                "gigabytes-that-are-not-there.h5",
                "needs 8000000000 bytes",
                model(huge, f -> hard("kernel", f.contiguous(96, 8_000_000_000L, 2, 1_000_000_000))));
        add(
                "address-of-2-to-the-63.h5",
                "the file ends at byte",
                model(DENSE, f -> hard("kernel", f.contiguous(Long.MAX_VALUE - 3, 24, 2, 3))));
        add(
                "a-billion-chunks.h5",
                "would have 2000000000 chunks",
                model(huge, f -> hard("kernel", f.chunked(H5Builder.UNDEFINED, new int[] {1, 1}, 2, 1_000_000_000))));
        add(
                "chunk-of-4-gigabytes.h5",
                "chunks of an absurd size",
                model(DENSE, f -> hard("kernel", f.deflated(new byte[24], new int[] {1 << 15, 1 << 15}, 2, 3))));
        add(
                "chunk-that-inflates.h5",
                "inflates beyond its size",
                model(DENSE, f -> hard("kernel", f.deflated(new byte[50 << 20], new int[] {2, 3}, 2, 3))));
        add(
                "attribute-of-2-to-the-62-strings.h5",
                "model_config",
                attributes(H5Builder.claimedTexts("model_config", 8, 1L << 62)));
        add(
                "attribute-of-a-2-gigabyte-string.h5",
                "cannot be read",
                attributes(H5Builder.claimedTexts("model_config", Integer.MAX_VALUE)));
        add("string-in-no-heap.h5", "model_config", attributes(H5Builder.textAt("model_config", Long.MAX_VALUE, 100)));
        add(
                "string-longer-than-its-place.h5",
                "model_config",
                attributes(H5Builder.textAt("model_config", 0, Integer.MAX_VALUE)));
        final byte[] sound = model(DENSE, f -> hard("kernel", f.dataset(new float[6], 2, 3)));
        add(
                "cut-in-the-middle.h5",
                "is a truncated HDF5 file: it ends at byte 484, expected 968",
                Arrays.copyOf(sound, sound.length / 2));
        add(
                "cut-after-the-superblock.h5",
                "is a truncated HDF5 file: it ends at byte 96, expected 968",
                Arrays.copyOf(sound, 96));
        add(
                "cut-in-the-superblock.h5",
                "is a truncated HDF5 file: it ends at byte 30, within its superblock",
                Arrays.copyOf(sound, 30));
        add("cut-in-the-signature.h5", "signature", Arrays.copyOf(sound, 7));
    }

    // Archives

    private static Map<String, byte[]> members(String config) {
        final H5Builder file = new H5Builder();
        final long vars = file.group(hard("0", file.dataset(new float[] {1, 2, 3, 4, 5, 6}, 2, 3)));
        final long layers = file.group(hard("dense", file.group(hard("vars", vars))));
        final Map<String, byte[]> members = new LinkedHashMap<>();
        members.put("metadata.json", bytes("{\"keras_version\": \"3.15.1\"}"));
        members.put("config.json", bytes(config));
        members.put("model.weights.h5", file.finish(file.group(hard("layers", layers))));
        return members;
    }

    private static byte[] zip(Map<String, byte[]> members, boolean packed) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> member : members.entrySet()) {
                final ZipEntry entry = new ZipEntry(member.getKey());
                if (!packed) {
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

    /// With an int of a member's entry in the directory replaced.
    private static byte[] directory(byte[] zip, String member, int offset, int value) {
        final byte[] name = bytes(member);
        for (int i = zip.length - 46 - name.length; i >= 0; i--) {
            if (zip[i] == 'P'
                    && zip[i + 1] == 'K'
                    && zip[i + 2] == 1
                    && Arrays.equals(zip, i + 46, i + 46 + name.length, name, 0, name.length)) {
                ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN).putInt(i + offset, value);
                return zip;
            }
        }
        throw new IllegalArgumentException(member);
    }

    private static Map<String, byte[]> with(Map<String, byte[]> members, String name, byte[] content) {
        members.put(name, content);
        return members;
    }

    /// All members, those of the model under other names, which lead out of a folder.
    private static byte[] elsewhere(String prefix) {
        final Map<String, byte[]> members = new LinkedHashMap<>();
        members(DENSE).forEach((name, content) -> members.put(prefix + name, content));
        return zip(members, true);
    }

    private void archives() {
        add(
                "bomb-of-120-megabytes.keras",
                "unpacks to 125829120 bytes, more than 200 times",
                zip(with(members(DENSE), "model.weights.h5", new byte[120 << 20]), true));
        add(
                "config-of-33-megabytes.keras",
                "up to 33554432 are supported",
                zip(with(members(DENSE), "config.json", Arrays.copyOf(bytes(DENSE), 33 << 20)), true));
        add(
                "size-that-lies.keras",
                "more than the 100 bytes that it claims",
                directory(zip(members(DENSE), true), "model.weights.h5", 24, 100));
        add(
                "member-of-2-gigabytes.keras",
                "up to 33554432 are supported",
                directory(zip(members(DENSE), true), "config.json", 24, Integer.MAX_VALUE));
        add("wrong-checksum.keras", "its checksum is", directory(zip(members(DENSE), false), "config.json", 16, 12345));
        add("encrypted.keras", "damaged zip archive", directory(zip(members(DENSE), false), "config.json", 8, 1));
        final byte[] twice = zip(with(members(DENSE), "config.jsoX", bytes("{}")), false);
        add(
                "two-configs.keras",
                "two members are named 'config.json'",
                bytes(new String(twice, StandardCharsets.ISO_8859_1).replace("config.jsoX", "config.json")));
        add("names-with-dots.keras", "no 'config.json'", elsewhere("../"));
        add("absolute-names.keras", "no 'config.json'", elsewhere("/tmp/"));
        add("names-with-a-drive.keras", "no 'config.json'", elsewhere("C:\\"));
        add("names-with-nul.keras", "no 'config.json'", elsewhere("x\0"));
        final byte[] sound = zip(members(DENSE), true);
        add("cut-in-the-directory.keras", "damaged zip archive", Arrays.copyOf(sound, sound.length - 30));
        add(
                "external-link-in-the-archive.keras",
                "external link",
                zip(with(members(DENSE), "model.weights.h5", weights(external("0", "/etc/passwd", "/x"))), true));
    }

    private static byte[] weights(H5Builder.Message kernel) {
        final H5Builder file = new H5Builder();
        final long dense = file.group(hard("vars", file.group(kernel)));
        return file.finish(file.group(hard("layers", file.group(hard("dense", dense)))));
    }

    // JSON

    private void json() {
        final Map<String, String> configs = new LinkedHashMap<>();
        configs.put("nested-a-million-deep", "[".repeat(1_000_000));
        configs.put("objects-100000-deep", "{\"a\":".repeat(100_000));
        configs.put("two-million-values", "[" + "0,".repeat(2_000_000) + "0]");
        configs.put("not-finite", DENSE.replace("\"units\": 3", "\"units\": NaN"));
        configs.put("infinity", DENSE.replace("\"units\": 3", "\"units\": -Infinity"));
        configs.put("number-of-a-billion-digits", DENSE.replace("\"units\": 3", "\"units\": 1e999999999"));
        configs.put("two-billion-units", DENSE.replace("\"units\": 3", "\"units\": 2000000000"));
        configs.put("negative-units", DENSE.replace("\"units\": 3", "\"units\": -3"));
        configs.put(
                "name-of-5-million-characters",
                DENSE.replace("\"name\": \"d\"", "\"name\": \"" + "d".repeat(5_000_000) + '"'));
        configs.put("code-in-a-lambda", DENSE.replace("\"Dense\"", "\"Lambda\""));
        configs.put(
                "code-as-an-activation",
                DENSE.replace("\"linear\"", "{\"class_name\": \"__lambda__\", \"config\": {\"value\": \"4wEAAAA=\"}}"));
        configs.put("class-of-a-module", DENSE.replace("\"Dense\"", "\"os.system\", \"module\": \"os\""));
        configs.put("cut", DENSE.substring(0, DENSE.length() / 2));
        final Map<String, String> says = Map.of(
                "name-of-5-million-characters", "has a name of 5000000 characters",
                "nested-a-million-deep", "nested more than 200 deep",
                "objects-100000-deep", "nested more than 200 deep",
                "two-million-values", "more than 1048576 values",
                "two-billion-units", "expected [2, 2000000000]",
                "negative-units", "units must be positive, got -3",
                "code-in-a-lambda", "layer 'd' (Lambda): holds Python code",
                "code-as-an-activation", "activation",
                "class-of-a-module", "os.system",
                "cut", "is not JSON");
        configs.forEach(
                (name, config) -> add(name + ".keras", says.getOrDefault(name, "config"), zip(members(config), true)));
        final String circle = """
                {"class_name": "Functional", "config": {"name": "m", "layers": [
                  {"class_name": "InputLayer", "name": "i", "config": {"name": "i", "batch_shape": [null, 2]},
                   "inbound_nodes": []},
                  {"class_name": "Add", "name": "a", "config": {"name": "a"},
                   "inbound_nodes": [[["i", 0, 0, {}], ["b", 0, 0, {}]]]},
                  {"class_name": "Dense", "name": "b", "config": {"name": "b", "units": 2}, "inbound_nodes": [[["a", 0, 0, {}]]]}],
                  "input_layers": [["i", 0, 0]], "output_layers": [["b", 0, 0]]}}
                """;
        add("layers-in-a-circle.keras", "circle", zip(members(circle), true));
        add(
                "layer-from-nowhere.keras",
                "nowhere",
                zip(members(circle.replace("[\"b\", 0, 0, {}]", "[\"nowhere\", 0, 0, {}]")), true));
    }

    // safetensors

    private static byte[] safetensors(long length, String header, int data) {
        final byte[] json = bytes(header);
        final ByteBuffer file = ByteBuffer.allocate(8 + json.length + data).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(length < 0 ? json.length : length).put(json);
        return file.array();
    }

    private static String tensor(String name, String shape, long begin, long end) {
        return "\"" + name + "\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":[" + begin + "," + end
                + "]}";
    }

    private void tensors(String name, String says, int data, String... tensors) {
        add(name + ".safetensors", says, safetensors(-1, "{" + String.join(",", tensors) + "}", data));
    }

    private void safetensors() {
        add(
                "header-of-2-to-the-63.safetensors",
                "header length 9223372036854775807",
                safetensors(Long.MAX_VALUE, "{}", 100));
        add("header-beyond-the-file.safetensors", "header length 1000", safetensors(1000, "{}", 100));
        add("cut-in-the-length.safetensors", "at least 8 expected", new byte[5]);
        tensors(
                "hole",
                "begins at byte 8 of the data, expected 4",
                12,
                tensor("a", "[1]", 0, 4),
                tensor("b", "[1]", 8, 12));
        tensors(
                "overlap",
                "begins at byte 4 of the data, expected 8",
                12,
                tensor("a", "[2]", 0, 8),
                tensor("b", "[2]", 4, 12));
        tensors("one-name-twice", "stands twice", 4, tensor("a", "[1]", 0, 4), tensor("a", "[1]", 0, 4));
        tensors("data-left-over", "the tensors end at byte 4", 8, tensor("a", "[1]", 0, 4));
        tensors(
                "data-that-is-not-there",
                "lies at bytes 0 to 4000000000",
                8,
                tensor("a", "[1000000000]", 0, 4_000_000_000L));
        tensors("end-before-begin", "lies at bytes 8 to 4", 8, tensor("a", "[1]", 8, 4));
        tensors("shape-beyond-64-bits", "damaged", 4, tensor("a", "[2147483647,2147483647,2147483647]", 0, 4));
        tensors("negative-dimension", "negative dimension -1", 4, tensor("a", "[-1]", 0, 4));
        tensors("dimension-of-a-billion-digits", "damaged", 4, tensor("a", "[1e999999999]", 0, 4));
        tensors("nested-100000-deep", "damaged", 4, "\"a\":" + "[".repeat(100_000));
        tensors("two-million-values", "more than 1048576 values", 4, "\"a\":[" + "0,".repeat(2_000_000) + "0]");
        tensors("no-model", "without a model's definition", 4, tensor("a", "[1]", 0, 4));
    }

    // NumPy

    private static byte[] npy(String dict, int data) {
        final byte[] text = bytes(dict);
        final ByteBuffer file = ByteBuffer.allocate(12 + text.length + data).order(ByteOrder.LITTLE_ENDIAN);
        return file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0})
                .putInt(text.length)
                .put(text)
                .array();
    }

    private static String dict(String type, String shape) {
        return "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
    }

    private void npy() {
        add("python-code-as-header.npy", "header", npy("__import__('os').system('touch pwned')", 4));
        add("python-code-as-shape.npy", "header", npy(dict("<f4", "(__import__('os').system('true'),)"), 4));
        add("pickled-objects.npy", "pickled Python objects", npy(dict("|O", "(1,)"), 100));
        add(
                "structured-type.npy",
                "array of structures",
                npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 4));
        add("shape-beyond-64-bits.npy", "a dimension above", npy(dict("<f4", "(4611686018427387904, 4)"), 4));
        add("shape-of-terabytes.npy", "bytes that are supported", npy(dict("<f8", "(1000000, 1000000)"), 4));
        add("dimension-of-5000-digits.npy", "a dimension above", npy(dict("<f4", "(" + "9".repeat(5000) + ",)"), 4));
        add("negative-dimension.npy", "expected a dimension", npy(dict("<f4", "(-1,)"), 4));
        add("nested-tuples.npy", "expected a dimension", npy(dict("<f4", "(".repeat(10_000)), 4));
        add("values-that-are-not-there.npy", "ends after", npy(dict("<f4", "(500000000,)"), 4));
        final byte[] length = npy(dict("<f4", "(1,)"), 4);
        ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).putInt(8, -1);
        add("header-of-4-gigabytes.npy", "the header's length at byte 8 is 4294967295", length);
        add("cut-in-the-header.npy", "ends after 30 bytes", Arrays.copyOf(npy(dict("<f4", "(1,)"), 4), 30));
    }

    private void npz() {
        final byte[] zeros = npy(dict("|i1", "(100000000,)"), 100_000_000);
        add("bomb-of-100-megabytes.npz", "unpacks to more than 200 times", zip(Map.of("x.npy", zeros), true));
        final byte[] one = npy(dict("<f4", "(1,)"), 4);
        final Map<String, byte[]> two = new LinkedHashMap<>(Map.of("x.npy", one));
        two.put("x.npX", one);
        add(
                "two-members-of-one-name.npz",
                "two members are named 'x.npy'",
                bytes(new String(zip(two, false), StandardCharsets.ISO_8859_1).replace("x.npX", "x.npy")));
        add("code-in-a-member.npz", "header", zip(Map.of("x.npy", npy("exit()", 4)), true));
        add("wrong-checksum.npz", "checksum", directory(zip(Map.of("x.npy", one), false), "x.npy", 16, 7));
        add("cut.npz", "not a readable zip file", Arrays.copyOf(zip(Map.of("x.npy", one), true), 50));
    }

    // IDX and CIFAR

    private static byte[] gzip(byte[] head, long zeros) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out) {
            {
                def.setLevel(Deflater.BEST_COMPRESSION);
            }
        }) {
            gzip.write(head);
            final byte[] part = new byte[1 << 20];
            for (long done = 0; done < zeros; done += part.length) {
                gzip.write(part);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static byte[] idx(int type, int... dims) {
        final ByteBuffer file = ByteBuffer.allocate(4 + 4 * dims.length);
        file.put(new byte[] {0, 0, (byte) type, (byte) dims.length});
        Arrays.stream(dims).forEach(file::putInt);
        return file.array();
    }

    private void idx() {
        add("images-that-are-not-there-idx3-ubyte", "ends after 16 bytes", idx(8, 60_000, 28, 28));
        add("shape-of-terabytes-idx3-ubyte", "bytes that are supported", idx(14, 1 << 20, 1 << 20, 1 << 20));
        add("dimension-beyond-31-bits-idx1-ubyte", "4294967295", idx(8, -1));
        add("rank-of-255-idx3-ubyte", "ends after 100 bytes", Arrays.copyOf(new byte[] {0, 0, 8, (byte) 255}, 100));
        add("unknown-type-idx1-ubyte", "unknown type code 7f", idx(0x7f, 1));
        add("bomb-of-300-megabytes-idx1-ubyte", "unpacks to more than 200 times", gzip(idx(9, 300 << 20), 300L << 20));
        final byte[] nothing = gzip(new byte[0], 0);
        final ByteBuffer parts = ByteBuffer.allocate(50_000 * nothing.length);
        while (parts.hasRemaining()) {
            parts.put(nothing);
        }
        add("gzip-of-50000-empty-parts-idx1-ubyte", "thousands of empty parts", parts.array());
        final byte[] packed = gzip(idx(8, 1 << 20), 1 << 20);
        add("cut-in-the-gzip-idx1-ubyte", "ends after", Arrays.copyOf(packed, packed.length / 2));
    }

    private void cifar() {
        add("data_batch-not-whole-records.bin", "expected records of 3073 bytes", new byte[5000]);
        final byte[] label = new byte[3073];
        label[0] = 77;
        add("data_batch-label-that-is-none.bin", "label 77 at byte 0", label);
        add("data_batch-bomb-of-300-megabytes.bin", "unpacks to more than 200 times", gzip(new byte[0], 300L << 20));
    }
}
