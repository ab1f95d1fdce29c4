package dev.lanewise.bench;

import dev.lanewise.nn.Compute;
import dev.lanewise.tensor.Memory;
import java.util.ArrayList;
import java.util.List;

/// Rates of products of the shapes that networks have, each held against the FMA peak measured right before it.
final class GemmBench {
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

    /// Measures products on some threads.
    ///
    /// @param millis of measuring for each, after as much again for warming up
    static List<Row> run(List<Product> products, int threads, long millis) {
        final List<Row> rows = new ArrayList<>();
        try (Compute compute = Compute.of(threads)) {
            compute.warmUp();
            for (Product product : products) {
                try (Memory memory = new Memory("bench gemm")) {
                    final Runnable call = PeerProcess.product(compute, memory, product);
                    repeat(call, millis);
                    final double peak = Machine.peak(threads);
                    rows.add(Row.rate(
                            product.title(), product.size(), threads, repeat(call, millis), product.flop(), peak));
                }
            }
        }
        return rows;
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
