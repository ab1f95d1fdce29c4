package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Predictor;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Models, trainers and predictors say so when they are closed.
class ClosedTest {
    private static final SparseCategoricalCrossentropy SPARSE = new SparseCategoricalCrossentropy();

    @BeforeAll
    static void warmUp() {
        Compute.shared().warmUp();
    }

    private static void assertClosed(String what, Runnable call) {
        final String message =
                assertThrows(IllegalStateException.class, call::run).getMessage();
        assertTrue(message.contains(what + " is closed"), message);
    }

    @Test
    void closedModelSaysSo() {
        final Dataset data = TestData.classes(10, 50, 5, 3);
        final Model model = Model.create(TestData.smallGraph(), 1);
        model.close();
        model.close();
        assertClosed("Model", () -> model.parameter("dense/kernel"));
        assertClosed("Model", model::trainable);
        assertClosed("Model", model::fixed);
        assertClosed("Model", model::slots);
        assertClosed("Model", () -> model.slot("m"));
        assertClosed("Model", model::resetOptimizer);
        assertClosed("Model", model::summary);
        assertClosed("Model", () -> model.predict(data, 3));
        assertClosed("Model", () -> model.predictor(3));
        assertClosed("Model", () -> model.save(Path.of("never")));
        assertClosed("Model", () -> Trainer.of(model, new Adam(), SPARSE));
        assertClosed("Model", () -> Trainer.resume(model));
        assertClosed("Model", () -> Evaluator.evaluate(model, data, 3, SPARSE));
    }

    @Test
    void trainerOfAClosedModelSaysSo() {
        final Dataset data = TestData.classes(10, 50, 5, 3);
        final Model model = Model.create(TestData.smallGraph(), 1);
        try (Trainer trainer = Trainer.of(model, new Adam(), SPARSE)) {
            trainer.gather(data, Evaluator.inOrder(10), 0, 10);
            model.close();
            assertClosed("Model", () -> trainer.fit(data, Fit.epochs(1)));
            assertClosed("Model", () -> trainer.evaluate(data, 3));
            assertClosed("Model", trainer::step);
        }
    }

    @Test
    void closedTrainerSaysSo() {
        final Dataset data = TestData.classes(10, 50, 5, 3);
        try (Model model = Model.create(TestData.smallGraph(), 1)) {
            final Trainer trainer = Trainer.of(model, new Adam(), SPARSE);
            trainer.gather(data, Evaluator.inOrder(10), 0, 10);
            trainer.close();
            trainer.close();
            assertClosed("Trainer", () -> trainer.fit(data, Fit.epochs(1)));
            assertClosed("Trainer", () -> trainer.evaluate(data, 3));
            assertClosed("Trainer", () -> trainer.gather(data, new int[1], 0, 1));
            assertClosed("Trainer", trainer::step);
        }
    }

    @Test
    void predictorChecksShapesAndSaysWhenItIsClosed() {
        try (Model model = Model.create(TestData.linear(2, 1), 1);
                Memory memory = new Memory("test")) {
            final Predictor predictor = model.predictor(3);
            final Tensor x = Tensor.zeros(memory, Shape.of(2, 2));
            final Tensor y = Tensor.zeros(memory, Shape.of(2, 1));
            final Tensor wide = Tensor.zeros(memory, Shape.of(2, 3));
            final Tensor none = Tensor.zeros(memory, Shape.of(0, 2));
            predictor.run(List.of(x), List.of(y));
            for (List<List<Tensor>> bad : List.of(
                    List.of(List.of(wide), List.of(y)),
                    List.of(List.of(x), List.of(wide)),
                    List.of(List.of(none), List.of(y)),
                    List.of(List.of(x, x), List.of(y)),
                    List.of(List.<Tensor>of(), List.of(y)))) {
                final String message = assertThrows(
                                IllegalArgumentException.class, () -> predictor.run(bad.get(0), bad.get(1)))
                        .getMessage();
                assertTrue(message.startsWith("Predictor: "), message);
            }
            assertThrows(IllegalArgumentException.class, () -> predictor.run(new float[3]));
            assertThrows(IllegalArgumentException.class, () -> predictor.run(new float[0]));
            predictor.close();
            predictor.close();
            assertClosed("Predictor", () -> predictor.run(List.of(x), List.of(y)));
            assertClosed("Predictor", () -> predictor.run(new float[2]));
        }
    }
}
