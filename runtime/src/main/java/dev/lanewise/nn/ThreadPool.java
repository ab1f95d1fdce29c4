package dev.lanewise.nn;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Threads that share the chunks of one task with its caller.
///
/// A task is published by one write of [#ticket], which holds its number, its count of chunks and the next chunk;
/// whoever is free claims the next. So a thread that the system took off its core costs one chunk's delay, no
/// more. Waiting threads spin for a moment, then sleep.
final class ThreadPool implements AutoCloseable {
    /// A part of a task.
    interface Task {
        /// Does a chunk.
        ///
        /// @param thread 0 for the caller, 1 to threads - 1 for the pool's
        void run(int chunk, int thread);
    }

    static final int MAX_CHUNKS = 0xffff;

    /// About 100 µs, the gap between two tasks of one training step several times over; waking a thread costs 5 µs
    /// and more.
    private static final int SPINS = 4_000;

    private static final int CHUNK_BITS = 16;
    private static final int TASK_SHIFT = 2 * CHUNK_BITS;

    private static final VarHandle PARKED = MethodHandles.arrayElementVarHandle(boolean[].class);

    private final Thread[] workers;
    private final boolean[] parked;
    private final AtomicBoolean busy = new AtomicBoolean();

    /// Task number (32 bits), count of chunks (16), next chunk (16).
    private final AtomicLong ticket = new AtomicLong();

    private final AtomicInteger done = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile @Nullable Thread waiter;
    private volatile @Nullable Throwable failure;
    private @Nullable Task task;

    ThreadPool(int threads) {
        workers = new Thread[threads - 1];
        parked = new boolean[threads - 1];
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
        return workers.length > 0 && !closed.get() && busy.compareAndSet(false, true);
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
        done.setRelease(0);
        final long number = (ticket.get() >>> TASK_SHIFT) + 1;
        ticket.set(number << TASK_SHIFT | (long) chunks << CHUNK_BITS);
        for (int i = 0, wanted = Math.min(workers.length, chunks - 1); i < wanted; i++) {
            if ((boolean) PARKED.getAcquire(parked, i)) {
                LockSupport.unpark(workers[i]);
            }
        }
        claimAll(number & 0xffffffffL, 0);
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

    private void claimAll(long number, int thread) {
        while (true) {
            final long now = ticket.get();
            final int chunk = (int) now & MAX_CHUNKS;
            if (now >>> TASK_SHIFT != number || chunk >= ((int) (now >>> CHUNK_BITS) & MAX_CHUNKS)) {
                return;
            }
            if (ticket.weakCompareAndSetVolatile(now, now + 1)) {
                // The task cannot change before this chunk is done.
                final Task claimed = task;
                try {
                    if (claimed != null) {
                        claimed.run(chunk, thread);
                    }
                } catch (RuntimeException | Error e) {
                    failure = e;
                }
                done.incrementAndGet();
            }
        }
    }

    private void await(int chunks) {
        for (int spins = 0; done.get() < chunks; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                waiter = Thread.currentThread();
                if (done.get() < chunks) {
                    LockSupport.parkNanos(this, 50_000);
                }
                waiter = null;
            }
        }
    }

    private void work(int index) {
        long last = 0;
        int spins = 0;
        while (!closed.get()) {
            final long number = ticket.get() >>> TASK_SHIFT;
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
            } else {
                PARKED.setVolatile(parked, index, true);
                if (ticket.get() >>> TASK_SHIFT == last && !closed.get()) {
                    LockSupport.park(this);
                }
                PARKED.setVolatile(parked, index, false);
            }
        }
    }

    /// Ends the threads; tasks then run on their callers.
    @Override
    public void close() {
        closed.set(true);
        for (Thread worker : workers) {
            LockSupport.unpark(worker);
        }
    }
}
