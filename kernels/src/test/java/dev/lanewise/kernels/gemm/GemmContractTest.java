package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.TestedGemm.GEMM;
import static dev.lanewise.kernels.gemm.TestedGemm.INFINITY;
import static dev.lanewise.kernels.gemm.TestedGemm.KERNELS;
import static dev.lanewise.kernels.gemm.TestedGemm.LANES;
import static dev.lanewise.kernels.gemm.TestedGemm.SCALAR;
import static dev.lanewise.kernels.gemm.TestedGemm.assertSameBits;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The contract of [Gemm] for the implementation and width of this run: where sums start, their order and
/// limits. Its shapes, vectors, operands and refusals have tests beside this one.
class GemmContractTest {
    @BeforeAll
    static void sayWhatRuns() {
        System.out.println("gemm contract: " + GEMM.getClass().getSimpleName() + ", " + KERNELS.vectorBits()
                + " bits (lanewise.simd=" + System.getProperty("lanewise.simd", "auto") + ")");
    }

    @Test
    void theOptionChoosesTheImplementation() {
        final String option = System.getProperty("lanewise.simd", "auto");
        if (option.equals("scalar")) {
            assertEquals("PlainGemm", GEMM.getClass().getSimpleName());
        } else if (!option.equals("auto")) {
            assertEquals("SimdGemm", GEMM.getClass().getSimpleName());
            assertEquals(Integer.parseInt(option), KERNELS.vectorBits());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 16, 67})
    void betaZeroIgnoresNanInC(int n) {
        for (boolean bias : new boolean[] {false, true}) {
            final GemmCase of = GemmCase.of(false, false, 13, n, 9).from(0, bias);
            final float[] c = new float[13 * n];
            Arrays.fill(c, Float.NaN);
            final float[] result = of.run(GEMM, of.aValues(), of.bValues(), c);
            for (float value : result) {
                assertFalse(Float.isNaN(value), "NaN of the old C shows");
            }
        }
    }

    @Test
    void depthZeroGivesWhatTheAccumulatorsStartFrom() {
        final GemmCase of = GemmCase.of(false, false, 9, 37, 0);
        assertTrue(Arrays.equals(new float[9 * 37], of.run(GEMM)));
        assertTrue(Arrays.equals(of.cValues(), of.from(1, false).run(GEMM)));
        final float[] biased = of.from(0, true).run(GEMM);
        for (int i = 0; i < biased.length; i++) {
            assertEquals(of.biasValues()[i % 37], biased[i]);
        }
        final float[] clamped = of.from(1, false).clamp(0, 0.5f).run(GEMM);
        for (int i = 0; i < clamped.length; i++) {
            assertEquals(Math.clamp(of.cValues()[i], 0, 0.5f), clamped[i]);
        }
    }

    @Test
    void clampKeepsNanAndHasBothLimits() {
        final GemmCase of = GemmCase.of(false, false, 11, 35, 6).clamp(-0.25f, 0.5f);
        final float[] a = of.aValues();
        a[6] = Float.NaN; // row 1
        final float[] result = of.run(GEMM, a, of.bValues(), of.cValues());
        boolean low = false;
        boolean high = false;
        for (int i = 0; i < result.length; i++) {
            assertEquals(i / 35 == 1, Float.isNaN(result[i]), "NaN at " + i);
            low |= result[i] == -0.25f;
            high |= result[i] == 0.5f;
            assertTrue(Float.isNaN(result[i]) || (result[i] >= -0.25f && result[i] <= 0.5f));
        }
        assertTrue(low && high);
        assertSameBits(of, a, of.bValues(), of.cValues());
    }

    @Test
    void specialValuesHaveTheScalarBits() {
        final float[] special = {
            0f, -0f, INFINITY, -INFINITY, Float.NaN, Float.MIN_VALUE, Float.MAX_VALUE, -Float.MAX_VALUE, 1e-38f, 1, -1
        };
        for (int seed = 0; seed < 12; seed++) {
            final GemmCase of =
                    GemmCase.of((seed & 1) != 0, (seed & 2) != 0, 8, 35, 5).from((seed & 4) != 0 ? 0.5f : 1, false);
            final SplittableRandom random = new SplittableRandom(seed);
            final float[][] operands = {of.aValues(), of.bValues(), of.cValues()};
            for (float[] operand : operands) {
                for (int i = 0; i < operand.length; i++) {
                    operand[i] = random.nextInt(3) == 0 ? special[random.nextInt(special.length)] : operand[i];
                }
            }
            assertSameBits(of, operands[0], operands[1], operands[2]);
        }
    }

    /// Higham, Accuracy and Stability of Numerical Algorithms, 3.1: k products and one first value.
    @ParameterizedTest
    @CsvSource({"5, 37, 3", "17, 19, 100", "4, 33, 1500", "3, 16, 5000"})
    void errorStaysWithinHighamsBound(int m, int n, int k) {
        for (int t = 0; t < 4; t++) {
            for (float beta : new float[] {0, 1}) {
                final GemmCase of =
                        GemmCase.of((t & 1) != 0, (t & 2) != 0, m, n, k).from(beta, false);
                final float[] a = of.aValues();
                final float[] b = of.bValues();
                final float[] c = of.cValues();
                final float[] result = of.run(GEMM, a, b, c);
                final double u = 0x1p-24;
                final double gamma = (k + 1) * u / (1 - (k + 1) * u);
                for (int i = 0; i < m * n; i++) {
                    final double[] exact = of.reference(i / n, i % n, a, b, c);
                    assertTrue(Math.abs(result[i] - exact[0]) <= gamma * exact[1], of + " at " + i);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void workCutAnywhereHasTheSameBits(boolean transA, boolean transB) {
        final int m = 53;
        final int n = 83;
        final int k = 67;
        final GemmCase of = GemmCase.of(transA, transB, m, n, k);
        final float[] whole = of.run(GEMM);
        final List<int[]> cuts = new ArrayList<>();
        cuts.add(new int[] {GEMM.rowQuantum(), n});
        cuts.add(new int[] {m, GEMM.columnQuantum()});
        cuts.add(new int[] {GEMM.rowQuantum(), GEMM.columnQuantum()});
        cuts.add(new int[] {1, n});
        cuts.add(new int[] {7, 11});
        cuts.add(new int[] {m, 1});
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment a = arena.allocateFrom(JAVA_FLOAT, of.aValues());
            final MemorySegment b = arena.allocateFrom(JAVA_FLOAT, of.bValues());
            final MemorySegment scratch = arena.allocate(4 * GEMM.maxScratchSize(), 64);
            for (int[] cut : cuts) {
                final MemorySegment c = arena.allocate(4L * m * n, 64);
                for (int i = 0; i < m; i += cut[0]) {
                    for (int j = 0; j < n; j += cut[1]) {
                        GEMM.multiply(
                                transA,
                                transB,
                                Math.min(cut[0], m - i),
                                Math.min(cut[1], n - j),
                                k,
                                a,
                                transA ? i : (long) i * k,
                                of.aCols(),
                                b,
                                transB ? (long) j * k : j,
                                of.bCols(),
                                0,
                                c,
                                (long) i * n + j,
                                n,
                                null,
                                0,
                                -INFINITY,
                                INFINITY,
                                scratch,
                                0);
                    }
                }
                assertTrue(Arrays.equals(whole, c.toArray(JAVA_FLOAT)), "cut " + Arrays.toString(cut));
            }
        }
    }

    /// The plain product with its sum taken from the last product to the first.
    private static float[] backwards(GemmCase of) {
        final float[] a = of.aValues();
        final float[] b = of.bValues();
        final float[] c = new float[of.m() * of.n()];
        for (int i = 0; i < c.length; i++) {
            for (int p = of.k() - 1; p >= 0; p--) {
                c[i] = Math.fma(a[i / of.n() * of.k() + p], b[p * of.n() + i % of.n()], c[i]);
            }
        }
        return c;
    }

    @Test
    void anotherOrderOfSummationChangesTheHash() {
        final GemmCase of = GemmCase.of(false, false, 19, 43, 64);
        assertEquals(Arrays.hashCode(of.run(SCALAR)), Arrays.hashCode(of.run(GEMM)));
        assertNotEquals(Arrays.hashCode(backwards(of)), Arrays.hashCode(of.run(GEMM)));
    }

    /// Without products every element is what its accumulator starts from, clamped.
    @Test
    void noProductsGiveWhatTheSumStartsFrom() {
        final int m = 5;
        for (int n : new int[] {1, LANES, 4 * LANES + 3}) {
            for (float beta : new float[] {0, 1, -0.5f}) {
                for (boolean withBias : beta == 0 ? new boolean[] {false, true} : new boolean[] {false}) {
                    try (Arena arena = Arena.ofConfined()) {
                        final MemorySegment nothing = arena.allocate(0, 64);
                        final MemorySegment c = arena.allocate(4L * m * n, 64);
                        final MemorySegment bias = arena.allocate(4L * n, 64);
                        final MemorySegment scratch = arena.allocate(4 * GEMM.scratchSize(m, n, 0), 64);
                        final float[] expected = new float[m * n];
                        for (int i = 0; i < m * n; i++) {
                            final float old = beta == 0 ? Float.NaN : i - 7;
                            c.setAtIndex(JAVA_FLOAT, i, old);
                            bias.setAtIndex(JAVA_FLOAT, i % n, i % n - 2);
                            final float init = withBias ? i % n - 2 : beta == 0 ? 0 : beta * old;
                            expected[i] = Math.max(init, -1);
                        }
                        GEMM.multiply(
                                false,
                                false,
                                m,
                                n,
                                0,
                                nothing,
                                0,
                                0,
                                nothing,
                                0,
                                n,
                                beta,
                                c,
                                0,
                                n,
                                withBias ? bias : null,
                                0,
                                -1,
                                INFINITY,
                                scratch,
                                0);
                        assertTrue(
                                Arrays.equals(expected, c.toArray(JAVA_FLOAT)),
                                "n=" + n + " beta=" + beta + " bias=" + withBias);
                    }
                }
            }
        }
    }

    @Test
    void scratchSizeNeverPassesItsMaximum() {
        for (int n : new int[] {0, 1, 64, 1000, 100_000}) {
            for (int k : new int[] {0, 1, 512, 1024, 1025, 1_000_000}) {
                assertTrue(GEMM.scratchSize(1, n, k) <= GEMM.maxScratchSize(), "n=" + n + " k=" + k);
            }
        }
    }
}
