package dev.lanewise.kernels.gemm;

import java.lang.foreign.MemorySegment;

/// The transposition that packing uses, for other kernels.
public final class SimdTranspose {
    private SimdTranspose() {}

    /// `to[c, r] = from[r, c]` for a square of as many rows as a vector has lanes; offsets and leading
    /// dimensions in floats.
    ///
    /// @param to not the memory of `from`
    /// @param work a square
    public static void square(
            MemorySegment from,
            long fromOffset,
            long ldFrom,
            MemorySegment to,
            long toOffset,
            long ldTo,
            MemorySegment work,
            long workOffset) {
        SimdPacking.transposeSquare(from, fromOffset, ldFrom, to, toOffset, ldTo, work, workOffset);
    }
}
