package dev.lanewise.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.kernels.OptimizerKernel;
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

/// Does an update become slower when gradients die and moments decay?
///
/// Each call is one update. With `alive` the gradient stays what it was, with `dead` it is 0 from some
/// moment on, and with `dying` it becomes a tenth in every update, down to denormals. Before measuring, so
/// many updates are done that moments which decay freely would be denormal.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class DyingGradientBenchmark {
    /// Weights of a layer, in L1 and L2.
    private static final int N = 8192;

    /// The second moment, of which 0.999 is left in each, would be denormal after 87,000.
    private static final int UPDATES_BEFORE = 95_000;

    @Param({"adam", "momentum", "rmsprop", "adadelta", "lion"})
    public String optimizer = "adam";

    @Param({"alive", "dead", "dying"})
    public String gradient = "alive";

    private final OptimizerKernel kernel = Kernels.simd().optimizer();
    private final Memory memory = new Memory("benchmark");
    private final MemorySegment w = memory.floats(N);
    private final MemorySegment g = memory.floats(N);
    private final MemorySegment m = memory.floats(N);
    private final MemorySegment v = memory.floats(N);

    /// Lets the moments grow, takes the gradients away, and lets the moments decay.
    @Setup
    public void setUp() {
        final Random random = new Random(1);
        for (int i = 0; i < N; i++) {
            w.setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
            g.setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
        for (int i = 0; i < UPDATES_BEFORE; i++) {
            if (i >= 1000 && i < 1046 && !gradient.equals("alive")) {
                scale(gradient.equals("dead") ? 0 : 0.1f);
            }
            update();
        }
    }

    private void scale(float by) {
        for (int i = 0; i < N; i++) {
            g.setAtIndex(JAVA_FLOAT, i, g.getAtIndex(JAVA_FLOAT, i) * by);
        }
    }

    /// One update; the moments are returned so that a test can look at them.
    @Benchmark
    public MemorySegment update() {
        switch (optimizer) {
            case "adam" -> kernel.adam(w, g, m, v, 0, N, 1e-3f, 0.9f, 0.999f, 1e-7f);
            case "momentum" -> kernel.momentum(w, g, m, 0, N, 1e-3f, 0.9f, false);
            case "rmsprop" -> kernel.rmsprop(w, g, m, null, null, 0, N, 1e-3f, 0.999f, 0, 1e-7f);
            case "adadelta" -> kernel.adadelta(w, g, m, v, 0, N, 1e-3f, 0.999f, 1e-7f);
            case "lion" -> kernel.lion(w, g, m, 0, N, 1e-3f, 0.9f, 0.999f);
            default -> throw new IllegalArgumentException("there is no optimizer '" + optimizer + "'");
        }
        return m;
    }

    /// Frees the memory.
    @TearDown
    public void tearDown() {
        memory.close();
    }
}
