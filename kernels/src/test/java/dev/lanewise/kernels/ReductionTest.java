package dev.lanewise.kernels;

import static dev.lanewise.kernels.Tested.OFFSETS;
import static dev.lanewise.kernels.Tested.SIZES;
import static dev.lanewise.kernels.Tested.sameBits;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The contract of [ReductionKernel] for the implementation and width of this run.
class ReductionTest {
    private static final int[] CONTRACT = {32, 16, 1, 2, 4, 8};

    @BeforeAll
    static void sayWhatRuns() {
        Tested.print(ReductionTest.class, Tested.KERNELS.reduction());
    }

    /// The contract's sum once more, with the lanes in an array.
    ///
    /// @param steps how far apart the lanes are that are added
    static float sum(float[] x, int... steps) {
        float[] lanes = new float[64];
        for (int i = 0; i < x.length; i++) {
            lanes[i % 64] += x[i];
        }
        for (int step : steps) {
            for (int j = 0; j + step < 64; j++) {
                if ((j & step) == 0) {
                    lanes[j] += lanes[j + step];
                }
            }
        }
        return lanes[0];
    }

    private static float sum(Kernels kernels, int offset, float... x) {
        try (Arena arena = Arena.ofConfined()) {
            Guarded guarded = Guarded.of(arena, offset, x);
            return kernels.reduction().sum(guarded.segment(), guarded.offset(), x.length);
        }
    }

    @ParameterizedTest
    @EnumSource
    void sumTakesTheContractsOrder(Data data) {
        for (int n : SIZES) {
            for (int offset : OFFSETS) {
                float[] x = data.values(n, n);
                String what = "n=" + n + " offset=" + offset;
                assertEquals(bits(sum(x, CONTRACT)), bits(sum(Tested.SCALAR, offset, x)), what);
                assertEquals(bits(sum(x, CONTRACT)), bits(sum(Tested.KERNELS, offset, x)), what);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void squaresAreSummedInTheSameOrder(Data data) {
        for (int n : SIZES) {
            float[] x = data.values(n, n);
            float[] squares = new float[n];
            for (int i = 0; i < n; i++) {
                squares[i] = x[i] * x[i];
            }
            try (Arena arena = Arena.ofConfined()) {
                Guarded guarded = Guarded.of(arena, 5, x);
                for (Kernels kernels : List.of(Tested.SCALAR, Tested.KERNELS)) {
                    float sum = kernels.reduction().sumOfSquares(guarded.segment(), guarded.offset(), n);
                    assertEquals(bits(sum(squares, CONTRACT)), bits(sum), "n=" + n);
                }
            }
        }
    }

    private static int bits(float value) {
        return Float.floatToIntBits(value);
    }

    /// Otherwise equal bits would prove nothing.
    @Test
    void anotherOrderShowsInTheBits() {
        int[] kernel = new int[50];
        int[] contract = new int[50];
        int[] halves = new int[50];
        int[] inOrder = new int[50];
        for (int seed = 0; seed < 50; seed++) {
            float[] x = Data.RANDOM.values(seed, 200);
            kernel[seed] = bits(sum(Tested.KERNELS, 1, x));
            contract[seed] = bits(sum(x, CONTRACT));
            halves[seed] = bits(sum(x, 32, 16, 8, 4, 2, 1));
            float sum = 0;
            for (float v : x) {
                sum += v;
            }
            inOrder[seed] = bits(sum);
        }
        assertEquals(Arrays.hashCode(contract), Arrays.hashCode(kernel));
        assertNotEquals(Arrays.hashCode(halves), Arrays.hashCode(kernel));
        assertNotEquals(Arrays.hashCode(inOrder), Arrays.hashCode(kernel));
    }

    @Test
    void sumStaysWithinTheBoundOfItsTree() {
        for (int n : SIZES) {
            float[] x = Data.RANDOM.values(n, n);
            double exact = 0;
            double magnitude = 0;
            for (float v : x) {
                exact += v;
                magnitude += Math.abs(v);
            }
            // Higham, Accuracy and Stability, 3.1, for the additions on the way of one element.
            double u = 0x1p-24;
            double k = n / 64 + 7;
            assertEquals(exact, sum(Tested.KERNELS, 1, x), k * u / (1 - k * u) * magnitude);
        }
    }

    @ParameterizedTest
    @EnumSource
    void maxIsTheLargestOrNaN(Data data) {
        for (int n : SIZES) {
            for (int offset : OFFSETS) {
                float[] x = data.values(n, n);
                float expected = Float.NEGATIVE_INFINITY;
                for (float v : x) {
                    expected = Math.max(expected, v);
                }
                try (Arena arena = Arena.ofConfined()) {
                    Guarded guarded = Guarded.of(arena, offset, x);
                    for (Kernels kernels : List.of(Tested.SCALAR, Tested.KERNELS)) {
                        float max = kernels.reduction().max(guarded.segment(), offset, n);
                        assertEquals(bits(expected + 0f), bits(max), "n=" + n);
                    }
                }
            }
        }
    }

    /// The largest is found by the bits as integers, where either sign has its own order.
    @Test
    void maxOfEitherSignAndOfNegativeNaN() {
        float negativeNaN = Float.intBitsToFloat(0xffc00001);
        for (int at : new int[] {0, 5, 31, 40, 69}) {
            assertEquals(bits(-0.5f), bits(maxWith(-2, at, -0.5f)));
            assertEquals(bits(0f), bits(maxWith(-2, at, -0f)));
            assertEquals(bits(Float.MIN_VALUE), bits(maxWith(-0f, at, Float.MIN_VALUE)));
            assertEquals(bits(Float.POSITIVE_INFINITY), bits(maxWith(1, at, Float.POSITIVE_INFINITY)));
            assertEquals(bits(1f), bits(maxWith(1, at, Float.NEGATIVE_INFINITY)));
            assertEquals(bits(-2f), bits(maxWith(Float.NEGATIVE_INFINITY, at, -2)));
            for (float others : new float[] {1, -1, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                assertEquals(bits(Float.NaN), bits(maxWith(others, at, Float.NaN)));
                assertEquals(bits(Float.NaN), bits(maxWith(others, at, negativeNaN)));
            }
        }
    }

    private static float maxWith(float others, int at, float one) {
        float[] x = new float[70];
        Arrays.fill(x, others);
        x[at] = one;
        try (Arena arena = Arena.ofConfined()) {
            Guarded guarded = Guarded.of(arena, 1, x);
            return Tested.KERNELS.reduction().max(guarded.segment(), 1, x.length);
        }
    }

    /// Matrices that end with the segment: nothing beyond them may be read.
    @Test
    void columnSumsStayWithinTheSegment() {
        for (int cols : SIZES) {
            for (int rows : List.of(1, 2, 3, 9, 21)) {
                float[] x = Data.RANDOM.values(cols, rows * cols);
                try (Arena arena = Arena.ofConfined()) {
                    MemorySegment segment = arena.allocate(4L * x.length, 64);
                    segment.copyFrom(MemorySegment.ofArray(x));
                    Guarded y = Guarded.of(arena, 1, new float[cols]);
                    Tested.KERNELS.reduction().columnSums(segment, 0, rows, cols, cols, y.segment(), 1, false);
                    y.checkGuards("cols=" + cols);
                    for (int c = 0; c < cols; c++) {
                        float sum = 0;
                        for (int r = 0; r < rows; r++) {
                            sum += x[r * cols + c];
                        }
                        assertEquals(bits(sum), bits(y.get(c)), rows + " x " + cols);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void nonFiniteOnesAreCounted(Data data) {
        for (int n : SIZES) {
            float[] x = data.values(n, n);
            long expected = 0;
            for (float v : x) {
                expected += Float.isNaN(v) || Float.isInfinite(v) ? 1 : 0;
            }
            try (Arena arena = Arena.ofConfined()) {
                Guarded guarded = Guarded.of(arena, 5, x);
                for (Kernels kernels : List.of(Tested.SCALAR, Tested.KERNELS)) {
                    assertEquals(expected, kernels.reduction().countNonFinite(guarded.segment(), 5, n));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void columnSumsHaveTheSameBits(Data data) {
        for (int cols : SIZES) {
            for (int rows : List.of(0, 1, 2, 7)) {
                for (int gap : List.of(0, 3)) {
                    for (boolean accumulate : List.of(false, true)) {
                        int ld = cols + gap;
                        Tested.Call call = (k, o) -> k.reduction()
                                .columnSums(
                                        o[0].segment(),
                                        o[0].offset(),
                                        rows,
                                        cols,
                                        ld,
                                        o[1].segment(),
                                        o[1].offset(),
                                        accumulate);
                        float[] x = data.values(cols, rows * ld);
                        float[] y = data.values(cols + 1L, cols);
                        String what = rows + " x " + cols + " ld=" + ld + " accumulate=" + accumulate;
                        float[] sums = sameBits(what, 1, call, x, y).get(1);
                        for (int c = 0; c < cols; c++) {
                            float sum = 0;
                            for (int r = 0; r < rows; r++) {
                                sum += x[r * ld + c];
                            }
                            assertEquals(bits(accumulate ? y[c] + sum : sum), bits(sums[c]), what);
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void argmaxIsTheFirstMaximumOrTheFirstNaN(Data data) {
        for (int cols : SIZES) {
            for (int rows : List.of(0, 1, 5, 40)) {
                if (cols == 0 && rows > 0) {
                    continue;
                }
                float[] x = data.values(cols, rows * cols);
                Tested.Call call = (k, o) -> k.reduction()
                        .argmaxRows(o[0].segment(), o[0].offset(), rows, cols, o[1].segment(), o[1].offset());
                float[] indices =
                        sameBits("cols=" + cols, 1, call, x, new float[rows]).get(1);
                for (int r = 0; r < rows; r++) {
                    assertEquals(
                            argmax(Arrays.copyOfRange(x, r * cols, (r + 1) * cols)), indices[r], data + " " + cols);
                }
            }
        }
    }

    private static int argmax(float... row) {
        for (int c = 0; c < row.length; c++) {
            boolean largest = true;
            for (float v : row) {
                largest &= v <= row[c];
            }
            boolean noNaN = true;
            for (float v : row) {
                noNaN &= !Float.isNaN(v);
            }
            if (Float.isNaN(row[c]) || (largest && noNaN)) {
                return c;
            }
        }
        throw new AssertionError();
    }

    @Test
    void argmaxOfEqualOnesIsTheFirst() {
        float[] x = new float[200];
        x[30] = 1;
        x[150] = 1;
        try (Arena arena = Arena.ofConfined()) {
            Guarded guarded = Guarded.of(arena, 1, x);
            Guarded out = Guarded.of(arena, 1, 0);
            Tested.KERNELS.reduction().argmaxRows(guarded.segment(), 1, 1, 200, out.segment(), 1);
            assertEquals(30, out.segment().getAtIndex(JAVA_FLOAT, 1));
        }
    }

    @Test
    void matricesThatDoNotFitAreRefused() {
        try (Arena arena = Arena.ofConfined()) {
            Guarded x = Guarded.of(arena, 0, new float[12]);
            long room = x.segment().byteSize() / Float.BYTES;
            ReductionKernel kernel = Tested.KERNELS.reduction();
            assertThrows(
                    IllegalArgumentException.class,
                    () -> kernel.columnSums(x.segment(), 0, 2, 3, 2, x.segment(), 0, false));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> kernel.columnSums(x.segment(), 0, 2, 3, room, x.segment(), 0, false));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> kernel.columnSums(x.segment(), 0, 3, 3, Long.MAX_VALUE, x.segment(), 0, false));
            assertThrows(IllegalArgumentException.class, () -> kernel.argmaxRows(x.segment(), 0, 2, 0, x.segment(), 0));
            assertThrows(
                    IllegalArgumentException.class, () -> kernel.argmaxRows(x.segment(), 0, -1, 2, x.segment(), 0));
        }
    }
}
