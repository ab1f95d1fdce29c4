package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Model;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Training that is saved, loaded and continued has the bits of training without the break.
class ResumeTest {
    private static final Dataset DATA = TestData.classes(300, 50, 5, 4);

    static List<Optimizer> optimizers() {
        return List.of(
                new Adam(),
                new SGD(0.05),
                new SGD(0.05, 0.9, false),
                new SGD(0.05, 0.9, true),
                new Adadelta(1),
                new Adagrad(0.05),
                new Adamax(),
                new AdamW().with(OptimizerOptions.NONE.excludeFromWeightDecay("bias")),
                new Ftrl(0.05),
                new Lion(),
                new Nadam(),
                new RMSprop(0.001, 0.9, 0.5, 1e-7, true),
                new Adam().with(OptimizerOptions.NONE.schedule(new CosineDecay(0.01, 30, 0.1, 0.02, 5))),
                new Adam()
                        .with(OptimizerOptions.NONE
                                .schedule(new PiecewiseConstantDecay(List.of(7.0, 12.0), List.of(0.01, 0.005, 0.001)))
                                .gradientAccumulationSteps(3)
                                .globalClipnorm(0.1)),
                new SGD(0.05)
                        .with(OptimizerOptions.NONE
                                .clipnorm(0.1)
                                .weightDecay(0.02)
                                .excludeFromWeightDecay("bias", "dense_1")
                                .learningRateFactors(Map.of("dense_1", 0.5))));
    }

    @TempDir
    private Path folder;

    @ParameterizedTest
    @MethodSource("optimizers")
    void twoEpochsAndTwoMoreAreFour(Optimizer optimizer) {
        final Fit two = Fit.epochs(2).batchSize(32);
        final Path file = folder.resolve("half.safetensors");
        final History whole;
        final int expected;
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(model, optimizer, new SparseCategoricalCrossentropy(), Metric.ACCURACY)) {
            whole = trainer.fit(DATA, Fit.epochs(4).batchSize(32));
            expected = TestData.hash(model);
        }
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(model, optimizer, new SparseCategoricalCrossentropy(), Metric.ACCURACY)) {
            final History first = trainer.fit(DATA, two);
            assertEquals(whole.get("loss").subList(0, 2), first.get("loss"));
            model.save(file);
            assertNotEquals(expected, TestData.hash(model));
        }
        try (Model model = Model.load(file);
                Trainer trainer = Trainer.resume(model)) {
            final History second = trainer.fit(DATA, two);
            assertEquals(List.of(2L, 3L), second.epochs());
            assertEquals(whole.get("loss").subList(2, 4), second.get("loss"));
            assertEquals(whole.get("accuracy").subList(2, 4), second.get("accuracy"));
            assertEquals(expected, TestData.hash(model));
        }
    }

    @Test
    void breakInTheMiddleOfAnEpochChangesNothing() {
        final int[] order = Evaluator.inOrder(300);
        final Path file = folder.resolve("middle.safetensors");
        final int expected;
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(model, new Adam(), new SparseCategoricalCrossentropy())) {
            steps(trainer, order, 0, 10);
            expected = TestData.hash(model);
        }
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(model, new Adam(), new SparseCategoricalCrossentropy())) {
            steps(trainer, order, 0, 4);
            model.save(file);
        }
        try (Model model = Model.load(file);
                Trainer trainer = Trainer.resume(model)) {
            assertEquals(4, model.iteration());
            steps(trainer, order, 4, 10);
            assertEquals(expected, TestData.hash(model));
        }
    }

    /// Averages take the weights' place at the end of a fit, so that a break is one of steps here.
    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6})
    void averagesAndAccumulatedGradientsAreKept(int at) {
        final Optimizer optimizer = new Adagrad(0.05)
                .with(OptimizerOptions.NONE
                        .ema(0.8, 2)
                        .gradientAccumulationSteps(2)
                        .clipvalue(0.01));
        final int[] order = Evaluator.inOrder(300);
        final Path file = folder.resolve("averages.safetensors");
        final int expected;
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(model, optimizer, new SparseCategoricalCrossentropy())) {
            steps(trainer, order, 0, 10);
            expected = TestData.hash(model);
        }
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(model, optimizer, new SparseCategoricalCrossentropy())) {
            steps(trainer, order, 0, at);
            model.save(file);
        }
        try (Model model = Model.load(file);
                Trainer trainer = Trainer.resume(model)) {
            steps(trainer, order, at, 10);
            assertEquals(expected, TestData.hash(model));
        }
    }

    private static void steps(Trainer trainer, int[] order, int from, int to) {
        for (int step = from; step < to; step++) {
            trainer.gather(DATA, order, step * 30, 30);
            trainer.step();
        }
    }

    @Test
    void seedOfFitIsKept() {
        final Path file = folder.resolve("seed.safetensors");
        final int expected;
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(model, new Adam(), new SparseCategoricalCrossentropy())) {
            trainer.fit(DATA, Fit.epochs(2).seed(99));
            expected = TestData.hash(model);
        }
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(model, new Adam(), new SparseCategoricalCrossentropy())) {
            trainer.fit(DATA, Fit.epochs(1).seed(99));
            model.save(file);
        }
        try (Model model = Model.load(file);
                Trainer trainer = Trainer.resume(model)) {
            trainer.fit(DATA, Fit.epochs(1));
            assertEquals(expected, TestData.hash(model));
        }
    }

    @Test
    void changedLearningRateIsKept() {
        final Path file = folder.resolve("rate.safetensors");
        final int expected;
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(model, new Adam(), new SparseCategoricalCrossentropy())) {
            trainer.learningRate(0.01);
            trainer.fit(DATA, Fit.epochs(2));
            expected = TestData.hash(model);
        }
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(model, new Adam(), new SparseCategoricalCrossentropy())) {
            trainer.learningRate(0.01);
            trainer.fit(DATA, Fit.epochs(1));
            model.save(file);
        }
        try (Model model = Model.load(file);
                Trainer trainer = Trainer.resume(model)) {
            assertEquals(0.01, trainer.learningRate());
            trainer.fit(DATA, Fit.epochs(1));
            assertEquals(expected, TestData.hash(model));
        }
    }

    @Test
    void compilingAnewForgetsTheOptimizersMemory() {
        try (Model model = Model.create(TestData.smallGraph(), 7)) {
            try (Trainer trainer = Trainer.of(model, new Adam(), new SparseCategoricalCrossentropy())) {
                trainer.fit(DATA, Fit.epochs(1));
            }
            assertEquals(10, model.iteration());
            try (Trainer trainer = Trainer.of(model, new SGD(), new SparseCategoricalCrossentropy())) {
                assertEquals(0, model.iteration());
                assertTrue(model.slots().isEmpty());
                assertEquals(0.01, trainer.learningRate());
            }
        }
    }

    @Test
    void modelThatWasNeverCompiledCannotBeResumed() {
        try (Model model = Model.create(TestData.smallGraph(), 7)) {
            final String message = assertThrows(IllegalStateException.class, () -> Trainer.resume(model))
                    .getMessage();
            assertTrue(message.contains("never compiled"), message);
        }
    }
}
