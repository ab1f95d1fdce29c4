package dev.lanewise.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Adam;
import dev.lanewise.train.SparseCategoricalCrossentropy;
import dev.lanewise.train.Trainer;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.openjdk.jmh.annotations.Param;

/// What the benchmarks time is right.
class BenchmarksTest {
    @ParameterizedTest
    @ValueSource(strings = {"NN 128 784 128", "TN 784 128 128", "NN 128 128 10", "NT 128 10 128", "NN 256 256 256"})
    void timedProductsHaveThePlainVersionsBits(String product) {
        assertArrayEquals(product("scalar", product), product("simd", product));
    }

    private static float[] product(String kernels, String product) {
        final GemmBenchmark benchmark = new GemmBenchmark();
        benchmark.kernels = kernels;
        benchmark.product = product;
        benchmark.setUp();
        try {
            return benchmark.multiply().toArray(ValueLayout.JAVA_FLOAT);
        } finally {
            benchmark.tearDown();
        }
    }

    /// All kernels that the JMH classes name, on an odd number of rows.
    @ParameterizedTest
    @ValueSource(
            classes = {
                ActivationBenchmark.class,
                SoftmaxBenchmark.class,
                UpdateBenchmark.class,
                ReductionBenchmark.class
            })
    void timedKernelsHaveThePlainVersionsBits(Class<?> benchmark) throws Exception {
        final String[] kernels =
                benchmark.getField("kernel").getAnnotation(Param.class).value();
        assertTrue(kernels.length >= 5);
        for (String kernel : kernels) {
            final List<float[]> plain = operands("scalar", kernel);
            final List<float[]> simd = operands("simd", kernel);
            for (int s = 0; s < plain.size(); s++) {
                assertArrayEquals(plain.get(s), simd.get(s), kernel);
            }
        }
    }

    private static List<float[]> operands(String implementation, String kernel) {
        try (KernelOnSegments work = new KernelOnSegments()) {
            work.setUp(implementation, kernel, 4_099);
            final List<float[]> all = new ArrayList<>();
            work.run().forEach(segment -> all.add(segment.toArray(ValueLayout.JAVA_FLOAT)));
            all.add(new float[] {Sink.value}); // of kernels that give a number
            return all;
        }
    }

    @Test
    void unknownKernelsAreNamed() {
        try (KernelOnSegments work = new KernelOnSegments()) {
            final Exception e = assertThrows(IllegalArgumentException.class, () -> work.setUp("simd", "adagrad", 10));
            assertEquals("there is no kernel 'adagrad'", e.getMessage());
        }
    }

    /// The moments have died where they should, and no faster than that; none is left between 0 and the limit.
    @ParameterizedTest
    @ValueSource(strings = {"adam", "momentum", "rmsprop", "adadelta", "lion"})
    void timedGradientsDie(String optimizer) {
        for (String gradient : List.of("alive", "dead", "dying")) {
            final DyingGradientBenchmark benchmark = new DyingGradientBenchmark();
            benchmark.optimizer = optimizer;
            benchmark.gradient = gradient;
            benchmark.setUp();
            try {
                int zeros = 0;
                for (float moment : benchmark.update().toArray(ValueLayout.JAVA_FLOAT)) {
                    assertTrue(moment == 0 || Math.abs(moment) >= 0x1p-100f, () -> gradient + ": " + moment);
                    zeros += moment == 0 ? 1 : 0;
                }
                assertTrue(gradient.equals("alive") ? zeros < 10 : zeros == 8192, gradient + ": " + zeros + " zeros");
            } finally {
                benchmark.tearDown();
            }
        }
    }

    @Test
    void warmingUpIsReadFromTheSteps() {
        final int[] steps = new int[60];
        Arrays.fill(steps, 10, 20, 30);
        Arrays.fill(steps, 20, 30, 94);
        Arrays.fill(steps, 30, 60, 100);
        steps[5] = 100; // a single window does not count
        final WarmupBench.Run run = WarmupBench.Run.of(400, 500, null, steps);
        assertEquals(2100, run.half());
        assertEquals(3100, run.most());
        assertEquals(128_000, run.steady(), 1e-6);
        assertTrue(run.line().endsWith(" -"), run::line);
        assertEquals(Network.SMALL.stepFlop() * 1e3 / 1e9 / 500, run.share(), 1e-9);
        assertEquals(
                -1,
                WarmupBench.Run.of(400, 500, null, new int[] {0, 0, 0, 0, 0, 9}).most());
        assertTrue(WarmupBench.summary(List.of(run, WarmupBench.Run.of(900, 500, 55.0, steps)))
                .startsWith("median: first step 0.90 s, 50 % 2.1 s, 95 % 3.1 s; worst: first step 0.90 s"));
    }

    @Test
    void freshProcessCountsItsSteps() {
        final WarmupBench.Run run = WarmupBench.run(List.of(), 2, 3000);
        assertEquals(30, run.steps().size());
        // On a busy machine the first step may come later than what is counted.
        assertTrue(run.firstStep() > 0, run::line);
        final Double roundTrip = run.roundTrip();
        assertTrue(roundTrip != null && roundTrip > 0, run::line);
    }

    @Test
    void roundTripsBetweenThreadsAreTimed() {
        final long[] nanos = RoundTrip.nanos();
        assertTrue(nanos.length > 0);
        assertTrue(Arrays.stream(nanos).allMatch(n -> n > 0), () -> Arrays.toString(nanos));
    }

    @Test
    void timesAreReadFromTheRuns() {
        final long[] nanos = {70, 50, 60, 40, 80};
        final Row row = Row.nanos("trip", 2, nanos);
        assertEquals(60, row.median());
        assertEquals(40, row.best());
        assertEquals("ns", row.unit());
        assertEquals((80 - 40) / 2.0 / 60, row.spread(), 1e-12);
        final Row micros = Row.micros("trip", 2, nanos, 6_000, 200);
        assertEquals(0.06, micros.median(), 1e-12);
        assertEquals("us", micros.unit());
        assertEquals(row.spread(), micros.spread(), 1e-12);
        assertEquals(0.5, micros.ceilingShare(), 1e-12);
    }

    @Test
    void timedStepLearns() {
        final TrainingStepBenchmark benchmark = new TrainingStepBenchmark();
        benchmark.setUp();
        try {
            final double first = benchmark.step();
            double last = first;
            for (int i = 0; i < 50; i++) {
                last = benchmark.step();
            }
            assertTrue(last < first / 2, "loss " + first + " to " + last);
        } finally {
            benchmark.tearDown();
        }
    }

    /// The parts are those of a step: run in turn they learn, and their FLOP are the step's.
    @Test
    void partsOfAStepLearn() {
        final Network network = new Network(List.of(20, 16, 12, 4), 32);
        final double[] losses = new double[2];
        for (int threads = 1; threads <= 2; threads++) {
            try (Compute compute = Compute.of(Kernels.simd(), threads);
                    StepParts parts = new StepParts(network, compute)) {
                final long[] nanos = new long[8];
                parts.run(nanos);
                final double first = parts.loss();
                for (int i = 0; i < 400; i++) {
                    parts.run(nanos);
                }
                assertTrue(parts.loss() < first / 2, "loss " + first + " to " + parts.loss());
                losses[threads - 1] = parts.loss();
                final List<Row> rows = parts.rows(1, 100);
                assertEquals(9, rows.size());
                double flop = 0;
                for (Row row : rows.subList(0, 8)) {
                    flop += row.ceilingShare() == null ? 0 : row.ceilingShare() * row.median() * 1e3 * 100;
                }
                assertEquals(network.stepFlop(), flop, 1e-6 * flop);
                assertTrue(rows.get(7).what().startsWith("part: Adam, 592 weights"), rows.get(7)::what);
            }
        }
        assertEquals(losses[0], losses[1]);
    }

    @Test
    void networksAreReadFromTheirSizes() {
        assertEquals(Network.SMALL, Network.of("784-128-10", 128));
        assertEquals(52.3e6, Network.SMALL.stepFlop(), 0.1e6);
        assertEquals(128 * 2.0 * (784 * 128 + 128 * 10), Network.SMALL.forwardFlop());
        final Network wide = Network.of("784-1024-1024-10", 256);
        assertEquals(9.56e6, wide.stepFlop() / 256, 0.02e6);
        assertEquals(3, wide.layers());
        for (String wrong : List.of("", "784", "784-", "784-0-10", "784-x")) {
            assertThrows(IllegalArgumentException.class, () -> Network.of(wrong, 1));
        }
    }

    /// The models of sequences learn, alike on any number of threads, and their FLOP are those of their
    /// formulas.
    @ParameterizedTest
    @EnumSource(SequenceNetwork.class)
    void timedSequencesLearn(SequenceNetwork network) {
        final int batch = 8;
        final int[] order = new int[2 * batch];
        Arrays.setAll(order, i -> i);
        final double[][] losses = new double[2][8];
        for (int threads = 1; threads <= 2; threads++) {
            try (Compute compute = Compute.of(Kernels.simd(), threads);
                    Model model = Model.create(network.graph(), 42);
                    Trainer trainer = Trainer.of(compute, model, new Adam(), new SparseCategoricalCrossentropy())) {
                trainer.gather(network.data(2 * batch), order, 0, batch);
                for (int i = 0; i < losses[0].length; i++) {
                    losses[threads - 1][i] = trainer.step();
                }
            }
        }
        assertTrue(losses[0][7] < 0.8 * losses[0][0], () -> Arrays.toString(losses[0]));
        assertArrayEquals(losses[0], losses[1]);
        final List<Row> rows = SequenceBench.run(network, batch, 1, 1);
        assertEquals(2, rows.size());
        assertEquals("step " + network.title() + ", batch 8", rows.get(0).what());
        assertEquals("prediction " + network.title() + ", batch 8", rows.get(1).what());
        assertEquals(
                List.of(false, true), rows.stream().map(PredictionBench::is).toList());
        assertEquals(network, SequenceNetwork.of(network.title()));
        assertTrue(SequenceNetwork.has(network.title()));
    }

    @Test
    void flopOfSequencesAreCounted() {
        // x · kernel and h · recurrent_kernel of 128 x 512, 100 times, and 128 x 10.
        assertEquals(100 * 2 * 2.0 * 128 * 512 + 2560, SequenceNetwork.LSTM.forwardFlop());
        // Of the gradients the one by the model's input is left out.
        assertEquals(100 * 5 * 2.0 * 128 * 512 + 3 * 2560, SequenceNetwork.LSTM.stepFlop());
        final double cube = 2.0 * 128 * 128 * 128;
        assertEquals((4 + 2 + 8) * cube + 2560, SequenceNetwork.TRANSFORMER.forwardFlop());
        assertEquals((3 * 14 - 3) * cube + 3 * 2560, SequenceNetwork.TRANSFORMER.stepFlop());
        assertFalse(SequenceNetwork.has("784-128-10"));
    }

    @Test
    void rateIsWorkOverTime() {
        final Row row = Row.rate("x", null, 1, new long[] {100, 200, 400, 200, 200}, 1_000, 10);
        assertEquals(5, row.median());
        assertEquals(10, row.best());
        assertEquals(0.5, row.ceilingShare());
    }

    @Test
    void eachPartIsHeldAgainstItsOwnPeak() {
        final Row row = Row.rate(
                "x",
                2,
                List.of(new long[] {100, 200, 300}, new long[] {400, 400}, new long[] {800, 700, 900}),
                List.of(10.0, 5.0, 10.0),
                1_000);
        assertEquals(2.5, row.median());
        assertEquals(10, row.best());
        assertEquals(0.5, row.ceilingShare());
    }

    @Test
    void ratioIsAboveOneForTheFaster() {
        final Row row = Row.rate("x", null, 1, new long[] {100}, 1_000, 10).against("peer", 1_000, new long[] {200});
        assertEquals(2, row.ratio());
        assertEquals("peer", row.json().get("peer").getAsString());
    }

    /// Every pass that is timed computes something, and the three are those of one convolution.
    @Test
    void timedConvolutionsRun() {
        for (ConvBench.Convolution convolution : ConvBench.SHAPES) {
            assertTrue(convolution.title().length() <= 40, convolution::title);
        }
        final ConvBench.Convolution small = new ConvBench.Convolution("test", 5, 3, 3, 2, "same", 4);
        try (Memory memory = new Memory("test");
                Compute compute = Compute.of(2)) {
            for (ConvBench.Pass pass : ConvBench.Pass.values()) {
                final Shape x = Shape.of(1, 5, 5, 3);
                final Shape y = small.layer().outputShapes(List.of(x)).getFirst();
                assertEquals(Shape.of(1, 3, 3, 4), y);
                ConvBench.call(compute, memory, small.layer(), x, y, pass).run();
            }
        }
    }
}
