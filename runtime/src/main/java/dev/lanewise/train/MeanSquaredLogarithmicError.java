package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Mean over the last axis of `(log(1 + y) - log(1 + target))²`, both at least 1e-7.
public record MeanSquaredLogarithmicError() implements RowLoss {
    @Override
    public String name() {
        return "mean_squared_logarithmic_error";
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
            final double p = y.getAtIndex(JAVA_FLOAT, at + c);
            final double t = target.getAtIndex(JAVA_FLOAT, to + c);
            final double d = StrictMath.log1p(Math.max(p, EPSILON)) - StrictMath.log1p(Math.max(t, EPSILON));
            sum += d * d;
            if (dy != null) {
                dy.setAtIndex(JAVA_FLOAT, at + c, (float) (factor / cols * (p > EPSILON ? 2 * d / (1 + p) : 0)));
            }
        }
        return sum / cols;
    }
}
