package dev.lanewise.train;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.List;

/// `y = x`, in the place of an activation layer that the loss takes into itself. Not a view: the loss writes
/// over `y`, which may be done in the memory of `x` only if nobody needs `x` any more, as the plan finds
/// out.
record Identity() implements Layer {
    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(inputs.getFirst());
    }

    @Override
    public void forward(LayerBuffers b) {
        final Tensor x = b.x(0);
        final Tensor y = b.y(0);
        if (x.segment().address() != y.segment().address()) {
            y.copyFrom(x);
        }
    }

    @Override
    public void backward(LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx == null) {
            return;
        }
        if (b.accumulateDx(0)) {
            b.compute().kernels().elementwise().accumulate(b.dy(0).segment(), 0, dx.segment(), 0, dx.size());
        } else {
            dx.copyFrom(b.dy(0));
        }
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
