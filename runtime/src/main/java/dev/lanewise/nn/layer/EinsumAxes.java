package dev.lanewise.nn.layer;

import dev.lanewise.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// An equation over an input's shape as products of matrices, one for each place of the axes that all three
/// tensors have: `Y[both, stays, fresh] = X[both, stays, summed] · W[both, summed, fresh]`, with axes that are
/// in any order there.
///
/// @param of with letters for all axes
/// @param x the input's shape; what is unknown stays so
/// @param y the output's
/// @param both axes of input, kernel and output
/// @param stays of input and output alone
/// @param summed of the input, not of the output; those that the kernel has not either are summed all the same
/// @param fresh of kernel and output alone
record EinsumAxes(EinsumEquation of, Shape x, Shape y, String both, String stays, String summed, String fresh) {
    static EinsumAxes of(EinsumEquation equation, Shape outputShape, Shape x) {
        final EinsumEquation of = equation.whole(x);
        if (outputShape.rank() != equation.said(x)) {
            throw new IllegalArgumentException(
                    "EinsumDense: output_shape must have " + equation.said(x) + " axes for the equation '"
                            + equation.equation() + "' and the input " + x + ", got " + outputShape);
        }
        final StringBuilder both = new StringBuilder();
        final StringBuilder stays = new StringBuilder();
        final StringBuilder summed = new StringBuilder();
        final StringBuilder fresh = new StringBuilder();
        for (int i = 0; i < of.input().length(); i++) {
            final char axis = of.input().charAt(i);
            final int first = of.input().indexOf(axis);
            if (first < i) {
                if (x.dim(first) != x.dim(i)) {
                    throw new IllegalArgumentException("EinsumDense: in the equation '" + equation.equation()
                            + "' the axes '" + axis + "' of the input must be equally long, got " + x);
                }
            } else if (of.output().indexOf(axis) < 0) {
                summed.append(axis);
            } else {
                (of.kernel().indexOf(axis) < 0 ? stays : both).append(axis);
            }
        }
        Shape y = Shape.of();
        // Where output_shape begins: behind the batch, and behind the dots if they are in front.
        final int from =
                equation.inFront() ? Math.max(1, x.rank() - equation.input().length()) : 1;
        for (int i = 0; i < of.output().length(); i++) {
            final char axis = of.output().charAt(i);
            final int input = of.input().indexOf(axis);
            final int given = i >= from && i - from < outputShape.rank() ? outputShape.dim(i - from) : Shape.UNKNOWN;
            if (input < 0) {
                fresh.append(axis);
                if (given == Shape.UNKNOWN) {
                    throw new IllegalArgumentException("EinsumDense: output_shape " + outputShape + " leaves the axis '"
                            + axis + "' open, which the kernel brings in");
                }
            } else if (given != Shape.UNKNOWN && x.dim(input) != Shape.UNKNOWN && given != x.dim(input)) {
                throw new IllegalArgumentException("EinsumDense: the axis '" + axis + "' of the equation '"
                        + equation.equation() + "' is " + x.dim(input) + " long in the input " + x + " and " + given
                        + " in output_shape " + outputShape);
            }
            y = y.append(input < 0 ? given : x.dim(input));
        }
        return new EinsumAxes(of, x, y, both.toString(), stays.toString(), summed.toString(), fresh.toString());
    }

    private int size(char axis) {
        final int input = of.input().indexOf(axis);
        return input >= 0 ? x.dim(input) : y.dim(of.output().indexOf(axis));
    }

    /// Product of axes.
    int size(String axes) {
        int size = 1;
        for (int i = 0; i < axes.length(); i++) {
            size = Math.multiplyExact(size, size(axes.charAt(i)));
        }
        return size;
    }

    Shape kernel() {
        Shape kernel = Shape.of();
        final String axes = of.kernel();
        for (int i = 0; i < axes.length(); i++) {
            final char axis = axes.charAt(i);
            if (size(axis) == Shape.UNKNOWN) {
                throw new IllegalArgumentException("EinsumDense: the kernel's axis '" + axis + "' of the equation '"
                        + of.equation() + "' must be known, got the input " + x);
            }
            kernel = kernel.append(size(axis));
        }
        return kernel;
    }

    /// The output's axes that a bias is added to.
    String places(String biasAxes) {
        final int first = of.firstOf(biasAxes);
        if (first == 0) {
            throw new IllegalArgumentException(
                    "EinsumDense: bias_axes '" + biasAxes + "' name the batch of the equation '" + of.equation() + "'");
        }
        return of.output().substring(first);
    }

    /// The bias: 1 where it is the same for all places of an axis.
    Shape bias(String biasAxes) {
        Shape bias = Shape.of();
        final String axes = places(biasAxes);
        for (int i = 0; i < axes.length(); i++) {
            final char axis = axes.charAt(i);
            final int size = biasAxes.indexOf(axis) < 0 ? 1 : size(axis);
            if (size == Shape.UNKNOWN) {
                throw new IllegalArgumentException("EinsumDense: the bias' axis '" + axis + "' of the equation '"
                        + of.equation() + "' must be known, got the input " + x);
            }
            bias = bias.append(size);
        }
        return bias;
    }

    /// Whether it is one product of rows as they lie, and the bias one for the rows' columns.
    boolean isOfRows(@Nullable String biasAxes) {
        return of.input().equals(stays + summed)
                && of.kernel().equals(summed + fresh)
                && of.output().equals(stays + fresh)
                && !summed.isEmpty()
                && !fresh.isEmpty()
                && (biasAxes == null
                        || (places(biasAxes).equals(fresh) && bias(biasAxes).size() == size(fresh)));
    }

    /// How the numbers of a tensor come to lie in these axes, one after the other.
    ///
    /// @param axes the tensor's own
    StridedCopy gathered(String axes, String order) {
        return copy(order, strides(axes, order), strides(order, order), "", new int[0]);
    }

    /// The way back of [#gathered]: axes that the tensor has not are summed.
    StridedCopy scattered(String axes, String order) {
        final StringBuilder kept = new StringBuilder();
        final StringBuilder sums = new StringBuilder();
        for (int i = 0; i < order.length(); i++) {
            final char axis = order.charAt(i);
            (axes.indexOf(axis) < 0 ? sums : kept).append(axis);
        }
        final String own = kept.toString();
        return copy(own, strides(order, own), strides(axes, own), sums.toString(), strides(order, sums.toString()));
    }

    private StridedCopy copy(String axes, int[] from, int[] to, String sums, int[] over) {
        return new StridedCopy(sizes(axes), from, to, sizes(sums), over);
    }

    private int[] sizes(String axes) {
        return axes.chars().map(axis -> size((char) axis)).toArray();
    }

    /// How far apart the places of each axis are in a tensor: on its diagonal where it has an axis twice, 0
    /// where it has not got it.
    private int[] strides(String tensor, String axes) {
        final int[] strides = new int[axes.length()];
        int stride = 1;
        for (int i = tensor.length() - 1; i >= 0; i--) {
            final int at = axes.indexOf(tensor.charAt(i));
            if (at >= 0) {
                strides[at] += stride;
            }
            stride = Math.multiplyExact(stride, size(tensor.charAt(i)));
        }
        return strides;
    }

    static boolean repeats(String axes) {
        return axes.chars().distinct().count() < axes.length();
    }
}
