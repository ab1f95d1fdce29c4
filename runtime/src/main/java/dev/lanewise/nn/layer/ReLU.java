package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Rectified linear unit: `y = maxValue` for `x >= maxValue`, `x` for `threshold <= x < maxValue`, and
/// `negativeSlope · (x - threshold)` below. The gradient is 0 at `maxValue` and beyond, and the slope's at
/// `threshold`.
///
/// @param maxValue null for no limit
public record ReLU(@Nullable Float maxValue, float negativeSlope, float threshold) implements Layer {
    public ReLU {
        if (maxValue != null && !(maxValue >= 0)) {
            throw new IllegalArgumentException("ReLU: max_value must not be negative, got " + maxValue);
        }
        if (!(negativeSlope >= 0) || !(threshold >= 0)) {
            throw new IllegalArgumentException("ReLU: negative_slope and threshold must not be negative, got "
                    + negativeSlope + " and " + threshold);
        }
    }

    public ReLU() {
        this(null, 0, 0);
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Shapes.single("ReLU", inputs));
    }

    private float limit() {
        return maxValue == null ? Float.POSITIVE_INFINITY : maxValue;
    }

    private boolean isClamp() {
        return negativeSlope == 0 && threshold == 0;
    }

    @Override
    public void forward(LayerBuffers b) {
        final int n = b.x(0).size();
        b.compute().run(b.task("forward", this, ReLU::forwardTask), n, Elementwise.QUANTUM, Elementwise.nanos(n));
    }

    private static RangeTask forwardTask(ReLU layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        if (layer.isClamp()) {
            return (from, to) ->
                    b.compute().kernels().elementwise().clamp(x, from, y, from, to - from, 0, layer.limit());
        }
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                y.setAtIndex(JAVA_FLOAT, i, layer.value(x.getAtIndex(JAVA_FLOAT, i)));
            }
        };
    }

    private float value(float x) {
        if (x >= limit()) {
            return limit();
        }
        return x < threshold ? negativeSlope * (x - threshold) : x;
    }

    @Override
    public void backward(LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx != null) {
            final int n = dx.size();
            b.compute().run(b.task("backward", this, ReLU::backwardTask), n, Elementwise.QUANTUM, Elementwise.nanos(n));
        }
    }

    private static RangeTask backwardTask(ReLU layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment dy = b.dy(0).segment();
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("ReLU '" + b.name() + "': no gradient is asked for");
        }
        final MemorySegment dx = target.segment();
        final boolean accumulate = b.accumulateDx(0);
        if (layer.isClamp()) {
            return (from, to) -> b.compute()
                    .kernels()
                    .elementwise()
                    .clampGradient(x, from, dy, from, dx, from, to - from, 0, layer.limit(), accumulate);
        }
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                final float at = x.getAtIndex(JAVA_FLOAT, i);
                final float slope = at >= layer.limit() ? 0 : at > layer.threshold ? 1 : layer.negativeSlope;
                final float gradient = slope * dy.getAtIndex(JAVA_FLOAT, i);
                dx.setAtIndex(JAVA_FLOAT, i, accumulate ? dx.getAtIndex(JAVA_FLOAT, i) + gradient : gradient);
            }
        };
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
