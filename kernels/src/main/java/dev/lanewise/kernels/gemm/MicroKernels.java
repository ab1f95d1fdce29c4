package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.Blocking.FOUR_BY_FOUR;
import static dev.lanewise.kernels.simd.Simd.BYTES;

import java.lang.foreign.MemorySegment;

/// Chooses the micro-kernel by how the operands lie.
///
/// Offsets and steps are in bytes, `aLd` between stored rows of A; `iRow` is 0 where all rows start from
/// one; `last` is the last of the rows that are computed. A negative `kc` is a call on nothing, see
/// [dev.lanewise.kernels.EmptyCalls]; 0 is none, it copies `init`.
final class MicroKernels {
    /// Rows up to which [#half] takes the micro-kernel of four rows, where the two vectors lie side by side in C.
    static final int FEW_OF_HALF = 4;

    private MicroKernels() {}

    /// As many vectors of columns as a panel has.
    ///
    /// This and what it calls are small enough for HotSpot to compile them into the loops around them, up to
    /// the micro-kernel: each call with so many arguments takes 30 cycles, as long as two products deep of a
    /// tile.
    static void wide(
            boolean transA,
            boolean packedB,
            MemorySegment a,
            long a0,
            long aLd,
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
        if (!FOUR_BY_FOUR) {
            sixByTwo(transA, packedB, a, a0, aLd, b, b0, bStep, init, i0, iRow, c, c0, cRow, last, kc);
        } else if (last < 2) {
            // Half as many products (measured on a Zen 4: 102 against 96 GFLOP/s for a transposed A of 50 x 128 x
            // 128).
            final long aRow = transA ? Float.BYTES : aLd;
            final long aStep = transA ? aLd : Float.BYTES;
            final long bRow = packedB ? 4 * BYTES : bStep;
            SimdThinKernels.two(kc, a, a0, aRow, aStep, b, b0, bRow, init, i0, iRow, c, c0, cRow, last);
        } else if (iRow == 0) {
            fromOneRow(transA, packedB, a, a0, aLd, b, b0, bStep, init, i0, c, c0, cRow, last, kc);
        } else {
            onto(transA, packedB, a, a0, aLd, b, b0, bStep, init, i0, iRow, c, c0, cRow, last, kc);
        }
    }

    private static void sixByTwo(
            boolean transA,
            boolean packedB,
            MemorySegment a,
            long a0,
            long aLd,
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
        if (transA) {
            SimdMicroKernel6x2.panelPacked(a, a0, b, b0, init, i0, iRow, c, c0, cRow, last, kc);
        } else if (packedB) {
            SimdMicroKernel6x2.rowsPacked(a, a0, aLd, b, b0, init, i0, iRow, c, c0, cRow, last, kc);
        } else {
            SimdMicroKernel6x2.rowsStrided(a, a0, aLd, b, b0, bStep, init, i0, iRow, c, c0, cRow, last, kc);
        }
    }

    private static void fromOneRow(
            boolean transA,
            boolean packedB,
            MemorySegment a,
            long a0,
            long aLd,
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
        final long step = packedB ? 4 * BYTES : bStep;
        if (transA) {
            SimdMicroKernel4x4.columns(a, a0, aLd, b, b0, step, init, i0, c, c0, cRow, last, kc);
        } else if (Blocking.shallow(kc)) {
            shallowRows(a, a0, aLd, b, b0, step, init, i0, c, c0, cRow, last, kc);
        } else if (last == SimdMicroKernel3x4.ROWS - 1) {
            SimdMicroKernel3x4.rows(a, a0, aLd, b, b0, step, init, i0, c, c0, cRow, kc);
        } else if (packedB) {
            SimdMicroKernel4x4.rowsPacked(a, a0, aLd, b, b0, init, i0, c, c0, cRow, kc);
        } else {
            SimdMicroKernel4x4.rowsStrided(a, a0, aLd, b, b0, bStep, init, i0, c, c0, cRow, kc);
        }
    }

    private static void shallowRows(
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
            int last,
            int kc) {
        if (last == SimdMicroKernel4x4.ROWS - 1) {
            SimdMicroKernel4x4Shallow.rows(a, a0, aRow, Float.BYTES, b, b0, bStep, init, i0, c, c0, cRow, kc);
        } else {
            // Three rows. Not by the deep micro-kernels, which C2 compiles well only if all their calls are deep.
            final long a2 = a0 + 2 * aRow;
            final long c2 = c0 + 2 * cRow;
            SimdThinKernels.two(kc, a, a0, aRow, Float.BYTES, b, b0, bStep, init, i0, 0, c, c0, cRow, 1);
            SimdThinKernels.two(kc, a, a2, aRow, Float.BYTES, b, b0, bStep, init, i0, 0, c, c2, cRow, 0);
        }
    }

    private static void onto(
            boolean transA,
            boolean packedB,
            MemorySegment a,
            long a0,
            long aLd,
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
        if (transA) {
            final long step = packedB ? 4 * BYTES : bStep;
            SimdMicroKernel4x4.columnsOnto(a, a0, aLd, b, b0, step, init, i0, iRow, c, c0, cRow, last, kc);
        } else if (packedB) {
            SimdMicroKernel4x4.rowsPackedOnto(a, a0, aLd, b, b0, init, i0, iRow, c, c0, cRow, last, kc);
        } else {
            SimdMicroKernel4x4.rowsStridedOnto(a, a0, aLd, b, b0, bStep, init, i0, iRow, c, c0, cRow, last, kc);
        }
    }

    /// Two vectors of columns, which lie `cNext` apart in C, all rows starting from one, on a CPU of 32 vector
    /// registers. A transposed A has whole rows.
    static void half(
            boolean transA,
            MemorySegment a,
            long a0,
            long aLd,
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
        if (transA) {
            SimdMicroKernel8x2.columns(a, a0, aLd, b, b0, bStep, init, i0, c, c0, cRow, cNext, kc);
        } else if (last < FEW_OF_HALF && cNext == BYTES) {
            SimdThinKernels.four(BYTES, kc, a, a0, aLd, Float.BYTES, b, b0, bStep, init, i0, 0, c, c0, cRow, last);
        } else if (kc > Blocking.SHALLOW_HALF || last < SimdMicroKernel8x2.ROWS - 1) {
            SimdMicroKernel8x2.rowsStrided(a, a0, aLd, b, b0, bStep, init, i0, c, c0, cRow, cNext, last, kc);
        } else {
            SimdMicroKernel8x2.shallow(a, a0, aLd, 4, b, b0, bStep, init, i0, c, c0, cRow, cNext, kc);
        }
    }

    /// One vector of columns.
    static void narrow(
            boolean transA,
            MemorySegment a,
            long a0,
            long aLd,
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
        if (transA) {
            SimdMicroKernel8x1.panelPacked(a, a0, b, b0, init, i0, iRow, c, c0, cRow, last, kc);
        } else {
            SimdMicroKernel8x1.rowsPacked(a, a0, aLd, b, b0, init, i0, iRow, c, c0, cRow, last, kc);
        }
    }

    /// Calls on nothing of each that a usual training step needs.
    static void callEmpty(MemorySegment s, int times) {
        for (int i = 0; i < times; i++) {
            if (FOUR_BY_FOUR) {
                SimdMicroKernel4x4.rowsPacked(s, 0, 0, s, 0, s, 0, s, 0, 0, -1);
                SimdMicroKernel4x4Shallow.rows(s, 0, 0, 0, s, 0, 0, s, 0, s, 0, 0, -1);
                SimdMicroKernel8x2.rowsStrided(s, 0, 0, s, 0, 0, s, 0, s, 0, 0, 0, 0, -1);
                SimdMicroKernel8x2.columns(s, 0, 0, s, 0, 0, s, 0, s, 0, 0, 0, -1);
            } else {
                SimdMicroKernel6x2.panelPacked(s, 0, s, 0, s, 0, 0, s, 0, 0, 0, -1);
                SimdMicroKernel6x2.rowsStrided(s, 0, 0, s, 0, 0, s, 0, 0, s, 0, 0, 0, -1);
                SimdMicroKernel6x2.rowsPacked(s, 0, 0, s, 0, s, 0, 0, s, 0, 0, 0, -1);
                SimdMicroKernel8x1.panelPacked(s, 0, s, 0, s, 0, 0, s, 0, 0, 0, -1);
            }
            SimdMicroKernel8x1.rowsPacked(s, 0, 0, s, 0, s, 0, 0, s, 0, 0, 0, -1);
        }
    }
}
