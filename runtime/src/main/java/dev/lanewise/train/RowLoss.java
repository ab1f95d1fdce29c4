package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A loss whose rows are computed one by one, in doubles and plain loops.
interface RowLoss extends Loss {
    /// Keras' `backend.epsilon()`.
    double EPSILON = 1e-7;

    /// The loss of a row, and where `dy` is not null, its gradient times `factor` at `dy[at + c]`.
    ///
    /// @param at where the row starts in `y` and `dy`
    /// @param to where it starts in `target`
    /// @param shared what [#shared] said of the batch
    double row(
            MemorySegment y,
            long at,
            MemorySegment target,
            long to,
            int cols,
            @Nullable MemorySegment dy,
            double factor,
            double shared);

    /// What the rows need to know of all `n` targets of the batch.
    default double shared(MemorySegment target, long n) {
        return 0;
    }

    /// Whether a row's target is one label.
    default boolean hasLabels() {
        return false;
    }

    /// What [#shared] says.
    @Override
    default long scratch(Shape y) {
        return 1;
    }

    @Override
    default void forwardBackward(LossBuffers b) {
        final double shared = shared(b.target().segment(), b.target().size());
        b.scratch().setAtIndex(JAVA_FLOAT, 0, (float) shared);
        Rows.run(this, b, RowLoss::rows);
    }

    private static RangeTask rows(RowLoss loss, LossBuffers b) {
        final MemorySegment y = b.y().segment();
        final MemorySegment target = b.target().segment();
        final MemorySegment weight = Rows.segment(b.weight());
        final MemorySegment rowLoss = b.loss().segment();
        final MemorySegment dy = Rows.segment(b.dy());
        final MemorySegment shared = b.scratch();
        final int cols = b.cols();
        final int targets = loss.hasLabels() ? 1 : cols;
        final double scale = b.scale();
        return (from, to) -> {
            for (int r = from; r < to; r++) {
                final double w = weight == null ? 1 : weight.getAtIndex(JAVA_FLOAT, r);
                final double value = loss.row(
                        y,
                        (long) r * cols,
                        target,
                        (long) r * targets,
                        cols,
                        dy,
                        w * scale,
                        shared.getAtIndex(JAVA_FLOAT, 0));
                rowLoss.setAtIndex(JAVA_FLOAT, r, (float) (w * value));
            }
        };
    }

    @Override
    default void checkShapes(Shape y, Shape target) {
        Rows.requireElements(getClass().getSimpleName(), y, target);
    }
}
