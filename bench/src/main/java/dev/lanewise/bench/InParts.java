package dev.lanewise.bench;

import java.util.ArrayList;
import java.util.List;

/// A rate measured in parts, each held against the FMA peak that was measured right before it.
final class InParts {
    private static final int PARTS = 10;

    /// For a look at the FMA peak before each part.
    static final long PEAK_MILLIS = 25;

    private InParts() {}

    /// Measures after a warm-up as long.
    ///
    /// @param millis for all parts
    /// @param flop of one run
    /// @param before comes before the runs of each part and is not timed
    static Row rate(String what, int threads, long millis, double flop, Runnable before, Runnable run) {
        before.run();
        GemmBench.repeat(run, millis);
        final List<long[]> times = new ArrayList<>();
        final List<Double> peaks = new ArrayList<>();
        for (int part = 0; part < PARTS; part++) {
            before.run();
            peaks.add(Machine.peak(threads, PEAK_MILLIS));
            times.add(GemmBench.repeat(run, millis / PARTS));
        }
        return Row.rate(what, threads, times, peaks, flop);
    }
}
