package dev.lanewise.kernels.loss;

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
import dev.lanewise.kernels.simd.SimdMath;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;

/// Vector loops.
///
/// The softmax goes to where the gradient will be if nobody asks for it, and the gradient is made of it in a
/// further loop. `loss` holds what is known of a row's loss in between. Narrow rows are those of [SimdSoftmax];
/// the logarithm, one per row, is the plain one and runs beside the vector instructions.
///
/// The loss of logits when nothing but the loss is asked for, and that of probabilities and a row of targets
/// when no gradient is, or one in the place of the probabilities, are left to the plain loops: they have
/// nowhere to put what is in between.
public final class SimdLoss extends ScalarLoss {
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
        int block = SimdSoftmax.rowsOfBlock(Math.max(1, cols));
        for (int first = 0; first < rows; first += block) {
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
        if (p.address() + 4 * po == dz.address() + 4 * dzo) {
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
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            int label = label(labels, lo + r);
            float weight = weight(weights, wo, r);
            float sum = SimdLaneSum.sum(p, po + row, cols);
            float probability = p.getAtIndex(JAVA_FLOAT, po + row + label);
            float q = probability / sum;
            loss.setAtIndex(JAVA_FLOAT, lso + r, weight * -ScalarMath.log(clip(q)));
            if (dp != null) {
                float factor = weight * scale;
                float common = clipped(q) ? 0 : 1 / sum;
                fill(dp, dpo + row, cols, common * factor);
                float own = clipped(q) ? 0 : common - 1 / probability;
                dp.setAtIndex(JAVA_FLOAT, dpo + row + label, own * factor);
            }
        }
    }

    private static void fill(MemorySegment y, long yo, int n, float value) {
        FloatVector values = FloatVector.broadcast(SPECIES, value);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            values.intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
        for (int i = bound; i < n; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, value);
        }
    }

    /// The gradient's place holds the quotients, then their logarithms, then the targets that count.
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
        int block = SimdSoftmax.rowsOfBlock(Math.max(1, cols));
        for (int first = 0; first < rows; first += block) {
            int end = Math.min(rows, first + block);
            for (int r = first; r < end; r++) {
                long row = (long) r * cols;
                float sum = SimdLaneSum.sum(p, po + row, cols);
                loss.setAtIndex(JAVA_FLOAT, lso + r, sum);
                quotients(p, po + row, dp, dpo + row, cols, sum);
            }
            long start = dpo + (long) first * cols;
            SimdMath.log(dp, start, dp, start, (end - first) * cols);
            for (int r = first; r < end; r++) {
                long row = (long) r * cols;
                float sum = loss.getAtIndex(JAVA_FLOAT, lso + r);
                float weight = weight(weights, wo, r);
                float logs = SimdLaneSum.products(targets, to + row, dp, dpo + row, cols);
                loss.setAtIndex(JAVA_FLOAT, lso + r, weight * -logs);
                targetsThatCount(p, po + row, targets, to + row, dp, dpo + row, cols, sum);
                float common = SimdLaneSum.sum(dp, dpo + row, cols) / sum;
                gradientOfProbabilities(p, po + row, dp, dpo + row, cols, common, weight * scale);
            }
        }
    }

    /// `y = clip(p / sum)`. With masks, for rows may be narrow; the time is in the logarithms.
    private static void quotients(MemorySegment p, long po, MemorySegment y, long yo, int n, float sum) {
        for (int i = 0; i < n; i += LANES) {
            VectorMask<Float> columns = SPECIES.indexInRange(i, n);
            FloatVector q =
                    fromMemorySegment(SPECIES, p, 4 * (po + i), ORDER, columns).div(sum);
            q = q.blend(CLIP_MIN, q.lt(CLIP_MIN));
            q = q.blend(CLIP_MAX, q.compare(VectorOperators.GT, CLIP_MAX));
            q.intoMemorySegment(y, 4 * (yo + i), ORDER, columns);
        }
    }

    /// `y = t`, or 0 where `p / sum` is clipped.
    private static void targetsThatCount(
            MemorySegment p, long po, MemorySegment t, long to, MemorySegment y, long yo, int n, float sum) {
        for (int i = 0; i < n; i += LANES) {
            VectorMask<Float> columns = SPECIES.indexInRange(i, n);
            FloatVector q =
                    fromMemorySegment(SPECIES, p, 4 * (po + i), ORDER, columns).div(sum);
            FloatVector u = fromMemorySegment(SPECIES, t, 4 * (to + i), ORDER, columns);
            u = u.blend(0f, q.lt(CLIP_MIN).or(q.compare(VectorOperators.GT, CLIP_MAX)));
            u.intoMemorySegment(y, 4 * (yo + i), ORDER, columns);
        }
    }

    /// `y = (common - (y == 0 ? 0 : y / p)) * factor`.
    private static void gradientOfProbabilities(
            MemorySegment p, long po, MemorySegment y, long yo, int n, float common, float factor) {
        for (int i = 0; i < n; i += LANES) {
            VectorMask<Float> columns = SPECIES.indexInRange(i, n);
            FloatVector v = fromMemorySegment(SPECIES, p, 4 * (po + i), ORDER, columns);
            FloatVector u = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER, columns);
            FloatVector ratio = u.div(v).blend(0f, u.eq(0f));
            FloatVector g = ratio.neg().add(common).mul(factor);
            g.intoMemorySegment(y, 4 * (yo + i), ORDER, columns);
        }
    }

    private static void multiplyByWeights(
            @Nullable MemorySegment weights, long wo, MemorySegment loss, long lo, int rows) {
        for (int r = 0; weights != null && r < rows; r++) {
            float value = weights.getAtIndex(JAVA_FLOAT, wo + r) * loss.getAtIndex(JAVA_FLOAT, lo + r);
            loss.setAtIndex(JAVA_FLOAT, lo + r, value);
        }
    }

    private static int label(MemorySegment labels, long index) {
        return (int) labels.getAtIndex(JAVA_FLOAT, index);
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
        if (cols <= LANES) {
            narrowSquares(y, yo, t, to, loss, lo, rows, cols);
            multiplyByWeights(weights, wo, loss, lo, rows);
        } else {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float sum = SimdLaneSum.squares(y, yo + row, t, to + row, cols);
                loss.setAtIndex(JAVA_FLOAT, lo + r, weight(weights, wo, r) * (sum / cols));
            }
        }
        if (dy != null && weights == null) {
            difference(y, yo, t, to, dy, dyo, rows * cols, 2f / cols * scale);
        } else if (dy != null) {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float factor = 2f / cols * (weight(weights, wo, r) * scale);
                difference(y, yo + row, t, to + row, dy, dyo + row, cols, factor);
            }
        }
    }

    /// `loss = Σ (y - t)² / cols` for narrow rows.
    private static void narrowSquares(
            MemorySegment y, long yo, MemorySegment t, long to, MemorySegment loss, long lo, int rows, int cols) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, cols);
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + row), ORDER, columns);
            FloatVector d = v.sub(fromMemorySegment(SPECIES, t, 4 * (to + row), ORDER, columns));
            FloatVector sum = d.mul(d);
            sum = sum.add(sum.rearrange(SWAP_1));
            sum = sum.add(sum.rearrange(SWAP_2));
            sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
            sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
            loss.setAtIndex(JAVA_FLOAT, lo + r, sum.lane(0) / cols);
        }
    }

    /// `dy = (y - t) * factor`.
    private static void difference(
            MemorySegment y, long yo, MemorySegment t, long to, MemorySegment dy, long dyo, int n, float factor) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
            FloatVector u = fromMemorySegment(SPECIES, t, 4 * (to + i), ORDER);
            v.sub(u).mul(factor).intoMemorySegment(dy, 4 * (dyo + i), ORDER);
        }
        for (int i = bound; i < n; i++) {
            float d = y.getAtIndex(JAVA_FLOAT, yo + i) - t.getAtIndex(JAVA_FLOAT, to + i);
            dy.setAtIndex(JAVA_FLOAT, dyo + i, d * factor);
        }
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
        if (cols <= LANES) {
            narrowAbsolutes(y, yo, t, to, loss, lo, rows, cols);
            multiplyByWeights(weights, wo, loss, lo, rows);
        } else {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float sum = SimdLaneSum.absolutes(y, yo + row, t, to + row, cols);
                loss.setAtIndex(JAVA_FLOAT, lo + r, weight(weights, wo, r) * (sum / cols));
            }
        }
        if (dy != null && weights == null) {
            sign(y, yo, t, to, dy, dyo, rows * cols, 1f / cols * scale);
        } else if (dy != null) {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float factor = 1f / cols * (weight(weights, wo, r) * scale);
                sign(y, yo + row, t, to + row, dy, dyo + row, cols, factor);
            }
        }
    }

    /// `loss = Σ |y - t| / cols` for narrow rows.
    private static void narrowAbsolutes(
            MemorySegment y, long yo, MemorySegment t, long to, MemorySegment loss, long lo, int rows, int cols) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, cols);
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + row), ORDER, columns);
            FloatVector d = v.sub(fromMemorySegment(SPECIES, t, 4 * (to + row), ORDER, columns));
            FloatVector sum = d.abs();
            sum = sum.add(sum.rearrange(SWAP_1));
            sum = sum.add(sum.rearrange(SWAP_2));
            sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
            sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
            loss.setAtIndex(JAVA_FLOAT, lo + r, sum.lane(0) / cols);
        }
    }

    /// `dy = signum(y - t) * factor`.
    private static void sign(
            MemorySegment y, long yo, MemorySegment t, long to, MemorySegment dy, long dyo, int n, float factor) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
            FloatVector d = v.sub(fromMemorySegment(SPECIES, t, 4 * (to + i), ORDER));
            d = d.blend(1f, d.compare(VectorOperators.GT, 0f)).blend(-1f, d.lt(0f));
            d.mul(factor).intoMemorySegment(dy, 4 * (dyo + i), ORDER);
        }
        for (int i = bound; i < n; i++) {
            float d = y.getAtIndex(JAVA_FLOAT, yo + i) - t.getAtIndex(JAVA_FLOAT, to + i);
            dy.setAtIndex(JAVA_FLOAT, dyo + i, Math.signum(d) * factor);
        }
    }
}
