package dev.lanewise.keras.h5;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.lanewise.io.ModelFormatException;
import java.lang.foreign.MemorySegment;

/// The first structure of an HDF5 file, as far as it tells whether the file is whole: it says where the file
/// ends. A file that lost its end may still have all that is looked for and nothing to notice it by.
final class H5Superblock {
    /// Places in the superblock of versions 0 and 1: size of addresses, and the first address; version 1 has
    /// four bytes more before it.
    private static final int SIZE_0 = 13;

    private static final int ADDRESSES_0 = 24;
    private static final int MORE_1 = 4;

    /// The same of versions 2 and 3.
    private static final int SIZE_2 = 9;

    private static final int ADDRESSES_2 = 12;

    /// The third address is the file's end.
    private static final int END = 2;

    private static final int VERSION = 8;

    private H5Superblock() {}

    /// @param at where the signature is
    /// @throws ModelFormatException if the file ends before its end
    static void requireWhole(String name, MemorySegment file, long at) {
        final int version = unsigned(name, file, at + VERSION);
        final boolean old = version < 2;
        final int size = unsigned(name, file, at + (old ? SIZE_0 : SIZE_2));
        final long addresses = at + (old ? ADDRESSES_0 + (version == 1 ? MORE_1 : 0) : ADDRESSES_2);
        long end = 0;
        for (int i = size - 1; i >= 0; i--) {
            final int part = unsigned(name, file, addresses + (long) END * size + i);
            // An end beyond all files stays one.
            end = end >>> (Long.SIZE - Byte.SIZE) == 0 ? end << Byte.SIZE | part : -1L;
        }
        if (Long.compareUnsigned(end, file.byteSize()) > 0) {
            throw new ModelFormatException(name + ": is a truncated HDF5 file: it ends at byte " + file.byteSize()
                    + ", expected " + Long.toUnsignedString(end) + " bytes");
        }
    }

    private static int unsigned(String name, MemorySegment file, long at) {
        if (at >= file.byteSize()) {
            throw new ModelFormatException(name + ": is a truncated HDF5 file: it ends at byte " + file.byteSize()
                    + ", within its superblock, which has byte " + at + " too");
        }
        return Byte.toUnsignedInt(file.get(JAVA_BYTE, at));
    }
}
