package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Micro-kernel of 4 rows and 4 vectors for little depth: `c[r, :] = init + sum over k of a[r, k] · b[k, :]`, k
/// in order, by FMA.
///
/// There it counts what C2 makes around the loop of [SimdMicroKernel4x4]: it moves the bounds checks out of the
/// loop, for which it sets up two more loops and a first turn of its own, some 100 cycles a call. Here the
/// steps between columns of A and rows of B are variables, so it leaves the checks where they are (measured on
/// a Zen 5, this one and the others: 243 and 216 GFLOP/s for 64 x 64 x 64, 240 and 227 for 96 x 96 x 96, 152
/// and 129 for a transposed B of 4096 x 10 x 64).
///
/// With `asSlice` there would be one check for the four vectors of B, and another tenth. But it is not among
/// the methods that C2 always compiles in: if what it has counted of its calls is too little, or the method
/// has 18,000 nodes by then, each slice is an object, and in some processes the kernel stays ten times
/// slower.
///
/// All offsets and steps are in bytes.
final class SimdMicroKernel4x4Shallow {
    private SimdMicroKernel4x4Shallow() {}

    /// Starts from one row: `a` as it lies in a row-major matrix (`aRow` between rows, `aStep` between
    /// columns, which is 4, but a constant for C2 in no caller), `b` as it lies (`bStep` between rows).
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
        for (int k = 0; k < kc; k++) {
            final long ka = a0 + k * aStep;
            final long kb = b0 + k * bStep;
            final FloatVector first = FloatVector.fromMemorySegment(SPECIES, b, kb, ORDER);
            final FloatVector second = FloatVector.fromMemorySegment(SPECIES, b, kb + BYTES, ORDER);
            final FloatVector third = FloatVector.fromMemorySegment(SPECIES, b, kb + 2 * BYTES, ORDER);
            final FloatVector fourth = FloatVector.fromMemorySegment(SPECIES, b, kb + 3 * BYTES, ORDER);
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka));
            acc00 = x0.fma(first, acc00);
            acc01 = x0.fma(second, acc01);
            acc02 = x0.fma(third, acc02);
            acc03 = x0.fma(fourth, acc03);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + aRow));
            acc10 = x1.fma(first, acc10);
            acc11 = x1.fma(second, acc11);
            acc12 = x1.fma(third, acc12);
            acc13 = x1.fma(fourth, acc13);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 2 * aRow));
            acc20 = x2.fma(first, acc20);
            acc21 = x2.fma(second, acc21);
            acc22 = x2.fma(third, acc22);
            acc23 = x2.fma(fourth, acc23);
            final FloatVector x3 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ka + 3 * aRow));
            acc30 = x3.fma(first, acc30);
            acc31 = x3.fma(second, acc31);
            acc32 = x3.fma(third, acc32);
            acc33 = x3.fma(fourth, acc33);
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
}
