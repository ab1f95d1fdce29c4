package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Sixteen rows of a matrix laid out as columns, `panel[p, r] = b[r, p]`, for vectors of sixteen lanes, in one
/// pass (measured on a Zen 4: 100 cycles a square, 156 where a square is stored after half of the zipping).
final class SimdTurnedRows {
    static final int ROWS = 16;

    /// That are written in one turn.
    static final int COLUMNS = 8;

    private static final FloatVector ZIP_LOW = SimdPacking.ZIP_LOW;
    private static final FloatVector ZIP_HIGH = SimdPacking.ZIP_HIGH;

    private SimdTurnedRows() {}

    /// Squares of sixteen, the last of which begins at `last`, where it may overlap the one before: no float
    /// beyond a row is read. Offsets and steps in bytes.
    ///
    /// @param lastRow in place of the rows beyond it, it is read again
    /// @param eights of columns, two in a square; of the last square the first alone, if they are odd
    /// @param pRow between rows of the panel, each of which holds a vector
    static void turn(
            MemorySegment b,
            long b0,
            long bRow,
            int lastRow,
            int eights,
            long last,
            MemorySegment panel,
            long p0,
            long pRow) {
        final long b1 = b0 + Math.min(1, lastRow) * bRow;
        final long b2 = b0 + Math.min(2, lastRow) * bRow;
        final long b3 = b0 + Math.min(3, lastRow) * bRow;
        final long b4 = b0 + Math.min(4, lastRow) * bRow;
        final long b5 = b0 + Math.min(5, lastRow) * bRow;
        final long b6 = b0 + Math.min(6, lastRow) * bRow;
        final long b7 = b0 + Math.min(7, lastRow) * bRow;
        final long b8 = b0 + Math.min(8, lastRow) * bRow;
        final long b9 = b0 + Math.min(9, lastRow) * bRow;
        final long b10 = b0 + Math.min(10, lastRow) * bRow;
        final long b11 = b0 + Math.min(11, lastRow) * bRow;
        final long b12 = b0 + Math.min(12, lastRow) * bRow;
        final long b13 = b0 + Math.min(13, lastRow) * bRow;
        final long b14 = b0 + Math.min(14, lastRow) * bRow;
        final long b15 = b0 + Math.min(15, lastRow) * bRow;
        // Half a square a turn, eight columns: with all of them C1 runs out of virtual registers.
        for (int i = 0; i < eights; i++) {
            final long at = Math.min((i >> 1) * BYTES, last);
            final int upper = COLUMNS * (i & 1);
            final long to = p0 + (at / Float.BYTES + upper) * pRow;
            final FloatVector zip = ZIP_LOW.add(upper);
            final FloatVector r0 = FloatVector.fromMemorySegment(SPECIES, b, b0 + at, ORDER);
            final FloatVector r1 = FloatVector.fromMemorySegment(SPECIES, b, b1 + at, ORDER);
            final FloatVector r2 = FloatVector.fromMemorySegment(SPECIES, b, b2 + at, ORDER);
            final FloatVector r3 = FloatVector.fromMemorySegment(SPECIES, b, b3 + at, ORDER);
            final FloatVector r4 = FloatVector.fromMemorySegment(SPECIES, b, b4 + at, ORDER);
            final FloatVector r5 = FloatVector.fromMemorySegment(SPECIES, b, b5 + at, ORDER);
            final FloatVector r6 = FloatVector.fromMemorySegment(SPECIES, b, b6 + at, ORDER);
            final FloatVector r7 = FloatVector.fromMemorySegment(SPECIES, b, b7 + at, ORDER);
            final FloatVector r8 = FloatVector.fromMemorySegment(SPECIES, b, b8 + at, ORDER);
            final FloatVector r9 = FloatVector.fromMemorySegment(SPECIES, b, b9 + at, ORDER);
            final FloatVector r10 = FloatVector.fromMemorySegment(SPECIES, b, b10 + at, ORDER);
            final FloatVector r11 = FloatVector.fromMemorySegment(SPECIES, b, b11 + at, ORDER);
            final FloatVector r12 = FloatVector.fromMemorySegment(SPECIES, b, b12 + at, ORDER);
            final FloatVector r13 = FloatVector.fromMemorySegment(SPECIES, b, b13 + at, ORDER);
            final FloatVector r14 = FloatVector.fromMemorySegment(SPECIES, b, b14 + at, ORDER);
            final FloatVector r15 = FloatVector.fromMemorySegment(SPECIES, b, b15 + at, ORDER);
            final FloatVector s0 = zip.selectFrom(r0, r8);
            final FloatVector s1 = zip.selectFrom(r1, r9);
            final FloatVector s2 = zip.selectFrom(r2, r10);
            final FloatVector s3 = zip.selectFrom(r3, r11);
            final FloatVector s4 = zip.selectFrom(r4, r12);
            final FloatVector s5 = zip.selectFrom(r5, r13);
            final FloatVector s6 = zip.selectFrom(r6, r14);
            final FloatVector s7 = zip.selectFrom(r7, r15);
            final FloatVector t0 = ZIP_LOW.selectFrom(s0, s4);
            final FloatVector t1 = ZIP_HIGH.selectFrom(s0, s4);
            final FloatVector t2 = ZIP_LOW.selectFrom(s1, s5);
            final FloatVector t3 = ZIP_HIGH.selectFrom(s1, s5);
            final FloatVector t4 = ZIP_LOW.selectFrom(s2, s6);
            final FloatVector t5 = ZIP_HIGH.selectFrom(s2, s6);
            final FloatVector t6 = ZIP_LOW.selectFrom(s3, s7);
            final FloatVector t7 = ZIP_HIGH.selectFrom(s3, s7);
            final FloatVector u0 = ZIP_LOW.selectFrom(t0, t4);
            final FloatVector u1 = ZIP_HIGH.selectFrom(t0, t4);
            final FloatVector u2 = ZIP_LOW.selectFrom(t1, t5);
            final FloatVector u3 = ZIP_HIGH.selectFrom(t1, t5);
            final FloatVector u4 = ZIP_LOW.selectFrom(t2, t6);
            final FloatVector u5 = ZIP_HIGH.selectFrom(t2, t6);
            final FloatVector u6 = ZIP_LOW.selectFrom(t3, t7);
            final FloatVector u7 = ZIP_HIGH.selectFrom(t3, t7);
            ZIP_LOW.selectFrom(u0, u4).intoMemorySegment(panel, to, ORDER);
            ZIP_HIGH.selectFrom(u0, u4).intoMemorySegment(panel, to + pRow, ORDER);
            ZIP_LOW.selectFrom(u1, u5).intoMemorySegment(panel, to + 2 * pRow, ORDER);
            ZIP_HIGH.selectFrom(u1, u5).intoMemorySegment(panel, to + 3 * pRow, ORDER);
            ZIP_LOW.selectFrom(u2, u6).intoMemorySegment(panel, to + 4 * pRow, ORDER);
            ZIP_HIGH.selectFrom(u2, u6).intoMemorySegment(panel, to + 5 * pRow, ORDER);
            ZIP_LOW.selectFrom(u3, u7).intoMemorySegment(panel, to + 6 * pRow, ORDER);
            ZIP_HIGH.selectFrom(u3, u7).intoMemorySegment(panel, to + 7 * pRow, ORDER);
        }
    }
}
