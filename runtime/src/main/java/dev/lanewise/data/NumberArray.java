package dev.lanewise.data;

import dev.lanewise.tensor.Shape;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// Numbers read from or written to a data file: a shape and the values in row-major order, as float32
/// whatever the
/// file had. Only unsigned bytes stay bytes, since that is what images are made of.
public final class NumberArray {
    private final Shape shape;
    private final String dtype;
    private final float @Nullable [] floats;
    private final byte @Nullable [] bytes;

    private NumberArray(Shape shape, String dtype, float @Nullable [] floats, byte @Nullable [] bytes) {
        this.shape = shape;
        this.dtype = dtype;
        this.floats = floats;
        this.bytes = bytes;
    }

    /// Floats under a shape; the array is not copied.
    ///
    /// @throws IllegalArgumentException if their number is not the shape's size
    public static NumberArray of(Shape shape, float[] data) {
        return of(shape, "<f4", data);
    }

    static NumberArray of(Shape shape, String dtype, float[] data) {
        if (shape.size() != data.length) {
            throw new IllegalArgumentException(
                    "NumberArray: " + data.length + " values, expected " + shape.size() + " for shape " + shape);
        }
        return new NumberArray(shape, dtype, data, null);
    }

    /// Values as they stand in a file. The array becomes part of the result.
    static NumberArray decode(Shape shape, String dtype, NumberType type, ByteOrder order, byte[] raw) {
        return type == NumberType.UINT8
                ? new NumberArray(shape, dtype, null, raw)
                : of(shape, dtype, type.toFloats(raw, order));
    }

    /// The dimensions.
    public Shape shape() {
        return shape;
    }

    /// The type of the values in the file, as NumPy spells it: `<f4`, `|u1`, `<i8` ...
    public String dtype() {
        return dtype;
    }

    /// Whether the values are whole numbers by their type.
    public boolean isInteger() {
        char kind = dtype.charAt(1);
        return kind == 'i' || kind == 'u' || kind == 'b';
    }

    /// The values as floats; not a copy, unless they are unsigned bytes. Whole numbers beyond 2^24 and
    /// doubles are
    /// rounded.
    public float[] data() {
        return bytes != null ? NumberType.UINT8.toFloats(bytes, ByteOrder.nativeOrder()) : floats();
    }

    private float[] floats() {
        if (floats == null) {
            throw new AssertionError("neither floats nor bytes");
        }
        return floats;
    }

    /// Whether the values are unsigned bytes.
    public boolean isBytes() {
        return bytes != null;
    }

    /// The values as unsigned bytes, not a copy.
    ///
    /// @throws IllegalStateException if they are not unsigned bytes
    public byte[] bytes() {
        if (bytes == null) {
            throw new IllegalStateException("NumberArray: the values are " + dtype + ", not unsigned bytes");
        }
        return bytes;
    }

    /// The values as whole numbers.
    ///
    /// @throws IllegalArgumentException if one is not whole, or beyond 2^24 and so perhaps rounded
    public int[] toLabels() {
        float[] data = data();
        var labels = new int[data.length];
        for (int i = 0; i < data.length; i++) {
            labels[i] = (int) data[i];
            if (labels[i] != data[i] || Math.abs(data[i]) > 1 << 24) {
                throw new IllegalArgumentException("NumberArray: value " + i + " is " + data[i]
                        + ", expected a whole number up to 2^24 as a label");
            }
        }
        return labels;
    }

    @Override
    public String toString() {
        return dtype + " " + shape;
    }
}
