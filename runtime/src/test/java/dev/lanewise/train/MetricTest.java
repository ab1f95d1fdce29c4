package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The metrics on values whose results one counts by hand.
class MetricTest {
    /// In one batch, and again in batches of one row.
    private static double of(Metric metric, float[] y, Shape shape, float[] target, Shape targetShape) {
        try (Memory memory = new Memory("test")) {
            final Metric.Accumulator all = metric.accumulator(shape, targetShape);
            all.reset();
            all.update(tensor(memory, y, 0, shape), tensor(memory, target, 0, targetShape));
            final Metric.Accumulator one = metric.accumulator(shape, targetShape);
            one.reset();
            for (int r = 0; r < shape.dim(0); r++) {
                one.update(tensor(memory, y, r, shape.with(0, 1)), tensor(memory, target, r, targetShape.with(0, 1)));
            }
            assertEquals(all.result(), one.result(), 1e-12, metric.name());
            return all.result();
        }
    }

    private static Tensor tensor(Memory memory, float[] values, int first, Shape shape) {
        final Tensor tensor = Tensor.zeros(memory, shape);
        for (int i = 0; i < tensor.size(); i++) {
            tensor.set(i, values[first * tensor.size() + i]);
        }
        return tensor;
    }

    private static final float[] BITS = {0.6f, 0.5f, 0.2f, 0.8f, 0.4f, 0.7f};

    @Test
    void binaryAccuracyComparesWithItsThreshold() {
        final float[] t = {1, 1, 0, 1, 0, 0};
        final Shape matrix = Shape.of(3, 2);
        assertEquals(4 / 6.0, of(new BinaryAccuracy(), BITS, matrix, t, matrix));
        assertEquals(4 / 6.0, of(new BinaryAccuracy(0.75), BITS, matrix, t, matrix));
        assertEquals(5 / 6.0, of(new BinaryAccuracy(0.45), BITS, matrix, t, matrix));
        assertEquals(4 / 6.0, of(new BinaryAccuracy(), BITS, Shape.of(6, 1), t, Shape.of(6)));
        assertEquals(4 / 6.0, of(Metric.ACCURACY, BITS, Shape.of(6, 1), t, Shape.of(6, 1)));
        assertThrows(
                IllegalArgumentException.class, () -> new BinaryAccuracy().accumulator(Shape.of(3, 2), Shape.of(3, 3)));
    }

    private static final float[] SCORES = {
        0.1f, 0.2f, 0.4f, 0.3f, //
        0.7f, 0.1f, 0.1f, 0.1f, //
        0.25f, 0.25f, 0.25f, 0.25f, //
        Float.NaN, 0.2f, 0.3f, 0.1f
    };

    private static final Shape ROWS = Shape.of(4, 4);

    @Test
    void largestOutputIsTheClass() {
        final float[] labels = {2, 1, 0, 1};
        assertEquals(0.5, of(new SparseCategoricalAccuracy(), SCORES, ROWS, labels, Shape.of(4)));
        assertEquals(0.5, of(new SparseCategoricalAccuracy(), SCORES, ROWS, labels, Shape.of(4, 1)));
        final float[] oneHot = new float[16];
        for (int r = 0; r < 4; r++) {
            oneHot[4 * r + (int) labels[r]] = 1;
        }
        assertEquals(0.5, of(new CategoricalAccuracy(), SCORES, ROWS, oneHot, ROWS));
        assertEquals(0.5, of(Metric.ACCURACY, SCORES, ROWS, oneHot, ROWS));
        assertEquals(0.5, of(Metric.ACCURACY, SCORES, ROWS, labels, Shape.of(4)));
        assertThrows(IllegalArgumentException.class, () -> new CategoricalAccuracy().accumulator(ROWS, Shape.of(4)));
        assertThrows(IllegalArgumentException.class, () -> new SparseCategoricalAccuracy().accumulator(ROWS, ROWS));
    }

    /// Both zeros are equal, and a row with NaN has no largest output.
    @Test
    void theFirstOfEqualOutputsIsTheLargest() {
        final float[] values = {
            0f,
            -0f,
            1,
            -1,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN
        };
        final Shape row = Shape.of(1, 3);
        for (float a : values) {
            for (float b : values) {
                for (float c : values) {
                    final float[] y = {a, b, c};
                    // Comparisons with NaN are false.
                    final boolean[] largest = {a >= b && a >= c, a < b && b >= c, a < c && b < c};
                    for (int label = 0; label < 3; label++) {
                        assertEquals(
                                largest[label] ? 1 : 0,
                                of(new SparseCategoricalAccuracy(), y, row, new float[] {label}, Shape.of(1)),
                                Arrays.toString(y) + ", " + label);
                    }
                }
            }
        }
    }

    /// Equal outputs all count as long as fewer than k are larger; NaN is none.
    @Test
    void classMayBeAmongTheLargestOutputs() {
        final float[] labels = {3, 1, 3, 0};
        final double[] expected = {0.25, 0.75, 0.75, 0.75};
        final float[] oneHot = new float[16];
        for (int r = 0; r < 4; r++) {
            oneHot[4 * r + (int) labels[r]] = 1;
        }
        for (int k = 1; k <= 4; k++) {
            assertEquals(
                    expected[k - 1],
                    of(new SparseTopKCategoricalAccuracy(k), SCORES, ROWS, labels, Shape.of(4)),
                    "k=" + k);
            assertEquals(expected[k - 1], of(new TopKCategoricalAccuracy(k), SCORES, ROWS, oneHot, ROWS), "k=" + k);
        }
        assertEquals(5, new TopKCategoricalAccuracy().k());
        assertEquals(5, new SparseTopKCategoricalAccuracy().k());
    }

    /// What Keras' history has as an array has a figure for each of its numbers here.
    @Test
    void numbersOfAMetricAreFiguresByTheirPlaces() {
        final Metric precision = Metric.of("precision", Map.of("thresholds", List.of(0.0, 1.0)));
        final Metric score = Metric.of("f1_score", Map.of("name", "f"));
        final Metric recall = Metric.of("recall", Map.of("thresholds", List.of(0.4)));
        final float[] x = {0, 1, 2, 3};
        final float[] t = {1, 0, 0, 1, 1, 0, 0, 1};
        final Dataset data = Dataset.of(x, Shape.of(1), t, Shape.of(2));
        try (Model model = Model.create(
                        Sequential.input(1)
                                .add(new Dense(2, Activations.SIGMOID))
                                .build(),
                        3);
                Trainer trainer = Trainer.of(
                        model, new SGD(), new BinaryCrossentropy(), precision, Metric.ACCURACY, score, recall)) {
            final History history = trainer.fit(data, Fit.epochs(2).validation(data));
            final List<String> names = List.of("precision[0]", "precision[1]", "accuracy", "f[0]", "f[1]", "recall");
            for (String name : names) {
                assertEquals(2, history.get(name).size(), name);
                assertEquals(trainer.evaluate(data, 2).get(name), history.last("val_" + name), name);
            }
            assertEquals(2 * (names.size() + 1), history.values().size());
            assertEquals(0.5, history.last("precision[0]"), "all outputs are above the first threshold");
            assertEquals(0, history.last("precision[1]"), "none is above the second");
        }
    }

    @Test
    void accuracyIsResolvedByShapes() {
        final float[] p = {0.6f, 0.4f, 0.2f, 0.8f, 0.3f, 0.7f};
        assertEquals(2 / 3.0, of(Metric.ACCURACY, p, Shape.of(3, 2), new float[] {0, 1, 0}, Shape.of(3)));
        assertEquals(2 / 3.0, of(Metric.ACCURACY, p, Shape.of(3, 2), new float[] {0, 1, 0}, Shape.of(3, 1)));
        assertEquals(2 / 3.0, of(Metric.ACCURACY, p, Shape.of(3, 2), new float[] {1, 0, 0, 1, 1, 0}, Shape.of(3, 2)));
        final float[] binary = {0.6f, 0.5f, 0.2f, 0.8f};
        assertEquals(0.75, of(Metric.ACCURACY, binary, Shape.of(4, 1), new float[] {1, 1, 0, 1}, Shape.of(4, 1)));
        assertThrows(IllegalArgumentException.class, () -> Metric.ACCURACY.accumulator(Shape.of(3, 2), Shape.of(3, 5)));
    }
}
