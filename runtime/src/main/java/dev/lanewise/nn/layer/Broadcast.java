package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A tensor that stands for a larger one: along axes where it has one element, that one counts for all. A
/// tensor of
/// fewer axes has axes of one element after the batch.
///
/// The larger one is seen as rows: the last axes, along which the small one has all elements, or along all
/// of which
/// it has one.
final class Broadcast {
    private final int samples;
    private final int rowsOfSample;
    private final int sample;
    private final int length;
    private final boolean one;
    private final int[] dims;
    private final int[] strides;

    /// @param small a shape that [#shape] accepted together with `large`
    Broadcast(Shape small, Shape large) {
        final int rank = large.rank();
        final int[] own = widened(small, rank);
        int axis = rank - 1;
        one = axis > 0 && own[axis] != large.dim(axis);
        int inner = 1;
        int stride = 1;
        for (; axis > 0 && (own[axis] != large.dim(axis)) == one; axis--) {
            inner *= large.dim(axis);
            stride *= own[axis];
        }
        length = inner;
        dims = new int[axis];
        strides = new int[axis];
        int rows = 1;
        for (; axis > 0; axis--) {
            dims[axis - 1] = large.dim(axis);
            strides[axis - 1] = own[axis] == large.dim(axis) ? stride : 0;
            stride *= own[axis];
            rows *= large.dim(axis);
        }
        samples = large.dim(0);
        rowsOfSample = rows;
        sample = stride;
    }

    private static int[] widened(Shape shape, int rank) {
        final int[] dims = new int[rank];
        java.util.Arrays.fill(dims, 1);
        dims[0] = shape.dim(0);
        for (int i = 1; i < shape.rank(); i++) {
            dims[rank - shape.rank() + i] = shape.dim(i);
        }
        return dims;
    }

    /// The shape that all inputs stand for.
    static Shape shape(String type, List<Shape> inputs) {
        int rank = 1;
        for (Shape x : inputs) {
            if (x.rank() < 1) {
                throw new IllegalArgumentException(type + ": takes batches of samples, got " + inputs);
            }
            rank = Math.max(rank, x.rank());
        }
        final int[] dims = widened(inputs.getFirst(), rank);
        for (Shape x : inputs.subList(1, inputs.size())) {
            final int[] other = widened(x, rank);
            for (int i = 0; i < rank; i++) {
                final boolean same = dims[i] == other[i];
                final boolean grows = i > 0 && (dims[i] == 1 || other[i] == 1);
                if (!same && !grows && dims[i] != Shape.UNKNOWN && other[i] != Shape.UNKNOWN) {
                    throw new IllegalArgumentException(
                            type + ": inputs must have equal shapes, or 1 where they differ, got " + inputs);
                }
                if (!same && i > 0 && (dims[i] == 1 || other[i] == 1)) {
                    dims[i] = dims[i] == 1 ? other[i] : dims[i];
                } else if (!same) {
                    dims[i] = Math.max(dims[i], other[i]); // one of them is not known
                }
            }
        }
        return Shape.of(dims);
    }

    int rows() {
        return samples * rowsOfSample;
    }

    int samples() {
        return samples;
    }

    /// Where a row's elements are in the small tensor.
    private long at(int row) {
        int rest = row % rowsOfSample;
        long at = (long) (row / rowsOfSample) * sample;
        for (int i = dims.length - 1; i >= 0; i--) {
            at += (long) rest % dims[i] * strides[i];
            rest /= dims[i];
        }
        return at;
    }

    /// Writes rows `from .. to` of the large tensor.
    void expand(Kernels kernels, MemorySegment small, MemorySegment large, int from, int to) {
        for (int row = from; row < to; row++) {
            final long at = at(row);
            final long to0 = (long) row * length;
            if (one) {
                kernels.elementwise().fill(large, to0, length, small.getAtIndex(JAVA_FLOAT, at));
            } else {
                MemorySegment.copy(small, at * Float.BYTES, large, to0 * Float.BYTES, (long) length * Float.BYTES);
            }
        }
    }

    /// Sums the large tensor's elements of samples `from .. to` where they are one in the small tensor, row
    /// by row.
    void reduce(Kernels kernels, MemorySegment large, MemorySegment small, int from, int to, boolean accumulate) {
        if (!accumulate) {
            kernels.elementwise().fill(small, (long) from * sample, (to - from) * sample, 0);
        }
        for (int row = from * rowsOfSample; row < to * rowsOfSample; row++) {
            final long at = at(row);
            if (one) {
                final float sum = kernels.reduction().sum(large, (long) row * length, length);
                small.setAtIndex(JAVA_FLOAT, at, small.getAtIndex(JAVA_FLOAT, at) + sum);
            } else {
                kernels.elementwise().accumulate(large, (long) row * length, small, at, length);
            }
        }
    }
}
