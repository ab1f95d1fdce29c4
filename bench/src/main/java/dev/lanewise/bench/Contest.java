package dev.lanewise.bench;

import java.util.Arrays;

/// Two ways to do one thing, timed in turns in one process, so that what happens to the machine happens to
/// both.
///
/// @param median nanoseconds of our calls
/// @param best the fewest of them
/// @param spread half the distance between the 10th and the 90th hundredth of our calls, over the median
/// @param peerMedian nanoseconds of the peer's calls
/// @param ratio the peer's time over ours, of each round its medians, and the median of the rounds: above 1 is
///     faster
record Contest(double median, double best, double spread, double peerMedian, double ratio) {
    private static final int ROUNDS = 9;
    private static final int LEAST_ROUNDS = 5;

    /// Clocks are read at such distances at least.
    private static final double SAMPLE_NANOS = 20_000;

    /// How long a side runs before its times count in a round, so that threads are awake and operands in cache.
    private static final long WAKING_NANOS = 1_000_000;

    /// Calls so long need no waking.
    private static final double LONG_NANOS = 5e6;

    /// Spinning threads that do not park for so long belong to someone who never does.
    private static final long PARKING_MILLIS = 1_000;

    /// A window of warming up that is less than so much faster than the best before it is the last.
    private static final double SETTLED = 0.95;

    private static final int MOST_WINDOWS = 20;

    /// Long enough for a loop to be called so often that HotSpot compiles it.
    private static final long LEAST_WINDOW_MILLIS = 20;

    /// Times both.
    ///
    /// @param millis of measuring for each side, after half as much for warming up; more where a call is long
    static Contest of(Runnable ours, Runnable theirs, long millis) {
        final double ourNanos = warmUp(ours, millis / 2);
        final double theirNanos = warmUp(theirs, millis / 2);
        final double budget = millis * 1e6;
        final double slower = Math.max(ourNanos, theirNanos);
        final int rounds = Math.clamp((long) (budget / slower), LEAST_ROUNDS, ROUNDS);
        final double[][] our = new double[rounds][];
        final double[][] their = new double[rounds][];
        final double[] ratios = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            // Who comes second finds caches as the first left them: so in turns.
            if (round % 2 == 0) {
                our[round] = turn(ours, ourNanos, budget / rounds);
                their[round] = turn(theirs, theirNanos, budget / rounds);
            } else {
                their[round] = turn(theirs, theirNanos, budget / rounds);
                our[round] = turn(ours, ourNanos, budget / rounds);
            }
            ratios[round] = median(their[round]) / median(our[round]);
        }
        Arrays.sort(ratios);
        final double[] sorted = flat(our);
        return new Contest(median(sorted), sorted[0], spread(sorted), median(flat(their)), median(ratios));
    }

    private static double[] flat(double[][] turns) {
        return Arrays.stream(turns).flatMapToDouble(Arrays::stream).sorted().toArray();
    }

    /// Of sorted values.
    private static double median(double[] sorted) {
        final int n = sorted.length;
        return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }

    private static double spread(double[] sorted) {
        final int n = sorted.length;
        return (sorted[n * 9 / 10] - sorted[n / 10]) / 2 / median(sorted);
    }

    /// Runs a call until it is no longer getting faster. HotSpot's compilers are among the threads that are
    /// waited for
    /// between windows.
    ///
    /// @return nanoseconds of a call, about
    static double warmUp(Runnable call, long millis) {
        final long window = Math.max(LEAST_WINDOW_MILLIS, millis / 2) * 1_000_000;
        double best = Double.MAX_VALUE;
        for (int windows = 0; windows < MOST_WINDOWS; windows++) {
            final long start = System.nanoTime();
            long calls = 0;
            do {
                call.run();
                calls++;
            } while (System.nanoTime() - start < window);
            final double mean = (double) (System.nanoTime() - start) / calls;
            final boolean settled = windows > 1 && mean > SETTLED * best;
            best = Math.min(best, mean);
            if (settled) {
                break;
            }
            OtherThreads.awaitParked(PARKING_MILLIS);
        }
        return Math.max(1, best);
    }

    /// The nanoseconds of calls alone, sorted.
    static double[] turn(Runnable call, long millis) {
        final long start = System.nanoTime();
        call.run();
        return turn(call, (double) (System.nanoTime() - start), millis * 1e6);
    }

    private static double[] turn(Runnable call, double nanos, double budget) {
        OtherThreads.awaitParked(PARKING_MILLIS);
        if (nanos < LONG_NANOS) {
            final long awake = System.nanoTime() + WAKING_NANOS;
            do {
                call.run();
            } while (System.nanoTime() < awake);
        }
        final int repeats = (int) Math.max(1, Math.ceil(SAMPLE_NANOS / nanos));
        double[] samples = new double[256];
        int n = 0;
        final long end = System.nanoTime() + (long) budget;
        do {
            final long start = System.nanoTime();
            for (int i = 0; i < repeats; i++) {
                call.run();
            }
            final long time = System.nanoTime() - start;
            if (n == samples.length) {
                samples = Arrays.copyOf(samples, 2 * n);
            }
            samples[n++] = (double) time / repeats;
        } while (System.nanoTime() < end);
        final double[] sorted = Arrays.copyOf(samples, n);
        Arrays.sort(sorted);
        return sorted;
    }
}
