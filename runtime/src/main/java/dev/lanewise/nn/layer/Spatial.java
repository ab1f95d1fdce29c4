package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Window;
import dev.lanewise.kernels.Window.Axis;
import dev.lanewise.tensor.Shape;
import java.util.Collections;
import java.util.List;

/// Sizes and paddings of convolutions as Keras has them, along one spatial axis or all.
final class Spatial {
    private Spatial() {}

    /// A setting for each axis, from one for each or one for all.
    ///
    /// @throws IllegalArgumentException if there are others, or one is less than `least`
    static List<Integer> each(String type, String setting, List<Integer> values, int rank, int least) {
        if (values.size() != 1 && values.size() != rank) {
            throw new IllegalArgumentException(
                    type + ": " + setting + " must be one number or " + rank + ", got " + values);
        }
        for (int value : values) {
            if (value < least) {
                throw new IllegalArgumentException(
                        type + ": " + setting + " must be " + least + " or more, got " + values);
            }
        }
        return values.size() == rank ? List.copyOf(values) : Collections.nCopies(rank, values.getFirst());
    }

    /// Checks that a padding is one of these.
    static void requirePadding(String type, String padding, List<String> known) {
        if (!known.contains(padding)) {
            throw new IllegalArgumentException(
                    type + ": padding must be " + String.join(" or ", known) + ", got '" + padding + "'");
        }
    }

    /// The one input of a layer with so many spatial axes.
    static Shape input(String type, List<Shape> inputs, int rank) {
        final Shape x = Shapes.single(type, inputs);
        if (x.rank() != rank + 2 || x.last() == Shape.UNKNOWN) {
            throw new IllegalArgumentException(
                    type + ": input must have " + (rank + 2) + " dimensions, channels last and known, got " + x);
        }
        return x;
    }

    /// Length of a kernel with its gaps.
    static int reach(int kernel, int dilation) {
        return Math.addExact(Math.multiplyExact(kernel - 1, dilation), 1);
    }

    /// Output size of a convolution: `ceil(size / stride)` for `same` and `causal`, only whole windows for
    /// `valid`.
    static int output(String type, int size, int kernel, int stride, int dilation, String padding) {
        if (size == Shape.UNKNOWN) {
            return Shape.UNKNOWN;
        }
        final int reach = reach(kernel, dilation);
        if (!padding.equals("valid")) {
            return Math.ceilDiv(size, stride);
        }
        if (size < reach) {
            throw new IllegalArgumentException(type + ": a kernel of " + kernel + " with dilation " + dilation
                    + " covers " + reach + ", the input has " + size + " (padding valid)");
        }
        return (size - reach) / stride + 1;
    }

    /// Shape of a convolution's output.
    static Shape output(
            String type,
            Shape x,
            List<Integer> kernelSize,
            List<Integer> strides,
            List<Integer> dilationRate,
            String padding,
            int channels) {
        Shape y = x.with(-1, channels);
        for (int i = 0; i < kernelSize.size(); i++) {
            final int size =
                    output(type, x.dim(i + 1), kernelSize.get(i), strides.get(i), dilationRate.get(i), padding);
            y = y.with(i + 1, size);
        }
        return y;
    }

    /// Zeros before the input. For `same` half of what is missing, rounded down; for `causal` all of it.
    static int before(int size, int kernel, int stride, int dilation, String padding) {
        return switch (padding) {
            case "same" -> {
                final long needed = (Math.ceilDiv(size, stride) - 1L) * stride + reach(kernel, dilation) - size;
                yield Math.toIntExact(Math.max(0, needed) / 2);
            }
            case "causal" -> reach(kernel, dilation) - 1;
            default -> 0;
        };
    }

    /// The window of a convolution.
    ///
    /// @param x shape of the input, concrete
    static Window window(
            String type,
            Shape x,
            List<Integer> kernelSize,
            List<Integer> strides,
            List<Integer> dilationRate,
            String padding) {
        final int rank = kernelSize.size();
        final Axis[] axes = {Axis.ONE, Axis.ONE, Axis.ONE};
        for (int i = 0; i < rank; i++) {
            final int size = x.dim(i + 1);
            final int kernel = kernelSize.get(i);
            final int stride = strides.get(i);
            final int dilation = dilationRate.get(i);
            axes[3 - rank + i] = new Axis(
                    size,
                    output(type, size, kernel, stride, dilation, padding),
                    kernel,
                    -before(size, kernel, stride, dilation, padding),
                    stride,
                    dilation);
        }
        return new Window(axes[0], axes[1], axes[2], x.last());
    }

    /// Elements of one sample or row of channels: the number of rows of a shape.
    static int rows(Shape shape) {
        return Math.toIntExact(shape.size() / Math.max(1, shape.last()));
    }
}
