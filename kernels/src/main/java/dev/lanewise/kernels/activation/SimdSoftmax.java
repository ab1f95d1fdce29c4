package dev.lanewise.kernels.activation;

import static dev.lanewise.kernels.simd.ScalarMath.*;
import static dev.lanewise.kernels.simd.Simd.INT_SPECIES;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.SWAP_1;
import static dev.lanewise.kernels.simd.Simd.SWAP_2;
import static dev.lanewise.kernels.simd.Simd.SWAP_4;
import static dev.lanewise.kernels.simd.Simd.SWAP_8;
import static dev.lanewise.kernels.simd.Simd.areApart;
import static dev.lanewise.kernels.simd.Simd.toAligned;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.lanewise.kernels.reduction.SimdLaneSum;
import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Softmax in loops over blocks of rows that stay in the second-level cache, or long rows, for the activation
/// and its losses: exponentials of what a row's maximum leaves, then the division by their sum.
///
/// A narrow row, one that fits in a vector, is folded in there: the virtual lanes beyond it hold zeros, so
/// what is left of the contract's sum is the fold of one vector. Narrow rows of 2, 4 or 8 lie several in a
/// vector, and the fold stops before it would mix them. The exponentials of narrow rows are one range without
/// gaps. Other narrow rows are loaded and stored as whole vectors, as long as these end within the matrix:
/// the CPU does not fetch ahead for loads under a mask. Lanes beyond the row are stored as they were, and a
/// row is loaded before the one before it is stored, since otherwise it would wait for that (measured: 65
/// cycles a row).
public final class SimdSoftmax {
    /// Floats: 64 KiB. In smaller blocks memory would be idle more often than nearer operands gain.
    private static final int BLOCK = 16384;

    /// Exponentials from which on the first few are left to the plain loop so that vectors of the others are
    /// aligned. What is read back from memory right after it was written, as the bits of floats are here, comes
    /// late where it crosses a cache line (measured on a Zen 4: 1.09 against 0.35 ns an element).
    private static final int ALIGNED = 1024;

    private static final int SIGN = Integer.MIN_VALUE;

    private SimdSoftmax() {}

    static void forward(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
        if (rows == 0 || cols == 0) {
            return;
        }
        if (cols == 2 && areApart(x, xo, y, yo, 2L * rows)) {
            SimdSoftmaxPairs.forward(x, xo, y, yo, rows);
        } else if (SimdSoftmaxColumns.arePossible(cols) && areApart(x, xo, y, yo, (long) rows * cols)) {
            int groups = SimdSoftmaxColumns.groups(rows, cols);
            SimdSoftmaxColumns.forward(x, xo, y, yo, groups, cols);
            int done = groups * SimdSoftmaxColumns.TOGETHER;
            long at = (long) done * cols;
            narrow(x, xo + at, y, yo + at, rows - done, cols);
        } else if (cols <= LANES) {
            narrow(x, xo, y, yo, rows, cols);
        } else {
            boolean apart = areApart(x, xo, y, yo, (long) rows * cols);
            if (apart && cols >= SimdSoftmaxRows.LONGER && SimdSoftmaxLongRows.isPossible()) {
                SimdSoftmaxLongRows.forward(x, xo, y, yo, rows, cols);
                return;
            }
            int together = apart ? SimdSoftmaxRows.count(rows, cols) : 0;
            if (together > 0) {
                SimdSoftmaxRows.forward(x, xo, y, yo, together, cols);
            }
            for (int r = together; r < rows; r++) {
                long row = (long) r * cols;
                if (apart && r < rows - 1 && SimdSoftmaxRows.areLong(cols)) {
                    SimdSoftmaxRows.row(x, xo + row, y, yo + row, cols);
                    continue;
                }
                float max = max(x, xo + row, cols);
                boolean beyond = apart && r < rows - 1;
                exponentials(x, xo + row, max, y, yo + row, cols, beyond);
                divide(y, yo + row, cols, SimdLaneSum.sum(y, yo + row, cols), beyond);
            }
        }
    }

    /// Rows that fit in a vector.
    static void narrow(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
        int block = rowsOfBlock(cols);
        for (int first = 0, count; first < rows; first += count) {
            count = Math.min(block, rows - first);
            long start = (long) first * cols;
            subtractMaxima(x, xo + start, y, yo + start, count, cols);
            exponentials(y, yo + start, 0, y, yo + start, count * cols, false);
            divideBySums(y, yo + start, count, cols);
        }
    }

    /// The float that one of these is the bits of: the largest as signed integers, or, if all are negative,
    /// the smallest as unsigned ones, given without its highest bit.
    static float largest(int signed, int unsigned) {
        return Float.intBitsToFloat(signed >= 0 ? signed : unsigned ^ SIGN);
    }

    /// `y = exp(x - max)` with [ScalarMath#exp], for `x` up to `max`, as in [SimdMath#exp].
    ///
    /// @param beyond whether as much of what follows in `x` may be read, and in `y` be written, as fills a
    ///     vector
    public static void exponentials(
            MemorySegment x, long xo, float max, MemorySegment y, long yo, int n, boolean beyond) {
        int start = n < ALIGNED ? 0 : toAligned(y, yo);
        for (int i = 0; i < start; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, ScalarMath.exp(x.getAtIndex(JAVA_FLOAT, xo + i) - max));
        }
        int bound = start + vectorBound(beyond ? n - start + LANES - 1 : n - start);
        for (int i = start; i < bound; i += LANES) {
            long at = 4 * (yo + i);
            FloatVector z = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER).sub(max);
            FloatVector rounded = z.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
            rounded.intoMemorySegment(y, at, ORDER);
            IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                    .lanewise(VectorOperators.LSHL, MANTISSA_BITS)
                    .intoMemorySegment(y, at, ORDER);
            FloatVector scale = fromMemorySegment(SPECIES, y, at, ORDER);
            FloatVector e = rounded.sub(ROUND + BIAS + HALFWAY);
            FloatVector r = e.fma(broadcast(SPECIES, -LN2_HI), z);
            r = e.fma(broadcast(SPECIES, -LN2_LO), r);
            FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
            q = q.fma(r, broadcast(SPECIES, EXP_2));
            q = q.fma(r, broadcast(SPECIES, EXP_1));
            q = q.fma(r, broadcast(SPECIES, EXP_0));
            q = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
            q.blend(0f, z.lt(EXP_MIN)).intoMemorySegment(y, at, ORDER);
        }
        for (int i = bound; i < n; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, ScalarMath.exp(x.getAtIndex(JAVA_FLOAT, xo + i) - max));
        }
    }

    /// Rows of such a length that are worked on together: as many as stay in the second-level cache, and, if
    /// these are enough, so many that the next block begins as well aligned as this one.
    public static int rowsOfBlock(int cols) {
        int rows = BLOCK / cols;
        return rows < LANES ? Math.max(1, rows) : rows & -LANES;
    }

    /// Rows that lie in whole vectors, several in each: of 2, 4 or 8 floats, or as many as lanes.
    private static int rowsInVectors(int rows, int cols) {
        return cols > 1 && Integer.bitCount(cols) == 1 ? rows - rows % (LANES / cols) : 0;
    }

    /// Narrow rows from whose start on a whole vector ends within the matrix.
    private static int rowsToLoadWhole(int rows, int cols) {
        return Math.max(0, rows - (LANES - 1) / cols);
    }

    /// `y = x - max(x)` for narrow rows.
    public static void subtractMaxima(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
        int together = rowsInVectors(rows, cols);
        int whole = Math.max(together, rowsToLoadWhole(rows, cols));
        maximaInVectors(x, xo, y, yo, together * cols, cols);
        long at = (long) together * cols;
        maximaOfWhole(x, xo + at, y, yo + at, whole - together, cols);
        at = (long) whole * cols;
        maximaOfLast(x, xo + at, y, yo + at, rows - whole, cols);
    }

    // A NaN is never greater, so it stays in its lane: enough to make all of its row NaN.

    private static void maximaInVectors(MemorySegment x, long xo, MemorySegment y, long yo, int n, int cols) {
        VectorMask<Float> over2 = SPECIES.maskAll(cols > 2);
        VectorMask<Float> over4 = SPECIES.maskAll(cols > 4);
        VectorMask<Float> over8 = SPECIES.maskAll(cols > 8);
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            FloatVector other = v.rearrange(SWAP_1);
            FloatVector max = v.blend(other, v.lt(other));
            other = max.rearrange(SWAP_2);
            max = max.blend(other, max.lt(other).and(over2));
            other = LANES < 8 ? max : max.rearrange(SWAP_4);
            max = LANES < 8 ? max : max.blend(other, max.lt(other).and(over4));
            other = LANES < 16 ? max : max.rearrange(SWAP_8);
            max = LANES < 16 ? max : max.blend(other, max.lt(other).and(over8));
            v.sub(max).intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
    }

    private static void maximaOfWhole(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
        if (rows == 0) {
            return;
        }
        VectorMask<Float> columns = SPECIES.indexInRange(0, cols);
        VectorMask<Float> beyond = columns.not();
        long last = xo + (rows - 1L) * cols;
        FloatVector next = fromMemorySegment(SPECIES, x, 4 * xo, ORDER);
        for (int r = 0; r < rows; r++) {
            FloatVector v = next;
            next = fromMemorySegment(SPECIES, x, 4 * Math.min(xo + (r + 1L) * cols, last), ORDER);
            FloatVector max = v.blend(Float.NEGATIVE_INFINITY, beyond);
            FloatVector other = max.rearrange(SWAP_1);
            max = max.blend(other, max.lt(other));
            other = max.rearrange(SWAP_2);
            max = max.blend(other, max.lt(other));
            other = LANES < 8 ? max : max.rearrange(SWAP_4);
            max = LANES < 8 ? max : max.blend(other, max.lt(other));
            other = LANES < 16 ? max : max.rearrange(SWAP_8);
            max = LANES < 16 ? max : max.blend(other, max.lt(other));
            v.blend(v.sub(max), columns).intoMemorySegment(y, 4 * (yo + (long) r * cols), ORDER);
        }
    }

    private static void maximaOfLast(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, cols);
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + row), ORDER, columns);
            float max = v.reduceLanes(VectorOperators.MAX, columns);
            v.sub(max).intoMemorySegment(y, 4 * (yo + row), ORDER, columns);
        }
    }

    /// `y = y / Σ y` for narrow rows.
    private static void divideBySums(MemorySegment y, long yo, int rows, int cols) {
        int together = rowsInVectors(rows, cols);
        int whole = Math.max(together, rowsToLoadWhole(rows, cols));
        divideInVectors(y, yo, together * cols, cols);
        divideWhole(y, yo + (long) together * cols, whole - together, cols);
        divideLast(y, yo + (long) whole * cols, rows - whole, cols);
    }

    private static void divideInVectors(MemorySegment y, long yo, int n, int cols) {
        VectorMask<Float> over2 = SPECIES.maskAll(cols > 2);
        VectorMask<Float> over4 = SPECIES.maskAll(cols > 4);
        VectorMask<Float> over8 = SPECIES.maskAll(cols > 8);
        for (int i = 0; i < n; i += LANES) {
            FloatVector e = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
            FloatVector sum = e.add(e.rearrange(SWAP_1));
            sum = sum.blend(sum.add(sum.rearrange(SWAP_2)), over2);
            sum = LANES < 8 ? sum : sum.blend(sum.add(sum.rearrange(SWAP_4)), over4);
            sum = LANES < 16 ? sum : sum.blend(sum.add(sum.rearrange(SWAP_8)), over8);
            e.div(sum).intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
    }

    private static void divideWhole(MemorySegment y, long yo, int rows, int cols) {
        if (rows == 0) {
            return;
        }
        VectorMask<Float> columns = SPECIES.indexInRange(0, cols);
        VectorMask<Float> beyond = columns.not();
        long last = yo + (rows - 1L) * cols;
        FloatVector next = fromMemorySegment(SPECIES, y, 4 * yo, ORDER);
        for (int r = 0; r < rows; r++) {
            FloatVector v = next;
            FloatVector e = v.blend(0f, beyond);
            next = fromMemorySegment(SPECIES, y, 4 * Math.min(yo + (r + 1L) * cols, last), ORDER);
            FloatVector sum = e.add(e.rearrange(SWAP_1));
            sum = sum.add(sum.rearrange(SWAP_2));
            sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
            sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
            v.blend(v.div(sum), columns).intoMemorySegment(y, 4 * (yo + (long) r * cols), ORDER);
        }
    }

    private static void divideLast(MemorySegment y, long yo, int rows, int cols) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, cols);
        for (int r = 0; r < rows; r++) {
            long at = 4 * (yo + (long) r * cols);
            FloatVector e = fromMemorySegment(SPECIES, y, at, ORDER, columns);
            FloatVector sum = e.add(e.rearrange(SWAP_1));
            sum = sum.add(sum.rearrange(SWAP_2));
            sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
            sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
            e.div(sum).intoMemorySegment(y, at, ORDER, columns);
        }
    }

    /// The maximum of a row of at least one vector, NaN perhaps if there is a NaN. Which zero is not defined.
    ///
    /// The bits of floats, as integers, are in order from +0 up, and without sign in the opposite order from
    /// -0 down.
    public static float max(MemorySegment x, long xo, int n) {
        IntVector largest0 = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * xo, ORDER);
        IntVector largest1 = largest0;
        IntVector nearest0 = largest0;
        IntVector nearest1 = largest0;
        int bound = n & -(2 * LANES);
        for (int i = 0; i < bound; i += 2 * LANES) {
            // Half of what a comparison and a blend cost, a sixth of FloatVector.max.
            IntVector v = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * (xo + i), ORDER);
            largest0 = largest0.max(v);
            nearest0 = nearest0.lanewise(VectorOperators.UMIN, v);
            IntVector u = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * (xo + i + LANES), ORDER);
            largest1 = largest1.max(u);
            nearest1 = nearest1.lanewise(VectorOperators.UMIN, u);
        }
        // What is left and some once more, in full vectors.
        IntVector v = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * (xo + Math.max(0, n - 2 * LANES)), ORDER);
        IntVector u = IntVector.fromMemorySegment(INT_SPECIES, x, 4 * (xo + n - LANES), ORDER);
        int largest = largest0.max(v).max(largest1.max(u)).reduceLanes(VectorOperators.MAX);
        IntVector nearest = nearest0.lanewise(VectorOperators.UMIN, v)
                .lanewise(VectorOperators.UMIN, nearest1.lanewise(VectorOperators.UMIN, u));
        return largest(largest, nearest.lanewise(VectorOperators.XOR, SIGN).reduceLanes(VectorOperators.MIN));
    }

    /// `y = x - max`.
    public static void subtract(MemorySegment x, long xo, MemorySegment y, long yo, int n, float max) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            v.sub(max).intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
        for (int i = bound; i < n; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, x.getAtIndex(JAVA_FLOAT, xo + i) - max);
        }
    }

    /// `y = y / Σ y`.
    ///
    /// @return the sum
    public static float divideBySum(MemorySegment y, long yo, int n) {
        float sum = SimdLaneSum.sum(y, yo, n);
        divide(y, yo, n, sum, false);
        return sum;
    }

    /// @param beyond whether as much of what follows may be written as fills a vector
    static void divide(MemorySegment y, long yo, int n, float divisor, boolean beyond) {
        int bound = vectorBound(beyond ? n + LANES - 1 : n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
            v.div(divisor).intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
        for (int i = bound; i < n; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, y.getAtIndex(JAVA_FLOAT, yo + i) / divisor);
        }
    }

    static void backward(
            MemorySegment y,
            long yo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int rows,
            int cols,
            boolean accumulate) {
        if (rows == 0 || cols == 0) {
            return;
        }
        if (cols <= LANES) {
            int whole = SimdNarrowRows.count(rows, cols);
            long at = (long) whole * cols;
            SimdNarrowRows.softmaxGradient(y, yo, dy, dyo, dx, dxo, whole, cols, accumulate);
            lastGradients(y, yo + at, dy, dyo + at, dx, dxo + at, rows - whole, cols, accumulate);
        } else {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float dot = SimdLaneSum.products(y, yo + row, dy, dyo + row, cols);
                gradient(y, yo + row, dy, dyo + row, dx, dxo + row, cols, dot, accumulate);
            }
        }
    }

    private static void lastGradients(
            MemorySegment y,
            long yo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int rows,
            int cols,
            boolean accumulate) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, cols);
        VectorMask<Float> add = SPECIES.maskAll(accumulate);
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + row), ORDER, columns);
            FloatVector g = fromMemorySegment(SPECIES, dy, 4 * (dyo + row), ORDER, columns);
            // A lane starts from +0, so that -0 becomes +0.
            FloatVector dot = v.mul(g).add(0f);
            dot = dot.add(dot.rearrange(SWAP_1));
            dot = dot.add(dot.rearrange(SWAP_2));
            dot = LANES < 8 ? dot : dot.add(dot.rearrange(SWAP_4));
            dot = LANES < 16 ? dot : dot.add(dot.rearrange(SWAP_8));
            FloatVector d = v.mul(g.sub(dot));
            FloatVector old = fromMemorySegment(SPECIES, dx, 4 * (dxo + row), ORDER, columns);
            d.blend(old.add(d), add).intoMemorySegment(dx, 4 * (dxo + row), ORDER, columns);
        }
    }

    private static void gradient(
            MemorySegment y,
            long yo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int n,
            float dot,
            boolean accumulate) {
        VectorMask<Float> add = SPECIES.maskAll(accumulate);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
            FloatVector d =
                    v.mul(fromMemorySegment(SPECIES, dy, 4 * (dyo + i), ORDER).sub(dot));
            FloatVector old = fromMemorySegment(SPECIES, dx, 4 * (dxo + i), ORDER);
            d.blend(old.add(d), add).intoMemorySegment(dx, 4 * (dxo + i), ORDER);
        }
        for (int i = bound; i < n; i++) {
            float d = y.getAtIndex(JAVA_FLOAT, yo + i) * (dy.getAtIndex(JAVA_FLOAT, dyo + i) - dot);
            dx.setAtIndex(JAVA_FLOAT, dxo + i, accumulate ? dx.getAtIndex(JAVA_FLOAT, dxo + i) + d : d);
        }
    }
}
