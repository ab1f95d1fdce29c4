package dev.lanewise.kernels.loss;

import static dev.lanewise.kernels.loss.CheckedLoss.weight;
import static dev.lanewise.kernels.loss.SimdLoss.multiplyByWeights;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.SWAP_1;
import static dev.lanewise.kernels.simd.Simd.SWAP_2;
import static dev.lanewise.kernels.simd.Simd.SWAP_4;
import static dev.lanewise.kernels.simd.Simd.SWAP_8;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.lanewise.kernels.activation.SimdSoftmax;
import dev.lanewise.kernels.reduction.SimdLaneSum;
import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/// Softmax with cross-entropy where the target is a row of probabilities: the vector loops of [SimdLoss], in
/// the steps of [SimdSparseSoftmaxLoss].
final class SimdSoftmaxLoss {
    private SimdSoftmaxLoss() {}

    /// Narrow rows all at once, others block by block.
    static void softmaxRows(
            MemorySegment z,
            long zo,
            MemorySegment targets,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment soft,
            long so,
            MemorySegment loss,
            long lso,
            @Nullable MemorySegment dz,
            long dzo,
            int rows,
            int cols,
            float scale) {
        if (cols <= LANES) {
            SimdSoftmax.subtractMaxima(z, zo, soft, so, rows, cols);
            distances(soft, so, targets, to, loss, lso, rows, cols);
            SimdSoftmax.exponentials(soft, so, 0, soft, so, rows * cols, false);
            divideBySums(soft, so, targets, to, loss, lso, rows, cols);
        } else {
            int block = SimdSoftmax.rowsOfBlock(cols);
            for (int first = 0; first < rows; first += block) {
                int end = Math.min(rows, first + block);
                for (int r = first; r < end; r++) {
                    long row = (long) r * cols;
                    float max = SimdSoftmax.max(z, zo + row, cols);
                    float distance = SimdLaneSum.weightedDistances(z, zo + row, targets, to + row, cols, max);
                    loss.setAtIndex(JAVA_FLOAT, lso + r, distance);
                    SimdSoftmax.subtract(z, zo + row, soft, so + row, cols, max);
                }
                long start = so + (long) first * cols;
                SimdSoftmax.exponentials(soft, start, 0, soft, start, (end - first) * cols, false);
                for (int r = first; r < end; r++) {
                    long row = (long) r * cols;
                    float total = SimdLaneSum.sum(targets, to + row, cols);
                    float log = ScalarMath.log(SimdSoftmax.divideBySum(soft, so + row, cols));
                    loss.setAtIndex(JAVA_FLOAT, lso + r, total * log + loss.getAtIndex(JAVA_FLOAT, lso + r));
                }
            }
        }
        multiplyByWeights(weights, wo, loss, lso, rows);
        if (dz != null && cols <= LANES) {
            gradients(soft, so, targets, to, weights, wo, dz, dzo, rows, cols, scale);
        } else if (dz != null) {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float total = SimdLaneSum.sum(targets, to + row, cols);
                float factor = weight(weights, wo, r) * scale;
                gradient(soft, so + row, targets, to + row, dz, dzo + row, cols, total, factor);
            }
        }
    }

    /// `loss = Σ t * -z` for narrow rows, where 0 times anything is 0.
    private static void distances(
            MemorySegment z, long zo, MemorySegment t, long to, MemorySegment loss, long lso, int rows, int cols) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, cols);
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            FloatVector v = fromMemorySegment(SPECIES, z, 4 * (zo + row), ORDER, columns);
            FloatVector u = fromMemorySegment(SPECIES, t, 4 * (to + row), ORDER, columns);
            // A lane starts from +0, so that -0 becomes +0.
            FloatVector sum = u.mul(v.neg()).blend(0f, u.eq(0f)).add(0f);
            sum = sum.add(sum.rearrange(SWAP_1));
            sum = sum.add(sum.rearrange(SWAP_2));
            sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
            sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
            loss.setAtIndex(JAVA_FLOAT, lso + r, sum.lane(0));
        }
    }

    /// `p = p / sum` and `loss = total * log(sum) + loss` for narrow rows, `total` the sum of the row's
    /// targets.
    private static void divideBySums(
            MemorySegment p, long po, MemorySegment t, long to, MemorySegment loss, long lso, int rows, int cols) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, cols);
        long last = po + (rows - 1L) * cols;
        FloatVector next = fromMemorySegment(SPECIES, p, 4 * po, ORDER, columns);
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            FloatVector e = next;
            next = fromMemorySegment(SPECIES, p, 4 * Math.min(po + (r + 1L) * cols, last), ORDER, columns);
            FloatVector sum = e.add(e.rearrange(SWAP_1));
            sum = sum.add(sum.rearrange(SWAP_2));
            sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
            sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
            e.div(sum).intoMemorySegment(p, 4 * (po + row), ORDER, columns);
            FloatVector total = fromMemorySegment(SPECIES, t, 4 * (to + row), ORDER, columns)
                    .add(0f);
            total = total.add(total.rearrange(SWAP_1));
            total = total.add(total.rearrange(SWAP_2));
            total = LANES < 8 ? total : total.add(total.rearrange(SWAP_4));
            total = LANES < 16 ? total : total.add(total.rearrange(SWAP_8));
            float value = total.lane(0) * ScalarMath.log(sum.lane(0)) + loss.getAtIndex(JAVA_FLOAT, lso + r);
            loss.setAtIndex(JAVA_FLOAT, lso + r, value);
        }
    }

    /// `dz = (p * total - t) * (w * scale)` for narrow rows.
    private static void gradients(
            MemorySegment p,
            long po,
            MemorySegment t,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment dz,
            long dzo,
            int rows,
            int cols,
            float scale) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, cols);
        long last = po + (rows - 1L) * cols;
        FloatVector next = fromMemorySegment(SPECIES, p, 4 * po, ORDER, columns);
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            FloatVector v = next;
            next = fromMemorySegment(SPECIES, p, 4 * Math.min(po + (r + 1L) * cols, last), ORDER, columns);
            FloatVector u = fromMemorySegment(SPECIES, t, 4 * (to + row), ORDER, columns);
            FloatVector total = u.add(0f);
            total = total.add(total.rearrange(SWAP_1));
            total = total.add(total.rearrange(SWAP_2));
            total = LANES < 8 ? total : total.add(total.rearrange(SWAP_4));
            total = LANES < 16 ? total : total.add(total.rearrange(SWAP_8));
            float factor = weight(weights, wo, r) * scale;
            v.mul(total).sub(u).mul(factor).intoMemorySegment(dz, 4 * (dzo + row), ORDER, columns);
        }
    }

    /// `dz = (p * total - t) * factor`.
    private static void gradient(
            MemorySegment p,
            long po,
            MemorySegment t,
            long to,
            MemorySegment dz,
            long dzo,
            int n,
            float total,
            float factor) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, p, 4 * (po + i), ORDER);
            FloatVector u = fromMemorySegment(SPECIES, t, 4 * (to + i), ORDER);
            v.mul(total).sub(u).mul(factor).intoMemorySegment(dz, 4 * (dzo + i), ORDER);
        }
        for (int i = bound; i < n; i++) {
            float g = p.getAtIndex(JAVA_FLOAT, po + i) * total - t.getAtIndex(JAVA_FLOAT, to + i);
            dz.setAtIndex(JAVA_FLOAT, dzo + i, g * factor);
        }
    }
}
