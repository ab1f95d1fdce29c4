package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Mean over the last axis of `y - target · log(y + 1e-7)`.
public record Poisson() implements RowLoss {
    @Override
    public String name() {
        return "poisson";
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
            sum += p - t * StrictMath.log(p + EPSILON);
            if (dy != null) {
                dy.setAtIndex(JAVA_FLOAT, at + c, (float) (factor / cols * (1 - t / (p + EPSILON))));
            }
        }
        return sum / cols;
    }
}
