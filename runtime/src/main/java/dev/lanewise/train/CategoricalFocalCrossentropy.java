package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Cross-entropy over classes in which what is known already counts less (Lin et al. 2018):
/// `-sum of alpha · (1 - p)^gamma · target · log p`, p over its sum, clipped to [1e-7, 1 - 1e-7].
///
/// @param labelSmoothing s in [0, 1]: targets become `target · (1 - s) + s / classes`
public record CategoricalFocalCrossentropy(double alpha, double gamma, boolean fromLogits, double labelSmoothing)
        implements RowLoss {
    public CategoricalFocalCrossentropy {
        Rows.requireSmoothing("CategoricalFocalCrossentropy", labelSmoothing);
        if (!(alpha >= 0 && alpha <= 1) || !(gamma >= 0)) {
            throw new IllegalArgumentException(
                    "CategoricalFocalCrossentropy: alpha must be from 0 to 1 and gamma not negative, got " + alpha
                            + " and " + gamma);
        }
    }

    /// Keras' defaults: alpha 0.25, gamma 2.
    public CategoricalFocalCrossentropy() {
        this(0.25, 2, false, 0);
    }

    @Override
    public String name() {
        return "categorical_focal_crossentropy";
    }

    private double share(double y, double max) {
        return fromLogits ? StrictMath.exp(y - max) : y;
    }

    private double smoothed(double target, int cols) {
        return target * (1 - labelSmoothing) + labelSmoothing / cols;
    }

    /// Of a term by its probability.
    private double slope(double p, double clipped, double t) {
        if (p != clipped) {
            return 0;
        }
        final double focusSlope = gamma == 0 ? 0 : gamma * Decays.power(1 - p, gamma - 1) * StrictMath.log(p);
        return alpha * t * (focusSlope - Decays.power(1 - p, gamma) / p);
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
    public double row(
            MemorySegment y,
            long at,
            MemorySegment target,
            long to,
            int cols,
            @Nullable MemorySegment dy,
            double factor,
            double shared) {
        double max = 0;
        for (int c = 0; fromLogits && c < cols; c++) {
            max = c == 0 ? y.getAtIndex(JAVA_FLOAT, at) : Math.max(max, y.getAtIndex(JAVA_FLOAT, at + c));
        }
        double all = 0;
        for (int c = 0; c < cols; c++) {
            all += share(y.getAtIndex(JAVA_FLOAT, at + c), max);
        }
        double sum = 0;
        double mean = 0;
        for (int c = 0; c < cols; c++) {
            final double p = share(y.getAtIndex(JAVA_FLOAT, at + c), max) / all;
            final double t = smoothed(target.getAtIndex(JAVA_FLOAT, to + c), cols);
            final double clipped = Math.clamp(p, EPSILON, 1 - EPSILON);
            sum -= alpha * Decays.power(1 - clipped, gamma) * t * StrictMath.log(clipped);
            mean += dy == null ? 0 : p * slope(p, clipped, t);
        }
        for (int c = 0; dy != null && c < cols; c++) {
            final double share = share(y.getAtIndex(JAVA_FLOAT, at + c), max);
            final double p = share / all;
            final double t = smoothed(target.getAtIndex(JAVA_FLOAT, to + c), cols);
            final double slope = (slope(p, Math.clamp(p, EPSILON, 1 - EPSILON), t) - mean) * (fromLogits ? p : 1 / all);
            dy.setAtIndex(JAVA_FLOAT, at + c, (float) (factor * slope));
        }
        return sum;
    }
}
