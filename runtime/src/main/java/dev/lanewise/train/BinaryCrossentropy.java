package dev.lanewise.train;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Cross-entropy of yes or no, mean over the last axis: `-(target · log p + (1 - target) · log(1 - p))`.
///
/// After a sigmoid both are computed as one, from logits, as TensorFlow does. From probabilities made
/// otherwise, Keras' formula holds: p clipped to [1e-7, 1 - 1e-7].
///
/// @param fromLogits whether the model's output is logits
/// @param labelSmoothing s in [0, 1]: targets become `target · (1 - s) + s / 2`
public record BinaryCrossentropy(boolean fromLogits, double labelSmoothing) implements Loss {
    public BinaryCrossentropy {
        Rows.requireSmoothing("BinaryCrossentropy", labelSmoothing);
    }

    public BinaryCrossentropy(boolean fromLogits) {
        this(fromLogits, 0);
    }

    public BinaryCrossentropy() {
        this(false);
    }

    @Override
    public String name() {
        return "binary_crossentropy";
    }

    /// The losses of the elements, and the smoothed targets.
    @Override
    public long scratch(Shape y) {
        return labelSmoothing == 0 ? y.size() : 2 * y.size();
    }

    @Override
    public void forwardBackward(LossBuffers b) {
        Rows.run(this, b, BinaryCrossentropy::rows);
    }

    private static RangeTask rows(BinaryCrossentropy loss, LossBuffers b) {
        final MemorySegment y = b.y().segment();
        final MemorySegment scratch = b.scratch();
        final Smoothing smoothing = new Smoothing(b, loss.labelSmoothing, 2, b.y().size());
        final MemorySegment target = smoothing.targets();
        final long shift = smoothing.offset();
        final MemorySegment weight = Rows.segment(b.weight());
        final MemorySegment rowLoss = b.loss().segment();
        final MemorySegment dy = Rows.segment(b.dy());
        final int cols = b.cols();
        final float scale = b.scale();
        if (b.fused() || loss.fromLogits) {
            final MemorySegment p = b.fused() ? y : null;
            return (from, to) -> {
                final long at = (long) from * cols;
                smoothing.smooth(at, (to - from) * cols);
                b.compute()
                        .kernels()
                        .loss()
                        .sigmoidCrossEntropy(
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
                                scratch,
                                at,
                                to - from,
                                cols,
                                scale);
            };
        }
        return (from, to) -> {
            final long at = (long) from * cols;
            smoothing.smooth(at, (to - from) * cols);
            b.compute()
                    .kernels()
                    .loss()
                    .binaryCrossEntropy(
                            y,
                            at,
                            target,
                            shift + at,
                            weight,
                            from,
                            rowLoss,
                            from,
                            dy,
                            at,
                            scratch,
                            at,
                            to - from,
                            cols,
                            scale);
        };
    }

    @Override
    public void checkShapes(Shape y, Shape target) {
        Rows.requireElements("BinaryCrossentropy", y, target);
    }

    @Override
    public @Nullable String fault(float target, Shape y) {
        return target >= 0 && target <= 1 ? null : "targets must be from 0 to 1";
    }

    @Override
    public boolean checksTargets() {
        return true;
    }

    @Override
    public boolean fuses(Activation last) {
        return !fromLogits && last.equals(Activations.SIGMOID);
    }
}
