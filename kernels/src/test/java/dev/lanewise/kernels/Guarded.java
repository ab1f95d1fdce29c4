package dev.lanewise.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Floats in native memory with a guard value before and behind, which must survive whatever a kernel does.
record Guarded(MemorySegment segment, long offset, int length) {
    private static final float GUARD = -7.0625e29f;

    /// Guards behind the floats: more than the widest vector.
    private static final int TAIL = 35;

    /// @param offset guards before the floats
    static Guarded of(Arena arena, long offset, float... values) {
        MemorySegment segment = arena.allocate((offset + values.length + TAIL) * Float.BYTES, 64);
        for (long i = 0; i < offset + values.length + TAIL; i++) {
            segment.setAtIndex(JAVA_FLOAT, i, GUARD);
        }
        MemorySegment.copy(values, 0, segment, JAVA_FLOAT, offset * Float.BYTES, values.length);
        return new Guarded(segment, offset, values.length);
    }

    float get(int i) {
        return segment.getAtIndex(JAVA_FLOAT, offset + i);
    }

    float[] values() {
        return segment.asSlice(offset * Float.BYTES, (long) length * Float.BYTES)
                .toArray(JAVA_FLOAT);
    }

    /// @throws AssertionError if a guard was overwritten
    void checkGuards(String what) {
        long end = segment.byteSize() / Float.BYTES;
        for (long i = 0; i < end; i++) {
            boolean guard = i < offset || i >= offset + length;
            if (guard && segment.getAtIndex(JAVA_FLOAT, i) != GUARD) {
                throw new AssertionError(what + ": wrote at " + (i - offset) + " of " + length);
            }
        }
    }

    /// @throws AssertionError if a float differs by a bit; any NaN equals any other
    void checkSameBits(String what, Guarded expected) {
        for (int i = 0; i < length; i++) {
            if (Float.floatToIntBits(get(i)) != Float.floatToIntBits(expected.get(i))) {
                throw new AssertionError(
                        what + ": [" + i + "] of " + length + " is " + get(i) + ", expected " + expected.get(i));
            }
        }
    }
}
