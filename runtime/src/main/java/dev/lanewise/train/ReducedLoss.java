package dev.lanewise.train;

import dev.lanewise.kernels.Activation;
import dev.lanewise.tensor.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A loss whose rows are brought together otherwise than by Keras' default. With the rows' losses l and weights
/// w, the mask's part in these:
///
/// - `sum`: the sum of `w · l`; rows that the mask leaves out count nothing, the others as they are
/// - `mean_with_sample_weight`: the sum of `w · l` over the sum of w, 0 where that is 0
///
/// @param loss of the rows; none that is of a batch as a whole, as [Dice], or that leaves out rows of its own
/// @param reduction as Keras names it
public record ReducedLoss(Loss loss, String reduction) implements Loss {
    private static final List<String> REDUCTIONS = List.of("sum", "mean_with_sample_weight");

    public ReducedLoss {
        if (!REDUCTIONS.contains(reduction)) {
            throw new IllegalArgumentException(loss.name() + ": reduction must be sum_over_batch_size, mean, "
                    + String.join(" or ", REDUCTIONS) + ", got " + reduction);
        }
        final boolean ofRows = !(loss instanceof OverlapLoss || loss instanceof Circle || loss instanceof ReducedLoss)
                && !(loss instanceof SparseCategoricalCrossentropy sparse && sparse.ignoreClass() != null);
        if (!ofRows) {
            throw new IllegalArgumentException(loss.name() + ": reduction " + reduction + " is not supported for "
                    + loss + ", whose rows are not weighted one by one");
        }
    }

    /// A loss with the reduction that Keras names so; with the default one, the loss as it is.
    ///
    /// @throws IllegalArgumentException if the loss cannot have it
    static Loss of(Loss loss, String reduction) {
        return reduction.equals("sum_over_batch_size") || reduction.equals("mean")
                ? loss
                : new ReducedLoss(loss, reduction);
    }

    @Override
    public String name() {
        return loss.name();
    }

    @Override
    public void forwardBackward(LossBuffers b) {
        loss.forwardBackward(b);
    }

    @Override
    public void checkShapes(Shape y, Shape target) {
        loss.checkShapes(y, target);
    }

    @Override
    public @Nullable String fault(float target, Shape y) {
        return loss.fault(target, y);
    }

    @Override
    public boolean checksTargets() {
        return loss.checksTargets();
    }

    @Override
    public long scratch(Shape y) {
        return loss.scratch(y);
    }

    @Override
    public boolean fuses(Activation last) {
        return loss.fuses(last);
    }
}
