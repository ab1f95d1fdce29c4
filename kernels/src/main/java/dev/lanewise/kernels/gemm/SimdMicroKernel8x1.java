package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Micro-kernel of 8 rows and 1 vector: `c[r, :] = init[r, :] + sum over k of a[r, k] · b[k, :]`, k in
/// order, by FMA.
///
/// For what is left of the columns, and for narrow matrices.
///
/// All offsets and steps are in bytes. A row beyond `last` starts from and is stored where row `last` is, so
/// that there are no kernels for edges: rows are stored from the last to the first, so that row `last` has
/// the final word. `init` and `c` may be the same memory.
///
/// The methods differ in how the operands lie, and only constant steps let C2 drop the bounds checks from
/// the loop
/// (measured: 252 GFLOP/s with both constant, 240 with a variable step in `b`, of a peak of 265).
/// The bodies hold no branch and stay small enough for C1: with 20 accumulators, or with the clamps inside, C1
/// runs out of virtual registers at tier 3 and the method can stay in slow code for ever.
final class SimdMicroKernel8x1 {
    static final int ROWS = 8;
    static final int VECTORS = 1;

    private SimdMicroKernel8x1() {}

    /// `a` as it lies in a row-major matrix (`aRow` between rows), `b` a packed panel `[k, vectors · lanes]`.
    static void rowsPacked(
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
            long cRow,
            int last,
            int kc) {
        if (kc < 0) {
            return;
        }
        final long a1 = a0 + Math.min(1, last) * aRow;
        final long a2 = a0 + Math.min(2, last) * aRow;
        final long a3 = a0 + Math.min(3, last) * aRow;
        final long a4 = a0 + Math.min(4, last) * aRow;
        final long a5 = a0 + Math.min(5, last) * aRow;
        final long a6 = a0 + Math.min(6, last) * aRow;
        final long a7 = a0 + Math.min(7, last) * aRow;
        final long i1 = i0 + Math.min(1, last) * iRow;
        final long i2 = i0 + Math.min(2, last) * iRow;
        final long i3 = i0 + Math.min(3, last) * iRow;
        final long i4 = i0 + Math.min(4, last) * iRow;
        final long i5 = i0 + Math.min(5, last) * iRow;
        final long i6 = i0 + Math.min(6, last) * iRow;
        final long i7 = i0 + Math.min(7, last) * iRow;
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc10 = FloatVector.fromMemorySegment(SPECIES, init, i1, ORDER);
        FloatVector acc20 = FloatVector.fromMemorySegment(SPECIES, init, i2, ORDER);
        FloatVector acc30 = FloatVector.fromMemorySegment(SPECIES, init, i3, ORDER);
        FloatVector acc40 = FloatVector.fromMemorySegment(SPECIES, init, i4, ORDER);
        FloatVector acc50 = FloatVector.fromMemorySegment(SPECIES, init, i5, ORDER);
        FloatVector acc60 = FloatVector.fromMemorySegment(SPECIES, init, i6, ORDER);
        FloatVector acc70 = FloatVector.fromMemorySegment(SPECIES, init, i7, ORDER);
        for (int k = 0; k < kc; k++) {
            final long ka = 4L * k;
            final long kb = b0 + 1 * BYTES * k;
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, kb, ORDER);
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a0 + ka));
            acc00 = x0.fma(b0v, acc00);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a1 + ka));
            acc10 = x1.fma(b0v, acc10);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a2 + ka));
            acc20 = x2.fma(b0v, acc20);
            final FloatVector x3 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a3 + ka));
            acc30 = x3.fma(b0v, acc30);
            final FloatVector x4 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a4 + ka));
            acc40 = x4.fma(b0v, acc40);
            final FloatVector x5 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a5 + ka));
            acc50 = x5.fma(b0v, acc50);
            final FloatVector x6 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a6 + ka));
            acc60 = x6.fma(b0v, acc60);
            final FloatVector x7 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a7 + ka));
            acc70 = x7.fma(b0v, acc70);
        }
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long c2 = c0 + Math.min(2, last) * cRow;
        final long c3 = c0 + Math.min(3, last) * cRow;
        final long c4 = c0 + Math.min(4, last) * cRow;
        final long c5 = c0 + Math.min(5, last) * cRow;
        final long c6 = c0 + Math.min(6, last) * cRow;
        final long c7 = c0 + Math.min(7, last) * cRow;
        acc70.intoMemorySegment(c, c7, ORDER);
        acc60.intoMemorySegment(c, c6, ORDER);
        acc50.intoMemorySegment(c, c5, ORDER);
        acc40.intoMemorySegment(c, c4, ORDER);
        acc30.intoMemorySegment(c, c3, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
    }

    /// `a` a packed panel `[k, PANEL_ROWS]`, of which rows beyond `last` may hold anything, `b` a packed panel.
    static void panelPacked(
            MemorySegment a,
            long a0,
            MemorySegment b,
            long b0,
            MemorySegment init,
            long i0,
            long iRow,
            MemorySegment c,
            long c0,
            long cRow,
            int last,
            int kc) {
        if (kc < 0) {
            return;
        }
        final long i1 = i0 + Math.min(1, last) * iRow;
        final long i2 = i0 + Math.min(2, last) * iRow;
        final long i3 = i0 + Math.min(3, last) * iRow;
        final long i4 = i0 + Math.min(4, last) * iRow;
        final long i5 = i0 + Math.min(5, last) * iRow;
        final long i6 = i0 + Math.min(6, last) * iRow;
        final long i7 = i0 + Math.min(7, last) * iRow;
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc10 = FloatVector.fromMemorySegment(SPECIES, init, i1, ORDER);
        FloatVector acc20 = FloatVector.fromMemorySegment(SPECIES, init, i2, ORDER);
        FloatVector acc30 = FloatVector.fromMemorySegment(SPECIES, init, i3, ORDER);
        FloatVector acc40 = FloatVector.fromMemorySegment(SPECIES, init, i4, ORDER);
        FloatVector acc50 = FloatVector.fromMemorySegment(SPECIES, init, i5, ORDER);
        FloatVector acc60 = FloatVector.fromMemorySegment(SPECIES, init, i6, ORDER);
        FloatVector acc70 = FloatVector.fromMemorySegment(SPECIES, init, i7, ORDER);
        for (int k = 0; k < kc; k++) {
            final long ka = a0 + 4L * Blocking.PANEL_ROWS * k;
            final long kb = b0 + 1 * BYTES * k;
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, kb, ORDER);
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka));
            acc00 = x0.fma(b0v, acc00);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 4));
            acc10 = x1.fma(b0v, acc10);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 8));
            acc20 = x2.fma(b0v, acc20);
            final FloatVector x3 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 12));
            acc30 = x3.fma(b0v, acc30);
            final FloatVector x4 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 16));
            acc40 = x4.fma(b0v, acc40);
            final FloatVector x5 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 20));
            acc50 = x5.fma(b0v, acc50);
            final FloatVector x6 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 24));
            acc60 = x6.fma(b0v, acc60);
            final FloatVector x7 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 28));
            acc70 = x7.fma(b0v, acc70);
        }
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long c2 = c0 + Math.min(2, last) * cRow;
        final long c3 = c0 + Math.min(3, last) * cRow;
        final long c4 = c0 + Math.min(4, last) * cRow;
        final long c5 = c0 + Math.min(5, last) * cRow;
        final long c6 = c0 + Math.min(6, last) * cRow;
        final long c7 = c0 + Math.min(7, last) * cRow;
        acc70.intoMemorySegment(c, c7, ORDER);
        acc60.intoMemorySegment(c, c6, ORDER);
        acc50.intoMemorySegment(c, c5, ORDER);
        acc40.intoMemorySegment(c, c4, ORDER);
        acc30.intoMemorySegment(c, c3, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
    }
}
