package dev.lanewise.tensor;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/// A segment of native memory and a shape: float32, row-major, without gaps. It owns nothing: use after its
/// owner closed throws the platform's [IllegalStateException]. Views share memory.
///
/// @param segment exactly as long as the shape needs
/// @param shape concrete
public record Tensor(MemorySegment segment, Shape shape) {
    public Tensor {
        shape.requireConcrete();
        if (!segment.isNative() || segment.isMapped()) {
            throw new IllegalArgumentException("Tensor " + shape + ": memory must be native and not a mapped file");
        }
        if (shape.size() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("Tensor " + shape + ": more than 2^31 - 1 elements are not supported");
        }
        if (segment.byteSize() != shape.size() * Float.BYTES) {
            throw new IllegalArgumentException("Tensor " + shape + " needs " + shape.size() * Float.BYTES
                    + " bytes, the segment has " + segment.byteSize());
        }
    }

    /// A zeroed tensor in `memory`.
    public static Tensor zeros(Memory memory, Shape shape) {
        return new Tensor(memory.floats(shape.size()), shape);
    }

    /// The `shape.size()` floats from `offset` (in floats) of a longer segment.
    public static Tensor at(MemorySegment segment, long offset, Shape shape) {
        return new Tensor(segment.asSlice(offset * Float.BYTES, shape.size() * Float.BYTES), shape);
    }

    /// Number of elements.
    public int size() {
        return (int) shape.size();
    }

    /// The same elements in another shape of equal size.
    public Tensor reshape(Shape other) {
        return new Tensor(segment, other);
    }

    /// Element `index` in row-major order.
    public float get(long index) {
        return segment.getAtIndex(JAVA_FLOAT, index);
    }

    public void set(long index, float value) {
        segment.setAtIndex(JAVA_FLOAT, index, value);
    }

    /// Copies all elements out.
    public float[] toArray() {
        return segment.toArray(JAVA_FLOAT);
    }

    /// Copies all elements in.
    ///
    /// @throws IllegalArgumentException if the length differs
    public void copyFrom(float[] values) {
        if (values.length != size()) {
            throw new IllegalArgumentException(
                    "Tensor " + shape + " takes " + size() + " values, got " + values.length);
        }
        MemorySegment.copy(values, 0, segment, JAVA_FLOAT, 0, values.length);
    }

    /// Copies all elements of a tensor of the same size.
    public void copyFrom(Tensor other) {
        if (other.size() != size()) {
            throw new IllegalArgumentException("Tensor " + shape + " takes " + size() + " values, got " + other.shape);
        }
        MemorySegment.copy(other.segment, 0, segment, 0, segment.byteSize());
    }
}
