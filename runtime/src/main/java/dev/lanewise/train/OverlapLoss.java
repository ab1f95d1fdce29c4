package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// A loss of a batch as a whole, one minus a share of overlap: every row has it, times its weight.
interface OverlapLoss extends Loss {
    /// Keras' `backend.epsilon()`.
    double EPSILON = 1e-7;

    /// What is beside the overlap in the denominator: the factor of outputs without target.
    double alpha();

    /// The factor of targets without output.
    double beta();

    @Override
    default void forwardBackward(LossBuffers b) {
        final MemorySegment y = b.y().segment();
        final MemorySegment target = b.target().segment();
        final MemorySegment dy = Rows.segment(b.dy());
        final int n = b.y().size();
        double overlap = 0;
        double ys = 0;
        double targets = 0;
        for (int i = 0; i < n; i++) {
            final double p = y.getAtIndex(JAVA_FLOAT, i);
            final double t = target.getAtIndex(JAVA_FLOAT, i);
            overlap += p * t;
            ys += p;
            targets += t;
        }
        final double all = overlap + alpha() * (ys - overlap) + beta() * (targets - overlap) + EPSILON * epsilonShare();
        final double loss = 1 - overlap / all;
        final MemorySegment weight = Rows.segment(b.weight());
        double weights = 0;
        for (int r = 0; r < b.rows(); r++) {
            final double w = weight == null ? 1 : weight.getAtIndex(JAVA_FLOAT, r);
            weights += w;
            b.loss().segment().setAtIndex(JAVA_FLOAT, r, (float) (w * loss));
        }
        final double factor = weights * b.scale();
        for (int i = 0; dy != null && i < n; i++) {
            final double t = target.getAtIndex(JAVA_FLOAT, i);
            final double slope = t + alpha() * (1 - t) - beta() * t;
            dy.setAtIndex(JAVA_FLOAT, i, (float) (factor * (overlap * slope / all - t) / all));
        }
    }

    /// How much of [#EPSILON] is in the denominator.
    default double epsilonShare() {
        return 1;
    }

    @Override
    default void checkShapes(Shape y, Shape target) {
        Rows.requireElements(getClass().getSimpleName(), y, target);
    }
}
