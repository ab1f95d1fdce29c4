package dev.lanewise.train;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Cross-entropy of two distributions over classes: `-sum of target · log p`. As
/// [SparseCategoricalCrossentropy], with a row of targets, usually one-hot.
///
/// @param fromLogits whether the model's output is logits
/// @param labelSmoothing s in [0, 1]: targets become `target · (1 - s) + s / classes`
public record CategoricalCrossentropy(boolean fromLogits, double labelSmoothing) implements Loss {
    public CategoricalCrossentropy {
        Rows.requireSmoothing("CategoricalCrossentropy", labelSmoothing);
    }

    public CategoricalCrossentropy(boolean fromLogits) {
        this(fromLogits, 0);
    }

    public CategoricalCrossentropy() {
        this(false);
    }

    @Override
    public String name() {
        return "categorical_crossentropy";
    }

    /// The softmax of logits, or the gradient, where nobody asks for it; and the smoothed targets.
    @Override
    public long scratch(Shape y) {
        return y.size() * (labelSmoothing == 0 ? 1 : 2);
    }

    @Override
    public void forwardBackward(LossBuffers b) {
        Rows.run(this, b, CategoricalCrossentropy::rows);
    }

    private static RangeTask rows(CategoricalCrossentropy loss, LossBuffers b) {
        final MemorySegment y = b.y().segment();
        final Smoothing smoothing = new Smoothing(b, loss.labelSmoothing, b.cols(), b.y().size());
        final MemorySegment target = smoothing.targets();
        final long shift = smoothing.offset();
        final MemorySegment weight = Rows.segment(b.weight());
        final MemorySegment rowLoss = b.loss().segment();
        final MemorySegment dy = Rows.segment(b.dy());
        final int cols = b.cols();
        final float scale = b.scale();
        if (b.fused() || loss.fromLogits) {
            final MemorySegment p = b.fused() ? y : b.dy() == null ? b.scratchIfAny() : null;
            return (from, to) -> {
                final long at = (long) from * cols;
                smoothing.smooth(at, (to - from) * cols);
                b.compute()
                        .kernels()
                        .loss()
                        .softmaxCrossEntropy(
                                y,
                                at,
                                target,
                                shift + at,
                                weight,
                                from,
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
        // The loss alone is slow: it has nowhere to put the logarithms.
        final MemorySegment dp = dy != null ? dy : b.scratchIfAny();
        return (from, to) -> {
            final long at = (long) from * cols;
            smoothing.smooth(at, (to - from) * cols);
            b.compute()
                    .kernels()
                    .loss()
                    .categoricalCrossEntropy(
                            y, at, target, shift + at, weight, from, rowLoss, from, dp, at, to - from, cols, scale);
        };
    }

    @Override
    public void checkShapes(Shape y, Shape target) {
        Rows.requireClasses("CategoricalCrossentropy", y);
        if (!y.equals(target)) {
            throw new IllegalArgumentException("CategoricalCrossentropy: targets must have the shape of the output, "
                    + y + ", got " + target + " (integer labels need SparseCategoricalCrossentropy)");
        }
    }

    @Override
    public @Nullable String fault(float target, Shape y) {
        return target >= 0 ? null : "targets must not be negative";
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
