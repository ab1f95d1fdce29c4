package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.RowNormalizationKernel;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Divides each sample by its length along some axes: `y = x · min(1 / sqrt(Σ x²), 1e12)`, so that zeros
/// stay zeros.
///
/// @param axis counted from 0, the batch, which is not allowed; negative ones from the end; ascending
public record UnitNormalization(List<Integer> axis) implements RowNormalized {
    /// One by Keras' epsilon.
    private static final float MAX_FACTOR = 1e12f;

    public UnitNormalization {
        axis = List.copyOf(axis);
    }

    /// Keras' default: over the last axis.
    public UnitNormalization() {
        this(List.of(-1));
    }

    @Override
    public int gamma() {
        return -1;
    }

    @Override
    public int beta() {
        return -1;
    }

    @Override
    public void statistics(
            RowNormalizationKernel k,
            MemorySegment x,
            int from,
            int to,
            int cols,
            MemorySegment center,
            MemorySegment factor,
            MemorySegment kept) {
        k.squares(x, (long) from * cols, to - from, cols, factor, from);
        for (int r = from; r < to; r++) {
            final double root = Math.sqrt(factor.getAtIndex(JAVA_FLOAT, r));
            factor.setAtIndex(JAVA_FLOAT, r, Math.min((float) (1 / root), MAX_FACTOR));
            center.setAtIndex(JAVA_FLOAT, r, 0);
        }
    }

    @Override
    public void shares(
            int from, int to, int cols, MemorySegment factor, MemorySegment kept, MemorySegment a, MemorySegment b) {
        for (int r = from; r < to; r++) {
            a.setAtIndex(JAVA_FLOAT, r, 0);
            if (factor.getAtIndex(JAVA_FLOAT, r) >= MAX_FACTOR) {
                b.setAtIndex(JAVA_FLOAT, r, 0); // the factor does not follow x there
            }
        }
    }
}
