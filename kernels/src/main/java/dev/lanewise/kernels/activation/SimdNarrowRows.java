package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.ScalarMath.*;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.SWAP_1;
import static dev.lanewise.kernels.simd.Simd.SWAP_2;
import static dev.lanewise.kernels.simd.Simd.SWAP_4;
import static dev.lanewise.kernels.simd.Simd.SWAP_8;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.F2I;
import static jdk.incubator.vector.VectorOperators.GT;

import dev.lanewise.kernels.simd.SimdMath;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Logarithms of softmax, and gradients, of rows that fit in a vector.
///
/// Rows of 1, 2, 4, 8 or 16 floats lie several in a vector, where the fold stops before it would mix them. Others
/// are loaded and stored as whole vectors that begin with a row: lanes beyond it are zeros to the fold, which is
/// then that of the contract, and are stored as they were. A row is loaded before the one before it is stored,
/// since otherwise it would wait for that.
final class SimdNarrowRows {
    private SimdNarrowRows() {}

    /// Rows, from the first on, that the methods here can take: whole vectors that do not reach behind the last.
    static int count(int rows, int cols) {
        if (cols > LANES) {
            return 0;
        }
        return isPacked(cols) ? rows - rows % (LANES / cols) : Math.max(0, rows - (LANES - 1) / cols);
    }

    private static boolean isPacked(int cols) {
        return Integer.bitCount(cols) == 1;
    }

    /// Floats from a vector to the next.
    private static int step(int cols) {
        return isPacked(cols) ? LANES : cols;
    }

    /// Whether the fold goes on to lanes so many apart.
    private static boolean folds(int cols, int distance) {
        return !isPacked(cols) || cols > distance;
    }

    /// `y = (x - max(x)) - log(Σ exp(x - max(x)))` for [#count] rows; `y` does not overlap `x`.
    static void logSoftmax(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
        // A multiple of the rows that a vector holds.
        int block = SimdSoftmax.rowsOfBlock(cols);
        for (int first = 0, count; first < rows; first += count) {
            count = Math.min(block, rows - first);
            int n = count * cols;
            long from = xo + (long) first * cols;
            long to = yo + (long) first * cols;
            SimdSoftmax.subtractMaxima(x, from, y, to, count, cols);
            SimdSoftmax.exponentials(y, to, 0, y, to, n, false);
            sums(y, to, n, cols);
            SimdMath.log(y, to, y, to, n);
            subtract(x, from, y, to, n, cols);
        }
    }

    /// `y = Σ y`, in each element of a row.
    private static void sums(MemorySegment y, long yo, int n, int cols) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, step(cols));
        VectorMask<Float> beyond = columns.not();
        VectorMask<Float> fold1 = SPECIES.maskAll(folds(cols, 1));
        VectorMask<Float> fold2 = SPECIES.maskAll(folds(cols, 2));
        VectorMask<Float> fold4 = SPECIES.maskAll(folds(cols, 4));
        VectorMask<Float> fold8 = SPECIES.maskAll(folds(cols, 8));
        int step = step(cols);
        long last = 4 * (yo + n - step);
        FloatVector next = fromMemorySegment(SPECIES, y, 4 * yo, ORDER);
        for (int i = 0; i < n; i += step) {
            long at = 4 * (yo + i);
            FloatVector v = next;
            next = fromMemorySegment(SPECIES, y, Math.min(at + 4L * step, last), ORDER);
            FloatVector sum = v.blend(0f, beyond);
            sum = sum.blend(sum.add(sum.rearrange(SWAP_1)), fold1);
            sum = sum.blend(sum.add(sum.rearrange(SWAP_2)), fold2);
            sum = LANES < 8 ? sum : sum.blend(sum.add(sum.rearrange(SWAP_4)), fold4);
            sum = LANES < 16 ? sum : sum.blend(sum.add(sum.rearrange(SWAP_8)), fold8);
            v.blend(sum, columns).intoMemorySegment(y, at, ORDER);
        }
    }

    /// `y = (x - max(x)) - y`.
    private static void subtract(MemorySegment x, long xo, MemorySegment y, long yo, int n, int cols) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, step(cols));
        VectorMask<Float> beyond = columns.not();
        VectorMask<Float> fold1 = SPECIES.maskAll(folds(cols, 1));
        VectorMask<Float> fold2 = SPECIES.maskAll(folds(cols, 2));
        VectorMask<Float> fold4 = SPECIES.maskAll(folds(cols, 4));
        VectorMask<Float> fold8 = SPECIES.maskAll(folds(cols, 8));
        int step = step(cols);
        long last = 4 * (yo + n - step);
        FloatVector next = fromMemorySegment(SPECIES, y, 4 * yo, ORDER);
        for (int i = 0; i < n; i += step) {
            long at = 4 * (yo + i);
            FloatVector log = next;
            next = fromMemorySegment(SPECIES, y, Math.min(at + 4L * step, last), ORDER);
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            FloatVector max = v.blend(Float.NEGATIVE_INFINITY, beyond);
            FloatVector other = max.rearrange(SWAP_1);
            max = max.blend(other, max.lt(other).and(fold1));
            other = max.rearrange(SWAP_2);
            max = max.blend(other, max.lt(other).and(fold2));
            other = LANES < 8 ? max : max.rearrange(SWAP_4);
            max = LANES < 8 ? max : max.blend(other, max.lt(other).and(fold4));
            other = LANES < 16 ? max : max.rearrange(SWAP_8);
            max = LANES < 16 ? max : max.blend(other, max.lt(other).and(fold8));
            log.blend(v.sub(max).sub(log), columns).intoMemorySegment(y, at, ORDER);
        }
    }

    /// `dx = dy - exp(y) · Σ dy` for [#count] rows, added to `dx` if `accumulate`; `dx` may be `dy`. The exponential
    /// is that of [dev.lanewise.kernels.simd.ScalarMath].
    static void logSoftmaxGradient(
            MemorySegment y,
            long yo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int rows,
            int cols,
            boolean accumulate) {
        if (rows == 0) {
            return;
        }
        VectorMask<Float> add = SPECIES.maskAll(accumulate);
        VectorMask<Float> columns = SPECIES.indexInRange(0, step(cols));
        VectorMask<Float> beyond = columns.not();
        VectorMask<Float> fold1 = SPECIES.maskAll(folds(cols, 1));
        VectorMask<Float> fold2 = SPECIES.maskAll(folds(cols, 2));
        VectorMask<Float> fold4 = SPECIES.maskAll(folds(cols, 4));
        VectorMask<Float> fold8 = SPECIES.maskAll(folds(cols, 8));
        int step = step(cols);
        int n = rows * cols;
        int last = n - step;
        FloatVector nextV = fromMemorySegment(SPECIES, y, 4 * yo, ORDER);
        FloatVector nextG = fromMemorySegment(SPECIES, dy, 4 * dyo, ORDER);
        FloatVector nextOld = fromMemorySegment(SPECIES, dx, 4 * dxo, ORDER);
        for (int i = 0; i < n; i += step) {
            long at = 4 * (dxo + i);
            int following = Math.min(i + step, last);
            FloatVector v = nextV;
            FloatVector g = nextG;
            FloatVector old = nextOld;
            nextV = fromMemorySegment(SPECIES, y, 4 * (yo + following), ORDER);
            nextG = fromMemorySegment(SPECIES, dy, 4 * (dyo + following), ORDER);
            nextOld = fromMemorySegment(SPECIES, dx, 4 * (dxo + following), ORDER);
            FloatVector a = v.blend(EXP_MIN, v.lt(EXP_MIN));
            a = a.blend(EXP_MAX, a.compare(GT, EXP_MAX));
            FloatVector p =
                    a.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND)).sub(ROUND);
            FloatVector r = p.fma(broadcast(SPECIES, -LN2_HI), a);
            r = p.fma(broadcast(SPECIES, -LN2_LO), r);
            FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
            q = q.fma(r, broadcast(SPECIES, EXP_2));
            q = q.fma(r, broadcast(SPECIES, EXP_1));
            q = q.fma(r, broadcast(SPECIES, EXP_0));
            VectorMask<Float> negative = a.lt(0f);
            FloatVector bias = broadcast(SPECIES, BIAS - HALFWAY).blend(BIAS + HALFWAY, negative);
            p.add(bias).mul(ONE_EXPONENT).convert(F2I, 0).intoMemorySegment(dx, at, ORDER);
            FloatVector scale = fromMemorySegment(SPECIES, dx, at, ORDER);
            FloatVector rest = broadcast(SPECIES, TWO_TO_HALFWAY).blend(TWO_TO_MINUS_HALFWAY, negative);
            FloatVector e = q.fma(r.mul(r), r).add(1f).mul(scale).mul(rest);
            // A lane starts from +0, so that -0 becomes +0.
            FloatVector sum = g.blend(0f, beyond).add(0f);
            sum = sum.blend(sum.add(sum.rearrange(SWAP_1)), fold1);
            sum = sum.blend(sum.add(sum.rearrange(SWAP_2)), fold2);
            sum = LANES < 8 ? sum : sum.blend(sum.add(sum.rearrange(SWAP_4)), fold4);
            sum = LANES < 16 ? sum : sum.blend(sum.add(sum.rearrange(SWAP_8)), fold8);
            FloatVector d = e.neg().fma(sum, g);
            d = d.blend(old.add(d), add);
            old.blend(d, columns).intoMemorySegment(dx, at, ORDER);
        }
    }

    /// `dx = y · (dy - Σ y · dy)` for [#count] rows, added to `dx` if `accumulate`; `dx` may be `dy` or `y`.
    static void softmaxGradient(
            MemorySegment y,
            long yo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int rows,
            int cols,
            boolean accumulate) {
        if (rows == 0) {
            return;
        }
        VectorMask<Float> add = SPECIES.maskAll(accumulate);
        VectorMask<Float> columns = SPECIES.indexInRange(0, step(cols));
        VectorMask<Float> beyond = columns.not();
        VectorMask<Float> fold1 = SPECIES.maskAll(folds(cols, 1));
        VectorMask<Float> fold2 = SPECIES.maskAll(folds(cols, 2));
        VectorMask<Float> fold4 = SPECIES.maskAll(folds(cols, 4));
        VectorMask<Float> fold8 = SPECIES.maskAll(folds(cols, 8));
        int step = step(cols);
        int n = rows * cols;
        int last = n - step;
        FloatVector nextV = fromMemorySegment(SPECIES, y, 4 * yo, ORDER);
        FloatVector nextG = fromMemorySegment(SPECIES, dy, 4 * dyo, ORDER);
        FloatVector nextOld = fromMemorySegment(SPECIES, dx, 4 * dxo, ORDER);
        for (int i = 0; i < n; i += step) {
            int following = Math.min(i + step, last);
            FloatVector v = nextV;
            FloatVector g = nextG;
            FloatVector old = nextOld;
            nextV = fromMemorySegment(SPECIES, y, 4 * (yo + following), ORDER);
            nextG = fromMemorySegment(SPECIES, dy, 4 * (dyo + following), ORDER);
            nextOld = fromMemorySegment(SPECIES, dx, 4 * (dxo + following), ORDER);
            // A lane starts from +0, so that -0 becomes +0.
            FloatVector dot = v.mul(g).blend(0f, beyond).add(0f);
            dot = dot.blend(dot.add(dot.rearrange(SWAP_1)), fold1);
            dot = dot.blend(dot.add(dot.rearrange(SWAP_2)), fold2);
            dot = LANES < 8 ? dot : dot.blend(dot.add(dot.rearrange(SWAP_4)), fold4);
            dot = LANES < 16 ? dot : dot.blend(dot.add(dot.rearrange(SWAP_8)), fold8);
            FloatVector d = v.mul(g.sub(dot));
            d = d.blend(old.add(d), add);
            old.blend(d, columns).intoMemorySegment(dx, 4 * (dxo + i), ORDER);
        }
    }
}
