package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.Blocking.FOUR_BY_FOUR;
import static dev.lanewise.kernels.gemm.Blocking.NR;
import static dev.lanewise.kernels.simd.Simd.LANES;

/// How the columns of a block fall into panels: whole ones of [Blocking#NR], then narrower ones, each at its
/// `place`, which is the sum of the widths before it.
///
/// `twice` says whether a column may be computed twice, which it may where sums start from one row and not
/// from C. Then the last panel ends with the last column, and takes in some of the panel before; it is read and
/// written like any other. Otherwise it is padded: columns beyond the last are zeros, and C's part goes through
/// a strip of scratch.
final class Columns {
    private static final int PAIR = 2 * LANES;

    /// Columns of [SimdMicroKernel4x3] (measured on a Zen 4, GFLOP/s with it and with panels of four, two and one
    /// vector alone: 105 and 82 for 48 x 48 x 48, 102 and 90 for 128 x 512 x 100, 106 and 101 for 128 x 128 x 300).
    static final int TRIPLE = SimdMicroKernel4x3.VECTORS * LANES;

    private Columns() {}

    /// Whether columns may be computed twice.
    ///
    /// @param initFromC whether sums start from C
    static boolean twice(boolean initFromC, boolean transA, int m) {
        return !initFromC && (!FOUR_BY_FOUR || !transA || m >= SimdMicroKernel8x2.ROWS);
    }

    /// Columns of the panel at `place`.
    static int width(int place, int cols, boolean twice) {
        final int left = cols - place;
        if (left >= NR) {
            return NR;
        }
        if (!twice) {
            return left > NR / 2 ? NR : LANES;
        }
        if (FOUR_BY_FOUR && left > PAIR && left <= TRIPLE && cols >= TRIPLE) {
            return TRIPLE;
        }
        if (left > NR / 2 && (!FOUR_BY_FOUR || cols >= NR)) {
            return NR;
        }
        return FOUR_BY_FOUR && left > LANES ? PAIR : LANES;
    }

    /// The first column of the panel at `place`.
    static int start(int place, int width, int cols, boolean twice) {
        return twice && width <= cols ? Math.min(place, cols - width) : place;
    }

    /// Whether the panel of two vectors holds the first columns of the block and the last, of which there are
    /// less than two vectors.
    static boolean split(int width, int cols, boolean twice) {
        return FOUR_BY_FOUR && twice && width == PAIR && cols < PAIR;
    }

    /// The sum of the widths of the panels of [Blocking#NR] that are not padded.
    static int whole(int cols, boolean twice) {
        final int whole = cols / NR * NR;
        final boolean more = twice && whole > 0 && whole < cols && width(whole, cols, true) == NR;
        return more ? whole + NR : whole;
    }

    /// Whether the panel is read from a B `[k, n]` as it lies, if the whole ones are.
    static boolean inPlace(int width, int cols, boolean twice) {
        return FOUR_BY_FOUR && twice && (width == PAIR || width == TRIPLE) && cols >= width;
    }

    /// Whether one of the panels is of one vector.
    static boolean narrow(int cols, boolean twice) {
        int width = NR;
        for (int place = cols / NR * NR; place < cols; place += width) {
            width = width(place, cols, twice);
        }
        return width == LANES;
    }
}
