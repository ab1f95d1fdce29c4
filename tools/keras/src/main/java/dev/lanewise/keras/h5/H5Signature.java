package dev.lanewise.keras.h5;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;

/// The bytes by which HDF5 is known: at the start of a file or, after a user block, at byte 512, 1024, 2048, …
public final class H5Signature {
    private static final byte[] BYTES = {(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

    private H5Signature() {}

    /// Whether a file has them.
    public static boolean isIn(FileChannel channel) throws IOException {
        final long size = channel.size();
        for (long at = 0; at + BYTES.length <= size; at = next(at)) {
            final ByteBuffer start = ByteBuffer.allocate(BYTES.length);
            while (start.hasRemaining() && channel.read(start, at + start.position()) > 0) {
                // Reads on.
            }
            if (Arrays.equals(start.array(), BYTES)) {
                return true;
            }
        }
        return false;
    }

    /// Where a file in memory has them; -1 if it has not.
    static long find(MemorySegment file) {
        final MemorySegment signature = MemorySegment.ofArray(BYTES);
        for (long at = 0; at + BYTES.length <= file.byteSize(); at = next(at)) {
            if (file.asSlice(at, BYTES.length).mismatch(signature) < 0) {
                return at;
            }
        }
        return -1;
    }

    private static long next(long at) {
        return at == 0 ? 512 : at * 2;
    }
}
