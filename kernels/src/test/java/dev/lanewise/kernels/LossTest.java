package dev.lanewise.kernels;

import static dev.lanewise.kernels.Tested.sameBits;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The contract of [LossKernel] for the implementation and width of this run.
class LossTest {
    private static final float SCALE = 0.125f;
    private static final float CLIP_MIN = 1e-7f;
    private static final float CLIP_MAX = (float) (1 - 1e-7);
    private static final List<Integer> ROWS = List.of(0, 1, 3, 18);
    private static final List<Integer> COLS =
            List.of(1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 31, 33, 63, 64, 65, 100, 131);

    @BeforeAll
    static void sayWhatRuns() {
        Tested.print(LossTest.class, Tested.KERNELS.loss());
    }

    /// The operands of a call: z (or p, or y), what it should be, weights, p, loss, gradient. A null one is
    /// left out.
    interface Loss {
        void of(
                LossKernel kernel,
                Operand z,
                Operand t,
                Operand w,
                Operand p,
                Operand loss,
                Operand dz,
                int rows,
                int cols);
    }

    /// A loss of elements, with memory that it needs beside its operands.
    interface ElementLoss {
        void of(
                LossKernel kernel,
                Operand z,
                Operand t,
                Operand w,
                Operand p,
                Operand loss,
                Operand dz,
                MemorySegment scratch,
                int rows,
                int cols);
    }

    private static Loss withScratch(ElementLoss loss) {
        return (k, z, t, w, p, l, g, rows, cols) -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment scratch = arena.allocate(4L * rows * cols, 4);
                loss.of(k, z, t, w, p, l, g, scratch, rows, cols);
            }
        };
    }

    record Operand(MemorySegment s, long o) {
        static final Operand NONE = new Operand(null, 0);

        static Operand of(Guarded guarded) {
            return guarded == null ? NONE : new Operand(guarded.segment(), guarded.offset());
        }
    }

    /// The loss of a row and its gradient, in doubles and by other formulas than the kernels'.
    interface Formula {
        double[] of(double[] z, double[] t);
    }

    @SuppressWarnings("ImmutableEnumChecker") // lambdas without state
    enum Method {
        SOFTMAX_SPARSE(
                true,
                (k, z, t, w, p, l, g, rows, cols) -> k.softmaxCrossEntropySparse(
                        z.s, z.o, t.s, t.o, w.s, w.o, p.s, p.o, l.s, l.o, g.s, g.o, rows, cols, SCALE),
                LossTest::softmax),
        SOFTMAX(
                false,
                (k, z, t, w, p, l, g, rows, cols) -> k.softmaxCrossEntropy(
                        z.s, z.o, t.s, t.o, w.s, w.o, p.s, p.o, l.s, l.o, g.s, g.o, rows, cols, SCALE),
                LossTest::softmax),
        CATEGORICAL_SPARSE(
                true,
                (k, z, t, w, p, l, g, rows, cols) -> k.categoricalCrossEntropySparse(
                        z.s, z.o, t.s, t.o, w.s, w.o, l.s, l.o, g.s, g.o, rows, cols, SCALE),
                LossTest::categorical),
        CATEGORICAL(
                false,
                (k, z, t, w, p, l, g, rows, cols) ->
                        k.categoricalCrossEntropy(z.s, z.o, t.s, t.o, w.s, w.o, l.s, l.o, g.s, g.o, rows, cols, SCALE),
                LossTest::categorical),
        SQUARED(
                false,
                (k, z, t, w, p, l, g, rows, cols) ->
                        k.meanSquaredError(z.s, z.o, t.s, t.o, w.s, w.o, l.s, l.o, g.s, g.o, rows, cols, SCALE),
                (z, t) -> {
                    double[] result = new double[z.length + 1];
                    for (int c = 0; c < z.length; c++) {
                        result[0] += (z[c] - t[c]) * (z[c] - t[c]) / z.length;
                        result[c + 1] = 2 * (z[c] - t[c]) / z.length;
                    }
                    return result;
                }),
        ABSOLUTE(
                false,
                (k, z, t, w, p, l, g, rows, cols) ->
                        k.meanAbsoluteError(z.s, z.o, t.s, t.o, w.s, w.o, l.s, l.o, g.s, g.o, rows, cols, SCALE),
                (z, t) -> {
                    double[] result = new double[z.length + 1];
                    for (int c = 0; c < z.length; c++) {
                        result[0] += Math.abs(z[c] - t[c]) / z.length;
                        result[c + 1] = Math.signum(z[c] - t[c]) / z.length;
                    }
                    return result;
                }),
        SIGMOID(
                false,
                withScratch((k, z, t, w, p, l, g, s, rows, cols) -> k.sigmoidCrossEntropy(
                        z.s, z.o, t.s, t.o, w.s, w.o, p.s, p.o, l.s, l.o, g.s, g.o, s, 0, rows, cols, SCALE)),
                (z, t) -> means(z, t, (y, u) -> {
                    double p = 1 / (1 + Math.exp(-y));
                    return new double[] {-u * Math.log(p) - (1 - u) * Math.log(1 - p), p - u};
                })),
        BINARY(
                false,
                withScratch((k, z, t, w, p, l, g, s, rows, cols) -> k.binaryCrossEntropy(
                        z.s, z.o, t.s, t.o, w.s, w.o, l.s, l.o, g.s, g.o, s, 0, rows, cols, SCALE)),
                (z, t) -> means(z, t, (y, u) -> {
                    double p = Math.clamp(y, CLIP_MIN, CLIP_MAX);
                    double slope = (1 - u) / (1 - p) - u / p;
                    return new double[] {-u * Math.log(p) - (1 - u) * Math.log(1 - p), y == p ? slope : 0};
                })),
        HUBER(
                false,
                withScratch((k, z, t, w, p, l, g, s, rows, cols) ->
                        k.huber(z.s, z.o, t.s, t.o, w.s, w.o, l.s, l.o, g.s, g.o, s, 0, rows, cols, 1.5f, SCALE)),
                (z, t) -> means(z, t, (y, u) -> {
                    double d = Math.abs(y - u);
                    double value = d <= 1.5 ? d * d / 2 : 1.5 * (d - 0.75);
                    return new double[] {value, Math.signum(y - u) * Math.min(d, 1.5)};
                })),
        LOG_COSH(
                false,
                withScratch((k, z, t, w, p, l, g, s, rows, cols) ->
                        k.logCosh(z.s, z.o, t.s, t.o, w.s, w.o, l.s, l.o, g.s, g.o, s, 0, rows, cols, SCALE)),
                (z, t) -> means(z, t, (y, u) -> new double[] {Math.log(Math.cosh(y - u)), Math.tanh(y - u)}));

        /// Value and derivative of an element.
        interface Element {
            double[] of(double y, double t);
        }

        private static double[] means(double[] z, double[] t, Element element) {
            double[] result = new double[z.length + 1];
            for (int c = 0; c < z.length; c++) {
                double[] one = element.of(z[c], t[c]);
                result[0] += one[0] / z.length;
                result[c + 1] = one[1] / z.length;
            }
            return result;
        }

        private final boolean sparse;
        private final Loss loss;
        private final Formula formula;

        Method(boolean sparse, Loss loss, Formula formula) {
            this.sparse = sparse;
            this.loss = loss;
            this.formula = formula;
        }

        boolean ofLogits() {
            return this == SOFTMAX || this == SOFTMAX_SPARSE || this == SIGMOID;
        }

        boolean ofProbabilities() {
            return this == CATEGORICAL || this == CATEGORICAL_SPARSE || this == BINARY;
        }

        float[] inputs(Data data, int rows, int cols) {
            float[] z = data.values(1, rows * cols);
            for (int i = 0; ofProbabilities() && i < z.length; i++) {
                z[i] = Math.abs(z[i]);
                // The others are divided by their sums.
                z[i] = this == BINARY ? 0.2f * z[i] : z[i];
            }
            return z;
        }

        float[] targets(int rows, int cols) {
            SplittableRandom random = new SplittableRandom(7);
            float[] t = new float[sparse ? rows : rows * cols];
            for (int i = 0; i < t.length; i++) {
                // Some are 0, as they often are.
                float value = Math.max(0, (float) random.nextDouble(-0.5, 1));
                t[i] = sparse ? random.nextInt(cols) : value;
            }
            return t;
        }
    }

    private static double[] softmax(double[] z, double... t) {
        double max = Arrays.stream(z).max().orElseThrow();
        double sum = Arrays.stream(z).map(v -> Math.exp(v - max)).sum();
        double total = Arrays.stream(t).sum();
        double[] result = new double[z.length + 1];
        for (int c = 0; c < z.length; c++) {
            double p = Math.exp(z[c] - max) / sum;
            result[0] += t[c] == 0 ? 0 : t[c] * (Math.log(sum) + max - z[c]);
            result[c + 1] = total * p - t[c];
        }
        return result;
    }

    /// The gradient by the chain rule, through the clip and then the division by the sum.
    private static double[] categorical(double[] p, double... t) {
        double sum = Arrays.stream(p).sum();
        double[] result = new double[p.length + 1];
        for (int c = 0; c < p.length; c++) {
            double q = p[c] / sum;
            boolean clipped = q < CLIP_MIN || q > CLIP_MAX;
            result[0] -= t[c] * Math.log(Math.clamp(q, CLIP_MIN, CLIP_MAX));
            double dq = clipped ? 0 : -t[c] / q;
            for (int j = 0; j < p.length; j++) {
                result[j + 1] += dq * ((c == j ? 1 / sum : 0) - p[c] / (sum * sum));
            }
        }
        return result;
    }

    private static float[] weights(int rows) {
        float[] weights = new float[rows];
        for (int r = 0; r < rows; r++) {
            weights[r] = 0.25f * (r % 5);
        }
        return weights;
    }

    private static void assertSameBits(Method method, Data data, int rows, int cols, boolean weighted) {
        float[] z = method.inputs(data, rows, cols);
        float[] t = method.targets(rows, cols);
        float[] w = weights(rows);
        float[] wide = new float[rows * cols];
        float[] loss = new float[rows];
        String what = method + " " + data + " [" + rows + ", " + cols + "]";
        Tested.Call all = call(method, rows, cols, weighted, true, true);
        List<float[]> results = sameBits(what, 1, all, z, t, w, wide, loss, wide);
        for (boolean p : List.of(false, true)) {
            for (boolean gradient : List.of(false, true)) {
                Tested.Call some = call(method, rows, cols, weighted, p, gradient);
                List<float[]> part = sameBits(what, 2, some, z, t, w, wide, loss, wide);
                assertSame(results.get(4), part.get(4), what);
                if (p) {
                    assertSame(results.get(3), part.get(3), what);
                }
                if (gradient) {
                    assertSame(results.get(5), part.get(5), what);
                }
            }
        }
    }

    private static void assertSame(float[] expected, float[] actual, String what) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(Float.floatToIntBits(expected[i]), Float.floatToIntBits(actual[i]), what);
        }
    }

    private static Tested.Call call(Method method, int rows, int cols, boolean weighted, boolean p, boolean gradient) {
        return (k, o) -> method.loss.of(
                k.loss(),
                Operand.of(o[0]),
                Operand.of(o[1]),
                Operand.of(weighted ? o[2] : null),
                Operand.of(p ? o[3] : null),
                Operand.of(o[4]),
                Operand.of(gradient ? o[5] : null),
                rows,
                cols);
    }

    @ParameterizedTest
    @EnumSource
    void sameBitsAsTheDefinitionWhateverIsAskedFor(Method method) {
        for (Data data : Data.values()) {
            for (int rows : ROWS) {
                for (int cols : COLS) {
                    assertSameBits(method, data, rows, cols, false);
                    assertSameBits(method, data, rows, cols, true);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void rowsOfManyBlocksHaveTheSameBits(Method method) {
        assertSameBits(method, Data.RANDOM, 2000, 17, false);
        assertSameBits(method, Data.RANDOM, 2000, 17, true);
        assertSameBits(method, Data.RANDOM, 3, 17_001, true);
    }

    /// So many that they are worked on together, with some left; rows that are not finite among them.
    @Test
    void manyNarrowRowsHaveTheSameBits() {
        for (int cols = 2; cols <= 11; cols++) {
            for (int rows : List.of(15, 16, 23, 31, 700)) {
                assertSameBits(Method.SOFTMAX_SPARSE, Data.RANDOM, rows, cols, false);
                assertSameBits(Method.SOFTMAX_SPARSE, Data.RANDOM, rows, cols, true);
            }
            int rows = 40;
            float[] z = Data.RANDOM.values(cols, rows * cols);
            Arrays.fill(z, 0, cols, Float.NEGATIVE_INFINITY);
            Arrays.fill(z, cols, 2 * cols, -200);
            z[2 * cols - 1] = 0;
            z[3 * cols] = Float.NaN;
            z[5 * cols - 1] = Float.POSITIVE_INFINITY;
            z[6 * cols] = Float.NEGATIVE_INFINITY;
            float[] t = Method.SOFTMAX_SPARSE.targets(rows, cols);
            t[6] = 0;
            Tested.Call call = call(Method.SOFTMAX_SPARSE, rows, cols, true, true, true);
            List<float[]> results =
                    sameBits("cols=" + cols, 1, call, z, t, weights(rows), new float[z.length], new float[rows], z);
            assertEquals(Float.POSITIVE_INFINITY, results.get(4)[6]);
            Tested.Call some = call(Method.SOFTMAX_SPARSE, rows, cols, true, false, true);
            List<float[]> inPlace = sameBits(
                    "dz == z, cols=" + cols,
                    1,
                    (k, o) -> some.on(k, o[0], o[1], o[2], null, o[3], o[0]),
                    z,
                    t,
                    weights(rows),
                    new float[rows]);
            assertArrayEquals(results.get(5), inPlace.get(0));
            assertArrayEquals(results.get(4), inPlace.get(3));
        }
    }

    @ParameterizedTest
    @EnumSource
    void agreesWithDoubles(Method method) {
        int rows = 5;
        float[] w = weights(rows);
        for (int cols : COLS) {
            float[] z = method.inputs(Data.RANDOM, rows, cols);
            float[] t = method.targets(rows, cols);
            float[] wide = new float[rows * cols];
            Tested.Call call = call(method, rows, cols, true, true, true);
            List<float[]> results = sameBits("", 1, call, z, t, w, wide, new float[rows], wide);
            for (int r = 0; r < rows; r++) {
                double[] dense = new double[cols];
                double[] row = new double[cols];
                for (int c = 0; c < cols; c++) {
                    row[c] = z[r * cols + c];
                    dense[c] = method.sparse ? (t[r] == c ? 1 : 0) : t[r * cols + c];
                }
                double[] expected = method.formula.of(row, dense);
                // Each term of a sum is right to a few units in the last place of the largest, up to 16; all
                // have one sign but for the gradient of probabilities, which is a difference of two such
                // terms.
                double total = Math.max(1, Arrays.stream(dense).sum());
                double largest = method.ofProbabilities() ? total / smallest(row) : 16 * total;
                assertEquals(w[r] * expected[0], results.get(4)[r], 16 * Math.ulp(16f) * total, method + " " + cols);
                for (int c = 0; c < cols; c++) {
                    double g = w[r] * SCALE * expected[c + 1];
                    assertEquals(g, results.get(5)[r * cols + c], 16 * Math.ulp((float) largest), method + " " + cols);
                }
            }
        }
    }

    private static double smallest(double... row) {
        return Arrays.stream(row).min().orElseThrow();
    }

    /// Otherwise those who look at one of them alone would see something else.
    @Test
    void softmaxOfTheLossIsTheActivation() {
        for (int cols : COLS) {
            float[] z = Data.RANDOM.values(1, 6 * cols);
            Tested.Call activation = (k, o) -> k.activation(Activations.SOFTMAX)
                    .forward(o[0].segment(), o[0].offset(), o[1].segment(), o[1].offset(), 6, cols);
            float[] expected = sameBits("", 1, activation, z, z).get(1);
            for (Method method : List.of(Method.SOFTMAX, Method.SOFTMAX_SPARSE)) {
                Tested.Call call = call(method, 6, cols, false, true, true);
                float[] t = method.targets(6, cols);
                float[] p = sameBits("", 1, call, z, t, new float[6], z, new float[6], z)
                        .get(3);
                assertArrayEquals(expected, p);
            }
        }
    }

    @Test
    void labelsGiveWhatTheirOneHotRowsGive() {
        for (int cols : COLS) {
            float[] z = Data.RANDOM.values(1, 6 * cols);
            float[] labels = Method.SOFTMAX_SPARSE.targets(6, cols);
            float[] oneHot = new float[6 * cols];
            for (int r = 0; r < 6; r++) {
                oneHot[r * cols + (int) labels[r]] = 1;
            }
            float[] w = weights(6);
            Tested.Call sparse = call(Method.SOFTMAX_SPARSE, 6, cols, true, true, true);
            Tested.Call dense = call(Method.SOFTMAX, 6, cols, true, true, true);
            List<float[]> a = sameBits("", 1, sparse, z, labels, w, z, new float[6], z);
            List<float[]> b = sameBits("", 1, dense, z, oneHot, w, z, new float[6], z);
            for (int i = 3; i < 6; i++) {
                assertArrayEquals(a.get(i), b.get(i), "operand " + i + " of " + cols);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void outputsMayBeTheInput(Method method) {
        for (int cols : COLS) {
            int rows = 5;
            float[] z = method.inputs(Data.RANDOM, rows, cols);
            float[] t = method.targets(rows, cols);
            float[] w = weights(rows);
            float[] loss = new float[rows];
            Tested.Call all = call(method, rows, cols, true, true, true);
            List<float[]> apart = sameBits("", 1, all, z, t, w, z, loss, z);
            Tested.Call some = call(method, rows, cols, true, false, true);
            Tested.Call asInput = (k, o) -> some.on(k, o[0], o[1], o[2], null, o[3], o[0]);
            List<float[]> result = sameBits("dz == z", 1, asInput, z, t, w, loss);
            assertArrayEquals(apart.get(5), result.get(0));
            assertArrayEquals(apart.get(4), result.get(3));
            if (method.ofLogits()) {
                Tested.Call pAsInput = (k, o) -> all.on(k, o[0], o[1], o[2], o[0], o[3], o[4]);
                result = sameBits("p == z", 1, pAsInput, z, t, w, loss, z);
                assertArrayEquals(apart.get(3), result.get(0));
                assertArrayEquals(apart.get(4), result.get(3));
                assertArrayEquals(apart.get(5), result.get(4));
                Tested.Call asP = (k, o) -> all.on(k, o[0], o[1], o[2], o[3], o[4], o[3]);
                result = sameBits("dz == p", 1, asP, z, t, w, z, loss);
                assertArrayEquals(apart.get(5), result.get(3));
                Tested.Call allOne = (k, o) -> all.on(k, o[0], o[1], o[2], o[0], o[3], o[0]);
                result = sameBits("dz == p == z", 1, allOne, z, t, w, loss);
                assertArrayEquals(apart.get(5), result.get(0));
                assertArrayEquals(apart.get(4), result.get(3));
            }
        }
    }

    @Test
    void rowsAreTheSameInAnyBatch() {
        for (Method method : Method.values()) {
            int cols = 10;
            float[] z = method.inputs(Data.RANDOM, 7, cols);
            float[] t = method.targets(7, cols);
            Tested.Call all = call(method, 7, cols, false, true, true);
            List<float[]> whole = sameBits("", 1, all, z, t, t, z, new float[7], z);
            for (int r = 0; r < 7; r++) {
                float[] row = Arrays.copyOfRange(z, r * cols, (r + 1) * cols);
                float[] target = method.sparse ? new float[] {t[r]} : Arrays.copyOfRange(t, r * cols, (r + 1) * cols);
                Tested.Call one = call(method, 1, cols, false, true, true);
                List<float[]> alone = sameBits("", 1, one, row, target, row, row, new float[1], row);
                assertEquals(whole.get(4)[r], alone.get(4)[0]);
                assertArrayEquals(Arrays.copyOfRange(whole.get(5), r * cols, (r + 1) * cols), alone.get(5));
            }
        }
    }

    /// exp(100) is beyond a float, and its part in the gradient below one.
    @Test
    void largeLogitsDoNotOverflow() {
        float[] z = {0, 100, -100};
        Tested.Call call = call(Method.SOFTMAX_SPARSE, 1, 3, false, true, true);
        List<float[]> results = sameBits("", 1, call, z, new float[] {0}, z, z, new float[1], z);
        assertEquals(100, results.get(4)[0]);
        assertArrayEquals(new float[] {-SCALE, SCALE, 0}, results.get(5), 1e-30f);
    }

    @Test
    void aCertainAndRightProbabilityIsClippedAndHasNoGradient() {
        float[] p = {0, 2, 0};
        for (Method method : List.of(Method.CATEGORICAL, Method.CATEGORICAL_SPARSE)) {
            float[] t = method.sparse ? new float[] {1} : new float[] {0, 1, 0};
            List<float[]> results = sameBits("", 1, call(method, 1, 3, false, true, true), p, t, p, p, new float[1], p);
            assertEquals(1.2e-7, results.get(4)[0], 1e-8);
            assertArrayEquals(new float[3], results.get(5));
            float[] wrong = method.sparse ? new float[] {2} : new float[] {0, 0, 1};
            results = sameBits("", 1, call(method, 1, 3, false, true, true), p, wrong, p, p, new float[1], p);
            assertEquals(-Math.log(1e-7), results.get(4)[0], 1e-5);
            assertArrayEquals(new float[3], results.get(5));
        }
    }

    @Test
    void labelsThatAreNoneAreRefused() {
        float[] z = new float[6];
        for (Method method : List.of(Method.SOFTMAX_SPARSE, Method.CATEGORICAL_SPARSE)) {
            for (float label : new float[] {-1, 3, 0.5f, Float.NaN, Float.POSITIVE_INFINITY, 1e20f}) {
                IllegalArgumentException e = assertThrows(
                        IllegalArgumentException.class,
                        () -> sameBits(
                                "",
                                1,
                                call(method, 2, 3, false, true, true),
                                z,
                                new float[] {0, label},
                                z,
                                z,
                                new float[2],
                                z));
                String expected = ": expected labels of 0 to 2, got " + label + " in row 1";
                assertTrue(e.getMessage().endsWith(expected), e.getMessage());
            }
        }
    }

    @Test
    void rowsWithoutColumnsAreRefused() {
        try (Arena arena = Arena.ofConfined()) {
            Operand z = new Operand(arena.allocate(64), 0);
            for (Method method : Method.values()) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> method.loss.of(Tested.KERNELS.loss(), z, z, z, z, z, z, 2, 0));
            }
        }
    }
}
