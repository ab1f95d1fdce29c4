package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// In training `y = x · (1 + s · z)` with a standard normal number z for each element and
/// `s = sqrt(rate / (1 - rate))`, the spread that dropout of this rate has; else `y = x`.
///
/// @param rate from 0 to below 1
public record GaussianDropout(float rate) implements Layer {
    /// Nanoseconds for an element on one thread.
    private static final long NANOS = 60;

    public GaussianDropout {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("GaussianDropout: rate must be from 0 to below 1, got " + rate);
        }
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Shapes.single("GaussianDropout", inputs));
    }

    @Override
    public void forward(LayerBuffers b) {
        if (b.training() && rate > 0) {
            final int n = b.x(0).size();
            b.compute().run(b.task("forward", this, GaussianDropout::forwardTask), n, Elementwise.QUANTUM, NANOS * n);
        } else {
            Noise.copy(b);
        }
    }

    private static RangeTask forwardTask(GaussianDropout layer, LayerBuffers b) {
        final Noise noise = new Noise(b);
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        return (from, to) -> {
            final long key = noise.stepKey();
            for (int i = from; i < to; i++) {
                final float v = x.getAtIndex(JAVA_FLOAT, i);
                y.setAtIndex(JAVA_FLOAT, i, v * layer.factor(key, i));
            }
        };
    }

    private float factor(long key, int i) {
        return (float) (1 + Math.sqrt(rate / (1.0 - rate)) * Noise.normal(key, i));
    }

    @Override
    public void backward(LayerBuffers b) {
        if (b.dx(0) != null && b.training() && rate > 0) {
            final int n = b.x(0).size();
            b.compute().run(b.task("backward", this, GaussianDropout::backwardTask), n, Elementwise.QUANTUM, NANOS * n);
        } else {
            Reshape.copyGradient(b);
        }
    }

    private static RangeTask backwardTask(GaussianDropout layer, LayerBuffers b) {
        final Noise noise = new Noise(b);
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("GaussianDropout '" + b.name() + "': no gradient is asked for");
        }
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dx = target.segment();
        return (from, to) -> {
            final long key = noise.stepKey();
            for (int i = from; i < to; i++) {
                final float d = dy.getAtIndex(JAVA_FLOAT, i) * layer.factor(key, i);
                dx.setAtIndex(JAVA_FLOAT, i, b.accumulateDx(0) ? dx.getAtIndex(JAVA_FLOAT, i) + d : d);
            }
        };
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
