package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Inputs of one shape side by side along a new axis: `y[…, i, …] = xi[…]`. Keras writes it as an operation.
///
/// Gradient: `dxi[…] = dy[…, i, …]`.
///
/// @param axis of the result; negative ones are counted from its end. The batch stays the first.
public record Stack(int axis) implements Layer {
    public Stack {
        if (axis == 0) {
            throw new IllegalArgumentException("Stack: axis 0, the batch, is not supported");
        }
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException("Stack: takes one input or more, got none");
        }
        final Shape x = inputs.getFirst();
        for (Shape other : inputs) {
            if (!other.equals(x)) {
                throw new IllegalArgumentException("Stack: inputs must have equal shapes, got " + inputs);
            }
        }
        final int rank = x.rank() + 1;
        final int at = axis < 0 ? axis + rank : axis;
        if (at < 1 || at >= rank) {
            throw new IllegalArgumentException(
                    "Stack: axis must be from 1 to " + (rank - 1) + " or from " + (1 - rank) + " to -1, got " + axis);
        }
        Shape y = Shape.of();
        for (int i = 0; i < rank; i++) {
            y = y.append(i == at ? inputs.size() : x.dim(i < at ? i : i - 1));
        }
        return List.of(y);
    }

    /// Floats of an input that stand together in the result.
    private int row(Shape x) {
        int row = 1;
        for (int i = axis < 0 ? axis + x.rank() + 1 : axis; i < x.rank(); i++) {
            row *= x.dim(i);
        }
        return row;
    }

    @Override
    public void forward(LayerBuffers b) {
        final MemorySegment y = b.y(0).segment();
        final int row = row(b.x(0).shape());
        for (int i = 0; i < b.inputs(); i++) {
            final MemorySegment x = b.x(i).segment();
            final long rows = row == 0 ? 0 : b.x(i).size() / row;
            for (long r = 0; r < rows; r++) {
                copy(x, r * row, y, (r * b.inputs() + i) * row, row);
            }
        }
    }

    private static void copy(MemorySegment from, long at, MemorySegment to, long target, int floats) {
        MemorySegment.copy(from, JAVA_FLOAT, at * Float.BYTES, to, JAVA_FLOAT, target * Float.BYTES, floats);
    }

    @Override
    public void backward(LayerBuffers b) {
        final MemorySegment dy = b.dy(0).segment();
        final int row = row(b.x(0).shape());
        for (int i = 0; i < b.inputs(); i++) {
            final Tensor dx = b.dx(i);
            final long rows = dx == null || row == 0 ? 0 : dx.size() / row;
            for (long r = 0; dx != null && r < rows; r++) {
                final long from = (r * b.inputs() + i) * row;
                if (b.accumulateDx(i)) {
                    b.compute().kernels().elementwise().accumulate(dy, from, dx.segment(), r * row, row);
                } else {
                    copy(dy, from, dx.segment(), r * row, row);
                }
            }
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
}
