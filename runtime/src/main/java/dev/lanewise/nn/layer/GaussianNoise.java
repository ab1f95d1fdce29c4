package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// In training `y = x + stddev · z` with a standard normal number z for each element; else `y = x`.
///
/// @param stddev 0 or more
public record GaussianNoise(float stddev) implements Layer {
    /// Nanoseconds for an element on one thread.
    private static final long NANOS = 60;

    public GaussianNoise {
        if (!(stddev >= 0)) {
            throw new IllegalArgumentException("GaussianNoise: stddev must be 0 or more, got " + stddev);
        }
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Shapes.single("GaussianNoise", inputs));
    }

    @Override
    public void forward(LayerBuffers b) {
        if (b.training() && stddev > 0) {
            final int n = b.x(0).size();
            b.compute().run(b.task("forward", this, GaussianNoise::forwardTask), n, Elementwise.QUANTUM, NANOS * n);
        } else {
            Noise.copy(b);
        }
    }

    private static RangeTask forwardTask(GaussianNoise layer, LayerBuffers b) {
        final Noise noise = new Noise(b);
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        return (from, to) -> {
            final long key = noise.stepKey();
            for (int i = from; i < to; i++) {
                final float v = x.getAtIndex(JAVA_FLOAT, i);
                y.setAtIndex(JAVA_FLOAT, i, v + (float) (layer.stddev * Noise.normal(key, i)));
            }
        };
    }

    @Override
    public void backward(LayerBuffers b) {
        Reshape.copyGradient(b);
    }

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }

    @Override
    public boolean worksInPlace() {
        return true;
    }
}
