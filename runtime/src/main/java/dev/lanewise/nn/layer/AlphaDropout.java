package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Dropout that keeps mean and variance of activations of `selu`: in training an element is set to the least
/// value of
/// selu, `s = -1.7581`, with probability `rate`; then `y = a · x + b` with
/// `a = ((1 - rate) · (1 + rate · s²))^-1/2`
/// and `b = -a · s · rate`. Else `y = x`.
///
/// @param rate from 0 to below 1
public record AlphaDropout(float rate) implements Layer {
    /// What selu goes to for large negative inputs: its scale times its alpha.
    private static final double LEAST = -1.0507009873554805 * 1.6732632423543772;

    /// Nanoseconds for an element on one thread.
    private static final long NANOS = 60;

    public AlphaDropout {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("AlphaDropout: rate must be from 0 to below 1, got " + rate);
        }
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Shapes.single("AlphaDropout", inputs));
    }

    @Override
    public void forward(LayerBuffers b) {
        if (b.training() && rate > 0) {
            final int n = b.x(0).size();
            b.compute().run(b.task("forward", this, AlphaDropout::forwardTask), n, Elementwise.QUANTUM, NANOS * n);
        } else {
            Noise.copy(b);
        }
    }

    private static RangeTask forwardTask(AlphaDropout layer, LayerBuffers b) {
        final Noise noise = new Noise(b);
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final float a = (float) layer.scale();
        final float shift = (float) (-layer.scale() * LEAST * layer.rate);
        return (from, to) -> {
            final long key = noise.stepKey();
            for (int i = from; i < to; i++) {
                final float v = x.getAtIndex(JAVA_FLOAT, i);
                y.setAtIndex(JAVA_FLOAT, i, a * (Noise.uniform(key, i) < layer.rate ? (float) LEAST : v) + shift);
            }
        };
    }

    private double scale() {
        return 1 / Math.sqrt((1.0 - rate) * (1 + rate * LEAST * LEAST));
    }

    @Override
    public void backward(LayerBuffers b) {
        if (b.dx(0) != null && b.training() && rate > 0) {
            final int n = b.x(0).size();
            b.compute().run(b.task("backward", this, AlphaDropout::backwardTask), n, Elementwise.QUANTUM, NANOS * n);
        } else {
            Reshape.copyGradient(b);
        }
    }

    private static RangeTask backwardTask(AlphaDropout layer, LayerBuffers b) {
        final Noise noise = new Noise(b);
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("AlphaDropout '" + b.name() + "': no gradient is asked for");
        }
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dx = target.segment();
        final float a = (float) layer.scale();
        return (from, to) -> {
            final long key = noise.stepKey();
            for (int i = from; i < to; i++) {
                final float d = Noise.uniform(key, i) < layer.rate ? 0 : a * dy.getAtIndex(JAVA_FLOAT, i);
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
