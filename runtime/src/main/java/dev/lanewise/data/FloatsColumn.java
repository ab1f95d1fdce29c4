package dev.lanewise.data;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// One Java array with the samples one after the other.
final class FloatsColumn implements Column {
    private final float[] values;
    private final Shape shape;
    private final int size;

    FloatsColumn(String name, float[] values, Shape shape) {
        this.values = values;
        this.shape = DatasetChecks.sampleShape(name, shape);
        this.size = (int) shape.size();
        DatasetChecks.wholeSamples(name, values.length, shape);
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public int count() {
        return values.length / size;
    }

    @Override
    public boolean alwaysFinite() {
        return false;
    }

    @Override
    public void gather(int first, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        for (int i = 0; i < count; i++) {
            long at = (dstOffset + (long) i * size) * Float.BYTES;
            MemorySegment.copy(values, (first + order[from + i]) * size, dst, JAVA_FLOAT, at, size);
        }
    }
}
