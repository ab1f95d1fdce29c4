package dev.lanewise.nn.layer;

import dev.lanewise.nn.Compute;
import dev.lanewise.nn.ScratchTask;
import java.lang.foreign.MemorySegment;

/// `to[o, c, r] = from[o, r, c]`: moves an axis to the end, or back.
record Turn(
        Compute compute,
        MemorySegment from,
        long fromOffset,
        int outer,
        int rows,
        int cols,
        MemorySegment to,
        long toOffset)
        implements ScratchTask {
    @Override
    public int units() {
        return outer;
    }

    @Override
    public long multiplications() {
        return 8L * outer * rows * cols; // some 0.15 ns an element
    }

    @Override
    public void run(int first, int end, MemorySegment scratch) {
        final long size = (long) rows * cols;
        for (int o = first; o < end; o++) {
            compute.kernels()
                    .convolution()
                    .transpose(
                            from,
                            fromOffset + o * size,
                            rows,
                            cols,
                            cols,
                            to,
                            toOffset + o * size,
                            rows,
                            scratch,
                            compute.gemmScratchSize());
        }
    }
}
