package dev.lanewise.nn;

import java.lang.foreign.MemorySegment;

/// Work over `0 .. units()` that needs memory of a thread's own; any cut into ranges gives the same results.
public interface ScratchTask {
    int units();

    /// Multiplications of the whole, from which follows whether it is worth splitting.
    long multiplications();

    /// Does the units `from .. to`.
    ///
    /// @param scratch [Compute#gemmScratchSize] floats for a product, and behind them [Compute#blockSize]
    ///     floats
    void run(int from, int to, MemorySegment scratch);
}
