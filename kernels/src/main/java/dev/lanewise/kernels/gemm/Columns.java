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
        if (!twice) {
            return left >= NR ? NR : left > NR / 2 ? NR : LANES;
        }
        if (!FOUR_BY_FOUR) {
            return left > NR / 2 ? NR : LANES;
        }
        if (left > NR + LANES) {
            return NR;
        }
        if (left > NR) {
            // Five vectors are left. Sums of one vector have half the rate of three and two.
            return TRIPLE;
        }
        if (left > TRIPLE) {
            return cols >= NR ? NR : PAIR;
        }
        return left > PAIR ? TRIPLE : left > LANES ? PAIR : LANES;
    }

    /// The first column of the panel at `place`.
    static int start(int place, int width, int cols, boolean twice) {
        return twice && width <= cols ? Math.min(place, cols - width) : place;
    }

    /// Whether the panel of two or three vectors holds the first columns of the block and the last, of which
    /// there are less.
    static boolean split(int width, int cols, boolean twice) {
        return FOUR_BY_FOUR && twice && (width == PAIR || width == TRIPLE) && cols < width;
    }

    /// The first column of a vector of a split panel, `v` columns behind its first.
    static int startOfPart(int v, int cols) {
        return Math.min(v, cols - LANES);
    }

    /// The sum of the widths of the panels of [Blocking#NR] that are not padded.
    static int whole(int cols, boolean twice) {
        int whole = cols / NR * NR;
        if (twice && whole > 0 && whole < cols) {
            if (FOUR_BY_FOUR && cols - whole <= LANES) {
                whole -= NR;
            } else if (width(whole, cols, true) == NR) {
                whole += NR;
            }
        }
        return whole;
    }

    /// Whether the panel is read from a B `[k, n]` as it lies, if the whole ones are.
    static boolean inPlace(int width, int cols, boolean twice) {
        return FOUR_BY_FOUR && twice && (width == TRIPLE || (width == PAIR && cols >= PAIR));
    }

    /// Whether one of the panels is of one vector.
    static boolean narrow(int cols, boolean twice) {
        int width = NR;
        for (int place = whole(cols, twice); place < cols; place += width) {
            width = width(place, cols, twice);
        }
        return width == LANES;
    }
}
