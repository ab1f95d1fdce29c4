package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Images in another size: `x[n, h, w, c]` becomes `y[n, height, width, c]`, as Keras' layer without
/// `antialias` and without keeping the aspect ratio.
///
/// Pixels are areas, their values in the middle: row `i` of `y` lies at `s = (i + 0.5) · h / height - 0.5`
/// of `x`.
///
/// * `bilinear`: `x[floor(s)] + (x[ceil(s)] - x[floor(s)]) · (s - floor(s))`, rows beyond the edge being those
/// at the
///   edge; first along the width, then along the height.
/// * `nearest`: `x[floor((i + 0.5) · h / height)]`.
///
/// @param interpolation `bilinear` or `nearest`
public record Resizing(int height, int width, String interpolation) implements Layer {
    private static final String BILINEAR = "bilinear";
    private static final String NEAREST = "nearest";

    public Resizing {
        if (height <= 0 || width <= 0) {
            throw new IllegalArgumentException(
                    "Resizing: height and width must be positive, got " + height + " and " + width);
        }
        if (!interpolation.equals(BILINEAR) && !interpolation.equals(NEAREST)) {
            throw new IllegalArgumentException(
                    "Resizing: interpolation '" + interpolation + "' is not supported (supported: bilinear, nearest)");
        }
    }

    /// Bilinear.
    public Resizing(int height, int width) {
        this(height, width, BILINEAR);
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("Resizing", inputs);
        if (x.rank() != 4 || x.dim(1) == 0 || x.dim(2) == 0) {
            throw new IllegalArgumentException(
                    "Resizing: takes images [height, width, channels] of at least one pixel, got " + x.withoutFirst());
        }
        return List.of(x.with(1, height).with(2, width));
    }

    /// Where the places of an axis of `y` lie in `x`: between two places, at a share of the way.
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

    private Axis rows(Shape x) {
        return Axis.of(x.dim(1), height, interpolation.equals(NEAREST));
    }

    private Axis cols(Shape x) {
        return Axis.of(x.dim(2), width, interpolation.equals(NEAREST));
    }

    @Override
    public void forward(LayerBuffers b) {
        final int rows = b.batch() * height;
        final long nanos = (long) b.y(0).size() * 2;
        b.compute().run(b.task("forward", this, Resizing::forwardTask), rows, 1, nanos);
    }

    static RangeTask forwardTask(Resizing layer, LayerBuffers b) {
        final Shape shape = b.x(0).shape();
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final Axis rows = layer.rows(shape);
        final Axis cols = layer.cols(shape);
        final int channels = shape.last();
        final long row = (long) shape.dim(2) * channels;
        return (from, to) -> {
            for (int r = from; r < to; r++) {
                final int i = r % layer.height;
                final long image = (long) (r / layer.height) * shape.dim(1);
                final long low = (image + rows.low[i]) * row;
                final long high = (image + rows.high[i]) * row;
                row(x, low, high, rows.share[i], cols, channels, y, (long) r * layer.width * channels);
            }
        };
    }

    /// One row of `y` from two of `x`.
    private static void row(
            MemorySegment x, long low, long high, float share, Axis cols, int channels, MemorySegment y, long to) {
        long at = to;
        for (int j = 0; j < cols.low.length; j++) {
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

    /// Each value of `dy` is shared out to the values that its pixel came from, image by image, in the order of
    /// `dy`.
    @Override
    public void backward(LayerBuffers b) {
        if (b.dx(0) != null) {
            final long nanos = (long) b.y(0).size() * 8;
            b.compute().run(b.task("backward", this, Resizing::backwardTask), b.batch(), 1, nanos);
        }
    }

    static RangeTask backwardTask(Resizing layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("Resizing '" + b.name() + "': no gradient is asked for");
        }
        final Shape shape = b.x(0).shape();
        final MemorySegment dx = target.segment();
        final MemorySegment dy = b.dy(0).segment();
        final Axis rows = layer.rows(shape);
        final Axis cols = layer.cols(shape);
        final int channels = shape.last();
        final long row = (long) shape.dim(2) * channels;
        final long image = shape.dim(1) * row;
        return (from, to) -> {
            for (int n = from; n < to; n++) {
                if (!b.accumulateDx(0)) {
                    dx.asSlice(n * image * Float.BYTES, image * Float.BYTES).fill((byte) 0);
                }
                for (int i = 0; i < layer.height; i++) {
                    final long low = n * image + rows.low[i] * row;
                    final long high = n * image + rows.high[i] * row;
                    final long at = ((long) n * layer.height + i) * layer.width * channels;
                    rowBack(dy, at, dx, low, high, rows.share[i], cols, channels);
                }
            }
        };
    }

    private static void rowBack(
            MemorySegment dy, long from, MemorySegment dx, long low, long high, float share, Axis cols, int channels) {
        long at = from;
        for (int j = 0; j < cols.low.length; j++) {
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

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
