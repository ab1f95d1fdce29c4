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
    /// Keras' default.
    static final String USUAL = "sum_over_batch_size";

    private static final List<String> REDUCTIONS = List.of("sum", "mean_with_sample_weight");

    public ReducedLoss {
        requireKnown(loss, reduction);
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
        return isUsual(reduction) ? loss : new ReducedLoss(loss, reduction);
    }

    /// A loss without a reduction that it was given.
    public static Loss ofRows(Loss loss) {
        return loss instanceof ReducedLoss reduced ? reduced.loss : loss;
    }

    /// The reduction of any loss, of the two names of the default one the first.
    ///
    /// @throws IllegalArgumentException if it is none of these
    static String reductionOf(Loss loss) {
        final String reduction = loss.reduction();
        if (isUsual(reduction)) {
            return USUAL;
        }
        requireKnown(loss, reduction);
        return reduction;
    }

    private static boolean isUsual(String reduction) {
        return reduction.equals(USUAL) || reduction.equals("mean");
    }

    private static void requireKnown(Loss loss, String reduction) {
        if (!REDUCTIONS.contains(reduction)) {
            throw new IllegalArgumentException(loss.name() + ": reduction must be " + USUAL + ", mean, "
                    + String.join(" or ", REDUCTIONS) + ", got " + reduction);
        }
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
