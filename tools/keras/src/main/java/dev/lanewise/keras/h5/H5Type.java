package dev.lanewise.keras.h5;

import java.nio.ByteBuffer;

/// Types of a data set's elements that can be read as numbers.
public enum H5Type {
    FLOAT16("float16", 2),
    BFLOAT16("bfloat16", 2),
    FLOAT32("float32", 4),
    FLOAT64("float64", 8),
    INT8("int8", 1),
    UINT8("uint8", 1),
    INT16("int16", 2),
    UINT16("uint16", 2),
    INT32("int32", 4),
    UINT32("uint32", 4),
    INT64("int64", 8),
    UINT64("uint64", 8),
    /// Strings, compounds, other layouts of bits: not read.
    OTHER("another type", 1);

    private final String title;
    private final int bytes;

    H5Type(String title, int bytes) {
        this.title = title;
        this.bytes = bytes;
    }

    /// NumPy's name.
    public String title() {
        return title;
    }

    /// Bytes of an element.
    public int bytes() {
        return bytes;
    }

    public boolean isFloatingPoint() {
        return this == FLOAT16 || this == BFLOAT16 || this == FLOAT32 || this == FLOAT64;
    }

    /// The element of this index, in the buffer's byte order.
    ///
    /// @throws IllegalArgumentException for [#OTHER]
    double value(ByteBuffer elements, int i) {
        final int at = i * bytes;
        return switch (this) {
            case FLOAT16 -> Float.float16ToFloat(elements.getShort(at));
            case BFLOAT16 -> Float.intBitsToFloat(elements.getShort(at) << 16);
            case FLOAT32 -> elements.getFloat(at);
            case FLOAT64 -> elements.getDouble(at);
            case INT8 -> elements.get(at);
            case UINT8 -> Byte.toUnsignedInt(elements.get(at));
            case INT16 -> elements.getShort(at);
            case UINT16 -> Short.toUnsignedInt(elements.getShort(at));
            case INT32 -> elements.getInt(at);
            case UINT32 -> Integer.toUnsignedLong(elements.getInt(at));
            case INT64 -> elements.getLong(at);
            case UINT64 -> unsigned(elements.getLong(at));
            case OTHER -> throw new IllegalArgumentException("not a number");
        };
    }

    private static double unsigned(long value) {
        return value >= 0 ? value : ((value >>> 1) | (value & 1)) * 2.0;
    }
}
