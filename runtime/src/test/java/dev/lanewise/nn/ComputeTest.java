package dev.lanewise.nn;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class ComputeTest {
    private static final int M = 70;
    private static final int N = 200;
    private static final int K = 64;

    /// The first use in a process compiles kernels on another thread, with memory of its own.
    @BeforeAll
    static void warmUp() {
        Compute.shared().warmUp();
    }

    private static MemorySegment random(Arena arena, int n, long seed) {
        final RandomStream random = new RandomStream(seed);
        final MemorySegment segment = arena.allocate(4L * n, 64);
        for (int i = 0; i < n; i++) {
            segment.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return segment;
    }

    /// One product, activation and range of work, large enough to be split, with the operands of `seed`.
    private static float[] work(Compute compute, long seed) {
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment a = random(arena, M * K, seed);
            final MemorySegment b = random(arena, K * N, seed + 1);
            final MemorySegment bias = random(arena, N, seed + 2);
            final MemorySegment c = arena.allocate(4L * M * N, 64);
            final MemorySegment y = arena.allocate(4L * M * N, 64);
            final MemorySegment scratch = arena.allocate(4 * compute.gemmScratchSize(), 64);
            final float none = Float.POSITIVE_INFINITY;
            compute.gemm(false, false, M, N, K, a, K, b, N, 0, c, N, bias, -none, none, scratch);
            compute.forward(Activations.TANH, c, y, M, N);
            compute.run(
                    (from, to) -> {
                        for (int i = from; i < to; i++) {
                            y.setAtIndex(JAVA_FLOAT, i, y.getAtIndex(JAVA_FLOAT, i) + 1);
                        }
                    },
                    M * N,
                    64,
                    1_000_000);
            compute.forward(Activations.SOFTMAX, y, y, M, N);
            return y.toArray(JAVA_FLOAT);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7})
    void anyNumberOfThreadsGivesTheSameBits(int threads) {
        try (Compute one = Compute.of(Kernels.scalar(), 1);
                Compute compute = Compute.of(Kernels.best(), threads)) {
            for (int seed = 0; seed < 6; seed++) {
                assertArrayEquals(work(one, seed), work(compute, seed));
            }
        }
    }

    /// Callers that share the threads never see each other's work: who finds the threads busy works alone.
    @Test
    void manyCallersAtOnceGetTheirOwnResults() throws InterruptedException {
        final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        try (Compute one = Compute.of(Kernels.best(), 1);
                Compute compute = Compute.of(Kernels.best(), 3)) {
            final List<Thread> callers = new ArrayList<>();
            for (int t = 0; t < 6; t++) {
                final long seed = 10L * t;
                final float[] expected = work(one, seed);
                callers.add(Thread.ofPlatform().start(() -> {
                    try {
                        for (int i = 0; i < 100; i++) {
                            assertArrayEquals(expected, work(compute, seed));
                        }
                    } catch (RuntimeException | AssertionError e) {
                        failures.add(e);
                    }
                }));
            }
            for (Thread caller : callers) {
                caller.join();
            }
        }
        assertEquals(List.of(), List.copyOf(failures));
    }

    /// The moment at which one caller gives the threads back and the next takes them, many times.
    @Test
    void noItemIsLostWhenCallersFollowEachOther() throws InterruptedException {
        final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
        try (Compute compute = Compute.of(Kernels.best(), 3)) {
            final List<Thread> callers = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                callers.add(Thread.ofPlatform().start(() -> {
                    final AtomicInteger done = new AtomicInteger();
                    final RangeTask count = (from, to) -> done.addAndGet(to - from);
                    for (int i = 0; i < 40_000 && failures.isEmpty(); i++) {
                        done.set(0);
                        compute.run(count, 64, 16, 1_000_000);
                        if (done.get() != 64) {
                            failures.add("task " + i + ": " + done.get() + " items of 64");
                        }
                    }
                }));
            }
            for (Thread caller : callers) {
                caller.join();
            }
        }
        assertEquals(List.of(), List.copyOf(failures));
    }

    @Test
    void exceptionInATaskReachesTheCallerAndTheThreadsStillWork() {
        try (Compute compute = Compute.of(Kernels.best(), 3)) {
            final float[] expected = work(compute, 5);
            for (int i = 0; i < 50; i++) {
                assertThrows(
                        ArithmeticException.class,
                        () -> compute.run(
                                (from, to) -> {
                                    throw new ArithmeticException("planted");
                                },
                                10_000,
                                16,
                                1_000_000));
                assertArrayEquals(expected, work(compute, 5));
            }
        }
    }

    @Test
    void closedComputeFreesItsMemoryAndWorksOnTheCaller() {
        final long before = Memory.allocated();
        final Compute compute = Compute.of(Kernels.best(), 3);
        final float[] expected = work(compute, 5);
        compute.close();
        assertEquals(before, Memory.allocated());
        assertArrayEquals(expected, work(compute, 5));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 1025})
    void numberOfThreadsIsChecked(int threads) {
        final String message = assertThrows(IllegalArgumentException.class, () -> Compute.of(threads))
                .getMessage();
        assertEquals("Compute: threads must be 1 to 1024, got " + threads, message);
    }

    @Test
    void sharedOneCannotBeClosed() {
        assertThrows(IllegalStateException.class, Compute.shared()::close);
    }
}
