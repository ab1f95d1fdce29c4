package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// `y = x · scale + offset`.
public record Rescaling(float scale, float offset) implements Layer {
    public Rescaling(float scale) {
        this(scale, 0);
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Shapes.single("Rescaling", inputs));
    }

    @Override
    public void forward(LayerBuffers b) {
        final int n = b.x(0).size();
        b.compute().run(b.task("forward", this, Rescaling::forwardTask), n, Elementwise.QUANTUM, Elementwise.nanos(n));
    }

    private static RangeTask forwardTask(Rescaling layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        return (from, to) ->
                b.compute().kernels().elementwise().scaleShift(x, from, y, from, to - from, layer.scale, layer.offset);
    }

    @Override
    public void backward(LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx != null) {
            final int n = dx.size();
            b.compute()
                    .run(
                            b.task("backward", this, Rescaling::backwardTask),
                            n,
                            Elementwise.QUANTUM,
                            Elementwise.nanos(n));
        }
    }

    private static RangeTask backwardTask(Rescaling layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("Rescaling '" + b.name() + "': no gradient is asked for");
        }
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dx = target.segment();
        if (b.accumulateDx(0)) {
            return (from, to) -> b.compute().kernels().elementwise().axpy(layer.scale, dy, from, dx, from, to - from);
        }
        return (from, to) ->
                b.compute().kernels().elementwise().scaleShift(dy, from, dx, from, to - from, layer.scale, 0);
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
