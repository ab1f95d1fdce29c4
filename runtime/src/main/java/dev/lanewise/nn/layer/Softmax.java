package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Softmax over an axis: `y[…, c, …] = exp(x[…, c, …]) / sum over j of exp(x[…, j, …])`. Over another axis than
/// the last
/// the elements are brought together in scratch, so that the bits are those of the last one.
///
/// A second input is a mask of the elements, of the same shape: `-1e9 · (1 - mask)` is added to the first
/// before.
///
/// @param axis counted from 0, the batch, which is not allowed; negative ones from the end
public record Softmax(int axis) implements Layer {
    private static final float MASKED = -1e9f;

    public Softmax {
        if (axis == 0) {
            throw new IllegalArgumentException("Softmax: axis 0, the batch, is not supported");
        }
    }

    /// Over the last axis.
    public Softmax() {
        this(-1);
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        if (inputs.size() == 2 && !inputs.getLast().equals(inputs.getFirst())) {
            throw new IllegalArgumentException("Softmax: the mask must have the shape of the input, "
                    + inputs.getFirst() + ", got " + inputs.getLast());
        }
        final List<Shape> x = inputs.size() == 2 ? inputs.subList(0, 1) : inputs;
        if (axis != -1) {
            Shapes.axis("Softmax", axis, Shapes.single("Softmax", x));
        }
        return new Activation(Activations.SOFTMAX).outputShapes(x);
    }

    /// Room for two tensors with the axis last: output and its gradient.
    @Override
    public long scratch(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        return isLast(x) ? 0 : 2 * x.size();
    }

    private boolean isLast(Shape x) {
        return axis == -1 || axis == x.rank() - 1;
    }

    @Override
    public void forward(LayerBuffers b) {
        final Tensor x = b.inputs() == 1 ? b.x(0) : masked(b);
        if (isLast(x.shape())) {
            Activation.apply(Activations.SOFTMAX, x, b);
            return;
        }
        final int cols = x.shape().dim(Shapes.axis("Softmax", axis, x.shape()));
        final MemorySegment turned = b.kept(Turned.class, "turned", this, Turned::of).y;
        turn(x.segment(), turned, x.shape(), true, false);
        b.compute().forward(Activations.SOFTMAX, turned, turned, cols == 0 ? 0 : x.size() / cols, cols);
        turn(turned, b.y(0).segment(), x.shape(), false, false);
    }

    /// The input by its mask, in the output's memory.
    private static Tensor masked(LayerBuffers b) {
        final Tensor y = b.y(0);
        for (int i = 0; i < y.size(); i++) {
            y.set(i, b.x(0).get(i) + (1 - b.x(1).get(i)) * MASKED);
        }
        return y;
    }

    @Override
    public void backward(LayerBuffers b) {
        if (b.inputs() > 1) {
            SameValues.noGradient(b, 1);
        }
        final Tensor y = b.y(0);
        if (isLast(y.shape())) {
            Activation.gradient(Activations.SOFTMAX, b);
            return;
        }
        final Tensor dx = b.dx(0);
        if (dx == null) {
            return;
        }
        final int cols = y.shape().dim(Shapes.axis("Softmax", axis, y.shape()));
        final Turned work = b.kept(Turned.class, "turned", this, Turned::of);
        final MemorySegment turned = work.gradient;
        turn(y.segment(), work.y, y.shape(), true, false);
        turn(b.dy(0).segment(), turned, y.shape(), true, false);
        b.compute()
                .backward(
                        Activations.SOFTMAX,
                        null,
                        work.y,
                        turned,
                        turned,
                        cols == 0 ? 0 : y.size() / cols,
                        cols,
                        false);
        turn(turned, dx.segment(), y.shape(), false, b.accumulateDx(0));
    }

    /// Copies a tensor to one with the axis last, or back.
    private void turn(MemorySegment from, MemorySegment to, Shape shape, boolean last, boolean accumulate) {
        final int at = Shapes.axis("Softmax", axis, shape);
        final int cols = shape.dim(at);
        int inner = 1;
        for (int i = at + 1; i < shape.rank(); i++) {
            inner *= shape.dim(i);
        }
        long flat = 0;
        final long outer = shape.size() / Math.max(1, (long) cols * inner);
        for (long o = 0; o < outer; o++) {
            for (int c = 0; c < cols; c++) {
                for (int i = 0; i < inner; i++) {
                    final long turned = (o * inner + i) * cols + c;
                    final long source = last ? flat : turned;
                    final long target = last ? turned : flat;
                    final float value = from.getAtIndex(JAVA_FLOAT, source);
                    to.setAtIndex(JAVA_FLOAT, target, accumulate ? to.getAtIndex(JAVA_FLOAT, target) + value : value);
                    flat++;
                }
            }
        }
    }

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean worksInPlace() {
        return true;
    }

    @Override
    public dev.lanewise.kernels.@Nullable Activation lastActivation() {
        return axis == -1 ? Activations.SOFTMAX : null;
    }

    @Override
    public Layer withoutActivation() {
        return axis == -1 ? new Activation(Activations.LINEAR) : this;
    }

    /// The output and its gradient with the axis last, in scratch.
    private record Turned(MemorySegment y, MemorySegment gradient) {
        static Turned of(Softmax layer, LayerBuffers b) {
            final long bytes = b.y(0).segment().byteSize();
            return new Turned(b.scratch().asSlice(0, bytes), b.scratch().asSlice(bytes, bytes));
        }
    }
}
