package dev.lanewise.keras.h5;

import dev.lanewise.io.ModelFormatException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// The values of a data set that is stored in chunks: boxes of one size that cover it, those at its ends
/// beyond it.
/// Where a chunk's bytes are in the file is not known here.
final class H5Chunks {
    /// Chunks may be larger than the data set, by this much at most: writers choose a megabyte or less.
    private static final int SPARE = 16 << 20;

    /// All chunks together may be larger than the data set, beyond what is spare, by this factor at most:
    /// those at
    /// the ends of each axis may be nearly empty. Otherwise few bytes of a file, given as every chunk, would be
    /// inflated for hours.
    private static final int MOST_SPREAD = 16;

    /// Java's arrays end there.
    private static final long MAX_BYTES = Integer.MAX_VALUE - 8;

    /// Finds a chunk's bytes.
    interface Source {
        /// The bytes as they are stored.
        ///
        /// @param offset the chunk's first element
        ByteBuffer chunk(int[] offset);
    }

    private final String where;
    private final H5Dataset data;
    private final int[] chunk;
    private final H5Filters filters;
    private final Source source;
    private final int chunkBytes;
    private final long count;

    /// Checks sizes, before anything is read.
    ///
    /// @param where the file and the data set, for errors
    /// @param chunk sizes of a chunk's dimensions
    /// @throws ModelFormatException if they are absurd, or the file cannot have so many chunks
    H5Chunks(String where, H5Dataset data, int[] chunk, H5Filters filters, long fileSize, Source source) {
        this.where = where;
        this.data = data;
        this.chunk = chunk;
        this.filters = filters;
        this.source = source;
        if (chunk.length != data.dims().size()) {
            throw new ModelFormatException(
                    where + " has " + data.dims().size() + " dimensions, its chunks have " + chunk.length);
        }
        final long limit = Math.max(SPARE, 4 * data.byteSize());
        long bytes = data.type().bytes();
        long chunks = 1;
        for (int i = 0; i < chunk.length; i++) {
            if (chunk[i] <= 0 || bytes > limit / chunk[i]) {
                throw new ModelFormatException(where + " has chunks of an absurd size, " + Arrays.toString(chunk));
            }
            bytes *= chunk[i];
            chunks = Math.multiplyExact(chunks, (data.dims().get(i) + chunk[i] - 1) / chunk[i]);
        }
        chunkBytes = Math.toIntExact(bytes);
        count = chunks;
        if (count > fileSize) {
            throw new ModelFormatException(
                    where + " would have " + count + " chunks, the file has " + fileSize + " bytes");
        }
        if (count > 0 && chunkBytes > Math.max(SPARE, MOST_SPREAD * data.byteSize()) / count) {
            throw new ModelFormatException(where + " has " + count + " chunks of " + chunkBytes
                    + " bytes for values of " + data.byteSize() + " bytes");
        }
    }

    /// Looks for all chunks.
    void check() {
        walk((offset, raw) -> {});
    }

    ByteBuffer read() {
        final long size = data.byteSize();
        if (size > MAX_BYTES) {
            throw new ModelFormatException(
                    where + " has " + size + " bytes in chunks; up to " + MAX_BYTES + " are supported");
        }
        final byte[] all = new byte[(int) size];
        final byte[] decoded = new byte[chunkBytes];
        walk((offset, raw) -> {
            filters.decode(raw, decoded);
            place(decoded, all, offset);
        });
        return ByteBuffer.wrap(all);
    }

    private interface Visitor {
        void chunk(int[] offset, ByteBuffer raw);
    }

    private void walk(Visitor visitor) {
        if (count == 0) {
            return;
        }
        final int[] offset = new int[chunk.length];
        while (true) {
            final ByteBuffer raw = source.chunk(offset.clone());
            visitor.chunk(offset, raw);
            int axis = chunk.length - 1;
            while (axis >= 0) {
                offset[axis] += chunk[axis];
                if (offset[axis] < data.dims().get(axis)) {
                    break;
                }
                offset[axis] = 0;
                axis--;
            }
            if (axis < 0) {
                return;
            }
        }
    }

    /// Copies the part of a chunk that is inside the data set, row by row.
    private void place(byte[] decoded, byte[] all, int[] offset) {
        final int rank = chunk.length;
        final int element = data.type().bytes();
        final int row = (int) Math.min(chunk[rank - 1], data.dims().get(rank - 1) - offset[rank - 1]) * element;
        final int[] at = new int[rank];
        while (true) {
            int from = 0;
            long to = 0;
            for (int i = 0; i < rank; i++) {
                from = from * chunk[i] + at[i];
                to = to * data.dims().get(i) + offset[i] + at[i];
            }
            System.arraycopy(decoded, from * element, all, (int) (to * element), row);
            int axis = rank - 2;
            while (axis >= 0) {
                at[axis]++;
                if (at[axis] < chunk[axis]
                        && offset[axis] + at[axis] < data.dims().get(axis)) {
                    break;
                }
                at[axis] = 0;
                axis--;
            }
            if (axis < 0) {
                return;
            }
        }
    }
}
