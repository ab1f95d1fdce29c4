package dev.lanewise.bench;

import java.lang.foreign.MemorySegment;
import java.util.List;
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

/// How long do sums over elements, columns and rows take?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class ReductionBenchmark {
    /// `scalar` or `simd`.
    @Param({"scalar", "simd"})
    public String kernels = "simd";

    /// A whole sum; bias gradients of a head and of a hidden layer; statistics of batch and layer
    /// normalization.
    @Param({
        "sum",
        "column sums, rows of 10",
        "column sums, rows of 1024",
        "batch variance, 64 channels",
        "layer moments, rows of 768"
    })
    public String kernel = "sum";

    /// A layer's gradients, in L1 and L2; and feature maps, in memory.
    @Param({"30720", "16777216"})
    public int elements = 30720;

    private final KernelOnSegments work = new KernelOnSegments();

    /// Draws the operands.
    @Setup
    public void setUp() {
        work.setUp(kernels, kernel, elements);
    }

    /// One call; the operands' memory is returned so that a test can look at it.
    @Benchmark
    public List<MemorySegment> run() {
        return work.run();
    }

    /// Frees the operands.
    @TearDown
    public void tearDown() {
        work.close();
    }
}
