package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Micro-kernel of 4 rows and 3 vectors: `c[r, :] = init[:] + sum over k of a[r, k] · b[k, :]`, k in order, by
/// FMA, for the last columns of a C: more than two vectors and no more than three, or the first three of five.
///
/// A and B as they lie, or packed: all steps are variables. Offsets and steps are in bytes, `aRow` between rows of
/// op(A), `aStep` between the k of one of them, `bThird` and `cThird` from the first vector of a row to the third,
/// which may overlap the second. A row beyond `last` is computed and stored as row `last` is.
final class SimdMicroKernel4x3 {
    static final int ROWS = 4;
    static final int VECTORS = 3;

    private SimdMicroKernel4x3() {}

    static void rows(
            int kc,
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            long bThird,
            MemorySegment init,
            long i0,
            MemorySegment c,
            long c0,
            long cRow,
            long cThird,
            int last) {
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long c2 = c0 + Math.min(2, last) * cRow;
        final long c3 = c0 + Math.min(3, last) * cRow;
        final long d1 = Math.min(1, last) * aRow;
        final long d2 = Math.min(2, last) * aRow;
        final long d3 = Math.min(3, last) * aRow;
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc01 = FloatVector.fromMemorySegment(SPECIES, init, i0 + BYTES, ORDER);
        FloatVector acc02 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 2 * BYTES, ORDER);
        FloatVector acc10 = acc00;
        FloatVector acc11 = acc01;
        FloatVector acc12 = acc02;
        FloatVector acc20 = acc00;
        FloatVector acc21 = acc01;
        FloatVector acc22 = acc02;
        FloatVector acc30 = acc00;
        FloatVector acc31 = acc01;
        FloatVector acc32 = acc02;
        long ak = a0;
        long bk = b0;
        for (int k = 0; k < kc; k++) {
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, bk, ORDER);
            final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, bk + BYTES, ORDER);
            final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, bk + bThird, ORDER);
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak));
            acc00 = x0.fma(b0v, acc00);
            acc01 = x0.fma(b1v, acc01);
            acc02 = x0.fma(b2v, acc02);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak + d1));
            acc10 = x1.fma(b0v, acc10);
            acc11 = x1.fma(b1v, acc11);
            acc12 = x1.fma(b2v, acc12);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak + d2));
            acc20 = x2.fma(b0v, acc20);
            acc21 = x2.fma(b1v, acc21);
            acc22 = x2.fma(b2v, acc22);
            final FloatVector x3 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ak + d3));
            acc30 = x3.fma(b0v, acc30);
            acc31 = x3.fma(b1v, acc31);
            acc32 = x3.fma(b2v, acc32);
            ak += aStep;
            bk += bStep;
        }
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + BYTES, ORDER);
        acc32.intoMemorySegment(c, c3 + cThird, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + BYTES, ORDER);
        acc22.intoMemorySegment(c, c2 + cThird, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + BYTES, ORDER);
        acc12.intoMemorySegment(c, c1 + cThird, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + BYTES, ORDER);
        acc02.intoMemorySegment(c, c0 + cThird, ORDER);
    }
}
