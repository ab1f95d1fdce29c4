package dev.lanewise.kernels.loss;

import java.lang.foreign.MemorySegment;

/// A loss that is a mean over elements: its loops over a range of them. The plain ones are the definition;
/// vector ones leave to them what fills no vector.
abstract class ElementLoss {
    /// Whether the loss has an activation in it, as binary cross-entropy from logits has.
    boolean hasActivation() {
        return false;
    }

    /// The loss of each element.
    ///
    /// @param soft receives the activation that the loss has in it, where it has one; may be `y` or `losses`,
    /// which
    ///     then holds the losses
    /// @param losses overlaps nothing else
    abstract void values(
            MemorySegment y,
            long yo,
            MemorySegment t,
            long to,
            MemorySegment soft,
            long so,
            MemorySegment losses,
            long lo,
            int n,
            float parameter);

    /// `dy = loss' * factor`, from `y`, or from `soft` where the loss has an activation in it; `dy` may be
    /// that.
    abstract void gradients(
            MemorySegment y,
            long yo,
            MemorySegment t,
            long to,
            MemorySegment dy,
            long dyo,
            int n,
            float factor,
            float parameter);
}
