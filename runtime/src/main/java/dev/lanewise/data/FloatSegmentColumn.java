package dev.lanewise.data;

import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// A segment of the caller's with float samples one after the other; it must stay alive as long as it is read.
final class FloatSegmentColumn implements Column {
    private final MemorySegment values;
    private final Shape shape;
    private final int count;

    FloatSegmentColumn(String name, MemorySegment values, Shape shape, int count) {
        this.shape = DatasetChecks.sampleShape(name, shape);
        DatasetChecks.notEmpty(name, count);
        long expected = count * shape.size();
        if (values.byteSize() % Float.BYTES != 0 || values.byteSize() / Float.BYTES != expected) {
            throw new IllegalArgumentException("Dataset: the segment of " + name + " has " + values.byteSize()
                    + " bytes, expected " + expected + " floats for " + count + " samples of shape " + shape);
        }
        this.values = values.asReadOnly();
        this.count = count;
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public boolean alwaysFinite() {
        return false;
    }

    @Override
    public void gather(int first, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        long bytes = shape.size() * Float.BYTES;
        for (int i = 0; i < count; i++) {
            long source = (first + order[from + i]) * bytes;
            MemorySegment.copy(values, source, dst, dstOffset * Float.BYTES + i * bytes, bytes);
        }
    }
}
