package dev.lanewise.bench;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;

/// Which memory a loop reads and writes, and the plain loop that does just that.
enum Streams {
    READ(1, 1, 0),
    READ2(2, 2, 0),
    WRITE(1, 0, 1),
    COPY(2, 1, 1),
    ADD(2, 2, 1),
    TRIAD(3, 2, 1),
    UPDATE(3, 3, 2),
    UPDATE2(4, 4, 3);

    private final int buffers;
    private final int reads;
    private final int writes;

    Streams(int buffers, int reads, int writes) {
        this.buffers = buffers;
        this.reads = reads;
        this.writes = writes;
    }

    /// Segments that the loop works on.
    int buffers() {
        return buffers;
    }

    /// Bytes read and written for each element; what a cache reads before a write is not counted.
    int bytesPerElement() {
        return Float.BYTES * (reads + writes);
    }

    /// The four that describe a machine.
    static List<Streams> basic() {
        return List.of(READ, WRITE, COPY, TRIAD);
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// What a kernel with these streams is held against.
    String describe() {
        return reads + " read, " + writes + " written";
    }

    /// Runs the loop over the elements `o .. o + n`, `n` a multiple of [SimdStreams#QUANTUM].
    void run(List<MemorySegment> s, long o, int n) {
        switch (this) {
            case READ -> Sink.value = SimdStreams.read(s.get(0), o, n);
            case READ2 -> Sink.value = SimdStreams.read2(s.get(0), s.get(1), o, n);
            case WRITE -> SimdStreams.write(s.get(0), o, n);
            case COPY -> SimdStreams.copy(s.get(0), s.get(1), o, n);
            case ADD -> SimdStreams.add(s.get(0), s.get(1), o, n);
            case TRIAD -> SimdStreams.triad(s.get(0), s.get(1), s.get(2), o, n);
            case UPDATE -> SimdStreams.update(s.get(0), s.get(1), s.get(2), o, n);
            case UPDATE2 -> SimdStreams.update2(s.get(0), s.get(1), s.get(2), s.get(3), o, n);
        }
    }
}
