package dev.lanewise.bench;

import static dev.lanewise.kernels.Activations.RELU;
import static dev.lanewise.kernels.Activations.SOFTMAX;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Adam;
import dev.lanewise.train.Fit;
import dev.lanewise.train.FitListener;
import dev.lanewise.train.Metric;
import dev.lanewise.train.SparseCategoricalCrossentropy;
import dev.lanewise.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The training step and the whole of `fit` for 784-128-10 (relu, softmax, cross-entropy, Adam) on batches of 128.
///
/// The data are images of bytes, drawn at random with labels that follow from it, one in ten of them wrong, so
/// that gradients do not die away.
final class TrainBench {
    private static final int SAMPLES = 60_000;
    private static final int PIXELS = 784;
    private static final int HIDDEN = 128;
    private static final int CLASSES = 10;
    static final int BATCH = 128;

    /// FLOP of a step: forward and the gradient by the weights of both layers, and the gradient by the hidden
    /// layer's output; 2 for each product and sum.
    static final double STEP_FLOP = 2.0 * BATCH * (2.0 * PIXELS * HIDDEN + 3.0 * HIDDEN * CLASSES);

    private static final int PARTS = 20;

    /// For a look at the FMA peak before each part.
    private static final long PEAK_MILLIS = 25;

    private TrainBench() {}

    /// Measures on some threads.
    ///
    /// @param millis for the steps, after a warm-up by an epoch of `fit`
    /// @param epochs of `fit` that are timed
    static List<Row> run(int threads, long millis, int epochs) {
        final Dataset data = data(SAMPLES);
        final List<Row> rows = new ArrayList<>();
        try (Compute compute = Compute.of(threads);
                Model model = Model.create(graph(), 42);
                Trainer trainer =
                        Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy(), Metric.ACCURACY)) {
            compute.warmUp();
            trainer.fit(data, Fit.epochs(4).batchSize(BATCH));
            final int[] order = new int[SAMPLES];
            for (int i = 0; i < SAMPLES; i++) {
                order[i] = i;
            }
            trainer.gather(data, order, 0, BATCH);
            GemmBench.repeat(trainer::step, millis);
            final List<long[]> steps = new ArrayList<>();
            final List<Double> peaks = new ArrayList<>();
            for (int part = 0; part < PARTS; part++) {
                trainer.gather(data, order, part * BATCH % (SAMPLES - BATCH), BATCH);
                peaks.add(Machine.peak(threads, PEAK_MILLIS));
                steps.add(GemmBench.repeat(trainer::step, millis / PARTS));
            }
            rows.add(Row.rate("step 784-128-10, batch 128", threads, steps, peaks, STEP_FLOP));

            final List<long[]> fits = new ArrayList<>();
            peaks.clear();
            final FitListener clock = new FitListener() {
                private long start;

                @Override
                public void epochBegins(int epoch, int of, int count) {
                    peaks.add(Machine.peak(threads, PEAK_MILLIS));
                    start = System.nanoTime();
                }

                @Override
                public void epochEnds(int epoch, Map<String, Double> values) {
                    fits.add(new long[] {System.nanoTime() - start});
                }
            };
            trainer.fit(data, Fit.epochs(epochs).batchSize(BATCH).listener(clock));
            rows.add(Row.rate("fit, 60,000 samples an epoch", threads, fits, peaks, STEP_FLOP * SAMPLES / BATCH));
        }
        return rows;
    }

    /// What the rates mean in samples.
    static String samplesPerSecond(Row row) {
        return String.format(Locale.ROOT, "%,.0f samples/s", row.median() * 1e9 * BATCH / STEP_FLOP);
    }

    static Graph graph() {
        return Sequential.input(PIXELS)
                .add(new Dense(HIDDEN, RELU))
                .add(new Dense(CLASSES, SOFTMAX))
                .build();
    }

    static Dataset data(int samples) {
        final java.util.Random random = new java.util.Random(42);
        final float[] centres = new float[CLASSES * PIXELS];
        for (int i = 0; i < centres.length; i++) {
            centres[i] = random.nextFloat();
        }
        final byte[] x = new byte[samples * PIXELS];
        final int[] labels = new int[samples];
        for (int s = 0; s < samples; s++) {
            final int of = random.nextInt(CLASSES);
            for (int i = 0; i < PIXELS; i++) {
                x[s * PIXELS + i] = (byte) (255 * (0.3f * centres[of * PIXELS + i] + 0.7f * random.nextFloat()));
            }
            labels[s] = random.nextFloat() < 0.1f ? random.nextInt(CLASSES) : of;
        }
        return Dataset.images(x, Shape.of(PIXELS), 1 / 255f, labels);
    }
}
