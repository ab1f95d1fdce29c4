package dev.lanewise.nn;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Threads that share the chunks of one task with its caller.
///
/// Each thread has a part of the chunks that is its own, the same for every task of as many chunks, so that
/// what it wrote for one task is in its cache for the next. Who is done waits a moment, and takes of the
/// others' parts what is not begun by then: a thread that the system took off its core costs one chunk's
/// delay, no more, and one that only started later keeps its part, for the way of its data to another core
/// may take longer than the chunk. Waiting threads spin for a moment, then sleep.
final class ThreadPool implements AutoCloseable {
    /// A part of a task.
    interface Task {
        /// Does a chunk.
        ///
        /// @param thread 0 for the caller, 1 to threads - 1 for the pool's
        void run(int chunk, int thread);
    }

    static final int MAX_CHUNKS = 0xffff;

    /// About 100 µs, the gap between two tasks of one training step several times over; waking a thread
    /// costs 5 µs
    /// and more.
    private static final int SPINS = 4_000;

    /// About 1 µs: two cores' clocks start a task 0.1 to 0.5 µs apart.
    private static final int SPINS_BEFORE_STEALING = 40;

    private static final int CHUNK_BITS = 16;
    private static final int TASK_SHIFT = 2 * CHUNK_BITS;

    /// Longs between two words that different threads write: two cache lines, since some CPUs fetch in pairs.
    private static final int PADDING = 16;

    /// The number of the task that is published.
    private static final int TICKET = PADDING;

    /// Chunks of it that are done.
    private static final int DONE = 2 * PADDING;

    /// For each thread, from here on: number of the task (32 bits), end of its part (16), its next chunk (16).
    private static final int PARTS = 3 * PADDING;

    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle PARKED = MethodHandles.arrayElementVarHandle(boolean[].class);

    private final Thread[] workers;
    private final boolean[] parked;
    private final long[] words;
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile boolean closed;
    private volatile @Nullable Thread waiter;
    private volatile @Nullable Throwable failure;
    private @Nullable Task task;

    ThreadPool(int threads) {
        workers = new Thread[threads - 1];
        parked = new boolean[threads - 1];
        words = new long[PARTS + (threads + 1) * PADDING];
        for (int i = 0; i < workers.length; i++) {
            final int index = i;
            workers[i] =
                    Thread.ofPlatform().daemon().name("lanewise-" + (i + 1)).start(() -> work(index));
        }
    }

    int threads() {
        return workers.length + 1;
    }

    /// Takes the pool for [#run] until [#release]; false when it is another caller's or closed.
    boolean tryAcquire() {
        return workers.length > 0 && !closed && busy.compareAndSet(false, true);
    }

    /// Gives the pool back, once the caller has put away what its tasks read.
    void release() {
        busy.set(false);
    }

    /// Runs all chunks and returns when the last is done. The caller holds the pool, also afterwards.
    void run(Task work, int chunks) {
        if (chunks < 0 || chunks > MAX_CHUNKS) {
            throw new IllegalArgumentException("a task has 0 to " + MAX_CHUNKS + " chunks, got " + chunks);
        }
        task = work;
        final long number = ((long) WORD.getOpaque(words, TICKET) + 1) & 0xffffffffL;
        final int threads = threads();
        for (int t = 0, first = 0; t < threads; t++) {
            final int end = (int) ((long) (t + 1) * chunks / threads);
            WORD.setOpaque(words, PARTS + t * PADDING, number << TASK_SHIFT | (long) end << CHUNK_BITS | first);
            first = end;
        }
        WORD.setOpaque(words, DONE, 0L);
        WORD.setVolatile(words, TICKET, number);
        for (int i = 0, wanted = Math.min(workers.length, chunks - 1); i < wanted; i++) {
            if ((boolean) PARKED.getAcquire(parked, i)) {
                LockSupport.unpark(workers[i]);
            }
        }
        claimAll(number, 0);
        await(chunks);
        task = null;
        final Throwable thrown = failure;
        failure = null;
        if (thrown instanceof RuntimeException e) {
            throw e;
        } else if (thrown instanceof Error e) {
            throw e;
        }
    }

    /// Does the thread's own chunks, then what is left of those of the threads after it.
    private void claimAll(long number, int thread) {
        final int threads = threads();
        for (int i = 0; i < threads; i++) {
            final int part = PARTS + (thread + i < threads ? thread + i : thread + i - threads) * PADDING;
            if (i > 0) {
                awaitOwner(number, part);
            }
            claimPart(number, part, thread);
        }
    }

    /// Whether chunks of a part are left.
    private static boolean isLeft(long word, long number) {
        return word >>> TASK_SHIFT == number && ((int) word & MAX_CHUNKS) < ((int) (word >>> CHUNK_BITS) & MAX_CHUNKS);
    }

    /// Gives a part's owner time to begin what is left of it, anew after each chunk.
    private void awaitOwner(long number, int part) {
        long seen = (long) WORD.getVolatile(words, part);
        for (int spins = 0; isLeft(seen, number) && spins < SPINS_BEFORE_STEALING; spins++) {
            Thread.onSpinWait();
            final long now = (long) WORD.getVolatile(words, part);
            spins = now == seen ? spins : 0;
            seen = now;
        }
    }

    private void claimPart(long number, int part, int thread) {
        while (true) {
            final long now = (long) WORD.getVolatile(words, part);
            if (!isLeft(now, number)) {
                return;
            }
            final int chunk = (int) now & MAX_CHUNKS;
            if (WORD.weakCompareAndSet(words, part, now, now + 1)) {
                // The task cannot change before this chunk is done.
                final Task claimed = task;
                try {
                    if (claimed != null) {
                        claimed.run(chunk, thread);
                    }
                } catch (RuntimeException | Error e) {
                    failure = e;
                }
                WORD.getAndAdd(words, DONE, 1L);
            }
        }
    }

    private void await(int chunks) {
        for (int spins = 0; (long) WORD.getVolatile(words, DONE) < chunks; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                waiter = Thread.currentThread();
                if ((long) WORD.getVolatile(words, DONE) < chunks) {
                    LockSupport.parkNanos(this, 50_000);
                }
                waiter = null;
            }
        }
    }

    private void work(int index) {
        long last = 0;
        int spins = 0;
        while (true) {
            final long number = (long) WORD.getVolatile(words, TICKET);
            if (number != last) {
                last = number;
                claimAll(number, index + 1);
                final Thread waiting = waiter;
                if (waiting != null) {
                    LockSupport.unpark(waiting);
                }
                spins = 0;
            } else if (spins++ < SPINS) {
                Thread.onSpinWait();
            } else if (closed) {
                return;
            } else {
                PARKED.setVolatile(parked, index, true);
                if ((long) WORD.getVolatile(words, TICKET) == last && !closed) {
                    LockSupport.park(this);
                }
                PARKED.setVolatile(parked, index, false);
            }
        }
    }

    /// Ends the threads; tasks then run on their callers.
    @Override
    public void close() {
        closed = true;
        for (Thread worker : workers) {
            LockSupport.unpark(worker);
        }
    }
}
