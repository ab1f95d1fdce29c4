package dev.lanewise.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Adam;
import dev.lanewise.train.Fit;
import dev.lanewise.train.FitListener;
import dev.lanewise.train.Metric;
import dev.lanewise.train.RunningFigures;
import dev.lanewise.train.SparseCategoricalCrossentropy;
import dev.lanewise.train.Trainer;

/// A fresh process that trains from its first moment on and counts its steps. Called by [WarmupBench].
final class WarmupProcess {
    static final int WINDOW_MILLIS = 100;

    /// An epoch of a hundred steps: data that takes some ten milliseconds to make.
    private static final int SAMPLES = 100 * Network.SMALL.batch();

    private WarmupProcess() {}

    /// Ends the training.
    @SuppressWarnings("serial")
    private static final class Over extends RuntimeException {}

    /// Trains for a while and prints how many steps each window saw.
    ///
    /// @param args when this process was asked for, in milliseconds of the system's clock; how many
    ///     milliseconds from then on it is to train; threads
    public static void main(String[] args) {
        final long asked = Long.parseLong(args[0]);
        final int millis = Integer.parseInt(args[1]);
        final int threads = Integer.parseInt(args[2]);
        final int[] windows = new int[(millis + WINDOW_MILLIS - 1) / WINDOW_MILLIS];
        final long[] first = {-1};
        final FitListener count = new FitListener() {
            @Override
            public void stepEnds(int step, RunningFigures figures) {
                final long now = System.currentTimeMillis() - asked;
                if (first[0] < 0) {
                    first[0] = now;
                }
                if (now >= millis) {
                    throw new Over();
                }
                windows[(int) (now / WINDOW_MILLIS)]++;
            }
        };
        final Dataset data = data();
        try (Compute compute = Compute.of(threads);
                Model model = Model.create(Network.SMALL.graph(), 42);
                Trainer trainer =
                        Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy(), Metric.ACCURACY)) {
            trainer.fit(
                    data,
                    Fit.epochs(Integer.MAX_VALUE)
                            .batchSize(Network.SMALL.batch())
                            .listener(count));
        } catch (Over e) {
            // As intended.
        }
        final JsonObject json = new JsonObject();
        json.addProperty("firstStep", first[0]);
        if (threads > 1) {
            json.addProperty("roundTrip", RoundTrip.row(threads).median());
        }
        json.addProperty("peak", Machine.peak(threads));
        final JsonArray steps = new JsonArray();
        for (int window : windows) {
            steps.add(window);
        }
        json.add("steps", steps);
        System.out.println(PeerProcess.ANSWER + json);
    }

    /// Pictures of noise with a brighter stripe where the label says, one label in ten of them wrong so that
    /// gradients do not die away.
    private static Dataset data() {
        final int pixels = Network.SMALL.inputs();
        final int classes = Network.SMALL.classes();
        final byte[] x = new byte[SAMPLES * pixels];
        final int[] labels = new int[SAMPLES];
        int noise = 42;
        for (int s = 0; s < SAMPLES; s++) {
            final int of = s % classes;
            for (int i = 0; i < pixels; i++) {
                noise = noise * 1_664_525 + 1_013_904_223;
                x[s * pixels + i] = (byte) ((noise >>> 24) / 2 + (i * classes / pixels == of ? 40 : 0));
            }
            labels[s] = s % 100 / 10 == 9 ? (of + s / 100) % classes : of;
        }
        return Dataset.images(x, Shape.of(pixels), 1 / 255f, labels);
    }
}
