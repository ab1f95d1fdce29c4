package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Micro-kernel of 4 rows and 4 vectors: `c[r, :] = init[r, :] + sum over k of a[r, k] · b[k, :]`, k in
/// order, by FMA.
///
/// The work-horse where there are 32 vector registers of 512 bits: 8 loads for 16 FMAs.
///
/// Every row starts from one row of `init`, or, in the methods named Onto, from a row of its own.
///
/// All offsets and steps are in bytes. Where there is a `last`, a row beyond it starts from and is stored
/// where row `last` is: rows are stored from the last to the first, so that row `last` has the final word.
/// `init` and `c` may be the same memory.
///
/// The methods differ in how the operands lie, and only constant steps let C2 drop the bounds checks from
/// the loop
/// (measured: 252 GFLOP/s with both constant, 240 with a variable step in `b`, of a peak of 265).
/// The bodies hold no branch and stay small enough for C1: with 20 accumulators that start from as many places,
/// or with the clamps inside, C1 runs out of virtual registers at tier 3 and the method can stay in slow code
/// for ever.
final class SimdMicroKernel4x4 {
    static final int ROWS = 4;
    static final int VECTORS = 4;

    private SimdMicroKernel4x4() {}

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
            int kc) {
        final long a1 = a0 + aRow;
        final long a2 = a0 + 2 * aRow;
        final long a3 = a0 + 3 * aRow;
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
        }
        final long c1 = c0 + cRow;
        final long c2 = c0 + 2 * cRow;
        final long c3 = c0 + 3 * cRow;
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + BYTES, ORDER);
        acc32.intoMemorySegment(c, c3 + 2 * BYTES, ORDER);
        acc33.intoMemorySegment(c, c3 + 3 * BYTES, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + BYTES, ORDER);
        acc22.intoMemorySegment(c, c2 + 2 * BYTES, ORDER);
        acc23.intoMemorySegment(c, c2 + 3 * BYTES, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + BYTES, ORDER);
        acc12.intoMemorySegment(c, c1 + 2 * BYTES, ORDER);
        acc13.intoMemorySegment(c, c1 + 3 * BYTES, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + BYTES, ORDER);
        acc02.intoMemorySegment(c, c0 + 2 * BYTES, ORDER);
        acc03.intoMemorySegment(c, c0 + 3 * BYTES, ORDER);
    }

    /// Starts from one row: `a` as it lies in a row-major matrix (`aRow` between rows), `b` a packed panel `[k,
    /// vectors · lanes]`.
    static void rowsPacked(
            MemorySegment a,
            long a0,
            long aRow,
            MemorySegment b,
            long b0,
            MemorySegment init,
            long i0,
            MemorySegment c,
            long c0,
            long cRow,
            int kc) {
        if (kc < 0) {
            return;
        }
        final long a1 = a0 + aRow;
        final long a2 = a0 + 2 * aRow;
        final long a3 = a0 + 3 * aRow;
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
        for (int k = 0; k < kc; k++) {
            final long ka = 4L * k;
            final long kb = b0 + 4 * BYTES * k;
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
        }
        final long c1 = c0 + cRow;
        final long c2 = c0 + 2 * cRow;
        final long c3 = c0 + 3 * cRow;
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + BYTES, ORDER);
        acc32.intoMemorySegment(c, c3 + 2 * BYTES, ORDER);
        acc33.intoMemorySegment(c, c3 + 3 * BYTES, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + BYTES, ORDER);
        acc22.intoMemorySegment(c, c2 + 2 * BYTES, ORDER);
        acc23.intoMemorySegment(c, c2 + 3 * BYTES, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + BYTES, ORDER);
        acc12.intoMemorySegment(c, c1 + 2 * BYTES, ORDER);
        acc13.intoMemorySegment(c, c1 + 3 * BYTES, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + BYTES, ORDER);
        acc02.intoMemorySegment(c, c0 + 2 * BYTES, ORDER);
        acc03.intoMemorySegment(c, c0 + 3 * BYTES, ORDER);
    }

    /// Starts from one row: `a` as it lies in the transposed matrix `[k, m]` (`aStep` between its rows), `b`
    /// as it lies, or a packed panel (`bStep` between rows). Copying `a` into a panel first costs more than
    /// the bounds checks of its variable step: 258 against 233 µs for 784 x 128 x 128 on Zen 4.
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
            int last,
            int kc) {
        final long a1 = a0 + 4L * Math.min(1, last);
        final long a2 = a0 + 4L * Math.min(2, last);
        final long a3 = a0 + 4L * Math.min(3, last);
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
        for (int k = 0; k < kc; k++) {
            final long ka = k * aStep;
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
        }
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long c2 = c0 + Math.min(2, last) * cRow;
        final long c3 = c0 + Math.min(3, last) * cRow;
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + BYTES, ORDER);
        acc32.intoMemorySegment(c, c3 + 2 * BYTES, ORDER);
        acc33.intoMemorySegment(c, c3 + 3 * BYTES, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + BYTES, ORDER);
        acc22.intoMemorySegment(c, c2 + 2 * BYTES, ORDER);
        acc23.intoMemorySegment(c, c2 + 3 * BYTES, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + BYTES, ORDER);
        acc12.intoMemorySegment(c, c1 + 2 * BYTES, ORDER);
        acc13.intoMemorySegment(c, c1 + 3 * BYTES, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + BYTES, ORDER);
        acc02.intoMemorySegment(c, c0 + 2 * BYTES, ORDER);
        acc03.intoMemorySegment(c, c0 + 3 * BYTES, ORDER);
    }

    /// As [#rowsStrided], starting from a row each.
    static void rowsStridedOnto(
            MemorySegment a,
            long a0,
            long aRow,
            MemorySegment b,
            long b0,
            long bStep,
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
        FloatVector acc02 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 2 * BYTES, ORDER);
        FloatVector acc03 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 3 * BYTES, ORDER);
        FloatVector acc10 = FloatVector.fromMemorySegment(SPECIES, init, i1, ORDER);
        FloatVector acc11 = FloatVector.fromMemorySegment(SPECIES, init, i1 + BYTES, ORDER);
        FloatVector acc12 = FloatVector.fromMemorySegment(SPECIES, init, i1 + 2 * BYTES, ORDER);
        FloatVector acc13 = FloatVector.fromMemorySegment(SPECIES, init, i1 + 3 * BYTES, ORDER);
        FloatVector acc20 = FloatVector.fromMemorySegment(SPECIES, init, i2, ORDER);
        FloatVector acc21 = FloatVector.fromMemorySegment(SPECIES, init, i2 + BYTES, ORDER);
        FloatVector acc22 = FloatVector.fromMemorySegment(SPECIES, init, i2 + 2 * BYTES, ORDER);
        FloatVector acc23 = FloatVector.fromMemorySegment(SPECIES, init, i2 + 3 * BYTES, ORDER);
        FloatVector acc30 = FloatVector.fromMemorySegment(SPECIES, init, i3, ORDER);
        FloatVector acc31 = FloatVector.fromMemorySegment(SPECIES, init, i3 + BYTES, ORDER);
        FloatVector acc32 = FloatVector.fromMemorySegment(SPECIES, init, i3 + 2 * BYTES, ORDER);
        FloatVector acc33 = FloatVector.fromMemorySegment(SPECIES, init, i3 + 3 * BYTES, ORDER);
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
        }
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long c2 = c0 + Math.min(2, last) * cRow;
        final long c3 = c0 + Math.min(3, last) * cRow;
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + BYTES, ORDER);
        acc32.intoMemorySegment(c, c3 + 2 * BYTES, ORDER);
        acc33.intoMemorySegment(c, c3 + 3 * BYTES, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + BYTES, ORDER);
        acc22.intoMemorySegment(c, c2 + 2 * BYTES, ORDER);
        acc23.intoMemorySegment(c, c2 + 3 * BYTES, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + BYTES, ORDER);
        acc12.intoMemorySegment(c, c1 + 2 * BYTES, ORDER);
        acc13.intoMemorySegment(c, c1 + 3 * BYTES, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + BYTES, ORDER);
        acc02.intoMemorySegment(c, c0 + 2 * BYTES, ORDER);
        acc03.intoMemorySegment(c, c0 + 3 * BYTES, ORDER);
    }

    /// As [#rowsPacked], starting from a row each.
    static void rowsPackedOnto(
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
        final long a1 = a0 + Math.min(1, last) * aRow;
        final long a2 = a0 + Math.min(2, last) * aRow;
        final long a3 = a0 + Math.min(3, last) * aRow;
        final long i1 = i0 + Math.min(1, last) * iRow;
        final long i2 = i0 + Math.min(2, last) * iRow;
        final long i3 = i0 + Math.min(3, last) * iRow;
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc01 = FloatVector.fromMemorySegment(SPECIES, init, i0 + BYTES, ORDER);
        FloatVector acc02 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 2 * BYTES, ORDER);
        FloatVector acc03 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 3 * BYTES, ORDER);
        FloatVector acc10 = FloatVector.fromMemorySegment(SPECIES, init, i1, ORDER);
        FloatVector acc11 = FloatVector.fromMemorySegment(SPECIES, init, i1 + BYTES, ORDER);
        FloatVector acc12 = FloatVector.fromMemorySegment(SPECIES, init, i1 + 2 * BYTES, ORDER);
        FloatVector acc13 = FloatVector.fromMemorySegment(SPECIES, init, i1 + 3 * BYTES, ORDER);
        FloatVector acc20 = FloatVector.fromMemorySegment(SPECIES, init, i2, ORDER);
        FloatVector acc21 = FloatVector.fromMemorySegment(SPECIES, init, i2 + BYTES, ORDER);
        FloatVector acc22 = FloatVector.fromMemorySegment(SPECIES, init, i2 + 2 * BYTES, ORDER);
        FloatVector acc23 = FloatVector.fromMemorySegment(SPECIES, init, i2 + 3 * BYTES, ORDER);
        FloatVector acc30 = FloatVector.fromMemorySegment(SPECIES, init, i3, ORDER);
        FloatVector acc31 = FloatVector.fromMemorySegment(SPECIES, init, i3 + BYTES, ORDER);
        FloatVector acc32 = FloatVector.fromMemorySegment(SPECIES, init, i3 + 2 * BYTES, ORDER);
        FloatVector acc33 = FloatVector.fromMemorySegment(SPECIES, init, i3 + 3 * BYTES, ORDER);
        for (int k = 0; k < kc; k++) {
            final long ka = 4L * k;
            final long kb = b0 + 4 * BYTES * k;
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
        }
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long c2 = c0 + Math.min(2, last) * cRow;
        final long c3 = c0 + Math.min(3, last) * cRow;
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + BYTES, ORDER);
        acc32.intoMemorySegment(c, c3 + 2 * BYTES, ORDER);
        acc33.intoMemorySegment(c, c3 + 3 * BYTES, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + BYTES, ORDER);
        acc22.intoMemorySegment(c, c2 + 2 * BYTES, ORDER);
        acc23.intoMemorySegment(c, c2 + 3 * BYTES, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + BYTES, ORDER);
        acc12.intoMemorySegment(c, c1 + 2 * BYTES, ORDER);
        acc13.intoMemorySegment(c, c1 + 3 * BYTES, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + BYTES, ORDER);
        acc02.intoMemorySegment(c, c0 + 2 * BYTES, ORDER);
        acc03.intoMemorySegment(c, c0 + 3 * BYTES, ORDER);
    }

    /// As [#columns], starting from a row each.
    static void columnsOnto(
            MemorySegment a,
            long a0,
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
            int last,
            int kc) {
        final long a1 = a0 + 4L * Math.min(1, last);
        final long a2 = a0 + 4L * Math.min(2, last);
        final long a3 = a0 + 4L * Math.min(3, last);
        final long i1 = i0 + Math.min(1, last) * iRow;
        final long i2 = i0 + Math.min(2, last) * iRow;
        final long i3 = i0 + Math.min(3, last) * iRow;
        FloatVector acc00 = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        FloatVector acc01 = FloatVector.fromMemorySegment(SPECIES, init, i0 + BYTES, ORDER);
        FloatVector acc02 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 2 * BYTES, ORDER);
        FloatVector acc03 = FloatVector.fromMemorySegment(SPECIES, init, i0 + 3 * BYTES, ORDER);
        FloatVector acc10 = FloatVector.fromMemorySegment(SPECIES, init, i1, ORDER);
        FloatVector acc11 = FloatVector.fromMemorySegment(SPECIES, init, i1 + BYTES, ORDER);
        FloatVector acc12 = FloatVector.fromMemorySegment(SPECIES, init, i1 + 2 * BYTES, ORDER);
        FloatVector acc13 = FloatVector.fromMemorySegment(SPECIES, init, i1 + 3 * BYTES, ORDER);
        FloatVector acc20 = FloatVector.fromMemorySegment(SPECIES, init, i2, ORDER);
        FloatVector acc21 = FloatVector.fromMemorySegment(SPECIES, init, i2 + BYTES, ORDER);
        FloatVector acc22 = FloatVector.fromMemorySegment(SPECIES, init, i2 + 2 * BYTES, ORDER);
        FloatVector acc23 = FloatVector.fromMemorySegment(SPECIES, init, i2 + 3 * BYTES, ORDER);
        FloatVector acc30 = FloatVector.fromMemorySegment(SPECIES, init, i3, ORDER);
        FloatVector acc31 = FloatVector.fromMemorySegment(SPECIES, init, i3 + BYTES, ORDER);
        FloatVector acc32 = FloatVector.fromMemorySegment(SPECIES, init, i3 + 2 * BYTES, ORDER);
        FloatVector acc33 = FloatVector.fromMemorySegment(SPECIES, init, i3 + 3 * BYTES, ORDER);
        for (int k = 0; k < kc; k++) {
            final long ka = k * aStep;
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
        }
        final long c1 = c0 + Math.min(1, last) * cRow;
        final long c2 = c0 + Math.min(2, last) * cRow;
        final long c3 = c0 + Math.min(3, last) * cRow;
        acc30.intoMemorySegment(c, c3, ORDER);
        acc31.intoMemorySegment(c, c3 + BYTES, ORDER);
        acc32.intoMemorySegment(c, c3 + 2 * BYTES, ORDER);
        acc33.intoMemorySegment(c, c3 + 3 * BYTES, ORDER);
        acc20.intoMemorySegment(c, c2, ORDER);
        acc21.intoMemorySegment(c, c2 + BYTES, ORDER);
        acc22.intoMemorySegment(c, c2 + 2 * BYTES, ORDER);
        acc23.intoMemorySegment(c, c2 + 3 * BYTES, ORDER);
        acc10.intoMemorySegment(c, c1, ORDER);
        acc11.intoMemorySegment(c, c1 + BYTES, ORDER);
        acc12.intoMemorySegment(c, c1 + 2 * BYTES, ORDER);
        acc13.intoMemorySegment(c, c1 + 3 * BYTES, ORDER);
        acc00.intoMemorySegment(c, c0, ORDER);
        acc01.intoMemorySegment(c, c0 + BYTES, ORDER);
        acc02.intoMemorySegment(c, c0 + 2 * BYTES, ORDER);
        acc03.intoMemorySegment(c, c0 + 3 * BYTES, ORDER);
    }
}
