package dev.lanewise.nn;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.tensor.Memory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Brings the vectorized kernels to compiled code, once in a process, on a thread of its own: it calls each with
/// tiny operands until its calls are short. Before HotSpot has compiled it at all, a vector kernel is hundreds of
/// times slower than after, and slower than the plain one; so [Compute] uses the plain kernels, which give the
/// same bits, until the vectorized ones are at least as fast.
final class WarmUp {
    /// Calls of one kernel in a row.
    private static final int CALLS = 32;

    /// The plain kernels take about this for a call below on average, and the vectorized ones in the code of
    /// HotSpot's first compiler; some 0.1 to 2 µs in that of the second.
    private static final long USABLE_NANOS = 20_000;

    private static final long COMPILED_NANOS = 10_000;

    /// Rounds in a row that must be short for the end: code may be thrown away and compiled again.
    private static final int SHORT_ROUNDS = 3;

    /// After this it is over in any case: a process that gets so little of the CPU is slow anyway, and what
    /// is not
    /// compiled by then soon will be.
    private static final long LIMIT_NANOS = 4_000_000_000L;

    private static volatile boolean usable;
    private static boolean over;
    private static boolean started;
    private static final Object LOCK = new Object();

    private WarmUp() {}

    /// Whether the vectorized kernels are as fast as the plain ones at least.
    static boolean isUsable() {
        return usable;
    }

    /// Starts the thread, if nobody did.
    static void start(Kernels kernels) {
        synchronized (LOCK) {
            if (!started) {
                started = true;
                Thread.ofPlatform().daemon().name("lanewise-warm-up").start(() -> run(kernels));
            }
        }
    }

    /// Returns when the kernels are compiled.
    static void await(Kernels kernels) {
        start(kernels);
        boolean interrupted = false;
        synchronized (LOCK) {
            while (!over) {
                try {
                    LOCK.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void run(Kernels kernels) {
        try (Memory memory = new Memory("WarmUp")) {
            final List<Runnable> calls = calls(kernels, memory);
            final long start = System.nanoTime();
            int shortRounds = 0;
            while (shortRounds < SHORT_ROUNDS && System.nanoTime() - start < LIMIT_NANOS) {
                boolean allShort = true;
                final long round = System.nanoTime();
                for (Runnable call : calls) {
                    final long before = System.nanoTime();
                    for (int i = 0; i < CALLS; i++) {
                        call.run();
                    }
                    allShort &= System.nanoTime() - before < CALLS * COMPILED_NANOS;
                }
                shortRounds = allShort ? shortRounds + 1 : 0;
                if (System.nanoTime() - round < (long) calls.size() * CALLS * USABLE_NANOS) {
                    usable = true;
                }
            }
        } finally {
            usable = true;
            synchronized (LOCK) {
                over = true;
                LOCK.notifyAll();
            }
        }
    }

    /// One call of every kernel that a usual training step needs.
    private static List<Runnable> calls(Kernels kernels, Memory memory) {
        final List<Runnable> calls = new ArrayList<>();
        final MemorySegment a = memory.floats(64 * 64);
        final MemorySegment b = memory.floats(64 * 512);
        final MemorySegment c = memory.floats(64 * 64);
        final MemorySegment d = memory.floats(64 * 64);
        final MemorySegment scratch = memory.floats(kernels.gemm().maxScratchSize());
        for (int i = 0; i < 64 * 64; i++) {
            a.setAtIndex(JAVA_FLOAT, i, i % 7 - 3);
            b.setAtIndex(JAVA_FLOAT, i, i % 5 - 2);
        }
        final int wide = kernels.gemm().columnQuantum();
        product(calls, kernels, false, false, 8, wide, 24, wide, a, b, c, scratch);
        product(calls, kernels, true, false, 16, wide, 24, wide, a, b, c, scratch);
        product(calls, kernels, false, true, 8, wide, 16, 16, a, b, c, scratch);
        product(calls, kernels, false, false, 8, 10, 24, 10, a, b, c, scratch);
        product(calls, kernels, true, false, 64, 10, 24, 10, a, b, c, scratch);

        final ActivationKernel relu = Activations.RELU.simd();
        final ActivationKernel softmax = Activations.SOFTMAX.simd();
        calls.add(() -> relu.forward(a, 0, c, 0, 1, 1000));
        calls.add(() -> relu.backward(null, 0, a, 0, b, 0, c, 0, 1, 1000, false));
        calls.add(() -> softmax.forward(a, 0, c, 0, 16, 10));
        calls.add(
                () -> kernels.loss().softmaxCrossEntropySparse(a, 0, d, 0, null, 0, c, 0, b, 4096, b, 8192, 16, 10, 1));
        calls.add(() -> kernels.reduction().columnSums(a, 0, 16, 64, 64, c, 0, false));
        calls.add(() -> kernels.elementwise().add(a, 0, a, 64, c, 0, 1000));
        calls.add(() -> kernels.elementwise().accumulate(a, 0, d, 3000, 64));
        calls.add(() -> kernels.elementwise().bytesToFloats(c, 3 * 1000, c, 0, 1000, 1 / 255f));
        final MemorySegment w = memory.floats(1024);
        final MemorySegment m = memory.floats(1024);
        final MemorySegment v = memory.floats(1024);
        calls.add(() -> kernels.optimizer().adam(w, a, m, v, 0, 1000, 1e-3f, 0.9f, 0.999f, 1e-7f));
        return calls;
    }

    private static void product(
            List<Runnable> calls,
            Kernels kernels,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            int ldb,
            MemorySegment a,
            MemorySegment b,
            MemorySegment c,
            MemorySegment scratch) {
        calls.add(() -> kernels.gemm()
                .multiply(
                        transA,
                        transB,
                        m,
                        n,
                        k,
                        a,
                        0,
                        transA ? m : k,
                        b,
                        0,
                        ldb,
                        0,
                        c,
                        0,
                        n,
                        null,
                        0,
                        0,
                        Float.POSITIVE_INFINITY,
                        scratch,
                        0));
    }
}
