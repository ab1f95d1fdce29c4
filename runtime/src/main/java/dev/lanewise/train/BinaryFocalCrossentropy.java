package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Cross-entropy of yes or no in which what is known already counts less (Lin et al. 2018), mean over the
/// last axis:
/// `(1 - q)^gamma · crossentropy` with `q = target · p + (1 - target)(1 - p)`, p in the logarithms clipped to
/// [1e-7, 1 - 1e-7].
///
/// @param applyClassBalancing whether terms are weighted with `target · alpha + (1 - target)(1 - alpha)`
/// @param labelSmoothing s in [0, 1]: targets become `target · (1 - s) + s / 2`
public record BinaryFocalCrossentropy(
        boolean applyClassBalancing, double alpha, double gamma, boolean fromLogits, double labelSmoothing)
        implements RowLoss {
    public BinaryFocalCrossentropy {
        Rows.requireSmoothing("BinaryFocalCrossentropy", labelSmoothing);
        if (!(alpha >= 0 && alpha <= 1) || !(gamma >= 0)) {
            throw new IllegalArgumentException(
                    "BinaryFocalCrossentropy: alpha must be from 0 to 1 and gamma not negative, got " + alpha + " and "
                            + gamma);
        }
    }

    /// Keras' defaults: alpha 0.25, gamma 2.
    public BinaryFocalCrossentropy() {
        this(false, 0.25, 2, false, 0);
    }

    @Override
    public String name() {
        return "binary_focal_crossentropy";
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
        double sum = 0;
        for (int c = 0; c < cols; c++) {
            final double z = y.getAtIndex(JAVA_FLOAT, at + c);
            final double given = target.getAtIndex(JAVA_FLOAT, to + c);
            final double t = given * (1 - labelSmoothing) + labelSmoothing / 2;
            final double p = fromLogits ? 1 / (1 + StrictMath.exp(-z)) : z;
            final double clipped = Math.clamp(p, EPSILON, 1 - EPSILON);
            final double entropy = -t * StrictMath.log(clipped) - (1 - t) * StrictMath.log(1 - clipped);
            final double rest = 1 - (t * p + (1 - t) * (1 - p));
            final double focus = Decays.power(rest, gamma);
            final double weight = applyClassBalancing ? t * alpha + (1 - t) * (1 - alpha) : 1;
            sum += weight * focus * entropy;
            if (dy != null) {
                final double entropySlope = p == clipped ? (1 - t) / (1 - p) - t / p : 0;
                final double focusSlope = gamma == 0 ? 0 : gamma * Decays.power(rest, gamma - 1) * (1 - 2 * t);
                final double slope = weight * (focusSlope * entropy + focus * entropySlope);
                dy.setAtIndex(JAVA_FLOAT, at + c, (float) (factor / cols * slope * (fromLogits ? p * (1 - p) : 1)));
            }
        }
        return sum / cols;
    }
}
