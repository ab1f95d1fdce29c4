package dev.lanewise.kernels.loss;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.EmptyCalls;
import dev.lanewise.kernels.activation.SimdSoftmaxColumns;
import dev.lanewise.kernels.reduction.SimdLaneSum;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Vector loops, each kind of loss in a class of its own.
///
/// The softmax goes to where the gradient will be if nobody asks for it. The loss of logits when nothing but
/// the loss is asked for, and that of probabilities and a row of targets when no gradient is, or one in the
/// place of the probabilities, are left to the plain loops: they have nowhere to put what is in between.
public final class SimdLoss extends ScalarLoss implements EmptyCalls {
    @Override
    public void callEmpty(MemorySegment memory, int times) {
        SimdSparseSoftmaxLoss.callEmpty(memory, times);
        if (SimdSoftmaxColumns.arePossible(SimdSoftmaxColumns.TOGETHER)) {
            SimdSoftmaxColumns.callEmpty(memory, times);
            SimdSparseSoftmaxColumns.callEmpty(memory, times);
        }
    }

    @Override
    ElementLoss sigmoidLoss() {
        return SigmoidLoss.SimdLoops.INSTANCE;
    }

    @Override
    ElementLoss huberLoss() {
        return HuberLoss.SimdLoops.INSTANCE;
    }

    /// A row of one column has nothing to add up.
    @Override
    float sum(MemorySegment x, long xo, int n) {
        return n == 1 ? x.getAtIndex(JAVA_FLOAT, xo) + 0f : SimdLaneSum.sum(x, xo, n);
    }

    @Override
    boolean areLabels(MemorySegment labels, long lo, int rows, int cols) {
        return SimdSparseSoftmaxLoss.areLabels(labels, lo, rows, cols);
    }

    @Override
    void softmaxSparseRows(
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
        MemorySegment soft = p != null ? p : dz;
        long so = p != null ? po : dzo;
        if (soft == null || rows == 0) {
            super.softmaxSparseRows(z, zo, labels, lo, weights, wo, p, po, loss, lso, dz, dzo, rows, cols, scale);
            return;
        }
        SimdSparseSoftmaxLoss.softmaxSparseRows(
                z, zo, labels, lo, weights, wo, soft, so, loss, lso, dz, dzo, rows, cols, scale);
    }

    @Override
    void softmaxRows(
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
        MemorySegment soft = p != null ? p : dz;
        long so = p != null ? po : dzo;
        if (soft == null || rows == 0) {
            super.softmaxRows(z, zo, targets, to, weights, wo, p, po, loss, lso, dz, dzo, rows, cols, scale);
            return;
        }
        SimdSoftmaxLoss.softmaxRows(z, zo, targets, to, weights, wo, soft, so, loss, lso, dz, dzo, rows, cols, scale);
    }

    @Override
    void categoricalSparseRows(
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
        SimdCategoricalLoss.categoricalSparseRows(
                p, po, labels, lo, weights, wo, loss, lso, dp, dpo, rows, cols, scale);
    }

    @Override
    void categoricalRows(
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
        if (dp == null || p.address() + 4 * po == dp.address() + 4 * dpo) {
            super.categoricalRows(p, po, targets, to, weights, wo, loss, lso, dp, dpo, rows, cols, scale);
            return;
        }
        SimdCategoricalLoss.categoricalRows(p, po, targets, to, weights, wo, loss, lso, dp, dpo, rows, cols, scale);
    }

    @Override
    void squaredRows(
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
        SimdDifferenceLoss.squaredRows(y, yo, t, to, weights, wo, loss, lo, dy, dyo, rows, cols, scale);
    }

    @Override
    void absoluteRows(
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
        SimdDifferenceLoss.absoluteRows(y, yo, t, to, weights, wo, loss, lo, dy, dyo, rows, cols, scale);
    }

    /// `loss = loss * w`, where there are weights.
    static void multiplyByWeights(@Nullable MemorySegment weights, long wo, MemorySegment loss, long lo, int rows) {
        for (int r = 0; weights != null && r < rows; r++) {
            float value = weights.getAtIndex(JAVA_FLOAT, wo + r) * loss.getAtIndex(JAVA_FLOAT, lo + r);
            loss.setAtIndex(JAVA_FLOAT, lo + r, value);
        }
    }

    static int label(MemorySegment labels, long index) {
        return (int) labels.getAtIndex(JAVA_FLOAT, index);
    }
}
