package dev.lanewise.kernels;

import static dev.lanewise.kernels.Tested.sameBits;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The contract of [ChannelKernel] for the implementation and width of this run.
class ChannelTest {
    private static final List<Integer> ROWS = List.of(0, 1, 2, 7, 33);
    private static final double U = 0x1p-24;

    @BeforeAll
    static void sayWhatRuns() {
        Tested.print(ChannelTest.class, Tested.KERNELS.channel());
    }

    private static void check(double expected, float actual, double bound, Data data, String what) {
        // Of huge numbers and NaN only the bits count, which are compared with the definition's.
        if (data == Data.RANDOM) {
            assertEquals(expected, actual, bound, what);
        }
    }

    @ParameterizedTest
    @EnumSource
    void sumsGoDownTheColumns(Data data) {
        for (int cols : Tested.SIZES) {
            for (int rows : ROWS) {
                assertSums(data, rows, cols);
            }
        }
    }

    /// So many that they are read row by row where rows are longer than eight vectors.
    @ParameterizedTest
    @EnumSource
    void sumsOfMuchGoDownTheColumns(Data data) {
        for (int cols : new int[] {64, 129, 200, 257, 1024}) {
            assertSums(data, 65_536 / cols - 1, cols);
            assertSums(data, 65_536 / cols + 3, cols);
        }
    }

    private static void assertSums(Data data, int rows, int cols) {
        final float[] x = data.values(1, rows * cols);
        final float[] dy = data.values(2, rows * cols);
        final float[] mean = data.values(3, cols);
        final Tested.Call squares = (k, o) -> k.channel()
                .squaredDistances(
                        o[0].segment(),
                        o[0].offset(),
                        rows,
                        cols,
                        o[1].segment(),
                        o[1].offset(),
                        o[2].segment(),
                        o[2].offset());
        final Tested.Call products = (k, o) -> k.channel()
                .distanceProducts(
                        o[0].segment(),
                        o[0].offset(),
                        o[1].segment(),
                        o[1].offset(),
                        rows,
                        cols,
                        o[2].segment(),
                        o[2].offset(),
                        o[3].segment(),
                        o[3].offset());
        final String what = data + " " + rows + " x " + cols;
        final float[] s =
                sameBits(what, 1, squares, x, mean, data.values(4, cols)).get(2);
        final float[] p =
                sameBits(what, 1, products, x, dy, mean, data.values(4, cols)).get(3);
        for (int c = 0; c < cols; c++) {
            double square = 0;
            double product = 0;
            double magnitude = 0;
            for (int r = 0; r < rows; r++) {
                final double d = (double) x[r * cols + c] - mean[c];
                square += d * d;
                product += d * dy[r * cols + c];
                magnitude += Math.abs(d * dy[r * cols + c]);
            }
            check(square, s[c], (rows + 3) * U * square, data, what);
            check(product, p[c], (rows + 3) * U * magnitude, data, what);
        }
    }

    private static Tested.Call normalize(int rows, int cols, int target) {
        return (k, o) -> k.channel()
                .normalize(
                        o[0].segment(),
                        o[0].offset(),
                        o[target].segment(),
                        o[target].offset(),
                        rows,
                        cols,
                        o[2].segment(),
                        o[2].offset(),
                        o[3].segment(),
                        o[3].offset(),
                        o[4].segment(),
                        o[4].offset());
    }

    @ParameterizedTest
    @EnumSource
    void normalizationIsByChannel(Data data) {
        for (int cols : Tested.SIZES) {
            for (int rows : ROWS) {
                final float[] x = data.values(1, rows * cols);
                final float[] mean = data.values(3, cols);
                final float[] scale = data.values(4, cols);
                final float[] shift = data.values(5, cols);
                final String what = data + " " + rows + " x " + cols;
                final float[] y = sameBits(
                                what, 1, normalize(rows, cols, 1), x, data.values(2, rows * cols), mean, scale, shift)
                        .get(1);
                for (int i = 0; i < y.length; i++) {
                    final int c = i % cols;
                    final double d = (double) x[i] - mean[c];
                    final double bound = 2 * U * (Math.abs(d * scale[c]) + Math.abs(shift[c]));
                    check(d * scale[c] + shift[c], y[i], bound, data, what);
                }
                final float[] inPlace = sameBits(what, 1, normalize(rows, cols, 0), x, x, mean, scale, shift)
                        .get(0);
                assertArrayEquals(y, inPlace, what);
            }
        }
    }

    private static Tested.Call gradient(int rows, int cols, int target, boolean accumulate) {
        return (k, o) -> k.channel()
                .normalizeGradient(
                        o[0].segment(),
                        o[0].offset(),
                        o[1].segment(),
                        o[1].offset(),
                        o[target].segment(),
                        o[target].offset(),
                        rows,
                        cols,
                        o[3].segment(),
                        o[3].offset(),
                        o[4].segment(),
                        o[4].offset(),
                        o[5].segment(),
                        o[5].offset(),
                        o[6].segment(),
                        o[6].offset(),
                        accumulate);
    }

    @ParameterizedTest
    @EnumSource
    void gradientIsByChannel(Data data) {
        for (int cols : Tested.SIZES) {
            for (int rows : ROWS) {
                final float[] x = data.values(1, rows * cols);
                final float[] dy = data.values(2, rows * cols);
                final float[] before = data.values(3, rows * cols);
                final float[][] v = {
                    data.values(4, cols), data.values(5, cols), data.values(6, cols), data.values(7, cols)
                };
                final String what = data + " " + rows + " x " + cols;
                for (boolean accumulate : new boolean[] {false, true}) {
                    final float[] dx = sameBits(
                                    what, 1, gradient(rows, cols, 2, accumulate), x, dy, before, v[0], v[1], v[2], v[3])
                            .get(2);
                    for (int i = 0; i < dx.length; i++) {
                        final int c = i % cols;
                        final double d = (double) v[0][c] - x[i];
                        final double e = (double) dy[i] - v[2][c];
                        final double g = v[1][c] * (d * v[3][c] + e);
                        final double size = Math.abs(v[1][c]) * (Math.abs(d * v[3][c]) + Math.abs(e));
                        final double bound = 6 * U * (size + Math.abs(before[i]));
                        check(accumulate ? before[i] + g : g, dx[i], bound, data, what);
                    }
                }
                final float[] apart = sameBits(
                                what, 1, gradient(rows, cols, 2, false), x, dy, before, v[0], v[1], v[2], v[3])
                        .get(2);
                final float[] inPlace = sameBits(
                                what, 1, gradient(rows, cols, 1, false), x, dy, before, v[0], v[1], v[2], v[3])
                        .get(1);
                assertArrayEquals(apart, inPlace, what);
            }
        }
    }
}
