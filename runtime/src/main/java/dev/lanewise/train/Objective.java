package dev.lanewise.train;

import java.util.List;

/// What training asks of one output of a model: Keras' `loss`, `loss_weights` and `metrics` for it.
///
/// @param lossWeight what its loss counts in the sum of all outputs' losses
/// @param metrics followed beside the loss
public record Objective(Loss loss, double lossWeight, List<Metric> metrics) {
    public Objective {
        if (!(lossWeight >= 0) || lossWeight == Double.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("Objective: loss_weight must be 0 or more, got " + lossWeight);
        }
        metrics = List.copyOf(metrics);
    }

    /// A loss that counts as it is.
    public Objective(Loss loss, Metric... metrics) {
        this(loss, 1, List.of(metrics));
    }
}
