package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.RowNormalizationKernel;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Divides each sample by its root mean square along some axes: `y = x / sqrt(mean(x²) + epsilon) · scale`,
/// with a
/// scale for each place of these axes.
///
/// @param axis counted from 0, the batch, which is not allowed; negative ones from the end; ascending
public record RMSNormalization(List<Integer> axis, float epsilon) implements RowNormalized {
    public RMSNormalization {
        axis = List.copyOf(axis);
    }

    /// Keras' defaults: over the last axis, epsilon 1e-6.
    public RMSNormalization() {
        this(List.of(-1), 1e-6f);
    }

    @Override
    public int gamma() {
        return 0;
    }

    @Override
    public int beta() {
        return -1;
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        return List.of(new ParameterSpec("scale", weightShape(inputs), new Initializers.Ones()));
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
        RowNormalized.divide(factor, from, to, cols);
        RowNormalized.reciprocalRoots(factor, from, to, epsilon);
        for (int r = from; r < to; r++) {
            center.setAtIndex(JAVA_FLOAT, r, 0);
        }
    }

    @Override
    public void shares(
            int from, int to, int cols, MemorySegment factor, MemorySegment kept, MemorySegment a, MemorySegment b) {
        RowNormalized.divide(b, from, to, cols);
        for (int r = from; r < to; r++) {
            a.setAtIndex(JAVA_FLOAT, r, 0);
        }
    }
}
