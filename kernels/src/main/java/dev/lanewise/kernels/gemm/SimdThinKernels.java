package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Micro-kernels for few rows, and for the last few: `c[r, :] = init[r, :] + sum over k of a[r, k] · b[k, :]`, k in
/// order, by FMA.
///
/// Both A and B as they lie, of which a row or a column may be as short as it likes: all steps are
/// variables, so that C2 leaves the bounds checks in the loops, and makes no others around them for which a
/// short product would take longer than for its sums.
///
/// All offsets and steps are in bytes, `aRow` between rows of op(A), `aStep` between the k of one of them. A row
/// beyond `last` starts from and is stored where row `last` is; rows are stored from the last to the first,
/// so that row `last` has the final word. `init` and `c` may be the same memory.
final class SimdThinKernels {
    private SimdThinKernels() {}

    /// One row and eight vectors of columns.
    static void one(
            int kc,
            MemorySegment a,
            long a0,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            MemorySegment c,
            long c0) {
        FloatVector acc0 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc1 = FloatVector.fromMemorySegment(SPECIES, init, i0 + BYTES, ORDER);
        FloatVector acc2 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 2 * BYTES, ORDER);
        FloatVector acc3 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 3 * BYTES, ORDER);
        FloatVector acc4 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 4 * BYTES, ORDER);
        FloatVector acc5 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 5 * BYTES, ORDER);
        FloatVector acc6 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 6 * BYTES, ORDER);
        FloatVector acc7 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 7 * BYTES, ORDER);
        long ak = a0;
        long bk = b0;
        for (int k = 0; k < kc; k++) {
            final FloatVector x = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak));
            acc0 = x.fma(FloatVector.fromMemorySegment(SPECIES, b, bk, ORDER), acc0);
            acc1 = x.fma(FloatVector.fromMemorySegment(SPECIES, b, bk + BYTES, ORDER), acc1);
            acc2 = x.fma(FloatVector.fromMemorySegment(SPECIES, b, bk + 2 * BYTES, ORDER), acc2);
            acc3 = x.fma(FloatVector.fromMemorySegment(SPECIES, b, bk + 3 * BYTES, ORDER), acc3);
            acc4 = x.fma(FloatVector.fromMemorySegment(SPECIES, b, bk + 4 * BYTES, ORDER), acc4);
            acc5 = x.fma(FloatVector.fromMemorySegment(SPECIES, b, bk + 5 * BYTES, ORDER), acc5);
            acc6 = x.fma(FloatVector.fromMemorySegment(SPECIES, b, bk + 6 * BYTES, ORDER), acc6);
            acc7 = x.fma(FloatVector.fromMemorySegment(SPECIES, b, bk + 7 * BYTES, ORDER), acc7);
            ak += aStep;
            bk += bStep;
        }
        acc0.intoMemorySegment(c, c0, ORDER);
        acc1.intoMemorySegment(c, c0 + BYTES, ORDER);
        acc2.intoMemorySegment(c, c0 + 2 * BYTES, ORDER);
        acc3.intoMemorySegment(c, c0 + 3 * BYTES, ORDER);
        acc4.intoMemorySegment(c, c0 + 4 * BYTES, ORDER);
        acc5.intoMemorySegment(c, c0 + 5 * BYTES, ORDER);
        acc6.intoMemorySegment(c, c0 + 6 * BYTES, ORDER);
        acc7.intoMemorySegment(c, c0 + 7 * BYTES, ORDER);
    }

    /// Two rows and four vectors of columns.
    static void two(
            int kc,
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
            long cRow,
            int last) {
        final long i1 = i0 + Math.min(1, last) * iRow;
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long d1 = Math.min(1, last) * aRow;
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc01 = FloatVector.fromMemorySegment(SPECIES, init, i0 + BYTES, ORDER);
        FloatVector acc02 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 2 * BYTES, ORDER);
        FloatVector acc03 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 3 * BYTES, ORDER);
        FloatVector acc10 = FloatVector.fromMemorySegment(SPECIES, init, i1, ORDER);
        FloatVector acc11 = FloatVector.fromMemorySegment(SPECIES, init, i1 + BYTES, ORDER);
        FloatVector acc12 = FloatVector.fromMemorySegment(SPECIES, init, i1 + 2 * BYTES, ORDER);
        FloatVector acc13 = FloatVector.fromMemorySegment(SPECIES, init, i1 + 3 * BYTES, ORDER);
        long ak = a0;
        long bk = b0;
        for (int k = 0; k < kc; k++) {
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, bk, ORDER);
            final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, bk + BYTES, ORDER);
            final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, bk + 2 * BYTES, ORDER);
            final FloatVector b3v = FloatVector.fromMemorySegment(SPECIES, b, bk + 3 * BYTES, ORDER);
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak));
            acc00 = x0.fma(b0v, acc00);
            acc01 = x0.fma(b1v, acc01);
            acc02 = x0.fma(b2v, acc02);
            acc03 = x0.fma(b3v, acc03);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak + d1));
            acc10 = x1.fma(b0v, acc10);
            acc11 = x1.fma(b1v, acc11);
            acc12 = x1.fma(b2v, acc12);
            acc13 = x1.fma(b3v, acc13);
            ak += aStep;
            bk += bStep;
        }
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + BYTES, ORDER);
        acc12.intoMemorySegment(c, c1 + 2 * BYTES, ORDER);
        acc13.intoMemorySegment(c, c1 + 3 * BYTES, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + BYTES, ORDER);
        acc02.intoMemorySegment(c, c0 + 2 * BYTES, ORDER);
        acc03.intoMemorySegment(c, c0 + 3 * BYTES, ORDER);
    }

    /// Two rows and four vectors of columns, or three.
    ///
    /// @param third from the first vector of columns to the third, which may be the fourth
    /// @param fourth to the fourth, which may overlap the one before
    static void twoNarrow(
            long third,
            long fourth,
            int kc,
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
            long cRow,
            int last) {
        final long i1 = i0 + Math.min(1, last) * iRow;
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long d1 = Math.min(1, last) * aRow;
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc01 = FloatVector.fromMemorySegment(SPECIES, init, i0 + BYTES, ORDER);
        FloatVector acc02 = FloatVector.fromMemorySegment(SPECIES, init, i0 + third, ORDER);
        FloatVector acc03 = FloatVector.fromMemorySegment(SPECIES, init, i0 + fourth, ORDER);
        FloatVector acc10 = FloatVector.fromMemorySegment(SPECIES, init, i1, ORDER);
        FloatVector acc11 = FloatVector.fromMemorySegment(SPECIES, init, i1 + BYTES, ORDER);
        FloatVector acc12 = FloatVector.fromMemorySegment(SPECIES, init, i1 + third, ORDER);
        FloatVector acc13 = FloatVector.fromMemorySegment(SPECIES, init, i1 + fourth, ORDER);
        long ak = a0;
        long bk = b0;
        for (int k = 0; k < kc; k++) {
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, bk, ORDER);
            final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, bk + BYTES, ORDER);
            final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, bk + third, ORDER);
            final FloatVector b3v = FloatVector.fromMemorySegment(SPECIES, b, bk + fourth, ORDER);
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak));
            acc00 = x0.fma(b0v, acc00);
            acc01 = x0.fma(b1v, acc01);
            acc02 = x0.fma(b2v, acc02);
            acc03 = x0.fma(b3v, acc03);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak + d1));
            acc10 = x1.fma(b0v, acc10);
            acc11 = x1.fma(b1v, acc11);
            acc12 = x1.fma(b2v, acc12);
            acc13 = x1.fma(b3v, acc13);
            ak += aStep;
            bk += bStep;
        }
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + BYTES, ORDER);
        acc12.intoMemorySegment(c, c1 + third, ORDER);
        acc13.intoMemorySegment(c, c1 + fourth, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + BYTES, ORDER);
        acc02.intoMemorySegment(c, c0 + third, ORDER);
        acc03.intoMemorySegment(c, c0 + fourth, ORDER);
    }

    /// Four rows and two vectors of columns.
    ///
    /// @param second from the first vector of columns to the second; they may overlap
    static void four(
            long second,
            int kc,
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
            long cRow,
            int last) {
        final long i1 = i0 + Math.min(1, last) * iRow;
        final long i2 = i0 + Math.min(2, last) * iRow;
        final long i3 = i0 + Math.min(3, last) * iRow;
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long c2 = c0 + Math.min(2, last) * cRow;
        final long c3 = c0 + Math.min(3, last) * cRow;
        final long d1 = Math.min(1, last) * aRow;
        final long d2 = Math.min(2, last) * aRow;
        final long d3 = Math.min(3, last) * aRow;
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc01 = FloatVector.fromMemorySegment(SPECIES, init, i0 + second, ORDER);
        FloatVector acc10 = FloatVector.fromMemorySegment(SPECIES, init, i1, ORDER);
        FloatVector acc11 = FloatVector.fromMemorySegment(SPECIES, init, i1 + second, ORDER);
        FloatVector acc20 = FloatVector.fromMemorySegment(SPECIES, init, i2, ORDER);
        FloatVector acc21 = FloatVector.fromMemorySegment(SPECIES, init, i2 + second, ORDER);
        FloatVector acc30 = FloatVector.fromMemorySegment(SPECIES, init, i3, ORDER);
        FloatVector acc31 = FloatVector.fromMemorySegment(SPECIES, init, i3 + second, ORDER);
        long ak = a0;
        long bk = b0;
        for (int k = 0; k < kc; k++) {
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, bk, ORDER);
            final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, bk + second, ORDER);
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak));
            acc00 = x0.fma(b0v, acc00);
            acc01 = x0.fma(b1v, acc01);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak + d1));
            acc10 = x1.fma(b0v, acc10);
            acc11 = x1.fma(b1v, acc11);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak + d2));
            acc20 = x2.fma(b0v, acc20);
            acc21 = x2.fma(b1v, acc21);
            final FloatVector x3 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak + d3));
            acc30 = x3.fma(b0v, acc30);
            acc31 = x3.fma(b1v, acc31);
            ak += aStep;
            bk += bStep;
        }
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + second, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + second, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + second, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + second, ORDER);
    }

    /// Four rows and one vector of columns.
    static void fourNarrow(
            int kc,
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
            long cRow,
            int last) {
        final long i1 = i0 + Math.min(1, last) * iRow;
        final long i2 = i0 + Math.min(2, last) * iRow;
        final long i3 = i0 + Math.min(3, last) * iRow;
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long c2 = c0 + Math.min(2, last) * cRow;
        final long c3 = c0 + Math.min(3, last) * cRow;
        final long d1 = Math.min(1, last) * aRow;
        final long d2 = Math.min(2, last) * aRow;
        final long d3 = Math.min(3, last) * aRow;
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc10 = FloatVector.fromMemorySegment(SPECIES, init, i1, ORDER);
        FloatVector acc20 = FloatVector.fromMemorySegment(SPECIES, init, i2, ORDER);
        FloatVector acc30 = FloatVector.fromMemorySegment(SPECIES, init, i3, ORDER);
        long ak = a0;
        long bk = b0;
        for (int k = 0; k < kc; k++) {
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, bk, ORDER);
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak));
            acc00 = x0.fma(b0v, acc00);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak + d1));
            acc10 = x1.fma(b0v, acc10);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak + d2));
            acc20 = x2.fma(b0v, acc20);
            final FloatVector x3 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak + d3));
            acc30 = x3.fma(b0v, acc30);
            ak += aStep;
            bk += bStep;
        }
        acc30.intoMemorySegment(c, c3, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
    }
}
