package dev.lanewise.data;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// One Java array per sample.
final class FloatRowsColumn implements Column {
    private final float[][] rows;
    private final Shape shape;

    FloatRowsColumn(String name, float[][] rows) {
        this.rows = rows;
        DatasetChecks.notEmpty(name, rows.length);
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] == null) {
                throw new IllegalArgumentException("Dataset: row " + i + " of " + name + " is null");
            }
            if (rows[i].length != rows[0].length) {
                throw new IllegalArgumentException("Dataset: row " + i + " of " + name + " has " + rows[i].length
                        + " values, expected " + rows[0].length + " as in row 0");
            }
        }
        this.shape = DatasetChecks.sampleShape(name, Shape.of(rows[0].length));
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public int count() {
        return rows.length;
    }

    @Override
    public boolean alwaysFinite() {
        return false;
    }

    @Override
    public void gather(int first, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        int size = shape.last();
        for (int i = 0; i < count; i++) {
            long at = (dstOffset + (long) i * size) * Float.BYTES;
            MemorySegment.copy(rows[first + order[from + i]], 0, dst, JAVA_FLOAT, at, size);
        }
    }
}
