package dev.lanewise.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Predictor;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.train.Adam;
import dev.lanewise.train.SparseCategoricalCrossentropy;
import dev.lanewise.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/// The training step (forward, cross-entropy, backward, Adam) and the prediction of a batch of a
/// [SequenceNetwork].
final class SequenceBench {
    private static final int BATCHES = 8;
    private static final int PARTS = 10;

    /// For a look at the FMA peak before each part.
    private static final long PEAK_MILLIS = 25;

    private static final String STEP = "step ";
    private static final String PREDICTION = "prediction ";

    private SequenceBench() {}

    /// Measures on some threads.
    ///
    /// @param millis for each of the two, after a warm-up as long
    static List<Row> run(SequenceNetwork network, int batch, int threads, long millis) {
        final Dataset data = network.data(BATCHES * batch);
        final int[] order = new int[BATCHES * batch];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        final String of = network.title() + ", batch " + batch;
        final List<Row> rows = new ArrayList<>();
        try (Compute compute = Compute.of(threads);
                Model model = Model.create(network.graph(), 42)) {
            compute.warmUp();
            try (Trainer trainer = Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy())) {
                final int[] next = {0};
                rows.add(measure(
                        STEP + of,
                        threads,
                        millis,
                        network.stepFlop() * batch,
                        trainer::step,
                        () -> trainer.gather(data, order, next[0]++ % BATCHES * batch, batch)));
            }
            try (Predictor predictor = model.predictor(batch, compute);
                    Memory memory = new Memory("bench train")) {
                final Tensor x = Tensor.zeros(
                        memory, network.graph().inputShapes().getFirst().with(0, batch));
                final Tensor y = Tensor.zeros(
                        memory, network.graph().outputShapes().getFirst().with(0, batch));
                final Random random = new Random(1);
                for (int i = 0; i < x.size(); i++) {
                    x.segment().setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
                }
                final List<Tensor> inputs = List.of(x);
                final List<Tensor> outputs = List.of(y);
                rows.add(measure(
                        PREDICTION + of,
                        threads,
                        millis,
                        network.forwardFlop() * batch,
                        () -> predictor.run(inputs, outputs),
                        () -> {}));
            }
        }
        return rows;
    }

    /// @param before comes before the runs of each part and is not timed
    private static Row measure(String what, int threads, long millis, double flop, Runnable run, Runnable before) {
        before.run();
        GemmBench.repeat(run, millis);
        final List<long[]> times = new ArrayList<>();
        final List<Double> peaks = new ArrayList<>();
        for (int part = 0; part < PARTS; part++) {
            before.run();
            peaks.add(Machine.peak(threads, PEAK_MILLIS));
            times.add(GemmBench.repeat(run, millis / PARTS));
        }
        return Row.rate(what, threads, times, peaks, flop);
    }

    /// What the rates mean in samples.
    static String samplesPerSecond(SequenceNetwork network, Row row) {
        final double flop = row.what().startsWith(STEP) ? network.stepFlop() : network.forwardFlop();
        return String.format(Locale.ROOT, "%,.0f samples/s", row.median() * 1e9 / flop);
    }
}
