package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Predictor;
import dev.lanewise.tensor.Memory;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Eight threads predict with one [Predictor] while another trains the model that it came from, and saves it.
class SharedPredictorTest {
    private static final int THREADS = 8;
    private static final int SAVES = 10;
    private static final int FEATURES = 50;

    @TempDir
    private Path folder;

    @Test
    void trainingAndSavingChangeNoBitOfPredictions() throws InterruptedException, ExecutionException {
        Compute.shared().warmUp();
        final long before = Memory.allocated();
        final Dataset data = TestData.classes(64, FEATURES, 5, 3);
        final float[] input = new float[7 * FEATURES];
        final Random random = new Random(5);
        for (int i = 0; i < input.length; i++) {
            input[i] = random.nextFloat();
        }
        try (Model model = Model.create(TestData.smallGraph(), 1);
                Predictor predictor = model.predictor(4);
                ExecutorService threads = Executors.newFixedThreadPool(THREADS + 1)) {
            final float[] expected = predictor.run(input);
            final AtomicBoolean trained = new AtomicBoolean();
            final AtomicInteger predicted = new AtomicInteger();
            final List<Future<?>> all = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                all.add(threads.submit(() -> {
                    do {
                        assertArrayEquals(expected, predictor.run(input));
                        predicted.incrementAndGet();
                    } while (!trained.get());
                }));
            }
            all.add(threads.submit(() -> {
                try {
                    train(model, data);
                } finally {
                    trained.set(true);
                }
            }));
            for (Future<?> one : all) {
                one.get();
            }
            assertFalse(predicted.get() < THREADS);
            // The model itself went on.
            try (Predictor now = model.predictor(4)) {
                assertFalse(Arrays.equals(expected, now.run(input)));
            }
        }
        assertEquals(before, Memory.allocated());
    }

    /// Trains, saves, and reads what was saved.
    private void train(Model model, Dataset data) {
        try (Trainer trainer = Trainer.of(model, new Adam(), new SparseCategoricalCrossentropy())) {
            for (int save = 0; save < SAVES; save++) {
                trainer.fit(data, Fit.epochs(1).batchSize(16));
                final Path file = folder.resolve("model-" + save % 2 + ".safetensors");
                model.save(file);
                try (Model read = Model.load(file)) {
                    assertArrayEquals(
                            model.trainable().toArray(ValueLayout.JAVA_FLOAT),
                            read.trainable().toArray(ValueLayout.JAVA_FLOAT));
                }
            }
        }
    }
}
