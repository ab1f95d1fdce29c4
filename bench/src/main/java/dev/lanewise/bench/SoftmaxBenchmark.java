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

/// How long does softmax take, alone and with its loss, for few classes and many?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class SoftmaxBenchmark {
    /// `scalar` or `simd`.
    @Param({"scalar", "simd"})
    public String kernels = "simd";

    /// Classes of digits, of ImageNet, and a vocabulary.
    @Param({
        "softmax, rows of 10",
        "softmax, rows of 1000",
        "softmax, rows of 100000",
        "softmax cross-entropy, rows of 10",
        "softmax cross-entropy, rows of 1000"
    })
    public String kernel = "softmax, rows of 10";

    /// A batch of 1,000 pictures of digits; 200 pictures of ImageNet, or two words.
    @Param({"10000", "200000"})
    public int elements = 10000;

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
