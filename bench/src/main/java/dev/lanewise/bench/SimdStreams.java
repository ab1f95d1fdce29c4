package dev.lanewise.bench;

import static dev.lanewise.bench.SimdCeiling.SPECIES;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/// Plain vector loops with some read and written streams and next to no arithmetic: how fast memory goes.
/// `n` is a
/// multiple of eight vectors, offsets count floats.
final class SimdStreams {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final int LANES = SPECIES.length();

    /// Floats that lengths are a multiple of.
    static final int QUANTUM = 8 * LANES;

    private SimdStreams() {}

    /// Reads `x`. Eight sums: one would wait for its addition.
    static float read(MemorySegment x, long o, int n) {
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector s4 = s0;
        FloatVector s5 = s0;
        FloatVector s6 = s0;
        FloatVector s7 = s0;
        for (int i = 0; i < n; i += 8 * LANES) {
            final long at = 4 * (o + i);
            s0 = s0.add(fromMemorySegment(SPECIES, x, at, ORDER));
            s1 = s1.add(fromMemorySegment(SPECIES, x, at + 4L * LANES, ORDER));
            s2 = s2.add(fromMemorySegment(SPECIES, x, at + 8L * LANES, ORDER));
            s3 = s3.add(fromMemorySegment(SPECIES, x, at + 12L * LANES, ORDER));
            s4 = s4.add(fromMemorySegment(SPECIES, x, at + 16L * LANES, ORDER));
            s5 = s5.add(fromMemorySegment(SPECIES, x, at + 20L * LANES, ORDER));
            s6 = s6.add(fromMemorySegment(SPECIES, x, at + 24L * LANES, ORDER));
            s7 = s7.add(fromMemorySegment(SPECIES, x, at + 28L * LANES, ORDER));
        }
        return s0.add(s1).add(s2).add(s3).add(s4).add(s5).add(s6).add(s7).lane(0);
    }

    /// Reads `x` and `y`.
    static float read2(MemorySegment x, MemorySegment y, long o, int n) {
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int i = 0; i < n; i += 4 * LANES) {
            final long at = 4 * (o + i);
            s0 = fromMemorySegment(SPECIES, x, at, ORDER).fma(fromMemorySegment(SPECIES, y, at, ORDER), s0);
            s1 = fromMemorySegment(SPECIES, x, at + 4L * LANES, ORDER)
                    .fma(fromMemorySegment(SPECIES, y, at + 4L * LANES, ORDER), s1);
            s2 = fromMemorySegment(SPECIES, x, at + 8L * LANES, ORDER)
                    .fma(fromMemorySegment(SPECIES, y, at + 8L * LANES, ORDER), s2);
            s3 = fromMemorySegment(SPECIES, x, at + 12L * LANES, ORDER)
                    .fma(fromMemorySegment(SPECIES, y, at + 12L * LANES, ORDER), s3);
        }
        return s0.add(s1).add(s2).add(s3).lane(0);
    }

    /// Writes `y`.
    static void write(MemorySegment y, long o, int n) {
        final FloatVector v = FloatVector.broadcast(SPECIES, 1f);
        for (int i = 0; i < n; i += LANES) {
            v.intoMemorySegment(y, 4 * (o + i), ORDER);
        }
    }

    /// `y = x`.
    static void copy(MemorySegment x, MemorySegment y, long o, int n) {
        for (int i = 0; i < n; i += LANES) {
            final long at = 4 * (o + i);
            fromMemorySegment(SPECIES, x, at, ORDER).intoMemorySegment(y, at, ORDER);
        }
    }

    /// `y = y + x`.
    static void add(MemorySegment x, MemorySegment y, long o, int n) {
        for (int i = 0; i < n; i += LANES) {
            final long at = 4 * (o + i);
            fromMemorySegment(SPECIES, y, at, ORDER)
                    .add(fromMemorySegment(SPECIES, x, at, ORDER))
                    .intoMemorySegment(y, at, ORDER);
        }
    }

    /// `z = x + 3 y`, STREAM's triad (McCalpin 1995).
    static void triad(MemorySegment x, MemorySegment y, MemorySegment z, long o, int n) {
        final FloatVector three = FloatVector.broadcast(SPECIES, 3f);
        for (int i = 0; i < n; i += LANES) {
            final long at = 4 * (o + i);
            fromMemorySegment(SPECIES, y, at, ORDER)
                    .fma(three, fromMemorySegment(SPECIES, x, at, ORDER))
                    .intoMemorySegment(z, at, ORDER);
        }
    }

    /// Reads `g`, reads and writes `w` and `m`: the streams of an update with one moment.
    static void update(MemorySegment g, MemorySegment w, MemorySegment m, long o, int n) {
        for (int i = 0; i < n; i += LANES) {
            final long at = 4 * (o + i);
            final FloatVector sum =
                    fromMemorySegment(SPECIES, m, at, ORDER).add(fromMemorySegment(SPECIES, g, at, ORDER));
            sum.intoMemorySegment(m, at, ORDER);
            fromMemorySegment(SPECIES, w, at, ORDER).add(sum).intoMemorySegment(w, at, ORDER);
        }
    }

    /// Reads `g`, reads and writes `w`, `m` and `v`: Adam's streams.
    static void update2(MemorySegment g, MemorySegment w, MemorySegment m, MemorySegment v, long o, int n) {
        for (int i = 0; i < n; i += LANES) {
            final long at = 4 * (o + i);
            final FloatVector gradient = fromMemorySegment(SPECIES, g, at, ORDER);
            final FloatVector first = fromMemorySegment(SPECIES, m, at, ORDER).add(gradient);
            final FloatVector second = fromMemorySegment(SPECIES, v, at, ORDER).add(gradient);
            first.intoMemorySegment(m, at, ORDER);
            second.intoMemorySegment(v, at, ORDER);
            fromMemorySegment(SPECIES, w, at, ORDER).add(first.add(second)).intoMemorySegment(w, at, ORDER);
        }
    }
}
