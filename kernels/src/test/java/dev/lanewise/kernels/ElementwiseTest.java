package dev.lanewise.kernels;

import static dev.lanewise.kernels.Tested.OFFSETS;
import static dev.lanewise.kernels.Tested.SIZES;
import static dev.lanewise.kernels.Tested.sameBits;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The contract of [ElementwiseKernel] for the implementation and width of this run.
class ElementwiseTest {
    @BeforeAll
    static void sayWhatRuns() {
        Tested.print(ElementwiseTest.class, Tested.KERNELS.elementwise());
    }

    /// What one element becomes, in doubles, from the elements of the operands.
    interface Formula {
        double of(double a, double b, double c);
    }

    /// Each method on operands a, b, c, of which c is the result, with its formula in doubles.
    @SuppressWarnings("ImmutableEnumChecker") // lambdas without state
    enum Method {
        ADD(
                (k, o) -> k.elementwise()
                        .add(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                o[2].segment(),
                                o[2].offset(),
                                o[2].length()),
                (a, b, c) -> a + b),
        SUBTRACT(
                (k, o) -> k.elementwise()
                        .subtract(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                o[2].segment(),
                                o[2].offset(),
                                o[2].length()),
                (a, b, c) -> a - b),
        MULTIPLY(
                (k, o) -> k.elementwise()
                        .multiply(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                o[2].segment(),
                                o[2].offset(),
                                o[2].length()),
                (a, b, c) -> a * b),
        DIVIDE(
                (k, o) -> k.elementwise()
                        .divide(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                o[2].segment(),
                                o[2].offset(),
                                o[2].length()),
                (a, b, c) -> a / b),
        MAXIMUM(
                (k, o) -> k.elementwise()
                        .maximum(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                o[2].segment(),
                                o[2].offset(),
                                o[2].length()),
                (a, b, c) -> Math.max(a, b)),
        MINIMUM(
                (k, o) -> k.elementwise()
                        .minimum(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                o[2].segment(),
                                o[2].offset(),
                                o[2].length()),
                (a, b, c) -> Math.min(a, b)),
        MULTIPLY_ADD(
                (k, o) -> k.elementwise()
                        .multiplyAdd(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                o[2].segment(),
                                o[2].offset(),
                                o[2].length()),
                (a, b, c) -> a * b + c),
        ACCUMULATE(
                (k, o) -> k.elementwise()
                        .accumulate(o[0].segment(), o[0].offset(), o[2].segment(), o[2].offset(), o[2].length()),
                (a, b, c) -> c + a),
        SCALE_SHIFT(
                (k, o) -> k.elementwise()
                        .scaleShift(
                                o[0].segment(),
                                o[0].offset(),
                                o[2].segment(),
                                o[2].offset(),
                                o[2].length(),
                                0.7f,
                                -0.3f),
                (a, b, c) -> a * 0.7f - 0.3f),
        CLAIM((k, o) -> k.elementwise().claim(o[2].segment(), o[2].offset(), o[2].length()), (a, b, c) -> c),
        FILL((k, o) -> k.elementwise().fill(o[2].segment(), o[2].offset(), o[2].length(), -1.25f), (a, b, c) -> -1.25),
        CLAMP(
                (k, o) -> k.elementwise()
                        .clamp(o[0].segment(), o[0].offset(), o[2].segment(), o[2].offset(), o[2].length(), -0.5f, 2),
                (a, b, c) -> a < -0.5 ? -0.5 : a > 2 ? 2 : a),
        CLAMP_GRADIENT(
                (k, o) -> k.elementwise()
                        .clampGradient(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                o[2].segment(),
                                o[2].offset(),
                                o[2].length(),
                                -0.5f,
                                2,
                                false),
                (a, b, c) -> a > -0.5 && a < 2 ? b : 0),
        CLAMP_GRADIENT_ADD(
                (k, o) -> k.elementwise()
                        .clampGradient(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                o[2].segment(),
                                o[2].offset(),
                                o[2].length(),
                                -0.5f,
                                2,
                                true),
                (a, b, c) -> c + (a > -0.5 && a < 2 ? b : 0)),
        AXPY(
                (k, o) -> k.elementwise()
                        .axpy(-0.3f, o[0].segment(), o[0].offset(), o[2].segment(), o[2].offset(), o[2].length()),
                (a, b, c) -> (double) -0.3f * a + c),
        APPROACH(
                (k, o) -> k.elementwise()
                        .approach(o[0].segment(), o[0].offset(), o[2].segment(), o[2].offset(), o[2].length(), 0.25f),
                (a, b, c) -> c + 0.25 * (a - c));

        private final Tested.Call call;
        private final Formula formula;

        Method(Tested.Call call, Formula formula) {
            this.call = call;
            this.formula = formula;
        }
    }

    @ParameterizedTest
    @EnumSource
    void sameBitsAsTheDefinition(Method method) {
        for (Data data : Data.values()) {
            for (int n : SIZES) {
                for (int offset : OFFSETS) {
                    String what = method + " " + data + " n=" + n + " offset=" + offset;
                    sameBits(what, offset, method.call, data.values(1, n), data.values(2, n), data.values(3, n));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void agreesWithDoubles(Method method) {
        float[] a = Data.RANDOM.values(1, 1009);
        float[] b = Data.RANDOM.values(2, 1009);
        float[] c = Data.RANDOM.values(3, 1009);
        float[] result = sameBits(method.name(), 1, method.call, a, b, c).get(2);
        for (int i = 0; i < c.length; i++) {
            double expected = method.formula.of(a[i], b[i], c[i]);
            // Two roundings, the first of a product of at most 4.
            double tolerance = Math.ulp((float) expected) + Math.ulp(4f);
            assertEquals(expected, result[i], tolerance);
        }
    }

    @ParameterizedTest
    @EnumSource
    void resultMayBeAnInput(Method method) {
        for (int n : SIZES) {
            float[] a = Data.RANDOM.values(1, n);
            float[] b = Data.RANDOM.values(2, n);
            Tested.Call first = (k, o) -> method.call.on(k, o[0], o[1], o[0]);
            Tested.Call second = (k, o) -> method.call.on(k, o[0], o[1], o[1]);
            float[] apart = sameBits("c == a", 5, method.call, a, b, a).get(2);
            assertArrayEquals(apart, sameBits("c == a", 5, first, a, b).get(0));
            apart = sameBits("c == b", 5, method.call, a, b, b).get(2);
            assertArrayEquals(apart, sameBits("c == b", 5, second, a, b).get(1));
        }
    }

    @Test
    void claimLeavesEveryBit() {
        try (Arena arena = Arena.ofConfined()) {
            for (int n : SIZES) {
                MemorySegment y = arena.allocate(4L * n, 4);
                for (int i = 0; i < n; i++) {
                    // NaNs of all kinds are among them.
                    y.setAtIndex(JAVA_INT, i, 0x7f800001 + 0x01234567 * i);
                }
                byte[] before = y.toArray(JAVA_BYTE);
                for (int from = 0; from <= Math.min(n, 20); from++) {
                    Tested.KERNELS.elementwise().claim(y, from, n - from);
                }
                assertArrayEquals(before, y.toArray(JAVA_BYTE));
            }
        }
    }

    private static Tested.Call takeEqual(boolean accumulate) {
        return (k, o) -> k.elementwise()
                .takeEqual(
                        o[0].segment(),
                        o[0].offset(),
                        o[1].segment(),
                        o[1].offset(),
                        o[2].segment(),
                        o[2].offset(),
                        o[3].segment(),
                        o[3].offset(),
                        o[3].length(),
                        accumulate);
    }

    @ParameterizedTest
    @EnumSource
    void theEqualOneTakesWhatIsLeft(Data data) {
        for (int n : SIZES) {
            float[] x = data.values(1, n);
            float[] y = data.values(2, n);
            float[] left = Data.RANDOM.values(3, n);
            float[] dx = Data.RANDOM.values(4, n);
            for (int i = 0; i < n; i += 3) {
                y[i] = x[i];
            }
            for (boolean accumulate : List.of(false, true)) {
                List<float[]> after = sameBits("n=" + n, 1, takeEqual(accumulate), x, y, left, dx);
                for (int i = 0; i < n; i++) {
                    float g = x[i] == y[i] ? left[i] : 0;
                    assertEquals(x[i] == y[i] ? 0 : left[i], after.get(2)[i]);
                    assertEquals(accumulate ? dx[i] + g : g, after.get(3)[i]);
                }
            }
        }
    }

    @Test
    void bytesAreUnsigned() {
        for (int n : SIZES) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment bytes = arena.allocate(n + 3L);
                SplittableRandom random = new SplittableRandom(n);
                for (int i = 0; i < n; i++) {
                    bytes.set(JAVA_BYTE, 3L + i, (byte) random.nextInt());
                }
                Tested.Call call = (k, o) ->
                        k.elementwise().bytesToFloats(bytes, 3, o[0].segment(), o[0].offset(), o[0].length(), 1 / 255f);
                float[] floats = sameBits("bytes n=" + n, 1, call, new float[n]).get(0);
                for (int i = 0; i < n; i++) {
                    assertEquals((bytes.get(JAVA_BYTE, 3L + i) & 0xff) * (1 / 255f), floats[i]);
                }
            }
        }
    }

    @Test
    void bytesAtTheEndAreConvertedInPlace() {
        for (int n : SIZES) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment bytes = arena.allocate(n + 1L);
                SplittableRandom random = new SplittableRandom(n);
                for (int i = 0; i < n; i++) {
                    bytes.set(JAVA_BYTE, i, (byte) random.nextInt());
                }
                Tested.Call call = (k, o) -> {
                    MemorySegment s = o[0].segment();
                    long at = 4 * (o[0].offset() + n) - n;
                    MemorySegment.copy(bytes, 0, s, at, n);
                    k.elementwise().bytesToFloats(s, at, s, o[0].offset(), n, 1 / 255f);
                };
                float[] floats =
                        sameBits("bytes in place n=" + n, 1, call, new float[n]).get(0);
                for (int i = 0; i < n; i++) {
                    assertEquals((bytes.get(JAVA_BYTE, i) & 0xff) * (1 / 255f), floats[i]);
                }
            }
        }
    }

    private static Tested.Call dropout(float rate, long first, boolean accumulate) {
        return (k, o) -> k.elementwise()
                .dropout(
                        o[0].segment(),
                        o[0].offset(),
                        o[1].segment(),
                        o[1].offset(),
                        o[1].length(),
                        rate,
                        11,
                        22,
                        first,
                        accumulate);
    }

    @Test
    void dropoutHasTheSameBitsFromAnyIndex() {
        // The last two: the low word of the counter overflows on the way, and between two turns of a loop.
        for (long first : List.of(0L, 1L, 6L, 13L, (1L << 33) - 50, (1L << 33) - 64)) {
            for (int n : SIZES) {
                for (Data data : Data.values()) {
                    String what = "dropout from " + first + " " + data + " n=" + n;
                    sameBits(what, 1, dropout(0.3f, first, false), data.values(1, n), data.values(2, n));
                    sameBits(what, 1, dropout(0.3f, first, true), data.values(1, n), data.values(2, n));
                }
            }
        }
    }

    /// Several turns of each kind of loop, and a rate whose share of 2^24 is no integer.
    @Test
    void dropoutOfManyHasTheSameBits() {
        int n = 1_111;
        for (float rate : new float[] {0, 1e-9f, 0.1f, 1}) {
            Data data = Data.RANDOM;
            sameBits("rate " + rate, 1, dropout(rate, 3, false), data.values(1, n), data.values(2, n));
            sameBits("rate " + rate, 1, dropout(rate, 3, true), data.values(1, n), data.values(2, n));
        }
    }

    @Test
    void dropoutBelongsToTheIndexAlone() {
        float[] x = Data.RANDOM.values(1, 200);
        float[] whole =
                sameBits("whole", 1, dropout(0.5f, 0, false), x, new float[200]).get(1);
        for (int cut : List.of(1, 15, 16, 31, 64, 101)) {
            Tested.Call parts = (k, o) -> {
                k.elementwise()
                        .dropout(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                cut,
                                0.5f,
                                11,
                                22,
                                0,
                                false);
                k.elementwise()
                        .dropout(
                                o[0].segment(),
                                o[0].offset() + cut,
                                o[1].segment(),
                                o[1].offset() + cut,
                                200 - cut,
                                0.5f,
                                11,
                                22,
                                cut,
                                false);
            };
            assertArrayEquals(
                    whole,
                    sameBits("cut at " + cut, 1, parts, x, new float[200]).get(1));
        }
    }

    @Test
    void dropoutKeepsTheMeanAndScalesWhatStays() {
        int n = 100_000;
        float[] ones = new float[n];
        java.util.Arrays.fill(ones, 1);
        float[] y = sameBits("mean", 1, dropout(0.25f, 0, false), ones, new float[n])
                .get(1);
        int kept = 0;
        for (float v : y) {
            assertTrue(v == 0 || v == 1 / 0.75f);
            kept += v == 0 ? 0 : 1;
        }
        // Four standard deviations of a binomial distribution.
        assertEquals(0.75 * n, kept, 4 * Math.sqrt(0.75 * 0.25 * n));
        assertArrayEquals(
                ones,
                sameBits("rate 0", 1, dropout(0, 0, false), ones, new float[n]).get(1));
        assertArrayEquals(
                new float[n],
                sameBits("rate 1", 1, dropout(1, 0, false), ones, new float[n]).get(1));
    }

    @Test
    void dropoutRefusesARateOutsideItsRange() {
        float[] x = new float[4];
        for (float rate : new float[] {-0.1f, 1.1f, Float.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> sameBits("", 1, dropout(rate, 0, false), x, x));
        }
        assertThrows(IllegalArgumentException.class, () -> sameBits("", 1, dropout(0.5f, -1, false), x, x));
    }
}
