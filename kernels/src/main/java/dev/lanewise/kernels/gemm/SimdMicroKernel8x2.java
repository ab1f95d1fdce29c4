package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Micro-kernel of 8 rows and 2 vectors: `c[r, :] = init + sum over k of a[r, k] · b[k, :]`, k in order, by
/// FMA.
///
/// For A and B as they lie, and for little depth, where there are 32 vector registers: with two vectors of B
/// a turn there are half as many bounds checks that C2 cannot drop, and B is read half as often, as with the
/// 4 x 4 of [SimdMicroKernel4x4] (measured on a Zen 5: 257 against 235 GFLOP/s for 128 x 784 x 128, of a
/// peak of 270).
///
/// All offsets and steps are in bytes, `cNext` is that between the two vectors of a row of C. A row beyond
/// `last` is stored where row `last` is, so that there are no kernels for edges: rows are stored from the
/// last to the first, so that row `last` has the final word.
final class SimdMicroKernel8x2 {
    static final int ROWS = 8;
    static final int VECTORS = 2;

    private SimdMicroKernel8x2() {}

    /// Starts from one row: `a` as it lies in a row-major matrix (`aRow` between rows), `b` as it lies (`bStep`
    /// between rows).
    static void rowsStrided(
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
            long cNext,
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
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc01 = FloatVector.fromMemorySegment(SPECIES, init, i0 + BYTES, ORDER);
        FloatVector acc10 = acc00;
        FloatVector acc11 = acc01;
        FloatVector acc20 = acc00;
        FloatVector acc21 = acc01;
        FloatVector acc30 = acc00;
        FloatVector acc31 = acc01;
        FloatVector acc40 = acc00;
        FloatVector acc41 = acc01;
        FloatVector acc50 = acc00;
        FloatVector acc51 = acc01;
        FloatVector acc60 = acc00;
        FloatVector acc61 = acc01;
        FloatVector acc70 = acc00;
        FloatVector acc71 = acc01;
        for (int k = 0; k < kc; k++) {
            final long ka = 4L * k;
            final long kb = b0 + k * bStep;
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, kb, ORDER);
            final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, kb + BYTES, ORDER);
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
            final FloatVector x4 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a4 + ka));
            acc40 = x4.fma(b0v, acc40);
            acc41 = x4.fma(b1v, acc41);
            final FloatVector x5 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a5 + ka));
            acc50 = x5.fma(b0v, acc50);
            acc51 = x5.fma(b1v, acc51);
            final FloatVector x6 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a6 + ka));
            acc60 = x6.fma(b0v, acc60);
            acc61 = x6.fma(b1v, acc61);
            final FloatVector x7 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a7 + ka));
            acc70 = x7.fma(b0v, acc70);
            acc71 = x7.fma(b1v, acc71);
        }
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long c2 = c0 + Math.min(2, last) * cRow;
        final long c3 = c0 + Math.min(3, last) * cRow;
        final long c4 = c0 + Math.min(4, last) * cRow;
        final long c5 = c0 + Math.min(5, last) * cRow;
        final long c6 = c0 + Math.min(6, last) * cRow;
        final long c7 = c0 + Math.min(7, last) * cRow;
        acc70.intoMemorySegment(c, c7, ORDER);
        acc71.intoMemorySegment(c, c7 + cNext, ORDER);
        acc60.intoMemorySegment(c, c6, ORDER);
        acc61.intoMemorySegment(c, c6 + cNext, ORDER);
        acc50.intoMemorySegment(c, c5, ORDER);
        acc51.intoMemorySegment(c, c5 + cNext, ORDER);
        acc40.intoMemorySegment(c, c4, ORDER);
        acc41.intoMemorySegment(c, c4 + cNext, ORDER);
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + cNext, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + cNext, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + cNext, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + cNext, ORDER);
    }

    /// Eight whole rows, `a` as it lies in a column-major matrix (`aStep` between columns), for little depth.
    ///
    /// With steps that C2 does not know, the bounds checks stay in the loop, which has nothing around it
    /// then (see [#shallow]); that repays them up to a depth of about a hundred (measured on a Zen 5, this one
    /// and the 4 x 4: 214 and 208 GFLOP/s for 64 x 64 x 64, 243 and 243 for 784 x 128 x 128, 242 and 247 for
    /// 1152 x 784 x 128).
    static void columns(
            MemorySegment a,
            long a0,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            MemorySegment c,
            long c0,
            long cRow,
            long cNext,
            int kc) {
        if (kc < 0) {
            return;
        }
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc01 = FloatVector.fromMemorySegment(SPECIES, init, i0 + BYTES, ORDER);
        FloatVector acc10 = acc00;
        FloatVector acc11 = acc01;
        FloatVector acc20 = acc00;
        FloatVector acc21 = acc01;
        FloatVector acc30 = acc00;
        FloatVector acc31 = acc01;
        FloatVector acc40 = acc00;
        FloatVector acc41 = acc01;
        FloatVector acc50 = acc00;
        FloatVector acc51 = acc01;
        FloatVector acc60 = acc00;
        FloatVector acc61 = acc01;
        FloatVector acc70 = acc00;
        FloatVector acc71 = acc01;
        for (int k = 0; k < kc; k++) {
            final long kb = b0 + k * bStep;
            final long ka = a0 + k * aStep;
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, kb, ORDER);
            final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, kb + BYTES, ORDER);
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka));
            acc00 = x0.fma(b0v, acc00);
            acc01 = x0.fma(b1v, acc01);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + Float.BYTES));
            acc10 = x1.fma(b0v, acc10);
            acc11 = x1.fma(b1v, acc11);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 2 * Float.BYTES));
            acc20 = x2.fma(b0v, acc20);
            acc21 = x2.fma(b1v, acc21);
            final FloatVector x3 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 3 * Float.BYTES));
            acc30 = x3.fma(b0v, acc30);
            acc31 = x3.fma(b1v, acc31);
            final FloatVector x4 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 4 * Float.BYTES));
            acc40 = x4.fma(b0v, acc40);
            acc41 = x4.fma(b1v, acc41);
            final FloatVector x5 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 5 * Float.BYTES));
            acc50 = x5.fma(b0v, acc50);
            acc51 = x5.fma(b1v, acc51);
            final FloatVector x6 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 6 * Float.BYTES));
            acc60 = x6.fma(b0v, acc60);
            acc61 = x6.fma(b1v, acc61);
            final FloatVector x7 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 7 * Float.BYTES));
            acc70 = x7.fma(b0v, acc70);
            acc71 = x7.fma(b1v, acc71);
        }
        final long c1 = c0 + cRow;
        final long c2 = c1 + cRow;
        final long c3 = c2 + cRow;
        final long c4 = c3 + cRow;
        final long c5 = c4 + cRow;
        final long c6 = c5 + cRow;
        final long c7 = c6 + cRow;
        acc70.intoMemorySegment(c, c7, ORDER);
        acc71.intoMemorySegment(c, c7 + cNext, ORDER);
        acc60.intoMemorySegment(c, c6, ORDER);
        acc61.intoMemorySegment(c, c6 + cNext, ORDER);
        acc50.intoMemorySegment(c, c5, ORDER);
        acc51.intoMemorySegment(c, c5 + cNext, ORDER);
        acc40.intoMemorySegment(c, c4, ORDER);
        acc41.intoMemorySegment(c, c4 + cNext, ORDER);
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + cNext, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + cNext, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + cNext, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + cNext, ORDER);
    }

    /// Eight whole rows, `a` as it lies in a row-major matrix (`aStep` between columns), for little depth.
    ///
    /// With a step in A that C2 does not know, it takes no bounds checks out of the loop, and makes no loop
    /// around it for those that it could, in which a product of depth 10 spends a third of its time
    /// (measured on a Zen 5: 157 against 112 GFLOP/s for 128 x 10 x 128, 141 against 122 for a transposed B
    /// of 4096 x 10 x 64; beyond a depth of about 64 the checks cost more). Places that are carried from turn to
    /// turn, instead of counted from k, cost a third in processes where C2 keeps one of them in a vector
    /// register.
    static void shallow(
            MemorySegment a,
            long a0,
            long aRow,
            long aStep,
            MemorySegment b,
            long b0,
            long bStep,
            MemorySegment init,
            long i0,
            MemorySegment c,
            long c0,
            long cRow,
            long cNext,
            int kc) {
        final long a1 = a0 + aRow;
        final long a2 = a1 + aRow;
        final long a3 = a2 + aRow;
        final long a4 = a3 + aRow;
        final long a5 = a4 + aRow;
        final long a6 = a5 + aRow;
        final long a7 = a6 + aRow;
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc01 = FloatVector.fromMemorySegment(SPECIES, init, i0 + BYTES, ORDER);
        FloatVector acc10 = acc00;
        FloatVector acc11 = acc01;
        FloatVector acc20 = acc00;
        FloatVector acc21 = acc01;
        FloatVector acc30 = acc00;
        FloatVector acc31 = acc01;
        FloatVector acc40 = acc00;
        FloatVector acc41 = acc01;
        FloatVector acc50 = acc00;
        FloatVector acc51 = acc01;
        FloatVector acc60 = acc00;
        FloatVector acc61 = acc01;
        FloatVector acc70 = acc00;
        FloatVector acc71 = acc01;
        for (int k = 0; k < kc; k++) {
            final long kb = b0 + k * bStep;
            final long ka = k * aStep;
            final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, kb, ORDER);
            final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, kb + BYTES, ORDER);
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
            final FloatVector x4 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a4 + ka));
            acc40 = x4.fma(b0v, acc40);
            acc41 = x4.fma(b1v, acc41);
            final FloatVector x5 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a5 + ka));
            acc50 = x5.fma(b0v, acc50);
            acc51 = x5.fma(b1v, acc51);
            final FloatVector x6 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a6 + ka));
            acc60 = x6.fma(b0v, acc60);
            acc61 = x6.fma(b1v, acc61);
            final FloatVector x7 = FloatVector.broadcast(SPECIES, a.get(FLOAT, a7 + ka));
            acc70 = x7.fma(b0v, acc70);
            acc71 = x7.fma(b1v, acc71);
        }
        final long c1 = c0 + cRow;
        final long c2 = c1 + cRow;
        final long c3 = c2 + cRow;
        final long c4 = c3 + cRow;
        final long c5 = c4 + cRow;
        final long c6 = c5 + cRow;
        final long c7 = c6 + cRow;
        acc70.intoMemorySegment(c, c7, ORDER);
        acc71.intoMemorySegment(c, c7 + cNext, ORDER);
        acc60.intoMemorySegment(c, c6, ORDER);
        acc61.intoMemorySegment(c, c6 + cNext, ORDER);
        acc50.intoMemorySegment(c, c5, ORDER);
        acc51.intoMemorySegment(c, c5 + cNext, ORDER);
        acc40.intoMemorySegment(c, c4, ORDER);
        acc41.intoMemorySegment(c, c4 + cNext, ORDER);
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + cNext, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + cNext, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + cNext, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + cNext, ORDER);
    }
}
