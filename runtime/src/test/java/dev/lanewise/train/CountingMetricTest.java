package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Metrics of thresholds, classes and means on values whose results one counts by hand.
class CountingMetricTest {
    private static final float[] Y = {0.9f, 0.4f, 0.6f, 0.2f, 0.7f, 0.1f};
    private static final float[] BITS = {1, 1, 0, 0, 1, 0};

    /// In two batches.
    private static double of(Metric metric, float[] y, float[] target, int... shape) {
        try (Memory memory = new Memory("test")) {
            final Shape whole = Shape.of(shape);
            final Metric.Accumulator sum = metric.accumulator(whole, whole);
            sum.reset();
            final int half = whole.dim(0) / 2;
            for (int[] part : new int[][] {{0, half}, {half, whole.dim(0) - half}}) {
                final Shape of = whole.with(0, part[1]);
                sum.update(tensor(memory, y, part[0], of), tensor(memory, target, part[0], of));
            }
            return sum.result();
        }
    }

    private static Tensor tensor(Memory memory, float[] values, int first, Shape shape) {
        final Tensor tensor = Tensor.zeros(memory, shape);
        final int row = tensor.size() / shape.dim(0);
        for (int i = 0; i < tensor.size(); i++) {
            tensor.set(i, values[first * row + i]);
        }
        return tensor;
    }

    private static void assertBits(String name, double expected) {
        assertEquals(expected, of(Metric.of(name), Y, BITS, 6, 1), 1e-6, name);
    }

    @Test
    void answersAreCounted() {
        assertBits("true_positives", 2);
        assertBits("false_positives", 1);
        assertBits("true_negatives", 2);
        assertBits("false_negatives", 1);
        assertBits("precision", 2 / 3.0);
        assertBits("recall", 2 / 3.0);
        assertEquals(1, of(Metric.of("Recall", Map.of("thresholds", 0.3)), Y, BITS, 6, 1));
        assertEquals(0, of(Metric.of("Precision", Map.of("thresholds", 0.95)), Y, BITS, 6, 1));
    }

    /// Of the nine pairs of a positive and a negative, one is in the wrong order.
    @Test
    void areaIsTheShareOfPairsInOrder() {
        assertBits("auc", 8 / 9.0);
        final float[] reversed = BITS.clone();
        for (int i = 0; i < 6; i++) {
            reversed[i] = 1 - BITS[i];
        }
        assertEquals(1 / 9.0, of(Metric.of("AUC"), Y, reversed, 6, 1), 1e-6);
        assertEquals(1, of(Metric.of("AUC", Map.of("curve", "PR")), BITS, BITS, 6, 1), 1e-6);
    }

    @Test
    void bestFigureWithinALimit() {
        assertEquals(2 / 3.0, at("SensitivityAtSpecificity", "specificity", 0.9), 1e-6);
        assertEquals(1, at("SensitivityAtSpecificity", "specificity", 0.6), 1e-6);
        assertEquals(1, at("SpecificityAtSensitivity", "sensitivity", 0.6), 1e-6);
        assertEquals(2 / 3.0, at("SpecificityAtSensitivity", "sensitivity", 0.9), 1e-6);
        assertEquals(0.75, at("PrecisionAtRecall", "recall", 0.9), 1e-6);
        assertEquals(2 / 3.0, at("RecallAtPrecision", "precision", 0.9), 1e-6);
    }

    private static double at(String name, String key, double limit) {
        return of(Metric.of(name, Map.of(key, limit)), Y, BITS, 6, 1);
    }

    @Test
    void meansOfRowsAndElements() {
        final float[] y = {1, 2, 3, 5};
        final float[] t = {1, 4, 1, 1};
        assertEquals(Math.sqrt(6), of(Metric.of("RootMeanSquaredError"), y, t, 2, 2), 1e-6);
        assertEquals(100 * (0 + 0.5 + 2 + 4) / 4, of(Metric.of("mape"), y, t, 2, 2), 1e-4);
        final double cosine = 9 / Math.sqrt(5 * 17) + 8 / Math.sqrt(34 * 2);
        assertEquals(cosine / 2, of(Metric.of("CosineSimilarity"), y, t, 2, 2), 1e-6);
        assertEquals(Math.log(Math.cosh(2)), of(Metric.of("LogCoshError"), y, new float[] {3, 4, 5, 7}, 2, 2), 1e-6);
        assertEquals((-1 + 1 - 20 / 4.5) / 2, of(new R2Score(), y, new float[] {1, 4, 2, 1}, 2, 2), 1e-6);
        final double variance = 59 - 121 / 3.0;
        assertEquals(1 - 6 / variance, of(new R2Score(), new float[] {2, 2, 5}, new float[] {1, 3, 7}, 3, 1), 1e-6);
    }

    @Test
    void crossentropiesAreThoseOfTheLosses() {
        final float[] p = {0.2f, 0.8f, 0.6f, 0.4f};
        final float[] t = {0, 1, 0, 1};
        assertEquals(-(Math.log(0.8) + Math.log(0.4)) / 2, of(Metric.of("CategoricalCrossentropy"), p, t, 2, 2), 1e-6);
        assertEquals(-(Math.log(0.8) + Math.log(0.4)) / 2, of(Metric.of("bce"), p, t, 2, 2), 1e-6);
    }

    @Test
    void scoresOfClasses() {
        final float[] y = {0.7f, 0.3f, 0.6f, 0.4f, 0.2f, 0.8f, 0.9f, 0.1f};
        final float[] t = {1, 0, 0, 1, 0, 1, 1, 0};
        assertEquals((0.8 + 2 / 3.0) / 2, of(Metric.of("F1Score"), y, t, 4, 2), 1e-6);
        assertEquals(0.75, of(Metric.of("F1Score", Map.of("average", "micro")), y, t, 4, 2), 1e-6);
        final double precise = 5 * (2 / 3.0) / (4 * (2 / 3.0) + 1);
        final double recalled = 5 * 0.5 / (4 + 0.5);
        assertEquals((precise + recalled) / 2, of(Metric.of("FBetaScore", Map.of("beta", 2.0)), y, t, 4, 2), 1e-6);
        assertEquals((2 / 3.0 + 0.5) / 2, of(Metric.of("OneHotMeanIoU"), y, t, 4, 2), 1e-6);
    }

    @Test
    void intersectionOverUnion() {
        final float[] said = {0, 1, 2, 1};
        final float[] are = {0, 1, 1, 1};
        assertEquals((1 + 2 / 3.0 + 0) / 3, of(Metric.of("MeanIoU", Map.of("num_classes", 4)), said, are, 4, 1), 1e-9);
        assertEquals(0.5, of(Metric.of("BinaryIoU"), Y, BITS, 6, 1), 1e-9);
        assertThrows(
                IllegalArgumentException.class,
                () -> of(Metric.of("MeanIoU", Map.of("num_classes", 2)), said, are, 4, 1));
    }
}
