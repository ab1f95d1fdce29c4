package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Micro-kernel of 4 rows and 4 vectors that takes two of k a turn: `c[r, :] = init + sum over k of a[r, k]
/// · b[k, :]`, k in order, by FMA.
///
/// For little depth, where it counts what C2 makes around the loop of [SimdMicroKernel4x4]: there it moves the
/// bounds checks out of the loop, for which it sets up two more loops and a first turn of its own, some 100
/// cycles a call. Here the steps between columns of A and rows of B are variables, so it leaves the checks
/// where they are; that they cost little, each is for more than one element: two neighbours of a row of A,
/// four vectors of a row of B. Measured on a Zen 5, this one and the others: 250 and 216 GFLOP/s for
/// 64 x 64 x 64, 248 and 227 for 96 x 96 x 96, 160 and 129 for a transposed B of 4096 x 10 x 64.
///
/// The order within a turn matters. When C2 has made 18,000 nodes of a method, a few hundred for each
/// instruction here, it compiles in no more calls of `asSlice`, and those of the Vector API late. If a load is
/// caught halfway there, it does not know the exact class of what is loaded, and all sums are kept in objects,
/// in memory: so slices come first, then all loads, and the limit falls among the products.
///
/// Four whole rows, so that the loop needs few registers. There are still more addresses than registers: in
/// some processes C2 keeps a few in vector registers, which takes a tenth off, so with more depth the others
/// are better.
///
/// All offsets and steps are in bytes.
final class SimdMicroKernel4x4x2 {
    private SimdMicroKernel4x4x2() {}

    /// Starts from one row: `a` as it lies in a row-major matrix (`aRow` between rows, `aStep` between
    /// columns, which is 4, but a constant for C2 in no caller), `b` as it lies (`bStep` between rows).
    ///
    /// @param kc even
    static void rows(
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
            int kc) {
        if (kc < 0) {
            return;
        }
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
        for (int k = 0; k < kc; k += 2) {
            final long ka = a0 + k * aStep;
            final long kb = b0 + k * bStep;
            final MemorySegment even = b.asSlice(kb, 4 * BYTES);
            final MemorySegment odd = b.asSlice(kb + bStep, 4 * BYTES);
            final MemorySegment row0 = a.asSlice(ka, 2 * Float.BYTES);
            final MemorySegment row1 = a.asSlice(ka + aRow, 2 * Float.BYTES);
            final MemorySegment row2 = a.asSlice(ka + 2 * aRow, 2 * Float.BYTES);
            final MemorySegment row3 = a.asSlice(ka + 3 * aRow, 2 * Float.BYTES);
            final FloatVector even0 = FloatVector.fromMemorySegment(SPECIES, even, 0, ORDER);
            final FloatVector even1 = FloatVector.fromMemorySegment(SPECIES, even, BYTES, ORDER);
            final FloatVector even2 = FloatVector.fromMemorySegment(SPECIES, even, 2 * BYTES, ORDER);
            final FloatVector even3 = FloatVector.fromMemorySegment(SPECIES, even, 3 * BYTES, ORDER);
            final FloatVector odd0 = FloatVector.fromMemorySegment(SPECIES, odd, 0, ORDER);
            final FloatVector odd1 = FloatVector.fromMemorySegment(SPECIES, odd, BYTES, ORDER);
            final FloatVector odd2 = FloatVector.fromMemorySegment(SPECIES, odd, 2 * BYTES, ORDER);
            final FloatVector odd3 = FloatVector.fromMemorySegment(SPECIES, odd, 3 * BYTES, ORDER);
            final FloatVector x0 = FloatVector.broadcast(SPECIES, row0.get(FLOAT, 0));
            acc00 = x0.fma(even0, acc00);
            acc01 = x0.fma(even1, acc01);
            acc02 = x0.fma(even2, acc02);
            acc03 = x0.fma(even3, acc03);
            final FloatVector y0 = FloatVector.broadcast(SPECIES, row1.get(FLOAT, 0));
            acc10 = y0.fma(even0, acc10);
            acc11 = y0.fma(even1, acc11);
            acc12 = y0.fma(even2, acc12);
            acc13 = y0.fma(even3, acc13);
            final FloatVector z0 = FloatVector.broadcast(SPECIES, row2.get(FLOAT, 0));
            acc20 = z0.fma(even0, acc20);
            acc21 = z0.fma(even1, acc21);
            acc22 = z0.fma(even2, acc22);
            acc23 = z0.fma(even3, acc23);
            final FloatVector w0 = FloatVector.broadcast(SPECIES, row3.get(FLOAT, 0));
            acc30 = w0.fma(even0, acc30);
            acc31 = w0.fma(even1, acc31);
            acc32 = w0.fma(even2, acc32);
            acc33 = w0.fma(even3, acc33);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, row0.get(FLOAT, Float.BYTES));
            acc00 = x1.fma(odd0, acc00);
            acc01 = x1.fma(odd1, acc01);
            acc02 = x1.fma(odd2, acc02);
            acc03 = x1.fma(odd3, acc03);
            final FloatVector y1 = FloatVector.broadcast(SPECIES, row1.get(FLOAT, Float.BYTES));
            acc10 = y1.fma(odd0, acc10);
            acc11 = y1.fma(odd1, acc11);
            acc12 = y1.fma(odd2, acc12);
            acc13 = y1.fma(odd3, acc13);
            final FloatVector z1 = FloatVector.broadcast(SPECIES, row2.get(FLOAT, Float.BYTES));
            acc20 = z1.fma(odd0, acc20);
            acc21 = z1.fma(odd1, acc21);
            acc22 = z1.fma(odd2, acc22);
            acc23 = z1.fma(odd3, acc23);
            final FloatVector w1 = FloatVector.broadcast(SPECIES, row3.get(FLOAT, Float.BYTES));
            acc30 = w1.fma(odd0, acc30);
            acc31 = w1.fma(odd1, acc31);
            acc32 = w1.fma(odd2, acc32);
            acc33 = w1.fma(odd3, acc33);
        }
        final long c1 = c0 + cRow;
        final long c2 = c1 + cRow;
        final long c3 = c2 + cRow;
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
    }

    /// Adds the products of one more step to what `c` holds: `c[r, :] += a[r] · b[:]`.
    static void lastStep(
            MemorySegment a, long a0, long aRow, MemorySegment b, long b0, MemorySegment c, long c0, long cRow) {
        final FloatVector first = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector second = FloatVector.fromMemorySegment(SPECIES, b, b0 + BYTES, ORDER);
        final FloatVector third = FloatVector.fromMemorySegment(SPECIES, b, b0 + 2 * BYTES, ORDER);
        final FloatVector fourth = FloatVector.fromMemorySegment(SPECIES, b, b0 + 3 * BYTES, ORDER);
        for (int r = 0; r < SimdMicroKernel4x4.ROWS; r++) {
            final FloatVector x = FloatVector.broadcast(SPECIES, a.get(FLOAT, a0 + r * aRow));
            final long at = c0 + r * cRow;
            x.fma(first, FloatVector.fromMemorySegment(SPECIES, c, at, ORDER)).intoMemorySegment(c, at, ORDER);
            final long at1 = at + BYTES;
            x.fma(second, FloatVector.fromMemorySegment(SPECIES, c, at1, ORDER)).intoMemorySegment(c, at1, ORDER);
            final long at2 = at + 2 * BYTES;
            x.fma(third, FloatVector.fromMemorySegment(SPECIES, c, at2, ORDER)).intoMemorySegment(c, at2, ORDER);
            final long at3 = at + 3 * BYTES;
            x.fma(fourth, FloatVector.fromMemorySegment(SPECIES, c, at3, ORDER)).intoMemorySegment(c, at3, ORDER);
        }
    }
}
