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

    @Override
    public final void sigmoidCrossEntropy(
            MemorySegment z,
            long zo,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            @Nullable MemorySegment p,
            long po,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dz,
            long dzo,
            MemorySegment scratch,
            long so,
            int rows,
            int cols,
            float scale) {
        elements(
                "sigmoidCrossEntropy",
                sigmoidLoss(),
                t,
                to,
                z,
                zo,
                weights,
                wo,
                p,
                po,
                loss,
                lso,
                dz,
                dzo,
                scratch,
                so,
                rows,
                cols,
                0,
                scale);
    }

    @Override
    public final void binaryCrossEntropy(
            MemorySegment p,
            long po,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dp,
            long dpo,
            MemorySegment scratch,
            long so,
            int rows,
            int cols,
            float scale) {
        elements(
                "binaryCrossEntropy",
                PlainLosses.Binary.INSTANCE,
                t,
                to,
                p,
                po,
                weights,
                wo,
                null,
                0,
                loss,
                lso,
                dp,
                dpo,
                scratch,
                so,
                rows,
                cols,
                0,
                scale);
    }

    @Override
    public final void huber(
            MemorySegment y,
            long yo,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dy,
            long dyo,
            MemorySegment scratch,
            long so,
            int rows,
            int cols,
            float delta,
            float scale) {
        elements(
                "huber",
                huberLoss(),
                t,
                to,
                y,
                yo,
                weights,
                wo,
                null,
                0,
                loss,
                lso,
                dy,
                dyo,
                scratch,
                so,
                rows,
                cols,
                delta,
                scale);
    }

    @Override
    public final void logCosh(
            MemorySegment y,
            long yo,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dy,
            long dyo,
            MemorySegment scratch,
            long so,
            int rows,
            int cols,
            float scale) {
        elements(
                "logCosh",
                PlainLosses.LogCosh.INSTANCE,
                t,
                to,
                y,
                yo,
                weights,
                wo,
                null,
                0,
                loss,
                lso,
                dy,
                dyo,
                scratch,
                so,
                rows,
                cols,
                0,
                scale);
    }

    /// Losses of elements to `scratch`, their means, and the gradients: from the activation in the loss,
    /// where it has one, which goes to where the gradient will be if nobody asks for it.
    private void elements(
            String name,
            ElementLoss elements,
            MemorySegment t,
            long to,
            MemorySegment y,
            long yo,
            @Nullable MemorySegment weights,
            long wo,
            @Nullable MemorySegment p,
            long po,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dy,
            long dyo,
            MemorySegment scratch,
            long so,
            int rows,
            int cols,
            float parameter,
            float scale) {
        requireMatrix(name, "y", y, yo, rows, cols, cols);
        requireMatrix(name, "t", t, to, rows, cols, cols);
        requireOutputs(name, weights, wo, loss, lso, dy, dyo, rows, cols);
        requireOutput(name, "p", p, po, rows, cols);
        requireWritableFloats(name, "scratch", scratch, so, (long) rows * cols);
        int n = rows * cols;
        boolean hasSoft = elements.hasActivation();
        MemorySegment soft = p != null ? p : dy != null && hasSoft ? dy : scratch;
        long softOffset = p != null ? po : dy != null && hasSoft ? dyo : so;
        elements.values(y, yo, t, to, soft, softOffset, scratch, so, n, parameter);
        for (int r = 0; r < rows; r++) {
            float sum = sum(scratch, so + (long) r * cols, cols);
            loss.setAtIndex(JAVA_FLOAT, lso + r, weight(weights, wo, r) * (sum / cols));
        }
        if (dy == null) {
            return;
        }
        MemorySegment from = hasSoft ? soft : y;
        long fromOffset = hasSoft ? softOffset : yo;
        if (weights == null) {
            elements.gradients(from, fromOffset, t, to, dy, dyo, n, 1f / cols * scale, parameter);
        } else {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float factor = 1f / cols * (weight(weights, wo, r) * scale);
                elements.gradients(from, fromOffset + row, t, to + row, dy, dyo + row, cols, factor, parameter);
            }
        }
    }

    abstract ElementLoss sigmoidLoss();

    abstract ElementLoss huberLoss();

    /// The sum of a row.
    abstract float sum(MemorySegment x, long xo, int n);

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

    /// Whether all are seen at once to be whole numbers from 0 to `cols - 1`.
    boolean areLabels(MemorySegment labels, long lo, int rows, int cols) {
        return false;
    }

    private void requireLabels(String name, MemorySegment labels, long lo, int rows, int cols) {
        requireFloats(name, "labels", labels, lo, rows);
        if (areLabels(labels, lo, rows, cols)) {
            return;
        }
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
