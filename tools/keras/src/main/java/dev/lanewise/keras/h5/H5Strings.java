package dev.lanewise.keras.h5;

import dev.lanewise.io.ModelFormatException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// Texts of a file: UTF-8 whatever the type says, since ASCII is a part of it and writers mix them up. All
/// of them together are not longer than the file, as it would be if each were stored once.
final class H5Strings {
    /// Bytes of one string: configurations of the largest published models have less than a megabyte.
    private static final int MAX_STRING = 32 << 20;

    private final String name;
    private long budget;

    /// @param name the file's, for errors
    H5Strings(String name, long fileSize) {
        this.name = name;
        this.budget = fileSize;
    }

    /// A string of fixed length that ends at its first zero.
    String terminated(ByteBuffer bytes) {
        int end = 0;
        while (end < bytes.remaining() && bytes.get(end) != 0) {
            end++;
        }
        return text(bytes.slice(0, end));
    }

    /// A string of fixed length that is filled up with a byte.
    String padded(ByteBuffer bytes, char pad) {
        int end = bytes.remaining();
        while (end > 0 && bytes.get(end - 1) == (byte) pad) {
            end--;
        }
        return text(bytes.slice(0, end));
    }

    /// A string of a length that the file gives, in a place of a heap; zeros at its end are none of it.
    String inHeap(ByteBuffer place, int length) {
        if (length < 0 || length > place.remaining()) {
            throw new ModelFormatException(name + ": a string of " + Integer.toUnsignedString(length)
                    + " bytes in a place of " + place.remaining());
        }
        return padded(place.slice(place.position(), length), '\0');
    }

    private String text(ByteBuffer bytes) {
        if (bytes.remaining() > MAX_STRING) {
            throw new ModelFormatException(
                    name + ": a string of " + bytes.remaining() + " bytes; up to " + MAX_STRING + " are supported");
        }
        budget -= bytes.remaining();
        if (budget < 0) {
            throw new ModelFormatException(name + ": its strings are longer than the file");
        }
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }
}
