package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Kullback-Leibler divergence: `sum of target · log(target / y)`, both clipped to [1e-7, 1].
public record KLDivergence() implements RowLoss {
    @Override
    public String name() {
        return "kl_divergence";
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
            final double t = Math.clamp(target.getAtIndex(JAVA_FLOAT, to + c), EPSILON, 1);
            final double clipped = Math.clamp(p, EPSILON, 1);
            sum += t * StrictMath.log(t / clipped);
            if (dy != null) {
                dy.setAtIndex(JAVA_FLOAT, at + c, (float) (p == clipped ? -factor * t / p : 0));
            }
        }
        return sum;
    }
}
