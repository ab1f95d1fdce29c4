package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Regularizer;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// [Regularizer.OrthogonalRegularizer]: with unit vectors `v_i = w_i · inverse_i` the value is
/// `scale · Σ_{i<j} |v_i · v_j|`, `scale = factor / pairs`.
///
/// Gradient: with `d_i = scale · Σ_{j≠i} sign(v_i · v_j) · v_j`,
/// `dw_i = inverse_i · (d_i - v_i · (v_i · d_i))`. A
/// vector shorter than epsilon is divided by that instead, and then `dw_i = inverse_i · d_i`.
final class OrthogonalPenalty implements WeightPenalty {
    /// Keras' epsilon: no vector is made longer than by its inverse.
    private static final double EPSILON = 1e-7;

    private final double scale;
    private final int vectors;
    private final int length;
    private final int vectorStride;
    private final int elementStride;
    private final MemorySegment weight;
    private final @Nullable MemorySegment gradient;

    /// The unit vectors, one after the other, and what each was multiplied by.
    private final double[] unit;

    private final double[] inverse;

    /// The gradient by one unit vector.
    private final double[] d;

    OrthogonalPenalty(Regularizer.OrthogonalRegularizer regularizer, Tensor weight, @Nullable Tensor gradient) {
        final Shape shape = weight.shape();
        final boolean rows = regularizer.mode().equals("rows");
        vectors = shape.dim(rows ? 0 : 1);
        length = shape.dim(rows ? 1 : 0);
        vectorStride = rows ? length : 1;
        elementStride = rows ? 1 : vectors;
        scale = regularizer.factor() / (vectors * (vectors - 1.0) / 2);
        this.weight = weight.segment();
        this.gradient = gradient == null ? null : gradient.segment();
        unit = new double[weight.size()];
        inverse = new double[vectors];
        d = new double[length];
    }

    @Override
    public double value(boolean withGradient) {
        normalize();
        double sum = 0;
        for (int i = 0; i < vectors; i++) {
            java.util.Arrays.fill(d, 0);
            for (int j = 0; j < vectors; j++) {
                if (j != i) {
                    final double product = dot(unit, i * length, unit, j * length);
                    sum += j > i ? Math.abs(product) : 0;
                    add(scale * Math.signum(product), j * length);
                }
            }
            if (withGradient && gradient != null) {
                addGradient(i, gradient);
            }
        }
        return scale * sum;
    }

    private void normalize() {
        for (int i = 0; i < vectors; i++) {
            double squares = 0;
            for (int e = 0; e < length; e++) {
                final double w = weight.getAtIndex(JAVA_FLOAT, (long) i * vectorStride + (long) e * elementStride);
                unit[i * length + e] = w;
                squares += w * w;
            }
            inverse[i] = Math.min(1 / Math.sqrt(squares), 1 / EPSILON);
            for (int e = 0; e < length; e++) {
                unit[i * length + e] *= inverse[i];
            }
        }
    }

    private double dot(double[] a, int ao, double[] b, int bo) {
        double sum = 0;
        for (int e = 0; e < length; e++) {
            sum += a[ao + e] * b[bo + e];
        }
        return sum;
    }

    private void add(double factor, int vector) {
        for (int e = 0; e < length; e++) {
            d[e] += factor * unit[vector + e];
        }
    }

    private void addGradient(int i, MemorySegment to) {
        final double along = inverse[i] < 1 / EPSILON ? dot(unit, i * length, d, 0) : 0;
        for (int e = 0; e < length; e++) {
            final long at = (long) i * vectorStride + (long) e * elementStride;
            final double dw = inverse[i] * (d[e] - unit[i * length + e] * along);
            to.setAtIndex(JAVA_FLOAT, at, to.getAtIndex(JAVA_FLOAT, at) + (float) dw);
        }
    }
}
