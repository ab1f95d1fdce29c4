package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Products of two inputs, sample by sample: the sum over one axis of each, which are equally long. The
/// other axes
/// of the first and then of the second make the result, `[1]` where none is left.
///
/// With `normalize` both are divided by their lengths first: `x · min(1 / sqrt(Σ x²), 1e7)` along the axis, so
/// that vectors give the cosine of the angle between them.
///
/// @param axes the axis of the first input and that of the second, counted from 0, the batch, which is not
///     allowed;
///     negative ones from the end. Each must be the first or the last of a sample's axes
public record Dot(List<Integer> axes, boolean normalize) implements Layer {
    /// Keras' epsilon, as the largest factor.
    private static final float MAX_FACTOR = 1e7f;

    public Dot {
        axes = List.copyOf(axes);
        if (axes.size() != 2) {
            throw new IllegalArgumentException("Dot: axes must be two numbers, got " + axes);
        }
    }

    /// The same axis of both.
    public Dot(int axis) {
        this(List.of(axis, axis), false);
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        if (inputs.size() != 2) {
            throw new IllegalArgumentException("Dot: takes two inputs, got " + inputs.size());
        }
        final Shape a = inputs.getFirst();
        final Shape b = inputs.getLast();
        final int axisOfA = axis(a, 0);
        final int axisOfB = axis(b, 1);
        final int k = a.dim(axisOfA);
        if (k != b.dim(axisOfB) && k != Shape.UNKNOWN && b.dim(axisOfB) != Shape.UNKNOWN) {
            throw new IllegalArgumentException("Dot: axes " + axes + " of " + inputs + " are not equally long");
        }
        if (a.dim(0) != b.dim(0) && a.dim(0) != Shape.UNKNOWN && b.dim(0) != Shape.UNKNOWN) {
            throw new IllegalArgumentException("Dot: inputs must have equal batches, got " + inputs);
        }
        Shape y = Shape.of(Math.max(a.dim(0), b.dim(0)));
        for (int i = 1; i < a.rank(); i++) {
            y = i == axisOfA ? y : y.append(a.dim(i));
        }
        for (int i = 1; i < b.rank(); i++) {
            y = i == axisOfB ? y : y.append(b.dim(i));
        }
        return List.of(y.rank() == 1 ? y.append(1) : y);
    }

    private int axis(Shape x, int input) {
        final int axis = Shapes.axis("Dot", axes.get(input), x);
        if (axis != 1 && axis != x.rank() - 1) {
            throw new IllegalArgumentException("Dot: axis " + axes.get(input) + " of " + x
                    + " is neither the first nor the last of a sample's axes, which is not supported");
        }
        return axis;
    }

    /// The normalized inputs and their factors.
    @Override
    public List<Shape> saved(List<Shape> inputs) {
        if (!normalize) {
            return List.of();
        }
        final List<Shape> saved = new ArrayList<>(inputs);
        for (int i = 0; i < 2; i++) {
            final Shape x = inputs.get(i);
            saved.add(Shape.of(Math.toIntExact(x.size() / Math.max(1, x.dim(axis(x, i))))));
        }
        return saved;
    }

    /// Room for gradients by the normalized inputs.
    @Override
    public long scratch(List<Shape> inputs) {
        return normalize ? Math.max(inputs.getFirst().size(), inputs.getLast().size()) : 0;
    }

    /// One input as a matrix a sample.
    ///
    /// @param sumsRows whether the sum goes over its rows, else over its columns
    /// @param others the length of its other axis
    private record Operand(boolean sumsRows, int k, int others, MemorySegment values) {
        static Operand of(Dot layer, LayerBuffers b, int input, MemorySegment values) {
            final Shape x = b.x(input).shape();
            final int axis = layer.axis(x, input);
            final int k = x.dim(axis);
            final int size = Shapes.product(x, 1);
            // A vector: its one axis is both.
            final boolean sumsRows = axis == 1 && x.rank() > 2;
            return new Operand(sumsRows, k, size / Math.max(1, k), values);
        }
    }

    private MemorySegment values(LayerBuffers b, int input) {
        return normalize ? b.saved(input).segment() : b.x(input).segment();
    }

    @Override
    public void forward(LayerBuffers b) {
        if (normalize) {
            normalize(b, 0);
            normalize(b, 1);
        }
        b.kept(BatchedProduct.class, "forward", this, Dot::forwardProduct).run(b);
    }

    private static BatchedProduct forwardProduct(Dot layer, LayerBuffers b) {
        final Operand left = Operand.of(layer, b, 0, layer.values(b, 0));
        final Operand right = Operand.of(layer, b, 1, layer.values(b, 1));
        return new BatchedProduct(
                b,
                left.sumsRows,
                !right.sumsRows,
                left.others,
                right.others,
                left.k,
                left.values,
                right.values,
                b.y(0).segment(),
                false);
    }

    @Override
    public void backward(LayerBuffers b) {
        if (b.dx(0) != null) {
            b.kept(BatchedProduct.class, "backward0", this, (layer, buffers) -> gradient(layer, buffers, 0))
                    .run(b);
            denormalize(b, 0);
        }
        if (b.dx(1) != null) {
            b.kept(BatchedProduct.class, "backward1", this, (layer, buffers) -> gradient(layer, buffers, 1))
                    .run(b);
            denormalize(b, 1);
        }
    }

    /// With `A` as `[m, k]` and `B` as `[k, n]`: `dA = dY · Bᵀ` and `dB = Aᵀ · dY`, or these transposed, as the
    /// inputs are.
    private static BatchedProduct gradient(Dot layer, LayerBuffers b, int input) {
        final Operand own = Operand.of(layer, b, input, layer.values(b, input));
        final Operand other = Operand.of(layer, b, 1 - input, layer.values(b, 1 - input));
        final Tensor dx = required(b, input);
        final MemorySegment target =
                layer.normalize ? b.scratch().asSlice(0, dx.segment().byteSize()) : dx.segment();
        final boolean accumulate = !layer.normalize && b.accumulateDx(input);
        final MemorySegment dy = b.dy(0).segment();
        // dY is [m, n]: by rows it belongs to the first input.
        final boolean first = input == 0;
        if (own.sumsRows) { // [k, own] = other · dY, as [k, own's place]
            return new BatchedProduct(
                    b, !other.sumsRows, first, own.k, own.others, other.others, other.values, dy, target, accumulate);
        } // [own, k]
        return new BatchedProduct(
                b, !first, other.sumsRows, own.others, own.k, other.others, dy, other.values, target, accumulate);
    }

    private static Tensor required(LayerBuffers b, int input) {
        final Tensor dx = b.dx(input);
        if (dx == null) {
            throw new IllegalStateException("Dot '" + b.name() + "': no gradient is asked for");
        }
        return dx;
    }

    /// Saves the normalized input and its factors.
    private void normalize(LayerBuffers b, int input) {
        final Shape shape = b.x(input).shape();
        final int k = shape.dim(axis(shape, input));
        final int inner = inner(shape, axis(shape, input));
        final MemorySegment x = b.x(input).segment();
        final MemorySegment normal = b.saved(input).segment();
        final MemorySegment factors = b.saved(2 + input).segment();
        final int vectors = k == 0 ? 0 : b.x(input).size() / k;
        for (int v = 0; v < vectors; v++) {
            final long at = (long) (v / inner) * k * inner + v % inner;
            float squares = 0;
            for (int i = 0; i < k; i++) {
                final float value = x.getAtIndex(JAVA_FLOAT, at + (long) i * inner);
                squares += value * value;
            }
            final float factor = Math.min((float) (1 / Math.sqrt(squares)), MAX_FACTOR);
            factors.setAtIndex(JAVA_FLOAT, v, factor);
            for (int i = 0; i < k; i++) {
                final long place = at + (long) i * inner;
                normal.setAtIndex(JAVA_FLOAT, place, x.getAtIndex(JAVA_FLOAT, place) * factor);
            }
        }
    }

    /// From the gradient by the normalized input to that by the input: `dx = factor · (g - n · Σ g · n)`,
    /// where the
    /// factor is at its bound `factor · g`.
    private void denormalize(LayerBuffers b, int input) {
        if (!normalize) {
            return;
        }
        final Tensor dx = required(b, input);
        final Shape shape = dx.shape();
        final int k = shape.dim(axis(shape, input));
        final int inner = inner(shape, axis(shape, input));
        final MemorySegment gradient = b.scratch();
        final MemorySegment normal = b.saved(input).segment();
        final MemorySegment factors = b.saved(2 + input).segment();
        final boolean accumulate = b.accumulateDx(input);
        final int vectors = k == 0 ? 0 : dx.size() / k;
        for (int v = 0; v < vectors; v++) {
            final long at = (long) (v / inner) * k * inner + v % inner;
            final float factor = factors.getAtIndex(JAVA_FLOAT, v);
            float along = 0;
            for (int i = 0; i < k && factor < MAX_FACTOR; i++) {
                final long place = at + (long) i * inner;
                along += gradient.getAtIndex(JAVA_FLOAT, place) * normal.getAtIndex(JAVA_FLOAT, place);
            }
            for (int i = 0; i < k; i++) {
                final long place = at + (long) i * inner;
                final float rest =
                        gradient.getAtIndex(JAVA_FLOAT, place) - normal.getAtIndex(JAVA_FLOAT, place) * along;
                final float d = rest * factor;
                dx.set(place, accumulate ? dx.get(place) + d : d);
            }
        }
    }

    /// Elements from one of the axis to the next.
    private static int inner(Shape shape, int axis) {
        int inner = 1;
        for (int i = axis + 1; i < shape.rank(); i++) {
            inner *= shape.dim(i);
        }
        return inner;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
