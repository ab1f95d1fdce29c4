package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Cross-entropy of a distribution over classes and integer labels: `-log p[label]`.
///
/// After a softmax both are computed as one, from logits: `log sum exp z - z[label]`, as TensorFlow does. From
/// probabilities made otherwise, Keras' formula holds: p over its sum, clipped to [1e-7, 1 - 1e-7].
///
/// @param fromLogits whether the model's output is logits
/// @param ignoreClass rows of this label do not count: the loss is the sum over the number of the others;
///     null for none
public record SparseCategoricalCrossentropy(
        boolean fromLogits, @Nullable Integer ignoreClass) implements Loss {
    /// Every label counts.
    public SparseCategoricalCrossentropy(boolean fromLogits) {
        this(fromLogits, null);
    }

    public SparseCategoricalCrossentropy() {
        this(false);
    }

    @Override
    public String name() {
        return "sparse_categorical_crossentropy";
    }

    /// The softmax of logits where nobody asks for it; labels and weights of rows where some do not count.
    @Override
    public long scratch(Shape y) {
        final long rows = y.size() / y.last();
        return (fromLogits ? y.size() : 0) + (ignoreClass == null ? 0 : 2 * rows);
    }

    @Override
    public void forwardBackward(LossBuffers b) {
        if (ignoreClass != null) {
            leaveOut(b, ignoreClass);
        }
        Rows.run(this, b, SparseCategoricalCrossentropy::rows);
    }

    /// Where the labels with which rows are computed begin in the scratch; their weights are behind them.
    private long ownLabels(LossBuffers b) {
        return fromLogits ? b.y().size() : 0;
    }

    /// Gives rows that do not count a label that can be computed with and no weight, and the others their
    /// weight in a mean over those that count here and in the output's mask.
    private void leaveOut(LossBuffers b, int label) {
        final MemorySegment labels = b.target().segment();
        final MemorySegment weight = Rows.segment(b.weight());
        final int rows = b.rows();
        final int before = Rows.counting(b.mask(), rows);
        int counting = 0;
        for (int r = 0; r < rows; r++) {
            counting += Rows.counts(b.mask(), r) && (int) labels.getAtIndex(JAVA_FLOAT, r) != label ? 1 : 0;
        }
        final float share = (float) before / Math.max(1, counting);
        final long at = ownLabels(b);
        for (int r = 0; r < rows; r++) {
            final float given = labels.getAtIndex(JAVA_FLOAT, r);
            final float of = weight == null ? 1 : weight.getAtIndex(JAVA_FLOAT, r);
            b.scratch().setAtIndex(JAVA_FLOAT, at + r, (int) given == label ? 0 : given);
            b.scratch().setAtIndex(JAVA_FLOAT, at + rows + r, (int) given == label ? 0 : of * share);
        }
    }

    private static RangeTask rows(SparseCategoricalCrossentropy loss, LossBuffers b) {
        final boolean leavesOut = loss.ignoreClass != null;
        final MemorySegment y = b.y().segment();
        final MemorySegment labels = leavesOut ? b.scratch() : b.target().segment();
        final long labelsAt = leavesOut ? loss.ownLabels(b) : 0;
        final MemorySegment weight = leavesOut ? b.scratch() : Rows.segment(b.weight());
        final long weightsAt = leavesOut ? labelsAt + b.rows() : 0;
        final MemorySegment rowLoss = b.loss().segment();
        final MemorySegment dy = Rows.segment(b.dy());
        final int cols = b.cols();
        final float scale = b.scale();
        if (b.fused() || loss.fromLogits) {
            final MemorySegment p = b.fused() ? y : b.dy() == null ? b.scratchIfAny() : null;
            return (from, to) -> {
                final long at = (long) from * cols;
                b.compute()
                        .kernels()
                        .loss()
                        .softmaxCrossEntropySparse(
                                y,
                                at,
                                labels,
                                labelsAt + from,
                                weight,
                                weightsAt + from,
                                p,
                                at,
                                rowLoss,
                                from,
                                dy,
                                at,
                                to - from,
                                cols,
                                scale);
            };
        }
        return (from, to) -> {
            final long at = (long) from * cols;
            b.compute()
                    .kernels()
                    .loss()
                    .categoricalCrossEntropySparse(
                            y,
                            at,
                            labels,
                            labelsAt + from,
                            weight,
                            weightsAt + from,
                            rowLoss,
                            from,
                            dy,
                            at,
                            to - from,
                            cols,
                            scale);
        };
    }

    @Override
    public void checkShapes(Shape y, Shape target) {
        Rows.requireClasses("SparseCategoricalCrossentropy", y);
        final Shape rows = y.withoutLast();
        if (!target.equals(rows) && !target.equals(rows.append(1))) {
            throw new IllegalArgumentException("SparseCategoricalCrossentropy: targets must be one label a row, " + rows
                    + " for the output " + y + ", got " + target
                    + " (one-hot targets need CategoricalCrossentropy)");
        }
    }

    @Override
    public @Nullable String fault(float target, Shape y) {
        final boolean ignored = ignoreClass != null && target == ignoreClass;
        return ignored || (target >= 0 && target < y.last() && target == (int) target)
                ? null
                : "labels must be whole numbers from 0 to " + (y.last() - 1) + " for the output " + y;
    }

    @Override
    public boolean checksTargets() {
        return true;
    }

    @Override
    public boolean fuses(Activation last) {
        return !fromLogits && last.equals(Activations.SOFTMAX);
    }
}
