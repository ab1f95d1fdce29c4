package dev.lanewise.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;

/// Reads and writes NumPy's NPY files: a magic string, a version, the length of the header, a header, the
/// values.
///
/// All versions and all real number types are read, in either order of axes; pickled objects are never loaded.
/// Written are float32 values, row-major, as version 1.0.
public final class NpyFile {
    private static final byte[] MAGIC = HexFormat.of().parseHex("934e554d5059");

    /// Far above what an array of numbers needs.
    private static final int MAX_HEADER = 1 << 16;

    private static final int HEADER_ALIGNMENT = 64;

    private static final int FLOATS_PER_WRITE = 1 << 14;

    private NpyFile() {}

    /// Reads the file at `path`.
    ///
    /// @throws DataFormatException if it is not an NPY file, is damaged, or holds something else than real
    ///     numbers
    /// @throws UncheckedIOException if it cannot be read
    public static NumberArray read(Path path) {
        return ByteSource.readFile(path, NpyFile::read);
    }

    /// Reads a whole stream, which stays open; `name` is for messages.
    ///
    /// @throws DataFormatException if it is not an NPY file, is damaged, or holds something else than real
    ///     numbers
    /// @throws UncheckedIOException if it cannot be read
    public static NumberArray read(String name, InputStream in) {
        return ByteSource.withinMemory(name, () -> read(ByteSource.unpacking(name, in, -1)));
    }

    static NumberArray read(ByteSource source) {
        byte[] start = source.read(8, "the header");
        if (!Arrays.equals(start, 0, 6, MAGIC, 0, 6)) {
            throw new DataFormatException(source.name() + ": not an NPY file, it starts with bytes "
                    + HexFormat.ofDelimiter(" ").formatHex(start, 0, 6) + ", expected "
                    + HexFormat.ofDelimiter(" ").formatHex(MAGIC));
        }
        int major = start[6];
        if (major < 1 || major > 3 || start[7] != 0) {
            throw new DataFormatException(source.name() + ": version " + (major & 0xff) + "." + (start[7] & 0xff)
                    + " at byte 6, expected 1.0, 2.0 or 3.0");
        }
        byte[] length = Arrays.copyOf(source.read(major == 1 ? 2 : 4, "the header's length"), 4);
        long headerBytes = Integer.toUnsignedLong(
                ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getInt());
        if (headerBytes > MAX_HEADER) {
            throw new DataFormatException(source.name() + ": the header's length at byte 8 is " + headerBytes
                    + ", expected at most " + MAX_HEADER);
        }
        int position = (int) source.position();
        byte[] text = source.read((int) headerBytes, "the header");
        var header = NpyHeader.parse(source.name(), position, new String(text, StandardCharsets.ISO_8859_1));
        byte[] raw =
                source.read(source.bytesOf(header.shape(), header.type().bytes), "values of shape " + header.shape());
        source.expectEnd();
        if (header.fortranOrder()) {
            raw = toRowMajor(raw, header.shape().toArray(), header.type().bytes);
        }
        return NumberArray.decode(header.shape(), header.dtype(), header.type(), header.order(), raw);
    }

    /// The values, which have their first axis closest together, with the last axis closest together.
    private static byte[] toRowMajor(byte[] raw, int[] dims, int bytes) {
        if (dims.length < 2 || raw.length == 0) {
            return raw;
        }
        var strides = new int[dims.length];
        int stride = bytes;
        for (int axis = 0; axis < dims.length; axis++) {
            strides[axis] = stride;
            stride *= dims[axis];
        }
        var result = new byte[raw.length];
        var index = new int[dims.length];
        int from = 0;
        for (int to = 0; to < result.length; to += bytes) {
            for (int i = 0; i < bytes; i++) {
                result[to + i] = raw[from + i];
            }
            for (int axis = dims.length - 1; axis >= 0; axis--) {
                from += strides[axis];
                if (++index[axis] < dims[axis]) {
                    break;
                }
                from -= dims[axis] * strides[axis];
                index[axis] = 0;
            }
        }
        return result;
    }

    /// Writes a file, as float32: beside `path` first, then moved there, so that nobody sees half of it.
    ///
    /// @throws UncheckedIOException if it cannot be written; what was there before stays then
    public static void write(Path path, NumberArray array) {
        FileReplacement.write(path, out -> writeTo(out, array));
    }

    /// Writes to a stream, which stays open, as float32.
    ///
    /// @throws UncheckedIOException if it cannot be written
    public static void write(OutputStream out, NumberArray array) {
        try {
            writeTo(out, array);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void writeTo(OutputStream out, NumberArray array) throws IOException {
        out.write(header(array));
        float[] data = array.data();
        var buffer = ByteBuffer.allocate(Math.min(data.length, FLOATS_PER_WRITE) * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from < data.length; from += FLOATS_PER_WRITE) {
            int count = Math.min(FLOATS_PER_WRITE, data.length - from);
            buffer.asFloatBuffer().put(data, from, count);
            out.write(buffer.array(), 0, count * Float.BYTES);
        }
    }

    /// Everything in front of the values, whose start is a multiple of 64.
    private static byte[] header(NumberArray array) {
        var shape = new StringBuilder("(");
        for (int dim : array.shape().toArray()) {
            shape.append(dim).append(", ");
        }
        if (array.shape().rank() > 1) {
            shape.setLength(shape.length() - 2);
        } else if (array.shape().rank() == 1) {
            shape.setLength(shape.length() - 1);
        }
        String dict = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape.append(')') + ", }";
        int start = MAGIC.length + 4;
        int length = (start + dict.length() + HEADER_ALIGNMENT) / HEADER_ALIGNMENT * HEADER_ALIGNMENT - start;
        var header = ByteBuffer.allocate(start + length).order(ByteOrder.LITTLE_ENDIAN);
        header.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) length);
        header.put((dict + " ".repeat(length - 1 - dict.length()) + "\n").getBytes(StandardCharsets.ISO_8859_1));
        return header.array();
    }
}
