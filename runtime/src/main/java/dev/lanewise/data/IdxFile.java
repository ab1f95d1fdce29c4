package dev.lanewise.data;

import dev.lanewise.tensor.Shape;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HexFormat;

/// Reads IDX files, the format of MNIST, plain or packed with gzip.
///
/// Two zero bytes, a type code, the number of dimensions, each dimension as a 32-bit number, then the
/// values; all numbers start with their highest byte. The values must fill the file to its end.
public final class IdxFile {
    private IdxFile() {}

    /// Reads the file at `path`.
    ///
    /// @throws DataFormatException if it is not an IDX file, too short or too long
    /// @throws java.io.UncheckedIOException if it cannot be read
    public static NumberArray read(Path path) {
        return ByteSource.readFile(path, IdxFile::read);
    }

    /// Reads a whole stream, which stays open; `name` is for messages.
    ///
    /// @throws DataFormatException if it is not an IDX file, too short or too long
    /// @throws java.io.UncheckedIOException if it cannot be read
    public static NumberArray read(String name, InputStream in) {
        return ByteSource.withinMemory(name, () -> read(ByteSource.unpacking(name, in, -1)));
    }

    private static NumberArray read(ByteSource source) {
        byte[] start = source.read(4, "the header");
        if (start[0] != 0 || start[1] != 0) {
            throw new DataFormatException(source.name() + ": not an IDX file, it starts with bytes "
                    + HexFormat.ofDelimiter(" ").formatHex(start, 0, 2) + ", expected 00 00");
        }
        NumberType type = type(source.name(), start[2]);
        int rank = start[3] & 0xff;
        if (rank == 0) {
            throw new DataFormatException(source.name() + ": 0 dimensions at byte 3, expected 1 or more");
        }
        Shape shape = shape(source, rank);
        byte[] raw = source.read(source.bytesOf(shape, type.bytes), "values of shape " + shape);
        source.expectEnd();
        return NumberArray.decode(shape, (type.bytes == 1 ? "|" : ">") + type.code, type, ByteOrder.BIG_ENDIAN, raw);
    }

    private static NumberType type(String name, byte code) {
        return switch (code) {
            case 0x08 -> NumberType.UINT8;
            case 0x09 -> NumberType.INT8;
            case 0x0b -> NumberType.INT16;
            case 0x0c -> NumberType.INT32;
            case 0x0d -> NumberType.FLOAT32;
            case 0x0e -> NumberType.FLOAT64;
            default ->
                throw new DataFormatException(name + ": unknown type code "
                        + HexFormat.of().toHexDigits(code) + " at byte 2, expected 08, 09, 0b, 0c, 0d or 0e");
        };
    }

    private static Shape shape(ByteSource source, int rank) {
        var header = ByteBuffer.wrap(source.read(4 * rank, "the dimensions"));
        var dims = new int[rank];
        for (int i = 0; i < rank; i++) {
            dims[i] = header.getInt();
            if (dims[i] < 0) {
                throw new DataFormatException(source.name() + ": dimension " + i + " at byte " + (4 + 4 * i) + " is "
                        + Integer.toUnsignedString(dims[i]) + ", more than the " + Integer.MAX_VALUE
                        + " that are supported");
            }
        }
        return Shape.of(dims);
    }
}
