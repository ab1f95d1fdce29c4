package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.ChildJvm;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Predictor;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Add;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.Grayscale;
import dev.lanewise.nn.layer.Highway;
import dev.lanewise.nn.layer.PreprocessInput;
import dev.lanewise.nn.layer.Reshape;
import dev.lanewise.nn.layer.Resizing;
import dev.lanewise.nn.layer.Softmax;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A step and a prediction allocate nothing, on heap or off; and all memory is given back.
class AllocationTest {
    private static final int CALLS = 1000;

    /// Rounds are repeated for so long at least, and so often: a vectorized kernel that HotSpot's second
    /// compiler has not got to keeps its vectors in objects, some thousand bytes a call. It gets to one that
    /// runs once a call after 5,000 of them, and after several times as many while other kernels wait before
    /// it; on a busy machine that takes minutes.
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    private static final int PATIENCE_ROUNDS = 30;
    private static final MethodHandle ALL_THREADS = find();

    @BeforeAll
    static void warmUp() {
        Compute.shared().warmUp();
    }

    /// Found by reflection, since the module under test does not require the management modules.
    private static MethodHandle find() {
        try {
            final Object threads = Class.forName("java.lang.management.ManagementFactory")
                    .getMethod("getThreadMXBean")
                    .invoke(null);
            return MethodHandles.publicLookup()
                    .findVirtual(
                            Class.forName("com.sun.management.ThreadMXBean"),
                            "getThreadAllocatedBytes",
                            MethodType.methodType(long[].class, long[].class))
                    .bindTo(threads);
        } catch (ReflectiveOperationException e) {
            return Assumptions.abort("this JVM does not count allocations (" + e + ")");
        }
    }

    /// This thread and the library's. Looked for once and before measuring: the search makes a trace of each
    /// thread's stack, whose length depends on where the thread waits.
    private static long[] threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(t -> t == Thread.currentThread() || t.getName().startsWith("lanewise-"))
                .mapToLong(Thread::threadId)
                .toArray();
    }

    /// Bytes that these threads have allocated.
    private static long allocated(long[] ids) {
        try {
            long sum = 0;
            for (long bytes : (long[]) ALL_THREADS.invokeExact(ids)) {
                sum += Math.max(0, bytes);
            }
            return sum;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /// Compiled code allocates nothing; until then rounds are repeated.
    private static void assertAllocatesNothing(Runnable call) {
        call.run();
        final long[] ids = threads();
        final long measuring = -allocated(ids) + allocated(ids);
        long least = Long.MAX_VALUE;
        final long end = System.nanoTime() + PATIENCE_NANOS;
        for (int round = 0; least >= CALLS && (round < PATIENCE_ROUNDS || System.nanoTime() < end); round++) {
            final long before = allocated(ids);
            for (int i = 0; i < CALLS; i++) {
                call.run();
            }
            least = Math.min(least, allocated(ids) - before - measuring);
        }
        assertTrue(least < CALLS, (double) least / CALLS + " bytes a call");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void trainingStepAllocatesNothing(int threads) {
        final Dataset data = TestData.classes(256, 50, 5, 3).withWeights(new float[256]);
        final int[] order = Evaluator.inOrder(256);
        try (Compute compute = Compute.of(Kernels.best(), threads);
                Model model = Model.create(TestData.ruled(TestData.smallGraph()), 1);
                Trainer trainer =
                        Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy(), Metric.ACCURACY)) {
            trainer.gather(data, order, 0, 64);
            trainer.step();
            final long taken = Memory.allocated();
            assertAllocatesNothing(() -> {
                trainer.gather(data, order, 64, 64);
                trainer.step();
            });
            assertEquals(taken, Memory.allocated());
        }
    }

    @Test
    void stepThroughLayersForImagesAllocatesNothing() {
        final Dataset data = TestData.classes(64, 75, 5, 3).reshapeInput(0, Shape.of(5, 5, 3));
        final Graph graph = Sequential.input(5, 5, 3)
                .add(new PreprocessInput("caffe"))
                .add(new Dense(3))
                .add(new Grayscale())
                .add(new Resizing(4, 7))
                .add(new Flatten())
                .add(new Dense(5))
                .build();
        final int[] order = Evaluator.inOrder(64);
        try (Compute compute = Compute.of(Kernels.best(), 2);
                Model model = Model.create(graph, 1);
                Trainer trainer = Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy(true))) {
            trainer.gather(data, order, 0, 64);
            assertAllocatesNothing(trainer::step);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void stepOfConvolutionsAllocatesNothing(int threads) {
        final Dataset data = TestData.classes(64, 9 * 8 * 3, 5, 3).reshapeInput(0, Shape.of(9, 8, 3));
        final int[] order = Evaluator.inOrder(64);
        try (Compute compute = Compute.of(Kernels.best(), threads);
                Model model = Model.create(TestData.smallConvolutions(), 1);
                Trainer trainer = Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy())) {
            trainer.gather(data, order, 0, 32);
            trainer.step();
            final long taken = Memory.allocated();
            assertAllocatesNothing(() -> {
                trainer.gather(data, order, 32, 32);
                trainer.step();
            });
            assertEquals(taken, Memory.allocated());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void stepAndPredictionOfTextsAllocateNothing(int threads) {
        stepAndPredictionAllocateNothing(TestData.texts(), TestData.texts(32, 3), threads, Shape.of(6, 11));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void stepAndPredictionOfVideosAllocateNothing(int threads) {
        stepAndPredictionAllocateNothing(TestData.videos(), TestData.videos(32, 3), threads, Shape.of(6, 3, 5, 4, 2));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void stepAndPredictionOfATransformerAllocateNothing(int threads) {
        stepAndPredictionAllocateNothing(
                TestData.transformer(), TestData.transformer(32, 3), threads, Shape.of(6, 7, 12));
    }

    /// Run in a JVM of its own, with the plain kernels and the first compiler alone, which sees through no
    /// allocation: each that is in the code is made.
    static final class Child {
        private Child() {}

        public static void main(String[] args) {
            print("images", TestData.smallGraph(), TestData.classes(32, 50, 5, 3));
            print("texts", TestData.texts(), TestData.texts(32, 3));
            print("videos", TestData.videos(), TestData.videos(32, 3));
            print("transformer", TestData.transformer(), TestData.transformer(32, 3));
            print("branches", branches(), TestData.classes(32, 50, 5, 3));
        }

        /// Layers that work in parts of their scratch: softmax over an axis before the last, a sum in which an
        /// input is repeated, a highway.
        private static Graph branches() {
            final Graph.Builder b = Graph.builder();
            final Graph.Value x = b.input("x", Shape.of(50));
            final Graph.Value shares = b.add("shares", new Softmax(1), b.add("rows", new Reshape(5, 10), x));
            final Graph.Value row = b.add("row", new Reshape(1, 10), b.add("ten", new Dense(10), x));
            final Graph.Value sum = b.add("flat", new Flatten(), b.add("sum", new Add(), shares, row));
            return b.build(b.add("classes", new Dense(5), b.add("highway", new Highway(Activations.TANH), sum)));
        }

        private static void print(String name, Graph graph, Dataset data) {
            final int[] order = Evaluator.inOrder(32);
            try (Compute compute = Compute.of(Kernels.scalar(), 2);
                    Memory memory = new Memory("test");
                    Model model = Model.create(graph, 1);
                    Predictor predictor = model.predictor(4, compute);
                    Trainer trainer = Trainer.of(
                            compute, model, new Adam(), new SparseCategoricalCrossentropy(), Metric.ACCURACY)) {
                final List<Tensor> x = List.of(
                        Tensor.zeros(memory, data.inputShapes().getFirst().prepend(6)));
                final int classes = graph.outputShapes().getFirst().last();
                final List<Tensor> y = List.of(Tensor.zeros(memory, Shape.of(6, classes)));
                trainer.gather(data, order, 16, 16);
                trainer.step();
                predictor.run(x, y);
                final long[] ids = threads();
                final long measuring = -allocated(ids) + allocated(ids);
                long least = Long.MAX_VALUE;
                for (int round = 0; round < 6; round++) {
                    final long before = allocated(ids);
                    for (int i = 0; i < 4; i++) {
                        trainer.gather(data, order, 16, 16);
                        trainer.step();
                        predictor.run(x, y);
                    }
                    least = Math.min(least, allocated(ids) - before - measuring);
                }
                System.out.println(name + (least < 4 ? " none" : " " + least + " bytes in 4 calls"));
            }
        }
    }

    @Test
    void nothingIsLeftToTheOptimizerToTakeAway() {
        final List<String> flags = List.of("-XX:TieredStopAtLevel=1", "-Dlanewise.simd=scalar");
        final List<String> lines = ChildJvm.run(300, flags, Child.class)
                .lines()
                .filter(line -> line.endsWith("none") || line.endsWith("calls"))
                .toList();
        assertEquals(List.of("images none", "texts none", "videos none", "transformer none", "branches none"), lines);
    }

    /// The mask of an output weighs its rows.
    @Test
    void stepOfAMaskedOutputAllocatesNothing() {
        final Graph graph = MaskedLossTest.graph();
        final Dataset data = MaskedLossTest.data(32).withWeights(new float[32]);
        final int[] order = Evaluator.inOrder(32);
        try (Compute compute = Compute.of(Kernels.best(), 2);
                Model model = Model.create(graph, 1);
                Trainer trainer =
                        Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy(), Metric.ACCURACY)) {
            trainer.gather(data, order, 0, 16);
            trainer.step();
            final long taken = Memory.allocated();
            assertAllocatesNothing(() -> {
                trainer.gather(data, order, 16, 16);
                trainer.step();
            });
            assertEquals(taken, Memory.allocated());
        }
    }

    private static void stepAndPredictionAllocateNothing(Graph graph, Dataset data, int threads, Shape input) {
        final int[] order = Evaluator.inOrder(32);
        try (Compute compute = Compute.of(Kernels.best(), threads);
                Memory memory = new Memory("test");
                Model model = Model.create(graph, 1);
                Predictor predictor = model.predictor(4, compute);
                Trainer trainer = Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy())) {
            final List<Tensor> x = List.of(Tensor.zeros(memory, input));
            final int classes = graph.outputShapes().getFirst().last();
            final List<Tensor> y = List.of(Tensor.zeros(memory, Shape.of(6, classes)));
            predictor.run(x, y);
            trainer.gather(data, order, 0, 16);
            trainer.step();
            final long taken = Memory.allocated();
            assertAllocatesNothing(() -> {
                trainer.gather(data, order, 16, 16);
                trainer.step();
                predictor.run(x, y);
            });
            assertEquals(taken, Memory.allocated());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void predictionOfConvolutionsAllocatesNothing(int threads) {
        try (Compute compute = Compute.of(Kernels.best(), threads);
                Memory memory = new Memory("test");
                Model model = Model.create(TestData.smallConvolutions(), 1);
                Predictor predictor = model.predictor(4, compute)) {
            final List<Tensor> x = List.of(Tensor.zeros(memory, Shape.of(6, 9, 8, 3)));
            final List<Tensor> y = List.of(Tensor.zeros(memory, Shape.of(6, 5)));
            predictor.run(x, y);
            final long taken = Memory.allocated();
            assertAllocatesNothing(() -> predictor.run(x, y));
            assertEquals(taken, Memory.allocated());
        }
    }

    /// Reads all figures after every step and notes what the steps of an epoch allocate.
    private static final class Reader implements FitListener {
        private static final int FIRST = 10;
        private long[] ids = {};
        private long before;
        private long least = Long.MAX_VALUE;
        private double sum;
        private int last;

        @Override
        public void epochBegins(int epoch, int epochs, int steps) {
            last = steps - 1;
        }

        @Override
        public void stepEnds(int step, RunningFigures figures) {
            for (int i = 0; i < figures.count(); i++) {
                sum += figures.value(i) * figures.name(i).length();
            }
            if (step == FIRST) {
                ids = threads();
                before = allocated(ids);
            } else if (step == last) {
                least = Math.min(least, allocated(ids) - before);
            }
        }
    }

    @Test
    void readingTheFiguresOfAStepAllocatesNothing() {
        final Dataset data = TestData.classes(4 * CALLS, 50, 5, 3);
        final long[] own = threads();
        final long measuring = -allocated(own) + allocated(own);
        final Reader reader = new Reader();
        try (Compute compute = Compute.of(Kernels.best(), 1);
                Model model = Model.create(TestData.smallGraph(), 1);
                Trainer trainer =
                        Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy(), Metric.ACCURACY)) {
            final long end = System.nanoTime() + PATIENCE_NANOS;
            while (reader.least - measuring >= CALLS && System.nanoTime() < end) {
                trainer.fit(data, Fit.epochs(1).batchSize(2).listener(reader));
            }
        }
        assertTrue(reader.sum > 0);
        assertTrue(reader.least - measuring < CALLS, reader.least - measuring + " bytes in " + 2 * CALLS + " steps");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void stepOfAllKindsOfActivationsAllocatesNothing(int threads) {
        final Dataset data = TestData.bits(128, 50, 3).withWeights(new float[128]);
        final int[] order = Evaluator.inOrder(128);
        for (Optimizer optimizer : TestData.optimizers()) {
            try (Compute compute = Compute.of(Kernels.best(), threads);
                    Model model = Model.create(TestData.graphOfActivations(), 1);
                    Trainer trainer = Trainer.of(
                            compute,
                            model,
                            optimizer,
                            new BinaryCrossentropy(false, 0.1),
                            new BinaryAccuracy(),
                            new CategoricalAccuracy(),
                            new TopKCategoricalAccuracy(2))) {
                trainer.gather(data, order, 0, 32);
                trainer.step();
                final long taken = Memory.allocated();
                assertAllocatesNothing(() -> {
                    trainer.gather(data, order, 32, 32);
                    trainer.step();
                });
                assertEquals(taken, Memory.allocated());
            }
        }
    }

    @Test
    void stepOfEveryActivationAndLossAllocatesNothing() {
        final Dataset data = TestData.bits(64, 50, 3);
        final int[] order = Evaluator.inOrder(64);
        for (Loss loss : DeterminismTest.LOSSES) {
            try (Compute compute = Compute.of(Kernels.best(), 2);
                    Model model = Model.create(TestData.everyActivation(), 1);
                    Trainer trainer = Trainer.of(compute, model, new SGD(0.01, 0.9, true), loss)) {
                trainer.gather(data, order, 0, 32);
                trainer.step();
                final long taken = Memory.allocated();
                assertAllocatesNothing(() -> {
                    trainer.gather(data, order, 32, 32);
                    trainer.step();
                });
                assertEquals(taken, Memory.allocated());
            }
        }
    }

    @Test
    void stepOfLossesOfLabelsAllocatesNothing() {
        final Dataset data = TestData.classes(64, 50, 5, 3);
        final int[] order = Evaluator.inOrder(64);
        for (Loss loss : DeterminismTest.LOSSES_OF_LABELS) {
            final Metric metric = loss instanceof Circle
                    ? new SparseCategoricalAccuracy()
                    : Metric.of(
                            "IoU", Map.of("num_classes", 5, "target_class_ids", List.of(1, 3), "sparse_y_pred", false));
            try (Compute compute = Compute.of(Kernels.best(), 2);
                    Model model = Model.create(DeterminismTest.graphOfLabels(loss), 1);
                    Trainer trainer = Trainer.of(compute, model, new SGD(), loss, metric)) {
                trainer.gather(data, order, 0, 32);
                trainer.step();
                final long taken = Memory.allocated();
                assertAllocatesNothing(() -> {
                    trainer.gather(data, order, 32, 32);
                    trainer.step();
                });
                assertEquals(taken, Memory.allocated());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void predictionAllocatesNothing(int threads) {
        try (Compute compute = Compute.of(Kernels.best(), threads);
                Memory memory = new Memory("test");
                Model model = Model.create(TestData.smallGraph(), 1);
                Predictor predictor = model.predictor(32, compute)) {
            final List<Tensor> x = List.of(Tensor.zeros(memory, Shape.of(70, 50)));
            final List<Tensor> y = List.of(Tensor.zeros(memory, Shape.of(70, 5)));
            predictor.run(x, y);
            final long taken = Memory.allocated();
            assertAllocatesNothing(() -> predictor.run(x, y));
            assertEquals(taken, Memory.allocated());
        }
    }

    @Test
    void allMemoryIsGivenBack() {
        final long before = Memory.allocated();
        final Dataset data = TestData.classes(200, 50, 5, 3);
        try (Compute compute = Compute.of(Kernels.best(), 3);
                Model model = Model.create(TestData.smallGraph(), 1)) {
            for (int round = 0; round < 3; round++) {
                try (Trainer trainer = Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy())) {
                    trainer.fit(data, Fit.epochs(1).validationSplit(0.25));
                }
                try (Predictor predictor = model.predictor(3, compute)) {
                    predictor.run(new float[500]);
                }
                model.predict(data, 64);
                Evaluator.evaluate(compute, model, data, 64, new SparseCategoricalCrossentropy());
            }
        }
        assertEquals(before, Memory.allocated());
    }

    /// Recompiling a model takes no more memory each time.
    @Test
    void modelReusesItsSlots() {
        try (Model model = Model.create(TestData.smallGraph(), 1)) {
            Trainer.of(model, new Adam(), new SparseCategoricalCrossentropy()).close();
            final long taken = Memory.allocated();
            for (int i = 0; i < 20; i++) {
                Trainer.of(model, i % 2 == 0 ? new SGD(0.1, 0.9, true) : new Adam(), new MeanSquaredError())
                        .close();
            }
            assertEquals(taken, Memory.allocated());
        }
    }

    @Test
    void manyBatchSizesTakeBoundedMemory() {
        final Dataset data = TestData.classes(200, 50, 5, 3);
        final int[] order = Evaluator.inOrder(200);
        try (Model model = Model.create(TestData.smallGraph(), 1);
                Trainer trainer = Trainer.of(model, new Adam(), new SparseCategoricalCrossentropy())) {
            trainer.gather(data, order, 0, 200);
            for (int count = 1; count <= 30; count++) {
                trainer.gather(data, order, 0, count);
                trainer.step();
            }
            final long taken = Memory.allocated();
            for (int count = 1; count <= 200; count++) {
                trainer.gather(data, order, 0, count);
                trainer.step();
            }
            assertTrue(Math.abs(Memory.allocated() - taken) < 200_000, "memory grew");
        }
    }

    /// Fails while weights are drawn.
    record Failing() implements Initializer {
        @Override
        public void fill(float[] values, Shape shape, dev.lanewise.nn.RandomStream random) {
            throw new IllegalArgumentException("planted");
        }
    }

    @Test
    void failingConstructorsLeakNothing() {
        final long before = Memory.allocated();
        final Graph failing = Sequential.input(3)
                .add(new Dense(2, dev.lanewise.kernels.Activations.RELU, true, new Failing(), new Failing()))
                .build();
        assertThrows(IllegalArgumentException.class, () -> Model.create(failing, 1));
        assertEquals(before, Memory.allocated());
        try (Model model = Model.create(TestData.smallGraph(), 1)) {
            final long open = Memory.allocated();
            final Dataset data = TestData.classes(20, 50, 5, 3);
            // Whatever part of the memory there is: an error, and nothing is left.
            for (int room = 0; room < 3_000_000; room += 50_000) {
                Memory.setLimit(open + room);
                try (Trainer trainer = Trainer.of(model, new SGD(), new SparseCategoricalCrossentropy())) {
                    trainer.fit(data, Fit.epochs(1));
                    break;
                } catch (OutOfMemoryError e) {
                    assertEquals(open, Memory.allocated(), "Trainer with room for " + room);
                } finally {
                    Memory.setLimit(Long.MAX_VALUE);
                }
            }
            for (int room = 0; room < 5_000_000; room += 100_000) {
                Memory.setLimit(open + room);
                try {
                    Compute.of(Kernels.best(), 4).close();
                } catch (OutOfMemoryError e) {
                    assertEquals(open, Memory.allocated(), "Compute with room for " + room);
                } finally {
                    Memory.setLimit(Long.MAX_VALUE);
                }
            }
            for (int room = 0; room < 40_000; room += 3_000) {
                Memory.setLimit(open + room);
                try (Predictor predictor = model.predictor(8)) {
                    predictor.run(new float[50]);
                } catch (OutOfMemoryError e) {
                    assertEquals(open, Memory.allocated(), "Predictor with room for " + room);
                } finally {
                    Memory.setLimit(Long.MAX_VALUE);
                }
            }
        }
        assertEquals(before, Memory.allocated());
    }
}
