package dev.lanewise.bench;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Adam;
import dev.lanewise.train.Fit;
import dev.lanewise.train.Metric;
import dev.lanewise.train.SparseCategoricalCrossentropy;
import dev.lanewise.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The training step, its parts, the whole of `fit` and the prediction of a batch for dense layers (relu, softmax,
/// cross-entropy, Adam).
///
/// The data are images of bytes, drawn at random with labels that follow from it, one in ten of them wrong, so
/// that gradients do not die away.
final class TrainBench {
    private static final int SAMPLES = 60_000;

    /// Gathering is measured for one in so many milliseconds of the steps.
    private static final int GATHERINGS = 20;

    private TrainBench() {}

    /// Measures on some threads.
    ///
    /// @param millis for the steps, and for the predictions, after a warm-up as long and four epochs of `fit`
    /// @param epochs of `fit` that are timed
    static List<Row> run(Network network, int threads, long millis, int epochs) {
        final Dataset data = data(network, SAMPLES);
        final int batch = network.batch();
        final List<Row> rows = new ArrayList<>();
        try (Compute compute = Compute.of(threads);
                Model model = Model.create(network.graph(), 42);
                Trainer trainer =
                        Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy(), Metric.ACCURACY)) {
            compute.warmUp();
            trainer.fit(data, Fit.epochs(4).batchSize(batch));
            final int[] order = new int[SAMPLES];
            for (int i = 0; i < SAMPLES; i++) {
                order[i] = i;
            }
            final String of = network.title() + ", batch " + batch;
            final int[] next = {0};
            rows.add(InParts.rate(
                    "step " + of,
                    threads,
                    millis,
                    network.stepFlop(),
                    () -> trainer.gather(data, order, next[0]++ * batch % (SAMPLES - batch), batch),
                    trainer::step));
            if (threads > 1) {
                rows.add(RoundTrip.row(threads));
            }
            try (StepParts parts = new StepParts(network, compute)) {
                rows.addAll(parts.rows(millis, Machine.peak(threads)));
            }
            rows.add(Row.micros(
                    "gathering a batch",
                    threads,
                    GemmBench.repeat(() -> trainer.gather(data, order, 0, batch), millis / GATHERINGS),
                    0,
                    0));

            final FitClock clock = new FitClock(threads, InParts.PEAK_MILLIS);
            trainer.fit(data, Fit.epochs(epochs).batchSize(batch).listener(clock));
            final double flop = network.stepFlop() * SAMPLES / batch;
            rows.add(Row.rate("fit, each step at the median", threads, clock.typicalEpochs(), clock.peaks(), flop));
            rows.add(Row.rate("fit, 60,000 samples an epoch", threads, clock.epochs(), clock.peaks(), flop));
            rows.add(PredictionBench.row(model, compute, of, batch, threads, millis, network.forwardFlop()));
        }
        return rows;
    }

    /// What the rates mean in samples.
    static String samplesPerSecond(Network network, Row row) {
        final double flop = PredictionBench.is(row) ? network.forwardFlop() : network.stepFlop();
        return String.format(Locale.ROOT, "%,.0f samples/s", row.median() * 1e9 * network.batch() / flop);
    }

    static Dataset data(Network network, int samples) {
        final int pixels = network.inputs();
        final int classes = network.classes();
        final java.util.Random random = new java.util.Random(42);
        final float[] centres = new float[classes * pixels];
        for (int i = 0; i < centres.length; i++) {
            centres[i] = random.nextFloat();
        }
        final byte[] x = new byte[samples * pixels];
        final int[] labels = new int[samples];
        for (int s = 0; s < samples; s++) {
            final int of = random.nextInt(classes);
            for (int i = 0; i < pixels; i++) {
                x[s * pixels + i] = (byte) (255 * (0.3f * centres[of * pixels + i] + 0.7f * random.nextFloat()));
            }
            labels[s] = random.nextFloat() < 0.1f ? random.nextInt(classes) : of;
        }
        return Dataset.images(x, Shape.of(pixels), 1 / 255f, labels);
    }
}
