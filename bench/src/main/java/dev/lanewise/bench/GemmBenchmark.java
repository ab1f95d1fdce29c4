package dev.lanewise.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.Gemm;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.tensor.Memory;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// How long does a product take on one thread, plain and vectorized?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class GemmBenchmark {
    /// `scalar` or `simd`.
    @Param({"scalar", "simd"})
    public String kernels = "simd";

    /// The first layer of a small network forward and backward, its head, and a square.
    @Param({"NN 128 784 128", "TN 784 128 128", "NN 128 128 10", "NT 128 10 128", "NN 256 256 256"})
    public String product = "NN 128 784 128";

    private final Memory memory = new Memory("GemmBenchmark");
    private Gemm gemm = Kernels.scalar().gemm();
    private boolean transA;
    private boolean transB;
    private int m;
    private int n;
    private int k;
    private MemorySegment a = MemorySegment.NULL;
    private MemorySegment b = MemorySegment.NULL;
    private MemorySegment c = MemorySegment.NULL;
    private MemorySegment scratch = MemorySegment.NULL;

    /// Draws the operands.
    @Setup
    public void setUp() {
        gemm = (kernels.equals("scalar") ? Kernels.scalar() : Kernels.simd()).gemm();
        final String[] parts = product.split(" ", 4);
        transA = parts[0].charAt(0) == 'T';
        transB = parts[0].charAt(1) == 'T';
        m = Integer.parseInt(parts[1]);
        k = Integer.parseInt(parts[2]);
        n = Integer.parseInt(parts[3]);
        a = random((long) m * k, 1);
        b = random((long) k * n, 2);
        c = memory.floats((long) m * n);
        scratch = memory.floats(gemm.maxScratchSize());
    }

    private MemorySegment random(long size, long seed) {
        final MemorySegment segment = memory.floats(size);
        final Random random = new Random(seed);
        for (long i = 0; i < size; i++) {
            segment.setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
        return segment;
    }

    /// The product; the result's memory is returned so that a test can look at it.
    @Benchmark
    public MemorySegment multiply() {
        gemm.multiply(
                transA,
                transB,
                m,
                n,
                k,
                a,
                0,
                transA ? m : k,
                b,
                0,
                transB ? k : n,
                0,
                c,
                0,
                n,
                null,
                0,
                Float.NEGATIVE_INFINITY,
                Float.POSITIVE_INFINITY,
                scratch,
                0);
        return c;
    }

    /// Frees the operands.
    @TearDown
    public void tearDown() {
        memory.close();
    }
}
