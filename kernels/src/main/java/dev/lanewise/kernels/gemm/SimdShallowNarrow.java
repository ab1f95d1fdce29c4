package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// [SimdShallow] for a C that is narrower than a vector: the lanes beyond are computed and not stored. Its
/// `iRow`, too, is 0 where all rows start from one, which stays in a register (measured on a Zen 4, GFLOP/s by
/// a register and by loads: 11.3 and 7.3 for 2008 x 2 x 5, 23 and 20 for 673 x 4 x 9).
///
/// `init` and `c` must not be the same memory unless its rows lie a vector apart: a row's vector reaches
/// into the rows behind, and reading what was just written in parts takes a dozen cycles.
final class SimdShallowNarrow {
    /// Of k that one pass takes.
    static final int DEPTH = 8;

    private SimdShallowNarrow() {}

    /// `c[r, :] = init[r, :] + a[r, 0] · b[0, :] + ...` for `depth` of k, 1 to [#DEPTH], in order.
    ///
    /// @param cols columns of C, at most a vector; `b` and `init` have a whole one
    static void add(
            int depth,
            int cols,
            int rows,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        switch (depth) {
            case 1 -> one(cols, rows, a, a0, aRow, b, b0, init, i0, iRow, c, c0, cRow);
            case 2 -> two(cols, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
            case 3 -> three(cols, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
            case 4 -> four(cols, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
            case 5 -> five(cols, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
            case 6 -> six(cols, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
            case 7 -> seven(cols, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
            default -> eight(cols, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
        }
    }

    static void one(
            int cols,
            int rows,
            MemorySegment a,
            long a0,
            long aRow,
            MemorySegment b,
            long b0,
            MemorySegment init,
            long i0,
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final VectorMask<Float> mask = SPECIES.indexInRange(0, cols);
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, i0 + r * iRow, ORDER) : iv;
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai)).fma(b0v, v);
            v.intoMemorySegment(c, ci, ORDER, mask);
            ci += cRow;
        }
    }

    static void two(
            int cols,
            int rows,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final VectorMask<Float> mask = SPECIES.indexInRange(0, cols);
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b0 + bStep, ORDER);
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, i0 + r * iRow, ORDER) : iv;
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai)).fma(b0v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + aStep)).fma(b1v, v);
            v.intoMemorySegment(c, ci, ORDER, mask);
            ci += cRow;
        }
    }

    static void three(
            int cols,
            int rows,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final VectorMask<Float> mask = SPECIES.indexInRange(0, cols);
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b0 + bStep, ORDER);
        final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 2 * bStep, ORDER);
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, i0 + r * iRow, ORDER) : iv;
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai)).fma(b0v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + aStep)).fma(b1v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 2 * aStep)).fma(b2v, v);
            v.intoMemorySegment(c, ci, ORDER, mask);
            ci += cRow;
        }
    }

    static void four(
            int cols,
            int rows,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final VectorMask<Float> mask = SPECIES.indexInRange(0, cols);
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b0 + bStep, ORDER);
        final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 2 * bStep, ORDER);
        final FloatVector b3v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 3 * bStep, ORDER);
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, i0 + r * iRow, ORDER) : iv;
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai)).fma(b0v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + aStep)).fma(b1v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 2 * aStep)).fma(b2v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 3 * aStep)).fma(b3v, v);
            v.intoMemorySegment(c, ci, ORDER, mask);
            ci += cRow;
        }
    }

    static void five(
            int cols,
            int rows,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final VectorMask<Float> mask = SPECIES.indexInRange(0, cols);
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b0 + bStep, ORDER);
        final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 2 * bStep, ORDER);
        final FloatVector b3v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 3 * bStep, ORDER);
        final FloatVector b4v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 4 * bStep, ORDER);
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, i0 + r * iRow, ORDER) : iv;
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai)).fma(b0v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + aStep)).fma(b1v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 2 * aStep)).fma(b2v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 3 * aStep)).fma(b3v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 4 * aStep)).fma(b4v, v);
            v.intoMemorySegment(c, ci, ORDER, mask);
            ci += cRow;
        }
    }

    static void six(
            int cols,
            int rows,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final VectorMask<Float> mask = SPECIES.indexInRange(0, cols);
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b0 + bStep, ORDER);
        final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 2 * bStep, ORDER);
        final FloatVector b3v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 3 * bStep, ORDER);
        final FloatVector b4v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 4 * bStep, ORDER);
        final FloatVector b5v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 5 * bStep, ORDER);
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, i0 + r * iRow, ORDER) : iv;
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai)).fma(b0v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + aStep)).fma(b1v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 2 * aStep)).fma(b2v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 3 * aStep)).fma(b3v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 4 * aStep)).fma(b4v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 5 * aStep)).fma(b5v, v);
            v.intoMemorySegment(c, ci, ORDER, mask);
            ci += cRow;
        }
    }

    static void seven(
            int cols,
            int rows,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final VectorMask<Float> mask = SPECIES.indexInRange(0, cols);
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b0 + bStep, ORDER);
        final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 2 * bStep, ORDER);
        final FloatVector b3v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 3 * bStep, ORDER);
        final FloatVector b4v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 4 * bStep, ORDER);
        final FloatVector b5v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 5 * bStep, ORDER);
        final FloatVector b6v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 6 * bStep, ORDER);
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, i0 + r * iRow, ORDER) : iv;
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai)).fma(b0v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + aStep)).fma(b1v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 2 * aStep)).fma(b2v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 3 * aStep)).fma(b3v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 4 * aStep)).fma(b4v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 5 * aStep)).fma(b5v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 6 * aStep)).fma(b6v, v);
            v.intoMemorySegment(c, ci, ORDER, mask);
            ci += cRow;
        }
    }

    static void eight(
            int cols,
            int rows,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final VectorMask<Float> mask = SPECIES.indexInRange(0, cols);
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b0 + bStep, ORDER);
        final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 2 * bStep, ORDER);
        final FloatVector b3v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 3 * bStep, ORDER);
        final FloatVector b4v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 4 * bStep, ORDER);
        final FloatVector b5v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 5 * bStep, ORDER);
        final FloatVector b6v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 6 * bStep, ORDER);
        final FloatVector b7v = FloatVector.fromMemorySegment(SPECIES, b, b0 + 7 * bStep, ORDER);
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, i0 + r * iRow, ORDER) : iv;
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai)).fma(b0v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + aStep)).fma(b1v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 2 * aStep)).fma(b2v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 3 * aStep)).fma(b3v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 4 * aStep)).fma(b4v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 5 * aStep)).fma(b5v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 6 * aStep)).fma(b6v, v);
            v = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 7 * aStep)).fma(b7v, v);
            v.intoMemorySegment(c, ci, ORDER, mask);
            ci += cRow;
        }
    }
}
