package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A layer at each step of `x[batch, steps, …]`, with the same weights: all steps of all samples are its batch.
///
/// @param layer of one input and one output
public record TimeDistributed(Layer layer) implements Layer {
    /// The shape without its steps, which go into the batch.
    private static List<Shape> inner(List<Shape> inputs) {
        final Shape x = Shapes.single("TimeDistributed", inputs);
        if (x.rank() < 3) {
            throw new IllegalArgumentException(
                    "TimeDistributed: input must be [batch, steps, …] with three dimensions or more, got " + x);
        }
        final boolean open = x.dim(0) == Shape.UNKNOWN || x.dim(1) == Shape.UNKNOWN;
        final int rows = open ? Shape.UNKNOWN : Math.multiplyExact(x.dim(0), x.dim(1));
        return List.of(x.withoutFirst().withoutFirst().prepend(rows));
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final List<Shape> outputs = layer.outputShapes(inner(inputs));
        if (outputs.size() != 1) {
            throw new IllegalArgumentException(
                    "TimeDistributed: the layer must have one output, " + layer.typeName() + " has " + outputs.size());
        }
        final Shape x = inputs.getFirst();
        return List.of(outputs.getFirst().withoutFirst().prepend(x.dim(1)).prepend(x.dim(0)));
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        return layer.parameters(inner(inputs));
    }

    @Override
    public List<Shape> saved(List<Shape> inputs) {
        return layer.saved(inner(inputs));
    }

    @Override
    public List<Shape> state(List<Shape> inputs) {
        return layer.state(inner(inputs));
    }

    @Override
    public long scratch(List<Shape> inputs) {
        return layer.scratch(inner(inputs));
    }

    @Override
    public long backwardScratch(List<Shape> inputs) {
        return layer.backwardScratch(inner(inputs));
    }

    @Override
    public @Nullable String untrainable() {
        return layer.untrainable();
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    private static InnerCall call(TimeDistributed of, LayerBuffers b) {
        final Shape x = inner(List.of(b.x(0).shape())).getFirst();
        final Shape y = of.layer.outputShapes(List.of(x)).getFirst();
        final @Nullable Tensor dx = b.dx(0);
        final long floats =
                Math.max(of.layer.scratch(List.of(x)), b.hasDy(0) ? of.layer.backwardScratch(List.of(x)) : 0);
        return new InnerCall.Builder(of.layer, b, 0, List.of(b.x(0).reshape(x)), List.of(b.y(0).reshape(y)))
                .gradients(
                        Arrays.asList(b.hasDy(0) ? b.dy(0).reshape(y) : null),
                        Arrays.asList(dx == null ? null : dx.reshape(x)),
                        b.accumulateDx(0))
                .build(0, 0, 0, InnerCall.part(b, 0, floats));
    }

    private InnerCall work(LayerBuffers b) {
        return b.kept(InnerCall.class, "call", this, TimeDistributed::call);
    }

    /// A view's output is a copy here.
    @Override
    public void forward(LayerBuffers b) {
        if (layer.isView()) {
            b.y(0).copyFrom(b.x(0).reshape(b.y(0).shape()));
        } else {
            work(b).forward();
        }
    }

    @Override
    public void backward(LayerBuffers b) {
        if (layer.isView()) {
            Reshape.copyGradient(b);
        } else {
            work(b).backward();
        }
    }

    @Override
    public void updateState(LayerBuffers b) {
        if (!layer.isView()) {
            work(b).updateState();
        }
    }

    @Override
    public boolean backwardReadsInput() {
        return layer.backwardReadsInput();
    }

    @Override
    public boolean backwardReadsOutput() {
        return layer.backwardReadsOutput();
    }
}
