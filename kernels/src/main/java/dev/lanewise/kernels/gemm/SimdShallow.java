package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Adds the products of a few k, by FMA, to rows of C, two vectors of columns wide. The rows of B stay in
/// registers while those of C go by, each of which is written once; the row that all start from stays too, if
/// there is one (`iRow` is 0 then: HotSpot makes two loops of one whose condition does not change). To load it
/// again beside the stores took longer than the products (measured on a Zen 4, GFLOP/s by one row's registers
/// and by loads: 25 and 15 for 88 x 1 x 1061, 65 and 47 for 252 x 3 x 435, 87 and 63 for 1431 x 5 x 368).
///
/// A vector of C that is stored takes about two cycles, in which no FMAs are made (measured on a Zen 5), so
/// there is a method for each depth: with several passes over C instead the loop takes up to twice as long.
/// The offset in A is a multiplication, not a sum of its own: C2 has no register for both sums and adds in
/// memory, where each row waits for the one before. [SimdShallowFromOne] has what goes deeper.
/// All offsets and steps are in bytes, `aRow` between rows of A, `aStep` between the k of one of them.
/// `init` and `c` may be the same memory.
final class SimdShallow {
    /// Of k that one pass takes.
    static final int DEPTH = 8;

    /// Of columns.
    static final int VECTORS = 2;

    private SimdShallow() {}

    /// `c[r, :] = init[r, :] + a[r, 0] · b[0, :] + ...` for `depth` of k, 1 to [#DEPTH], in order.
    ///
    /// @param second from the first vector of columns to the second; they may overlap
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
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        switch (depth) {
            case 1 -> one(second, rows, a, a0, aRow, b, b0, init, i0, iRow, c, c0, cRow);
            case 2 -> two(second, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
            case 3 -> three(second, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
            case 4 -> four(second, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
            case 5 -> five(second, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
            case 6 -> six(second, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
            case 7 -> seven(second, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
            default -> eight(second, rows, a, a0, aRow, aStep, b, b0, bStep, init, i0, iRow, c, c0, cRow);
        }
    }

    static void one(
            long second,
            int rows,
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
            long cRow) {
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b0w = FloatVector.fromMemorySegment(SPECIES, b, b0 + second, ORDER);
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        final FloatVector iw = FloatVector.fromMemorySegment(SPECIES, init, i0 + second, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            final long ii = i0 + r * iRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, ii, ORDER) : iv;
            FloatVector w = own ? FloatVector.fromMemorySegment(SPECIES, init, ii + second, ORDER) : iw;
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai));
            v = x0.fma(b0v, v);
            w = x0.fma(b0w, w);
            v.intoMemorySegment(c, ci, ORDER);
            w.intoMemorySegment(c, ci + second, ORDER);
            ci += cRow;
        }
    }

    static void two(
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
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final long b1 = b0 + bStep;
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b0w = FloatVector.fromMemorySegment(SPECIES, b, b0 + second, ORDER);
        final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b1, ORDER);
        final FloatVector b1w = FloatVector.fromMemorySegment(SPECIES, b, b1 + second, ORDER);
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        final FloatVector iw = FloatVector.fromMemorySegment(SPECIES, init, i0 + second, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            final long ii = i0 + r * iRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, ii, ORDER) : iv;
            FloatVector w = own ? FloatVector.fromMemorySegment(SPECIES, init, ii + second, ORDER) : iw;
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai));
            v = x0.fma(b0v, v);
            w = x0.fma(b0w, w);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + aStep));
            v = x1.fma(b1v, v);
            w = x1.fma(b1w, w);
            v.intoMemorySegment(c, ci, ORDER);
            w.intoMemorySegment(c, ci + second, ORDER);
            ci += cRow;
        }
    }

    static void three(
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
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final long b1 = b0 + bStep;
        final long b2 = b1 + bStep;
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b0w = FloatVector.fromMemorySegment(SPECIES, b, b0 + second, ORDER);
        final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b1, ORDER);
        final FloatVector b1w = FloatVector.fromMemorySegment(SPECIES, b, b1 + second, ORDER);
        final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, b2, ORDER);
        final FloatVector b2w = FloatVector.fromMemorySegment(SPECIES, b, b2 + second, ORDER);
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        final FloatVector iw = FloatVector.fromMemorySegment(SPECIES, init, i0 + second, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            final long ii = i0 + r * iRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, ii, ORDER) : iv;
            FloatVector w = own ? FloatVector.fromMemorySegment(SPECIES, init, ii + second, ORDER) : iw;
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai));
            v = x0.fma(b0v, v);
            w = x0.fma(b0w, w);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + aStep));
            v = x1.fma(b1v, v);
            w = x1.fma(b1w, w);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 2 * aStep));
            v = x2.fma(b2v, v);
            w = x2.fma(b2w, w);
            v.intoMemorySegment(c, ci, ORDER);
            w.intoMemorySegment(c, ci + second, ORDER);
            ci += cRow;
        }
    }

    static void four(
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
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final long b1 = b0 + bStep;
        final long b2 = b1 + bStep;
        final long b3 = b2 + bStep;
        final FloatVector b0v = FloatVector.fromMemorySegment(SPECIES, b, b0, ORDER);
        final FloatVector b0w = FloatVector.fromMemorySegment(SPECIES, b, b0 + second, ORDER);
        final FloatVector b1v = FloatVector.fromMemorySegment(SPECIES, b, b1, ORDER);
        final FloatVector b1w = FloatVector.fromMemorySegment(SPECIES, b, b1 + second, ORDER);
        final FloatVector b2v = FloatVector.fromMemorySegment(SPECIES, b, b2, ORDER);
        final FloatVector b2w = FloatVector.fromMemorySegment(SPECIES, b, b2 + second, ORDER);
        final FloatVector b3v = FloatVector.fromMemorySegment(SPECIES, b, b3, ORDER);
        final FloatVector b3w = FloatVector.fromMemorySegment(SPECIES, b, b3 + second, ORDER);
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        final FloatVector iw = FloatVector.fromMemorySegment(SPECIES, init, i0 + second, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            final long ii = i0 + r * iRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, ii, ORDER) : iv;
            FloatVector w = own ? FloatVector.fromMemorySegment(SPECIES, init, ii + second, ORDER) : iw;
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai));
            v = x0.fma(b0v, v);
            w = x0.fma(b0w, w);
            final FloatVector x1 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + aStep));
            v = x1.fma(b1v, v);
            w = x1.fma(b1w, w);
            final FloatVector x2 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 2 * aStep));
            v = x2.fma(b2v, v);
            w = x2.fma(b2w, w);
            final FloatVector x3 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai + 3 * aStep));
            v = x3.fma(b3v, v);
            w = x3.fma(b3w, w);
            v.intoMemorySegment(c, ci, ORDER);
            w.intoMemorySegment(c, ci + second, ORDER);
            ci += cRow;
        }
    }

    static void five(
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
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final long b1 = b0 + bStep;
        final long b2 = b1 + bStep;
        final long b3 = b2 + bStep;
        final long b4 = b3 + bStep;
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
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        final FloatVector iw = FloatVector.fromMemorySegment(SPECIES, init, i0 + second, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            final long ii = i0 + r * iRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, ii, ORDER) : iv;
            FloatVector w = own ? FloatVector.fromMemorySegment(SPECIES, init, ii + second, ORDER) : iw;
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai));
            v = x0.fma(b0v, v);
            w = x0.fma(b0w, w);
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
            v.intoMemorySegment(c, ci, ORDER);
            w.intoMemorySegment(c, ci + second, ORDER);
            ci += cRow;
        }
    }

    static void six(
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
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final long b1 = b0 + bStep;
        final long b2 = b1 + bStep;
        final long b3 = b2 + bStep;
        final long b4 = b3 + bStep;
        final long b5 = b4 + bStep;
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
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        final FloatVector iw = FloatVector.fromMemorySegment(SPECIES, init, i0 + second, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            final long ii = i0 + r * iRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, ii, ORDER) : iv;
            FloatVector w = own ? FloatVector.fromMemorySegment(SPECIES, init, ii + second, ORDER) : iw;
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai));
            v = x0.fma(b0v, v);
            w = x0.fma(b0w, w);
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
            v.intoMemorySegment(c, ci, ORDER);
            w.intoMemorySegment(c, ci + second, ORDER);
            ci += cRow;
        }
    }

    static void seven(
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
            long iRow,
            MemorySegment c,
            long c0,
            long cRow) {
        final long b1 = b0 + bStep;
        final long b2 = b1 + bStep;
        final long b3 = b2 + bStep;
        final long b4 = b3 + bStep;
        final long b5 = b4 + bStep;
        final long b6 = b5 + bStep;
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
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        final FloatVector iw = FloatVector.fromMemorySegment(SPECIES, init, i0 + second, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            final long ii = i0 + r * iRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, ii, ORDER) : iv;
            FloatVector w = own ? FloatVector.fromMemorySegment(SPECIES, init, ii + second, ORDER) : iw;
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai));
            v = x0.fma(b0v, v);
            w = x0.fma(b0w, w);
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
            v.intoMemorySegment(c, ci, ORDER);
            w.intoMemorySegment(c, ci + second, ORDER);
            ci += cRow;
        }
    }

    static void eight(
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
            long iRow,
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
        final boolean own = iRow != 0;
        final FloatVector iv = FloatVector.fromMemorySegment(SPECIES, init, i0, ORDER);
        final FloatVector iw = FloatVector.fromMemorySegment(SPECIES, init, i0 + second, ORDER);
        long ci = c0;
        for (int r = 0; r < rows; r++) {
            final long ai = a0 + r * aRow;
            final long ii = i0 + r * iRow;
            FloatVector v = own ? FloatVector.fromMemorySegment(SPECIES, init, ii, ORDER) : iv;
            FloatVector w = own ? FloatVector.fromMemorySegment(SPECIES, init, ii + second, ORDER) : iw;
            final FloatVector x0 = FloatVector.broadcast(SPECIES, a.get(FLOAT, ai));
            v = x0.fma(b0v, v);
            w = x0.fma(b0w, w);
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
            v.intoMemorySegment(c, ci, ORDER);
            w.intoMemorySegment(c, ci + second, ORDER);
            ci += cRow;
        }
    }
}
