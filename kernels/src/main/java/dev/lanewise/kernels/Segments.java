package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;

/// The checks that every kernel makes of its operands before it reads or writes anything.
public final class Segments {
    private Segments() {}

    /// Native memory that is not mapped from a file, aligned to floats.
    ///
    /// @param name what the caller calls the operand
    /// @throws IllegalArgumentException if it is something else
    public static void requireNative(String name, MemorySegment segment) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException(
                    name + ": expected native memory, got a heap segment; copy it to one from an arena");
        }
        if (segment.isMapped()) {
            throw new IllegalArgumentException(name
                    + ": expected native memory that is not mapped from a file; copy it to a segment from an arena");
        }
    }

    /// Native floats `[offset, offset + count)`, to be read.
    ///
    /// @throws IllegalArgumentException if the segment is not native, is mapped, is not aligned, or is shorter
    public static void requireFloats(String name, MemorySegment segment, long offset, long count) {
        requireNative(name, segment);
        if (segment.address() % Float.BYTES != 0) {
            throw new IllegalArgumentException(
                    name + ": expected memory aligned to " + Float.BYTES + " bytes, got " + segment);
        }
        requireRange(name, segment.byteSize() / Float.BYTES, offset, count, "floats");
    }

    /// Native floats `[offset, offset + count)`, to be written.
    ///
    /// @throws IllegalArgumentException as [#requireFloats], and if the segment is read-only
    public static void requireWritableFloats(String name, MemorySegment segment, long offset, long count) {
        requireFloats(name, segment, offset, count);
        if (segment.isReadOnly()) {
            throw new IllegalArgumentException(name + ": expected memory to write to, got a read-only segment");
        }
    }

    /// Native floats of a matrix to be read: `rows` rows of `cols` floats, `ld` floats apart.
    ///
    /// @throws IllegalArgumentException as [#requireFloats], and if `ld` is less than `cols`
    public static void requireMatrix(String name, MemorySegment segment, long offset, int rows, int cols, long ld) {
        requireFloats(name, segment, offset, 0);
        if (rows < 0 || cols < 0 || ld < cols) {
            throw new IllegalArgumentException(name
                    + ": expected rows and columns of 0 or more and rows at least as far"
                    + " apart as they are long, got [" + rows + ", " + cols + "] with rows " + ld + " floats apart");
        }
        long left = segment.byteSize() / Float.BYTES - offset;
        // Written so that nothing overflows.
        if (rows > 0 && cols > 0 && (cols > left || (rows > 1 && ld > (left - cols) / (rows - 1)))) {
            throw new IllegalArgumentException(name + ": expected [" + rows + ", " + cols + "] with rows " + ld
                    + " floats apart at offset " + offset + ", got a segment of " + (left + offset) + " floats");
        }
    }

    /// Native bytes `[offset, offset + count)`, to be read.
    ///
    /// @throws IllegalArgumentException if the segment is not native, is mapped, or is shorter
    public static void requireBytes(String name, MemorySegment segment, long offset, long count) {
        requireNative(name, segment);
        requireRange(name, segment.byteSize(), offset, count, "bytes");
    }

    private static void requireRange(String name, long size, long offset, long count, String unit) {
        // Written so that nothing overflows.
        if (count < 0 || offset < 0 || offset > size || count > size - offset) {
            throw new IllegalArgumentException(name + ": expected " + count + " " + unit + " at offset " + offset
                    + ", got a segment of " + size + " " + unit);
        }
    }
}
