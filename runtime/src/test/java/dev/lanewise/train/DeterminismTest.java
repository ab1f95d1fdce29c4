package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.kernels.MultiplyAdd;
import dev.lanewise.nn.ChildJvm;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.UnitNormalization;
import dev.lanewise.tensor.Shape;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The same bits for any number of threads, vector width and batch.
class DeterminismTest {
    private static final Dataset DATA = TestData.classes(1000, 50, 5, 3);

    private static final Dataset BITS = TestData.bits(300, 50, 3);

    /// Of outputs that are probabilities, or taken for logits.
    static final List<Loss> LOSSES = List.of(
            new BinaryCrossentropy(false, 0.1),
            new BinaryCrossentropy(true, 0),
            new CategoricalCrossentropy(false, 0.1),
            new CategoricalCrossentropy(true, 0.1),
            new Huber(0.3),
            new LogCosh(),
            new MeanAbsoluteError(),
            new MeanSquaredError(),
            new MeanSquaredLogarithmicError(),
            new CosineSimilarity(),
            new Hinge(),
            new SquaredHinge(),
            new CategoricalHinge(),
            new KLDivergence(),
            new BinaryFocalCrossentropy(true, 0.25, 2, true, 0.1),
            new CategoricalFocalCrossentropy(0.25, 1.5, true, 0.1),
            new Dice(),
            new Tversky());

    /// Losses whose targets are labels, of which some do not count.
    static final List<Loss> LOSSES_OF_LABELS = List.of(
            new Circle(20, 0.3, true),
            new SparseCategoricalCrossentropy(false, 2),
            new SparseCategoricalCrossentropy(true, 2),
            new CategoricalGeneralizedCrossEntropy(0.5));

    static Graph graphOfLabels(Loss loss) {
        return loss instanceof Circle
                ? Sequential.input(50)
                        .add(new Dense(19))
                        .add(new UnitNormalization())
                        .build()
                : Sequential.input(50).add(new Dense(5, Activations.SOFTMAX)).build();
    }

    private static final Dataset IMAGES = TestData.classes(200, 9 * 8 * 3, 5, 4).reshapeInput(0, Shape.of(9, 8, 3));

    private static int expected;
    private static int expectedOfConvolutions;
    private static int expectedOfActivations;
    private static int expectedOfSequences;

    @BeforeAll
    static void trainPlainly() {
        expected = train(Kernels.scalar(), 1, 11);
        expectedOfActivations = trainActivations(Kernels.scalar(), 1);
        expectedOfConvolutions = trainConvolutions(Kernels.scalar(), 1);
        expectedOfSequences = trainSequences(Kernels.scalar(), 1);
    }

    /// Hash of what several optimizers and losses make of the graph of all kinds of activations.
    private static int trainActivations(Kernels kernels, int threads) {
        int hash = 0;
        for (Optimizer optimizer : TestData.optimizers()) {
            for (Loss loss : List.of(new BinaryCrossentropy(false, 0.1), new Huber(0.3))) {
                try (Compute compute = Compute.of(kernels, threads);
                        Model model = Model.create(TestData.graphOfActivations(), 5);
                        Trainer trainer = Trainer.of(compute, model, optimizer, loss)) {
                    trainer.fit(BITS, Fit.epochs(1).batchSize(128));
                    final long n = model.trainable().byteSize() / Float.BYTES;
                    assertEquals(0, kernels.reduction().countNonFinite(model.trainable(), 0, (int) n));
                    hash = 31 * hash + TestData.hash(model);
                }
            }
        }
        for (Loss loss : LOSSES) {
            try (Compute compute = Compute.of(kernels, threads);
                    Model model = Model.create(TestData.everyActivation(), 5);
                    Trainer trainer = Trainer.of(compute, model, new SGD(0.01, 0.9, true), loss)) {
                final int before = TestData.hash(model);
                trainer.fit(BITS, Fit.epochs(1).batchSize(128));
                assertNotEquals(before, TestData.hash(model));
                final long n = model.trainable().byteSize() / Float.BYTES;
                assertEquals(0, kernels.reduction().countNonFinite(model.trainable(), 0, (int) n), loss.toString());
                hash = 31 * hash + TestData.hash(model);
            }
        }
        for (Loss loss : LOSSES_OF_LABELS) {
            try (Compute compute = Compute.of(kernels, threads);
                    Model model = Model.create(graphOfLabels(loss), 5);
                    Trainer trainer = Trainer.of(compute, model, new SGD(0.01, 0.9, true), loss)) {
                final int before = TestData.hash(model);
                trainer.fit(DATA, Fit.epochs(1).batchSize(128));
                assertNotEquals(before, TestData.hash(model), loss.toString());
                final long n = model.trainable().byteSize() / Float.BYTES;
                assertEquals(0, kernels.reduction().countNonFinite(model.trainable(), 0, (int) n), loss.toString());
                hash = 31 * hash + TestData.hash(model);
            }
        }
        return hash;
    }

    /// Hash of weights, moving statistics and slots of convolutions after an epoch.
    private static int trainConvolutions(Kernels kernels, int threads) {
        try (Compute compute = Compute.of(kernels, threads);
                Model model = Model.create(TestData.smallConvolutions(), 11);
                Trainer trainer = Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy())) {
            trainer.fit(IMAGES, Fit.epochs(1).batchSize(64));
            return TestData.hash(model);
        }
    }

    /// Hash of weights and slots of recurrent layers, of convolutional ones and of attention after an epoch.
    private static int trainSequences(Kernels kernels, int threads) {
        return (trainEpoch(TestData.texts(), TestData.texts(150, 4), kernels, threads) * 31
                                + trainEpoch(TestData.videos(), TestData.videos(70, 4), kernels, threads))
                        * 31
                + trainEpoch(TestData.transformer(), TestData.transformer(70, 4), kernels, threads);
    }

    private static int trainEpoch(Graph graph, Dataset data, Kernels kernels, int threads) {
        try (Compute compute = Compute.of(kernels, threads);
                Model model = Model.create(graph, 11);
                Trainer trainer = Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy())) {
            trainer.fit(data, Fit.epochs(1).batchSize(64));
            final int n = (int) (model.trainable().byteSize() / Float.BYTES);
            assertEquals(0, kernels.reduction().countNonFinite(model.trainable(), 0, n));
            return TestData.hash(model);
        }
    }

    /// Hash of weights and slots after two epochs.
    private static int train(Kernels kernels, int threads, long seed) {
        try (Compute compute = Compute.of(kernels, threads);
                Model model = Model.create(TestData.ruled(TestData.smallGraph()), seed);
                Trainer trainer = Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy())) {
            trainer.fit(DATA, Fit.epochs(2).batchSize(128));
            return TestData.hash(model);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7})
    void anyNumberOfThreadsTrainsTheSameBits(int threads) {
        assertEquals(expected, train(Kernels.best(), threads, 11));
        assertEquals(expectedOfActivations, trainActivations(Kernels.best(), threads));
        assertEquals(expectedOfConvolutions, trainConvolutions(Kernels.best(), threads));
        assertEquals(expectedOfSequences, trainSequences(Kernels.best(), threads));
    }

    @Test
    void anotherSeedTrainsOtherBits() {
        assertNotEquals(expected, train(Kernels.best(), 2, 12));
    }

    @Test
    void kernelsThatChangeInTheMiddleTrainTheSameBits() {
        try (Compute compute = Compute.of(2);
                Model model = Model.create(TestData.ruled(TestData.smallGraph()), 11);
                Trainer trainer = Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy())) {
            trainer.fit(DATA, Fit.epochs(1).batchSize(128));
            compute.warmUp();
            trainer.fit(DATA, Fit.epochs(1).batchSize(128));
            assertEquals(expected, TestData.hash(model));
        }
    }

    /// Run in JVMs of their own: the width of a process is fixed.
    static final class Child {
        private Child() {}

        public static void main(String[] args) {
            System.out.println("bits " + Kernels.best().vectorBits());
            System.out.println("hash " + train(Kernels.best(), 2, 11));
            System.out.println("hash " + trainActivations(Kernels.best(), 2));
            System.out.println("hash " + trainConvolutions(Kernels.best(), 2));
            System.out.println("hash " + trainSequences(Kernels.best(), 2));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "128", "256", "512"})
    void anyVectorWidthTrainsTheSameBits(String simd) {
        final String printed = ChildJvm.run(300, List.of("-Dlanewise.simd=" + simd), Child.class);
        final List<String> lines = printed.lines()
                .filter(line -> line.startsWith("bits") || line.startsWith("hash"))
                .toList();
        assertEquals(
                List.of(
                        "bits " + (simd.equals("scalar") ? "0" : simd),
                        "hash " + expected,
                        "hash " + expectedOfActivations,
                        "hash " + expectedOfConvolutions,
                        "hash " + expectedOfSequences),
                lines);
    }

    /// As [Child], with any number of threads.
    static final class ChildOfThreads {
        private ChildOfThreads() {}

        public static void main(String[] args) {
            final int threads = Integer.parseInt(args[0]);
            System.out.println("fused " + MultiplyAdd.isFused());
            System.out.println("hash " + train(Kernels.best(), threads, 11));
            System.out.println("hash " + trainActivations(Kernels.best(), threads));
            System.out.println("hash " + trainConvolutions(Kernels.best(), threads));
            System.out.println("hash " + trainSequences(Kernels.best(), threads));
            System.out.println("hash " + train(Kernels.scalar(), 1, 11));
        }
    }

    /// On such a machine the bits are the same, too, but not those of others.
    @Test
    void withoutFusedMultiplyAddAnyWidthAndNumberOfThreadsTrainsTheSameBits() {
        final List<String> first = separate("scalar", 1);
        assertEquals("fused false", first.getFirst());
        assertEquals(6, first.size());
        assertEquals(first.get(1), first.getLast());
        assertNotEquals("hash " + expected, first.get(1));
        assertEquals(first, separate("128", 2));
        assertEquals(first, separate("256", 3));
        assertEquals(first, separate("512", 7));
    }

    private static List<String> separate(String simd, int threads) {
        return ChildJvm.run(
                        300,
                        List.of("-XX:-UseFMA", "-Dlanewise.simd=" + simd),
                        ChildOfThreads.class,
                        Integer.toString(threads))
                .lines()
                .filter(line -> line.startsWith("fused") || line.startsWith("hash"))
                .toList();
    }

    @Test
    void rowHasTheSameBitsInAnyBatch() {
        try (Model model = Model.create(TestData.smallGraph(), 11)) {
            final float[] one = model.predict(DATA, 1).getFirst();
            for (int batch : new int[] {3, 32, 128, 1000}) {
                assertArrayEquals(one, model.predict(DATA, batch).getFirst(), "batch " + batch);
            }
        }
    }

    @Test
    void sequenceHasTheSameBitsInAnyBatch() {
        for (Map.Entry<Graph, Dataset> of : Map.of(
                        TestData.texts(), TestData.texts(70, 5),
                        TestData.videos(), TestData.videos(70, 5),
                        TestData.transformer(), TestData.transformer(70, 5))
                .entrySet()) {
            try (Model model = Model.create(of.getKey(), 11)) {
                final float[] one = model.predict(of.getValue(), 1).getFirst();
                for (int batch : new int[] {3, 32, 70}) {
                    assertArrayEquals(one, model.predict(of.getValue(), batch).getFirst());
                }
            }
        }
    }

    @Test
    void imageHasTheSameBitsInAnyBatch() {
        try (Model model = Model.create(TestData.smallConvolutions(), 11)) {
            final float[] one = model.predict(IMAGES, 1).getFirst();
            for (int batch : new int[] {3, 32, 200}) {
                assertArrayEquals(one, model.predict(IMAGES, batch).getFirst(), "batch " + batch);
            }
        }
    }

    @Test
    void predictorHasTheSameBitsInAnyBatch() {
        final float[] x = new float[200 * 50];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.sin(i);
        }
        try (Model model = Model.create(TestData.smallGraph(), 11);
                var one = model.predictor(1)) {
            final float[] expectedRows = one.run(x);
            for (int batch : new int[] {3, 32, 128, 256}) {
                try (var predictor = model.predictor(batch)) {
                    assertArrayEquals(expectedRows, predictor.run(x), "batch " + batch);
                }
            }
        }
    }
}
