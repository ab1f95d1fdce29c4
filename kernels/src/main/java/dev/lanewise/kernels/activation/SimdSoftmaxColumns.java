package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.SWAP_8;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.lanewise.kernels.reduction.LaneSum;
import java.lang.foreign.MemorySegment;
import java.util.function.IntUnaryOperator;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Rows of 2 to 10 floats (of 2 for losses alone, see [SimdSoftmaxPairs]), eight at a time, turned into vectors of
/// columns: vector `j` has column `2 j` of the
/// eight rows in its lower half and column `2 j + 1` in its upper half. A row's maximum and its sum are then
/// those of as many vectors, for eight rows at once, where a row in a vector of its own must be folded.
///
/// The columns of eight rows lie where the rows will. A vector is stored in any case: those without columns
/// go where the last one that has some is stored after them. If the number of columns is odd that one reaches
/// half a vector into what follows, as the last row does when all is turned back.
public final class SimdSoftmaxColumns {
    /// Rows that are turned together.
    public static final int TOGETHER = 8;

    /// Floats. While so few are computed, the CPU has fetched the next ones ahead of their use: with 16,384 the
    /// times of memory and of computing add up (measured: 0.47 against 0.35 ns an element), with less than
    /// half as many the starts of the loops do.
    private static final int STRIP = 640;

    private static final int FEWEST = 2;
    private static final int MOST = 10;

    /// Of two vectors the lower halves, and the upper halves.
    private static final FloatVector LOWS = FloatVector.fromArray(SPECIES, lanes(i -> i < 8 ? i : i + 8), 0);

    private static final FloatVector HIGHS = FloatVector.fromArray(SPECIES, lanes(i -> i < 8 ? i + 8 : i + 16), 0);

    /// The columns in the lower half of a row, and those in its upper half, for two rows.
    private static final FloatVector LOW_COLUMNS = FloatVector.fromArray(SPECIES, lanes(i -> i % 8), 0);

    private static final FloatVector HIGH_COLUMNS = FloatVector.fromArray(SPECIES, lanes(i -> i % 8 + 8), 0);

    /// Where the second vector of two begins.
    private static final FloatVector SECOND = FloatVector.fromArray(SPECIES, lanes(i -> i < 8 ? 0 : LANES), 0);

    /// Of two vectors, each with eight columns of two rows: the first four, or last four, columns of the four
    /// rows one after the other.
    private static final FloatVector QUADS_LOW = FloatVector.fromArray(SPECIES, lanes(i -> i % 4 * 8 + i / 4), 0);

    private static final FloatVector QUADS_HIGH = FloatVector.fromArray(SPECIES, lanes(i -> i % 4 * 8 + i / 4 + 4), 0);

    /// Of two vectors, each with four columns of four rows: the first two, or last two, columns of the eight
    /// rows.
    private static final FloatVector PAIRS_LOW =
            FloatVector.fromArray(SPECIES, lanes(i -> i / 8 * 4 + i % 4 + i % 8 / 4 * 16), 0);

    private static final FloatVector PAIRS_HIGH =
            FloatVector.fromArray(SPECIES, lanes(i -> i / 8 * 4 + i % 4 + i % 8 / 4 * 16 + 8), 0);

    /// Of two vectors, each with two columns of eight rows: the four columns of the first four, or last four,
    /// rows.
    private static final FloatVector ROWS_LOW = FloatVector.fromArray(SPECIES, lanes(i -> i / 4 * 8 + i % 4), 0);

    private static final FloatVector ROWS_HIGH = FloatVector.fromArray(SPECIES, lanes(i -> i / 4 * 8 + i % 4 + 4), 0);

    /// Of two vectors, each with four columns of four rows: the eight columns of the first two, or last two,
    /// rows one after the other.
    private static final FloatVector TWO_LOW =
            FloatVector.fromArray(SPECIES, lanes(i -> i % 8 / 4 * 16 + i % 4 * 4 + i / 8), 0);

    private static final FloatVector TWO_HIGH =
            FloatVector.fromArray(SPECIES, lanes(i -> i % 8 / 4 * 16 + i % 4 * 4 + i / 8 + 2), 0);

    private SimdSoftmaxColumns() {}

    private static float[] lanes(IntUnaryOperator source) {
        float[] lanes = new float[LANES];
        for (int i = 0; i < LANES; i++) {
            lanes[i] = source.applyAsInt(i);
        }
        return lanes;
    }

    /// Whether rows of such a length can be turned, by vectors of such a width.
    public static boolean arePossible(int cols) {
        return LANES == LaneSum.ROW && cols >= FEWEST && cols <= MOST;
    }

    /// How many groups of rows, from the first on, leave a vector behind them.
    public static int groups(int rows, int cols) {
        return (int) Math.max(0, ((long) rows * cols - LANES) / (TOGETHER * (long) cols));
    }

    /// How many groups are worked on in each step before the next one.
    public static int groupsOfStrip(int cols) {
        return STRIP / (TOGETHER * cols);
    }

    /// Calls on nothing of its loops, see [dev.lanewise.kernels.EmptyCalls].
    public static void callEmpty(MemorySegment s, int times) {
        for (int i = 0; i < times; i++) {
            subtractMaxima(s, 0, s, 0, 0, MOST);
            divideBySums(s, 0, 0, MOST);
            turnBack(s, 0, 0, MOST);
        }
    }

    /// Softmax of groups of rows; `y` does not overlap `x`.
    static void forward(MemorySegment x, long xo, MemorySegment y, long yo, int groups, int cols) {
        int strip = groupsOfStrip(cols);
        for (int g = 0; g < groups; g += strip) {
            int count = Math.min(strip, groups - g);
            int n = count * TOGETHER * cols;
            long at = (long) g * TOGETHER * cols;
            subtractMaxima(x, xo + at, y, yo + at, count, cols);
            SimdSoftmax.exponentials(y, yo + at, 0, y, yo + at, n, false);
            divideBySums(y, yo + at, count, cols);
        }
    }

    /// The vector that is stored last where vector `j` would lie.
    public static long slot(int j, int cols) {
        return 4L * LANES * Math.min(j, (cols - 1) / 2);
    }

    /// Bits for the lanes of vector `j` with columns beyond the last.
    public static long beyond(int j, int cols) {
        return (2 * j < cols ? 0 : 0xffL) | (2 * j + 1 < cols ? 0 : 0xff00L);
    }

    /// `y = x - max(x)`, turned.
    public static void subtractMaxima(MemorySegment x, long xo, MemorySegment y, long yo, int groups, int cols) {
        if (groups == 0) {
            return;
        }
        FloatVector lows = LOW_COLUMNS.min(cols - 1f).add(SECOND);
        FloatVector highs = HIGH_COLUMNS.min(cols - 1f).add(SECOND);
        long slot1 = slot(1, cols);
        long slot2 = slot(2, cols);
        long slot3 = slot(3, cols);
        long slot4 = slot(4, cols);
        long step = 4L * cols;
        long group = TOGETHER * step;
        for (int g = 0; g < groups; g++) {
            long at = 4 * xo + g * group;
            long to = 4 * yo + g * group;
            FloatVector r0 = fromMemorySegment(SPECIES, x, at, ORDER);
            FloatVector r1 = fromMemorySegment(SPECIES, x, at + step, ORDER);
            FloatVector r2 = fromMemorySegment(SPECIES, x, at + 2 * step, ORDER);
            FloatVector r3 = fromMemorySegment(SPECIES, x, at + 3 * step, ORDER);
            FloatVector r4 = fromMemorySegment(SPECIES, x, at + 4 * step, ORDER);
            FloatVector r5 = fromMemorySegment(SPECIES, x, at + 5 * step, ORDER);
            FloatVector r6 = fromMemorySegment(SPECIES, x, at + 6 * step, ORDER);
            FloatVector r7 = fromMemorySegment(SPECIES, x, at + 7 * step, ORDER);
            FloatVector a0 = lows.selectFrom(r0, r1);
            FloatVector a1 = lows.selectFrom(r2, r3);
            FloatVector a2 = lows.selectFrom(r4, r5);
            FloatVector a3 = lows.selectFrom(r6, r7);
            FloatVector b0 = QUADS_LOW.selectFrom(highs.selectFrom(r0, r1), highs.selectFrom(r2, r3));
            FloatVector b1 = QUADS_LOW.selectFrom(highs.selectFrom(r4, r5), highs.selectFrom(r6, r7));
            FloatVector c0 = QUADS_LOW.selectFrom(a0, a1);
            FloatVector c1 = QUADS_LOW.selectFrom(a2, a3);
            FloatVector d0 = QUADS_HIGH.selectFrom(a0, a1);
            FloatVector d1 = QUADS_HIGH.selectFrom(a2, a3);
            FloatVector v0 = PAIRS_LOW.selectFrom(c0, c1);
            FloatVector v1 = PAIRS_HIGH.selectFrom(c0, c1);
            FloatVector v2 = PAIRS_LOW.selectFrom(d0, d1);
            FloatVector v3 = PAIRS_HIGH.selectFrom(d0, d1);
            FloatVector v4 = PAIRS_LOW.selectFrom(b0, b1);
            // A NaN is never greater, so it stays in its column or is the maximum: enough to make all of its
            // row NaN.
            FloatVector max = v0.blend(v1, v0.lt(v1));
            FloatVector other = v2.blend(v3, v2.lt(v3));
            max = max.blend(v4, max.lt(v4));
            max = max.blend(other, max.lt(other));
            other = max.rearrange(SWAP_8);
            max = max.blend(other, max.lt(other));
            v4.sub(max).intoMemorySegment(y, to + slot4, ORDER);
            v3.sub(max).intoMemorySegment(y, to + slot3, ORDER);
            v2.sub(max).intoMemorySegment(y, to + slot2, ORDER);
            v1.sub(max).intoMemorySegment(y, to + slot1, ORDER);
            v0.sub(max).intoMemorySegment(y, to, ORDER);
        }
    }

    /// `y = y / Σ y`, turned back into rows. The last row of a group reaches into the first vector of the next
    /// one, which is loaded before.
    public static void divideBySums(MemorySegment y, long yo, int groups, int cols) {
        if (groups == 0) {
            return;
        }
        VectorMask<Float> beyond1 = VectorMask.fromLong(SPECIES, beyond(1, cols));
        VectorMask<Float> beyond2 = VectorMask.fromLong(SPECIES, beyond(2, cols));
        VectorMask<Float> beyond3 = VectorMask.fromLong(SPECIES, beyond(3, cols));
        VectorMask<Float> beyond4 = VectorMask.fromLong(SPECIES, beyond(4, cols));
        long slot1 = slot(1, cols);
        long slot2 = slot(2, cols);
        long slot3 = slot(3, cols);
        long slot4 = slot(4, cols);
        long step = 4L * cols;
        long group = TOGETHER * step;
        FloatVector next = fromMemorySegment(SPECIES, y, 4 * yo, ORDER);
        for (int g = 0; g < groups; g++) {
            long at = 4 * yo + g * group;
            FloatVector v0 = next;
            FloatVector v1 = fromMemorySegment(SPECIES, y, at + slot1, ORDER);
            FloatVector v2 = fromMemorySegment(SPECIES, y, at + slot2, ORDER);
            FloatVector v3 = fromMemorySegment(SPECIES, y, at + slot3, ORDER);
            FloatVector v4 = fromMemorySegment(SPECIES, y, at + slot4, ORDER);
            next = fromMemorySegment(SPECIES, y, at + group, ORDER);
            FloatVector s1 = v1.blend(0f, beyond1);
            FloatVector s2 = v2.blend(0f, beyond2);
            FloatVector s3 = v3.blend(0f, beyond3);
            FloatVector s4 = v4.blend(0f, beyond4);
            FloatVector sum = v0.add(v0.rearrange(SWAP_8)).add(s1.add(s1.rearrange(SWAP_8)));
            sum = sum.add(s2.add(s2.rearrange(SWAP_8)).add(s3.add(s3.rearrange(SWAP_8))));
            sum = sum.add(s4.add(s4.rearrange(SWAP_8)));
            v0 = v0.div(sum);
            v1 = v1.div(sum);
            v2 = v2.div(sum);
            v3 = v3.div(sum);
            v4 = v4.div(sum);
            FloatVector a0 = ROWS_LOW.selectFrom(v0, v1);
            FloatVector a1 = ROWS_HIGH.selectFrom(v0, v1);
            FloatVector b0 = ROWS_LOW.selectFrom(v2, v3);
            FloatVector b1 = ROWS_HIGH.selectFrom(v2, v3);
            FloatVector c0 = ROWS_LOW.selectFrom(v4, v4);
            FloatVector c1 = ROWS_HIGH.selectFrom(v4, v4);
            FloatVector low = TWO_LOW.selectFrom(a0, b0);
            FloatVector high = TWO_LOW.selectFrom(c0, c0);
            LOWS.selectFrom(low, high).intoMemorySegment(y, at, ORDER);
            HIGHS.selectFrom(low, high).intoMemorySegment(y, at + step, ORDER);
            low = TWO_HIGH.selectFrom(a0, b0);
            high = TWO_HIGH.selectFrom(c0, c0);
            LOWS.selectFrom(low, high).intoMemorySegment(y, at + 2 * step, ORDER);
            HIGHS.selectFrom(low, high).intoMemorySegment(y, at + 3 * step, ORDER);
            low = TWO_LOW.selectFrom(a1, b1);
            high = TWO_LOW.selectFrom(c1, c1);
            LOWS.selectFrom(low, high).intoMemorySegment(y, at + 4 * step, ORDER);
            HIGHS.selectFrom(low, high).intoMemorySegment(y, at + 5 * step, ORDER);
            low = TWO_HIGH.selectFrom(a1, b1);
            high = TWO_HIGH.selectFrom(c1, c1);
            LOWS.selectFrom(low, high).intoMemorySegment(y, at + 6 * step, ORDER);
            HIGHS.selectFrom(low, high).intoMemorySegment(y, at + 7 * step, ORDER);
        }
    }

    /// Turns `y` back into rows; as above.
    public static void turnBack(MemorySegment y, long yo, int groups, int cols) {
        if (groups == 0) {
            return;
        }
        long slot1 = slot(1, cols);
        long slot2 = slot(2, cols);
        long slot3 = slot(3, cols);
        long slot4 = slot(4, cols);
        long step = 4L * cols;
        long group = TOGETHER * step;
        FloatVector next = fromMemorySegment(SPECIES, y, 4 * yo, ORDER);
        for (int g = 0; g < groups; g++) {
            long at = 4 * yo + g * group;
            FloatVector v0 = next;
            FloatVector v1 = fromMemorySegment(SPECIES, y, at + slot1, ORDER);
            FloatVector v2 = fromMemorySegment(SPECIES, y, at + slot2, ORDER);
            FloatVector v3 = fromMemorySegment(SPECIES, y, at + slot3, ORDER);
            FloatVector v4 = fromMemorySegment(SPECIES, y, at + slot4, ORDER);
            next = fromMemorySegment(SPECIES, y, at + group, ORDER);
            FloatVector a0 = ROWS_LOW.selectFrom(v0, v1);
            FloatVector a1 = ROWS_HIGH.selectFrom(v0, v1);
            FloatVector b0 = ROWS_LOW.selectFrom(v2, v3);
            FloatVector b1 = ROWS_HIGH.selectFrom(v2, v3);
            FloatVector c0 = ROWS_LOW.selectFrom(v4, v4);
            FloatVector c1 = ROWS_HIGH.selectFrom(v4, v4);
            FloatVector low = TWO_LOW.selectFrom(a0, b0);
            FloatVector high = TWO_LOW.selectFrom(c0, c0);
            LOWS.selectFrom(low, high).intoMemorySegment(y, at, ORDER);
            HIGHS.selectFrom(low, high).intoMemorySegment(y, at + step, ORDER);
            low = TWO_HIGH.selectFrom(a0, b0);
            high = TWO_HIGH.selectFrom(c0, c0);
            LOWS.selectFrom(low, high).intoMemorySegment(y, at + 2 * step, ORDER);
            HIGHS.selectFrom(low, high).intoMemorySegment(y, at + 3 * step, ORDER);
            low = TWO_LOW.selectFrom(a1, b1);
            high = TWO_LOW.selectFrom(c1, c1);
            LOWS.selectFrom(low, high).intoMemorySegment(y, at + 4 * step, ORDER);
            HIGHS.selectFrom(low, high).intoMemorySegment(y, at + 5 * step, ORDER);
            low = TWO_HIGH.selectFrom(a1, b1);
            high = TWO_HIGH.selectFrom(c1, c1);
            LOWS.selectFrom(low, high).intoMemorySegment(y, at + 6 * step, ORDER);
            HIGHS.selectFrom(low, high).intoMemorySegment(y, at + 7 * step, ORDER);
        }
    }
}
