package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Micro-kernel of 5 rows and 4 vectors: `c[r, :] = init + sum over k of a[r, k] · b[k, :]`, k in order, by
/// FMA.
///
/// Where rows are no multiple of four, some by five leave none over (measured on a Zen 4, GFLOP/s with and
/// without: 106 and 75 for 5 x 1024 x 1024, 103 and 83 for 10 x 128 x 906).
///
/// 20 accumulators are as many as C1 can take, and only since all rows start from one and none is left out:
/// each access to memory costs it some 200 of its 10,000 virtual registers.
///
/// All offsets and steps are in bytes.
final class SimdMicroKernel5x4 {
    static final int ROWS = 5;

    private SimdMicroKernel5x4() {}

    /// Starts from one row: `a` as it lies in a row-major matrix (`aRow` between rows), `b` as it lies, or a
    /// packed panel (`bStep` between rows).
    static void rows(
            MemorySegment a,
            long a0,
            long aRow,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            MemorySegment c,
            long c0,
            long cRow,
            int kc) {
        final long a1 = a0 + aRow;
        final long a2 = a0 + 2 * aRow;
        final long a3 = a0 + 3 * aRow;
        final long a4 = a0 + 4 * aRow;
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc01 = FloatVector.fromMemorySegment(SPECIES, init, i0 + BYTES, ORDER);
        FloatVector acc02 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 2 * BYTES, ORDER);
        FloatVector acc03 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 3 * BYTES, ORDER);
        FloatVector acc10 = acc00;
        FloatVector acc11 = acc01;
        FloatVector acc12 = acc02;
        FloatVector acc13 = acc03;
        FloatVector acc20 = acc00;
        FloatVector acc21 = acc01;
        FloatVector acc22 = acc02;
        FloatVector acc23 = acc03;
        FloatVector acc30 = acc00;
        FloatVector acc31 = acc01;
        FloatVector acc32 = acc02;
        FloatVector acc33 = acc03;
        FloatVector acc40 = acc00;
        FloatVector acc41 = acc01;
        FloatVector acc42 = acc02;
        FloatVector acc43 = acc03;
        for (int k = 0; k < kc; k++) {
            final long ka = 4L * k;
            final long kb = b0 + k * bStep;
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, kb, ORDER);
            final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, kb + BYTES, ORDER);
            final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, kb + 2 * BYTES, ORDER);
            final FloatVector b3v = FloatVector.fromMemorySegment(SPECIES, b, kb + 3 * BYTES, ORDER);
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a0 + ka));
            acc00 = x0.fma(b0v, acc00);
            acc01 = x0.fma(b1v, acc01);
            acc02 = x0.fma(b2v, acc02);
            acc03 = x0.fma(b3v, acc03);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a1 + ka));
            acc10 = x1.fma(b0v, acc10);
            acc11 = x1.fma(b1v, acc11);
            acc12 = x1.fma(b2v, acc12);
            acc13 = x1.fma(b3v, acc13);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a2 + ka));
            acc20 = x2.fma(b0v, acc20);
            acc21 = x2.fma(b1v, acc21);
            acc22 = x2.fma(b2v, acc22);
            acc23 = x2.fma(b3v, acc23);
            final FloatVector x3 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a3 + ka));
            acc30 = x3.fma(b0v, acc30);
            acc31 = x3.fma(b1v, acc31);
            acc32 = x3.fma(b2v, acc32);
            acc33 = x3.fma(b3v, acc33);
            final FloatVector x4 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a4 + ka));
            acc40 = x4.fma(b0v, acc40);
            acc41 = x4.fma(b1v, acc41);
            acc42 = x4.fma(b2v, acc42);
            acc43 = x4.fma(b3v, acc43);
        }
        final long c1 = c0 + cRow;
        final long c2 = c0 + 2 * cRow;
        final long c3 = c0 + 3 * cRow;
        final long c4 = c0 + 4 * cRow;
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + BYTES, ORDER);
        acc02.intoMemorySegment(c, c0 + 2 * BYTES, ORDER);
        acc03.intoMemorySegment(c, c0 + 3 * BYTES, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + BYTES, ORDER);
        acc12.intoMemorySegment(c, c1 + 2 * BYTES, ORDER);
        acc13.intoMemorySegment(c, c1 + 3 * BYTES, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + BYTES, ORDER);
        acc22.intoMemorySegment(c, c2 + 2 * BYTES, ORDER);
        acc23.intoMemorySegment(c, c2 + 3 * BYTES, ORDER);
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + BYTES, ORDER);
        acc32.intoMemorySegment(c, c3 + 2 * BYTES, ORDER);
        acc33.intoMemorySegment(c, c3 + 3 * BYTES, ORDER);
        acc40.intoMemorySegment(c, c4, ORDER);
        acc41.intoMemorySegment(c, c4 + BYTES, ORDER);
        acc42.intoMemorySegment(c, c4 + 2 * BYTES, ORDER);
        acc43.intoMemorySegment(c, c4 + 3 * BYTES, ORDER);
    }
}
