package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A loss between cross-entropy and absolute error, for labels that may be wrong (Zhang and Sabuncu 2018):
/// `(1 - p[label]^q) / q`.
///
/// @param q above 0 and below 1
public record CategoricalGeneralizedCrossEntropy(double q) implements RowLoss {
    public CategoricalGeneralizedCrossEntropy {
        if (!(q > 0 && q < 1)) {
            throw new IllegalArgumentException(
                    "CategoricalGeneralizedCrossEntropy: q must be above 0 and below 1, got " + q);
        }
    }

    /// Keras' default: 0.5.
    public CategoricalGeneralizedCrossEntropy() {
        this(0.5);
    }

    @Override
    public String name() {
        return "categorical_generalized_cross_entropy";
    }

    @Override
    public boolean hasLabels() {
        return true;
    }

    @Override
    public void checkShapes(Shape y, Shape target) {
        new SparseCategoricalCrossentropy().checkShapes(y, target);
    }

    @Override
    public @Nullable String fault(float target, Shape y) {
        return new SparseCategoricalCrossentropy().fault(target, y);
    }

    @Override
    public boolean checksTargets() {
        return true;
    }

    @Override
    public double row(
            MemorySegment y,
            long at,
            MemorySegment target,
            long to,
            int cols,
            @Nullable MemorySegment dy,
            double factor,
            double shared) {
        final int label = (int) target.getAtIndex(JAVA_FLOAT, to);
        final double p = y.getAtIndex(JAVA_FLOAT, at + label);
        for (int c = 0; dy != null && c < cols; c++) {
            final double slope = c == label ? -Decays.power(p, q - 1) : 0;
            dy.setAtIndex(JAVA_FLOAT, at + c, (float) (factor * slope));
        }
        return (1 - Decays.power(p, q)) / q;
    }
}
