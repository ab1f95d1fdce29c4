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

/// How long does an activation take, forward and backward, plain and vectorized?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class ActivationBenchmark {
    /// `scalar` or `simd`.
    @Param({"scalar", "simd"})
    public String kernels = "simd";

    /// By Keras' name, with ` gradient` for the backward pass: cheap ones, one exponential, a rational
    /// function of it.
    @Param({"relu", "relu gradient", "sigmoid", "tanh", "tanh gradient", "gelu", "gelu gradient", "softplus"})
    public String kernel = "relu";

    /// A hidden layer of 128 on a batch of 64, in L1 and L2; and a picture's feature maps, in memory.
    @Param({"8192", "16777216"})
    public int elements = 8192;

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
