package dev.lanewise.bench;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.train.Adam;
import dev.lanewise.train.SparseCategoricalCrossentropy;
import dev.lanewise.train.Trainer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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

/// How long does a whole training step of 784-128-10 take on a batch of 128? With `-prof gc`: does it allocate?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 6, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class TrainingStepBenchmark {
    /// Threads of [Compute].
    @Param({"1", "2"})
    public int threads = 1;

    private @Nullable Compute compute;
    private @Nullable Model model;
    private @Nullable Trainer trainer;

    /// Builds the network and gathers a batch.
    @Setup
    public void setUp() {
        final Network network = Network.SMALL;
        final Compute made = Compute.of(threads);
        final Model built = Model.create(network.graph(), 42);
        final Trainer training = Trainer.of(made, built, new Adam(), new SparseCategoricalCrossentropy());
        final Dataset data = TrainBench.data(network, network.batch());
        final int[] order = new int[network.batch()];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        training.gather(data, order, 0, order.length);
        made.warmUp();
        compute = made;
        model = built;
        trainer = training;
    }

    /// One step; its loss.
    @Benchmark
    public double step() {
        if (trainer == null) {
            throw new IllegalStateException("setUp comes first");
        }
        return trainer.step();
    }

    /// Frees all.
    @TearDown
    public void tearDown() {
        if (trainer != null && model != null && compute != null) {
            trainer.close();
            model.close();
            compute.close();
        }
    }
}
