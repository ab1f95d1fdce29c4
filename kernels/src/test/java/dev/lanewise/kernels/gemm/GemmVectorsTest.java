package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.TestedGemm.GEMM;
import static dev.lanewise.kernels.gemm.TestedGemm.INFINITY;
import static dev.lanewise.kernels.gemm.TestedGemm.LANES;
import static dev.lanewise.kernels.gemm.TestedGemm.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Products in which one matrix is a vector, or two: they have loops of their own.
class GemmVectorsTest {
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
}
