package dev.lanewise.kernels.activation;

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
import dev.lanewise.kernels.simd.SimdMath;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Softmax in three loops, for the activation and for its losses: subtract the maximum, take exponentials, divide
/// by the sum.
///
/// A narrow row, one that fits in a vector, is folded in there: the virtual lanes beyond it hold zeros, so
/// what is
/// left of the contract's sum is the fold of one vector. The exponentials of all narrow rows are one range
/// without
/// gaps. The other loops load a narrow row before they store the one before it: to the CPU a masked store
/// seems to
/// touch the whole vector, and a load of what follows would wait for it (measured: 65 cycles a row).
public final class SimdSoftmax {
    /// Floats: 16 KiB.
    private static final int BLOCK = 4096;

    private SimdSoftmax() {}

    static void forward(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
        if (rows == 0 || cols == 0) {
            return;
        }
        if (cols <= LANES) {
            subtractMaxima(x, xo, y, yo, rows, cols);
            SimdMath.exp(y, yo, y, yo, rows * cols);
            divideBySums(y, yo, rows, cols);
        } else {
            int block = rowsOfBlock(cols);
            for (int first = 0; first < rows; first += block) {
                int end = Math.min(rows, first + block);
                for (int r = first; r < end; r++) {
                    long row = (long) r * cols;
                    subtract(x, xo + row, y, yo + row, cols, max(x, xo + row, cols));
                }
                long start = (long) first * cols;
                SimdMath.exp(y, yo + start, y, yo + start, (end - first) * cols);
                for (int r = first; r < end; r++) {
                    divideBySum(y, yo + (long) r * cols, cols);
                }
            }
        }
    }

    /// Rows of such a length that are worked on together: as many as stay in the first-level cache.
    public static int rowsOfBlock(int cols) {
        return Math.max(1, BLOCK / cols);
    }

    /// `y = x - max(x)` for narrow rows.
    public static void subtractMaxima(MemorySegment x, long xo, MemorySegment y, long yo, int rows, int cols) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, cols);
        VectorMask<Float> beyond = columns.not();
        long last = xo + (rows - 1L) * cols;
        FloatVector next = fromMemorySegment(SPECIES, x, 4 * xo, ORDER, columns);
        for (int r = 0; r < rows; r++) {
            FloatVector v = next;
            next = fromMemorySegment(SPECIES, x, 4 * Math.min(xo + (r + 1L) * cols, last), ORDER, columns);
            float max = v.blend(Float.NEGATIVE_INFINITY, beyond).reduceLanes(VectorOperators.MAX);
            v.sub(max).intoMemorySegment(y, 4 * (yo + (long) r * cols), ORDER, columns);
        }
    }

    /// `y = y / Σ y` for narrow rows.
    private static void divideBySums(MemorySegment y, long yo, int rows, int cols) {
        VectorMask<Float> columns = SPECIES.indexInRange(0, cols);
        long last = yo + (rows - 1L) * cols;
        FloatVector next = fromMemorySegment(SPECIES, y, 4 * yo, ORDER, columns);
        for (int r = 0; r < rows; r++) {
            FloatVector e = next;
            next = fromMemorySegment(SPECIES, y, 4 * Math.min(yo + (r + 1L) * cols, last), ORDER, columns);
            FloatVector sum = e.add(e.rearrange(SWAP_1));
            sum = sum.add(sum.rearrange(SWAP_2));
            sum = LANES < 8 ? sum : sum.add(sum.rearrange(SWAP_4));
            sum = LANES < 16 ? sum : sum.add(sum.rearrange(SWAP_8));
            e.div(sum).intoMemorySegment(y, 4 * (yo + (long) r * cols), ORDER, columns);
        }
    }

    /// The maximum of a row of at least one vector. Which zero is not defined.
    public static float max(MemorySegment x, long xo, int n) {
        FloatVector max0 = fromMemorySegment(SPECIES, x, 4 * xo, ORDER);
        FloatVector max1 = max0;
        int bound = n & -(2 * LANES);
        for (int i = 0; i < bound; i += 2 * LANES) {
            // A comparison and a blend cost a third of FloatVector.max, which has rules for NaN and zeros.
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            max0 = max0.blend(v, v.compare(VectorOperators.GT, max0));
            FloatVector u = fromMemorySegment(SPECIES, x, 4 * (xo + i + LANES), ORDER);
            max1 = max1.blend(u, u.compare(VectorOperators.GT, max1));
        }
        // What is left and some once more, in full vectors.
        FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + Math.max(0, n - 2 * LANES)), ORDER);
        max0 = max0.blend(v, v.compare(VectorOperators.GT, max0));
        FloatVector u = fromMemorySegment(SPECIES, x, 4 * (xo + n - LANES), ORDER);
        max1 = max1.blend(u, u.compare(VectorOperators.GT, max1));
        return max0.max(max1).reduceLanes(VectorOperators.MAX);
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
        divide(y, yo, n, sum);
        return sum;
    }

    private static void divide(MemorySegment y, long yo, int n, float divisor) {
        int bound = vectorBound(n);
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
            narrowGradient(y, yo, dy, dyo, dx, dxo, rows, cols, accumulate);
        } else {
            for (int r = 0; r < rows; r++) {
                long row = (long) r * cols;
                float dot = SimdLaneSum.products(y, yo + row, dy, dyo + row, cols);
                gradient(y, yo + row, dy, dyo + row, dx, dxo + row, cols, dot, accumulate);
            }
        }
    }

    private static void narrowGradient(
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
