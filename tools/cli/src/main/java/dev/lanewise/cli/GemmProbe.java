package dev.lanewise.cli;

import dev.lanewise.nn.Compute;
import dev.lanewise.tensor.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Measures the product of two 512 x 512 matrices.
final class GemmProbe {
    private static final int N = 512;
    private static final long NANOS_WARM_UP = 400_000_000;
    private static final long NANOS_MEASURED = 600_000_000;

    private GemmProbe() {}

    /// The median rate in GFLOP/s.
    static double gflops(Compute compute) {
        try (Memory memory = new Memory("doctor")) {
            MemorySegment a = filled(memory);
            MemorySegment b = filled(memory);
            MemorySegment c = memory.floats((long) N * N);
            MemorySegment scratch = memory.floats(compute.gemmScratchSize());
            run(compute, a, b, c, scratch, NANOS_WARM_UP);
            List<Long> nanos = run(compute, a, b, c, scratch, NANOS_MEASURED);
            Collections.sort(nanos);
            return 2.0 * N * N * N / nanos.get(nanos.size() / 2);
        }
    }

    private static MemorySegment filled(Memory memory) {
        MemorySegment matrix = memory.floats((long) N * N);
        for (int i = 0; i < N * N; i++) {
            matrix.setAtIndex(ValueLayout.JAVA_FLOAT, i, (i % 17 - 8) / 8f);
        }
        return matrix;
    }

    private static List<Long> run(
            Compute compute, MemorySegment a, MemorySegment b, MemorySegment c, MemorySegment scratch, long nanos) {
        List<Long> times = new ArrayList<>();
        long end = System.nanoTime() + nanos;
        do {
            long start = System.nanoTime();
            compute.gemm(
                    false,
                    false,
                    N,
                    N,
                    N,
                    a,
                    N,
                    b,
                    N,
                    0,
                    c,
                    N,
                    null,
                    Float.NEGATIVE_INFINITY,
                    Float.POSITIVE_INFINITY,
                    scratch);
            times.add(System.nanoTime() - start);
        } while (System.nanoTime() < end);
        return times;
    }
}
