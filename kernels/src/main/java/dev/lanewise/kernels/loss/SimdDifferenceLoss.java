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

import dev.lanewise.kernels.reduction.SimdLaneSum;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;

/// Mean squared and mean absolute error: the vector loops of [SimdLoss].
final class SimdDifferenceLoss {
    /// Floats of `y` that are worked on at a time: what the sums read is near when the gradients read it again.
    private static final int BLOCK = 4096;

    private SimdDifferenceLoss() {}

    private static int rowsOfBlock(int cols) {
        final int rows = BLOCK / Math.max(1, cols);
        return rows < LANES ? Math.max(1, rows) : rows & -LANES;
    }

    /// Mean squared error.
    static void squaredRows(
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
        final int block = rowsOfBlock(cols);
        for (int first = 0, count; first < rows; first += count) {
            count = Math.min(block, rows - first);
            final long at = (long) first * cols;
            squaredBlock(
                    y, yo + at, t, to + at, weights, wo + first, loss, lo + first, dy, dyo + at, count, cols, scale);
        }
    }

    private static void squaredBlock(
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

    /// Mean absolute error.
    static void absoluteRows(
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
        final int block = rowsOfBlock(cols);
        for (int first = 0, count; first < rows; first += count) {
            count = Math.min(block, rows - first);
            final long at = (long) first * cols;
            absoluteBlock(
                    y, yo + at, t, to + at, weights, wo + first, loss, lo + first, dy, dyo + at, count, cols, scale);
        }
    }

    private static void absoluteBlock(
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
