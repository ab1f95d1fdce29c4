package dev.lanewise.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Compute;
import dev.lanewise.tensor.Memory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Rates of products of the shapes that networks have, each held against the FMA peak measured right before it.
final class GemmBench {
    /// What a product is for.
    ///
    /// @param trans `NN`, `TN` or `NT`
    record Product(String trans, int m, int k, int n) {}

    /// Squares; layers of a small network on batches of 128 and 256; the products of convolutions; then the
    /// gradients.
    static final List<Product> SHAPES = List.of(
            new Product("NN", 64, 64, 64),
            new Product("NN", 128, 128, 128),
            new Product("NN", 256, 256, 256),
            new Product("NN", 512, 512, 512),
            new Product("NN", 1024, 1024, 1024),
            new Product("NN", 2048, 2048, 2048),
            new Product("NN", 128, 784, 128),
            new Product("NN", 128, 128, 10),
            new Product("NN", 256, 1024, 1024),
            new Product("NN", 1, 784, 128),
            new Product("NN", 32, 2048, 1000),
            new Product("NN", 12544, 147, 64),
            new Product("NN", 3136, 576, 64),
            new Product("NN", 784, 1152, 128),
            new Product("NN", 49, 4608, 512),
            new Product("TN", 784, 128, 128),
            new Product("TN", 128, 128, 10),
            new Product("TN", 256, 256, 256),
            new Product("TN", 1024, 1024, 1024),
            new Product("TN", 147, 12544, 64),
            new Product("TN", 576, 3136, 64),
            new Product("NT", 128, 10, 128),
            new Product("NT", 128, 128, 784),
            new Product("NT", 256, 256, 256),
            new Product("NT", 256, 1024, 1024),
            new Product("NT", 12544, 64, 147),
            new Product("NT", 784, 128, 1152));

    private GemmBench() {}

    /// Measures all products on some threads.
    ///
    /// @param millis of measuring for each, after as much again for warming up
    static List<Row> run(int threads, long millis) {
        final List<Row> rows = new ArrayList<>();
        try (Compute compute = Compute.of(threads)) {
            compute.warmUp();
            for (Product product : SHAPES) {
                try (Memory memory = new Memory("bench gemm")) {
                    final Runnable call = call(compute, memory, product);
                    repeat(call, millis);
                    final double peak = Machine.peak(threads);
                    rows.add(Row.rate(
                            product.trans() + " " + product.m() + " x " + product.k() + " x " + product.n(),
                            new Row.Size(product.m(), product.n(), product.k()),
                            threads,
                            repeat(call, millis),
                            2.0 * product.m() * product.n() * product.k(),
                            peak));
                }
            }
        }
        return rows;
    }

    private static Runnable call(Compute compute, Memory memory, Product p) {
        final MemorySegment a = random(memory, (long) p.m() * p.k());
        final MemorySegment b = random(memory, (long) p.k() * p.n());
        final MemorySegment c = memory.floats((long) p.m() * p.n());
        final MemorySegment scratch = memory.floats(compute.gemmScratchSize());
        final boolean transA = p.trans().charAt(0) == 'T';
        final boolean transB = p.trans().charAt(1) == 'T';
        return () -> compute.gemm(
                transA,
                transB,
                p.m(),
                p.n(),
                p.k(),
                a,
                transA ? p.m() : p.k(),
                b,
                transB ? p.k() : p.n(),
                0,
                c,
                p.n(),
                null,
                Float.NEGATIVE_INFINITY,
                Float.POSITIVE_INFINITY,
                scratch);
    }

    private static MemorySegment random(Memory memory, long size) {
        final MemorySegment segment = memory.floats(size);
        final java.util.Random random = new java.util.Random(size);
        for (long i = 0; i < size; i++) {
            segment.setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
        return segment;
    }

    /// The nanoseconds of single calls; at least 20 of them.
    static long[] repeat(Runnable call, long millis) {
        long[] nanos = new long[1024];
        int n = 0;
        final long end = System.nanoTime() + millis * 1_000_000;
        while (n < 20 || System.nanoTime() < end) {
            final long start = System.nanoTime();
            call.run();
            final long time = System.nanoTime() - start;
            if (n == nanos.length) {
                nanos = java.util.Arrays.copyOf(nanos, 2 * n);
            }
            nanos[n++] = time;
        }
        return java.util.Arrays.copyOf(nanos, n);
    }
}
