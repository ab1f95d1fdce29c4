package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Inverted dropout: in training each element is 0 with probability `rate` and otherwise `x / (1 - rate)`;
/// else `y
/// = x`. The mask is not stored: backward computes it again from the call's random key and the step.
///
/// @param rate from 0 to below 1
public record Dropout(float rate) implements Layer {
    public Dropout {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("Dropout: rate must be from 0 to below 1, got " + rate);
        }
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Shapes.single("Dropout", inputs));
    }

    @Override
    public void forward(LayerBuffers b) {
        final Tensor x = b.x(0);
        final Tensor y = b.y(0);
        if (b.training() && rate > 0) {
            run(b, "forward", Dropout::forwardTask);
        } else if (x.segment().address() != y.segment().address()) {
            y.copyFrom(x);
        }
    }

    @Override
    public void backward(LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx == null) {
            return;
        }
        if (b.training() && rate > 0) {
            run(b, "backward", Dropout::backwardTask);
        } else if (b.accumulateDx(0)) {
            b.compute().kernels().elementwise().accumulate(b.dy(0).segment(), 0, dx.segment(), 0, dx.size());
        } else {
            dx.copyFrom(b.dy(0));
        }
    }

    private void run(LayerBuffers b, String id, java.util.function.BiFunction<Dropout, LayerBuffers, RangeTask> make) {
        final int n = b.x(0).size();
        b.compute().run(b.task(id, this, make), n, Elementwise.QUANTUM, n / 2L);
    }

    private static RangeTask forwardTask(Dropout layer, LayerBuffers b) {
        return layer.task(b, b.x(0).segment(), b.y(0).segment(), false);
    }

    private static RangeTask backwardTask(Dropout layer, LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx == null) {
            throw new IllegalStateException("Dropout '" + b.name() + "': no gradient is asked for");
        }
        return layer.task(b, b.dy(0).segment(), dx.segment(), b.accumulateDx(0));
    }

    private RangeTask task(LayerBuffers b, MemorySegment from, MemorySegment to, boolean accumulate) {
        final LayerBuffers.RandomKey key = b.key();
        final long seedKey = Threefry.block(Threefry.block(key.seed(), key.layer()), key.call());
        return (first, end) -> b.compute()
                .kernels()
                .elementwise()
                .dropout(from, first, to, first, end - first, rate, seedKey, b.step(), first, accumulate);
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
