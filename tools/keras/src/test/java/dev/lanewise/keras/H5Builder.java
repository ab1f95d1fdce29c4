package dev.lanewise.keras;

import dev.lanewise.keras.h5.JenkinsHash;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.zip.Deflater;

/// Writes small HDF5 files byte by byte, also such as no library would write: superblock 0, object headers 1,
/// links in the headers. Objects are written from the leaves up; each gives its address.
@SuppressWarnings("ByteBufferBackingArray") // all of them were just allocated
final class H5Builder {
    static final long UNDEFINED = -1;

    private static final int DATASPACE = 1;
    private static final int LINK_INFO = 2;
    private static final int DATATYPE = 3;
    private static final int LINK = 6;
    private static final int EXTERNAL_FILES = 7;
    private static final int LAYOUT = 8;
    private static final int FILTERS = 11;
    private static final int ATTRIBUTE = 12;
    private static final int CONTINUATION = 16;
    private static final int SYMBOL_TABLE = 17;
    private static final int SUPERBLOCK_BYTES = 96;

    private final ByteArrayOutputStream file = new ByteArrayOutputStream();

    /// A message of an object header.
    record Message(int type, List<Byte> data) {}

    H5Builder() {
        file.writeBytes(new byte[SUPERBLOCK_BYTES]);
    }

    /// Where the next object will be.
    long next() {
        return file.size();
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static Message message(int type, byte[] data) {
        final List<Byte> bytes = new ArrayList<>();
        for (byte b : data) {
            bytes.add(b);
        }
        return new Message(type, bytes);
    }

    private static byte[] padded(byte[] bytes) {
        return Arrays.copyOf(bytes, (bytes.length + 7) / 8 * 8);
    }

    /// Raw bytes.
    long raw(byte[] bytes) {
        final long at = next();
        file.writeBytes(padded(bytes));
        return at;
    }

    static byte[] floats(float... values) {
        final ByteBuffer bytes = buffer(values.length * 4);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    /// An object of these messages.
    long object(List<Message> messages) {
        final long at = next();
        final ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (Message message : messages) {
            final byte[] data = new byte[message.data().size()];
            for (int i = 0; i < data.length; i++) {
                data[i] = message.data().get(i);
            }
            final byte[] whole = padded(data);
            body.writeBytes(buffer(8)
                    .putShort((short) message.type())
                    .putShort((short) whole.length)
                    .array());
            body.writeBytes(whole);
        }
        file.writeBytes(buffer(16)
                .put((byte) 1)
                .put((byte) 0)
                .putShort((short) messages.size())
                .putInt(1)
                .putInt(body.size())
                .array());
        file.writeBytes(body.toByteArray());
        return at;
    }

    /// A group of these links, with attributes.
    long group(Message... links) {
        final List<Message> messages = new ArrayList<>();
        messages.add(message(
                LINK_INFO,
                buffer(18)
                        .put((byte) 0)
                        .put((byte) 0)
                        .putLong(UNDEFINED)
                        .putLong(UNDEFINED)
                        .array()));
        messages.addAll(List.of(links));
        return object(messages);
    }

    private static Message link(String name, int type, byte[] target) {
        final byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        return message(
                LINK,
                buffer(5 + bytes.length + target.length)
                        .put((byte) 1)
                        .put((byte) 0x09)
                        .put((byte) type)
                        .putShort((short) bytes.length)
                        .put(bytes)
                        .put(target)
                        .array());
    }

    static Message hard(String name, long address) {
        return link(name, 0, buffer(8).putLong(address).array());
    }

    static Message soft(String name, String target) {
        final byte[] bytes = target.getBytes(StandardCharsets.UTF_8);
        return link(
                name,
                1,
                buffer(2 + bytes.length)
                        .putShort((short) bytes.length)
                        .put(bytes)
                        .array());
    }

    static Message external(String name, String otherFile, String path) {
        final byte[] bytes = ("\0" + otherFile + "\0" + path + "\0").getBytes(StandardCharsets.UTF_8);
        return link(
                name,
                64,
                buffer(2 + bytes.length)
                        .putShort((short) bytes.length)
                        .put(bytes)
                        .array());
    }

    private static byte[] dataspace(long... dims) {
        final ByteBuffer bytes = buffer(8 + 8 * dims.length).put((byte) 1).put((byte) dims.length);
        bytes.position(8);
        Arrays.stream(dims).forEach(bytes::putLong);
        return bytes.array();
    }

    private static byte[] float32() {
        return buffer(20)
                .putInt(0x001F2011)
                .putInt(4)
                .putShort((short) 0)
                .putShort((short) 32)
                .put((byte) 23)
                .put((byte) 8)
                .put((byte) 0)
                .put((byte) 23)
                .putInt(127)
                .array();
    }

    private static byte[] int64() {
        return buffer(12)
                .putInt(0x00000810)
                .putInt(8)
                .putShort((short) 0)
                .putShort((short) 64)
                .array();
    }

    private static byte[] fixedString(int size) {
        return buffer(8).putInt(0x00000113).putInt(size).array();
    }

    private static byte[] variableString() {
        return buffer(16)
                .putInt(0x00000119)
                .putInt(16)
                .putInt(0x00000013)
                .putInt(1)
                .array();
    }

    private static Message attribute(String name, byte[] type, byte[] space, byte[] data) {
        final byte[] bytes = (name + "\0").getBytes(StandardCharsets.UTF_8);
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(buffer(8)
                .put((byte) 1)
                .put((byte) 0)
                .putShort((short) bytes.length)
                .putShort((short) type.length)
                .putShort((short) space.length)
                .array());
        out.writeBytes(padded(bytes));
        out.writeBytes(padded(type));
        out.writeBytes(padded(space));
        out.writeBytes(data);
        return message(ATTRIBUTE, out.toByteArray());
    }

    /// A string of fixed length.
    static Message text(String name, String value) {
        final byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        return attribute(name, fixedString(Math.max(1, bytes.length)), dataspace(), bytes);
    }

    /// Strings of one fixed length.
    static Message texts(String name, List<String> values) {
        if (values.isEmpty()) {
            return attribute(name, float32(), dataspace(0), new byte[0]);
        }
        int size = 1;
        for (String value : values) {
            size = Math.max(size, value.getBytes(StandardCharsets.UTF_8).length);
        }
        final ByteBuffer data = buffer(size * values.size());
        for (int i = 0; i < values.size(); i++) {
            data.put(i * size, values.get(i).getBytes(StandardCharsets.UTF_8));
        }
        return attribute(name, fixedString(size), dataspace(values.size()), data.array());
    }

    /// One string of fixed length that ends with a zero, whatever comes after it.
    static Message terminated(String name, String value) {
        final byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        final byte[] type = buffer(8).putInt(0x00000013).putInt(bytes.length).array();
        return attribute(name, type, dataspace(1), bytes);
    }

    /// A string of variable length in a heap, once or many times.
    Message variableTexts(String name, byte[] value, int times, boolean scalar) {
        final long heap = heap(value);
        final ByteBuffer data = buffer(16 * times);
        for (int i = 0; i < times; i++) {
            data.putInt(value.length).putLong(heap).putInt(1);
        }
        return attribute(name, variableString(), scalar ? dataspace() : dataspace(times), data.array());
    }

    /// Strings of a size and in a number that are only claimed.
    static Message claimedTexts(String name, int size, long... dims) {
        return attribute(name, fixedString(size), dataspace(dims), new byte[8]);
    }

    /// A string that is said to be so long, in a heap that is said to be there.
    static Message textAt(String name, long heap, int length) {
        return attribute(
                name,
                variableString(),
                dataspace(),
                buffer(16).putInt(length).putLong(heap).putInt(1).array());
    }

    private long heap(byte[] value) {
        final int size = 16 + 16 + (value.length + 7) / 8 * 8 + 16;
        final ByteBuffer heap =
                buffer(size).put("GCOL".getBytes(StandardCharsets.US_ASCII)).putInt(1);
        heap.putLong(size).putShort((short) 1).putShort((short) 1).putInt(0).putLong(value.length);
        heap.put(value);
        // The rest is free: object 0, with the size of what is left.
        heap.position(size - 16);
        heap.putLong(0).putLong(16);
        return raw(heap.array());
    }

    private static byte[] contiguousLayout(long address, long size) {
        return buffer(18)
                .put((byte) 3)
                .put((byte) 1)
                .putLong(address)
                .putLong(size)
                .array();
    }

    private long dataset(byte[] type, byte[] layout, long... dims) {
        return object(List.of(message(DATASPACE, dataspace(dims)), message(DATATYPE, type), message(LAYOUT, layout)));
    }

    /// Floats one after the other.
    long dataset(float[] values, long... dims) {
        return contiguous(raw(floats(values)), values.length * 4L, dims);
    }

    /// Floats that are said to be at a place.
    long contiguous(long address, long size, long... dims) {
        return dataset(float32(), contiguousLayout(address, size), dims);
    }

    /// A number.
    long counter(long value) {
        return dataset(int64(), contiguousLayout(raw(buffer(8).putLong(value).array()), 8));
    }

    /// Values in other files by a virtual data set.
    long virtual(long... dims) {
        return dataset(
                float32(),
                buffer(14).put((byte) 4).put((byte) 3).putLong(next()).putInt(1).array(),
                dims);
    }

    /// Values in another file by external storage.
    long externalStorage(long... dims) {
        final byte[] files = buffer(40)
                .put((byte) 1)
                .put(new byte[3])
                .putShort((short) 1)
                .putShort((short) 1)
                .putLong(SUPERBLOCK_BYTES)
                .putLong(0)
                .putLong(0)
                .putLong(64)
                .array();
        return object(List.of(
                message(DATASPACE, dataspace(dims)),
                message(DATATYPE, float32()),
                message(EXTERNAL_FILES, files),
                message(LAYOUT, contiguousLayout(UNDEFINED, 0))));
    }

    /// Floats in one chunk, deflated.
    ///
    /// @param inflated what the chunk's bytes inflate to
    long deflated(byte[] inflated, int[] chunk, long... dims) {
        final Deflater deflater = new Deflater(9);
        deflater.setInput(inflated);
        deflater.finish();
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final byte[] part = new byte[1 << 16];
        while (!deflater.finished()) {
            out.write(part, 0, deflater.deflate(part));
        }
        deflater.end();
        final byte[] bytes = out.toByteArray();
        final long data = raw(bytes);
        final int rank = dims.length;
        final int keyBytes = 8 + 8 * (rank + 1);
        final ByteBuffer tree = buffer(24 + 2 * keyBytes + 8);
        tree.put("TREE".getBytes(StandardCharsets.US_ASCII))
                .put((byte) 1)
                .put((byte) 0)
                .putShort((short) 1);
        tree.putLong(UNDEFINED).putLong(UNDEFINED).putInt(bytes.length).putInt(0);
        tree.position(24 + keyBytes);
        tree.putLong(data);
        return chunked(raw(tree.array()), chunk, dims);
    }

    /// A deflated data set whose chunks a tree at this address lists.
    long chunked(long tree, int[] chunk, long... dims) {
        final ByteBuffer layout =
                buffer(3 + 8 + 4 * (chunk.length + 1)).put((byte) 3).put((byte) 2);
        layout.put((byte) (chunk.length + 1)).putLong(tree);
        Arrays.stream(chunk).forEach(layout::putInt);
        layout.putInt(4);
        final byte[] filters = buffer(24)
                .put((byte) 1)
                .put((byte) 1)
                .put(new byte[6])
                .putShort((short) 1)
                .putShort((short) 0)
                .putShort((short) 0)
                .putShort((short) 1)
                .putInt(9)
                .putInt(0)
                .array();
        return object(List.of(
                message(DATASPACE, dataspace(dims)),
                message(DATATYPE, float32()),
                message(FILTERS, filters),
                message(LAYOUT, layout.array())));
    }

    /// An object header that goes on at itself.
    long endless() {
        final long at = next();
        return object(List.of(
                message(CONTINUATION, buffer(16).putLong(at + 16).putLong(24).array()),
                message(CONTINUATION, buffer(16).putLong(at + 16).putLong(24).array())));
    }

    /// An old group whose tree of links has nodes of two children that are the same node, so many levels deep;
    /// or of which the top is its own child. It names a layer.
    long sharedTree(int levels) {
        final long names = raw(new byte[16]);
        final ByteBuffer heap =
                buffer(32).put("HEAP".getBytes(StandardCharsets.US_ASCII)).putInt(0);
        heap.putLong(16).putLong(UNDEFINED).putLong(names);
        final long heapAt = raw(heap.array());
        long child = 0;
        for (int level = 0; level <= levels; level++) {
            final ByteBuffer tree = buffer(24 + 8 + 2 * 16);
            tree.put("TREE".getBytes(StandardCharsets.US_ASCII))
                    .put((byte) 0)
                    .put((byte) (levels == 0 ? 1 : level))
                    .putShort((short) (levels > 0 && level == 0 ? 0 : 2));
            final long below = levels == 0 ? next() : child;
            tree.putLong(UNDEFINED).putLong(UNDEFINED);
            tree.putLong(0).putLong(below).putLong(0).putLong(below).putLong(0);
            child = raw(tree.array());
        }
        return object(List.of(
                texts("layer_names", List.of("d")),
                message(SYMBOL_TABLE, buffer(16).putLong(child).putLong(heapAt).array())));
    }

    /// With the checksum of all before it.
    private static byte[] summed(ByteBuffer bytes) {
        return bytes.putInt(JenkinsHash.of(bytes.array(), bytes.position())).array();
    }

    private static ByteBuffer signed(int size, String signature) {
        return buffer(size).put(signature.getBytes(StandardCharsets.US_ASCII));
    }

    /// An object header of version 2 whose blocks each go on twice at the next one, so many levels deep.
    long doublingHeader(int levels) {
        final int size = 4 + 2 * 20 + 4;
        long block = raw(
                summed(signed(size, "OCHK").put((byte) 0).putShort((short) 36).position(size - 4)));
        for (int level = 0; level < levels; level++) {
            final ByteBuffer next = signed(size, "OCHK");
            for (int i = 0; i < 2; i++) {
                next.put((byte) CONTINUATION).putShort((short) 16).put((byte) 0);
                next.putLong(block).putLong(size);
            }
            block = raw(summed(next));
        }
        return raw(summed(signed(10 + 20 + 4, "OHDR")
                .put((byte) 2)
                .put((byte) 2)
                .putInt(20)
                .put((byte) CONTINUATION)
                .putShort((short) 16)
                .put((byte) 0)
                .putLong(block)
                .putLong(size)));
    }

    /// An attribute whose type is that of another object.
    private static Message sharedType(String name, long object) {
        return message(
                ATTRIBUTE,
                buffer(9 + 2 + 10 + 4 + 4)
                        .put((byte) 3)
                        .put((byte) 1)
                        .putShort((short) 2)
                        .putShort((short) 10)
                        .putShort((short) 4)
                        .put((byte) 0)
                        .put(name.getBytes(StandardCharsets.US_ASCII))
                        .put((byte) 0)
                        .put((byte) 3)
                        .put((byte) 2)
                        .putLong(object)
                        .put((byte) 2)
                        .array());
    }

    /// A group with an attribute whose type is that of an object with two attributes, whose types are that of
    /// the next, so many levels deep.
    long doublingTypes(int levels) {
        long object = object(List.of(message(DATATYPE, float32())));
        for (int level = 0; level < levels; level++) {
            object = object(List.of(message(DATATYPE, float32()), sharedType("a", object), sharedType("b", object)));
        }
        return group(sharedType("a", object));
    }

    /// A group of so many links that all lead to one object, of so many messages.
    long linksToOneObject(int links, int messages) {
        final long object = object(Collections.nCopies(messages, message(0, new byte[0])));
        final Message[] all = new Message[links + 1];
        all[0] = texts("layer_names", List.of("d"));
        for (int i = 0; i < links; i++) {
            all[i + 1] = hard(String.valueOf(i), object);
        }
        return group(all);
    }

    /// An old group whose links have names that are the ends of one text.
    long overlappingNames(int bytes, int links) {
        final byte[] text = new byte[bytes + 1];
        Arrays.fill(text, 0, bytes, (byte) 'a');
        final long names = raw(text);
        final long heap = raw(signed(32, "HEAP")
                .putInt(0)
                .putLong(text.length)
                .putLong(UNDEFINED)
                .putLong(names)
                .array());
        final long object = group();
        final ByteBuffer table = signed(8 + 40 * links, "SNOD");
        table.put((byte) 1).put((byte) 0).putShort((short) links);
        for (int i = 0; i < links; i++) {
            table.putLong(i).putLong(object).position(table.position() + 24);
        }
        final ByteBuffer tree =
                signed(24 + 24, "TREE").put((byte) 0).put((byte) 0).putShort((short) 1);
        tree.putLong(UNDEFINED).putLong(UNDEFINED).putLong(0).putLong(raw(table.array()));
        return object(List.of(
                texts("layer_names", List.of("d")),
                message(
                        SYMBOL_TABLE,
                        buffer(16).putLong(raw(tree.array())).putLong(heap).array())));
    }

    /// A group whose tree of links says that it has so many.
    long claimedLinks(int count) {
        final long leaf =
                raw(summed(signed(512, "BTLF").put((byte) 0).put((byte) 5).position(508)));
        final long tree = raw(summed(signed(38, "BTHD")
                .put((byte) 0)
                .put((byte) 5)
                .putInt(512)
                .putShort((short) 11)
                .putShort((short) 0)
                .put((byte) 100)
                .put((byte) 40)
                .putLong(leaf)
                .putShort((short) 0)
                .putLong(count)));
        return object(List.of(
                texts("layer_names", List.of("d")),
                message(
                        LINK_INFO,
                        buffer(18)
                                .put((byte) 0)
                                .put((byte) 0)
                                .putLong(leaf)
                                .putLong(tree)
                                .array())));
    }

    /// A data set whose list of chunks says that it has so many.
    long claimedChunks(int count, int[] chunk, long... dims) {
        final ByteBuffer list = signed(12 + 6 * 8 + 8 + 4, "EAHD");
        list.put(new byte[] {0, 0, 8, 32, 4, 16, 4, 10});
        list.position(12 + 4 * 8).putLong(count).putLong(count).putLong(96);
        final long at = raw(summed(list));
        final ByteBuffer layout = buffer(5 + 4 * (chunk.length + 1) + 6 + 8);
        layout.put(new byte[] {4, 2, 0, (byte) (chunk.length + 1), 4});
        Arrays.stream(chunk).forEach(layout::putInt);
        layout.putInt(4).put(new byte[] {4, 32, 4, 4, 16, 10}).putLong(at);
        return dataset(float32(), layout.array(), dims);
    }

    /// The file, with this group as its root.
    byte[] finish(long root) {
        final byte[] bytes = file.toByteArray();
        final ByteBuffer start = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        start.put(new byte[] {(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'});
        start.putInt(0).put((byte) 0).put((byte) 8).put((byte) 8).put((byte) 0);
        start.putShort((short) 4).putShort((short) 16).putInt(0);
        start.putLong(0).putLong(UNDEFINED).putLong(bytes.length).putLong(UNDEFINED);
        start.putLong(0).putLong(root);
        return bytes;
    }
}
