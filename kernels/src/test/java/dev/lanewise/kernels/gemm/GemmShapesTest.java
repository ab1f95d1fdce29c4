package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.TestedGemm.INFINITY;
import static dev.lanewise.kernels.gemm.TestedGemm.LANES;
import static dev.lanewise.kernels.gemm.TestedGemm.assertSameBits;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Products of all kinds of sizes have the definition's bits, whichever loops they go through.
class GemmShapesTest {
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

    /// Sums that start from one row may be computed twice at the edge; there are as many rows as make groups of
    /// all sizes.
    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void everyNumberOfColumnsFromABiasHasTheScalarBits(boolean transA, boolean transB) {
        final int[] rows = {8, 9, 12, 18, 23, 33, 70};
        final int[] depths = {5, 49, 97};
        for (int n = 1; n <= 9 * LANES; n++) {
            final int m = rows[n % rows.length];
            final int k = depths[n % depths.length];
            assertSameBits(GemmCase.of(transA, transB, m, n, k)
                    .pads(n % 3, n % 5)
                    .from(0, true)
                    .clamp(-1, 1));
        }
    }

    /// Laid out as rows where sums do not start from C, if there are five rows or many columns.
    @Test
    void fewTransposedRowsOfSomeDepthHaveTheScalarBits() {
        for (int m : new int[] {3, 4, 5, 9, 15}) {
            for (int n : new int[] {4 * LANES, 4 * LANES + 3, 13 * LANES - 1}) {
                for (int k : new int[] {97, 270}) {
                    final GemmCase of = GemmCase.of(true, false, m, n, k);
                    assertSameBits(of);
                    assertSameBits(of.pads(1, 2).from(0, true).clamp(-1, 1));
                    assertSameBits(of.pads(2, 1).from(0.5f, false));
                }
            }
        }
    }

    /// A transposed B of little depth, laid out in several blocks.
    @ParameterizedTest
    @ValueSource(ints = {2, 9, 10})
    void littleDepthOfVeryManyColumnsHasTheScalarBits(int k) {
        assertSameBits(GemmCase.of(false, true, 33, 16500, k).from(0, true));
        assertSameBits(GemmCase.of(true, true, 33, 16500, k).from(1, false));
    }

    /// A row goes by up to eight vectors at a time, two by up to four.
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void oneRowAndTwoOfEveryNumberOfColumnsHaveTheScalarBits(int m) {
        for (int n = 1; n <= 13 * LANES; n++) {
            final GemmCase of = GemmCase.of(n % 2 == 0, false, m, n, 9 + n % 3);
            assertSameBits(of);
            assertSameBits(of.pads(n % 3, 1).from(0, true));
            assertSameBits(of.pads(0, n % 5).from(0.5f, false));
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
        for (int k : new int[] {1025, 2047, 2048, 2049, 3075}) {
            assertSameBits(GemmCase.of(transA, transB, 7, 2 * LANES + 3, k).pads(1, 3));
        }
        assertSameBits(GemmCase.of(transA, transB, 3, 5, 2100).from(0.5f, false).clamp(-0.5f, 0.5f));
        assertSameBits(GemmCase.of(transA, transB, 3, 5, 2100).from(1, false).clamp(0, INFINITY));
        assertSameBits(GemmCase.of(transA, transB, 3, 70, 2100).from(0, true).clamp(0, INFINITY));
    }

    @ParameterizedTest
    @CsvSource({
        "200, 5, 19", // B is packed because of the rows
        "193, 67, 17",
        "193, 215, 33", // panels that are packed two at a time, and one
        "100, 530, 500", // B is read in place and is larger than L2
        "64, 260, 1031", // the same, and k is cut
        "190, 300, 1100", // for as many rows as that is done
        "8, 2100, 2003", // B is larger than caches
        "24, 3, 70", // rows of B 512 floats apart, see below
        "2, 150, 1024", // few rows and great depth
        "2, 270, 1030",
        "49, 49, 49",
        "77, 83, 40", // B is read in place and L2 may hold it
        "70, 120, 2050", // the same, and k is cut
        "26, 70, 2100", // as above, and k is cut where rows of B are 512 floats apart
        "26, 66, 2048",
        "70, 30, 20", // little depth
        "37, 70, 95", // two of k a turn
        "21, 133, 96",
        "20, 66, 97",
        "3, 70, 64", // fewer rows than that takes
        "27, 90, 64",
        "27, 90, 65",
        "75, 100, 49",
        "9, 48, 70", // three vectors of columns
        "130, 97, 200",
        "201, 112, 40",
        "30, 60, 12", // eight rows that overlap, in what is left of the columns too
        "25, 96, 70", // a last row, and four, of panels of two vectors
        "12, 35, 20",
        "6, 256, 100", // six rows
        "23, 90, 12"
    })
    void shapesThatTakeOtherPathsHaveTheScalarBits(int m, int n, int k) {
        for (int t = 0; t < 4; t++) {
            final GemmCase of = GemmCase.of((t & 1) != 0, (t & 2) != 0, m, n, k);
            assertSameBits(of.pads(512 - of.bCols() % 512, 1));
            assertSameBits(of.from(1, false));
        }
    }

    /// By three, four and five rows at a time; B in place, and copied where rows are many.
    @Test
    void everyNumberOfRowsHasTheScalarBits() {
        for (int m = 3; m <= 24; m++) {
            for (boolean transB : new boolean[] {false, true}) {
                assertSameBits(GemmCase.of(false, transB, m, 130, 97 + m).clamp(-0.5f, 1));
                assertSameBits(
                        GemmCase.of(false, transB, m, 197, 120).pads(1, m % 3).from(0, true));
            }
        }
        for (int m = 193; m <= 207; m++) {
            assertSameBits(GemmCase.of(false, false, m, 100, 101).from(0, true));
            assertSameBits(GemmCase.of(false, true, m - 160, 100, 101).from(0, true));
        }
    }

    /// A B of whole cache lines that L2 holds, which many rows read in place, and a transposed A of any.
    @Test
    void operandsReadInPlaceHaveTheScalarBits() {
        for (int n : new int[] {64, 112, 144, 272}) {
            assertSameBits(GemmCase.of(false, false, 213, n, 100).clamp(-0.5f, 1));
            assertSameBits(GemmCase.of(false, false, 193, n, 97).from(1, false));
            assertSameBits(GemmCase.of(true, false, 37, n, 150).from(0, true));
            assertSameBits(GemmCase.of(true, false, 521, n, 40).clamp(0, INFINITY));
            assertSameBits(GemmCase.of(true, false, 150, n + 3, 130).from(0.5f, false));
        }
        // k in several passes, and A copied.
        assertSameBits(GemmCase.of(true, false, 37, 64, 3100).from(0, true));
        assertSameBits(GemmCase.of(true, false, 530, 272, 140).pads(0, 2));
        // A is fetched ahead beside it.
        assertSameBits(GemmCase.of(true, false, 530, 64, 1000).from(0, true));
    }

    @Test
    void oneOrTwoRowsWithALargeBHaveTheScalarBits() {
        // More columns than are done at a time.
        assertSameBits(GemmCase.of(false, false, 1, 33_007, 41).pads(1, 2).clamp(-0.5f, 1));
        assertSameBits(GemmCase.of(false, false, 2, 17_003, 66).from(0, true));
        assertSameBits(GemmCase.of(false, false, 2, 17_003, 13).from(1, false));
        assertSameBits(GemmCase.of(true, false, 33_007, 1, 41).from(0.5f, false));
    }

    @Test
    void fewColumnsHaveTheScalarBits() {
        for (int n : new int[] {2, 3, 7, 8, 9}) {
            for (int m : new int[] {31, 32, 45, 131, 260}) {
                for (int k : new int[] {31, 32, 50, 300}) {
                    assertSameBits(GemmCase.of(false, false, m, n, k).pads(m % 3, n % 2));
                    assertSameBits(GemmCase.of(false, false, m, n, k)
                            .pads(1, 2)
                            .from(0, true)
                            .clamp(-0.5f, 1));
                }
            }
        }
        // Sums that start from C go other ways.
        assertSameBits(GemmCase.of(false, false, 45, 5, 50).from(1, false));
        assertSameBits(GemmCase.of(false, false, 45, 5, 50).from(0.5f, false));
        assertSameBits(GemmCase.of(false, false, 140, 5, 2048).pads(3, 4));
        assertSameBits(GemmCase.of(false, false, 140, 5, 2049).from(1, false));
    }

    @Test
    void fewTransposedRowsHaveTheScalarBits() {
        for (int m : new int[] {1, 3, 10, 16, 17}) {
            for (int k : new int[] {1, 31, 2060}) {
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
    void transposedRowsLaidOutAsRowsHaveTheScalarBits() {
        // Several blocks of B; k is cut because it is long, or because there are many rows, or neither.
        assertSameBits(GemmCase.of(true, false, 20, 310, 2100).clamp(-0.5f, 0.5f));
        assertSameBits(GemmCase.of(true, true, 20, 310, 2100).pads(2, 1).from(1, false));
        assertSameBits(GemmCase.of(true, false, 35, 530, 300).from(0.5f, false).clamp(0, INFINITY));
        // More rows than have room.
        assertSameBits(GemmCase.of(true, false, 2100, 300, 520)
                .pads(1, 3)
                .from(0, true)
                .clamp(0, INFINITY));
    }

    @Test
    void operandsThatAreFetchedAheadHaveTheScalarBits() {
        // A transposed A with near rows and far ones, all rows at a time and some, k in several passes.
        assertSameBits(GemmCase.of(true, false, 300, 70, 3500).pads(0, 1).clamp(-0.5f, 0.5f));
        assertSameBits(GemmCase.of(true, false, 200, 64, 5300).from(1, false));
        assertSameBits(GemmCase.of(true, true, 530, 130, 1000).pads(3, 2).from(0, true));
        // C, from a row; the last starts from C, which is not fetched (BlockingTest holds that the others are).
        assertSameBits(GemmCase.of(false, false, 620, 650, 200).pads(1, 3).clamp(0, INFINITY));
        assertSameBits(GemmCase.of(true, false, 700, 600, 193).pads(1, 2).from(0, true));
        assertSameBits(GemmCase.of(false, true, 640, 640, 192).from(1, false));
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
}
