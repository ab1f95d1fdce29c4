package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// `max(1 + max of (1 - target) · y - sum of target · y, 0)`, for one-hot targets.
public record CategoricalHinge() implements RowLoss {
    @Override
    public String name() {
        return "categorical_hinge";
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
        double right = 0;
        double wrong = Double.NEGATIVE_INFINITY;
        int largest = 0;
        for (int c = 0; c < cols; c++) {
            final double p = y.getAtIndex(JAVA_FLOAT, at + c);
            final double t = target.getAtIndex(JAVA_FLOAT, to + c);
            right += t * p;
            if ((1 - t) * p > wrong) {
                wrong = (1 - t) * p;
                largest = c;
            }
        }
        final double loss = Math.max(1 + wrong - right, 0);
        for (int c = 0; dy != null && c < cols; c++) {
            final double t = target.getAtIndex(JAVA_FLOAT, to + c);
            final double slope = loss > 0 ? (c == largest ? 1 - t : 0) - t : 0;
            dy.setAtIndex(JAVA_FLOAT, at + c, (float) (factor * slope));
        }
        return loss;
    }
}
