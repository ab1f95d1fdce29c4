package dev.lanewise.kernels;

import static dev.lanewise.kernels.Tested.OFFSETS;
import static dev.lanewise.kernels.Tested.SIZES;
import static dev.lanewise.kernels.Tested.sameBits;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The contract of [ActivationKernel] for every activation of [Activations], in the implementation and width of
/// this run.
class ActivationTest {
    private static final List<Integer> ROWS = List.of(1, 2, 5, 19);

    @BeforeAll
    static void sayWhatRuns() {
        for (Activation activation : all()) {
            Tested.print(ActivationTest.class, Tested.KERNELS.activation(activation));
        }
    }

    static List<Activation> all() {
        return ActivationFormula.all();
    }

    /// Whether an input may have so many columns.
    private static boolean takes(Activation activation, int cols) {
        return !activation.name().equals("glu") || cols % 2 == 0;
    }

    private static Tested.Call forward(Activation activation, int rows, int cols) {
        return (k, o) -> k.activation(activation)
                .forward(o[0].segment(), o[0].offset(), o[1].segment(), o[1].offset(), rows, cols);
    }

    /// Operands x, y, dy, dx; of x and y the one that is not needed is null.
    private static Tested.Call backward(Activation activation, int rows, int cols, boolean accumulate) {
        boolean x = activation.gradientFrom() == GradientFrom.INPUT;
        boolean y = activation.gradientFrom() == GradientFrom.OUTPUT;
        return (k, o) -> k.activation(activation)
                .backward(
                        x ? o[0].segment() : null,
                        o[0].offset(),
                        y ? o[1].segment() : null,
                        o[1].offset(),
                        o[2].segment(),
                        o[2].offset(),
                        o[3].segment(),
                        o[3].offset(),
                        rows,
                        cols,
                        accumulate);
    }

    private static void assertSameBits(Activation activation, Data data, int rows, int cols, int offset) {
        if (!takes(activation, cols)) {
            return;
        }
        int n = rows * cols;
        int outputs = rows * activation.outputCols(cols);
        String what = activation + " " + data + " [" + rows + ", " + cols + "] offset=" + offset;
        float[] x = data.values(1, n);
        float[] y = sameBits(what, offset, forward(activation, rows, cols), x, new float[outputs])
                .get(1);
        float[] dy = data.values(2, outputs);
        float[] dx = data.values(3, n);
        float[] written = sameBits(what, offset, backward(activation, rows, cols, false), x, y, dy, dx)
                .get(3);
        float[] added = sameBits(what, offset, backward(activation, rows, cols, true), x, y, dy, dx)
                .get(3);
        for (int i = 0; i < n; i++) {
            assertEquals(Float.floatToIntBits(dx[i] + written[i]), Float.floatToIntBits(added[i]), what);
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void sameBitsAsTheDefinition(Activation activation) {
        for (Data data : Data.values()) {
            for (int n : SIZES) {
                for (int offset : OFFSETS) {
                    assertSameBits(activation, data, 1, n, offset);
                }
                assertSameBits(activation, data, 0, n, 1);
            }
            for (int rows : ROWS) {
                for (int cols : List.of(0, 1, 2, 3, 4, 5, 8, 9, 10, 13, 16, 17, 33, 100)) {
                    assertSameBits(activation, data, rows, cols, 1);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void resultMayBeAnInput(Activation activation) {
        if (activation.outputCols(2) != 2) {
            return;
        }
        for (int rows : ROWS) {
            for (int cols : List.of(1, 3, 4, 7, 10, 16, 33)) {
                int n = rows * cols;
                float[] x = Data.RANDOM.values(1, n);
                float[] dy = Data.RANDOM.values(2, n);
                float[] y =
                        sameBits("", 1, forward(activation, rows, cols), x, x).get(1);
                if (activation.worksInPlace()) {
                    Tested.Call forward =
                            (k, o) -> forward(activation, rows, cols).on(k, o[0], o[0]);
                    assertArrayEquals(y, sameBits("y == x", 1, forward, x).get(0));
                }

                Tested.Call apart = backward(activation, rows, cols, false);
                float[] dx = sameBits("", 1, apart, x, y, dy, dy).get(3);
                Tested.Call asDy = (k, o) -> apart.on(k, o[0], o[1], o[2], o[2]);
                assertArrayEquals(dx, sameBits("dx == dy", 1, asDy, x, y, dy).get(2));
                if (!activation.worksInPlace()) {
                    continue;
                }
                int from = activation.gradientFrom() == GradientFrom.INPUT ? 0 : 1;
                Tested.Call asFrom = (k, o) -> apart.on(k, o[0], o[1], o[2], o[from]);
                assertArrayEquals(
                        dx, sameBits("dx == what is read", 1, asFrom, x, y, dy).get(from));
            }
        }
    }

    /// The outputs against the formula in double, and the gradient against its central differences, of a sum of
    /// the outputs with random factors.
    ///
    /// @param factor of the gradient before it is checked: 1, or a fault
    private static void checkGradient(Activation activation, float factor) {
        int rows = 3;
        int cols = 6;
        int n = rows * cols;
        int outputs = rows * activation.outputCols(cols);
        ActivationFormula formula = new ActivationFormula(activation);
        for (int seed = 1; seed <= 3; seed++) {
            float[] x = Data.RANDOM.values(seed, n);
            // Of rows with something above 0 Keras' sparsemax is nearly always constant, the gradient 0.
            for (int i = 0; i < n && activation.name().equals("sparsemax"); i++) {
                x[i] -= 2;
            }
            float[] dy = Data.RANDOM.values(100 + seed, outputs);
            float[] y = sameBits("", 1, forward(activation, rows, cols), x, new float[outputs])
                    .get(1);
            float[] dx = sameBits("", 1, backward(activation, rows, cols, false), x, y, dy, x)
                    .get(3);
            double[] exact = formula.values(doubles(x), rows, cols);
            for (int i = 0; i < outputs; i++) {
                assertEquals(exact[i], y[i], 4 * Math.ulp((float) Math.max(4, exact[i])), activation + " at " + i);
            }
            double h = 0x1p-20;
            for (int i = 0; i < n; i++) {
                double slope = (product(formula, shifted(x, i, h), rows, cols, dy)
                                - product(formula, shifted(x, i, -h), rows, cols, dy))
                        / (2 * h);
                // Roundings of the gradient and of a row's sums, of numbers below 8.
                assertEquals(
                        slope,
                        factor * dx[i],
                        16 * Math.ulp((float) Math.max(4, Math.abs(slope))),
                        activation + " at " + x[i]);
            }
        }
    }

    private static double[] doubles(float... x) {
        double[] result = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            result[i] = x[i];
        }
        return result;
    }

    private static double[] shifted(float[] x, int i, double by) {
        double[] result = doubles(x);
        result[i] += by;
        return result;
    }

    private static double product(ActivationFormula formula, double[] x, int rows, int cols, float... factors) {
        double[] y = formula.values(x, rows, cols);
        double sum = 0;
        for (int i = 0; i < y.length; i++) {
            sum += y[i] * factors[i];
        }
        return sum;
    }

    @ParameterizedTest
    @MethodSource("all")
    void gradientIsTheDerivative(Activation activation) {
        checkGradient(activation, 1);
        assertThrows(AssertionError.class, () -> checkGradient(activation, 1.001f), "a planted fault");
    }

    @ParameterizedTest
    @MethodSource("all")
    void operandNeededMustNotBeNull(Activation activation) {
        if (activation.gradientFrom() == GradientFrom.NOTHING) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment s = arena.allocate(64);
            ActivationKernel kernel = Tested.KERNELS.activation(activation);
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class, () -> kernel.backward(null, 0, null, 0, s, 0, s, 0, 1, 4, false));
            assertTrue(e.getMessage().startsWith(activation.name() + ": expected "), e.getMessage());
        }
    }

    @Test
    void reluKeepsNaN() {
        float[] x = {Float.NaN, -1, -0f, 0, 2, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
        float[] y = sameBits("", 1, forward(Activations.RELU, 1, 7), x, x).get(1);
        assertArrayEquals(new float[] {Float.NaN, 0, -0f, 0, 2, Float.POSITIVE_INFINITY, 0}, y);
    }

    private static float[] softmax(int[] steps, float... x) {
        float max = Float.NEGATIVE_INFINITY;
        for (float v : x) {
            max = Math.max(max, v);
        }
        float[] y = new float[x.length];
        for (int c = 0; c < x.length; c++) {
            y[c] = ScalarMath.exp(x[c] - max);
        }
        float sum = ReductionTest.sum(y, steps);
        for (int c = 0; c < x.length; c++) {
            y[c] /= sum;
        }
        return y;
    }

    @Test
    void softmaxTakesTheContractsOrderAndAnotherWouldShow() {
        for (int cols : List.of(7, 10, 16, 100)) {
            int kernel = 1;
            int contract = 1;
            int halves = 1;
            for (int seed = 0; seed < 50; seed++) {
                float[] x = Data.RANDOM.values(seed, cols);
                kernel = 31 * kernel
                        + Arrays.hashCode(sameBits("", 1, forward(Activations.SOFTMAX, 1, cols), x, x)
                                .get(1));
                contract = 31 * contract + Arrays.hashCode(softmax(new int[] {32, 16, 1, 2, 4, 8}, x));
                halves = 31 * halves + Arrays.hashCode(softmax(new int[] {32, 16, 8, 4, 2, 1}, x));
            }
            assertEquals(contract, kernel, cols + " columns");
            assertNotEquals(halves, kernel, cols + " columns");
        }
    }

    @Test
    void softmaxOfWhatIsNotFiniteIsNaN() {
        for (int cols : List.of(3, 10, 40)) {
            for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                float[] x = Data.RANDOM.values(1, 3 * cols);
                x[2 * cols - 1] = odd;
                float[] y = sameBits("", 1, forward(Activations.SOFTMAX, 3, cols), x, x)
                        .get(1);
                for (int i = 0; i < y.length; i++) {
                    assertEquals(i / cols == 1, Float.isNaN(y[i]), "[" + i + "] of " + cols);
                }
            }
            float[] x = new float[cols];
            Arrays.fill(x, Float.NEGATIVE_INFINITY);
            float[] y =
                    sameBits("", 1, forward(Activations.SOFTMAX, 1, cols), x, x).get(1);
            assertTrue(Float.isNaN(y[0]));
            x[1] = 5;
            y = sameBits("", 1, forward(Activations.SOFTMAX, 1, cols), x, x).get(1);
            assertEquals(1, y[1]);
            assertEquals(0, y[0]);
        }
    }

    /// More than a block of rows, in place and apart, with rows of numbers of one sign, of zeros and of NaN.
    @ParameterizedTest
    @ValueSource(strings = {"softmax", "log_softmax"})
    void softmaxOfManyRowsHasTheSameBits(String name) {
        Activation softmax = Activations.of(name);
        for (int cols : List.of(
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 17, 19, 30, 64, 100, 128, 159, 165, 320, 1_000, 2_048, 2_049,
                3_005)) {
            int rows = 17_000 / cols;
            float[] x = Data.RANDOM.values(cols, rows * cols);
            for (int r = 0; r < rows; r += 3) {
                for (int c = 0; c < cols; c++) {
                    float v = x[r * cols + c];
                    x[r * cols + c] = r % 4 == 0 ? -Math.abs(v) : r % 7 == 0 ? (v < 0 ? -0f : 0f) : 200 * v;
                }
                x[r * cols + r % cols] = r % 5 == 0 ? Float.intBitsToFloat(0xffc00001) : 1;
            }
            Tested.Call call = forward(softmax, rows, cols);
            float[] y =
                    sameBits("cols=" + cols, 1, call, x, new float[x.length]).get(1);
            if (softmax.worksInPlace()) {
                float[] inPlace = sameBits("in place, cols=" + cols, 1, (k, o) -> call.on(k, o[0], o[0]), x)
                        .getFirst();
                assertArrayEquals(y, inPlace);
            }
        }
    }

    /// Kernels that load and store whole vectors of rows that fill none.
    @ParameterizedTest
    @ValueSource(strings = {"softmax", "log_softmax"})
    void nothingBehindTheLastRowIsTouched(String name) {
        ActivationKernel kernel = Tested.KERNELS.activation(Activations.of(name));
        for (int cols = 1; cols <= 40; cols++) {
            for (int rows : List.of(1, 2, 9, 30)) {
                try (Arena arena = Arena.ofConfined()) {
                    // An access behind its end throws.
                    MemorySegment[] s = new MemorySegment[4];
                    for (int i = 0; i < s.length; i++) {
                        s[i] = arena.allocate(4L * rows * cols, 4);
                    }
                    kernel.forward(s[0], 0, s[1], 0, rows, cols);
                    kernel.backward(s[0], 0, s[1], 0, s[2], 0, s[3], 0, rows, cols, false);
                    assertEquals(
                            name.equals("softmax") ? 1f / cols : -ScalarMath.log(cols),
                            s[1].getAtIndex(JAVA_FLOAT, rows * cols - 1),
                            1e-6f);
                }
            }
        }
    }

    @Test
    void softmaxIsTheSameWithinAnyBatch() {
        for (int cols : List.of(3, 10, 40)) {
            float[] x = Data.RANDOM.values(1, 20 * cols);
            float[] all = sameBits("", 1, forward(Activations.SOFTMAX, 20, cols), x, x)
                    .get(1);
            for (int r = 0; r < 20; r++) {
                float[] row = Arrays.copyOfRange(x, r * cols, (r + 1) * cols);
                float[] alone = sameBits("", 4, forward(Activations.SOFTMAX, 1, cols), row, row)
                        .get(1);
                assertArrayEquals(Arrays.copyOfRange(all, r * cols, (r + 1) * cols), alone);
            }
        }
    }

    @Test
    void sparsemaxAndLogSoftmaxOfWhatIsNotFinite() {
        for (String name : List.of("sparsemax", "log_softmax")) {
            Activation activation = Activations.of(name);
            for (int cols : List.of(3, 10, 40)) {
                for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                    float[] x = Data.RANDOM.values(1, 3 * cols);
                    x[2 * cols - 1] = odd;
                    float[] y = sameBits("", 1, forward(activation, 3, cols), x, new float[x.length])
                            .get(1);
                    for (int i = 0; i < y.length; i++) {
                        assertEquals(i / cols == 1, Float.isNaN(y[i]), name + " [" + i + "] of " + cols);
                    }
                }
            }
        }
    }

    /// By Keras' formula, by hand: rows of one element above the border, of two, of equal ones, and one that
    /// is zeros.
    @Test
    void sparsemaxIsThatOfKeras() {
        float[][] rows = {{3, 1, 0.5f}, {0.25f, 0.5f, -3}, {-1, -1, -2.5f}, {4, 3.75f, 0}};
        float[][] expected = {{1, 0, 0}, {0.125f, 0.375f, 0}, {1, 1, 0}, {0, 0, 0}};
        for (int i = 0; i < rows.length; i++) {
            float[] y = sameBits("", 1, forward(Activations.of("sparsemax"), 1, 3), rows[i], new float[3])
                    .get(1);
            assertArrayEquals(expected[i], y, Arrays.toString(rows[i]));
        }
    }

    @Test
    void gluTakesEvenColumnsAlone() {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> sameBits("", 1, forward(Activations.of("glu"), 1, 3), new float[3], new float[3]));
        assertEquals("glu: expected an even number of columns, got 3", e.getMessage());
    }

    @Test
    void parametersComeByKerasNames() {
        for (Activation activation : all()) {
            assertEquals(activation, Activations.of(activation.name(), activation.config()));
        }
        assertEquals(Activations.of("silu"), Activations.of("swish"));
        assertEquals(Activations.of("hard_silu"), Activations.of("hard_swish"));
        assertEquals(Activations.of("leaky_relu"), Activations.of("leaky_relu", Map.of("negative_slope", 0.2)));
        assertNotEquals(Activations.of("leaky_relu"), Activations.of("leaky_relu", Map.of("negative_slope", 0.3)));
        assertEquals(Activations.SOFTMAX, Activations.of("softmax", Map.of("axis", -1)));
        assertMessage("activation 'softmax': axis is not supported but as -1, got 1", "softmax", Map.of("axis", 1));
        assertMessage("activation 'elu': setting 'beta' is not known (known: alpha)", "elu", Map.of("beta", 1));
        assertMessage("activation 'tanh': setting 'beta' is not known (known: none)", "tanh", Map.of("beta", 1));
        assertMessage("activation 'elu': alpha must be a number, got one", "elu", Map.of("alpha", "one"));
        assertMessage("activation 'gelu': approximate must be true or false, got 1", "gelu", Map.of("approximate", 1));
        assertMessage("activation 'threshold': threshold must be a number, got null", "threshold", Map.of());
        assertMessage("elu: alpha must be 0 or more, got -1.0", "elu", Map.of("alpha", -1));
        assertMessage("celu: alpha must be more than 0, got 0.0", "celu", Map.of("alpha", 0));
        assertMessage("squareplus: b must be more than 0, got NaN", "squareplus", Map.of("b", Double.NaN));
    }

    private static void assertMessage(String message, String name, Map<String, ?> config) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Activations.of(name, config));
        assertEquals(message, e.getMessage());
    }

    @Test
    void unknownNamesAreAnsweredWithTheKnownOnes() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Activations.of("swosh"));
        assertEquals(
                "activation 'swosh' is not known (known: " + String.join(", ", Activations.names()) + ")",
                e.getMessage());
        assertEquals(Activations.RELU, Activations.of("relu"));
    }

    /// Twice the input, through the scalar kernels of [Activations#LINEAR].
    private record Own(String name) implements Activation.Custom {
        @Override
        public GradientFrom gradientFrom() {
            return GradientFrom.NOTHING;
        }

        @Override
        public boolean rowwise() {
            return false;
        }

        @Override
        public ActivationKernel scalar() {
            return Activations.LINEAR.scalar();
        }

        @Override
        public ActivationKernel simd() {
            return scalar();
        }
    }

    @Test
    void ownActivationsCanBeRegisteredOnce() {
        assertThrows(IllegalArgumentException.class, () -> Activations.register(new Own("relu")));
        Activation own = new Own("own");
        Activations.register(new Own("own"));
        assertEquals(own, Activations.of("own"));
        assertTrue(Activations.names().contains("own"));
        assertThrows(IllegalArgumentException.class, () -> Activations.register(new Own("own")));
    }
}
