package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.data.Dataset;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Embedding;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.nn.layer.Masking;
import dev.lanewise.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The mask of an output is a weight of its rows, as in Keras: the loss is the sum over what counts, by how
/// much counts.
class MaskedLossTest {
    private static final double TOLERANCE = 1e-6;

    /// Three samples of three steps of one feature; zeros are masked: 5 of 9 steps count.
    private static final float[] X = {1, 2, 0, 3, 0, 0, 4, 0, 5};

    /// A class for each step of words, of which 0 is masked.
    static Graph graph() {
        return Sequential.input(5)
                .add(new Embedding(7, 4).maskZero(true))
                .add(new LSTM(6).returnSequences(true))
                .add(new Dense(3, Activations.SOFTMAX))
                .build();
    }

    static Dataset data(int samples) {
        final float[] words = new float[samples * 5];
        final float[] classes = new float[samples * 5];
        for (int i = 0; i < words.length; i++) {
            final boolean counts = i % 5 < 2 + i / 5 % 4;
            words[i] = counts ? 1 + (i * 5 + i / 5) % 6 : 0;
            classes[i] = counts ? words[i] % 3 : i % 3;
        }
        return Dataset.of(words, Shape.of(5), classes, Shape.of(5));
    }

    /// `y = w x` with `w = 2` at each step that counts.
    private static Model doubling() {
        final Model model = Model.create(
                Sequential.input(3, 1).add(new Masking()).add(new Dense(1)).build(), 1);
        model.parameter(model.layout().places().get(0)).set(0, 2);
        return model;
    }

    private static Dataset targets(float... t) {
        return Dataset.of(X, Shape.of(3, 1), t, Shape.of(3, 1));
    }

    /// y - t is 1 in each step that counts but the last, where it is 3, and 100 where none counts.
    private static Dataset doubled() {
        return targets(1, 3, -100, 5, 100, 100, 7, 100, 7);
    }

    @Test
    void lossIsThatOfWhatCounts() {
        try (Model model = doubling()) {
            final Map<String, Double> figures = Evaluator.evaluate(
                    model,
                    doubled(),
                    3,
                    new MeanSquaredError(),
                    Metric.MEAN_SQUARED_ERROR,
                    Metric.MEAN_ABSOLUTE_ERROR,
                    Metric.of("log_cosh"),
                    Metric.of("root_mean_squared_error"));
            assertEquals((4 + 9) / 5.0, figures.get("loss"), TOLERANCE);
            assertEquals((4 + 9) / 5.0, figures.get("mean_squared_error"), TOLERANCE);
            assertEquals((4 + 3) / 5.0, figures.get("mean_absolute_error"), TOLERANCE);
            assertEquals((4 * Math.log(Math.cosh(1)) + Math.log(Math.cosh(3))) / 5, figures.get("log_cosh"), TOLERANCE);
            // Keras' root of a mean knows no mask.
            assertEquals(Math.sqrt((13 + 4 * 1e4) / 9), figures.get("root_mean_squared_error"), 1e-4);
        }
    }

    /// Keras multiplies both, and still divides by how many count.
    @Test
    void weightsOfSamplesAreThoseOfTheirSteps() {
        try (Model model = doubling()) {
            final Dataset data = doubled().withWeights(new float[] {0.5f, 2, 3});
            final double loss =
                    Evaluator.evaluate(model, data, 3, new MeanSquaredError()).get("loss");
            assertEquals((0.5 * 2 + 2 + 3 * (1 + 9)) / 5, loss, TOLERANCE);
        }
    }

    /// As Keras': `sum` divides by nothing, and `mean_with_sample_weight` by the weights of what counts.
    @Test
    void reductionsOfWhatCounts() {
        try (Model model = doubling()) {
            final Dataset data = doubled().withWeights(new float[] {0.5f, 2, 3});
            final double sum = 0.5 * 2 + 2 + 3 * (1 + 9);
            assertEquals(sum, loss(model, data, "sum"), TOLERANCE * sum);
            assertEquals(sum / (0.5 * 2 + 2 + 3 * 2), loss(model, data, "mean_with_sample_weight"), TOLERANCE);
            assertEquals(13, loss(model, doubled(), "sum"), 13 * TOLERANCE);
            assertEquals(13 / 5.0, loss(model, doubled(), "mean_with_sample_weight"), TOLERANCE);
            assertEquals(
                    0, loss(model, doubled().withWeights(new float[3]), "mean_with_sample_weight"), "nothing counts");
            assertEquals(13 / 5.0, loss(model, doubled(), "mean"), TOLERANCE);
        }
    }

    private static double loss(Model model, Dataset data, String reduction) {
        final Loss loss = Loss.of("MeanSquaredError", Map.of("reduction", reduction));
        return Evaluator.evaluate(model, data, 3, loss).get("loss");
    }

    /// The gradient of a sum is that of the mean times the rows.
    @Test
    void gradientsOfReductions() {
        final float[] mean = step(new MeanSquaredError(), 0.0009765625 * 9);
        assertArrayEquals(mean, step(Loss.of("mse", Map.of("reduction", "sum")), 0.0009765625), 1e-6f);
        final float[] weighted = step(Loss.of("mse", Map.of("reduction", "mean_with_sample_weight")), 0.0009765625);
        assertArrayEquals(step(new MeanSquaredError(), 0.0009765625 * 9 / (3 * 5.5)), weighted, 1e-6f);
    }

    /// A user's loss that says itself how its rows are brought together.
    public record OwnReduction(String reduction) implements Loss {
        @Override
        public String name() {
            return "own_reduction";
        }

        @Override
        public void checkShapes(Shape y, Shape target) {
            new MeanSquaredError().checkShapes(y, target);
        }

        @Override
        public void forwardBackward(LossBuffers b) {
            new MeanSquaredError().forwardBackward(b);
        }
    }

    @Test
    void lossesOfUsersHaveTheirOwnReduction() {
        TrainingConfig.register(OwnReduction.class);
        try (Model model = doubling()) {
            for (String reduction : List.of("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight")) {
                final Loss own = new OwnReduction(reduction);
                TrainingConfig.store(model, new SGD(0.1), own, List.of());
                assertEquals(own, TrainingConfig.of(model).loss());
                assertEquals(
                        loss(model, doubled(), reduction),
                        Evaluator.evaluate(model, doubled(), 3, own).get("loss"),
                        reduction);
            }
            final Loss other = new OwnReduction("max");
            assertEquals(
                    "own_reduction: reduction must be sum_over_batch_size, mean, sum or mean_with_sample_weight, got max",
                    assertThrows(IllegalArgumentException.class, () -> Evaluator.evaluate(model, doubled(), 3, other))
                            .getMessage());
        }
    }

    /// The weights after a step of nine rows without a mask, whose samples weigh 0.5, 2 and 3.
    private static float[] step(Loss loss, double rate) {
        try (Model model = Model.create(Sequential.input(3, 1).add(new Dense(1)).build(), 1);
                Trainer trainer = Trainer.of(model, new SGD(rate), loss)) {
            final Dataset data = targets(1, 3, 0, 5, 0, 0, 7, 0, 7).withWeights(new float[] {0.5f, 2, 3});
            trainer.gather(data, Evaluator.inOrder(3), 0, 3);
            trainer.step();
            return model.trainable().toArray(java.lang.foreign.ValueLayout.JAVA_FLOAT);
        }
    }

    @Test
    void reductionsOfLossesOfAWholeBatchAreRefused() {
        for (String name : List.of("dice", "tversky", "circle")) {
            assertThrows(IllegalArgumentException.class, () -> Loss.of(name, Map.of("reduction", "sum")), name);
        }
        assertEquals(
                "mean_squared_error: reduction must be sum_over_batch_size, mean, sum or mean_with_sample_weight,"
                        + " got none",
                assertThrows(IllegalArgumentException.class, () -> Loss.of("mse", Map.of("reduction", "none")))
                        .getMessage());
    }

    /// Without a mask a sample's weight is that of its steps, over all of them.
    @Test
    void weightsOfSamplesAreThoseOfTheirStepsWithoutAMaskToo() {
        try (Model model = Model.create(Sequential.input(3, 1).add(new Dense(1)).build(), 1)) {
            model.parameter(model.layout().places().get(0)).set(0, 2);
            final Dataset data = targets(1, 3, 0, 5, 0, 0, 7, 0, 7).withWeights(new float[] {0.5f, 2, 3});
            final double loss =
                    Evaluator.evaluate(model, data, 3, new MeanSquaredError()).get("loss");
            assertEquals((0.5 * 2 + 2 + 3 * (1 + 9)) / 9, loss, TOLERANCE);
        }
    }

    /// A weight for each step, with the mask and without; a step that does not count has none.
    @Test
    void stepsMayHaveWeightsOfTheirOwn() {
        final float[] weights = {0.5f, 2, 9, 3, 9, 9, 0, 9, 0.25f};
        try (Model model = doubling();
                Trainer trainer = Trainer.of(model, new SGD(0.01), new MeanSquaredError())) {
            final Dataset data = doubled().withWeights(weights, Shape.of(3));
            assertEquals(Shape.of(3), data.weightShape());
            assertEquals(
                    (0.5 + 2 + 3 + 0.25 * 9) / 5,
                    Evaluator.evaluate(model, data, 3, new MeanSquaredError()).get("loss"),
                    TOLERANCE);
            trainer.gather(data, new int[] {2, 0, 1}, 0, 3);
            assertEquals((0.5 + 2 + 3 + 0.25 * 9) / 5, trainer.step(), TOLERANCE);
            final float w = model.parameter(model.layout().places().get(0)).get(0);
            assertEquals(2 - 0.01 * 2 * (0.5 * 1 + 2 * 2 + 3 * 3 + 0.25 * 15) / 5, w, TOLERANCE);
        }
        try (Model model = Model.create(Sequential.input(3, 1).add(new Dense(1)).build(), 1)) {
            model.parameter(model.layout().places().get(0)).set(0, 2);
            final Dataset data = targets(1, 3, 0, 5, 0, 0, 7, 0, 7);
            final double loss = Evaluator.evaluate(
                            model, data.withWeights(weights, Shape.of(3)), 2, new MeanSquaredError())
                    .get("loss");
            assertEquals((0.5 + 2 + 3 + 0.25 * 9) / 9, loss, TOLERANCE);
            final IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class,
                    () -> Evaluator.evaluate(
                            model, data.withWeights(new float[6], Shape.of(2)), 3, new MeanSquaredError()));
            assertEquals(
                    "the data has weights of shape [2] for each sample, expected one number or the first dimensions of"
                            + " the output [None, 3, 1]",
                    e.getMessage());
        }
    }

    /// dL/dw = Σ 2 (w x - t) x / 5 over what counts: 2 (1 + 2 + 3 + 4 + 15) / 5.
    @Test
    void gradientIsThatOfWhatCounts() {
        try (Model model = doubling();
                Trainer trainer = Trainer.of(model, new SGD(0.01), new MeanSquaredError())) {
            trainer.gather(doubled(), new int[] {0, 1, 2}, 0, 3);
            assertEquals(13 / 5.0, trainer.step(), TOLERANCE);
            final float w = model.parameter(model.layout().places().get(0)).get(0);
            assertEquals(2 - 0.01 * 2 * (1 + 2 + 3 + 4 + 15) / 5, w, TOLERANCE);
        }
    }

    /// The same with weights of samples of 0.5, 2 and 3, which the divisor does not know.
    @Test
    void gradientHasTheWeightsOfSamplesToo() {
        try (Model model = doubling();
                Trainer trainer = Trainer.of(model, new SGD(0.01), new MeanSquaredError())) {
            trainer.gather(doubled().withWeights(new float[] {0.5f, 2, 3}), new int[] {0, 1, 2}, 0, 3);
            assertEquals((0.5 * 2 + 2 + 3 * (1 + 9)) / 5, trainer.step(), TOLERANCE);
            final float w = model.parameter(model.layout().places().get(0)).get(0);
            assertEquals(2 - 0.01 * 2 * (0.5 * (1 + 2) + 2 * 3 + 3 * (4 + 15)) / 5, w, TOLERANCE);
        }
    }

    @Test
    void batchInWhichNothingCountsHasNoLossAndNoGradient() {
        try (Model model = doubling();
                Trainer trainer = Trainer.of(model, new SGD(0.01), new MeanSquaredError())) {
            final Dataset none =
                    Dataset.of(new float[6], Shape.of(3, 1), new float[] {1, 2, 3, 4, 5, 6}, Shape.of(3, 1));
            trainer.gather(none, new int[] {0, 1}, 0, 2);
            assertEquals(0, trainer.step());
            assertEquals(2, model.parameter(model.layout().places().get(0)).get(0));
        }
    }

    /// What stands in masked steps changes nothing: neither loss and metrics nor what is learned.
    @Test
    void targetsThatDoNotCountChangeNothing() {
        final Dataset data = data(24);
        final float[] changed = new float[24 * 5];
        final float[] words = new float[24 * 5];
        for (int i = 0; i < changed.length; i++) {
            final boolean counts = i % 5 < 2 + i / 5 % 4;
            words[i] = counts ? 1 + (i * 5 + i / 5) % 6 : 0;
            changed[i] = counts ? words[i] % 3 : (i + 1) % 3;
        }
        final Dataset other = Dataset.of(words, Shape.of(5), changed, Shape.of(5));
        final int[] hashes = new int[2];
        final double[][] figures = new double[2][];
        for (int i = 0; i < 2; i++) {
            try (Model model = Model.create(graph(), 3);
                    Trainer trainer =
                            Trainer.of(model, new Adam(0.05), new SparseCategoricalCrossentropy(), Metric.ACCURACY)) {
                trainer.fit(List.of(data, other).get(i), Fit.epochs(30).batchSize(8));
                final Map<String, Double> end =
                        trainer.evaluate(List.of(data, other).get(i), 8);
                figures[i] = end.values().stream().mapToDouble(v -> v).toArray();
                hashes[i] = TestData.hash(model);
                assertEquals(1.0, end.get("accuracy"), 0, end::toString);
            }
        }
        assertEquals(hashes[0], hashes[1]);
        assertArrayEquals(figures[0], figures[1], () -> Arrays.deepToString(figures));
    }

    /// Steps count whose word counts and whose class is not the ignored one.
    @Test
    void maskAndIgnoredClassGoTogether() {
        final Dataset data = data(24);
        try (Model model = Model.create(graph(), 3)) {
            final List<float[]> p = model.predict(data, 8);
            double sum = 0;
            int counting = 0;
            for (int i = 0; i < 24 * 5; i++) {
                final float word = i % 5 < 2 + i / 5 % 4 ? 1 + (i * 5 + i / 5) % 6 : 0;
                if (word != 0 && word % 3 != 1) {
                    sum -= Math.log(p.getFirst()[3 * i + (int) word % 3]);
                    counting++;
                }
            }
            final double loss = Evaluator.evaluate(model, data, 24, new SparseCategoricalCrossentropy(false, 1))
                    .get("loss");
            assertEquals(sum / counting, loss, 1e-5);
        }
    }

    /// A mask over other dimensions than the output's first is no mask of its rows.
    @Test
    void maskThatDoesNotFitIsRefused() {
        final Graph graph =
                Sequential.input(3, 1).add(new Masking()).add(new Outside()).build();
        try (Model model = Model.create(graph, 1)) {
            final Dataset data = Dataset.of(X, Shape.of(3, 1), new float[3], Shape.of(1));
            final IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class, () -> Evaluator.evaluate(model, data, 3, new MeanSquaredError()));
            assertEquals("an output of shape [3, 1] has a mask of shape [3, 3]", e.getMessage());
        }
    }

    /// Passes on a mask that its output does not have.
    record Outside() implements dev.lanewise.nn.Layer {
        @Override
        public List<Shape> outputShapes(List<Shape> inputs) {
            return List.of(Shape.of(inputs.getFirst().dim(0), 1));
        }

        @Override
        public boolean passesMask() {
            return true;
        }

        @Override
        public void forward(dev.lanewise.nn.LayerBuffers b) {
            b.y(0).segment().fill((byte) 0);
        }

        @Override
        public void backward(dev.lanewise.nn.LayerBuffers b) {
            throw new AssertionError("not trained");
        }
    }
}
