package dev.lanewise.data;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// One input, the targets or the weights of all samples, wherever they are kept.
interface Column {
    /// The shape of one sample, concrete and not empty.
    Shape shape();

    /// How many samples there are.
    int count();

    /// Whether NaN and infinities cannot occur, so that nobody needs to look for them.
    boolean alwaysFinite();

    /// This column, or one with the same bytes times another factor where they are bytes.
    default Column withByteScale(float scale) {
        return this;
    }

    /// Writes samples `order[from + i] + first`, `i < count`, one after the other from float `dstOffset` of
    /// `dst`.
    /// Allocates nothing. The caller has checked the samples and the room.
    void gather(int first, int[] order, int from, int count, MemorySegment dst, long dstOffset);

    /// The same into native memory, with a kernel for what is to be converted.
    default void gather(
            int first, int[] order, int from, int count, MemorySegment dst, long dstOffset, ElementwiseKernel kernel) {
        gather(first, order, from, count, dst, dstOffset);
    }
}
