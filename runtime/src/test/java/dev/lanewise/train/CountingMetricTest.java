package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
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
        assertEquals((0.8 + 2 / 3.0) / 2, of(Metric.of("F1Score", Map.of("average", "macro")), y, t, 4, 2), 1e-6);
        assertEquals(0.75, of(Metric.of("F1Score", Map.of("average", "micro")), y, t, 4, 2), 1e-6);
        final double precise = 5 * (2 / 3.0) / (4 * (2 / 3.0) + 1);
        final double recalled = 5 * 0.5 / (4 + 0.5);
        final Metric mean = Metric.of("FBetaScore", Map.of("beta", 2.0, "average", "macro"));
        assertEquals((precise + recalled) / 2, of(mean, y, t, 4, 2), 1e-6);
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

    @Test
    void intersectionOverUnionOfChosenClasses() {
        final float[] said = {0, 1, 2, 1, 0};
        final float[] are = {0, 1, 1, 1, 3};
        final double[] each = {0.5, 2 / 3.0, 0, 0};
        for (int c = 0; c < 4; c++) {
            assertEquals(each[c], of(iou("IoU", 5, List.of(c)), said, are, 5, 1), 1e-9);
        }
        assertEquals((0.5 + 2 / 3.0) / 2, of(iou("IoU", 5, List.of(0, 1)), said, are, 5, 1), 1e-9);
        assertEquals(0.5, of(iou("IoU", 5, List.of(0, 4)), said, are, 5, 1), 1e-9, "class 4 does not appear");
        assertEquals(0, of(iou("IoU", 5, List.of(4)), said, are, 5, 1));
        assertEquals(
                1,
                of(
                        Metric.of("IoU", Map.of("num_classes", 5, "target_class_ids", List.of(0), "ignore_class", 3)),
                        said,
                        are,
                        5,
                        1));
        final float[] rows = {0.7f, 0.3f, 0.6f, 0.4f, 0.2f, 0.8f, 0.9f, 0.1f};
        final float[] oneHot = {1, 0, 0, 1, 0, 1, 1, 0};
        assertEquals(2 / 3.0, of(iou("OneHotIoU", 2, List.of(0)), rows, oneHot, 4, 2), 1e-9);
        assertEquals(0.5, of(iou("OneHotIoU", 2, List.of(1)), rows, oneHot, 4, 2), 1e-9);
        assertEquals(0.5, of(Metric.of("BinaryIoU", Map.of("target_class_ids", List.of(1))), Y, BITS, 6, 1), 1e-9);
        assertEquals(
                "io_u: target_class_ids must be from 0 to 1, got 2",
                assertThrows(IllegalArgumentException.class, () -> iou("IoU", 2, List.of(0, 2)))
                        .getMessage());
    }

    /// Rows of the output against class numbers.
    @Test
    void outputsOfIouMayBeRowsWhereTargetsAreNumbers() {
        try (Memory memory = new Memory("test")) {
            final Metric metric = Metric.of("MeanIoU", Map.of("num_classes", 3, "sparse_y_pred", false));
            final Metric.Accumulator sum = metric.accumulator(Shape.of(2, 3), Shape.of(2));
            sum.reset();
            sum.update(
                    tensor(memory, new float[] {0, 1, 0, 0.5f, 0.2f, 0.1f}, 0, Shape.of(2, 3)),
                    tensor(memory, new float[] {1, 2}, 0, Shape.of(2)));
            assertEquals(1 / 3.0, sum.result(), 1e-9);
        }
    }

    private static Metric iou(String name, int classes, List<Integer> ids) {
        return Metric.of(name, Map.of("num_classes", classes, "target_class_ids", ids));
    }

    /// Of three labels in two samples.
    private static final float[] LABELS = {0.9f, 0.6f, 0.1f, 0.2f, 0.7f, 0.3f};
    private static final float[] TRUTH = {1, 0, 0, 0, 1, 1};

    private static double ofLabels(String name, Map<String, ?> config) {
        return of(Metric.of(name, config), LABELS, TRUTH, 2, 3);
    }

    @Test
    void answersOfOneClassOrOfTheLargest() {
        assertEquals(2 / 3.0, ofLabels("Precision", Map.of()), 1e-9);
        assertEquals(1, ofLabels("Precision", Map.of("top_k", 1)), 1e-9);
        assertEquals(2 / 3.0, ofLabels("Recall", Map.of("top_k", 1)), 1e-9);
        assertEquals(3 / 4.0, ofLabels("Precision", Map.of("top_k", 2)), 1e-9);
        assertEquals(1, ofLabels("Recall", Map.of("top_k", 2)), 1e-9);
        assertEquals(2 / 3.0, ofLabels("Recall", Map.of("top_k", 2, "thresholds", List.of(0.4))), 1e-9);
        assertEquals(0.5, ofLabels("Precision", Map.of("class_id", 1)), 1e-9);
        assertEquals(0, ofLabels("Recall", Map.of("class_id", 2)), 1e-9);
        assertEquals(1, ofLabels("TrueNegatives", Map.of("class_id", 0)), 1e-9);
        assertEquals(1, ofLabels("SensitivityAtSpecificity", Map.of("specificity", 0.9, "class_id", 0)), 1e-6);
        assertEquals(2 / 3.0, ofLabels("SensitivityAtSpecificity", Map.of("specificity", 0.9)), 1e-6);
        assertThrows(IllegalArgumentException.class, () -> ofLabels("Recall", Map.of("class_id", 3)));
        assertThrows(IllegalArgumentException.class, () -> ofLabels("Recall", Map.of("top_k", 4)));
    }

    private static double[] figures(Metric metric, float[] y, float[] target, int rows, int cols) {
        try (Memory memory = new Memory("test")) {
            final Shape shape = Shape.of(rows, cols);
            final Metric.Accumulator sum = metric.accumulator(shape, shape);
            for (int time = 0; time < 2; time++) {
                sum.reset();
                sum.update(tensor(memory, y, 0, shape), tensor(memory, target, 0, shape));
            }
            final double[] figures = new double[sum.figures()];
            for (int i = 0; i < figures.length; i++) {
                figures[i] = sum.figure(i);
            }
            assertEquals(sum.result(), figures[0]);
            return figures;
        }
    }

    /// What Keras gives as an array: one number for each threshold, class or column.
    @Test
    void metricsOfSeveralNumbers() {
        final Map<String, ?> three = Map.of("thresholds", List.of(0.25, 0.65, 0.8));
        assertArrayEquals(
                new double[] {3 / 4.0, 1, 1}, figures(Metric.of("Precision", three), LABELS, TRUTH, 2, 3), 1e-9);
        assertArrayEquals(
                new double[] {1, 2 / 3.0, 1 / 3.0}, figures(Metric.of("Recall", three), LABELS, TRUTH, 2, 3), 1e-9);
        assertArrayEquals(
                new double[] {1, 0, 0}, figures(Metric.of("FalsePositives", three), LABELS, TRUTH, 2, 3), 1e-9);
        final Map<String, ?> top = Map.of("thresholds", List.of(0.25, 0.65), "top_k", 1);
        assertArrayEquals(
                new double[] {2 / 3.0, 2 / 3.0}, figures(Metric.of("Recall", top), LABELS, TRUTH, 2, 3), 1e-9);
        final float[] y = {0.9f, 0.1f, 0.2f, 0.8f, 0.3f, 0.7f};
        final float[] t = {1, 0, 1, 0, 0, 1};
        assertArrayEquals(
                new double[] {2 / 3.0, 2 / 3.0}, figures(Metric.of("F1Score"), y, t, 3, 2), 1e-6, "none by default");
        final Map<String, Object> none = new HashMap<>();
        none.put("class_aggregation", null);
        final float[] of = {1, 2, 3, 5, 2, 4};
        final float[] truth = {1, 4, 2, 1, 3, 1};
        assertArrayEquals(
                new double[] {0, 1 - (4 + 16 + 9) / 6.0}, figures(Metric.of("R2Score", none), of, truth, 3, 2), 1e-6);
    }

    /// Keras' own example of three thresholds, whose middle one is 0.5.
    @Test
    void areaOverGivenThresholds() {
        final float[] y = {0, 0.5f, 0.3f, 0.9f};
        final float[] t = {0, 0, 1, 1};
        assertEquals(0.75, of(Metric.of("AUC", Map.of("num_thresholds", 3)), y, t, 4, 1), 1e-6);
        assertEquals(0.75, of(Metric.of("AUC", Map.of("thresholds", List.of(0.5))), y, t, 4, 1), 1e-6);
        assertEquals(0.875, of(Metric.of("AUC", Map.of("thresholds", List.of(0.6, 0.2))), y, t, 4, 1), 1e-6);
        final float[] logits = {-20, 0, -0.85f, 2.2f};
        assertEquals(
                0.75, of(Metric.of("AUC", Map.of("num_thresholds", 3, "from_logits", true)), logits, t, 4, 1), 1e-6);
    }

    @Test
    void areasOfLabelsAreAveraged() {
        final float[] y = {0.9f, 0.1f, 0.2f, 0.8f, 0.4f, 0.3f, 0.1f, 0.7f};
        final float[] t = {1, 1, 0, 1, 1, 0, 0, 0};
        final double second = 1 / 2.0;
        assertEquals((1 + second) / 2, of(Metric.of("AUC", Map.of("multi_label", true)), y, t, 4, 2), 1e-6);
        final Map<String, ?> weighted = Map.of("multi_label", true, "label_weights", List.of(1.0, 3.0));
        assertEquals((1 + 3 * second) / 4, of(Metric.of("AUC", weighted), y, t, 4, 2), 1e-6);
        final Map<String, ?> one = Map.of("label_weights", List.of(0.0, 2.0));
        assertEquals(second, of(Metric.of("AUC", one), y, t, 4, 2), 1e-6, "the first label does not count");
    }

    @Test
    void scoresOfColumnsByTheirVariance() {
        final float[] y = {1, 2, 3, 5, 2, 4};
        final float[] t = {1, 4, 2, 1, 3, 1};
        final double first = 1 - 2 / 2.0;
        final double second = 1 - (4 + 16 + 9) / 6.0;
        final Map<String, ?> weighted = Map.of("class_aggregation", "variance_weighted_average");
        assertEquals((first * 2 + second * 6) / 8, of(Metric.of("R2Score", weighted), y, t, 3, 2), 1e-6);
        final double mean = (first + second) / 2;
        assertEquals(mean, of(Metric.of("R2Score"), y, t, 3, 2), 1e-6);
        assertEquals(1 - (1 - mean) * 5 / 3, of(Metric.of("R2Score", Map.of("num_regressors", 2)), y, t, 3, 2), 1e-6);
        assertEquals(mean, of(Metric.of("R2Score", Map.of("num_regressors", 5)), y, t, 3, 2), 1e-6);
        assertEquals(0, of(new R2Score(), new float[] {1, 2}, new float[] {3, 3}, 2, 1), 1e-9);
    }

    /// The values of Keras' documentation.
    @Test
    void correlationsOfRows() {
        final float[] t = {0, 1, 0.5f, 1, 1, 0.2f};
        final float[] y = {0.1f, 0.9f, 0.5f, 1, 0.9f, 0.2f};
        assertEquals(0.9966996338993913, of(Metric.of("PearsonCorrelation"), y, t, 2, 3), 1e-5);
        assertEquals(0.9816320385426076, of(Metric.of("ConcordanceCorrelation"), y, t, 2, 3), 1e-5);
    }

    @Test
    void crossentropiesOfLogitsAndSmoothedTargets() {
        final float[] z = {1, -2, 0.5f, 3};
        final float[] t = {0, 1, 1, 0};
        final double[] all = {Math.exp(1) + Math.exp(-2), Math.exp(0.5) + Math.exp(3)};
        final double plain = (Math.log(all[0]) + 2 + Math.log(all[1]) - 0.5) / 2;
        assertEquals(plain, of(Metric.of("CategoricalCrossentropy", Map.of("from_logits", true)), z, t, 2, 2), 1e-6);
        final double other = (Math.log(all[0]) - 1 + Math.log(all[1]) - 3) / 2;
        final Map<String, ?> smoothed = Map.of("from_logits", true, "label_smoothing", 0.2);
        assertEquals(0.9 * plain + 0.1 * other, of(Metric.of("CategoricalCrossentropy", smoothed), z, t, 2, 2), 1e-6);
        double binary = 0;
        for (int i = 0; i < 4; i++) {
            final double p = 1 / (1 + Math.exp(-z[i]));
            final double s = t[i] * 0.8 + 0.1;
            binary -= (s * Math.log(p) + (1 - s) * Math.log(1 - p)) / 4;
        }
        assertEquals(binary, of(Metric.of("BinaryCrossentropy", smoothed), z, t, 2, 2), 1e-6);
    }
}
