package dev.lanewise.data;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// `count` samples of another column from `start` on, under another shape of the same size.
record SliceColumn(Column whole, int start, int count, Shape shape) implements Column {
    /// Takes slices of slices apart, so that views of views cost nothing more.
    static Column of(Column column, int start, int count, Shape shape) {
        if (column instanceof SliceColumn slice) {
            return new SliceColumn(slice.whole, slice.start + start, count, shape);
        }
        return new SliceColumn(column, start, count, shape);
    }

    @Override
    public boolean alwaysFinite() {
        return whole.alwaysFinite();
    }

    @Override
    public Column withByteScale(float scale) {
        return new SliceColumn(whole.withByteScale(scale), start, count, shape);
    }

    @Override
    public void gather(int first, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        whole.gather(first + start, order, from, count, dst, dstOffset);
    }

    @Override
    public void gather(
            int first, int[] order, int from, int count, MemorySegment dst, long dstOffset, ElementwiseKernel kernel) {
        whole.gather(first + start, order, from, count, dst, dstOffset, kernel);
    }
}
