package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Mean over the last axis of `100 · |y - target| / max(|target|, 1e-7)`.
public record MeanAbsolutePercentageError() implements RowLoss {
    @Override
    public String name() {
        return "mean_absolute_percentage_error";
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
            final double size = Math.max(Math.abs(t), EPSILON);
            sum += 100 * Math.abs(p - t) / size;
            if (dy != null) {
                dy.setAtIndex(JAVA_FLOAT, at + c, (float) (factor / cols * (100 * Math.signum(p - t) / size)));
            }
        }
        return sum / cols;
    }
}
