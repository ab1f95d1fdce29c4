package dev.lanewise.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Reads memory so that it is in a cache when it is needed: what prefetch instructions are for, of which Java
/// has none. Loads that nothing waits for are on their way together, as many as the CPU can follow; in a
/// micro-kernel, each miss would have all products behind it wait.
public final class SimdFetch {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    private static final int LINE = 64;

    /// Rows of a matrix that are read side by side.
    private static final int ROWS = 16;

    /// What has been read has to matter, else HotSpot would leave the loads out: it is stored if it is this, which
    /// it hardly ever is, so that threads do not write to one line in turn.
    private static final int UNLIKELY = 0x5bd1e995;

    @SuppressWarnings("unused") // never read
    private static int unlikely;

    private SimdFetch() {}

    /// A part of a matrix, an int every 64 bytes of each row; offsets and leading dimension in floats. Rows may
    /// overlap. Of a row that begins within a line the last line may be left out.
    ///
    /// @throws IndexOutOfBoundsException if one of these ints is not within the segment
    public static void fetch(MemorySegment from, long offset, long ld, int rows, int cols) {
        int all = 0;
        if (ld <= cols) {
            // As one row, from end to end.
            all = lines(from, Float.BYTES * offset, 0, Math.min(1, rows), Float.BYTES * ((rows - 1) * ld + cols));
        } else {
            for (int r = 0; r < rows; r += ROWS) {
                final long at = Float.BYTES * (offset + r * ld);
                all |= lines(from, at, Float.BYTES * ld, Math.min(ROWS, rows - r), (long) Float.BYTES * cols);
            }
        }
        if (all == UNLIKELY) {
            unlikely = all;
        }
    }

    /// An int every 64 bytes of some rows, side by side: more of them are on their way at a time so than one row
    /// after the other (measured on a Zen 4: 107 against 106 GFLOP/s for 1024 x 256 x 1024).
    private static int lines(MemorySegment from, long offset, long step, int rows, long bytes) {
        int all = 0;
        for (long j = 0; j < bytes; j += LINE) {
            for (int r = 0; r < rows; r++) {
                all |= from.get(INT, offset + j + r * step);
            }
        }
        return all;
    }
}
