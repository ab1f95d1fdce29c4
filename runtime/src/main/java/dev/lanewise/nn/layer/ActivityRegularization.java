package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// `y = x`, and `(l1 · Σ |x| + l2 · Σ x²) / batch` is added to the loss.
///
/// Gradient: `dx = dy + (l1 · sign(x) + 2 · l2 · x) / batch`.
public record ActivityRegularization(float l1, float l2) implements Layer {
    public ActivityRegularization {
        if (!(l1 >= 0) || !(l2 >= 0)) {
            throw new IllegalArgumentException(
                    "ActivityRegularization: l1 and l2 must be 0 or more, got " + l1 + " and " + l2);
        }
    }

    /// Keras' defaults: nothing is added.
    public ActivityRegularization() {
        this(0, 0);
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Shapes.single("ActivityRegularization", inputs));
    }

    @Override
    public void forward(LayerBuffers b) {
        Noise.copy(b);
        final MemorySegment x = b.x(0).segment();
        double absolutes = 0;
        double squares = 0;
        for (int i = 0; i < b.x(0).size(); i++) {
            final double v = x.getAtIndex(JAVA_FLOAT, i);
            absolutes += Math.abs(v);
            squares += v * v;
        }
        b.addLoss((l1 * absolutes + l2 * squares) / Math.max(1, b.batch()));
    }

    @Override
    public void backward(LayerBuffers b) {
        if (b.dx(0) != null) {
            final int n = b.x(0).size();
            b.compute().run(b.task("backward", this, ActivityRegularization::backwardTask), n, Elementwise.QUANTUM, n);
        }
    }

    private static RangeTask backwardTask(ActivityRegularization layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("ActivityRegularization '" + b.name() + "': no gradient is asked for");
        }
        final MemorySegment x = b.x(0).segment();
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dx = target.segment();
        final float absolute = layer.l1 / Math.max(1, b.batch());
        final float square = 2 * layer.l2 / Math.max(1, b.batch());
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                final float v = x.getAtIndex(JAVA_FLOAT, i);
                final float d = dy.getAtIndex(JAVA_FLOAT, i) + Math.signum(v) * absolute + square * v;
                dx.setAtIndex(JAVA_FLOAT, i, b.accumulateDx(0) ? dx.getAtIndex(JAVA_FLOAT, i) + d : d);
            }
        };
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
