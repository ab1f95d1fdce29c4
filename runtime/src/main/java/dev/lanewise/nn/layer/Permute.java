package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Each sample with its axes in another order: axis `i` of `y` is axis `dims[i]` of `x`.
///
/// @param dims the numbers 1 to the rank of a sample, 1 being a sample's first axis
public record Permute(List<Integer> dims) implements Layer {
    public Permute {
        dims = List.copyOf(dims);
        for (int axis = 1; axis <= dims.size(); axis++) {
            if (!dims.contains(axis)) {
                throw new IllegalArgumentException(
                        "Permute: dims must be the numbers 1 to " + dims.size() + " in any order, got " + dims);
            }
        }
    }

    public Permute(int first, int second) {
        this(List.of(first, second));
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("Permute", inputs);
        if (x.rank() != dims.size() + 1) {
            throw new IllegalArgumentException(
                    "Permute: dims are " + dims + ", but samples have the shape " + x.withoutFirst());
        }
        Shape y = x;
        for (int i = 0; i < dims.size(); i++) {
            y = y.with(i + 1, x.dim(dims.get(i)));
        }
        return List.of(y);
    }

    private int[] axes() {
        final int[] axes = new int[dims.size() + 1];
        for (int i = 0; i < dims.size(); i++) {
            axes[i + 1] = dims.get(i);
        }
        return axes;
    }

    @Override
    public void forward(LayerBuffers b) {
        final Shape y = b.y(0).shape();
        final int rows = b.y(0).size() / Math.max(1, y.last());
        b.compute().run(b.task("forward", this, Permute::forwardTask), rows, 1, b.y(0).size() / 2);
    }

    private static RangeTask forwardTask(Permute layer, LayerBuffers b) {
        final Transposition transposition = new Transposition(b.x(0).shape(), layer.axes());
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        return (from, to) -> transposition.run(x, y, from, to, false);
    }

    @Override
    public void backward(LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx != null) {
            final int rows = dx.size() / Math.max(1, dx.shape().last());
            b.compute().run(b.task("backward", this, Permute::backwardTask), rows, 1, dx.size() / 2);
        }
    }

    private static RangeTask backwardTask(Permute layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("Permute '" + b.name() + "': no gradient is asked for");
        }
        final Transposition transposition = new Transposition(b.y(0).shape(), Transposition.inverse(layer.axes()));
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dx = target.segment();
        return (from, to) -> transposition.run(dy, dx, from, to, b.accumulateDx(0));
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
