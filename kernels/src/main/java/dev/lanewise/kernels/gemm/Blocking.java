package dev.lanewise.kernels.gemm;

import dev.lanewise.kernels.simd.Simd;

/// Sizes of the blocks that a product is cut into; by shapes alone, never by what was measured at run time.
final class Blocking {
    /// Whether the wide micro-kernel is 4 rows of 4 vectors; otherwise 6 rows of 2, for CPUs of 16 vector
    /// registers.
    static final boolean FOUR_BY_FOUR = Simd.LANES == 16;

    /// Rows and columns of the wide micro-kernel.
    static final int MR = FOUR_BY_FOUR ? SimdMicroKernel4x4.ROWS : SimdMicroKernel6x2.ROWS;

    static final int NR = (FOUR_BY_FOUR ? SimdMicroKernel4x4.VECTORS : SimdMicroKernel6x2.VECTORS) * Simd.LANES;

    /// Rows of the narrow micro-kernel; its columns are one vector.
    static final int NARROW_MR = SimdMicroKernel8x1.ROWS;

    /// Rows of A that are done panel by panel of B, and of a packed panel of A: a multiple of both
    /// micro-kernels' rows and of the vector's lanes.
    static final int PANEL_ROWS = FOUR_BY_FOUR ? 16 : 24;

    /// Up to here [#kc] does not cut k: streaming B from L2 costs less than a second pass over C (measured on a Zen 5:
    /// 252 against 237 GFLOP/s for 1536 x 1536 x 1536, 261 against 250 for 784 x 1152 x 128).
    static final int KC_WHOLE = 2048;

    private static final int KC = 1024;

    /// Products that one pass takes of a B that is read in place and is in no cache, or whose rows fall on few
    /// sets.
    private static final int KC_FAR = 512;

    /// With fewer rows of A, a panel of B is hardly read again.
    private static final int FEW_ROWS = 24;

    /// With so many, a B that L2 does not hold is copied into panels.
    private static final int MANY_ROWS = 192;

    /// Rows of B of which L2 can hold that many parts of a panel are apart by no large power of two.
    private static final int ROWS_APART = 512;

    /// Rows of A that are done panel by panel of a B that is read in place: with wide vectors all, so that a
    /// panel comes from beyond L2 but once.
    static final int GROUP_ROWS = FOUR_BY_FOUR ? MANY_ROWS : 4 * PANEL_ROWS;

    /// Depth up to which [SimdMicroKernel4x4Shallow] is the micro-kernel for an A that lies as rows.
    private static final int SHALLOW_WIDE = 96;

    /// Depth up to which [SimdMicroKernel8x2#shallow] is the micro-kernel (measured on a Zen 4: 101 against 96
    /// GFLOP/s for 4096 x 64 x 32, no difference at a depth of 100).
    static final int SHALLOW_HALF = 64;

    /// Depth up to which a product with a transposed A is computed as its transpose for no more columns than a
    /// vector has.
    static final int SHALLOW_TRANSPOSED = 48;

    /// Depth up to which [SimdMicroKernel8x2#columns] is the micro-kernel for a transposed A.
    static final int SHALLOW_COLUMNS = 128;

    /// A usual L2, of sixteen ways, and its lines.
    private static final int L2_BYTES = 1024 * 1024;

    /// What a product may hope to find in caches of its B.
    private static final long CACHES_BYTES = 16L * 1024 * 1024;

    /// The largest B that many rows read in place: it has to stay in L2 beside A and C.
    private static final int MANY_ROWS_BYTES = 3 * L2_BYTES / 4;

    private static final int LINE_BYTES = 64;

    /// Floats of one block of B: half of a usual L2 of 1 MiB.
    private static final int B_BLOCK = 128 * 1024;

    /// The most floats of a transposed A that are laid out as rows at a time.
    static final int MAX_TURNED = 1088 * 1024;

    /// The least of k that one pass takes so that more rows of such an A have room.
    private static final int KC_TURNED = 512;

    /// What is fetched ahead has this much of a C at least.
    private static final long FETCHED_C_BYTES = 3L * L2_BYTES / 2;

    /// Products that are added to an element of such a C before it is stored: with less, nothing is gained.
    private static final int FETCHED_C_DEPTH = 192;

    /// Products that one pass takes where a transposed A is fetched ahead: so many that parts of its rows are
    /// long enough for prefetchers.
    private static final int KC_FETCHED = 512;

    private Blocking() {}

    /// Whether [SimdMicroKernel4x4Shallow] is the micro-kernel for whole rows, where sums do not start from C.
    static boolean shallow(int kc) {
        return FOUR_BY_FOUR && kc <= SHALLOW_WIDE;
    }

    /// Whether [SimdMicroKernel8x2] is the micro-kernel for whole panels, half a panel at a time, where sums do
    /// not start from C: for a transposed A of little depth, and for one that lies as rows where B is read in
    /// place and L2 holds it (on a Zen 5 257 against 235 GFLOP/s by the micro-kernel of 4 x 4 for 128 x 784 x
    /// 128, on a Zen 4 115 against 116), with few rows. From further away lines come sooner by whole panels, four
    /// of a row together (on a Zen 4 109 GFLOP/s for 32 x 256 x 3072, by halves 99); so they do with many rows
    /// (108 against 93 for 512 x 512 x 512).
    ///
    /// @param packed whether B is copied into panels
    static boolean halves(boolean transA, boolean packed, int m, int n, int k, int kc) {
        if (!FOUR_BY_FOUR) {
            return false;
        }
        return transA ? kc <= SHALLOW_COLUMNS : !packed && m < MANY_ROWS && !shallow(kc) && inL2(n, k);
    }

    /// Whether so many rows are done by halves of a panel: not a few that are no multiple of eight, which the
    /// micro-kernels of five, four and three rows leave none of over (measured on a Zen 4: 103 against 85
    /// GFLOP/s for 10 x 128 x 906). A transposed A has at least eight.
    static boolean byHalves(boolean transA, int rows) {
        final int eight = SimdMicroKernel8x2.ROWS;
        return rows >= eight && (transA || rows % eight == 0 || rows > 4 * eight);
    }

    /// Rows that the micro-kernel of five takes, so that four take all others: none if there are too few of
    /// them, or for little depth.
    static int rowsByFive(int rows, int kc) {
        final int byFive = SimdMicroKernel5x4.ROWS * (rows % SimdMicroKernel4x4.ROWS);
        return FOUR_BY_FOUR && byFive <= rows && !shallow(kc) ? byFive : 0;
    }

    /// Products that one pass takes, at least 1: all, or equal parts of about [#KC].
    static int kc(int k) {
        if (k <= KC_WHOLE) {
            return Math.max(1, k);
        }
        return parts(k);
    }

    private static int parts(int k) {
        return part(k, (k + KC - 1) / KC);
    }

    /// The longest of `parts` parts, as equal as they can be.
    private static int part(int k, int parts) {
        return (k + parts - 1) / parts;
    }

    /// Columns of B in one block, a multiple of [#NR].
    static int nc(int kc) {
        return Math.max(1, B_BLOCK / kc / NR) * NR;
    }

    /// Floats of the largest block of B with up to `kc` products a pass.
    static int maxBlock(int kc) {
        return Math.max(B_BLOCK, kc * NR);
    }

    /// Whether a transposed A is copied into panels for a product with `n` columns. The micro-kernel of 4 x 4
    /// has the time for the bounds checks that reading it in place costs; the others lose 10 to 25 % by them.
    /// With rows far apart each read costs a page, and falls on the same few cache sets: the copy pays where
    /// many columns use it (measured on a Zen 5: 227 against 156 GFLOP/s for 1024 x 1024 x 1024, but 227
    /// against 241 for 576 x 3136 x 64).
    ///
    /// @param narrow whether there are panels of one vector, whose micro-kernel takes no other A
    /// @param fetched whether A is fetched ahead
    static boolean packTransposedA(int n, long lda, boolean narrow, boolean fetched) {
        return !FOUR_BY_FOUR || narrow || (!fetched && n >= 256 && lda >= 512);
    }

    /// Rows of the next group when `left` are left. With `whole` no group has less rows than the
    /// micro-kernel of 8 x 2.
    static int rows(int left, int group, boolean whole) {
        return whole && left > group && left < group + SimdMicroKernel8x2.ROWS
                ? left - SimdMicroKernel8x2.ROWS
                : Math.min(group, left);
    }

    /// Whether a transposed A is laid out as rows first: the rows are read by the quicker micro-kernel, and
    /// once for all blocks of B, so it pays where there are several, or few rows, for which most Bs can then stay
    /// where they are. Rows apart by a power of two are slow to read in place (measured on a Zen 5: 245 against
    /// 195 GFLOP/s for 1024 x 1024 x 1024, 211 against 175 for 512 x 2000 x 128, but 217 against 253 for
    /// 1000 x 1500 x 192), unless they are fetched ahead (on a Zen 4: 106 against 89 for the second).
    static boolean turnA(int m, int n, int k, long lda) {
        if (m <= PANEL_ROWS) {
            return n >= 2 * NR;
        }
        if (!FOUR_BY_FOUR || n <= nc(kc(k))) {
            return false;
        }
        return fetchA(m, n, k, lda) ? n >= 512 : n >= 300 || (n >= 128 && lda % 128 == 0);
    }

    /// Whether a transposed A of few rows is laid out as rows for fewer columns too, where sums do not start
    /// from C: it is soon done, and the deep micro-kernels do not take it as it lies (measured on a Zen 4,
    /// GFLOP/s laid out and as it lies: 85 and 49 for 5 x 306 x 117, 81 and 64 for 3 x 393 x 242, 92 and 79 for
    /// 4 x 1000 x 300; but 50 and 71 for 3 x 97 x 64, 64 and 74 for 4 x 100 x 100, 72 and 76 for
    /// 4 x 1500 x 300, whose k is cut).
    static boolean turnFew(int m, int n, int k) {
        if (!FOUR_BY_FOUR || m <= 2 || m >= Simd.LANES || shallow(k)) {
            return false;
        }
        return m > SimdMicroKernel4x4.ROWS ? n >= NR : n >= 3 * NR && k >= 256 && k <= KC;
    }

    /// Whether a transposed A, stored as `[k, m]`, is fetched ahead where it is not laid out as rows. A group of
    /// rows of Aᵀ reads a line of each row of A, which the CPU foresees only where these lines are near each
    /// other, and waits for each if they come from memory (measured on a Zen 4, whose peak is 119 GFLOP/s: 93
    /// against 57 for 147 x 12544 x 64, 95 against 75 for 600 x 4000 x 64, 99 against 68 for 2048 x 1000 x 64,
    /// and no difference for 1152 x 784 x 128).
    static boolean fetchA(int m, int n, int k, long lda) {
        // All of A, of which a thread may have some columns.
        final long bytes = Float.BYTES * lda * k;
        return FOUR_BY_FOUR
                && m > PANEL_ROWS
                && n >= NR
                && (bytes > 4 * L2_BYTES || (bytes > 2 * L2_BYTES && lda >= 512));
    }

    /// Products that one pass takes of a transposed A that is fetched ahead; never more than [#kc], which scratch
    /// is sized for.
    static int kcFetched(int k) {
        return k <= KC_FETCHED ? Math.max(1, k) : part(k, (k + KC_FETCHED - 1) / KC_FETCHED);
    }

    /// Rows of Aᵀ that are fetched ahead at a time, which stay in half of L2.
    static int rowsFetched(int kc) {
        return Math.max(1, B_BLOCK / kc / PANEL_ROWS) * PANEL_ROWS;
    }

    /// Whether the lines of C that a group of rows will store to are fetched ahead. A store to a line that is in
    /// no cache has to wait for it, and only so many wait at a time (measured on a Zen 4, whose peak is 119
    /// GFLOP/s: 107 against 100 for 1024 x 256 x 1024, 109 against 105 for 1024 x 512 x 4096).
    static boolean fetchC(int m, int n, int kc) {
        return FOUR_BY_FOUR && kc >= FETCHED_C_DEPTH && (long) Float.BYTES * m * n >= FETCHED_C_BYTES;
    }

    /// Floats between the rows that a transposed A is laid out as, for `kc` products: not a power of two,
    /// whose multiples fall on the same few cache sets.
    static int turnedLd(int kc) {
        return (kc + Simd.LANES - 1) / Simd.LANES * Simd.LANES + Simd.LANES;
    }

    /// Products that one pass takes where a transposed A is laid out as rows: so many that all `m` rows have
    /// room and B is copied but once, if that leaves no less than [#KC_TURNED]; with so few, passes over C
    /// cost more.
    static int kcTurned(int m, int k) {
        final int whole = kc(k);
        final long parts = ((long) m * turnedLd(whole) + MAX_TURNED - 1) / MAX_TURNED;
        return Math.clamp(part(whole, Math.clamp(parts, 1, whole)), Math.min(whole, KC_TURNED), whole);
    }

    /// Rows that a transposed A is laid out as at a time.
    static int turnedRows(int kc) {
        return MAX_TURNED / turnedLd(kc) / PANEL_ROWS * PANEL_ROWS;
    }

    /// Whether B, stored as `[k, n]`, is copied into panels. It is read once for each few rows of A, so with
    /// many rows the copy is cheap. With fewer it is not: the CPU reads a panel from further caches while it
    /// multiplies the panel by the first rows, and all other rows find it in L2 (measured on a Zen 4, GFLOP/s
    /// in place and copied: 104 and 83 for 32 x 768 x 3072, 109 and 91 for 24 x 1024 x 1024, 111 and 106 for
    /// 128 x 1024 x 1024; with B in memory 77 and 68 for the first, 90 and 86 for 64 x 1024 x 1024).
    ///
    /// A B that L2 holds beside A and C is read in place for any number of rows, if its rows are whole cache
    /// lines and not so few that a copy would stay in L1 (111 and 107 for 384 x 384 x 384, 114 and 110 for
    /// 192 x 192 x 192; but 94 and 98 for 1000 x 300 x 100, whose lines are split, 107 and 109 for 1000 x 64 x
    /// 128, 96 and 103 for 1024 x 256 x 1024, whose rows are a power of two apart, and 91 to 110 against 100
    /// to 106 for 512 x 512 x 512, which fills L2). Nor under a C that is fetched ahead, which takes the place
    /// of B: 93 and 102 for 4096 x 256 x 256.
    ///
    /// For a transposed A, which is read with bounds checks anyway, this holds for any depth, and no other B
    /// is read in place (113 and 109 for 128 x 128 x 128, 115 and 106 for 64 x 4096 x 64, 103 and 97 for 64 x
    /// 300 x 200).
    ///
    /// With vectors of less than 16 lanes it is also copied where a panel does not stay in L2.
    static boolean packB(boolean transA, int m, int n, int k, long ldb) {
        final boolean many = m >= MANY_ROWS;
        if (!transA && !many) {
            return !FOUR_BY_FOUR && m >= FEW_ROWS && kcInPlace(m, n, k, ldb) > (m < 40 ? 2 : 1) * rowsInL2(ldb);
        }
        return !inL2(n, k)
                || rowsInL2(ldb) < Math.max(k, ROWS_APART)
                || (many && (ldb % Simd.LANES != 0 || (long) Float.BYTES * n * k > MANY_ROWS_BYTES))
                || (many && fetchC(m, n, k))
                || (!transA && k <= SHALLOW_WIDE);
    }

    /// Rows of A that are done panel by panel of B.
    ///
    /// @param packed whether A or B is copied into panels
    static int group(boolean packed, int n, int k) {
        if (packed) {
            return PANEL_ROWS;
        }
        return inL2(n, k) ? 4 * PANEL_ROWS : GROUP_ROWS;
    }

    /// Whether wide vectors find all of B in L2.
    private static boolean inL2(int n, int k) {
        return FOUR_BY_FOUR && (long) Float.BYTES * n * k <= L2_BYTES;
    }

    /// Products that one pass takes where B is read in place: all, if that much of a panel stays in L2, or
    /// if it is hardly read again. Where B is larger than L2, so many that a panel and rows of A stay there;
    /// half as many where it is in no cache or its rows fall on few sets (measured on a Zen 4: 75 GFLOP/s for
    /// 32 x 4096 x 4096 and 77 for 32 x 1024 x 4096, 56 and 58 with twice as many).
    static int kcInPlace(int m, int n, int k, long ldb) {
        final long bytes = (long) Float.BYTES * k * n;
        if (FOUR_BY_FOUR && bytes > L2_BYTES) {
            final int kc = parts(k);
            return bytes > CACHES_BYTES || kc > 4 * rowsInL2(ldb) ? part(k, (k + KC_FAR - 1) / KC_FAR) : kc;
        }
        return k <= KC_WHOLE && (m < FEW_ROWS || k <= rowsInL2(ldb)) ? Math.max(1, k) : parts(k);
    }

    /// Rows of B whose parts of one panel are in L2 together: rows apart by a multiple of a large power of two
    /// fall on the same few sets.
    private static long rowsInL2(long ldb) {
        return L2_BYTES / Math.max(LINE_BYTES, Long.lowestOneBit(Float.BYTES * ldb));
    }
}
