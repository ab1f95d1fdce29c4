package dev.lanewise.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the benchmarks time is right.
class BenchmarksTest {
    @ParameterizedTest
    @ValueSource(strings = {"NN 128 784 128", "TN 784 128 128", "NN 128 128 10", "NT 128 10 128", "NN 256 256 256"})
    void timedProductsHaveThePlainVersionsBits(String product) {
        assertArrayEquals(product("scalar", product), product("simd", product));
    }

    private static float[] product(String kernels, String product) {
        final GemmBenchmark benchmark = new GemmBenchmark();
        benchmark.kernels = kernels;
        benchmark.product = product;
        benchmark.setUp();
        try {
            return benchmark.multiply().toArray(ValueLayout.JAVA_FLOAT);
        } finally {
            benchmark.tearDown();
        }
    }

    @Test
    void timedStepLearns() {
        final TrainingStepBenchmark benchmark = new TrainingStepBenchmark();
        benchmark.setUp();
        try {
            final double first = benchmark.step();
            double last = first;
            for (int i = 0; i < 50; i++) {
                last = benchmark.step();
            }
            assertTrue(last < first / 2, "loss " + first + " to " + last);
        } finally {
            benchmark.tearDown();
        }
    }

    @Test
    void rateIsWorkOverTime() {
        final Row row = Row.rate("x", null, 1, new long[] {100, 200, 400, 200, 200}, 1_000, 10);
        assertEquals(5, row.median());
        assertEquals(10, row.best());
        assertEquals(0.5, row.ceilingShare());
    }
}
