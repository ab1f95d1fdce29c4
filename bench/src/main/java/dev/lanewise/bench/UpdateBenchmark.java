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

/// How long does an optimizer's update take?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class UpdateBenchmark {
    /// `scalar` or `simd`.
    @Param({"scalar", "simd"})
    public String kernels = "simd";

    /// The optimizers, by what they read and write for a weight.
    @Param({"sgd", "momentum", "rmsprop", "adam", "adamw"})
    public String kernel = "sgd";

    /// Weights of 784-128-10, in L2 and L3; and of 784-4096-4096-10, in memory.
    @Param({"101770", "20037642"})
    public int elements = 101770;

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
