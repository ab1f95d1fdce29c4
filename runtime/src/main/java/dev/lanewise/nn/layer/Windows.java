package dev.lanewise.nn.layer;

import dev.lanewise.tensor.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Windows that move over the cells of samples `[…, channels]` with one to three spatial axes, as three axes of
/// which the first may have one cell. A window that reaches beyond the edge is cut there.
final class Windows {
    /// Handles `count` windows of one size, of which the first starts at `x` and has its result at `y`.
    interface Visitor {
        void visit(long x, long y, int count, int depth, int height, int width);
    }

    private static final int AXES = 3;

    private final int samples;
    private final int channels;
    private final int[] in;
    private final int[] out;
    private final int[] stride;

    /// By axis and place of the window: the first cell, and how many there are.
    private final int[][] start = new int[AXES][];

    private final int[][] length = new int[AXES][];

    /// Windows of one length next to each other along the last axis: the first of each run, and the end.
    private final int[] runs;

    private Windows(Shape x, int rank, List<Integer> size, List<Integer> strides, boolean same) {
        samples = x.dim(0);
        channels = x.last();
        in = new int[] {1, 1, 1};
        out = new int[] {1, 1, 1};
        stride = new int[] {1, 1, 1};
        for (int axis = 0; axis < AXES; axis++) {
            int window = 1;
            int before = 0;
            final int of = axis - (AXES - rank);
            if (of >= 0) {
                in[axis] = x.dim(1 + of);
                window = size.get(of);
                stride[axis] = strides.get(of);
                out[axis] = outputs(in[axis], window, stride[axis], same);
                before = same ? Math.max((out[axis] - 1) * stride[axis] + window - in[axis], 0) / 2 : 0;
            }
            start[axis] = new int[out[axis]];
            length[axis] = new int[out[axis]];
            for (int o = 0; o < out[axis]; o++) {
                final int first = o * stride[axis] - before;
                start[axis][o] = Math.max(first, 0);
                length[axis][o] = Math.min(first + window, in[axis]) - start[axis][o];
            }
        }
        runs = runs();
    }

    /// Windows over `x` of concrete shape.
    ///
    /// @param strides null for the windows' size
    static Windows of(Shape x, List<Integer> size, @Nullable List<Integer> strides, String padding) {
        return new Windows(x, size.size(), size, strides == null ? size : strides, padding.equals("same"));
    }

    private int[] runs() {
        final int[] ends = new int[out[2] + 1];
        int count = 0;
        for (int o = 1; o < out[2]; o++) {
            final boolean follows = length[2][o] == length[2][o - 1] && start[2][o] - start[2][o - 1] == stride[2];
            if (!follows) {
                ends[++count] = o;
            }
        }
        ends[++count] = out[2];
        return java.util.Arrays.copyOf(ends, count + 1);
    }

    private static int outputs(int in, int window, int stride, boolean same) {
        return same ? (in + stride - 1) / stride : (in - window) / stride + 1;
    }

    /// Checks a layer's settings.
    static void check(String type, int rank, List<Integer> size, @Nullable List<Integer> strides, String padding) {
        checkSizes(type, "pool_size", rank, size);
        if (strides != null) {
            checkSizes(type, "strides", rank, strides);
        }
        if (!padding.equals("valid") && !padding.equals("same")) {
            throw new IllegalArgumentException(
                    type + ": padding '" + padding + "' is not supported (supported: valid, same)");
        }
    }

    /// Checks that there is a positive number for each axis.
    static void checkSizes(String type, String name, int rank, List<Integer> sizes) {
        if (sizes.size() != rank || sizes.stream().anyMatch(size -> size < 1)) {
            throw new IllegalArgumentException(type + ": " + name + " must be " + rank
                    + (rank == 1 ? " positive number" : " positive numbers") + ", got " + sizes);
        }
    }

    /// Checks that samples have so many spatial axes and channels.
    static Shape samples(String type, int rank, List<Shape> inputs) {
        final Shape x = Shapes.single(type, inputs);
        if (x.rank() != rank + 2) {
            throw new IllegalArgumentException(type + ": takes samples of " + rank + (rank == 1 ? " axis" : " axes")
                    + " and channels, got " + x.withoutFirst());
        }
        return x;
    }

    /// One result for each window.
    static Shape outputShape(
            String type, List<Shape> inputs, List<Integer> size, @Nullable List<Integer> strides, String padding) {
        final int rank = size.size();
        Shape y = samples(type, rank, inputs);
        for (int axis = 0; axis < rank; axis++) {
            final int cells = y.dim(axis + 1);
            if (cells == Shape.UNKNOWN) {
                continue;
            }
            final boolean same = padding.equals("same");
            if (cells < (same ? 1 : size.get(axis))) {
                throw new IllegalArgumentException(
                        type + ": windows of " + size + " do not fit into samples of shape " + y.withoutFirst());
            }
            final int step = strides == null ? size.get(axis) : strides.get(axis);
            y = y.with(axis + 1, outputs(cells, size.get(axis), step, same));
        }
        return y;
    }

    int channels() {
        return channels;
    }

    /// Floats from one window to the next along the last axis.
    long step() {
        return (long) stride[2] * channels;
    }

    long rowStride() {
        return (long) in[2] * channels;
    }

    long planeStride() {
        return in[1] * rowStride();
    }

    /// Floats of a sample that the windows move over.
    long sample() {
        return in[0] * planeStride();
    }

    /// Rows of results, of all samples; they may be handled in any order where nothing is added.
    int rows() {
        return samples * rowsOfSample();
    }

    int rowsOfSample() {
        return out[0] * out[1];
    }

    /// Visits the windows of the rows `from .. to` of results.
    void visit(int from, int to, Visitor visitor) {
        for (int row = from; row < to; row++) {
            final int h = row % out[1];
            final int d = row / out[1] % out[0];
            final long sample = row / rowsOfSample() * sample();
            final long x = sample + start[0][d] * planeStride() + start[1][h] * rowStride();
            final long y = (long) row * out[2] * channels;
            for (int run = 0; run + 1 < runs.length; run++) {
                final int first = runs[run];
                visitor.visit(
                        x + (long) start[2][first] * channels,
                        y + (long) first * channels,
                        runs[run + 1] - first,
                        length[0][d],
                        length[1][h],
                        length[2][first]);
            }
        }
    }
}
