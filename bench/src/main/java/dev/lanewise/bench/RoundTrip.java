package dev.lanewise.bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// How long a word takes from one thread to another and back.
///
/// On processors that share a cache it is some 50 ns, on others 400 (measured on a Zen 5). The virtual processors
/// of a virtual machine may be moved from the former to the latter while a process runs, and what two threads
/// hand to each other takes that much longer then: a step of 784-128-10 takes 205 µs instead of 142, at the same
/// FMA peak.
final class RoundTrip {
    private static final int ROUNDS = 15;

    /// Rounds in which the loops are compiled.
    private static final int UNCOUNTED = 10;

    private static final int TRIPS = 9_600;

    /// The clock is read once for so many.
    private static final int TRIPS_BETWEEN_LOOKS = 16;

    /// A round ends here on a machine whose other processors are taken.
    private static final long ROUND_NANOS = 20_000_000;

    private static final long OVER = Long.MIN_VALUE;

    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);

    /// Of an array that has two cache lines on either side of it.
    private static final int PLACE = 16;

    private RoundTrip() {}

    /// Nanoseconds of a round trip: of some rounds of many trips each, the first of which are not counted.
    static long[] nanos() {
        final long[] words = new long[2 * PLACE + 1];
        Thread.ofPlatform().daemon().name("lanewise-round-trip").start(() -> answer(words));
        final long[] nanos = new long[ROUNDS];
        long trip = 0;
        for (int round = 0; round < UNCOUNTED + ROUNDS; round++) {
            final long first = trip;
            final long start = System.nanoTime();
            long took = 0;
            while (trip < first + TRIPS && took < ROUND_NANOS) {
                for (int i = 0; i < TRIPS_BETWEEN_LOOKS; i++) {
                    WORD.setRelease(words, PLACE, ++trip);
                    while ((long) WORD.getAcquire(words, PLACE) != -trip) {
                        Thread.onSpinWait();
                    }
                }
                took = System.nanoTime() - start;
            }
            if (round >= UNCOUNTED) {
                nanos[round - UNCOUNTED] = took / (trip - first);
            }
        }
        WORD.setRelease(words, PLACE, OVER);
        return nanos;
    }

    /// As a figure, in nanoseconds.
    static Row row(int threads) {
        return Row.nanos("round trip to another thread", threads, nanos());
    }

    private static void answer(long[] words) {
        for (long trip = 1; ; trip++) {
            long word = (long) WORD.getAcquire(words, PLACE);
            while (word != trip) {
                if (word == OVER) {
                    return;
                }
                Thread.onSpinWait();
                word = (long) WORD.getAcquire(words, PLACE);
            }
            WORD.setRelease(words, PLACE, -trip);
        }
    }
}
