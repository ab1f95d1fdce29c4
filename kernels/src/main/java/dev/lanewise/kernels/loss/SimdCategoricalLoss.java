package dev.lanewise.kernels.loss;

import static dev.lanewise.kernels.loss.CheckedLoss.CLIP_MAX;
import static dev.lanewise.kernels.loss.CheckedLoss.CLIP_MIN;
import static dev.lanewise.kernels.loss.CheckedLoss.weight;
import static dev.lanewise.kernels.loss.ScalarLoss.clip;
import static dev.lanewise.kernels.loss.ScalarLoss.clipped;
import static dev.lanewise.kernels.loss.SimdLoss.label;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
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

/// Cross-entropy of probabilities, which are divided by their sum and clipped: the vector loops of [SimdLoss].
final class SimdCategoricalLoss {
    private SimdCategoricalLoss() {}

    /// The target is a label.
    static void categoricalSparseRows(
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

    /// The target is a row of probabilities. The gradient's place holds the quotients, then their logarithms,
    /// then the targets that count; so it is not that of `p`.
    static void categoricalRows(
            MemorySegment p,
            long po,
            MemorySegment targets,
            long to,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            MemorySegment dp,
            long dpo,
            int rows,
            int cols,
            float scale) {
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
}
