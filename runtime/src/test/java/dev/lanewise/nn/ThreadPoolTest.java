package dev.lanewise.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ThreadPoolTest {
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 7})
    void everyChunkOfManyTasksRunsOnce(int threads) {
        final int most = 9;
        final int tasks = 100_000 / threads;
        final AtomicIntegerArray runs = new AtomicIntegerArray(most);
        try (ThreadPool pool = new ThreadPool(threads)) {
            for (int task = 0; task < tasks; task++) {
                final int chunks = task % (most + 1);
                assertTrue(pool.tryAcquire());
                pool.run((chunk, thread) -> runs.incrementAndGet(chunk), chunks);
                pool.release();
                for (int chunk = 0; chunk < most; chunk++) {
                    assertEquals(chunk < chunks ? 1 : 0, runs.getAndSet(chunk, 0), "chunk " + chunk + ", task " + task);
                }
            }
        }
    }

    @Test
    void threadNumbersAreThoseOfThePool() {
        final AtomicIntegerArray seen = new AtomicIntegerArray(3);
        try (ThreadPool pool = new ThreadPool(3)) {
            for (int task = 0; task < 1000; task++) {
                assertTrue(pool.tryAcquire());
                pool.run((chunk, thread) -> seen.incrementAndGet(thread), 20);
                pool.release();
            }
        }
        assertEquals(20_000, seen.get(0) + seen.get(1) + seen.get(2));
        assertTrue(seen.get(0) > 0, "the caller works too");
    }

    @Test
    void exceptionOfAnyChunkReachesTheCallerAndThePoolStillWorks() {
        try (ThreadPool pool = new ThreadPool(3)) {
            for (int task = 0; task < 300; task++) {
                final RuntimeException thrown = new IllegalStateException("chunk");
                final int failing = task % 5;
                final AtomicIntegerArray runs = new AtomicIntegerArray(5);
                assertTrue(pool.tryAcquire());
                assertSame(
                        thrown,
                        assertThrows(
                                IllegalStateException.class,
                                () -> pool.run(
                                        (chunk, thread) -> {
                                            runs.incrementAndGet(chunk);
                                            if (chunk == failing) {
                                                throw thrown;
                                            }
                                        },
                                        5)));
                pool.release();
                for (int chunk = 0; chunk < 5; chunk++) {
                    assertEquals(1, runs.get(chunk));
                }
            }
        }
    }

    @Test
    void errorsReachTheCallerToo() {
        try (ThreadPool pool = new ThreadPool(2)) {
            assertTrue(pool.tryAcquire());
            assertThrows(
                    StackOverflowError.class,
                    () -> pool.run(
                            (chunk, thread) -> {
                                throw new StackOverflowError("planted");
                            },
                            2));
            pool.release();
            assertTrue(pool.tryAcquire());
        }
    }

    @Test
    void busyPoolRefusesASecondCaller() throws InterruptedException {
        try (ThreadPool pool = new ThreadPool(2)) {
            final CountDownLatch inside = new CountDownLatch(1);
            final CountDownLatch leave = new CountDownLatch(1);
            final Thread first = Thread.ofPlatform().start(() -> {
                if (pool.tryAcquire()) {
                    pool.run(
                            (chunk, thread) -> {
                                inside.countDown();
                                awaitQuietly(leave);
                            },
                            1);
                    pool.release();
                }
            });
            assertTrue(inside.await(10, TimeUnit.SECONDS));
            assertFalse(pool.tryAcquire());
            leave.countDown();
            first.join();
            assertTrue(pool.tryAcquire());
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// What a task reads is put away before the next caller may write it.
    @Test
    void poolIsHeldUntilItIsReleased() {
        try (ThreadPool pool = new ThreadPool(2)) {
            assertTrue(pool.tryAcquire());
            pool.run((chunk, thread) -> {}, 3);
            assertFalse(pool.tryAcquire());
            pool.release();
            assertTrue(pool.tryAcquire());
        }
    }

    @Test
    void closedPoolAndPoolOfOneRefuseWork() {
        final ThreadPool pool = new ThreadPool(2);
        pool.close();
        pool.close();
        assertFalse(pool.tryAcquire());
        try (ThreadPool one = new ThreadPool(1)) {
            assertFalse(one.tryAcquire());
        }
    }

    @Test
    void closeEndsTheThreads() throws InterruptedException {
        final AtomicReference<Thread> worker = new AtomicReference<>();
        try (ThreadPool pool = new ThreadPool(2)) {
            while (worker.get() == null) {
                assertTrue(pool.tryAcquire());
                pool.run(
                        (chunk, thread) -> {
                            if (thread == 1) {
                                worker.set(Thread.currentThread());
                            } else {
                                Thread.onSpinWait();
                            }
                        },
                        64);
                pool.release();
            }
        }
        worker.get().join(10_000);
        assertFalse(worker.get().isAlive());
    }

    @Test
    void tooManyChunksAreRefused() {
        try (ThreadPool pool = new ThreadPool(2)) {
            assertTrue(pool.tryAcquire());
            assertThrows(IllegalArgumentException.class, () -> pool.run((chunk, thread) -> {}, 65_536));
            pool.release();
            assertTrue(pool.tryAcquire());
        }
    }
}
