package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.keras.ExportReport.Kind;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.ConvLSTM1D;
import dev.lanewise.nn.layer.ConvLSTM2D;
import dev.lanewise.nn.layer.ConvLSTM3D;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Dropout;
import dev.lanewise.nn.layer.Highway;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.nn.layer.LocallyConnected1D;
import dev.lanewise.nn.layer.MaxoutDense;
import dev.lanewise.nn.layer.MultiHeadAttention;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Adam;
import dev.lanewise.train.Fit;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Models that were changed after they were read, or made here, go to Keras' files with what changed.
class ExportEditedTest {
    @TempDir
    private Path folder;

    private static Model fixture(String name) {
        return KerasModels.load(Fixtures.required().resolve(name));
    }

    private static Dataset input(Graph graph) {
        final List<Dataset> parts = new ArrayList<>();
        for (Shape shape : graph.inputShapes()) {
            final Shape sample = shape.withoutFirst();
            final float[] x = new float[Math.toIntExact(4 * sample.size())];
            final RandomStream random = RandomStream.of(5, parts.size(), 0);
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) random.nextDouble();
            }
            parts.add(Dataset.of(x, sample));
        }
        return parts.size() == 1 ? parts.getFirst() : Dataset.of(parts);
    }

    /// Saves in all forms, reads back and compares.
    ///
    /// @return the reports of `.h5` and `.keras`
    private List<ExportReport> comesBack(Model model) {
        final Path h5 = folder.resolve("model.h5");
        final Path archive = folder.resolve("model.keras");
        final Path weights = folder.resolve("model.weights.h5");
        final List<ExportReport> reports = List.of(KerasModels.save(model, h5), KerasModels.save(model, archive));
        KerasModels.save(model, weights);
        try (Model a = KerasModels.load(h5);
                Model b = KerasModels.load(archive);
                Model c = KerasModels.load(weights, archive)) {
            for (Model back : List.of(a, b, c)) {
                assertEquals(
                        model.graph().frozen().size(), back.graph().frozen().size());
                assertEquals(
                        model.layout().places().size(), back.layout().places().size());
                final List<float[]> y = model.predict(input(model.graph()), 4);
                final List<float[]> again = back.predict(input(model.graph()), 4);
                for (int i = 0; i < y.size(); i++) {
                    assertArrayEquals(y.get(i), again.get(i));
                }
            }
        }
        return reports;
    }

    private static void train(Model model) {
        final int outputs = model.graph().outputShapes().getFirst().last();
        final Dataset x = input(model.graph());
        final float[] t = new float[4 * outputs];
        try (Trainer trainer = Trainer.of(model, new Adam(0.01), new MeanSquaredError())) {
            trainer.fit(
                    x.withTargets(Dataset.of(t, Shape.of(outputs))),
                    Fit.epochs(2).batchSize(2));
        }
    }

    @Test
    void aNewHeadOnAFrozenModelWithinAModel() {
        try (Model base = fixture("nested_sequential/model.keras");
                Model tuned = base.edit()
                        .withoutTop()
                        .freeze()
                        .add(new Dropout(0.2f))
                        .withHead("classes", new Dense(5, Activations.SOFTMAX), 7)) {
            train(tuned);
            comesBack(tuned);
            try (Model back = KerasModels.load(folder.resolve("model.keras"))) {
                // The model within the model is one still, and its layers' configs are the file's.
                assertEquals(
                        tuned.graph().groups().size(), back.graph().groups().size());
                assertTrue(back.attributes().get("keras").contains("renorm_momentum"));
                assertEquals(tuned.iteration(), back.iteration());
                assertFalse(back.graph().isTrainable("features/conv2d"));
                assertTrue(back.graph().isTrainable("classes"));
            }
        }
    }

    @Test
    void aModelWithinAModelThatIsCalledTwice() {
        try (Model base = fixture("nested_deep/model.h5");
                Model tuned = base.edit().upTo("mid/dense_1").withHead(new Dense(2), 3)) {
            comesBack(tuned);
            try (Model back = KerasModels.load(folder.resolve("model.keras"))) {
                assertEquals(2, back.graph().groups().size());
                final Graph.Group block = back.graph().group("mid/block");
                assertEquals(2, block == null ? 0 : block.calls().size());
            }
        }
    }

    @Test
    void aModelWithinAModelThatIsCut() {
        try (Model base = fixture("nested_sequential/model.keras");
                Model cut = base.edit().upTo("features/batch_normalization").withHead(new Dense(2), 3)) {
            for (ExportReport report : comesBack(cut)) {
                assertEquals(
                        1,
                        report.notes().stream()
                                .filter(note -> note.kind() == Kind.FLATTENED
                                        && note.where().equals("features"))
                                .count(),
                        report::text);
                assertEquals(
                        2,
                        report.notes().stream()
                                .filter(note -> note.kind() == Kind.RENAMED)
                                .count(),
                        report::text);
            }
        }
    }

    @Test
    void aFunctionalModelThatIsTheOutputIsCountedFrom1() {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value x = builder.input("x", Shape.of(3));
        builder.layer("block/dense", new Dense(3, Activations.TANH));
        final Graph.Value once = builder.call("block/dense", x).getFirst();
        final Graph.Value skip = builder.add("skip", new dev.lanewise.nn.layer.Add(), once, x);
        final Graph.Value twice = builder.call("block/dense", skip).getFirst();
        final Graph graph = builder.build(twice, once)
                .withGroups(List.of(new Graph.Group(
                        "block",
                        "Functional",
                        List.of("block/dense"),
                        List.of(
                                new Graph.GroupCall(List.of(x), List.of(once)),
                                new Graph.GroupCall(List.of(skip), List.of(twice))))));
        try (Model model = Model.create(graph, 4)) {
            comesBack(model);
            final KerasArchitecture written = KerasArchitecture.read(folder.resolve("model.keras"));
            assertEquals(
                    "[[\"block\",2,0],[\"block\",1,0]]",
                    written.config()
                            .getAsJsonObject("config")
                            .get("output_layers")
                            .toString());
        }
    }

    @Test
    void layersInFrontAreWrittenToo() {
        try (Model base = fixture("mnist_cnn/model.keras");
                Model larger = base.edit()
                        .inFront(Shape.of(28, 28, 1), List.of(new Rescaling(0.5f)))
                        .freeze("conv2d*")
                        .build(1)) {
            comesBack(larger);
        }
    }

    @Test
    void attentionAndStatesMadeHere() {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value q = builder.input(Shape.of(4, 6));
        final Graph.Value v = builder.input(Shape.of(5, 6));
        builder.layer("encoder", new LSTM(6).returnState(true));
        final List<Graph.Value> states = builder.call("encoder", v);
        final Graph.Value attended = builder.add(new MultiHeadAttention(2, 3).useCausalMask(true), q, v);
        final Graph.Value out = builder.add("decoder", new LSTM(6), attended, states.get(1), states.get(2));
        try (Model model = Model.create(builder.build(out, states.get(0)), 4)) {
            final List<ExportReport> reports = comesBack(model);
            assertTrue(
                    reports.getFirst().notes().stream().anyMatch(note -> note.kind() == Kind.KERAS_3_ONLY),
                    reports.getFirst()::text);
            assertEquals(List.of(), reports.getLast().notes());
        }
    }

    /// Layers that Keras 2 alone has, also in a layer, and those that Keras 1 alone had.
    @Test
    void layersThatKeras3DoesNotHave() throws IOException {
        for (Layer layer :
                List.<Layer>of(new LocallyConnected1D(2, 3), new TimeDistributed(new LocallyConnected1D(2, 3)))) {
            final Shape shape = layer instanceof TimeDistributed ? Shape.of(2, 6, 3) : Shape.of(6, 3);
            try (Model model =
                    Model.create(Sequential.input(shape).add("local", layer).build(), 1)) {
                for (String name : List.of("model.keras", "model.weights.h5")) {
                    assertRefused(model, folder.resolve(name), "'local'", "Keras 3 has no such layer");
                }
                final Path h5 = folder.resolve("model.h5");
                final ExportReport report = KerasModels.save(model, h5);
                assertTrue(report.notes().stream().anyMatch(note -> note.kind() == Kind.KERAS_2_ONLY), report::text);
                try (Model back = KerasModels.load(h5)) {
                    assertEquals(model.graph(), back.graph());
                    assertEquals(-1, model.trainable().mismatch(back.trainable()));
                }
                Files.delete(h5);
            }
        }
        for (Layer layer : List.<Layer>of(
                new Highway(Activations.RELU),
                new MaxoutDense(3, 2),
                new TimeDistributed(new Highway(Activations.RELU)))) {
            final Shape shape = layer instanceof TimeDistributed ? Shape.of(2, 3) : Shape.of(3);
            try (Model model =
                    Model.create(Sequential.input(shape).add("old", layer).build(), 1)) {
                for (String name : List.of("model.keras", "model.weights.h5", "model.h5")) {
                    assertRefused(model, folder.resolve(name), "'old'", "Keras 1 alone had it");
                }
            }
        }
    }

    private static void assertRefused(Model model, Path file, String layer, String reason) {
        final IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> KerasModels.save(model, file));
        assertTrue(e.getMessage().contains(layer) && e.getMessage().contains(reason), e.getMessage());
        assertTrue(Files.notExists(file));
    }

    @Test
    void convolutionsOverStepsMadeHere() {
        final List<Layer> layers = List.of(
                new ConvLSTM1D(2, 2),
                new ConvLSTM2D(2, 2),
                new ConvLSTM3D(2, 2),
                new Bidirectional(new ConvLSTM2D(2, 2)));
        final int[] places = {1, 2, 3, 2};
        for (int i = 0; i < places.length; i++) {
            Shape shape = Shape.of(2);
            for (int axis = 0; axis < places[i]; axis++) {
                shape = shape.prepend(4);
            }
            try (Model model = Model.create(
                    Sequential.input(shape.prepend(3)).add(layers.get(i)).build(), 2)) {
                for (ExportReport report : comesBack(model)) {
                    assertEquals(List.of(), report.notes());
                }
            }
        }
    }

    @Test
    void hardSigmoidOfKeras2() {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value x = builder.input(Shape.of(3));
        final Graph graph = builder.build(builder.add(
                "gate", new Dense(2, Activations.of("hard_sigmoid", Map.of("legacy", true))), x));
        try (Model model = Model.create(graph, 1)) {
            final Path archive = folder.resolve("model.keras");
            final IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> KerasModels.save(model, archive));
            assertTrue(e.getMessage().contains("'gate'") && e.getMessage().contains(".h5"), e.getMessage());
            assertTrue(Files.notExists(archive));
            final ExportReport report = KerasModels.save(model, folder.resolve("model.h5"));
            assertEquals(Kind.KERAS_2_ONLY, report.notes().getFirst().kind());
            KerasModels.save(model, folder.resolve("model.weights.h5"));
            try (Model back = KerasModels.load(folder.resolve("model.h5"))) {
                assertEquals(graph, back.graph());
            }
        }
    }

    @Test
    void safetensorsOnTheWayChangesNothing() {
        for (String name : List.of("mnist_mlp/model.h5", "nested_frozen/model.keras", "dict_io/model.keras")) {
            try (Model model = fixture(name)) {
                model.save(folder.resolve("model.safetensors"));
                try (Model between = Model.load(folder.resolve("model.safetensors"))) {
                    for (String ending : List.of("h5", "keras")) {
                        final Path straight = folder.resolve("straight." + ending);
                        final Path round = folder.resolve("round." + ending);
                        KerasModels.save(model, straight);
                        KerasModels.save(between, round);
                        try (Model a = KerasModels.load(straight);
                                Model b = KerasModels.load(round)) {
                            assertEquals(a.graph(), b.graph());
                            assertEquals(a.attributes(), b.attributes());
                            assertEquals(a.iteration(), b.iteration());
                            assertEquals(-1, a.trainable().mismatch(b.trainable()));
                            assertEquals(a.slots().keySet(), b.slots().keySet());
                            for (ParameterLayout.Place place : a.layout().places()) {
                                assertArrayEquals(
                                        a.parameter(place).toArray(),
                                        b.parameter(place).toArray());
                            }
                        }
                    }
                }
            }
        }
    }
}
