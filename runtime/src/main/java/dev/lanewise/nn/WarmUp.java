package dev.lanewise.nn;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.EmptyCalls;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.tensor.Memory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// Brings the vectorized kernels to compiled code, once in a process, on a thread of its own: it calls each
/// with tiny operands until its calls are short. Before HotSpot has compiled it at all, a vector kernel is
/// hundreds of times slower than after, and slower than the plain one; so [Compute] uses the plain kernels,
/// which give the same bits, until the vectorized ones are at least as fast.
///
/// Most calls are on nothing ([EmptyCalls]): a round has one call with operands of each kernel that is not
/// compiled yet, from which the compiler knows what the loops do, and some hundred on nothing, which bring it
/// to compile them. With operands in all calls it has three times as much to do on methods of the JDK that
/// are not needed once the kernels are compiled, and the kernels queue behind them.
final class WarmUp {
    /// Calls on nothing of each kernel in a round. Compilers look at a method when it was called another
    /// thousand times, and five thousand calls are wanted of one whose branches are being counted, as they are
    /// from a few milliseconds after the first hundreds on; in each thousand there should be calls with
    /// operands.
    private static final int EMPTY_CALLS = 512;

    /// A round calls a kernel with operands for about this, at least once and [#CALLS] times at most: seldom as
    /// long as calls are long, often when they are to show that they have become short.
    private static final long ROUND_NANOS = 100_000;

    private static final int CALLS = 32;

    /// A call below takes a vectorized kernel 30 to 400 µs in the code of HotSpot's first compiler, 0.1 to 2 µs
    /// in that of the second, and a plain kernel some µs.
    private static final long USABLE_NANOS = 20_000;

    /// Between rounds: calls while a kernel waits for the compiler only make more work for it.
    private static final long PAUSE_NANOS = 1_000_000;

    /// Rounds in a row that must be short for the end: code may be thrown away and compiled again.
    private static final int SHORT_ROUNDS = 3;

    /// After this it is over in any case: a process that gets so little of the CPU is slow anyway, and what
    /// is not compiled by then soon will be.
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
            final List<EmptyCalls> families = families(kernels);
            final MemorySegment nothing = memory.floats(EmptyCalls.FLOATS);
            final List<Call> calls =
                    calls(kernels, memory).stream().map(Call::new).toList();
            final long start = System.nanoTime();
            int shortRounds = 0;
            families.forEach(family -> family.loadEveryKind(nothing));
            while (shortRounds < SHORT_ROUNDS && System.nanoTime() - start < LIMIT_NANOS) {
                // Operands first: in a method that has done nothing the first compiler finds more to be looked up
                // later, and its registers may not suffice for that.
                calls.forEach(Call::time);
                families.forEach(family -> family.callEmpty(nothing, EMPTY_CALLS));
                if (calls.stream().mapToLong(Call::nanos).sum() < calls.size() * USABLE_NANOS) {
                    usable = true;
                }
                if (calls.stream().allMatch(call -> call.nanos() < USABLE_NANOS)) {
                    shortRounds++;
                } else {
                    shortRounds = 0;
                    LockSupport.parkNanos(PAUSE_NANOS);
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

    private static List<EmptyCalls> families(Kernels kernels) {
        return Stream.of(
                        kernels.gemm(),
                        kernels.activation(Activations.RELU),
                        kernels.elementwise(),
                        kernels.reduction(),
                        kernels.optimizer(),
                        kernels.loss())
                .filter(EmptyCalls.class::isInstance)
                .map(EmptyCalls.class::cast)
                .toList();
    }

    /// A call with operands, and how long it took at last.
    private static final class Call {
        private final Runnable work;
        private int times = 1;
        private long nanos;

        Call(Runnable work) {
            this.work = work;
        }

        /// Nanoseconds of a call in the last round.
        long nanos() {
            return nanos;
        }

        void time() {
            final long before = System.nanoTime();
            for (int i = 0; i < times; i++) {
                work.run();
            }
            nanos = (System.nanoTime() - before) / times;
            times = Math.clamp(ROUND_NANOS / Math.max(1, nanos), 1, CALLS);
        }
    }

    /// One call of every kernel that a usual training step needs, short: each instruction of a kernel that is
    /// not compiled takes half a microsecond, and makes work for the compiler.
    ///
    /// A way through a kernel that no call takes is left out of the compiled code, and the compiler begins
    /// again when it is first taken, in the middle of the training. And how well it compiles a loop depends on
    /// how many turns that had. Hence products of little depth and of great, with a bias and without, of few
    /// rows and of many, and operands that end with their memory, as real ones do.
    private static List<Runnable> calls(Kernels kernels, Memory memory) {
        final List<Runnable> calls = new ArrayList<>();
        final MemorySegment scratch = memory.floats(kernels.gemm().maxScratchSize());
        final int wide = kernels.gemm().columnQuantum();
        product(calls, kernels, memory, scratch, false, false, 8, wide, 264, true);
        product(calls, kernels, memory, scratch, false, false, 4, wide, 64, true);
        product(calls, kernels, memory, scratch, true, false, 16, wide, 64, false);
        product(calls, kernels, memory, scratch, false, true, 36, wide, 264, false);
        product(calls, kernels, memory, scratch, false, true, 36, wide, 24, false);
        product(calls, kernels, memory, scratch, false, false, 16, 10, 64, true);
        product(calls, kernels, memory, scratch, true, false, 2 * wide, 10, 24, false);
        product(calls, kernels, memory, scratch, false, false, 192, wide, 10, false);
        product(calls, kernels, memory, scratch, false, true, 192, wide, 10, false);

        final int n = 265;
        final MemorySegment x = filled(memory, 1000);
        final MemorySegment y = filled(memory, 1000);
        final MemorySegment z = memory.floats(1000);
        final ActivationKernel relu = kernels.activation(Activations.RELU);
        calls.add(() -> relu.forward(x, 0, z, 0, 1, n));
        calls.add(() -> relu.backward(null, 0, x, 0, y, 0, z, 0, 1, n, false));
        calls.add(() -> kernels.reduction().columnSums(x, 0, 15, 64, 64, z, 0, false));
        calls.add(() -> kernels.reduction().columnSums(x, 0, 15, 10, 10, z, 0, false));
        calls.add(() -> kernels.elementwise().add(x, 0, y, 0, z, 0, n));
        calls.add(() -> kernels.elementwise().accumulate(x, 0, z, 500, 64));
        calls.add(() -> kernels.elementwise().bytesToFloats(z, 3 * 1000, z, 0, n, 1 / 255f));
        final MemorySegment w = memory.floats(1000);
        final MemorySegment m = memory.floats(1000);
        final MemorySegment v = memory.floats(1000);
        calls.add(() -> kernels.optimizer().adam(w, x, m, v, 0, n, 1e-3f, 0.9f, 0.999f, 1e-7f));

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
            boolean withBias) {
        final MemorySegment a = filled(memory, (long) m * k);
        final MemorySegment b = filled(memory, (long) k * n);
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
                        transB ? k : n,
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
