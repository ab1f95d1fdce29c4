package dev.lanewise.keras.h5;

import dev.lanewise.io.ModelFormatException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Trees of version 1, in which old groups keep their links and data sets their chunks.
final class H5Tree {
    /// A file's bytes.
    interface Bytes {
        /// So many from an address on.
        ByteBuffer at(long address, int length);
    }

    private H5Tree() {}

    /// Walks a tree of version 1 before the library does: each node is there once, one level below its parent.
    /// Else a few nodes that share their children would be a tree without end.
    ///
    /// @param keyBytes of a key between two children
    /// @param addressBytes of an address
    /// @param what file and object, for errors
    static void check(Bytes storage, long root, int keyBytes, int addressBytes, String what) {
        if (root == -1) {
            return;
        }
        final int start = 8 + 2 * addressBytes;
        final Set<Long> seen = new HashSet<>(Set.of(root));
        final Deque<Long> open = new ArrayDeque<>(seen);
        final Map<Long, Integer> levels = new HashMap<>();
        while (!open.isEmpty()) {
            final long address = open.removeLast();
            final ByteBuffer head = storage.at(address, start);
            final int level = Byte.toUnsignedInt(head.get(5));
            final int entries = Short.toUnsignedInt(head.getShort(6));
            final Integer expected = levels.get(address);
            if (expected != null && level != expected) {
                throw new ModelFormatException(what + " has a damaged tree");
            }
            final ByteBuffer body = storage.at(address + start, Math.multiplyExact(entries, keyBytes + addressBytes));
            for (int i = 0; i < entries; i++) {
                final int at = i * (keyBytes + addressBytes) + keyBytes;
                final long child = addressBytes == 8 ? body.getLong(at) : Integer.toUnsignedLong(body.getInt(at));
                if (!seen.add(child)) {
                    throw new ModelFormatException(what + " has a tree in which a part stands twice");
                }
                if (level > 0) {
                    levels.put(child, level - 1);
                    open.add(child);
                }
            }
        }
    }
}
