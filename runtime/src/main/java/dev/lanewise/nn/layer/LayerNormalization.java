package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.RowNormalizationKernel;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Brings each sample to mean 0 and variance 1 along some axes:
/// `y = (x - mean) / sqrt(variance + epsilon) · gamma +
/// beta`, with the mean and the (biased) variance over these axes and a gamma and beta for each place of them.
///
/// With `rmsScaling`, as Keras has it, the mean is not taken off and there is no beta: `y = x / sqrt(variance +
/// epsilon) · gamma`, the variance still being that around the mean.
///
/// @param axis counted from 0, the batch, which is not allowed; negative ones from the end; ascending
public record LayerNormalization(
        List<Integer> axis,
        float epsilon,
        boolean center,
        boolean scale,
        boolean rmsScaling,
        Initializer betaInitializer,
        Initializer gammaInitializer)
        implements RowNormalized {
    public LayerNormalization {
        axis = List.copyOf(axis);
    }

    /// Over some axes, with Keras' defaults.
    public LayerNormalization(List<Integer> axis, float epsilon, boolean center, boolean scale, boolean rmsScaling) {
        this(axis, epsilon, center, scale, rmsScaling, new Initializers.Zeros(), new Initializers.Ones());
    }

    /// Keras' defaults: over the last axis, epsilon 0.001, with gamma and beta.
    public LayerNormalization() {
        this(List.of(-1), 1e-3f, true, true, false);
    }

    @Override
    public int gamma() {
        return scale || rmsScaling ? 0 : -1;
    }

    @Override
    public int beta() {
        return center && !rmsScaling ? gamma() + 1 : -1;
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        final Shape shape = weightShape(inputs);
        final List<ParameterSpec> specs = new ArrayList<>();
        if (gamma() >= 0) {
            specs.add(new ParameterSpec("gamma", shape, gammaInitializer));
        }
        if (beta() >= 0) {
            specs.add(new ParameterSpec("beta", shape, betaInitializer));
        }
        return specs;
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
        k.moments(x, (long) from * cols, to - from, cols, center, from, factor, from);
        RowNormalized.reciprocalRoots(factor, from, to, epsilon);
        for (int r = from; rmsScaling && r < to; r++) {
            kept.setAtIndex(JAVA_FLOAT, r, center.getAtIndex(JAVA_FLOAT, r));
            center.setAtIndex(JAVA_FLOAT, r, 0);
        }
    }

    @Override
    public void shares(
            int from, int to, int cols, MemorySegment factor, MemorySegment kept, MemorySegment a, MemorySegment b) {
        RowNormalized.divide(a, from, to, cols);
        RowNormalized.divide(b, from, to, cols);
        for (int r = from; rmsScaling && r < to; r++) {
            // The factor follows x - mean, not x: what is too much of n · b is mean · factor · b.
            final float mean = kept.getAtIndex(JAVA_FLOAT, r) * factor.getAtIndex(JAVA_FLOAT, r);
            a.setAtIndex(JAVA_FLOAT, r, -mean * b.getAtIndex(JAVA_FLOAT, r));
        }
    }
}
