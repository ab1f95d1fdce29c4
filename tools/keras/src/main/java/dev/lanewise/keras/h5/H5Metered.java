package dev.lanewise.keras.h5;

import io.jhdf.Superblock;
import io.jhdf.storage.HdfBackingStorage;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/// The file as the library sees it: what is read of its structures is counted, and has an end. Headers, trees
/// and heaps hold addresses, and nothing keeps a file from having one part read by many others, which few bytes
/// are enough to make into hours and gigabytes. Sound files have each part read two or three times.
final class H5Metered implements HdfBackingStorage {
    /// What a read costs beside its bytes.
    private static final int READ = 16;

    /// Bytes that may be read of the structures of any file, and how many times those of a file beyond that.
    private static final long SPARE = 4 << 20;

    private static final int TIMES = 8;

    /// Bytes that may be read for one header: the library keeps all its messages, of which the shortest have
    /// four bytes in the file and many in memory.
    private static final long HEADER = 8 << 20;

    private final HdfBackingStorage storage;
    private final long limit;
    private long most;
    private long spent;

    H5Metered(HdfBackingStorage storage, long fileSize) {
        this.storage = storage;
        this.limit = SPARE + TIMES * fileSize;
        this.most = limit;
    }

    /// A header is read from here on.
    void beginHeader() {
        most = Math.min(limit, spent + HEADER);
    }

    /// The header was read.
    void endHeader() {
        most = limit;
    }

    /// Counts bytes that were read, or will be.
    ///
    /// @throws IllegalStateException if they are more than a sound file has
    void spend(long bytes) {
        spent += READ + Math.max(0, bytes);
        if (spent > most) {
            throw new IllegalStateException("its parts lead to one another over and over: a damaged file");
        }
    }

    @Override
    public ByteBuffer readBufferFromAddress(long address, int length) {
        spend(length);
        return storage.readBufferFromAddress(address, length);
    }

    @Override
    public ByteBuffer map(long address, long length) {
        spend(0);
        return storage.map(address, length);
    }

    @Override
    public ByteBuffer mapNoOffset(long address, long length) {
        spend(0);
        return storage.mapNoOffset(address, length);
    }

    @Override
    public long getUserBlockSize() {
        return storage.getUserBlockSize();
    }

    @Override
    public Superblock getSuperblock() {
        return storage.getSuperblock();
    }

    @Override
    public FileChannel getFileChannel() {
        return storage.getFileChannel();
    }

    @Override
    public int getSizeOfOffsets() {
        return storage.getSizeOfOffsets();
    }

    @Override
    public int getSizeOfLengths() {
        return storage.getSizeOfLengths();
    }

    @Override
    public void close() {
        storage.close();
    }

    @Override
    public long size() {
        return storage.size();
    }

    @Override
    public boolean inMemory() {
        return storage.inMemory();
    }
}
