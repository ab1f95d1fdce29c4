package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.nn.Compute;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Steps of real Keras done again, one by one: every optimizer and every loss that `keras-fixtures/training`
/// has.
class OptimizerFixturesTest {
    private static final int BATCH = 8;
    private static final double LOSS_TOLERANCE = 1e-5;
    private static final double TOLERANCE = 1e-4;

    static List<Path> folders() {
        final List<Path> folders = new ArrayList<>();
        try (var all = Files.newDirectoryStream(Fixtures.required().resolve("training"), "{opt,loss}_*")) {
            all.forEach(folders::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        folders.sort(null);
        assertTrue(folders.size() >= 37, "there are 21 optimizers and 16 losses, got " + folders.size());
        return folders;
    }

    private static void assertClose(float[] expected, float[] got, String what) {
        final double difference = Fixtures.difference(got, expected);
        assertTrue(difference <= TOLERANCE, () -> what + " differs by " + difference);
    }

    @ParameterizedTest
    @MethodSource("folders")
    void eachStepIsKeras(Path folder) {
        final NumberArray x = NpyFile.read(folder.resolve("x.npy"));
        final NumberArray t = NpyFile.read(folder.resolve("t.npy"));
        final float[] losses = NpyFile.read(folder.resolve("losses.npy")).data();
        final Dataset data = Dataset.of(
                x.data(), x.shape().withoutFirst(), t.data(), t.shape().withoutFirst());
        final int[] order = new int[data.size()];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        try (ImportedModel init = KerasModels.importFile(folder.resolve("init.h5"));
                ImportedModel last = KerasModels.importFile(folder.resolve("final.h5"));
                Compute compute = Compute.of(Compute.shared().kernels(), 1)) {
            assertEquals(List.of(), init.report().allFindings());
            assertEquals(List.of(), last.report().allFindings());
            final Model model = init.model();
            final Model after = last.model();
            try (Trainer trainer = Trainer.resume(compute, model)) {
                for (int step = 0; step < losses.length; step++) {
                    trainer.gather(data, order, step * BATCH % order.length, BATCH);
                    final double loss = trainer.step();
                    assertEquals(losses[step], loss, LOSS_TOLERANCE * Math.abs(losses[step]), "loss of step " + step);
                }
            }
            assertEquals(after.iteration(), model.iteration());
            for (ParameterLayout.Place place : model.layout().places()) {
                assertClose(
                        after.parameter(place).toArray(), model.parameter(place).toArray(), place.path());
            }
            assertEquals(after.slots().keySet(), model.slots().keySet());
            after.slots()
                    .forEach((slot, values) -> assertClose(
                            values.toArray(ValueLayout.JAVA_FLOAT),
                            model.slots().get(slot).toArray(ValueLayout.JAVA_FLOAT),
                            slot));
            final float[] y = model.predict(Dataset.of(x.data(), x.shape().withoutFirst()), 7)
                    .getFirst();
            assertClose(NpyFile.read(folder.resolve("y_final.npy")).data(), y, "predictions");
        }
    }
}
