package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Micro-kernel of 4 rows and 2 vectors for few rows: `c[r, :] = init[r, :] + sum over k of a[r, k] · b[k,
/// :]`, k in order, by FMA. Its eight sums are as many as it takes to hide how long an FMA lasts.
///
/// All offsets and steps are in bytes. A row beyond `last` starts from and is stored where row `last` is;
/// rows are stored from the last to the first, so that row `last` has the final word. `init` and `c` may be
/// the same memory.
final class SimdMicroKernel4x2 {
    static final int ROWS = 4;

    private SimdMicroKernel4x2() {}

    /// `a` as it lies in a row-major matrix (`aRow` between rows), `b` two packed panels of a vector, one at
    /// `b0`, one at `b1`.
    static void rowsPacked(
            MemorySegment a,
            long a0,
            long aRow,
            MemorySegment b,
            long b0,
            long b1,
            MemorySegment init,
            long i0,
            long iRow,
            MemorySegment c,
            long c0,
            long cRow,
            int last,
            int kc) {
        final long a1 = a0 + Math.min(1, last) * aRow;
        final long a2 = a0 + Math.min(2, last) * aRow;
        final long a3 = a0 + Math.min(3, last) * aRow;
        final long i1 = i0 + Math.min(1, last) * iRow;
        final long i2 = i0 + Math.min(2, last) * iRow;
        final long i3 = i0 + Math.min(3, last) * iRow;
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc01 = FloatVector.fromMemorySegment(SPECIES, init, i0 + BYTES, ORDER);
        FloatVector acc10 = FloatVector.fromMemorySegment(SPECIES, init, i1, ORDER);
        FloatVector acc11 = FloatVector.fromMemorySegment(SPECIES, init, i1 + BYTES, ORDER);
        FloatVector acc20 = FloatVector.fromMemorySegment(SPECIES, init, i2, ORDER);
        FloatVector acc21 = FloatVector.fromMemorySegment(SPECIES, init, i2 + BYTES, ORDER);
        FloatVector acc30 = FloatVector.fromMemorySegment(SPECIES, init, i3, ORDER);
        FloatVector acc31 = FloatVector.fromMemorySegment(SPECIES, init, i3 + BYTES, ORDER);
        for (int k = 0; k < kc; k++) {
            final long ka = 4L * k;
            final long kb = BYTES * k;
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0 + kb, ORDER);
            final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b1 + kb, ORDER);
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a0 + ka));
            acc00 = x0.fma(b0v, acc00);
            acc01 = x0.fma(b1v, acc01);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a1 + ka));
            acc10 = x1.fma(b0v, acc10);
            acc11 = x1.fma(b1v, acc11);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a2 + ka));
            acc20 = x2.fma(b0v, acc20);
            acc21 = x2.fma(b1v, acc21);
            final FloatVector x3 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a3 + ka));
            acc30 = x3.fma(b0v, acc30);
            acc31 = x3.fma(b1v, acc31);
        }
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long c2 = c0 + Math.min(2, last) * cRow;
        final long c3 = c0 + Math.min(3, last) * cRow;
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + BYTES, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + BYTES, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + BYTES, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + BYTES, ORDER);
    }
}
