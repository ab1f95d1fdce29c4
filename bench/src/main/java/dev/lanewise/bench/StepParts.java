package dev.lanewise.bench;

import static dev.lanewise.kernels.Activations.LINEAR;
import static dev.lanewise.kernels.Activations.RELU;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Compute;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// The parts of a network's training step, run one after the other as in a step and each timed: the same
/// layers and
/// kernels that a trainer calls, on buffers of their own.
final class StepParts implements AutoCloseable {
    /// As Keras sets Adam up.
    private static final float RATE = 0.001f;

    private static final int UPDATE_QUANTUM = 1_024;
    private static final int ROW_QUANTUM = 16;

    /// Nanoseconds that a row of the loss takes for each class, for the decision to split it.
    private static final long LOSS_NANOS = 2;

    /// @param flop 0 where it is no product of matrices
    private record Part(String name, double flop, Runnable run) {}

    private final Network network;
    private final Compute compute;
    private final Memory memory = new Memory("bench train");
    private final List<Part> parts = new ArrayList<>();
    private final MemorySegment losses;
    private double step;

    StepParts(Network network, Compute compute) {
        this.network = network;
        this.compute = compute;
        final int batch = network.batch();
        final long weights = network.weights();
        final MemorySegment w = memory.floats(weights);
        final MemorySegment g = memory.floats(weights);
        final MemorySegment m = memory.floats(weights);
        final MemorySegment v = memory.floats(weights);
        final Random random = new Random(1);
        final MemorySegment scratch = memory.floats(compute.scratchSize());
        final List<Dense> layers = new ArrayList<>();
        final List<LayerBuffers> buffers = new ArrayList<>();
        Tensor x = tensor(network.inputs(), random);
        @Nullable Tensor dx = null;
        long at = 0;
        for (int i = 0; i < network.layers(); i++) {
            final int in = network.sizes().get(i);
            final int out = network.sizes().get(i + 1);
            // The last layer's softmax belongs to the loss.
            layers.add(new Dense(out, i == network.layers() - 1 ? LINEAR : RELU));
            final Shape kernel = Shape.of(in, out);
            final float range = (float) Math.sqrt(6.0 / (in + out));
            for (long j = at; j < at + (long) in * out; j++) {
                w.setAtIndex(JAVA_FLOAT, j, (2 * random.nextFloat() - 1) * range);
            }
            final long bias = at + (long) in * out;
            final Tensor y = Tensor.zeros(memory, Shape.of(batch, out));
            final Tensor dy = Tensor.zeros(memory, Shape.of(batch, out));
            buffers.add(LayerBuffers.builder("dense", compute, scratch)
                    .values(List.of(x), List.of(y))
                    .gradients(List.of(dy), Collections.singletonList(dx))
                    .parameters(
                            List.of(Tensor.at(w, at, kernel), Tensor.at(w, bias, Shape.of(out))),
                            List.of(Tensor.at(g, at, kernel), Tensor.at(g, bias, Shape.of(out))))
                    .mode(true, true, 0)
                    .build());
            at = bias + out;
            x = y;
            dx = dy;
        }
        for (int i = 0; i < layers.size(); i++) {
            final Dense layer = layers.get(i);
            final LayerBuffers b = buffers.get(i);
            parts.add(new Part("forward of layer " + (i + 1), flop(i), () -> layer.forward(b)));
        }
        losses = memory.floats(batch);
        parts.add(new Part("softmax and cross-entropy", 0, loss(buffers.getLast(), random)));
        for (int i = layers.size() - 1; i >= 0; i--) {
            final Dense layer = layers.get(i);
            final LayerBuffers b = buffers.get(i);
            parts.add(
                    new Part("backward of layer " + (i + 1), i == 0 ? flop(i) : 2 * flop(i), () -> layer.backward(b)));
        }
        parts.add(new Part("Adam, " + weights + " weights", 0, adam(w, g, m, v, Math.toIntExact(weights))));
    }

    /// Of one product of a layer.
    private double flop(int layer) {
        return 2.0
                * network.batch()
                * network.sizes().get(layer)
                * network.sizes().get(layer + 1);
    }

    private Tensor tensor(int cols, Random random) {
        final Tensor tensor = Tensor.zeros(memory, Shape.of(network.batch(), cols));
        for (int i = 0; i < tensor.size(); i++) {
            tensor.segment().setAtIndex(JAVA_FLOAT, i, random.nextFloat());
        }
        return tensor;
    }

    private Runnable loss(LayerBuffers last, Random random) {
        final int rows = network.batch();
        final int cols = network.classes();
        final MemorySegment labels = memory.floats(rows);
        for (int i = 0; i < rows; i++) {
            labels.setAtIndex(JAVA_FLOAT, i, random.nextInt(cols));
        }
        final MemorySegment z = last.y(0).segment();
        final MemorySegment dz = last.dy(0).segment();
        final RangeTask task = (from, to) -> {
            final long o = (long) from * cols;
            compute.kernels()
                    .loss()
                    .softmaxCrossEntropySparse(
                            z, o, labels, from, null, 0, z, o, losses, from, dz, o, to - from, cols, 1f / rows);
        };
        return () -> compute.run(task, rows, ROW_QUANTUM, LOSS_NANOS * rows * cols);
    }

    private Runnable adam(MemorySegment w, MemorySegment g, MemorySegment m, MemorySegment v, int n) {
        final RangeTask task = (from, to) -> {
            compute.claim(w, from, to - from);
            final double correction = Math.sqrt(1 - Math.pow(0.999, step)) / (1 - Math.pow(0.9, step));
            compute.kernels()
                    .optimizer()
                    .adam(w, g, m, v, from, to - from, (float) (RATE * correction), 0.9f, 0.999f, 1e-7f);
        };
        return () -> compute.run(task, n, UPDATE_QUANTUM, n / 3);
    }

    /// Names of the parts, in order.
    List<String> names() {
        return parts.stream().map(Part::name).toList();
    }

    /// One step.
    ///
    /// @param nanos receives the time of each part
    void run(long[] nanos) {
        step++;
        long before = System.nanoTime();
        for (int i = 0; i < parts.size(); i++) {
            parts.get(i).run().run();
            final long now = System.nanoTime();
            nanos[i] = now - before;
            before = now;
        }
    }

    /// Mean loss of the last step, before its update.
    double loss() {
        double sum = 0;
        for (int i = 0; i < network.batch(); i++) {
            sum += losses.getAtIndex(JAVA_FLOAT, i);
        }
        return sum / network.batch();
    }

    /// The time of each part over some steps, after a warm-up as long.
    ///
    /// @param peak GFLOP/s that products are held against
    List<Row> rows(long millis, double peak) {
        final List<long[]> steps = new ArrayList<>();
        for (int round = 0; round < 2; round++) {
            steps.clear();
            final long end = System.nanoTime() + millis * 1_000_000;
            while (steps.size() < 20 || System.nanoTime() < end) {
                final long[] nanos = new long[parts.size()];
                run(nanos);
                steps.add(nanos);
            }
        }
        final List<Row> rows = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            final int of = i;
            final long[] nanos = steps.stream().mapToLong(times -> times[of]).toArray();
            rows.add(Row.micros(
                    "part: " + parts.get(i).name(),
                    compute.threads(),
                    nanos,
                    parts.get(i).flop(),
                    peak));
        }
        final long[] sums =
                steps.stream().mapToLong(times -> Arrays.stream(times).sum()).toArray();
        rows.add(Row.micros("all parts", compute.threads(), sums, network.stepFlop(), peak));
        return rows;
    }

    @Override
    public void close() {
        memory.close();
    }
}
