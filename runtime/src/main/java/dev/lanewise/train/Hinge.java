package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Mean over the last axis of `max(1 - target · y, 0)`, for targets -1 and 1, or all of them 0 and 1.
public record Hinge() implements RowLoss {
    @Override
    public String name() {
        return "hinge";
    }

    @Override
    public double shared(MemorySegment target, long n) {
        return Hinges.areBits(target, n);
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
            final double sign = Hinges.sign(t, shared);
            final double rest = Math.max(1 - sign * p, 0);
            sum += rest;
            if (dy != null) {
                dy.setAtIndex(JAVA_FLOAT, at + c, (float) (factor / cols * (rest > 0 ? -sign : 0)));
            }
        }
        return sum / cols;
    }
}
