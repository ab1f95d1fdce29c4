package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.Workspace;
import dev.lanewise.nn.layer.Add;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.Concatenate;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Dropout;
import dev.lanewise.nn.layer.Embedding;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.GRU;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Models of texts as a whole: training, masks on their way, state and lengths.
class TextModelTest {
    private static final Dataset TEXTS = TestData.texts(400, 6);

    @TempDir
    private Path folder;

    private static Graph classifier() {
        return Sequential.input(Shape.UNKNOWN)
                .add(new Embedding(20, 8).maskZero(true))
                .add(new Bidirectional(new LSTM(8)))
                .add(new Dense(2, Activations.SOFTMAX))
                .build();
    }

    @Test
    void orderOfWordsIsLearned() {
        final Path file = folder.resolve("half.safetensors");
        final int expected;
        final float[] predicted;
        try (Model model = Model.create(classifier(), 7);
                Trainer trainer =
                        Trainer.of(model, new Adam(0.01), new SparseCategoricalCrossentropy(), Metric.ACCURACY)) {
            final History history = trainer.fit(TEXTS, Fit.epochs(20).batchSize(32));
            assertTrue(
                    history.get("accuracy").getLast() > 0.97,
                    () -> history.get("accuracy").toString());
            expected = TestData.hash(model);
            predicted = model.predict(TEXTS, 32).getFirst();
        }
        try (Model model = Model.create(classifier(), 7);
                Trainer trainer =
                        Trainer.of(model, new Adam(0.01), new SparseCategoricalCrossentropy(), Metric.ACCURACY)) {
            trainer.fit(TEXTS, Fit.epochs(9).batchSize(32));
            model.save(file);
            assertNotEquals(expected, TestData.hash(model));
        }
        try (Model model = Model.load(file);
                Trainer trainer = Trainer.resume(model)) {
            trainer.fit(TEXTS, Fit.epochs(11).batchSize(32));
            assertEquals(expected, TestData.hash(model));
            assertArrayEquals(predicted, model.predict(TEXTS, 50).getFirst());
        }
    }

    /// Every layer that other layers hold is written and read.
    @Test
    void allRecurrentLayersAreSaved() {
        final Path file = folder.resolve("texts.safetensors");
        try (Model model = Model.create(TestData.texts(), 7)) {
            model.save(file);
            try (Model loaded = Model.load(file)) {
                assertEquals(model.graph().layers(), loaded.graph().layers());
                assertArrayEquals(
                        model.predict(TEXTS, 64).getFirst(),
                        loaded.predict(TEXTS, 64).getFirst());
            }
        }
    }

    /// Padding changes nothing, however long it is: the mask goes through the layers between.
    @Test
    void paddingIsMasked() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input(Shape.of(Shape.UNKNOWN));
        final Graph.Value words = b.add("words", new Embedding(20, 4).maskZero(true), x);
        final Graph.Value left = b.add(new Dropout(0.5f), b.add("dense", new Dense(4, Activations.TANH), words));
        final Graph.Value both = b.add(new Concatenate(), b.add(new Add(), left, words), left);
        final Graph graph = b.build(b.add("gru", new GRU(3), both));
        try (Model model = Model.create(graph, 3)) {
            final float[] plain = model.predict(Dataset.of(new float[][] {{3, 4, 5}}, new int[1]), 1)
                    .getFirst();
            final float[] padded = model.predict(Dataset.of(new float[][] {{3, 4, 0, 5, 0, 0}}, new int[1]), 1)
                    .getFirst();
            assertArrayEquals(plain, padded);
            final float[] other = model.predict(Dataset.of(new float[][] {{3, 4, 5, 6}}, new int[1]), 1)
                    .getFirst();
            assertNotEquals(Arrays.hashCode(plain), Arrays.hashCode(other));
        }
    }

    /// Concatenated steps have concatenated masks; what no mask came for counts.
    @Test
    void masksOfConcatenatedStepsStandOneAfterTheOther() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input(Shape.of(2));
        final Graph.Value masked = b.add("masked", new Embedding(9, 2).maskZero(true), x);
        final Graph.Value plain = b.add("plain", new Embedding(9, 2), x);
        final Graph graph = b.build(b.add(new Concatenate(1), masked, plain, masked));
        try (Model model = Model.create(graph, 3);
                Workspace workspace = new Workspace(model, graph, Compute.shared(), false)) {
            workspace.prepare(List.of(Shape.of(2, 2)));
            workspace.input(0).copyFrom(new float[] {0, 4, 5, 0});
            workspace.forward(false, 0);
            assertArrayEquals(
                    new float[] {0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0},
                    Objects.requireNonNull(workspace.outputMask(0)).toArray());
        }
    }

    /// Two halves one after the other are the whole; after a reset they are not.
    @Test
    void statefulLayersGoOn() {
        final LSTM lstm = new LSTM(3).returnSequences(true);
        final Graph whole = Sequential.input(6, 2).add(lstm).build();
        final Graph halves = Sequential.input(3, 2).add(lstm.stateful(true)).build();
        final float[] x = new float[2 * 6 * 2];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) StrictMath.sin(i);
        }
        try (Model of = Model.create(whole, 5);
                Model stateful = Model.create(halves, 5);
                Workspace one = new Workspace(of, whole, Compute.shared(), false);
                Workspace two = new Workspace(stateful, halves, Compute.shared(), false)) {
            one.prepare(2);
            one.input(0).copyFrom(x);
            one.forward(false, 0);
            final float[] expected = one.output(0).toArray();
            for (int round = 0; round < 2; round++) {
                two.resetStates();
                for (int half = 0; half < 2; half++) {
                    two.prepare(2);
                    for (int n = 0; n < 2; n++) {
                        for (int i = 0; i < 6; i++) {
                            two.input(0).set(n * 6 + i, x[n * 12 + half * 6 + i]);
                        }
                    }
                    two.forward(false, 0);
                    for (int n = 0; n < 2; n++) {
                        for (int i = 0; i < 9; i++) {
                            assertEquals(
                                    expected[n * 18 + half * 9 + i],
                                    two.output(0).get(n * 9 + i));
                        }
                    }
                }
            }
            two.forward(false, 0);
            assertNotEquals(expected[9], two.output(0).get(0));
        }
    }

    /// In training the state goes on when the step went well, not before.
    @Test
    void stateOfTrainingIsKeptAtTheEndOfTheStep() {
        final Graph graph =
                Sequential.input(3, 2).add(new GRU(3).stateful(true)).build();
        try (Model model = Model.create(graph, 5);
                Workspace workspace = new Workspace(model, graph, Compute.shared(), true)) {
            workspace.prepare(2);
            workspace.input(0).copyFrom(new float[] {1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6});
            workspace.forward(true, 0);
            final float[] first = workspace.output(0).toArray();
            workspace.forward(true, 0);
            assertArrayEquals(first, workspace.output(0).toArray());
            workspace.updateState();
            workspace.forward(true, 0);
            assertNotEquals(first[0], workspace.output(0).get(0));
        }
    }

    @Test
    void wordThatTheTableDoesNotHaveIsNamed() {
        final Graph graph =
                Sequential.input(3).add(new Embedding(5, 2)).add(new Flatten()).build();
        try (Model model = Model.create(graph, 5)) {
            final Dataset data = Dataset.of(new float[][] {{1, 5, 2}}, new int[1]);
            final String message = assertThrows(IllegalArgumentException.class, () -> model.predict(data, 1))
                    .getMessage();
            assertEquals("Embedding 'embedding': input has 5.0, expected an index of 0 to 4", message);
        }
    }
}
