package dev.lanewise.data;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class DatasetTest {
    private static final float GUARD = -77;
    private static final float[][] ROWS = {{0, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}};
    private static final float[] FLAT = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    private static final int[] LABELS = {4, 3, 2, 1, 0};

    /// What is gathered, which is the same with the plain kernel and the vectorized one as without any.
    private static float[] input(Dataset dataset, int input, int... order) {
        int size = order.length * (int) dataset.inputShapes().get(input).size();
        float[] values = gathered(size, (dst, offset) -> {
            dataset.gatherInput(input, padded(order), 2, order.length, dst, offset);
        });
        for (Kernels kernels : List.of(Kernels.scalar(), Kernels.best())) {
            float[] same = gathered(
                    size,
                    (dst, offset) -> dataset.gatherInput(
                            input, padded(order), 2, order.length, dst, offset, kernels.elementwise()));
            assertArrayEquals(values, same);
        }
        return values;
    }

    private static float[] targets(Dataset dataset, int... order) {
        return gathered(order.length * (int) dataset.targetShape().size(), (dst, offset) -> {
            dataset.gatherTargets(padded(order), 2, order.length, dst, offset);
        });
    }

    private static float[] weights(Dataset dataset, int... order) {
        return gathered(order.length, (dst, offset) -> {
            dataset.gatherWeights(padded(order), 2, order.length, dst, offset);
        });
    }

    /// The order with numbers around it that must not be looked at.
    private static int[] padded(int... order) {
        int[] padded = new int[order.length + 4];
        Arrays.fill(padded, 1 << 30);
        System.arraycopy(order, 0, padded, 2, order.length);
        return padded;
    }

    private interface Writer {
        void write(MemorySegment dst, long offset);
    }

    /// What was written into native memory, whose surroundings must stay as they were.
    private static float[] gathered(int floats, Writer writer) {
        try (var arena = Arena.ofConfined()) {
            MemorySegment dst = arena.allocate(JAVA_FLOAT, floats + 6);
            for (int i = 0; i < floats + 6; i++) {
                dst.setAtIndex(JAVA_FLOAT, i, GUARD);
            }
            writer.write(dst, 3);
            for (int i = 0; i < 3; i++) {
                assertEquals(GUARD, dst.getAtIndex(JAVA_FLOAT, i));
                assertEquals(GUARD, dst.getAtIndex(JAVA_FLOAT, floats + 3 + i));
            }
            return dst.asSlice(12, floats * 4L).toArray(JAVA_FLOAT);
        }
    }

    private static void refused(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
    }

    @Test
    void rowsWithLabels() {
        var dataset = Dataset.of(ROWS, LABELS);
        assertEquals(5, dataset.size());
        assertEquals(List.of(Shape.of(2)), dataset.inputShapes());
        assertEquals(Shape.of(), dataset.targetShape());
        assertTrue(dataset.hasTargets());
        assertFalse(dataset.hasWeights());
        assertArrayEquals(new float[] {8, 9, 0, 1, 8, 9}, input(dataset, 0, 4, 0, 4));
        assertArrayEquals(new float[] {0, 4, 0}, targets(dataset, 4, 0, 4));
        assertEquals("Dataset of 5 samples, inputs [[2]], targets []", dataset.toString());
    }

    @Test
    void rowsWithTargetRows() {
        var dataset = Dataset.of(ROWS, new float[][] {{1}, {2}, {3}, {4}, {5}});
        assertEquals(Shape.of(1), dataset.targetShape());
        assertArrayEquals(new float[] {2, 5}, targets(dataset, 1, 4));
    }

    @Test
    void flatArrays() {
        var dataset = Dataset.of(FLAT, Shape.of(1, 2), LABELS);
        assertEquals(List.of(Shape.of(1, 2)), dataset.inputShapes());
        assertArrayEquals(new float[] {6, 7, 2, 3}, input(dataset, 0, 3, 1));
        var regression = Dataset.of(FLAT, Shape.of(2), FLAT, Shape.of(2));
        assertArrayEquals(new float[] {8, 9}, targets(regression, 4));
    }

    @Test
    void segments() {
        try (var arena = Arena.ofConfined()) {
            var x = arena.allocateFrom(JAVA_FLOAT, FLAT);
            var y = arena.allocateFrom(JAVA_FLOAT, 5, 6, 7, 8, 9);
            var dataset = Dataset.of(x, Shape.of(2), 5, y, Shape.of());
            assertArrayEquals(new float[] {6, 7, 2, 3}, input(dataset, 0, 3, 1));
            assertArrayEquals(new float[] {8, 6}, targets(dataset, 3, 1));
            assertArrayEquals(new float[] {2, 3}, input(Dataset.of(MemorySegment.ofArray(FLAT), Shape.of(2), 5), 0, 1));
        }
    }

    @Test
    void closedSegmentIsThePlatformsError() {
        Dataset dataset;
        try (var arena = Arena.ofConfined()) {
            dataset = Dataset.of(arena.allocateFrom(JAVA_FLOAT, FLAT), Shape.of(2), 5);
        }
        assertThrows(IllegalStateException.class, () -> input(dataset, 0, 1));
    }

    @Test
    void withoutTargets() {
        for (var dataset : List.of(
                Dataset.of(ROWS),
                Dataset.of(FLAT, Shape.of(2)),
                Dataset.images(MemorySegment.ofArray(new byte[10]), Shape.of(2), 1))) {
            assertEquals(5, dataset.size());
            assertFalse(dataset.hasTargets());
            assertThrows(IllegalStateException.class, dataset::targetShape);
            assertThrows(IllegalStateException.class, () -> targets(dataset, 0));
            assertThrows(IllegalStateException.class, () -> weights(dataset, 0));
        }
    }

    @Test
    void everyByteIsTimesScaleToTheBit() {
        byte[] bytes = new byte[256];
        for (int i = 0; i < 256; i++) {
            bytes[i] = (byte) i;
        }
        for (float scale : new float[] {1 / 255f, 1, 0.3f}) {
            var dataset = Dataset.images(bytes, Shape.of(256), scale, new int[] {7});
            float[] values = input(dataset, 0, 0);
            for (int i = 0; i < 256; i++) {
                assertEquals(i * scale, values[i]);
            }
        }
    }

    @Test
    void imagesOfAnySizeFromAnySegment() {
        var random = new Random(1);
        for (int size : new int[] {1, 3, 784, 2047, 2048, 2049, 4097}) {
            byte[] bytes = new byte[3 * size];
            random.nextBytes(bytes);
            try (var arena = Arena.ofConfined()) {
                var nativeBytes = arena.allocate(bytes.length);
                nativeBytes.copyFrom(MemorySegment.ofArray(bytes));
                var expected = new float[2 * size];
                for (int i = 0; i < size; i++) {
                    expected[i] = (bytes[2 * size + i] & 0xff) * 0.5f;
                    expected[size + i] = (bytes[size + i] & 0xff) * 0.5f;
                }
                int[] labels = {1, 2, 3};
                assertArrayEquals(expected, input(Dataset.images(bytes, Shape.of(size), 0.5f, labels), 0, 2, 1));
                assertArrayEquals(expected, input(Dataset.images(nativeBytes, Shape.of(size), 0.5f, labels), 0, 2, 1));
            }
        }
    }

    @Test
    void sourceBytesStayAsTheyWere() {
        byte[] bytes = {1, -2, 3, -4};
        input(Dataset.images(bytes, Shape.of(2), 1, new int[] {0, 1}), 0, 0, 1);
        assertArrayEquals(new byte[] {1, -2, 3, -4}, bytes);
    }

    @Test
    void manyInputs() {
        byte[] pixels = {10, 20, 30, 40, 50};
        var dataset = Dataset.of(List.of(Dataset.of(ROWS), Dataset.images(pixels, Shape.of(1), 1, LABELS)));
        assertEquals(List.of(Shape.of(2), Shape.of(1)), dataset.inputShapes());
        assertArrayEquals(new float[] {4, 5}, input(dataset, 0, 2));
        assertArrayEquals(new float[] {30}, input(dataset, 1, 2));
        assertArrayEquals(new float[] {2}, targets(dataset, 2));
    }

    @Test
    void partsMustFitTogether() {
        refused("Dataset: no parts to join", () -> Dataset.of(List.of()));
        refused(
                "Dataset: two of the parts to join have targets, expected one",
                () -> Dataset.of(List.of(Dataset.of(ROWS, LABELS), Dataset.of(ROWS, LABELS))));
        refused(
                "Dataset: input 1 has 4 samples, input 0 has 5",
                () -> Dataset.of(List.of(Dataset.of(ROWS), Dataset.of(ROWS).take(4))));
    }

    @Test
    void weightsPerSample() {
        var dataset = Dataset.of(ROWS, LABELS).slice(1, 4).withWeights(new float[] {0.5f, 1, 2});
        assertTrue(dataset.hasWeights());
        assertArrayEquals(new float[] {2, 0.5f}, weights(dataset, 2, 0));
        assertArrayEquals(new float[] {1, 2}, weights(dataset.slice(1, 3), 0, 1));
        assertArrayEquals(new float[] {4, 5}, input(dataset.slice(1, 3), 0, 0));
        refused("Dataset: weights has 2 samples, x has 3", () -> dataset.withWeights(new float[2]));
    }

    @Test
    void slicesReadTheSameMemory() {
        float[] x = FLAT.clone();
        var slice = Dataset.of(x, Shape.of(2), LABELS).slice(1, 5).slice(1, 3);
        assertEquals(2, slice.size());
        assertArrayEquals(new float[] {6, 7, 4, 5}, input(slice, 0, 1, 0));
        assertArrayEquals(new float[] {1, 2}, targets(slice, 1, 0));
        x[4] = 44;
        assertArrayEquals(new float[] {44, 5}, input(slice, 0, 0));
    }

    @Test
    void sliceNeedsASample() {
        var dataset = Dataset.of(ROWS);
        for (int[] range : new int[][] {{0, 0}, {-1, 2}, {3, 2}, {0, 6}}) {
            refused(
                    "Dataset: samples " + range[0] + " to " + range[1]
                            + " of 5 are not a slice with at least one sample",
                    () -> dataset.slice(range[0], range[1]));
        }
        refused("Dataset: samples 0 to 6 of 5 are not a slice with at least one sample", () -> dataset.take(6));
        assertEquals(5, dataset.take(5).size());
    }

    @Test
    void splitTakesTheLastFractionAsKerasDoes() {
        // floor(n * (1.0 - f)) in doubles: 1.0 - 0.9 is a little less than 0.1, so 1 sample of 10 becomes 0
        int[][] cases = {{10, 20, 8}, {10, 25, 7}, {60000, 10, 54000}, {1000, 33, 669}, {100, 90, 9}, {3, 50, 1}};
        for (int[] c : cases) {
            var split = Dataset.of(new float[c[0]], Shape.of(1)).split(c[1] / 100.0);
            assertEquals(c[2], split.train().size(), c[0] + " samples, " + c[1] + " %");
            assertEquals(c[0] - c[2], split.validation().size());
        }
        var split = Dataset.of(ROWS, LABELS).split(0.4);
        assertArrayEquals(new float[] {6, 7, 8, 9}, input(split.validation(), 0, 0, 1));
        assertArrayEquals(new float[] {0, 1}, input(split.train(), 0, 0));
    }

    @Test
    void splitNeedsTwoParts() {
        for (double fraction : new double[] {0, 1, -0.5, 2, 0.9, Double.NaN}) {
            refused(
                    "Dataset: the last " + fraction
                            + " of 5 samples cannot be split off, both parts need at least one sample",
                    () -> Dataset.of(ROWS).split(fraction));
        }
    }

    @Test
    void reshapeKeepsTheValues() {
        var dataset = Dataset.of(FLAT, Shape.of(2), LABELS).slice(1, 3);
        var reshaped = dataset.reshapeInput(0, Shape.of(2, 1));
        assertEquals(List.of(Shape.of(2, 1)), reshaped.inputShapes());
        assertArrayEquals(new float[] {4, 5}, input(reshaped, 0, 1));
        assertArrayEquals(new float[] {4, 5}, input(reshaped.slice(1, 2), 0, 0));
        assertEquals(List.of(Shape.of(2, 1)), reshaped.slice(1, 2).inputShapes());
        refused(
                "Dataset: input 0 has shape [2] (2 values), which cannot become [3] (3)",
                () -> dataset.reshapeInput(0, Shape.of(3)));
        refused("Dataset has 1 inputs, input 1 was asked for", () -> dataset.reshapeInput(1, Shape.of(3)));
    }

    @Test
    void emptyDataIsRefused() {
        refused("Dataset: x has no samples", () -> Dataset.of(new float[0][], new int[0]));
        refused("Dataset: x has no samples", () -> Dataset.of(new float[0], Shape.of(2), new int[0]));
        refused("Dataset: x has no samples", () -> Dataset.images(new byte[0], Shape.of(2), 1, new int[0]));
        refused("Dataset: x has no samples", () -> Dataset.of(MemorySegment.NULL, Shape.of(2), 0));
        refused("Dataset: y has no samples", () -> Dataset.of(ROWS, new int[0]));
        refused(
                "Dataset: a sample of x has shape [0] and so 0 values, expected 1 to 2147483647",
                () -> Dataset.of(new float[3][0]));
    }

    @Test
    void raggedAndNullRowsAreRefused() {
        refused(
                "Dataset: row 1 of x has 3 values, expected 2 as in row 0",
                () -> Dataset.of(new float[][] {{0, 1}, {2, 3, 4}}, new int[2]));
        refused("Dataset: row 1 of y is null", () -> Dataset.of(ROWS, new float[][] {{1}, null, {1}, {1}, {1}}));
        refused("Dataset: row 0 of x is null", () -> Dataset.of(new float[][] {null, {1}}));
    }

    @Test
    void countsMustMatch() {
        refused("Dataset: y has 4 samples, x has 5", () -> Dataset.of(ROWS, new int[4]));
        refused("Dataset: y has 4 samples, x has 5", () -> Dataset.of(ROWS, new float[4][1]));
        refused(
                "Dataset: x has 10 values, which is not a multiple of the 3 of a sample of shape [3]",
                () -> Dataset.of(FLAT, Shape.of(3), LABELS));
        refused(
                "Dataset: the segment of x has 40 bytes, expected 8 floats for 4 samples of shape [2]",
                () -> Dataset.of(MemorySegment.ofArray(FLAT), Shape.of(2), 4));
        refused(
                "Dataset: the shape of a sample of x is [None], expected known dimensions",
                () -> Dataset.of(FLAT, Shape.of(Shape.UNKNOWN)));
        refused(
                "Dataset: the scale of x is NaN, expected a finite number",
                () -> Dataset.images(new byte[2], Shape.of(2), Float.NaN, new int[1]));
    }

    @Test
    void labelsBeyondExactFloatsAreRefused() {
        refused(
                "Dataset: label 1 is 16777217, beyond 16777216, where whole numbers stop being exact in float32",
                () -> Dataset.of(new float[2][1], new int[] {1 << 24, (1 << 24) + 1}));
    }

    @Test
    void gatherChecksBeforeItWrites() {
        var dataset = Dataset.of(ROWS, LABELS).slice(1, 4);
        var dst = MemorySegment.ofArray(new float[4]);
        refused(
                "Dataset has 3 samples, sample 3 was asked for",
                () -> dataset.gatherInput(0, new int[] {0, 3}, 0, 2, dst, 0));
        refused(
                "Dataset has 3 samples, sample -1 was asked for",
                () -> dataset.gatherInput(0, new int[] {-1}, 0, 1, dst, 0));
        refused(
                "Dataset: 2 samples of shape [2] at float 1 do not fit into 4 floats",
                () -> dataset.gatherInput(0, new int[] {0, 1}, 0, 2, dst, 1));
        refused(
                "Dataset: 1 samples of shape [2] at float -1 do not fit into 4 floats",
                () -> dataset.gatherInput(0, new int[] {0, 1}, 0, 1, dst, -1));
        refused(
                "Dataset has 1 inputs, input 1 was asked for",
                () -> dataset.gatherInput(1, new int[] {0}, 0, 1, dst, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> dataset.gatherInput(0, new int[] {0}, 0, 2, dst, 0));
        assertArrayEquals(new float[4], dst.toArray(JAVA_FLOAT));
    }

    @Test
    void checkCountsAndNamesTheFirst() {
        var x = new float[40 * 10];
        x[17 * 10 + 5] = Float.NaN;
        x[17 * 10 + 6] = Float.NEGATIVE_INFINITY;
        var y = new float[40];
        y[3] = Float.POSITIVE_INFINITY;
        var dataset = Dataset.of(x, Shape.of(2, 5), y, Shape.of());
        String message = "dataset: 3 values are NaN or infinite, first in sample 17, element 5 (input 0)";
        refused(message, dataset::check);
        refused(message, dataset::check);
        refused("dataset: 1 value is NaN or infinite, first in sample 3, element 0 (targets)", dataset.take(17)::check);
        dataset.slice(18, 40).check();
    }

    @Test
    void checkLooksAtAllBlocks() {
        var x = new float[5 * 30_000];
        x[x.length - 1] = Float.NaN;
        refused(
                "dataset: 1 value is NaN or infinite, first in sample 4, element 29999 (input 0)",
                Dataset.of(x, Shape.of(30_000))::check);
        var weighted = Dataset.of(ROWS, LABELS).withWeights(new float[] {1, 1, Float.NaN, 1, 1});
        refused("dataset: 1 value is NaN or infinite, first in sample 2, element 0 (weights)", weighted::check);
    }

    @Test
    void checkRemembers() {
        float[][] rows = {{1}, {2}};
        var dataset = Dataset.of(rows);
        dataset.check();
        rows[0][0] = Float.NaN;
        dataset.check();
    }

    /// Squares of the sample's number, computed when asked for.
    private static final class Squares implements Dataset {
        @Override
        public int size() {
            return 10;
        }

        @Override
        public List<Shape> inputShapes() {
            return List.of(Shape.of(1));
        }

        @Override
        public boolean hasTargets() {
            return true;
        }

        @Override
        public Shape targetShape() {
            return Shape.of();
        }

        @Override
        public boolean hasWeights() {
            return false;
        }

        @Override
        public void gatherInput(int input, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
            for (int i = 0; i < count; i++) {
                dst.setAtIndex(JAVA_FLOAT, dstOffset + i, order[from + i]);
            }
        }

        @Override
        public void gatherTargets(int[] order, int from, int count, MemorySegment dst, long dstOffset) {
            for (int i = 0; i < count; i++) {
                dst.setAtIndex(JAVA_FLOAT, dstOffset + i, order[from + i] * order[from + i]);
            }
        }

        @Override
        public void gatherWeights(int[] order, int from, int count, MemorySegment dst, long dstOffset) {
            throw new IllegalStateException("Squares have no weights");
        }
    }

    @Test
    void viewsOfAUsersImplementation() {
        Dataset squares = new Squares();
        squares.check();
        var split = squares.split(0.3);
        assertArrayEquals(new float[] {9, 7}, input(split.validation(), 0, 2, 0));
        assertArrayEquals(new float[] {81, 49}, targets(split.validation(), 2, 0));
        assertArrayEquals(new float[] {36}, targets(split.train(), 6));
        assertArrayEquals(
                new float[] {3}, weights(squares.withWeights(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}), 2));
        assertEquals(
                List.of(Shape.of(1, 1)),
                squares.reshapeInput(0, Shape.of(1, 1)).take(2).inputShapes());
        refused("Dataset has 3 samples, sample 3 was asked for", () -> input(split.validation(), 0, 3));
    }

    @Test
    void gatheringAllocatesNothing() {
        byte[] bytes = new byte[50 * 784];
        int[] labels = new int[50];
        int[] order = new int[50];
        var kernel = Kernels.best().elementwise();
        try (var arena = Arena.ofConfined()) {
            var dst = arena.allocate(JAVA_FLOAT, 50 * 784);
            for (var dataset : List.of(
                    Dataset.images(bytes, Shape.of(784), 1, labels),
                    Dataset.of(new float[50][784], labels),
                    Dataset.of(new float[60][784], new int[60]).slice(10, 60),
                    Dataset.of(new float[50 * 784], Shape.of(784), labels).withWeights(new float[50]),
                    Dataset.of(dst, Shape.of(784), 50, dst.asSlice(0, 200), Shape.of()))) {
                var out = arena.allocate(JAVA_FLOAT, 50 * 784);
                long least = Allocated.least(() -> {
                    for (int i = 0; i < 20; i++) {
                        dataset.gatherInput(0, order, 0, 50, out, 0);
                        dataset.gatherInput(0, order, 0, 50, out, 0, kernel);
                        dataset.gatherTargets(order, 0, 50, out, 0);
                    }
                });
                assertEquals(0, least, dataset.toString());
            }
        }
    }

    @Test
    void manyThreadsReadTheSame() throws InterruptedException, ExecutionException {
        byte[] bytes = new byte[100 * 300];
        new Random(2).nextBytes(bytes);
        var dataset = Dataset.images(bytes, Shape.of(300), 1 / 255f, new int[100]);
        int[] order = new int[100];
        Arrays.setAll(order, i -> 99 - i);
        float[] expected = input(dataset, 0, order);
        try (var pool = Executors.newFixedThreadPool(4)) {
            var results = new ArrayList<Future<?>>();
            for (int t = 0; t < 4; t++) {
                results.add(pool.submit(() -> {
                    for (int i = 0; i < 50; i++) {
                        assertArrayEquals(expected, input(dataset, 0, order));
                    }
                }));
            }
            for (var result : results) {
                result.get();
            }
        }
    }

    @Test
    void bytesTakeAnotherScale() {
        Dataset images = Dataset.images(new byte[] {0, 1, 2, -1}, Shape.of(2), 0.5f, new int[] {3, 4});
        Dataset raw = images.slice(1, 2).reshapeInput(0, Shape.of(2, 1)).withByteScale(1);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(JAVA_FLOAT, 2);
            raw.gatherInput(0, new int[] {0}, 0, 1, values, 0);
            assertArrayEquals(new float[] {2, 255}, values.toArray(JAVA_FLOAT));
            images.gatherInput(0, new int[] {1}, 0, 1, values, 0);
            assertArrayEquals(new float[] {1, 127.5f}, values.toArray(JAVA_FLOAT));
            Dataset.of(new float[][] {{7, 8}}).withByteScale(9).gatherInput(0, new int[] {0}, 0, 1, values, 0);
            assertArrayEquals(new float[] {7, 8}, values.toArray(JAVA_FLOAT));
        }
        assertEquals(List.of(Shape.of(2, 1)), raw.inputShapes());
        assertThrows(IllegalArgumentException.class, () -> images.withByteScale(Float.NaN));
    }
}
