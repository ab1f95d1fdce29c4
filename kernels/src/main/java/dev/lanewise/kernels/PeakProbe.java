package dev.lanewise.kernels;

import dev.lanewise.kernels.simd.SimdPeak;

/// Measures what this machine's fused multiply-add units give: the ceiling that a product of matrices is held
/// against.
public final class PeakProbe {
    /// About 0.1 ms on a CPU of 4 GHz: long against the clock's steps, short against the system's interruptions.
    private static final int TURNS = 60_000;

    /// Keeps results alive.
    @SuppressWarnings("UnusedVariable")
    private static volatile float sink;

    private PeakProbe() {}

    /// GFLOP/s of the calling thread with [Kernels#simd()]'s width: the best of many short runs.
    ///
    /// @param millis how long to look for it, the compilation not counted
    /// @throws IllegalStateException without the vector module
    public static double gflops(long millis) {
        Kernels.simd();
        for (int i = 0; i < 500; i++) {
            sink = SimdPeak.run(TURNS / 10);
        }
        long best = Long.MAX_VALUE;
        final long end = System.nanoTime() + millis * 1_000_000;
        do {
            final long start = System.nanoTime();
            sink = SimdPeak.run(TURNS);
            best = Math.min(best, System.nanoTime() - start);
        } while (System.nanoTime() < end);
        return (double) SimdPeak.flopsPerTurn() * TURNS / best;
    }
}
