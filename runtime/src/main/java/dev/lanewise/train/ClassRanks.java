package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Share of the rows whose class is among the `k` with the largest outputs. As Keras, the first of equal
/// outputs is the largest where one is asked for, and where more are, an output counts as long as fewer than
/// `k` are larger.
final class ClassRanks extends Share {
    /// Floats copied out of native memory at a time: a short row is compared faster in an array.
    private static final int COPIED = 4096;

    /// The bits of infinity; those of a positive NaN are more.
    private static final int INFINITY = 0x7f800000;

    private final boolean sparse;
    private final boolean first;
    private final int k;
    private float[] outputs = {};
    private float[] truths = {};

    private ClassRanks(boolean sparse, boolean first, int k) {
        this.sparse = sparse;
        this.first = first;
        this.k = k;
    }

    /// The class of the largest output.
    static Share largest(String metric, boolean sparse, Shape y, Shape target) {
        check(metric, sparse, y, target);
        return new ClassRanks(sparse, true, 1);
    }

    /// The classes of the `k` largest outputs.
    static Share ofTop(String metric, boolean sparse, int k, Shape y, Shape target) {
        check(metric, sparse, y, target);
        return new ClassRanks(sparse, false, k);
    }

    static void requirePositive(String metric, int k) {
        if (k < 1) {
            throw new IllegalArgumentException(metric + ": k must be 1 or more, got " + k);
        }
    }

    private static void check(String metric, boolean sparse, Shape y, Shape target) {
        Rows.requireClasses(metric, y);
        final Shape rows = y.withoutLast();
        final boolean fits = sparse ? target.equals(rows) || target.equals(rows.append(1)) : target.equals(y);
        if (!fits) {
            throw new IllegalArgumentException(metric + ": targets must be "
                    + (sparse ? "one label a row, " + rows : "of the shape of the output, " + y) + ", got " + target);
        }
    }

    @Override
    public void update(Tensor y, Tensor target, @Nullable Tensor counts) {
        final int cols = y.shape().last();
        final int rows = y.size() / cols;
        final int together = Math.max(1, COPIED / cols);
        final int width = sparse ? 1 : cols;
        if (outputs.length < Math.min(rows, together) * cols) {
            outputs = new float[together * cols];
            truths = new float[together * width];
        }
        long hits = 0;
        for (int from = 0; from < rows; from += together) {
            final int count = Math.min(together, rows - from);
            copy(y.segment(), (long) from * cols, outputs, count * cols);
            copy(target.segment(), (long) from * width, truths, count * width);
            for (int r = 0; r < count; r++) {
                final int truth = sparse ? (int) truths[r] : largest(truths, r * cols, cols);
                final boolean can = truth >= 0 && truth < cols && Rows.counts(counts, from + r);
                hits += can && isHit(r * cols, cols, truth) ? 1 : 0;
            }
        }
        add(hits, Rows.counting(counts, rows));
    }

    private static void copy(MemorySegment from, long offset, float[] to, int n) {
        MemorySegment.copy(from, JAVA_FLOAT, offset * Float.BYTES, to, 0, n);
    }

    private boolean isHit(int row, int cols, int truth) {
        return first ? isLargest(outputs, row, cols, truth) : larger(outputs, row, cols, truth) < k;
    }

    /// Whether the largest of a row, the first of equals, is at `c`; never where one is NaN. From the signs of
    /// differences, without branches, which outputs and classes would lead at random: one foretold wrong
    /// costs more than the whole row.
    private static boolean isLargest(float[] x, int row, int cols, int c) {
        final float value = x[row + c] + 0f; // no difference is -0 then
        if (Float.isInfinite(value)) {
            return isLargestByBranches(x, row, cols, c); // the difference from itself is NaN
        }
        int signs = 0;
        for (int i = 0; i < cols; i++) {
            final int difference = Float.floatToRawIntBits(value - x[row + i]);
            signs |= (difference + ((i - c) >> 31)) | (INFINITY - difference);
        }
        return signs >= 0;
    }

    private static boolean isLargestByBranches(float[] x, int row, int cols, int c) {
        for (int i = 0; i < cols; i++) {
            final boolean below = i < c ? x[row + i] < x[row + c] : x[row + i] <= x[row + c];
            if (!below) {
                return false;
            }
        }
        return true;
    }

    private static int larger(float[] x, int row, int cols, int index) {
        final float value = x[row + index];
        if (Float.isNaN(value)) {
            return cols; // NaN is no large probability
        }
        int larger = 0;
        for (int c = 0; c < cols; c++) {
            larger += x[row + c] > value ? 1 : 0;
        }
        return larger;
    }

    private static int largest(float[] x, int row, int cols) {
        int best = 0;
        for (int c = 1; c < cols; c++) {
            best = x[row + c] > x[row + best] ? c : best;
        }
        return best;
    }
}
