package dev.lanewise.nn;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.tensor.Memory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// Brings the vectorized kernels to compiled code, once in a process, on a thread of its own: it calls each
/// with tiny operands until its calls are short. Before HotSpot has compiled it at all, a vector kernel is
/// hundreds of times slower than after, and slower than the plain one; so [Compute] uses the plain kernels,
/// which give the same bits, until the vectorized ones are at least as fast.
final class WarmUp {
    /// Calls of one kernel in a row.
    private static final int CALLS = 32;

    /// The plain kernels take about this for a call below on average, and each vectorized one in the code of
    /// HotSpot's first compiler; some 0.1 to 2 µs in that of the second.
    private static final long USABLE_NANOS = 20_000;

    /// Between rounds: calls while a kernel waits for the compiler only make more work for it, the JDK's own
    /// methods of vectors that are not compiled in.
    private static final long PAUSE_NANOS = 3_000_000;

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
                    allShort &= System.nanoTime() - before < CALLS * USABLE_NANOS;
                }
                if (!allShort) {
                    LockSupport.parkNanos(PAUSE_NANOS);
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
    ///
    /// A way through a kernel that no call takes is left out of the compiled code, and the compiler begins
    /// again when it is first taken, in the middle of the training. Hence products with a bias and without,
    /// of few rows and of many, and operands that end with their memory, as real ones do.
    private static List<Runnable> calls(Kernels kernels, Memory memory) {
        final List<Runnable> calls = new ArrayList<>();
        final MemorySegment scratch = memory.floats(kernels.gemm().maxScratchSize());
        final int wide = kernels.gemm().columnQuantum();
        product(calls, kernels, memory, scratch, false, false, 8, wide, 24, wide, true);
        product(calls, kernels, memory, scratch, true, false, 16, wide, 24, wide, false);
        product(calls, kernels, memory, scratch, false, true, 8, wide, 16, 16, false);
        product(calls, kernels, memory, scratch, false, false, 8, 10, 24, 10, true);
        product(calls, kernels, memory, scratch, true, false, 64, 10, 24, 10, false);
        product(calls, kernels, memory, scratch, false, false, 40, wide, 1, wide, true);
        product(calls, kernels, memory, scratch, false, false, 256, wide, 1, wide, false);
        product(calls, kernels, memory, scratch, false, false, 40, wide, 64, 512, false);
        product(calls, kernels, memory, scratch, true, false, 256, wide, 1, wide, false);
        product(calls, kernels, memory, scratch, false, true, 256, wide, 1, 1, false);
        product(calls, kernels, memory, scratch, false, false, 40, 10, 24, 10, false);

        final MemorySegment x = filled(memory, 1000);
        final MemorySegment y = filled(memory, 1000);
        final MemorySegment z = memory.floats(1000);
        final ActivationKernel relu = kernels.activation(Activations.RELU);
        calls.add(() -> relu.forward(x, 0, z, 0, 1, 1000));
        calls.add(() -> relu.backward(null, 0, x, 0, y, 0, z, 0, 1, 1000, false));
        calls.add(() -> kernels.reduction().columnSums(x, 0, 15, 64, 64, z, 0, false));
        calls.add(() -> kernels.elementwise().add(x, 0, y, 0, z, 0, 1000));
        calls.add(() -> kernels.elementwise().accumulate(x, 0, z, 500, 64));
        calls.add(() -> kernels.elementwise().bytesToFloats(z, 3 * 1000, z, 0, 1000, 1 / 255f));
        final MemorySegment w = memory.floats(1000);
        final MemorySegment m = memory.floats(1000);
        final MemorySegment v = memory.floats(1000);
        calls.add(() -> kernels.optimizer().adam(w, x, m, v, 0, 1000, 1e-3f, 0.9f, 0.999f, 1e-7f));

        final MemorySegment logits = filled(memory, 160);
        final MemorySegment labels = memory.floats(16);
        final MemorySegment outputs = memory.floats(160);
        final MemorySegment losses = memory.floats(16);
        final MemorySegment gradients = memory.floats(160);
        final ActivationKernel softmax = kernels.activation(Activations.SOFTMAX);
        calls.add(() -> softmax.forward(logits, 0, outputs, 0, 16, 10));
        calls.add(() -> kernels.loss()
                .softmaxCrossEntropySparse(
                        logits, 0, labels, 0, null, 0, outputs, 0, losses, 0, gradients, 0, 16, 10, 1));
        return calls;
    }

    private static MemorySegment filled(Memory memory, long floats) {
        final MemorySegment segment = memory.floats(floats);
        for (int i = 0; i < floats; i++) {
            segment.setAtIndex(JAVA_FLOAT, i, i % 7 - 3);
        }
        return segment;
    }

    private static void product(
            List<Runnable> calls,
            Kernels kernels,
            Memory memory,
            MemorySegment scratch,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            int ldb,
            boolean withBias) {
        final MemorySegment a = filled(memory, (long) m * k);
        final MemorySegment b = filled(memory, transB ? (n - 1L) * ldb + k : (k - 1L) * ldb + n);
        final MemorySegment c = memory.floats((long) m * n);
        final MemorySegment bias = withBias ? filled(memory, n) : null;
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
                        bias,
                        0,
                        withBias ? 0 : Float.NEGATIVE_INFINITY,
                        Float.POSITIVE_INFINITY,
                        scratch,
                        0));
    }
}
