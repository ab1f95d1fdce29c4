package dev.lanewise.kernels;

import dev.lanewise.kernels.simd.SimdPeak;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;

/// Measures what this machine's fused multiply-add units give: the ceiling that a product of matrices is held
/// against. Where [MultiplyAdd] does not fuse, it is what multiplications and additions give.
public final class PeakProbe {
    /// About 0.1 ms on a CPU of 4 GHz: long against the clock's steps, short against the system's
    /// interruptions.
    private static final int TURNS = 30_000;

    /// Keeps results alive.
    @SuppressWarnings("UnusedVariable")
    private static volatile float sink;

    private PeakProbe() {}

    /// A loop of floating-point operations that nothing but the units for them limits.
    public interface Loop {
        /// Runs so many turns; the result keeps the work from being dropped.
        float run(int turns);
    }

    /// GFLOP/s of the calling thread with [Kernels#simd()]'s width: the best of many short runs.
    ///
    /// @param millis how long to look for it, the compilation not counted
    /// @throws IllegalStateException without the vector module
    public static double gflops(long millis) {
        return gflops(1, millis);
    }

    /// GFLOP/s of so many threads together: the best moment of all of them **at once**. The best moments of
    /// each would add up to more than there ever was, where two processors of a virtual machine are at times
    /// one core.
    ///
    /// @param millis how long to look for it, the compilation not counted
    /// @throws IllegalArgumentException if `threads` is less than 1
    /// @throws IllegalStateException without the vector module, or if the thread is interrupted
    public static double gflops(int threads, long millis) {
        Kernels.simd();
        final IntToDoubleFunction loop = Kernels.form(IntToDoubleFunction.class, new SimdPeak());
        return gflops(threads, millis, SimdPeak.flopsPerTurn(), turns -> (float) loop.applyAsDouble(turns));
    }

    /// As [#gflops(int, long)], of another loop.
    ///
    /// @param flopsPerTurn floating-point operations of a turn
    public static double gflops(int threads, long millis, long flopsPerTurn, Loop loop) {
        if (threads < 1) {
            throw new IllegalArgumentException("PeakProbe: threads must be positive, got " + threads);
        }
        for (int i = 0; i < 500; i++) {
            sink = loop.run(TURNS / 10);
        }
        final List<Runs> runs = new ArrayList<>();
        final List<Thread> others = new ArrayList<>();
        final long end = System.nanoTime() + millis * 1_000_000;
        for (int i = 0; i < threads; i++) {
            final Runs own = new Runs();
            runs.add(own);
            if (i > 0) {
                others.add(
                        Thread.ofPlatform().daemon().name("lanewise-peak-" + i).start(() -> own.go(loop, end)));
            }
        }
        runs.getFirst().go(loop, end);
        try {
            for (Thread other : others) {
                other.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while measuring the FMA peak", e);
        }
        return flopsPerTurn * TURNS * best(runs);
    }

    /// Runs in a nanosecond of all threads together, in that run of the first in which it was most.
    static double best(List<Runs> threads) {
        final Runs first = threads.getFirst();
        double best = 0;
        for (int i = 0; i < first.count; i++) {
            double runs = 0;
            for (Runs thread : threads) {
                runs += thread.within(first.starts[i], first.ends[i]);
            }
            best = Math.max(best, runs / (first.ends[i] - first.starts[i]));
        }
        return best;
    }

    /// The runs of one thread.
    static final class Runs {
        private long[] starts = new long[256];
        private long[] ends = new long[256];
        private int count;

        private void go(Loop loop, long end) {
            do {
                final long start = System.nanoTime();
                sink = loop.run(TURNS);
                add(start, System.nanoTime());
            } while (ends[count - 1] < end);
        }

        /// Notes a run, later than those before.
        void add(long start, long end) {
            if (count == starts.length) {
                starts = Arrays.copyOf(starts, 2 * count);
                ends = Arrays.copyOf(ends, 2 * count);
            }
            starts[count] = start;
            ends[count++] = Math.max(end, start + 1);
        }

        /// How many runs, and parts of runs, fall into a time.
        private double within(long from, long to) {
            double runs = 0;
            for (int i = firstAfter(from); i < count && starts[i] < to; i++) {
                final long common = Math.min(to, ends[i]) - Math.max(from, starts[i]);
                runs += Math.max(0, common) / (double) (ends[i] - starts[i]);
            }
            return runs;
        }

        /// The first run that ends after `time`.
        private int firstAfter(long time) {
            final int at = Arrays.binarySearch(ends, 0, count, time);
            return at < 0 ? -at - 1 : at + 1;
        }
    }
}
