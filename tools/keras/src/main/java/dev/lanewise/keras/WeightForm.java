package dev.lanewise.keras;

import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// How an array of a file becomes a layer's weight: its axes in another order, some of them reversed. Axes
/// of the file
/// that are not named have the size 1 and vanish.
///
/// @param order for each axis of the weight, the file's axis
/// @param reversed axes of the weight that run the other way in the file
record WeightForm(List<Integer> order, Set<Integer> reversed, int fileRank) {
    WeightForm {
        order = List.copyOf(order);
        reversed = Set.copyOf(reversed);
    }

    /// The array as it is.
    static WeightForm plain(int rank) {
        final List<Integer> order = new ArrayList<>();
        for (int i = 0; i < rank; i++) {
            order.add(i);
        }
        return new WeightForm(order, Set.of(), rank);
    }

    static WeightForm of(int fileRank, Integer... order) {
        return new WeightForm(List.of(order), Set.of(), fileRank);
    }

    /// With its first axes reversed, as many as the kernel of a convolution has beside its channels.
    WeightForm flipped() {
        final List<Integer> axes = new ArrayList<>();
        for (int i = 0; i < order.size() - 2; i++) {
            axes.add(i);
        }
        return new WeightForm(order, Set.copyOf(axes), fileRank);
    }

    boolean isPlain() {
        return reversed.isEmpty() && equals(plain(order.size()));
    }

    /// What the file must have for a weight of this shape.
    List<Long> fileDims(Shape shape) {
        final List<Long> dims = new ArrayList<>();
        for (int i = 0; i < fileRank; i++) {
            final int axis = order.indexOf(i);
            dims.add(axis < 0 ? 1L : shape.dim(axis));
        }
        return dims;
    }

    /// The weight's values of the file's.
    float[] apply(float[] file, Shape shape) {
        final int[] dims = shape.toArray();
        final long[] strides = new long[fileRank];
        long stride = 1;
        final List<Long> fileDims = fileDims(shape);
        for (int i = fileRank - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= fileDims.get(i);
        }
        final float[] result = new float[file.length];
        final int[] at = new int[dims.length];
        for (int n = 0; n < result.length; n++) {
            long from = 0;
            for (int axis = 0; axis < dims.length; axis++) {
                final int i = reversed.contains(axis) ? dims[axis] - 1 - at[axis] : at[axis];
                from += i * strides[order.get(axis)];
            }
            result[n] = file[(int) from];
            for (int axis = dims.length - 1; axis >= 0 && ++at[axis] == dims[axis]; axis--) {
                at[axis] = 0;
            }
        }
        return result;
    }
}
