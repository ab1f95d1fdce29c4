package dev.lanewise.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// The kinds of numbers in data files, by NumPy's name, and how each becomes float32.
enum NumberType {
    BOOL("b1", 1) {
        @Override
        float get(ByteBuffer raw, int i) {
            return raw.get(i) == 0 ? 0 : 1;
        }
    },
    UINT8("u1", 1) {
        @Override
        float get(ByteBuffer raw, int i) {
            return raw.get(i) & 0xff;
        }
    },
    INT8("i1", 1) {
        @Override
        float get(ByteBuffer raw, int i) {
            return raw.get(i);
        }
    },
    UINT16("u2", 2) {
        @Override
        float get(ByteBuffer raw, int i) {
            return raw.getChar(2 * i);
        }
    },
    INT16("i2", 2) {
        @Override
        float get(ByteBuffer raw, int i) {
            return raw.getShort(2 * i);
        }
    },
    UINT32("u4", 4) {
        @Override
        float get(ByteBuffer raw, int i) {
            return Integer.toUnsignedLong(raw.getInt(4 * i));
        }
    },
    INT32("i4", 4) {
        @Override
        float get(ByteBuffer raw, int i) {
            return raw.getInt(4 * i);
        }
    },
    UINT64("u8", 8) {
        @Override
        float get(ByteBuffer raw, int i) {
            long value = raw.getLong(8 * i);
            if (value >= 0) {
                return value;
            }
            // halved to fit; the lowest bit stays, so that rounding still sees it
            return ((value >>> 1) | (value & 1)) * 2f;
        }
    },
    INT64("i8", 8) {
        @Override
        float get(ByteBuffer raw, int i) {
            return raw.getLong(8 * i);
        }
    },
    FLOAT16("f2", 2) {
        @Override
        float get(ByteBuffer raw, int i) {
            return Float.float16ToFloat(raw.getShort(2 * i));
        }
    },
    FLOAT32("f4", 4) {
        @Override
        float get(ByteBuffer raw, int i) {
            return raw.getFloat(4 * i);
        }
    },
    FLOAT64("f8", 8) {
        @Override
        float get(ByteBuffer raw, int i) {
            return (float) raw.getDouble(8 * i);
        }
    };

    final String code;
    final int bytes;

    NumberType(String code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }

    /// The type with NumPy's name `code`, such as `f4`, or null.
    static @Nullable NumberType of(String code) {
        for (NumberType type : values()) {
            if (type.code.equals(code)) {
                return type;
            }
        }
        return null;
    }

    /// Number `i`, rounded to the nearest float.
    abstract float get(ByteBuffer raw, int i);

    /// All numbers of `raw`.
    float[] toFloats(byte[] raw, ByteOrder order) {
        var buffer = ByteBuffer.wrap(raw).order(order);
        var floats = new float[raw.length / bytes];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = get(buffer, i);
        }
        return floats;
    }
}
