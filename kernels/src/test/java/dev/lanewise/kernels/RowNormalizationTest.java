package dev.lanewise.kernels;

import static dev.lanewise.kernels.Tested.SIZES;
import static dev.lanewise.kernels.Tested.sameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The contract of [RowNormalizationKernel] for the implementation and width of this run.
class RowNormalizationTest {
    private static final int ROWS = 3;

    private static final int[] ORDER = {32, 16, 1, 2, 4, 8};

    @BeforeAll
    static void sayWhatRuns() {
        Tested.print(RowNormalizationTest.class, Tested.KERNELS.rowNormalization());
    }

    private static void assertBits(float expected, float actual, String what) {
        assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(actual), what);
    }

    @ParameterizedTest
    @EnumSource
    void momentsAndSquaresTakeTheOrderOfSums(Data data) {
        for (int cols : SIZES) {
            float[] x = data.values(cols, ROWS * cols);
            Tested.Call moments = (k, o) -> k.rowNormalization()
                    .moments(
                            o[0].segment(),
                            o[0].offset(),
                            ROWS,
                            cols,
                            o[1].segment(),
                            o[1].offset(),
                            o[2].segment(),
                            o[2].offset());
            List<float[]> after = sameBits(data + " cols=" + cols, 1, moments, x, new float[ROWS], new float[ROWS]);
            Tested.Call squares = (k, o) -> k.rowNormalization()
                    .squares(o[0].segment(), o[0].offset(), ROWS, cols, o[1].segment(), o[1].offset());
            float[] sums = sameBits(data + " cols=" + cols, 1, squares, x, new float[ROWS])
                    .get(1);
            for (int r = 0; r < ROWS; r++) {
                float[] row = java.util.Arrays.copyOfRange(x, r * cols, (r + 1) * cols);
                float mean = ReductionTest.sum(row, ORDER) / cols;
                float[] deviations = new float[cols];
                float[] products = new float[cols];
                for (int c = 0; c < cols; c++) {
                    deviations[c] = (row[c] - mean) * (row[c] - mean);
                    products[c] = row[c] * row[c];
                }
                String what = data + " cols=" + cols + " row " + r;
                assertBits(mean, after.get(1)[r], what);
                assertBits(ReductionTest.sum(deviations, ORDER) / cols, after.get(2)[r], what);
                assertBits(ReductionTest.sum(products, ORDER), sums[r], what);
            }
        }
    }

    /// Rows of whole vectors, as many as more than one block.
    @Test
    void momentsOfManyRowsHaveTheSameBits() {
        for (int cols : List.of(64, 192, 768)) {
            int rows = 66_000 / cols;
            Tested.Call moments = (k, o) -> k.rowNormalization()
                    .moments(
                            o[0].segment(),
                            o[0].offset(),
                            rows,
                            cols,
                            o[1].segment(),
                            o[1].offset(),
                            o[2].segment(),
                            o[2].offset());
            float[] x = Data.RANDOM.values(cols, rows * cols);
            sameBits("cols=" + cols, 1, moments, x, new float[rows], new float[rows]);
        }
    }

    @ParameterizedTest
    @EnumSource
    void rowsAreNormalized(Data data) {
        for (int cols : SIZES) {
            float[] x = data.values(1, ROWS * cols);
            float[] center = data.values(2, ROWS);
            float[] factor = data.values(3, ROWS);
            float[] gamma = data.values(4, cols);
            float[] beta = data.values(5, cols);
            Tested.Call call = (k, o) -> k.rowNormalization()
                    .normalize(
                            o[0].segment(),
                            o[0].offset(),
                            ROWS,
                            cols,
                            o[1].segment(),
                            o[1].offset(),
                            o[2].segment(),
                            o[2].offset(),
                            o[3].segment(),
                            o[3].offset(),
                            o[4].segment(),
                            o[4].offset(),
                            o[5].segment(),
                            o[5].offset());
            String what = data + " cols=" + cols;
            float[] y = sameBits(what, 1, call, x, center, factor, gamma, beta, new float[ROWS * cols])
                    .get(5);
            for (int i = 0; i < y.length; i++) {
                float n = (x[i] - center[i / cols]) * factor[i / cols];
                assertBits(Math.fma(n, gamma[i % cols], beta[i % cols]), y[i], what);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void gradientsOfRowsAndOfGamma(Data data) {
        for (int cols : SIZES) {
            for (boolean accumulate : List.of(false, true)) {
                float[] dy = data.values(1, ROWS * cols);
                float[] x = data.values(2, ROWS * cols);
                float[] center = data.values(3, ROWS);
                float[] factor = data.values(4, ROWS);
                float[] gamma = data.values(5, cols);
                float[] a = data.values(6, ROWS);
                float[] b = data.values(7, ROWS);
                float[] dx = data.values(8, ROWS * cols);
                Tested.Call sums = (k, o) -> k.rowNormalization()
                        .gradientSums(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                ROWS,
                                cols,
                                o[2].segment(),
                                o[2].offset(),
                                o[3].segment(),
                                o[3].offset(),
                                o[4].segment(),
                                o[4].offset(),
                                o[5].segment(),
                                o[5].offset(),
                                o[6].segment(),
                                o[6].offset());
                String what = data + " cols=" + cols;
                List<float[]> summed =
                        sameBits(what, 1, sums, dy, x, center, factor, gamma, new float[ROWS], new float[ROWS]);
                Tested.Call gradient = (k, o) -> k.rowNormalization()
                        .gradient(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                ROWS,
                                cols,
                                o[2].segment(),
                                o[2].offset(),
                                o[3].segment(),
                                o[3].offset(),
                                o[4].segment(),
                                o[4].offset(),
                                o[5].segment(),
                                o[5].offset(),
                                o[6].segment(),
                                o[6].offset(),
                                o[7].segment(),
                                o[7].offset(),
                                accumulate);
                float[] got = sameBits(what, 1, gradient, dy, x, center, factor, gamma, a, b, dx)
                        .get(7);
                Tested.Call ofGamma = (k, o) -> k.rowNormalization()
                        .gammaGradient(
                                o[0].segment(),
                                o[0].offset(),
                                o[1].segment(),
                                o[1].offset(),
                                ROWS,
                                cols,
                                cols,
                                o[2].segment(),
                                o[2].offset(),
                                o[3].segment(),
                                o[3].offset(),
                                o[4].segment(),
                                o[4].offset(),
                                accumulate);
                float[] dGamma =
                        sameBits(what, 1, ofGamma, dy, x, center, factor, gamma).get(4);
                for (int r = 0; r < ROWS; r++) {
                    float[] g = new float[cols];
                    float[] products = new float[cols];
                    for (int c = 0; c < cols; c++) {
                        int i = r * cols + c;
                        g[c] = dy[i] * gamma[c];
                        products[c] = g[c] * (x[i] - center[r]);
                        float n = (x[i] - center[r]) * factor[r];
                        float d = (g[c] - a[r] - n * b[r]) * factor[r];
                        assertBits(accumulate ? dx[i] + d : d, got[i], what);
                    }
                    assertBits(ReductionTest.sum(g, ORDER), summed.get(5)[r], what);
                    assertBits(ReductionTest.sum(products, ORDER) * factor[r], summed.get(6)[r], what);
                }
                for (int c = 0; c < cols; c++) {
                    float sum = 0;
                    for (int r = 0; r < ROWS; r++) {
                        int i = r * cols + c;
                        sum += dy[i] * ((x[i] - center[r]) * factor[r]);
                    }
                    assertBits(accumulate ? gamma[c] + sum : sum, dGamma[c], what);
                }
            }
        }
    }
}
