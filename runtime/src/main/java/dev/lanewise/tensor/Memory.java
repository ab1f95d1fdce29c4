package dev.lanewise.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/// The one source of off-heap memory: an owner opens it, takes zeroed buffers from it and closes it, which
/// frees them all.
///
/// Buffers start on a multiple of 64 bytes, and successive ones at different offsets modulo 4 KiB: equal
/// offsets make loads wait for unrelated stores. A process-wide counter tells how many bytes are taken, and
/// a limit can be set.
public final class Memory implements AutoCloseable {
    private static final int LINE = 64;
    private static final int PAGE = 4096;

    /// An odd number of lines, so that successive starts run through all lines of a page.
    private static final int STAGGER = 9 * LINE;

    private static final AtomicLong ALLOCATED = new AtomicLong();
    private static final AtomicLong STARTS = new AtomicLong();
    private static volatile long limit = Long.MAX_VALUE;

    private final Arena arena = Arena.ofShared();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final String owner;

    /// An owner without buffers yet.
    ///
    /// @param owner what the memory is for, named in errors
    public Memory(String owner) {
        this.owner = owner;
    }

    /// Bytes that are taken at the moment, over all owners.
    public static long allocated() {
        return ALLOCATED.get();
    }

    /// Bounds [#allocated()] from now on; memory that is taken already stays.
    ///
    /// @throws IllegalArgumentException if `bytes` is negative
    public static void setLimit(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("Memory: limit must not be negative, got " + bytes);
        }
        limit = bytes;
    }

    /// A zeroed buffer of `count` floats.
    ///
    /// @throws IllegalStateException if this is closed
    /// @throws OutOfMemoryError if the limit, or the machine's memory, does not allow it
    public MemorySegment floats(long count) {
        if (count < 0 || count > Long.MAX_VALUE / 8) {
            throw new IllegalArgumentException(owner + ": cannot allocate " + count + " floats");
        }
        if (closed.get()) {
            throw new IllegalStateException(owner + " is closed");
        }
        final long size = count * Float.BYTES;
        final long padded = size + PAGE;
        if (ALLOCATED.addAndGet(padded) > limit) {
            ALLOCATED.addAndGet(-padded);
            throw new OutOfMemoryError(owner + ": " + size + " bytes more would pass the limit of " + limit + " bytes ("
                    + allocated() + " are taken)");
        }
        final long start = STARTS.getAndIncrement() * STAGGER % PAGE;
        final MemorySegment buffer;
        try {
            buffer = arena.allocate(padded, PAGE);
        } catch (OutOfMemoryError e) {
            ALLOCATED.addAndGet(-padded);
            final OutOfMemoryError named =
                    new OutOfMemoryError(owner + ": the machine does not give " + size + " bytes more");
            named.initCause(e);
            throw named;
        } catch (RuntimeException e) {
            ALLOCATED.addAndGet(-padded);
            throw e;
        }
        bytes.addAndGet(padded);
        return buffer.asSlice(start, size);
    }

    /// Frees all buffers; their use afterwards throws [IllegalStateException]. A second call does nothing.
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            arena.close();
            ALLOCATED.addAndGet(-bytes.get());
        }
    }

    public boolean isClosed() {
        return closed.get();
    }
}
