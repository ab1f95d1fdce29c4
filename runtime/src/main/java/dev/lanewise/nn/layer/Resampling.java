package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// A window of each image in another size: `y[n, height, width, c]` of a window of `x[n, h, w, c]`.
///
/// Pixels are areas, their values in the middle: row `i` of `y` lies at `s = (i + 0.5) · rows / height - 0.5`
/// of a window of so many rows.
///
/// * Bilinear: `x[floor(s)] + (x[ceil(s)] - x[floor(s)]) · (s - floor(s))`, rows beyond the window's edge
///   being those at the edge; first along the width, then along the height. A window of the size of `y` is
///   copied.
/// * Nearest: `x[floor((i + 0.5) · rows / height)]`.
final class Resampling {
    private final LayerBuffers b;
    private final int height;
    private final int width;
    private final int channels;

    /// Floats of a row and of an image of `x`.
    private final long line;

    private final long image;
    private final Axis rows;
    private final Axis cols;
    private final RangeTask forward = this::forward;
    private final RangeTask backward = this::backward;

    /// Floats from the start of an image to that of its window.
    private long start;

    /// @param high rows of the window
    /// @param wide columns of the window
    Resampling(LayerBuffers b, int height, int width, int high, int wide, boolean nearest) {
        this.b = b;
        this.height = height;
        this.width = width;
        final Shape x = b.x(0).shape();
        channels = x.last();
        line = (long) x.dim(2) * channels;
        image = x.dim(1) * line;
        rows = Axis.of(high, height, nearest);
        cols = Axis.of(wide, width, nearest);
    }

    /// Of the largest window with the proportions of `y`, in the middle, bilinear: Keras' `smart_resize`.
    static Resampling ofLargest(LayerBuffers b, int height, int width, boolean nearest) {
        final Shape x = b.x(0).shape();
        final int high = largest(x.dim(1), (float) ((long) x.dim(2) * height) / width);
        final int wide = largest(x.dim(2), (float) ((long) x.dim(1) * width) / height);
        final Resampling resampling = new Resampling(b, height, width, high, wide, nearest);
        resampling.window((x.dim(1) - high) / 2, (x.dim(2) - wide) / 2);
        return resampling;
    }

    private static int largest(int size, float wanted) {
        return Math.max(1, Math.min(size, (int) wanted));
    }

    /// Moves the window.
    void window(int top, int left) {
        start = top * line + (long) left * channels;
    }

    void forward() {
        b.compute().run(forward, b.batch() * height, 1, (long) b.y(0).size() * 2);
    }

    /// Each value of `dy` is shared out to the values that its pixel came from, image by image, in the order
    /// of `dy`.
    void backward() {
        if (b.dx(0) != null) {
            b.compute().run(backward, b.batch(), 1, (long) b.y(0).size() * 8);
        }
    }

    /// Where the places of an axis of `y` lie in the window: between two places, at a share of the way.
    private static final class Axis {
        private final int[] low;
        private final int[] high;
        private final float[] share;

        private Axis(int size) {
            low = new int[size];
            high = new int[size];
            share = new float[size];
        }

        static Axis of(int from, int to, boolean nearest) {
            final Axis axis = new Axis(to);
            final float scale = from / (float) to;
            for (int i = 0; i < to; i++) {
                if (nearest) {
                    axis.low[i] = Math.min((int) ((i + 0.5f) * scale), from - 1);
                    axis.high[i] = axis.low[i];
                    continue;
                }
                final float at = (i + 0.5f) * scale - 0.5f;
                final int floor = at < 0 ? -1 : (int) at;
                axis.low[i] = Math.max(0, floor);
                axis.high[i] = Math.min(floor + 1, from - 1);
                axis.share[i] = at - floor;
            }
            return axis;
        }
    }

    private void forward(int from, int to) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        for (int r = from; r < to; r++) {
            final int i = r % height;
            final long first = r / height * image + start;
            row(
                    x,
                    first + rows.low[i] * line,
                    first + rows.high[i] * line,
                    rows.share[i],
                    y,
                    (long) r * width * channels);
        }
    }

    /// One row of `y` from two of `x`.
    private void row(MemorySegment x, long low, long high, float share, MemorySegment y, long to) {
        long at = to;
        for (int j = 0; j < width; j++) {
            final long left = (long) cols.low[j] * channels;
            final long right = (long) cols.high[j] * channels;
            final float along = cols.share[j];
            for (int c = 0; c < channels; c++) {
                final float lowLeft = x.getAtIndex(JAVA_FLOAT, low + left + c);
                final float highLeft = x.getAtIndex(JAVA_FLOAT, high + left + c);
                final float upper = lowLeft + (x.getAtIndex(JAVA_FLOAT, low + right + c) - lowLeft) * along;
                final float lower = highLeft + (x.getAtIndex(JAVA_FLOAT, high + right + c) - highLeft) * along;
                y.setAtIndex(JAVA_FLOAT, at++, upper + (lower - upper) * share);
            }
        }
    }

    private void backward(int from, int to) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("layer '" + b.name() + "': no gradient is asked for");
        }
        final MemorySegment dx = target.segment();
        final MemorySegment dy = b.dy(0).segment();
        for (int n = from; n < to; n++) {
            if (!b.accumulateDx(0)) {
                b.compute().kernels().elementwise().fill(dx, n * image, Math.toIntExact(image), 0);
            }
            final long first = n * image + start;
            for (int i = 0; i < height; i++) {
                final long at = ((long) n * height + i) * width * channels;
                rowBack(dy, at, dx, first + rows.low[i] * line, first + rows.high[i] * line, rows.share[i]);
            }
        }
    }

    private void rowBack(MemorySegment dy, long from, MemorySegment dx, long low, long high, float share) {
        long at = from;
        for (int j = 0; j < width; j++) {
            final long left = (long) cols.low[j] * channels;
            final long right = (long) cols.high[j] * channels;
            final float along = cols.share[j];
            for (int c = 0; c < channels; c++) {
                final float g = dy.getAtIndex(JAVA_FLOAT, at++);
                final float upper = g * (1 - share);
                final float lower = g * share;
                add(dx, low + left + c, upper * (1 - along));
                add(dx, low + right + c, upper * along);
                add(dx, high + left + c, lower * (1 - along));
                add(dx, high + right + c, lower * along);
            }
        }
    }

    private static void add(MemorySegment to, long at, float value) {
        to.setAtIndex(JAVA_FLOAT, at, to.getAtIndex(JAVA_FLOAT, at) + value);
    }
}
