package dev.lanewise.bench;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.train.Adam;
import dev.lanewise.train.SparseCategoricalCrossentropy;
import dev.lanewise.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The training step (forward, cross-entropy, backward, Adam) and the prediction of a batch of a
/// [SequenceNetwork].
final class SequenceBench {
    private static final int BATCHES = 8;

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
                rows.add(InParts.rate(
                        "step " + of,
                        threads,
                        millis,
                        network.stepFlop() * batch,
                        () -> trainer.gather(data, order, next[0]++ % BATCHES * batch, batch),
                        trainer::step));
            }
            rows.add(PredictionBench.row(model, compute, of, batch, threads, millis, network.forwardFlop() * batch));
        }
        return rows;
    }

    /// What the rates mean in samples.
    static String samplesPerSecond(SequenceNetwork network, Row row) {
        final double flop = PredictionBench.is(row) ? network.forwardFlop() : network.stepFlop();
        return String.format(Locale.ROOT, "%,.0f samples/s", row.median() * 1e9 / flop);
    }
}
