package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// What losses over rows share.
final class Rows {
    /// Rows that a cut of the work is a multiple of: the widest vector's lanes.
    private static final int QUANTUM = 16;

    private Rows() {}

    static <L extends Loss> void run(L loss, LossBuffers b, BiFunction<L, LossBuffers, RangeTask> make) {
        b.compute().run(b.task(loss, make), b.rows(), QUANTUM, (long) b.rows() * b.cols() * 2);
    }

    /// Whether a row counts.
    static boolean counts(@Nullable Tensor counts, int row) {
        return counts == null || counts.segment().getAtIndex(JAVA_FLOAT, row) != 0;
    }

    /// How many of so many rows count.
    static int counting(@Nullable Tensor counts, int rows) {
        int n = counts == null ? rows : 0;
        for (int r = 0; counts != null && r < rows; r++) {
            n += counts(counts, r) ? 1 : 0;
        }
        return n;
    }

    static @Nullable MemorySegment segment(@Nullable Tensor tensor) {
        return tensor == null ? null : tensor.segment();
    }

    static void requireSameShape(String loss, Shape y, Shape target) {
        if (!y.equals(target)) {
            throw new IllegalArgumentException(
                    loss + ": targets must have the shape of the output, " + y + ", got " + target);
        }
    }

    /// Targets for every element of the output: of its shape, where a last dimension of 1 may be there or not.
    static void requireElements(String loss, Shape y, Shape target) {
        final boolean alike = y.rank() > target.rank()
                ? y.last() == 1 && target.equals(y.withoutLast())
                : target.rank() > y.rank() && target.last() == 1 && y.equals(target.withoutLast());
        if (!alike) {
            requireSameShape(loss, y, target);
        }
    }

    /// Columns of an output, of which one alone may count.
    static int columns(String metric, Shape y, @Nullable Integer classId) {
        final int cols = y.rank() < 2 ? 1 : y.last();
        if (classId != null && (classId < 0 || classId >= cols)) {
            throw new IllegalArgumentException(metric + ": class_id must be from 0 to " + (cols - 1)
                    + " for the output " + y + ", got " + classId);
        }
        return cols;
    }

    static void requireSmoothing(String loss, double labelSmoothing) {
        if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
            throw new IllegalArgumentException(loss + ": label_smoothing must be from 0 to 1, got " + labelSmoothing);
        }
    }

    static void requireClasses(String loss, Shape y) {
        if (y.rank() < 2 || y.last() < 1) {
            throw new IllegalArgumentException(loss + ": the output must be [batch, classes], got " + y);
        }
    }
}
