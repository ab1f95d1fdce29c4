package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.List;

/// Each vector so many times: `x[features]` becomes `y[n, features]`, all rows being `x`.
///
/// @param n how often
public record RepeatVector(int n) implements Layer {
    public RepeatVector {
        if (n < 1) {
            throw new IllegalArgumentException("RepeatVector: n must be positive, got " + n);
        }
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("RepeatVector", inputs);
        if (x.rank() != 2) {
            throw new IllegalArgumentException("RepeatVector: takes vectors, got samples of shape " + x.withoutFirst());
        }
        return List.of(Shape.of(x.dim(0), n, x.last()));
    }

    @Override
    public void forward(LayerBuffers b) {
        b.compute().run(b.task("forward", this, RepeatVector::forwardTask), b.batch(), 1, b.y(0).size() / 4);
    }

    private static RangeTask forwardTask(RepeatVector layer, LayerBuffers b) {
        return Upsampling.spread(b, b.x(0).segment(), b.y(0).segment(), b.y(0).shape(), List.of(layer.n));
    }

    @Override
    public void backward(LayerBuffers b) {
        if (b.dx(0) != null) {
            b.compute().run(b.task("backward", this, RepeatVector::backwardTask), b.batch(), 1, b.y(0).size() / 4);
        }
    }

    private static RangeTask backwardTask(RepeatVector layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("RepeatVector '" + b.name() + "': no gradient is asked for");
        }
        return Upsampling.sum(b, b.dy(0).segment(), target.segment(), b.y(0).shape(), List.of(layer.n));
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
