package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.keras.Fixtures.Row;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Grayscale;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// What was read from Keras' files and written again is the same model.
class ExportTest {
    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> everyFixtureComesBack() {
        return Fixtures.rows().stream()
                .filter(row -> (row.format().equals("h5-whole") || row.format().equals("keras-zip"))
                        && Files.exists(row.path())
                        && !Fixtures.arrays(row, "y").isEmpty())
                .map(row -> DynamicTest.dynamicTest(row.file(), () -> check(row)));
    }

    private void check(Row row) throws IOException {
        try (Model model = load(row)) {
            if (model == null) {
                return;
            }
            final Path h5 = folder.resolve("model.h5");
            final Path archive = folder.resolve("model.keras");
            final Path weights = folder.resolve("model.weights.h5");
            if (!saved(model, h5, "Keras 1 alone had it")) {
                assertTrue(row.layers().matches(".*(MaxoutDense|Highway).*"), row::layers);
                return;
            }
            try (Model back = KerasModels.load(h5)) {
                compare(row, model, back);
            }
            if (!saved(model, weights, "Keras 3 has no such layer")) {
                assertTrue(row.layers().contains("LocallyConnected"), row::layers);
                assertFalse(saved(model, archive, "Keras 3 has no such layer"));
                Files.delete(h5);
                return;
            }
            if (!saved(model, archive, "hard_sigmoid")) {
                Files.delete(h5);
                Files.delete(weights);
                return;
            }
            try (Model back = KerasModels.load(archive)) {
                compare(row, model, back);
            }
            try (Model back = KerasModels.load(weights, archive)) {
                compare(row, model, back);
            }
            for (Path file : List.of(h5, archive, weights)) {
                Files.delete(file);
            }
        }
    }

    /// Whether a model was saved; if it was refused, then for this reason, and there is no file.
    private static boolean saved(Model model, Path file, String reason) {
        try {
            KerasModels.save(model, file);
            return true;
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().contains(reason), () -> file + ": " + e.getMessage());
            assertFalse(Files.exists(file));
            return false;
        }
    }

    /// Null for what is not supported.
    private static Model load(Row row) {
        try {
            return KerasModels.load(row.path());
        } catch (UnsupportedLayerException e) {
            return null;
        }
    }

    private static void compare(Row row, Model expected, Model actual) {
        final List<float[]> before = weights(expected);
        final List<float[]> after = weights(actual);
        assertEquals(before.size(), after.size());
        for (int i = 0; i < before.size(); i++) {
            assertArrayEquals(before.get(i), after.get(i));
        }
        assertEquals(types(expected), types(actual));
        if (!row.layers().contains("Random")) {
            final Dataset data = Fixtures.dataset(Fixtures.arrays(row, "x"));
            final List<float[]> y = expected.predict(data, 32);
            final List<float[]> again = actual.predict(data, 32);
            assertEquals(y.size(), again.size());
            for (int i = 0; i < y.size(); i++) {
                assertArrayEquals(y.get(i), again.get(i), row::file);
            }
        }
    }

    private static List<float[]> weights(Model model) {
        final List<float[]> weights = new ArrayList<>();
        for (ParameterLayout.Place place : model.layout().places()) {
            weights.add(model.parameter(place).toArray());
        }
        return weights;
    }

    private static List<String> types(Model model) {
        return model.graph().layers().values().stream()
                .map(layer -> layer.typeName())
                .toList();
    }

    /// The optimizer goes on where it was.
    @TestFactory
    Stream<DynamicTest> optimizersMemoryComesBack() {
        final Path fixtures = Fixtures.required();
        final Stream<Path> trained =
                Stream.of(fixtures.resolve("mnist_mlp/model.h5"), fixtures.resolve("mnist_cnn/model.keras"));
        final Stream<Path> runs = OptimizerFixturesTest.folders().stream().map(run -> run.resolve("final.h5"));
        return Stream.concat(trained, runs)
                .map(name -> DynamicTest.dynamicTest(name.toString(), () -> {
                    try (Model model = KerasModels.load(name)) {
                        assertTrue(model.iteration() > 0);
                        for (String ending : List.of("h5", "keras")) {
                            final Path file = folder.resolve("trained." + ending);
                            KerasModels.save(model, file);
                            try (ImportedModel back = KerasModels.importFile(file)) {
                                assertTrue(
                                        back.report().training().resumable(),
                                        () -> back.report().text());
                                assertEquals(model.iteration(), back.model().iteration());
                                assertEquals(TrainingConfig.of(model), TrainingConfig.of(back.model()));
                                assertEquals(
                                        model.slots().keySet(),
                                        back.model().slots().keySet());
                                model.slots()
                                        .forEach((slot, values) -> assertEquals(
                                                -1,
                                                values.mismatch(
                                                        back.model().slots().get(slot)),
                                                slot));
                            }
                        }
                    }
                }));
    }

    @Test
    void modelMadeHereIsWritten() {
        final Path file = folder.resolve("made.h5");
        try (Model model = Model.create(
                Sequential.input(5)
                        .add(new Dense(7, Activations.of("leaky_relu", java.util.Map.of("negative_slope", 0.1))))
                        .add(new Dense(3, Activations.SOFTMAX))
                        .build(),
                3)) {
            KerasModels.save(model, file);
            try (Model back = KerasModels.load(file)) {
                assertEquals(model.graph(), back.graph());
                assertEquals(-1, model.trainable().mismatch(back.trainable()));
            }
        }
    }

    /// A file from anyone may have them; groups within groups are written one within the other.
    @Test
    void namesThatAreTooDeepAreRefusedOrMadeAnew() {
        final String deep = "a/".repeat(20_000) + "a";
        final Path file = folder.resolve("deep.h5");
        final IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> new H5Group().group(deep));
        assertTrue(e.getMessage().endsWith("is no path of up to 90 names"), e.getMessage());
        assertTrue(e.getMessage().length() < 300, e.getMessage());
        final Graph.Builder other = Graph.builder();
        final Graph.Value y = other.input(Shape.of(2));
        try (Model model = Model.create(other.build(other.add("d", new Dense(3), y)), 1)) {
            model.attributes()
                    .put(
                            KerasImport.ATTRIBUTE,
                            "{\"layers\": {\"d\": {\"class_name\": \"Dense\", \"config\": {\"units\": 3}, \"weight_names\": [\""
                                    + deep + "\", \"b\"]}}}");
            KerasModels.save(model, file);
            try (Model back = KerasModels.load(file)) {
                assertEquals(-1, model.trainable().mismatch(back.trainable()));
            }
        }
    }

    @Test
    void whatKerasDoesNotHaveIsNamedAndNothingIsWritten() {
        final Path file = folder.resolve("gray.keras");
        try (Model model = Model.create(
                Sequential.input(Shape.of(2, 4, 4, 3))
                        .add(new TimeDistributed(new Grayscale()))
                        .build(),
                1)) {
            final IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> KerasModels.save(model, file));
            assertTrue(e.getMessage().contains("grayscale") && e.getMessage().contains("Grayscale"), e.getMessage());
            assertTrue(Files.notExists(file));
            assertThrows(IllegalArgumentException.class, () -> KerasModels.save(model, folder.resolve("model.bin")));
        }
    }
}
