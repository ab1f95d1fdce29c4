package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import dev.lanewise.data.Dataset;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.io.ModelFormatException;
import dev.lanewise.keras.Fixtures.Row;
import dev.lanewise.keras.ImportReport.LayerReport;
import dev.lanewise.keras.ImportReport.WeightReport;
import dev.lanewise.keras.h5.H5Dataset;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.tensor.Memory;
import dev.lanewise.train.Trainer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Files of real Keras, of all versions, and of others: predictions are Keras', or the file is refused by name.
class FixturesTest {
    private static final double TOLERANCE = 1e-5;

    /// Of models with so many layers that have weights: the stored outputs are float32 themselves.
    private static final double TOLERANCE_OF_DEEP = 1e-4;

    private static final int DEEP = 50;

    /// Files that may be refused though all their layers are supported, and why.
    private static final Map<String, Reason> REFUSED = Map.of();

    /// Architectures over sequences: their final weights are compared too.
    private static final Set<String> SEQUENCES = Set.of("arch_embedding", "arch_simple_rnn", "arch_lstm", "arch_gru");

    @TempDir
    private Path folder;

    /// Whether there is a layer here for all that the index says is in a file.
    private static boolean mustLoad(Row row) {
        final Set<String> known = new HashSet<>(KerasLayers.supported());
        known.addAll(Set.of("Sequential", "Model", "Functional"));
        known.addAll(KerasUpgrade.classes().keySet());
        return !row.note().contains("MUST-REFUSE")
                && Stream.of(row.layers().split(",", -1)).allMatch(known::contains);
    }

    /// Before it is done, a thread of its own takes and frees memory.
    @BeforeAll
    static void warmUp() {
        Compute.shared().warmUp();
    }

    @TestFactory
    Stream<DynamicTest> wholeModels() {
        final List<Row> rows = Fixtures.rows().stream()
                .filter(row -> (row.format().equals("h5-whole") || row.format().equals("keras-zip"))
                        && Files.exists(row.path()))
                .toList();
        assertTrue(rows.size() > 360, () -> rows.size() + " files");
        return rows.stream().map(row -> DynamicTest.dynamicTest(row.file(), () -> check(row, ImportOptions.DEFAULT)));
    }

    /// The same weights into the same models with all layers given other names: names say nothing about
    /// whose weights
    /// are whose.
    @TestFactory
    Stream<DynamicTest> otherNames() {
        return Fixtures.rows().stream()
                .filter(row -> (row.format().equals("h5-whole") || row.format().equals("keras-zip"))
                        && Files.exists(row.path())
                        && !Fixtures.arrays(row, "y").isEmpty()
                        && mustLoad(row))
                .map(row -> DynamicTest.dynamicTest(row.file(), () -> {
                    final JsonObject renamed;
                    try (KerasModelFile file = KerasModelFile.open(row.path())) {
                        final KerasArchitecture own = file.architecture();
                        renamed = OtherNames.of(own.config());
                        renamed.addProperty("keras_version", own.kerasVersion());
                    }
                    final Path json = folder.resolve("renamed.json");
                    Files.writeString(json, renamed.toString());
                    try (ImportedModel imported =
                            KerasModels.importFile(row.path(), ImportOptions.DEFAULT.architecture(json))) {
                        assertTrue(imported.model().graph().layers().keySet().stream()
                                .allMatch(name -> name.matches("(layer_[0-9]+(_input)?/?)+(_[a-z_]+)?")));
                        final double difference = Fixtures.difference(imported.model(), row);
                        assertTrue(difference <= TOLERANCE_OF_DEEP, () -> row + " differs by " + difference);
                    }
                }));
    }

    /// Whole files under another name, with all layers and the weights of all layers named otherwise.
    @TestFactory
    Stream<DynamicTest> renamedFiles() {
        return Fixtures.rows().stream()
                .filter(row -> (row.format().equals("h5-whole") || row.format().equals("keras-zip"))
                        && Files.exists(row.path())
                        && !Fixtures.arrays(row, "y").isEmpty()
                        && mustLoad(row))
                .map(row -> DynamicTest.dynamicTest(row.file(), () -> {
                    final Path copy = folder.resolve("renamed");
                    RenamedFile.write(row.path(), copy);
                    try (ImportedModel imported = KerasModels.importFile(copy)) {
                        final double difference = Fixtures.difference(imported.model(), row);
                        assertTrue(difference <= TOLERANCE_OF_DEEP, () -> row + " differs by " + difference);
                        assertTrue(imported.report().layers().stream()
                                .filter(layer -> !layer.weights().isEmpty())
                                .allMatch(layer -> layer.name().startsWith("layer_")));
                    }
                }));
    }

    /// What the optimizer remembers has names in one format and none in the other.
    @Test
    void optimizersMemoryIsTheSameInBothFormats() {
        for (String name : List.of("mnist_mlp", "mnist_cnn")) {
            final Path at = Fixtures.required().resolve(name);
            try (ImportedModel h5 = KerasModels.importFile(at.resolve("model.h5"));
                    ImportedModel archive = KerasModels.importFile(at.resolve("model.keras"))) {
                assertTrue(h5.report().training().resumable(), () -> h5.report().text());
                assertTrue(
                        archive.report().training().resumable(),
                        () -> archive.report().text());
                assertTrue(h5.model().iteration() > 0);
                assertEquals(h5.model().iteration(), archive.model().iteration());
                assertEquals(
                        h5.report().training().slots(),
                        archive.report().training().slots());
                h5.model()
                        .slots()
                        .forEach((slot, values) -> assertEquals(
                                -1, values.mismatch(archive.model().slots().get(slot)), slot));
            }
        }
    }

    /// Sizes of images that the file leaves open are those of the data.
    @Test
    void sizesThatAreNoneAreTheDatas() throws IOException {
        final Path at = Fixtures.required().resolve("conv2d_same/model.keras");
        final Row row = Fixtures.rows().stream()
                .filter(r -> r.file().equals("conv2d_same/model.keras"))
                .findFirst()
                .orElseThrow();
        final String open;
        try (KerasModelFile file = KerasModelFile.open(at)) {
            open = file.architecture().config().toString().replace("[null,9,10,4]", "[null,null,null,4]");
        }
        assertTrue(open.contains("[null,null,null,4]"), open);
        final Path json = folder.resolve("open.json");
        Files.writeString(json, open);
        try (Model model = KerasModels.load(at, json)) {
            assertTrue(Fixtures.difference(model, row) <= TOLERANCE);
        }
    }

    /// Weights alone, into the model whose file lies beside them.
    @TestFactory
    Stream<DynamicTest> weightsAlone() {
        return Fixtures.rows().stream()
                .filter(row -> row.format().startsWith("h5-weights"))
                .map(row -> DynamicTest.dynamicTest(row.file(), () -> {
                    final ModelFormatException e =
                            assertThrows(ModelFormatException.class, () -> KerasModels.load(row.path()));
                    assertTrue(e.getMessage().contains("weights only"), e.getMessage());
                    for (String beside : List.of("model.h5", "model.keras", "config.json")) {
                        final Path architecture = row.path().resolveSibling(beside);
                        if (Files.exists(architecture) && !architecture.equals(row.path())) {
                            check(row, ImportOptions.DEFAULT.architecture(architecture));
                        }
                    }
                }));
    }

    private static void check(Row row, ImportOptions options) {
        final long before = Memory.allocated();
        long computing = 0;
        try (ImportedModel imported = KerasModels.importFile(row.path(), options)) {
            assertFalse(row.note().contains("MUST-REFUSE"), row::file);
            // What the threads keep for their work is not the file's.
            final long loaded = Memory.allocated();
            if (!Fixtures.arrays(row, "y").isEmpty()) {
                final double difference = Fixtures.difference(imported.model(), row);
                final long weighted = imported.report().layers().stream()
                        .filter(layer -> !layer.weights().isEmpty())
                        .count();
                assertTrue(
                        difference <= (weighted > DEEP ? TOLERANCE_OF_DEEP : TOLERANCE),
                        () -> row + " differs by " + difference);
                computing = Memory.allocated() - loaded;
            }
            final ImportReport report = imported.report();
            assertTrue(report.loadable());
            assertTrue(report.layers().stream().allMatch(LayerReport::loaded));
            for (LayerReport layer : report.layers()) {
                for (WeightReport weight : layer.weights()) {
                    assertTrue(report.text().contains(weight.name() + " "), weight::name);
                }
            }
        } catch (UnsupportedLayerException e) {
            final Reason listed = REFUSED.get(row.name());
            if (mustLoad(row)) {
                assertTrue(e.report().allFindings().stream().anyMatch(f -> f.reason() == listed), e.getMessage());
            }
            final ImportReport report = e.report();
            assertFalse(report.refusals().isEmpty());
            // Each refusal names what it is about, and is in the message of the error or counted there.
            for (LayerReport layer : report.layers()) {
                assertEquals(
                        layer.loaded(),
                        layer.findings().stream().noneMatch(f -> f.reason().refuses()),
                        layer::name);
            }
        }
        assertEquals(before + computing, Memory.allocated());
    }

    @Test
    void nameOfTheFileSaysNothing() throws IOException {
        for (String name : List.of("model.keras", "model", "model.safetensors", "Modell Nr. 1 (neu).hdf5")) {
            final Path copy = folder.resolve(name);
            Files.copy(Fixtures.required().resolve("mnist_mlp/model.h5"), copy);
            try (Model model = KerasModels.load(copy)) {
                final Row row = Fixtures.rows().stream()
                        .filter(r -> r.file().equals("mnist_mlp/model.h5"))
                        .findFirst()
                        .orElseThrow();
                assertTrue(Fixtures.difference(model, row) <= TOLERANCE);
            }
        }
    }

    @Test
    void codeIsRefusedByName() {
        final Path file = Fixtures.required().resolve("wild/dl4j_examples_lambda_sequential_lambda/model.h5");
        final UnsupportedLayerException e = assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(file));
        assertTrue(
                e.getMessage().contains("'lambda_1' (Lambda), 'lambda_2' (Lambda): holds Python code"), e.getMessage());
        assertTrue(e.report().allFindings().stream().anyMatch(f -> f.reason() == Reason.RUNS_CODE));
    }

    /// One model packed in many ways: whatever the HDF5 file is like inside, its weights are read as they are.
    @TestFactory
    Stream<DynamicTest> variants() throws IOException {
        final Path at = Fixtures.required().resolve("valid_variants");
        final Map<String, float[]> plain = weights(at.resolve("plain.h5"));
        assertEquals(8, plain.size(), plain.keySet()::toString);
        try (Stream<Path> files = Files.list(at)) {
            return files.filter(file -> file.toString().endsWith(".h5")).sorted().toList().stream()
                    .map(file -> DynamicTest.dynamicTest(String.valueOf(file.getFileName()), () -> {
                        final Map<String, float[]> weights = weights(file);
                        assertEquals(plain.keySet(), weights.keySet());
                        final boolean half = file.toString().contains("float16");
                        plain.forEach(
                                (name, values) -> assertArrayEquals(values, weights.get(name), half ? 1e-3f : 0, name));
                    }));
        }
    }

    private static LegacyWeights legacy(KerasModelFile file) {
        return (LegacyWeights) file.weights();
    }

    private static Map<String, float[]> weights(Path path) {
        final Map<String, float[]> weights = new TreeMap<>();
        try (KerasModelFile file = KerasModelFile.open(path);
                Memory memory = new Memory("test")) {
            assertEquals("3.15.1", file.kerasVersion());
            assertEquals(
                    List.of("conv", "bn", "flat", "dense"),
                    legacy(file).layers().stream().map(KerasWeights::layer).toList());
            for (KerasWeights layer : legacy(file).layers()) {
                for (KerasWeight weight : layer.weights()) {
                    final H5Dataset data = weight.data();
                    data.file().check(data);
                    final MemorySegment values = memory.floats(data.size());
                    data.file().readFloats(data, values);
                    weights.put(weight.name(), values.toArray(ValueLayout.JAVA_FLOAT));
                }
            }
        }
        return weights;
    }

    @Test
    void splitAttributesAreJoined() {
        final Path path = Fixtures.required().resolve("chunked_attributes/model.h5");
        try (KerasModelFile file = KerasModelFile.open(path)) {
            assertTrue(
                    legacy(file).layers().size() >= 2,
                    () -> legacy(file).layers().size() + " layers");
            final int most = legacy(file).layers().stream()
                    .mapToInt(layer -> layer.weights().size())
                    .max()
                    .orElse(0);
            assertTrue(most == 80, () -> most + " weights in a layer");
            for (KerasWeights layer : legacy(file).layers()) {
                layer.weights().forEach(weight -> weight.data().file().check(weight.data()));
            }
        }
    }

    /// Steps of real optimizers and losses: those that the report says can go on give Keras' losses, step by
    /// step.
    @TestFactory
    Stream<DynamicTest> trainingSteps() {
        final List<Row> rows = Fixtures.rows().stream()
                .filter(row -> row.file().startsWith("training/"))
                .toList();
        assertTrue(rows.size() > 20, () -> rows.size() + " rows");
        return rows.stream()
                .map(row -> DynamicTest.dynamicTest(row.name(), () -> {
                    final Path at = Fixtures.required().resolve("training").resolve(row.name());
                    final ImportReport report;
                    try (ImportedModel imported = KerasModels.importFile(at.resolve("init.h5"))) {
                        report = imported.report();
                        if (report.training().resumable()) {
                            steps(imported.model(), at, row);
                        }
                    } catch (UnsupportedLayerException e) {
                        assertFalse(row.name().startsWith("loss_") || row.name().startsWith("opt_"), e.getMessage());
                        return;
                    }
                    final boolean named = !report.training().findings().isEmpty()
                            || report.allFindings().stream().anyMatch(f -> f.reason() == Reason.TRAINING_ONLY);
                    assertTrue(report.training().resumable() || named, report::text);
                    final List<String> known = List.of(
                            "opt_sgd",
                            "opt_sgd_momentum",
                            "opt_sgd_nesterov",
                            "opt_adam",
                            "opt_adam_eps",
                            "opt_adam_amsgrad",
                            "opt_adamw",
                            "opt_rmsprop",
                            "opt_rmsprop_centered",
                            "arch_layernorm",
                            "arch_embedding",
                            "arch_simple_rnn",
                            "arch_lstm",
                            "arch_gru",
                            "loss_binary_crossentropy",
                            "loss_huber",
                            "loss_log_cosh",
                            "loss_from_logits",
                            "loss_mse",
                            "loss_mae",
                            "loss_categorical_crossentropy",
                            "loss_sparse_categorical_crossentropy");
                    assertTrue(report.training().resumable() || !known.contains(row.name()), report::text);
                }));
    }

    private static void steps(Model model, Path at, Row row) {
        final NumberArray x = NpyFile.read(at.resolve("x.npy"));
        final NumberArray t = NpyFile.read(at.resolve("t.npy"));
        final float[] losses = NpyFile.read(at.resolve("losses.npy")).data();
        final Dataset data = Dataset.of(
                x.data(), x.shape().withoutFirst(), t.data(), t.shape().withoutFirst());
        final int n = data.size();
        final int batch = Integer.parseInt(row.note().replaceAll("(?s).*batch=([0-9]+).*", "$1"));
        final int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
        try (Trainer trainer = Trainer.resume(model)) {
            for (int step = 0; step < losses.length; step++) {
                trainer.gather(data, order, step * batch % n, batch);
                assertEquals(losses[step], trainer.step(), 1e-5 * Math.max(1, Math.abs(losses[step])), "step " + step);
            }
        }
        final float[] y =
                model.predict(Dataset.of(x.data(), x.shape().withoutFirst()), n).getFirst();
        final double difference =
                Fixtures.difference(y, NpyFile.read(at.resolve("y_final.npy")).data());
        assertTrue(difference <= 1e-4, () -> "predictions differ by " + difference);
        if (SEQUENCES.contains(row.name())) {
            try (Model last = KerasModels.load(at.resolve("final.h5"))) {
                for (ParameterLayout.Place place : model.layout().places()) {
                    final double of = Fixtures.difference(
                            model.parameter(place).toArray(),
                            last.parameter(place).toArray());
                    assertTrue(of <= 1e-4, () -> place.path() + " differs by " + of);
                }
            }
        }
    }
}
