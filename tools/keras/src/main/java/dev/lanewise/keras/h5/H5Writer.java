package dev.lanewise.keras.h5;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Writes HDF5 files: superblock of version 2, object headers of version 2 with their links and attributes
/// in them,
/// contiguous datasets, texts of variable length in global heaps. HDF5 1.8 and later read that. Nothing is
/// limited to
/// the 64 KiB of a header's message but the list of an attribute's texts, at 4,000 of them.
///
/// Objects are written from the leaves up; each gives its address to the group that holds it.
///
/// Source: HDF5 File Format Specification, version 3.0.
@SuppressWarnings("ByteBufferBackingArray") // all of them were just allocated
public final class H5Writer {
    private static final long UNDEFINED = -1;
    private static final int SUPERBLOCK_BYTES = 48;

    /// Messages of object headers.
    private static final int DATASPACE = 0x01;

    private static final int LINK_INFO = 0x02;
    private static final int DATATYPE = 0x03;
    private static final int FILL_VALUE = 0x05;
    private static final int LINK = 0x06;
    private static final int LAYOUT = 0x08;
    private static final int GROUP_INFO = 0x0a;
    private static final int ATTRIBUTE = 0x0c;
    private static final int ATTRIBUTE_INFO = 0x15;

    private static final int MOST_OF_MESSAGE = 0xffff;

    /// The least size of a heap that readers take.
    private static final int LEAST_HEAP = 4096;

    /// Bytes that go to the file at a time.
    private static final int SLICE = 1 << 16;

    /// What follows the superblock, in order.
    private final List<MemorySegment> parts = new ArrayList<>();

    private long position = SUPERBLOCK_BYTES;

    private H5Writer() {}

    /// Writes a file.
    ///
    /// @throws IllegalArgumentException if an attribute is longer than the format can hold
    /// @throws IOException if the stream cannot be written
    public static void write(OutputStream out, H5Group root) throws IOException {
        final H5Writer writer = new H5Writer();
        final long address = writer.group(root);
        final ByteBuffer superblock = buffer(SUPERBLOCK_BYTES);
        superblock.put(new byte[] {(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'});
        superblock.put((byte) 2).put((byte) 8).put((byte) 8).put((byte) 0);
        superblock.putLong(0).putLong(UNDEFINED).putLong(writer.position).putLong(address);
        superblock.putInt(JenkinsHash.of(superblock.array(), superblock.position()));
        final byte[] slice = new byte[SLICE];
        copy(MemorySegment.ofBuffer(superblock.flip()), out, slice);
        for (MemorySegment part : writer.parts) {
            copy(part, out, slice);
        }
    }

    private static void copy(MemorySegment from, OutputStream out, byte[] slice) throws IOException {
        for (long at = 0; at < from.byteSize(); at += SLICE) {
            final int size = (int) Math.min(SLICE, from.byteSize() - at);
            MemorySegment.copy(from, ValueLayout.JAVA_BYTE, at, slice, 0, size);
            out.write(slice, 0, size);
        }
    }

    private long group(H5Group group) {
        final List<byte[]> messages = new ArrayList<>();
        messages.add(message(
                LINK_INFO,
                buffer(18).put((byte) 0).put((byte) 0).putLong(UNDEFINED).putLong(UNDEFINED)));
        messages.add(message(GROUP_INFO, buffer(2).put((byte) 0).put((byte) 0)));
        for (Map.Entry<String, H5Group> child : group.groups().entrySet()) {
            messages.add(link(child.getKey(), group(child.getValue())));
        }
        for (Map.Entry<String, H5Group.Dataset> child : group.datasets().entrySet()) {
            messages.add(link(child.getKey(), dataset(child.getValue())));
        }
        if (!group.attributes().isEmpty()) {
            messages.add(message(
                    ATTRIBUTE_INFO,
                    buffer(18).put((byte) 0).put((byte) 0).putLong(UNDEFINED).putLong(UNDEFINED)));
            for (Map.Entry<String, H5Group.Text> attribute : group.attributes().entrySet()) {
                messages.add(attribute(attribute.getKey(), attribute.getValue()));
            }
        }
        return header(messages);
    }

    private long dataset(H5Group.Dataset dataset) {
        final MemorySegment values = dataset.values();
        final long size = values.byteSize();
        align();
        final long address = size == 0 ? UNDEFINED : position;
        append(values);
        return header(List.of(
                message(DATASPACE, space(dataset.shape())),
                message(DATATYPE, numbers(dataset.type())),
                // Space is taken late, and the fill value is not defined.
                message(FILL_VALUE, buffer(2).put((byte) 3).put((byte) 0x0a)),
                message(
                        LAYOUT,
                        buffer(18).put((byte) 3).put((byte) 1).putLong(address).putLong(size))));
    }

    private static ByteBuffer space(List<Long> shape) {
        final ByteBuffer space = buffer(4 + 8 * shape.size());
        space.put((byte) 2).put((byte) shape.size()).put((byte) 0).put((byte) (shape.isEmpty() ? 0 : 1));
        shape.forEach(space::putLong);
        return space;
    }

    private static ByteBuffer numbers(H5Group.Type type) {
        return switch (type) {
            case FLOAT32 -> floats(4, 23, 8, 127);
            case INT32, INT64 -> integers(type.bytes(), true);
        };
    }

    private static ByteBuffer integers(int bytes, boolean signed) {
        return buffer(12)
                .putInt(0x10 | (signed ? 0x0800 : 0))
                .putInt(bytes)
                .putShort((short) 0)
                .putShort((short) (8 * bytes));
    }

    private static ByteBuffer floats(int bytes, int mantissa, int exponent, int bias) {
        return buffer(20)
                .putInt(0x11 | 0x20 << 8 | (8 * bytes - 1) << 16)
                .putInt(bytes)
                .putShort((short) 0)
                .putShort((short) (8 * bytes))
                .put((byte) mantissa)
                .put((byte) exponent)
                .put((byte) 0)
                .put((byte) mantissa)
                .putInt(bias);
    }

    /// Texts of variable length: in the attribute are length and place of each, in a heap the text.
    private byte[] attribute(String name, H5Group.Text text) {
        final List<String> values = text.values();
        final ByteBuffer type;
        final ByteBuffer data;
        if (values.isEmpty()) {
            type = floats(8, 52, 11, 1023);
            data = buffer(0);
        } else {
            // Python's writers mark lists of bytes as ASCII whatever is in them, and old readers of Keras
            // expect it.
            final boolean ascii = !text.single() || values.getFirst().chars().allMatch(c -> c < 128);
            final ByteBuffer base = integers(1, false).flip();
            type = buffer(8 + base.remaining())
                    .putInt(0x19 | 1 << 8 | (ascii ? 0 : 1) << 16)
                    .putInt(16)
                    .put(base);
            data = heap(values);
        }
        final ByteBuffer space = space(text.single() ? List.of() : List.of((long) values.size()));
        final byte[] key = name.getBytes(StandardCharsets.UTF_8);
        final int bytes = 9 + key.length + 1 + space.position() + type.position() + data.position();
        if (bytes > MOST_OF_MESSAGE) {
            throw new IllegalArgumentException(
                    "attribute '" + name + "': " + values.size() + " texts are too many for one attribute");
        }
        final ByteBuffer body = buffer(bytes);
        body.put((byte) 3).put((byte) 0);
        body.putShort((short) (key.length + 1))
                .putShort((short) type.position())
                .putShort((short) space.position());
        body.put((byte) 1).put(key).put((byte) 0);
        body.put(type.flip()).put(space.flip()).put(data.flip());
        return message(ATTRIBUTE, body);
    }

    /// Writes a heap with these texts.
    ///
    /// @return length, address and number of each
    private ByteBuffer heap(List<String> values) {
        final List<byte[]> texts = new ArrayList<>();
        long size = 16;
        for (String value : values) {
            final byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            texts.add(bytes);
            size += 16 + padded(bytes.length);
        }
        final int bytes = Math.toIntExact(Math.max(LEAST_HEAP, size + 16));
        final ByteBuffer heap = buffer(bytes);
        align();
        final long address = position;
        heap.put(new byte[] {'G', 'C', 'O', 'L', 1, 0, 0, 0}).putLong(bytes);
        final ByteBuffer places = buffer(16 * texts.size());
        for (int i = 0; i < texts.size(); i++) {
            final byte[] text = texts.get(i);
            heap.putShort((short) (i + 1)).putShort((short) 0).putInt(0).putLong(text.length);
            heap.put(text);
            heap.position(heap.position() + (int) padded(text.length) - text.length);
            places.putInt(text.length).putLong(address).putInt(i + 1);
        }
        // What is free.
        heap.putShort((short) 0).putShort((short) 0).putInt(0).putLong(heap.remaining() + 8L);
        append(heap.clear());
        return places;
    }

    private static byte[] link(String name, long address) {
        final byte[] key = name.getBytes(StandardCharsets.UTF_8);
        if (key.length > MOST_OF_MESSAGE - 13) {
            throw new IllegalArgumentException("a name of " + key.length + " bytes is too long for a link");
        }
        // Four bytes for the name's length; the name is UTF-8.
        return message(
                LINK,
                buffer(15 + key.length)
                        .put((byte) 1)
                        .put((byte) (2 | 1 << 4))
                        .put((byte) 1)
                        .putInt(key.length)
                        .put(key)
                        .putLong(address));
    }

    private static byte[] message(int type, ByteBuffer body) {
        body.flip();
        return buffer(4 + body.remaining())
                .put((byte) type)
                .putShort((short) body.remaining())
                .put((byte) 0)
                .put(body)
                .array();
    }

    private long header(List<byte[]> messages) {
        long size = 0;
        for (byte[] message : messages) {
            size += message.length;
        }
        final ByteBuffer header = buffer(Math.toIntExact(size + 14));
        header.put(new byte[] {'O', 'H', 'D', 'R', 2, 2}).putInt((int) size);
        messages.forEach(header::put);
        header.putInt(JenkinsHash.of(header.array(), header.position()));
        align();
        final long address = position;
        append(header.flip());
        return address;
    }

    private static long padded(long size) {
        return (size + 7) / 8 * 8;
    }

    private void align() {
        append(MemorySegment.ofArray(new byte[(int) (padded(position) - position)]));
    }

    private void append(ByteBuffer bytes) {
        append(MemorySegment.ofBuffer(bytes));
    }

    private void append(MemorySegment bytes) {
        parts.add(bytes);
        position += bytes.byteSize();
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
