package dev.lanewise.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Gemm;
import dev.lanewise.kernels.Kernels;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The contract of [Gemm] for the implementation and width of this run.
class GemmContractTest {
    private static final Kernels KERNELS = Kernels.best();
    private static final Gemm GEMM = KERNELS.gemm();
    private static final Gemm SCALAR = new ScalarGemm();

    /// Floats in a vector of this run; of 4 where there are none.
    private static final int LANES = Math.max(128, KERNELS.vectorBits()) / Float.SIZE;

    private static final float INFINITY = Float.POSITIVE_INFINITY;

    @BeforeAll
    static void sayWhatRuns() {
        System.out.println("gemm contract: " + GEMM.getClass().getSimpleName() + ", " + KERNELS.vectorBits()
                + " bits (lanewise.simd=" + System.getProperty("lanewise.simd", "auto") + ")");
    }

    private static void assertSameBits(GemmCase of) {
        assertSameBits(of, of.aValues(), of.bValues(), of.cValues());
    }

    private static void assertSameBits(GemmCase of, float[] a, float[] b, float[] c) {
        final float[] expected = of.run(SCALAR, a, b, c);
        final float[] actual = of.run(GEMM, a, b, c);
        for (int i = 0; i < expected.length; i++) {
            // Any NaN equals any other.
            if (Float.floatToIntBits(expected[i]) != Float.floatToIntBits(actual[i])) {
                throw new AssertionError(of + ": [" + i / of.n() + ", " + i % of.n() + "] is " + actual[i]
                        + ", expected " + expected[i]);
            }
        }
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
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void everyNumberOfColumnsHasTheScalarBits(boolean transA, boolean transB) {
        final int[] rows = {1, 2, 5, 6, 7, 13, 24, 25};
        final int[] depths = {1, 7, 17, 33};
        for (int n = 1; n <= 70; n++) {
            final int m = rows[n % rows.length];
            final int k = depths[(n / rows.length) % depths.length];
            assertSameBits(GemmCase.of(transA, transB, m, n, k).pads(n % 3, n % 5));
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void sizesAroundTheLanesHaveTheScalarBits(boolean transA, boolean transB) {
        final int[] sizes = {0, 1, LANES - 1, LANES, LANES + 1, 4 * LANES - 1, 4 * LANES + 1};
        for (int m : sizes) {
            for (int n : sizes) {
                for (int k : new int[] {0, 1, LANES, LANES + 1, 31}) {
                    assertSameBits(GemmCase.of(transA, transB, m, n, k).pads(3, 5));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void depthThatIsCutIntoBlocksHasTheScalarBits(boolean transA, boolean transB) {
        for (int k : new int[] {1023, 1024, 1025, 1536, 2053}) {
            assertSameBits(GemmCase.of(transA, transB, 7, 2 * LANES + 3, k).pads(1, 3));
        }
        assertSameBits(GemmCase.of(transA, transB, 3, 5, 1100).from(0.5f, false).clamp(-0.5f, 0.5f));
        assertSameBits(GemmCase.of(transA, transB, 3, 5, 1100).from(1, false).clamp(0, INFINITY));
        assertSameBits(GemmCase.of(transA, transB, 3, 70, 1100).from(0, true).clamp(0, INFINITY));
    }

    @ParameterizedTest
    @CsvSource({
        "200, 5, 9", // B is packed because of the rows
        "193, 67, 3",
        "24, 3, 70", // rows of B 512 floats apart, see below
        "2, 150, 1024", // more columns than a block of B holds
        "2, 270, 1030",
        "49, 49, 49",
        "77, 83, 40", // B is read in place for more than a group of rows
        "70, 133, 2050", // the same, and k is cut
        "26, 70, 1100", // as above, and k is cut where rows of B are 512 floats apart
        "26, 66, 2048",
        "70, 30, 20", // little depth
        "27, 200, 48",
        "75, 100, 49",
        "30, 60, 12", // eight rows that overlap, in what is left of the columns too
        "23, 90, 12"
    })
    void shapesThatTakeOtherPathsHaveTheScalarBits(int m, int n, int k) {
        for (int t = 0; t < 4; t++) {
            final GemmCase of = GemmCase.of((t & 1) != 0, (t & 2) != 0, m, n, k);
            assertSameBits(of.pads(512 - of.bCols() % 512, 1));
            assertSameBits(of.from(1, false));
        }
    }

    /// One or two rows, or one column: longer and shorter than the blocks, with rests of rows, columns and
    /// depth.
    @ParameterizedTest
    @CsvSource({
        "1, 384, 4",
        "1, 1003, 33",
        "2, 1003, 34",
        "2, 399, 35",
        "1, 4200, 9", // more columns than a block
        "1, 8, 4",
        "1, 15, 31",
        "384, 1, 5",
        "1003, 1, 34",
        "8, 1, 6",
        "29, 1, 67"
    })
    void vectorsHaveTheScalarBits(int m, int n, int k) {
        for (int t = 0; t < 4; t++) {
            final GemmCase of = GemmCase.of((t & 1) != 0, (t & 2) != 0, m, n, k);
            assertSameBits(of);
            assertSameBits(of.from(0, true).clamp(0, INFINITY));
            assertSameBits(of.from(1, false).clamp(-1, 1).pads(0, 3));
            assertSameBits(of.from(0.5f, false).pads(2, 7));
        }
    }

    /// One or two rows times a transposed matrix, or a matrix times one column: around whole squares of lanes,
    /// with rests of rows and of depth, and a depth of more than one block.
    @Test
    void sumsAlongRowsHaveTheScalarBits() {
        final int[] lengths = {LANES - 1, LANES, LANES + 1, 3 * LANES - 1, 4 * LANES};
        final int[] depths = {2 * LANES - 1, 2 * LANES, 2 * LANES + 1, 97, 8 * LANES, 9 * LANES - 1};
        for (int length : lengths) {
            for (int k : depths) {
                for (boolean other : new boolean[] {false, true}) {
                    assertSumsAlongRows(GemmCase.of(other, true, 1, length, k));
                    assertSumsAlongRows(GemmCase.of(other, true, 2, length, k));
                    assertSumsAlongRows(GemmCase.of(false, other, length, 1, k));
                }
            }
        }
        for (int k : new int[] {4095, 4096 + 37, 8192 + 1}) {
            assertSameBits(GemmCase.of(true, true, 1, LANES + 3, k).from(1, false));
            assertSameBits(GemmCase.of(true, true, 1, LANES + 3, k).pads(2, 1));
            assertSameBits(GemmCase.of(false, true, 2, LANES + 3, k).pads(2, 1));
            assertSameBits(GemmCase.of(false, false, LANES + 3, 1, k).clamp(0, INFINITY));
        }
    }

    private static void assertSumsAlongRows(GemmCase of) {
        assertSameBits(of);
        assertSameBits(of.from(0, true).clamp(-1, 1).pads(0, 3));
        assertSameBits(of.from(1, false).pads(5, 1));
        assertSameBits(of.from(0.5f, false).clamp(0, INFINITY).pads(0, 1));
    }

    /// A NaN or an infinity in one row, or where it is not to be read, is nothing to the others; a sum that
    /// is a negative zero stays one.
    @Test
    void sumsAlongRowsKeepSpecialValuesApart() {
        final int length = 2 * LANES + 3;
        final int k = 3 * LANES + 2;
        for (boolean row : new boolean[] {false, true}) {
            final GemmCase of = (row ? GemmCase.of(false, true, 1, length, k) : GemmCase.of(false, false, length, 1, k))
                    .from(1, false);
            final float[] matrix = GemmCase.values(8, length * k);
            final float[] vector = GemmCase.values(9, k);
            final float[] sums = of.cValues();
            matrix[4 * k + k - 1] = Float.NaN;
            matrix[(length - 2) * k] = INFINITY;
            Arrays.fill(matrix, 6 * k, 7 * k, 0);
            Arrays.fill(matrix, (length - 1) * k, length * k, 0);
            for (int p = 0; p < k; p++) {
                vector[p] = -Math.abs(vector[p]);
            }
            sums[6] = -0f;
            sums[length - 1] = -0f;
            final float[] result = of.run(GEMM, row ? vector : matrix, row ? matrix : vector, sums);
            for (int i = 0; i < length; i++) {
                assertEquals(i == 4, Float.isNaN(result[i]), "NaN at " + i);
                assertEquals(i == length - 2, Float.isInfinite(result[i]), "infinity at " + i);
            }
            assertEquals(-0f, result[6]);
            assertEquals(-0f, result[length - 1]);
            assertSameBits(of, row ? vector : matrix, row ? matrix : vector, sums);
        }
    }

    @Test
    void fewTransposedRowsHaveTheScalarBits() {
        for (int m : new int[] {1, 3, 10, 16, 17}) {
            for (int k : new int[] {1, 31, 1030}) {
                assertSameBits(GemmCase.of(true, false, m, 150, k).pads(1, 2));
                assertSameBits(GemmCase.of(true, true, m, 150, k).from(1, false));
            }
        }
    }

    @Test
    void transposedRowsFarApartHaveTheScalarBits() {
        assertSameBits(GemmCase.of(true, false, 19, 260, 21).pads(500, 1));
        assertSameBits(GemmCase.of(true, true, 19, 300, 1030).pads(500, 2));
    }

    @Test
    void randomCasesHaveTheScalarBits() {
        final SplittableRandom random = new SplittableRandom(20);
        final float[] betas = {0, 1, 0.5f, -3};
        for (int i = 0; i < 300; i++) {
            final boolean bias = random.nextInt(3) == 0;
            GemmCase of = GemmCase.of(
                            random.nextBoolean(),
                            random.nextBoolean(),
                            random.nextInt(60),
                            random.nextInt(80),
                            random.nextInt(50))
                    .pads(random.nextInt(4), random.nextInt(9))
                    .from(bias ? 0 : betas[random.nextInt(4)], bias)
                    .seed(i);
            if (random.nextInt(3) == 0) {
                of = of.clamp(random.nextBoolean() ? 0 : -INFINITY, random.nextBoolean() ? 1 : INFINITY);
            }
            assertSameBits(of);
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

    private static float[] plain(
            Gemm gemm, int m, int n, int k, MemorySegment a, long lda, MemorySegment b, long ldb, Arena arena) {
        final MemorySegment c = arena.allocate(4L * Math.max(1, m * n), 64);
        final MemorySegment scratch = arena.allocate(4 * gemm.scratchSize(m, n, k), 64);
        gemm.multiply(
                false, false, m, n, k, a, 0, lda, b, 0, ldb, 0, c, 0, n, null, 0, -INFINITY, INFINITY, scratch, 0);
        return c.toArray(JAVA_FLOAT);
    }

    @ParameterizedTest
    @CsvSource({"20, 9, 3", "30, 35, 12", "50, 5, 1"})
    void rowsOfAMayOverlapAsThoseOfAConvolution(int m, int k, int stride) {
        try (Arena arena = Arena.ofConfined()) {
            final int n = 21;
            final float[] line = GemmCase.values(5, (m - 1) * stride + k);
            final MemorySegment overlapping = arena.allocateFrom(JAVA_FLOAT, line);
            final float[] rows = new float[m * k];
            for (int i = 0; i < m; i++) {
                System.arraycopy(line, i * stride, rows, i * k, k);
            }
            final MemorySegment explicit = arena.allocateFrom(JAVA_FLOAT, rows);
            final MemorySegment b = arena.allocateFrom(JAVA_FLOAT, GemmCase.values(6, k * n));
            assertTrue(Arrays.equals(
                    plain(GEMM, m, n, k, explicit, k, b, n, arena),
                    plain(GEMM, m, n, k, overlapping, stride, b, n, arena)));
        }
    }

    /// The patches of an image as columns: B[(dy, dx, c), (y, x)], written only where the product asks.
    private static final class Patches implements Gemm.PanelSource {
        private final float[] image;
        private final int height;
        private final int width;
        private final int channels;
        private final int kernel;

        Patches(int height, int width, int channels, int kernel) {
            this.image = GemmCase.values(3, height * width * channels);
            this.height = height;
            this.width = width;
            this.channels = channels;
            this.kernel = kernel;
        }

        int outHeight() {
            return height - kernel + 1;
        }

        int outWidth() {
            return width - kernel + 1;
        }

        float at(int p, int j) {
            final int c = p % channels;
            final int dx = p / channels % kernel;
            final int dy = p / channels / kernel;
            final int y = j / outWidth() + dy;
            final int x = j % outWidth() + dx;
            return image[(y * width + x) * channels + c];
        }

        @Override
        public void write(int k0, int rows, int j0, int cols, MemorySegment panel, long offset, long ld) {
            for (int r = 0; r < rows; r++) {
                for (int j = 0; j < cols; j++) {
                    panel.setAtIndex(JAVA_FLOAT, offset + r * ld + j, at(k0 + r, j0 + j));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"7, 6, 5, 2, 3", "13, 9, 9, 1, 2", "30, 12, 11, 3, 1", "5, 8, 8, 130, 3"})
    void productWithARoutineEqualsThatWithItsMatrix(int m, int height, int width, int channels, int kernel) {
        final Patches patches = new Patches(height, width, channels, kernel);
        final int k = kernel * kernel * channels;
        final int n = patches.outHeight() * patches.outWidth();
        final float[] matrix = new float[k * n];
        for (int i = 0; i < matrix.length; i++) {
            matrix[i] = patches.at(i / n, i % n);
        }
        for (boolean transA : new boolean[] {false, true}) {
            for (float beta : new float[] {0, 1}) {
                final GemmCase of = GemmCase.of(transA, false, m, n, k).from(beta, false);
                final float[] expected = of.run(SCALAR, of.aValues(), matrix, of.cValues());
                try (Arena arena = Arena.ofConfined()) {
                    final MemorySegment a = arena.allocateFrom(JAVA_FLOAT, of.aValues());
                    final MemorySegment c = arena.allocateFrom(JAVA_FLOAT, of.cValues());
                    final MemorySegment scratch = arena.allocate(4 * GEMM.scratchSize(m, n, k), 64);
                    GEMM.multiply(
                            transA,
                            m,
                            n,
                            k,
                            a,
                            0,
                            of.aCols(),
                            patches,
                            beta,
                            c,
                            0,
                            n,
                            null,
                            0,
                            -INFINITY,
                            INFINITY,
                            scratch,
                            0);
                    assertTrue(Arrays.equals(expected, c.toArray(JAVA_FLOAT)), of.toString());
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

    private static String refusal(Runnable call) {
        return assertThrows(IllegalArgumentException.class, call::run).getMessage();
    }

    /// A valid call of `[3, 5] · [5, 4]` that tests spoil in one place.
    private static final class Call {
        int m = 3;
        int n = 4;
        int k = 5;
        long aOffset;
        long lda = 5;
        long bOffset;
        long ldb = 4;
        long cOffset;
        long ldc = 4;
        float beta;
        MemorySegment a;
        MemorySegment b;
        MemorySegment c;
        MemorySegment bias;
        MemorySegment scratch;

        Call(Arena arena) {
            a = arena.allocate(4 * 15, 64);
            b = arena.allocate(4 * 20, 64);
            c = arena.allocate(4 * 12, 64);
            scratch = arena.allocate(4 * GEMM.scratchSize(3, 4, 5), 64);
        }

        void run() {
            GEMM.multiply(
                    false, false, m, n, k, a, aOffset, lda, b, bOffset, ldb, beta, c, cOffset, ldc, bias, 0, -INFINITY,
                    INFINITY, scratch, 0);
        }

        void runWithRoutine() {
            GEMM.multiply(
                    false,
                    m,
                    n,
                    k,
                    a,
                    aOffset,
                    lda,
                    (k0, rows, j0, cols, panel, offset, ld) -> {},
                    beta,
                    c,
                    cOffset,
                    ldc,
                    bias,
                    0,
                    -INFINITY,
                    INFINITY,
                    scratch,
                    0);
        }
    }

    private interface Spoil {
        void of(Call call, Arena arena);
    }

    private static void assertRefused(String expected, Spoil spoil) {
        try (Arena arena = Arena.ofConfined()) {
            final Call call = new Call(arena);
            call.run();
            spoil.of(call, arena);
            final String message = refusal(call::run);
            assertTrue(message.startsWith("gemm: ") && message.contains(expected), message);
        }
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
    void negativeSizesAreRefused() {
        assertRefused("m=-1", (call, arena) -> call.m = -1);
        assertRefused("n=-2", (call, arena) -> call.n = -2);
        assertRefused("k=-3", (call, arena) -> call.k = -3);
    }

    @Test
    void operandsThatDoNotFitAreRefusedByName() {
        assertRefused("gemm: A: [3, 5]", (call, arena) -> call.aOffset = 1);
        assertRefused("gemm: A:", (call, arena) -> call.aOffset = -1);
        assertRefused("gemm: A:", (call, arena) -> call.aOffset = Long.MAX_VALUE);
        assertRefused("gemm: A:", (call, arena) -> call.lda = 6);
        assertRefused("gemm: A:", (call, arena) -> call.lda = Long.MAX_VALUE / 2);
        assertRefused("gemm: A:", (call, arena) -> call.lda = -1);
        assertRefused("gemm: B: [5, 4]", (call, arena) -> call.bOffset = 1);
        assertRefused("gemm: B:", (call, arena) -> call.ldb = 5);
        assertRefused("gemm: C: [3, 4]", (call, arena) -> call.cOffset = 1);
        assertRefused("gemm: C:", (call, arena) -> call.ldc = 3);
        assertRefused("gemm: C:", (call, arena) -> call.ldc = 5);
        assertRefused("gemm: C:", (call, arena) -> call.c = call.c.asSlice(0, 44));
        assertRefused("gemm: bias:", (call, arena) -> call.bias = arena.allocate(12, 64));
        assertRefused(
                "gemm: scratch:",
                (call, arena) -> call.scratch = call.scratch.asSlice(0, call.scratch.byteSize() - Float.BYTES));
    }

    @Test
    void biasWithBetaIsRefused() {
        assertRefused("bias needs beta 0, got 1.0", (call, arena) -> {
            call.bias = arena.allocate(16, 64);
            call.beta = 1;
        });
    }

    @Test
    void readOnlyTargetsAreRefused() {
        assertRefused("C", (call, arena) -> call.c = call.c.asReadOnly());
        assertRefused("scratch", (call, arena) -> call.scratch = call.scratch.asReadOnly());
    }

    @Test
    void heapSegmentsAreRefusedByName() {
        final MemorySegment heap = MemorySegment.ofArray(new float[8192]);
        assertRefused("gemm: A: expected native memory", (call, arena) -> call.a = heap);
        assertRefused("gemm: B: expected native memory", (call, arena) -> call.b = heap);
        assertRefused("gemm: C: expected native memory", (call, arena) -> call.c = heap);
        assertRefused("gemm: bias: expected native memory", (call, arena) -> call.bias = heap);
        assertRefused("gemm: scratch: expected native memory", (call, arena) -> call.scratch = heap);
    }

    @Test
    void mappedSegmentsAreRefusedByName(@TempDir Path folder) throws IOException {
        final Path file = folder.resolve("mapped");
        Files.write(file, new byte[1 << 18]);
        try (Arena shared = Arena.ofConfined();
                FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            final MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 1 << 18, shared);
            assertRefused("gemm: A: expected native memory, got memory mapped", (call, arena) -> call.a = mapped);
            assertRefused("gemm: B: expected native memory, got memory mapped", (call, arena) -> call.b = mapped);
            assertRefused("gemm: C: expected native memory, got memory mapped", (call, arena) -> call.c = mapped);
        }
    }

    @Test
    void productsWithARoutineCheckTheirOperandsToo() {
        try (Arena arena = Arena.ofConfined()) {
            final Call call = new Call(arena);
            call.runWithRoutine();
            call.aOffset = 1;
            assertTrue(refusal(call::runWithRoutine).contains("gemm: A: [3, 5]"));
            call.aOffset = 0;
            call.cOffset = 1;
            assertTrue(refusal(call::runWithRoutine).contains("gemm: C: [3, 4]"));
            call.k = -1;
            assertTrue(refusal(call::runWithRoutine).contains("k=-1"));
        }
    }

    @Test
    void refusedCallHasWrittenNothing() {
        try (Arena arena = Arena.ofConfined()) {
            final Call call = new Call(arena);
            call.c.fill((byte) 1);
            final float[] before = call.c.toArray(JAVA_FLOAT);
            call.bOffset = 1;
            refusal(call::run);
            assertTrue(Arrays.equals(before, call.c.toArray(JAVA_FLOAT)));
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
