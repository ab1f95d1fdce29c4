package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.RangeTask;
import java.lang.foreign.MemorySegment;

/// Sums of many rows, channel by channel. Rows are cut into chunks of [#CHUNK]; each is summed in order, and
/// so are
/// the sums: errors stay small, threads share the chunks, and the bits are the same for any number of them.
final class ColumnSums {
    private static final int CHUNK = 256;

    /// Sums `rows` rows from `row` on, column by column and in order, into `target`.
    interface Part {
        void sum(Kernels kernels, int row, int rows, MemorySegment target, long offset);
    }

    private final Compute compute;
    private final int rows;
    private final int cols;
    private final MemorySegment work;
    private final long workOffset;
    private final RangeTask chunks;

    /// @param work [#work] floats from `workOffset` on
    ColumnSums(Compute compute, int rows, int cols, Part part, MemorySegment work, long workOffset) {
        this.compute = compute;
        this.rows = rows;
        this.cols = cols;
        this.work = work;
        this.workOffset = workOffset;
        chunks = (from, to) -> {
            for (int chunk = from; chunk < to; chunk++) {
                final int row = chunk * CHUNK;
                part.sum(compute.kernels(), row, Math.min(CHUNK, rows - row), work, workOffset + (long) chunk * cols);
            }
        };
    }

    /// The plain sum of rows of `x`, from `xo` on.
    static ColumnSums of(
            Compute compute, MemorySegment x, long xo, int rows, int cols, MemorySegment work, long workOffset) {
        return new ColumnSums(
                compute,
                rows,
                cols,
                (kernels, row, count, target, offset) -> kernels.reduction()
                        .columnSums(x, xo + (long) row * cols, count, cols, cols, target, offset, false),
                work,
                workOffset);
    }

    /// Floats of work for so many rows.
    static long work(long rows, int cols) {
        return Math.ceilDiv(rows, CHUNK) * cols;
    }

    /// The memory for sums of chunks.
    MemorySegment work() {
        return work;
    }

    /// Writes the sums to `y`, or adds them.
    void run(MemorySegment y, long yo, boolean accumulate) {
        final int count = Math.ceilDiv(rows, CHUNK);
        compute.run(chunks, count, 1, (long) rows * cols / 8);
        compute.kernels().reduction().columnSums(work, workOffset, count, cols, cols, y, yo, accumulate);
    }
}
