package dev.lanewise.data;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// Class numbers, which become floats when they are gathered.
final class LabelsColumn implements Column {
    /// Up to here every whole number is a float.
    private static final int LIMIT = 1 << 24;

    /// Kept, since each call of `Shape.of()` makes an empty array.
    private static final Shape SHAPE = Shape.of();

    private final int[] labels;

    LabelsColumn(int[] labels) {
        DatasetChecks.notEmpty("y", labels.length);
        for (int i = 0; i < labels.length; i++) {
            if (Math.abs((long) labels[i]) > LIMIT) {
                throw new IllegalArgumentException("Dataset: label " + i + " is " + labels[i] + ", beyond " + LIMIT
                        + ", where whole numbers stop being exact in float32");
            }
        }
        this.labels = labels;
    }

    @Override
    public Shape shape() {
        return SHAPE;
    }

    @Override
    public int count() {
        return labels.length;
    }

    @Override
    public boolean alwaysFinite() {
        return true;
    }

    @Override
    public void gather(int first, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        for (int i = 0; i < count; i++) {
            dst.setAtIndex(JAVA_FLOAT, dstOffset + i, labels[first + order[from + i]]);
        }
    }
}
