package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// What layers share that change the values of each image in training by one random number:
/// `z = (x - mean) · scale +
/// mean + shift`, with the mean over the pixels of each channel, and `y = z` clipped to a range. Else `y = x`.
///
/// Gradient: `g = dy` where `z` lies within the range, else 0; `dx = scale · g + (1 - scale) · mean(g)`.
interface RandomPixels extends Layer {
    /// The scale of a random number in [0, 1).
    float scale(float uniform);

    /// The shift of a random number in [0, 1).
    float shift(float uniform);

    /// Lower and upper bound of `y`.
    List<Float> valueRange();

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Windows.samples(typeName(), 2, inputs));
    }

    @Override
    default void forward(LayerBuffers b) {
        if (b.training()) {
            b.compute().run(b.task("forward", this, RandomPixels::forwardTask), b.batch(), 1, 4L * b.x(0).size());
        } else {
            Noise.copy(b);
        }
    }

    private static RangeTask forwardTask(RandomPixels layer, LayerBuffers b) {
        final Noise noise = new Noise(b);
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final int channels = b.x(0).shape().last();
        final int image = b.x(0).size() / b.batch();
        return (from, to) -> {
            final float lo = layer.valueRange().getFirst();
            final float hi = layer.valueRange().getLast();
            for (int n = from; n < to; n++) {
                final float uniform = Noise.uniform(noise.stepKey(), n);
                final float scale = layer.scale(uniform);
                for (int c = 0; c < channels; c++) {
                    final long first = (long) n * image + c;
                    final float mean = mean(x, first, image, channels);
                    for (long at = first; at < first - c + image; at += channels) {
                        final float z = (x.getAtIndex(JAVA_FLOAT, at) - mean) * scale + mean + layer.shift(uniform);
                        y.setAtIndex(JAVA_FLOAT, at, Math.min(Math.max(z, lo), hi));
                    }
                }
            }
        };
    }

    /// Of a channel of an image, in double.
    private static float mean(MemorySegment x, long first, int image, int channels) {
        double sum = 0;
        for (int i = 0; i < image; i += channels) {
            sum += x.getAtIndex(JAVA_FLOAT, first + i);
        }
        return (float) (sum * channels / image);
    }

    @Override
    default void backward(LayerBuffers b) {
        if (b.dx(0) == null) {
            return;
        }
        if (b.training()) {
            b.compute().run(b.task("backward", this, RandomPixels::backwardTask), b.batch(), 1, 8L * b.x(0).size());
        } else {
            Reshape.copyGradient(b);
        }
    }

    private static RangeTask backwardTask(RandomPixels layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException(layer.typeName() + " '" + b.name() + "': no gradient is asked for");
        }
        final Noise noise = new Noise(b);
        final MemorySegment x = b.x(0).segment();
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dx = target.segment();
        final int channels = b.x(0).shape().last();
        final int image = b.x(0).size() / b.batch();
        return (from, to) -> {
            final float lo = layer.valueRange().getFirst();
            final float hi = layer.valueRange().getLast();
            for (int n = from; n < to; n++) {
                final float uniform = Noise.uniform(noise.stepKey(), n);
                final float scale = layer.scale(uniform);
                for (int c = 0; c < channels; c++) {
                    final long first = (long) n * image + c;
                    final float mean = mean(x, first, image, channels);
                    final float shift = mean + layer.shift(uniform);
                    double sum = 0;
                    for (long at = first; at < first - c + image; at += channels) {
                        final float z = (x.getAtIndex(JAVA_FLOAT, at) - mean) * scale + shift;
                        sum += z >= lo && z <= hi ? dy.getAtIndex(JAVA_FLOAT, at) : 0;
                    }
                    final float share = (float) ((1.0 - scale) * sum * channels / image);
                    for (long at = first; at < first - c + image; at += channels) {
                        final float z = (x.getAtIndex(JAVA_FLOAT, at) - mean) * scale + shift;
                        final float g = z >= lo && z <= hi ? dy.getAtIndex(JAVA_FLOAT, at) : 0;
                        final float d = scale * g + share;
                        dx.setAtIndex(JAVA_FLOAT, at, b.accumulateDx(0) ? dx.getAtIndex(JAVA_FLOAT, at) + d : d);
                    }
                }
            }
        };
    }

    @Override
    default boolean backwardReadsOutput() {
        return false;
    }
}
