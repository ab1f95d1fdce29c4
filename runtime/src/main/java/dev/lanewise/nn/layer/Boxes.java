package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// A tensor of samples with one to three spatial axes as a box in another one, from which it takes or to
/// which it gives.
final class Boxes {
    private static final int AXES = 3;

    private final int[] from;
    private final int[] to;
    private final int[] offset = new int[AXES];
    private final int channels;

    /// @param offsets by axis, where the first cell of `from` is in `to`; may be negative
    Boxes(Shape from, Shape to, int... offsets) {
        this.from = cells(from);
        this.to = cells(to);
        System.arraycopy(offsets, 0, offset, AXES - offsets.length, offsets.length);
        channels = from.last();
    }

    private static int[] cells(Shape shape) {
        final int[] cells = {1, 1, 1};
        final int axes = shape.rank() - 2;
        for (int axis = 0; axis < axes; axis++) {
            cells[AXES - axes + axis] = shape.dim(axis + 1);
        }
        return cells;
    }

    /// Rows of cells in all samples of a shape.
    static int rows(Shape shape) {
        final int[] cells = cells(shape);
        return shape.dim(0) * cells[0] * cells[1];
    }

    /// Fills rows of `to` with what `from` has there, and zeros where it has nothing; or adds what it has.
    void copy(
            ElementwiseKernel kernel,
            MemorySegment source,
            MemorySegment target,
            int firstRow,
            int endRow,
            boolean accumulate) {
        final int first = Math.max(0, offset[2]);
        final int end = Math.min(to[2], from[2] + offset[2]);
        final int length = Math.max(0, end - first) * channels;
        final int row = to[2] * channels;
        for (int r = firstRow; r < endRow; r++) {
            final int h = r % to[1] - offset[1];
            final int d = r / to[1] % to[0] - offset[0];
            final int sample = r / to[1] / to[0];
            final long at = (long) r * row;
            if (h < 0 || h >= from[1] || d < 0 || d >= from[0] || length == 0) {
                if (!accumulate) {
                    kernel.fill(target, at, row, 0);
                }
                continue;
            }
            final long sourceRow = ((long) sample * from[0] + d) * from[1] + h;
            final long read = (sourceRow * from[2] + first - offset[2]) * channels;
            final long write = at + (long) first * channels;
            if (accumulate) {
                kernel.accumulate(source, read, target, write, length);
                continue;
            }
            kernel.fill(target, at, first * channels, 0);
            MemorySegment.copy(source, read * Float.BYTES, target, write * Float.BYTES, (long) length * Float.BYTES);
            kernel.fill(target, write + length, row - first * channels - length, 0);
        }
    }
}
