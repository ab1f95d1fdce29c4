package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// [SimdShallow] of more depth, nine products and ten, as a kernel of 3 x 3 pixels or the gradient of a layer of
/// ten classes has, for rows that all start from one: only if none starts from C does C2 keep the rows of B in
/// its 32 registers (measured on a Zen 4, GFLOP/s so and by a method for both starts: 97 and 69 for
/// 4096 x 10 x 64).
final class SimdShallowFromOne {
    /// Of k that one pass takes.
    static final int DEPTH = 10;

    private SimdShallowFromOne() {}

    /// `c[r, :] = init[:] + a[r, 0] · b[0, :] + ...` for `depth` of k, 9 or [#DEPTH], in order; offsets, steps
    /// and `second` as in [SimdShallow#add].
    static void add(
            int depth,
            long second,
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
            MemorySegment c,
            long c0,
            long cRow) {
        if (depth < DEPTH) {
            nine(second, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, c, c0, cRow);
        } else {
            ten(second, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, c, c0, cRow);
        }
    }

    private static void nine(
            long second,
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
            MemorySegment c,
            long c0,
            long cRow) {
        final long b1 = b0 + bStep;
        final long b2 = b1 + bStep;
        final long b3 = b2 + bStep;
        final long b4 = b3 + bStep;
        final long b5 = b4 + bStep;
        final long b6 = b5 + bStep;
        final long b7 = b6 + bStep;
        final long b8 = b7 + bStep;
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b0w = FloatVector.fromMemorySegment(SPECIES, b, b0 + second, ORDER);
        final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b1, ORDER);
        final FloatVector b1w = FloatVector.fromMemorySegment(SPECIES, b, b1 + second, ORDER);
        final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, b2, ORDER);
        final FloatVector b2w = FloatVector.fromMemorySegment(SPECIES, b, b2 + second, ORDER);
        final FloatVector b3v = FloatVector.fromMemorySegment(SPECIES, b, b3, ORDER);
        final FloatVector b3w = FloatVector.fromMemorySegment(SPECIES, b, b3 + second, ORDER);
        final FloatVector b4v = FloatVector.fromMemorySegment(SPECIES, b, b4, ORDER);
        final FloatVector b4w = FloatVector.fromMemorySegment(SPECIES, b, b4 + second, ORDER);
        final FloatVector b5v = FloatVector.fromMemorySegment(SPECIES, b, b5, ORDER);
        final FloatVector b5w = FloatVector.fromMemorySegment(SPECIES, b, b5 + second, ORDER);
        final FloatVector b6v = FloatVector.fromMemorySegment(SPECIES, b, b6, ORDER);
        final FloatVector b6w = FloatVector.fromMemorySegment(SPECIES, b, b6 + second, ORDER);
        final FloatVector b7v = FloatVector.fromMemorySegment(SPECIES, b, b7, ORDER);
        final FloatVector b7w = FloatVector.fromMemorySegment(SPECIES, b, b7 + second, ORDER);
        final FloatVector b8v = FloatVector.fromMemorySegment(SPECIES, b, b8, ORDER);
        final FloatVector b8w = FloatVector.fromMemorySegment(SPECIES, b, b8 + second, ORDER);
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        final FloatVector iw = FloatVector.fromMemorySegment(SPECIES, init, i0 + second, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai));
            FloatVector v = x0.fma(b0v, iv);
            FloatVector w = x0.fma(b0w, iw);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + aStep));
            v = x1.fma(b1v, v);
            w = x1.fma(b1w, w);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 2 * aStep));
            v = x2.fma(b2v, v);
            w = x2.fma(b2w, w);
            final FloatVector x3 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 3 * aStep));
            v = x3.fma(b3v, v);
            w = x3.fma(b3w, w);
            final FloatVector x4 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 4 * aStep));
            v = x4.fma(b4v, v);
            w = x4.fma(b4w, w);
            final FloatVector x5 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 5 * aStep));
            v = x5.fma(b5v, v);
            w = x5.fma(b5w, w);
            final FloatVector x6 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 6 * aStep));
            v = x6.fma(b6v, v);
            w = x6.fma(b6w, w);
            final FloatVector x7 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 7 * aStep));
            v = x7.fma(b7v, v);
            w = x7.fma(b7w, w);
            final FloatVector x8 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 8 * aStep));
            v = x8.fma(b8v, v);
            w = x8.fma(b8w, w);
            v.intoMemorySegment(c, ci, ORDER);
            w.intoMemorySegment(c, ci + second, ORDER);
            ci += cRow;
        }
    }

    private static void ten(
            long second,
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
            MemorySegment c,
            long c0,
            long cRow) {
        final long b1 = b0 + bStep;
        final long b2 = b1 + bStep;
        final long b3 = b2 + bStep;
        final long b4 = b3 + bStep;
        final long b5 = b4 + bStep;
        final long b6 = b5 + bStep;
        final long b7 = b6 + bStep;
        final long b8 = b7 + bStep;
        final long b9 = b8 + bStep;
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b0w = FloatVector.fromMemorySegment(SPECIES, b, b0 + second, ORDER);
        final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b1, ORDER);
        final FloatVector b1w = FloatVector.fromMemorySegment(SPECIES, b, b1 + second, ORDER);
        final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, b2, ORDER);
        final FloatVector b2w = FloatVector.fromMemorySegment(SPECIES, b, b2 + second, ORDER);
        final FloatVector b3v = FloatVector.fromMemorySegment(SPECIES, b, b3, ORDER);
        final FloatVector b3w = FloatVector.fromMemorySegment(SPECIES, b, b3 + second, ORDER);
        final FloatVector b4v = FloatVector.fromMemorySegment(SPECIES, b, b4, ORDER);
        final FloatVector b4w = FloatVector.fromMemorySegment(SPECIES, b, b4 + second, ORDER);
        final FloatVector b5v = FloatVector.fromMemorySegment(SPECIES, b, b5, ORDER);
        final FloatVector b5w = FloatVector.fromMemorySegment(SPECIES, b, b5 + second, ORDER);
        final FloatVector b6v = FloatVector.fromMemorySegment(SPECIES, b, b6, ORDER);
        final FloatVector b6w = FloatVector.fromMemorySegment(SPECIES, b, b6 + second, ORDER);
        final FloatVector b7v = FloatVector.fromMemorySegment(SPECIES, b, b7, ORDER);
        final FloatVector b7w = FloatVector.fromMemorySegment(SPECIES, b, b7 + second, ORDER);
        final FloatVector b8v = FloatVector.fromMemorySegment(SPECIES, b, b8, ORDER);
        final FloatVector b8w = FloatVector.fromMemorySegment(SPECIES, b, b8 + second, ORDER);
        final FloatVector b9v = FloatVector.fromMemorySegment(SPECIES, b, b9, ORDER);
        final FloatVector b9w = FloatVector.fromMemorySegment(SPECIES, b, b9 + second, ORDER);
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        final FloatVector iw = FloatVector.fromMemorySegment(SPECIES, init, i0 + second, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai));
            FloatVector v = x0.fma(b0v, iv);
            FloatVector w = x0.fma(b0w, iw);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + aStep));
            v = x1.fma(b1v, v);
            w = x1.fma(b1w, w);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 2 * aStep));
            v = x2.fma(b2v, v);
            w = x2.fma(b2w, w);
            final FloatVector x3 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 3 * aStep));
            v = x3.fma(b3v, v);
            w = x3.fma(b3w, w);
            final FloatVector x4 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 4 * aStep));
            v = x4.fma(b4v, v);
            w = x4.fma(b4w, w);
            final FloatVector x5 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 5 * aStep));
            v = x5.fma(b5v, v);
            w = x5.fma(b5w, w);
            final FloatVector x6 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 6 * aStep));
            v = x6.fma(b6v, v);
            w = x6.fma(b6w, w);
            final FloatVector x7 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 7 * aStep));
            v = x7.fma(b7v, v);
            w = x7.fma(b7w, w);
            final FloatVector x8 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 8 * aStep));
            v = x8.fma(b8v, v);
            w = x8.fma(b8w, w);
            final FloatVector x9 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 9 * aStep));
            v = x9.fma(b9v, v);
            w = x9.fma(b9w, w);
            v.intoMemorySegment(c, ci, ORDER);
            w.intoMemorySegment(c, ci + second, ORDER);
            ci += cRow;
        }
    }
}
