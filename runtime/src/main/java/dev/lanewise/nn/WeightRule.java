package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// What training asks of a weight beside the loss. As in Keras 3, nothing of a weight that is not trained.
///
/// @param regularizer adds to the loss and to the gradient
/// @param constraint is applied after each update
public record WeightRule(
        @Nullable Regularizer regularizer, @Nullable Constraint constraint) {
    public WeightRule(Regularizer regularizer) {
        this(regularizer, null);
    }

    public WeightRule(Constraint constraint) {
        this(null, constraint);
    }

    void check(Shape weight) {
        if (regularizer != null) {
            regularizer.check(weight);
        }
        if (constraint != null) {
            constraint.check(weight);
        }
    }
}
