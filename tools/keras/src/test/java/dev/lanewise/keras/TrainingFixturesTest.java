package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Training that real Keras did, done again from its file: the loss of each step, and what came of it:
/// weights, predictions, and what the optimizer remembers.
class TrainingFixturesTest {
    /// Relative, of a step's loss.
    private static final double LOSS_TOLERANCE = 1e-5;

    /// Of weights, predictions and the optimizer's memory after all steps.
    private static final double TOLERANCE = 1e-4;

    @TestFactory
    Stream<DynamicTest> stepsAreKeras() {
        final Path training = Fixtures.required().resolve("training");
        final List<Path> folders = new ArrayList<>();
        try (var all = Files.newDirectoryStream(training, "arch_*")) {
            all.forEach(folders::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertTrue(folders.size() >= 10, "there are 10 architectures, got " + folders.size());
        return folders.stream().sorted().map(folder -> {
            final String name = folder.getFileName().toString();
            return DynamicTest.dynamicTest(name, () -> check(folder, name));
        });
    }

    private static int batchSize(String name) {
        return Fixtures.rows().stream()
                .filter(row -> row.file().startsWith("training/") && row.name().equals(name))
                .map(row -> Integer.parseInt(row.note().replaceAll("(?s).*batch=([0-9]+).*", "$1")))
                .findFirst()
                .orElseThrow();
    }

    private static void check(Path folder, String name) {
        final NumberArray x = NpyFile.read(folder.resolve("x.npy"));
        final NumberArray t = NpyFile.read(folder.resolve("t.npy"));
        final float[] losses = NpyFile.read(folder.resolve("losses.npy")).data();
        final Dataset data = Dataset.of(
                x.data(), x.shape().withoutFirst(), t.data(), t.shape().withoutFirst());
        final int batch = batchSize(name);
        final int[] order = new int[data.size()];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        try (ImportedModel imported = KerasModels.importFile(folder.resolve("init.h5"));
                ImportedModel last = KerasModels.importFile(folder.resolve("final.h5"))) {
            assertTrue(
                    imported.report().training().resumable(),
                    () -> imported.report().text());
            assertTrue(last.report().training().resumable(), () -> last.report().text());
            final Model model = imported.model();
            final Model expected = last.model();
            try (Trainer trainer = Trainer.resume(model)) {
                for (int step = 0; step < losses.length; step++) {
                    trainer.gather(data, order, step * batch % order.length, batch);
                    assertEquals(losses[step], trainer.step(), LOSS_TOLERANCE * Math.abs(losses[step]), "step " + step);
                }
            }
            for (ParameterLayout.Place place : expected.layout().places()) {
                final double difference = Fixtures.difference(
                        model.parameter(place.path()).toArray(),
                        expected.parameter(place).toArray());
                assertTrue(difference <= TOLERANCE, () -> place.path() + " differs by " + difference);
            }
            assertEquals(losses.length, expected.iteration());
            assertEquals(expected.iteration(), model.iteration());
            assertEquals(expected.slots().keySet(), model.slots().keySet());
            expected.slots().forEach((slot, values) -> {
                final double difference = Fixtures.difference(
                        model.slots().get(slot).toArray(ValueLayout.JAVA_FLOAT),
                        values.toArray(ValueLayout.JAVA_FLOAT));
                assertTrue(difference <= TOLERANCE, () -> slot + " differs by " + difference);
            });
            final float[] y = model.predict(Dataset.of(x.data(), x.shape().withoutFirst()), order.length)
                    .getFirst();
            final double difference = Fixtures.difference(
                    y, NpyFile.read(folder.resolve("y_final.npy")).data());
            assertTrue(difference <= TOLERANCE, () -> "predictions differ by " + difference);
        }
    }
}
