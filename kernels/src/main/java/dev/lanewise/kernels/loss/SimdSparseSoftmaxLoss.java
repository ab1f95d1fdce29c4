package dev.lanewise.kernels.loss;

import static dev.lanewise.kernels.activation.SimdSoftmaxColumns.TOGETHER;
import static dev.lanewise.kernels.loss.CheckedLoss.weight;
import static dev.lanewise.kernels.loss.SimdLoss.label;
import static dev.lanewise.kernels.loss.SimdLoss.multiplyByWeights;
import static dev.lanewise.kernels.simd.ScalarMath.ROUND;
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
import dev.lanewise.kernels.activation.SimdSoftmaxColumns;
import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/// Softmax with cross-entropy where the target is a label: the vector loops of [SimdLoss].
///
/// The softmax goes to `soft`, and the gradient is made of it in a further loop. `loss` holds what is known of
/// a row's loss in between. Narrow rows are those of [SimdSoftmax]; the logarithm, one per row, is the plain
/// one and runs beside the vector instructions.
final class SimdSparseSoftmaxLoss {
    /// Adding and taking away [ScalarMath#ROUND] rounds to whole numbers up to here.
    private static final int ROUND_UP_TO = 1 << 22;

    private SimdSparseSoftmaxLoss() {}

    /// Calls on nothing of its loops.
    static void callEmpty(MemorySegment s, int times) {
        for (int i = 0; i < times; i++) {
            softmaxSparseBlock(s, 0, s, 0, null, 0, s, 0, s, 0, s, 0, 0, LANES, 1);
        }
    }

    /// Whether all are whole numbers from 0 to `cols - 1`; no where there are too many columns to tell.
    static boolean areLabels(MemorySegment labels, long lo, int rows, int cols) {
        if (cols > ROUND_UP_TO) {
            return false;
        }
        VectorMask<Float> good = SPECIES.maskAll(true);
        int bound = vectorBound(rows);
        for (int r = 0; r < bound; r += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, labels, 4 * (lo + r), ORDER);
            // NaN is not less than anything.
            good = good.and(v.add(ROUND).sub(ROUND).eq(v)).and(v.lt(cols)).andNot(v.lt(0f));
        }
        boolean all = good.allTrue();
        for (int r = bound; r < rows; r++) {
            float label = labels.getAtIndex(JAVA_FLOAT, lo + r);
            all &= (int) label == label && label >= 0 && label < cols;
        }
        return all;
    }

    /// Block by block.
    static void softmaxSparseRows(
            MemorySegment z,
            long zo,
            MemorySegment labels,
            long lo,
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
        int block = SimdSoftmax.rowsOfBlock(Math.max(1, cols));
        int turned = 0;
        if (dz != null && SimdSoftmaxColumns.arePossible(cols) && !same(z, zo, soft, so) && !same(z, zo, dz, dzo)) {
            int groups = Math.max(0, rows / TOGETHER - 1);
            SimdSparseSoftmaxColumns.rows(
                    z, zo, labels, lo, weights, wo, soft, so, loss, lso, dz, dzo, groups, cols, scale);
            turned = groups * TOGETHER;
        }
        for (int first = turned; first < rows; first += Math.min(block, rows - first)) {
            int count = Math.min(block, rows - first);
            long at = (long) first * cols;
            softmaxSparseBlock(
                    z,
                    zo + at,
                    labels,
                    lo + first,
                    weights,
                    wo + first,
                    soft,
                    so + at,
                    loss,
                    lso + first,
                    dz,
                    dzo + at,
                    count,
                    cols,
                    scale);
        }
    }

    private static boolean same(MemorySegment a, long ao, MemorySegment b, long bo) {
        return a.address() + 4 * ao == b.address() + 4 * bo;
    }

    /// Rows that stay in the second-level cache.
    private static void softmaxSparseBlock(
            MemorySegment z,
            long zo,
            MemorySegment labels,
            long lo,
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
            for (int r = 0; r < rows; r++) {
                long index = so + (long) r * cols + label(labels, lo + r);
                loss.setAtIndex(JAVA_FLOAT, lso + r, -soft.getAtIndex(JAVA_FLOAT, index));
            }
            SimdSoftmax.exponentials(soft, so, 0, soft, so, rows * cols, false);
            divideBySums(soft, so, loss, lso, rows, cols);
        } else {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float max = SimdSoftmax.max(z, zo + row, cols);
                float distance = max - z.getAtIndex(JAVA_FLOAT, zo + row + label(labels, lo + r));
                loss.setAtIndex(JAVA_FLOAT, lso + r, distance);
                SimdSoftmax.subtract(z, zo + row, soft, so + row, cols, max);
            }
            SimdSoftmax.exponentials(soft, so, 0, soft, so, rows * cols, false);
            for (int r = 0; r < rows; r++) {
                float log = ScalarMath.log(SimdSoftmax.divideBySum(soft, so + (long) r * cols, cols));
                loss.setAtIndex(JAVA_FLOAT, lso + r, log + loss.getAtIndex(JAVA_FLOAT, lso + r));
            }
        }
        multiplyByWeights(weights, wo, loss, lso, rows);
        if (dz != null) {
            sparseGradient(soft, so, labels, lo, weights, wo, dz, dzo, rows, cols, scale);
        }
    }

    /// `dz = (p - (c == label ? 1 : 0)) * (w * scale)`.
    private static void sparseGradient(
            MemorySegment p,
            long po,
            MemorySegment labels,
            long lo,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment dz,
            long dzo,
            int rows,
            int cols,
            float scale) {
        if (same(p, po, dz, dzo)) {
            for (int r = 0; r < rows; r++) {
                long index = dzo + (long) r * cols + label(labels, lo + r);
                dz.setAtIndex(JAVA_FLOAT, index, dz.getAtIndex(JAVA_FLOAT, index) - 1);
            }
            multiplyRows(dz, dzo, weights, wo, dz, dzo, rows, cols, scale);
        } else {
            // The labels last: a vector load of a float just written would have to wait for it.
            multiplyRows(p, po, weights, wo, dz, dzo, rows, cols, scale);
            for (int r = 0; r < rows; r++) {
                long index = (long) r * cols + label(labels, lo + r);
                float g = (p.getAtIndex(JAVA_FLOAT, po + index) - 1) * (weight(weights, wo, r) * scale);
                dz.setAtIndex(JAVA_FLOAT, dzo + index, g);
            }
        }
    }

    /// `p = p / sum` and `loss = log(sum) + loss` for narrow rows, `sum` the row's.
    private static void divideBySums(MemorySegment p, long po, MemorySegment loss, long lso, int rows, int cols) {
        if (rows == 0) {
            return;
        }
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
            float value = ScalarMath.log(sum.lane(0)) + loss.getAtIndex(JAVA_FLOAT, lso + r);
            loss.setAtIndex(JAVA_FLOAT, lso + r, value);
        }
    }

    /// `y = x * (w * scale)`.
    private static void multiplyRows(
            MemorySegment x,
            long xo,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment y,
            long yo,
            int rows,
            int cols,
            float scale) {
        if (weights == null) {
            multiply(x, xo, y, yo, rows * cols, scale);
            return;
        }
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            multiply(x, xo + row, y, yo + row, cols, weight(weights, wo, r) * scale);
        }
    }

    private static void multiply(MemorySegment x, long xo, MemorySegment y, long yo, int n, float factor) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            v.mul(factor).intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
        for (int i = bound; i < n; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, x.getAtIndex(JAVA_FLOAT, xo + i) * factor);
        }
    }
}
