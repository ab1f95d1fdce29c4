package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Stretches each channel of each image over the whole range of values, in training and outside: with the
/// least and the largest value `low` and `high` of the channel and the range `a .. b`, `y = a + (x - low) ·
/// (b - a) / (high - low)`. A channel of one value stays as it is.
///
/// Gradient: with `s = (b - a) / (high - low)` and `t = (x - low) / (high - low)`, `dx = s · dy`; the first
/// of the least values takes `Σ dy · s · (t - 1)` more, and the first of the largest `-Σ dy · s · t`.
///
/// @param valueRange lower and upper bound of the values: 0 and 255 as Keras has it
public record AutoContrast(List<Float> valueRange) implements Layer {
    public AutoContrast {
        valueRange = RandomAffine.range("AutoContrast", "value_range", valueRange);
    }

    /// For values of bytes.
    public AutoContrast() {
        this(List.of(0f, 255f));
    }

    private float width() {
        return valueRange.getLast() - valueRange.getFirst();
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("AutoContrast", inputs);
        if (x.rank() != 4) {
            throw new IllegalArgumentException("AutoContrast: takes images [height, width, channels], got " + x);
        }
        return List.of(x);
    }

    @Override
    public void forward(LayerBuffers b) {
        b.compute().run(b.task("forward", this, AutoContrast::forwardTask), b.batch(), 1, 4L * b.x(0).size());
    }

    private static RangeTask forwardTask(AutoContrast layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final int channels = b.x(0).shape().last();
        final int image = b.x(0).size() / Math.max(1, b.batch());
        return (from, to) -> {
            final float least = layer.valueRange.getFirst();
            for (int c = from * channels; c < to * channels; c++) {
                final long first = (long) (c / channels) * image + c % channels;
                final float low = end(x, first, image, channels, true);
                final float high = end(x, first, image, channels, false);
                final float scale = high > low ? layer.width() / (high - low) : 0;
                for (long at = first, left = image; left > 0; at += channels, left -= channels) {
                    final float value = x.getAtIndex(JAVA_FLOAT, at);
                    y.setAtIndex(JAVA_FLOAT, at, high > low ? least + (value - low) * scale : value);
                }
            }
        };
    }

    /// The least or the largest value of a channel; NaN where it has one.
    private static float end(MemorySegment x, long first, int image, int channels, boolean least) {
        float end = x.getAtIndex(JAVA_FLOAT, first);
        for (long at = first, left = image; left > 0; at += channels, left -= channels) {
            final float value = x.getAtIndex(JAVA_FLOAT, at);
            end = least ? Math.min(end, value) : Math.max(end, value);
        }
        return end;
    }

    @Override
    public void backward(LayerBuffers b) {
        if (b.dx(0) != null) {
            b.compute().run(b.task("backward", this, AutoContrast::backwardTask), b.batch(), 1, 8L * b.x(0).size());
        }
    }

    private static RangeTask backwardTask(AutoContrast layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("AutoContrast '" + b.name() + "': no gradient is asked for");
        }
        final MemorySegment x = b.x(0).segment();
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dx = target.segment();
        final int channels = b.x(0).shape().last();
        final int image = b.x(0).size() / Math.max(1, b.batch());
        final boolean adds = b.accumulateDx(0);
        return (from, to) -> {
            for (int c = from * channels; c < to * channels; c++) {
                final long first = (long) (c / channels) * image + c % channels;
                final float low = end(x, first, image, channels, true);
                final float high = end(x, first, image, channels, false);
                final boolean stretched = high > low;
                final float scale = stretched ? layer.width() / (high - low) : 1;
                long lowest = -1;
                long highest = -1;
                double ofLow = 0;
                double ofHigh = 0;
                for (long at = first, left = image; left > 0; at += channels, left -= channels) {
                    final float value = x.getAtIndex(JAVA_FLOAT, at);
                    final float slope = scale * dy.getAtIndex(JAVA_FLOAT, at);
                    add(dx, at, slope, adds);
                    lowest = lowest < 0 && value == low ? at : lowest;
                    highest = highest < 0 && value == high ? at : highest;
                    final double t = stretched ? (double) (value - low) / (high - low) : 0;
                    ofLow += slope * (t - 1);
                    ofHigh -= slope * t;
                }
                if (stretched) {
                    add(dx, lowest, (float) ofLow, true);
                    add(dx, highest, (float) ofHigh, true);
                }
            }
        };
    }

    private static void add(MemorySegment dx, long at, float value, boolean adds) {
        dx.setAtIndex(JAVA_FLOAT, at, adds ? dx.getAtIndex(JAVA_FLOAT, at) + value : value);
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
