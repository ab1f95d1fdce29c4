package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// A tensor with its axes in another order.
final class Transposition {
    private final int[] dims;
    private final int[] strides;
    private final int rows;
    private final int length;

    /// @param from the source's shape
    /// @param axes axis `i` of the result is axis `axes[i]` of the source
    Transposition(Shape from, int... axes) {
        final int rank = from.rank();
        final int[] sourceStrides = new int[rank];
        int stride = 1;
        for (int i = rank - 1; i >= 0; i--) {
            sourceStrides[i] = stride;
            stride *= from.dim(i);
        }
        dims = new int[rank];
        strides = new int[rank];
        int outer = 1;
        for (int i = 0; i < rank; i++) {
            dims[i] = from.dim(axes[i]);
            strides[i] = sourceStrides[axes[i]];
            outer *= i < rank - 1 ? dims[i] : 1;
        }
        rows = outer;
        length = dims[rank - 1];
    }

    /// The way back of `axes`.
    static int[] inverse(int... axes) {
        final int[] inverse = new int[axes.length];
        for (int i = 0; i < axes.length; i++) {
            inverse[axes[i]] = i;
        }
        return inverse;
    }

    /// The axes of a shape with the given ones last, in their order.
    static int[] toEnd(Shape shape, int... last) {
        final int[] axes = new int[shape.rank()];
        int count = 0;
        for (int i = 0; i < axes.length; i++) {
            boolean stays = true;
            for (int axis : last) {
                stays &= axis != i;
            }
            if (stays) {
                axes[count++] = i;
            }
        }
        System.arraycopy(last, 0, axes, count, last.length);
        return axes;
    }

    /// Rows of the result: its elements by its last axis.
    int rows() {
        return rows;
    }

    /// Writes rows `from .. to` of the result, or adds to them.
    void run(MemorySegment source, MemorySegment target, int from, int to, boolean accumulate) {
        final int last = dims.length - 1;
        final int stride = strides[last];
        for (int row = from; row < to; row++) {
            int rest = row;
            long read = 0;
            for (int i = last - 1; i >= 0; i--) {
                read += (long) rest % dims[i] * strides[i];
                rest /= dims[i];
            }
            long write = (long) row * length;
            if (stride == 1 && !accumulate) {
                MemorySegment.copy(
                        source, read * Float.BYTES, target, write * Float.BYTES, (long) length * Float.BYTES);
                continue;
            }
            for (int c = 0; c < length; c++) {
                final float value = source.getAtIndex(JAVA_FLOAT, read);
                final float sum = accumulate ? target.getAtIndex(JAVA_FLOAT, write) + value : value;
                target.setAtIndex(JAVA_FLOAT, write, sum);
                read += stride;
                write++;
            }
        }
    }
}
