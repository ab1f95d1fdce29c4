package dev.lanewise.kernels.loss;

import static dev.lanewise.kernels.Segments.requireFloats;
import static dev.lanewise.kernels.Segments.requireMatrix;
import static dev.lanewise.kernels.Segments.requireWritableFloats;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.LossKernel;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Checks the operands; the rows are the implementation's.
abstract class CheckedLoss implements LossKernel {
    /// Keras' epsilon: probabilities are clipped to `[CLIP_MIN, CLIP_MAX]`.
    static final float CLIP_MIN = 1e-7f;

    static final float CLIP_MAX = (float) (1 - 1e-7);

    @Override
    public final void softmaxCrossEntropySparse(
            MemorySegment z,
            long zo,
            MemorySegment labels,
            long lo,
            @Nullable MemorySegment weights,
            long wo,
            @Nullable MemorySegment p,
            long po,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dz,
            long dzo,
            int rows,
            int cols,
            float scale) {
        String name = "softmaxCrossEntropySparse";
        requireMatrix(name, "z", z, zo, rows, cols, cols);
        requireOutputs(name, weights, wo, loss, lso, dz, dzo, rows, cols);
        requireOutput(name, "p", p, po, rows, cols);
        requireLabels(name, labels, lo, rows, cols);
        softmaxSparseRows(z, zo, labels, lo, weights, wo, p, po, loss, lso, dz, dzo, rows, cols, scale);
    }

    @Override
    public final void softmaxCrossEntropy(
            MemorySegment z,
            long zo,
            MemorySegment targets,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            @Nullable MemorySegment p,
            long po,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dz,
            long dzo,
            int rows,
            int cols,
            float scale) {
        String name = "softmaxCrossEntropy";
        requireMatrix(name, "z", z, zo, rows, cols, cols);
        requireMatrix(name, "targets", targets, to, rows, cols, cols);
        requireOutputs(name, weights, wo, loss, lso, dz, dzo, rows, cols);
        requireOutput(name, "p", p, po, rows, cols);
        softmaxRows(z, zo, targets, to, weights, wo, p, po, loss, lso, dz, dzo, rows, cols, scale);
    }

    @Override
    public final void categoricalCrossEntropySparse(
            MemorySegment p,
            long po,
            MemorySegment labels,
            long lo,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dp,
            long dpo,
            int rows,
            int cols,
            float scale) {
        String name = "categoricalCrossEntropySparse";
        requireMatrix(name, "p", p, po, rows, cols, cols);
        requireOutputs(name, weights, wo, loss, lso, dp, dpo, rows, cols);
        requireLabels(name, labels, lo, rows, cols);
        categoricalSparseRows(p, po, labels, lo, weights, wo, loss, lso, dp, dpo, rows, cols, scale);
    }

    @Override
    public final void categoricalCrossEntropy(
            MemorySegment p,
            long po,
            MemorySegment targets,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dp,
            long dpo,
            int rows,
            int cols,
            float scale) {
        String name = "categoricalCrossEntropy";
        requireMatrix(name, "p", p, po, rows, cols, cols);
        requireMatrix(name, "targets", targets, to, rows, cols, cols);
        requireOutputs(name, weights, wo, loss, lso, dp, dpo, rows, cols);
        categoricalRows(p, po, targets, to, weights, wo, loss, lso, dp, dpo, rows, cols, scale);
    }

    @Override
    public final void meanSquaredError(
            MemorySegment y,
            long yo,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lo,
            @Nullable MemorySegment dy,
            long dyo,
            int rows,
            int cols,
            float scale) {
        String name = "meanSquaredError";
        requireMatrix(name, "y", y, yo, rows, cols, cols);
        requireMatrix(name, "t", t, to, rows, cols, cols);
        requireOutputs(name, weights, wo, loss, lo, dy, dyo, rows, cols);
        squaredRows(y, yo, t, to, weights, wo, loss, lo, dy, dyo, rows, cols, scale);
    }

    @Override
    public final void meanAbsoluteError(
            MemorySegment y,
            long yo,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lo,
            @Nullable MemorySegment dy,
            long dyo,
            int rows,
            int cols,
            float scale) {
        String name = "meanAbsoluteError";
        requireMatrix(name, "y", y, yo, rows, cols, cols);
        requireMatrix(name, "t", t, to, rows, cols, cols);
        requireOutputs(name, weights, wo, loss, lo, dy, dyo, rows, cols);
        absoluteRows(y, yo, t, to, weights, wo, loss, lo, dy, dyo, rows, cols, scale);
    }

    abstract void softmaxSparseRows(
            MemorySegment z,
            long zo,
            MemorySegment labels,
            long lo,
            @Nullable MemorySegment weights,
            long wo,
            @Nullable MemorySegment p,
            long po,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dz,
            long dzo,
            int rows,
            int cols,
            float scale);

    abstract void softmaxRows(
            MemorySegment z,
            long zo,
            MemorySegment targets,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            @Nullable MemorySegment p,
            long po,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dz,
            long dzo,
            int rows,
            int cols,
            float scale);

    abstract void categoricalSparseRows(
            MemorySegment p,
            long po,
            MemorySegment labels,
            long lo,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dp,
            long dpo,
            int rows,
            int cols,
            float scale);

    abstract void categoricalRows(
            MemorySegment p,
            long po,
            MemorySegment targets,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dp,
            long dpo,
            int rows,
            int cols,
            float scale);

    abstract void squaredRows(
            MemorySegment y,
            long yo,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lo,
            @Nullable MemorySegment dy,
            long dyo,
            int rows,
            int cols,
            float scale);

    abstract void absoluteRows(
            MemorySegment y,
            long yo,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lo,
            @Nullable MemorySegment dy,
            long dyo,
            int rows,
            int cols,
            float scale);

    /// The weight of a row: 1 where there are none.
    static float weight(@Nullable MemorySegment weights, long wo, int row) {
        return weights == null ? 1 : weights.getAtIndex(JAVA_FLOAT, wo + row);
    }

    private static void requireOutputs(
            String name,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lo,
            @Nullable MemorySegment gradient,
            long go,
            int rows,
            int cols) {
        if (rows > 0 && cols < 1) {
            throw new IllegalArgumentException(name + ": expected at least one column, got " + cols);
        }
        requireWritableFloats(name, "loss", loss, lo, rows);
        requireOutput(name, "gradient", gradient, go, rows, cols);
        if (weights != null) {
            requireFloats(name, "weights", weights, wo, rows);
        }
    }

    private static void requireOutput(
            String name, String operand, @Nullable MemorySegment segment, long offset, int rows, int cols) {
        if (segment != null) {
            requireWritableFloats(name, operand, segment, offset, (long) rows * cols);
        }
    }

    private static void requireLabels(String name, MemorySegment labels, long lo, int rows, int cols) {
        requireFloats(name, "labels", labels, lo, rows);
        for (int r = 0; r < rows; r++) {
            float label = labels.getAtIndex(JAVA_FLOAT, lo + r);
            int index = (int) label;
            if (index != label || index < 0 || index >= cols) {
                throw new IllegalArgumentException(
                        name + ": expected labels of 0 to " + (cols - 1) + ", got " + label + " in row " + r);
            }
        }
    }
}
