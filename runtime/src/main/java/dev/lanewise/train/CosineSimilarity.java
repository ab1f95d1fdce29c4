package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// `-sum of y/|y| · target/|target|`: -1 where both point the same way. Norms are at least 1e-7.
public record CosineSimilarity() implements RowLoss {
    @Override
    public String name() {
        return "cosine_similarity";
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
        double squares = 0;
        double targetSquares = 0;
        double product = 0;
        for (int c = 0; c < cols; c++) {
            final double p = y.getAtIndex(JAVA_FLOAT, at + c);
            final double t = target.getAtIndex(JAVA_FLOAT, to + c);
            squares += p * p;
            targetSquares += t * t;
            product += p * t;
        }
        final double scale = Math.min(1 / Math.sqrt(squares), 1 / EPSILON);
        final double targetScale = Math.min(1 / Math.sqrt(targetSquares), 1 / EPSILON);
        final double cosine = product * scale * targetScale;
        final double along = scale < 1 / EPSILON ? cosine : 0;
        for (int c = 0; dy != null && c < cols; c++) {
            final double p = y.getAtIndex(JAVA_FLOAT, at + c);
            final double t = target.getAtIndex(JAVA_FLOAT, to + c);
            final double slope = (along * p * scale - t * targetScale) * scale;
            dy.setAtIndex(JAVA_FLOAT, at + c, (float) (factor * slope));
        }
        return -cosine;
    }
}
