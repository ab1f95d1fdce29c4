package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Inputs one after the other along an axis; their other dimensions must be equal.
///
/// @param axis counted from 0, the batch, which is not allowed; negative ones from the end
public record Concatenate(int axis) implements Layer {
    public Concatenate {
        if (axis == 0) {
            throw new IllegalArgumentException("Concatenate: axis 0, the batch, is not supported");
        }
    }

    /// Along the last axis.
    public Concatenate() {
        this(-1);
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException("Concatenate: takes one input or more, got none");
        }
        Shape result = inputs.getFirst();
        final int along = Shapes.axis("Concatenate", axis, result);
        int sum = result.dim(along);
        for (Shape x : inputs.subList(1, inputs.size())) {
            if (x.rank() != result.rank()) {
                throw new IllegalArgumentException("Concatenate: inputs must have equal ranks, got " + inputs);
            }
            for (int i = 0; i < x.rank(); i++) {
                if (i != along && x.dim(i) != result.dim(i)) {
                    if (x.dim(i) != Shape.UNKNOWN && result.dim(i) != Shape.UNKNOWN) {
                        throw new IllegalArgumentException(
                                "Concatenate: inputs may differ along axis " + axis + " only, got " + inputs);
                    }
                    result = result.with(i, Math.max(x.dim(i), result.dim(i)));
                }
            }
            sum = sum == Shape.UNKNOWN || x.dim(along) == Shape.UNKNOWN
                    ? Shape.UNKNOWN
                    : Math.addExact(sum, x.dim(along));
        }
        return List.of(result.with(along, sum));
    }

    /// The masks one after the other; all of an input without one counts. Along the features what counts in
    /// one input
    /// counts.
    @Override
    public List<@Nullable Shape> outputMasks(List<Shape> inputs, List<@Nullable Shape> masks) {
        for (int i = 0; i < masks.size(); i++) {
            final Shape mask = masks.get(i);
            if (mask != null && !mask.equals(inputs.get(i).withoutLast())) {
                return List.of();
            }
        }
        return masks.stream().allMatch(Objects::isNull)
                ? List.of()
                : List.of(outputShapes(inputs).getFirst().withoutLast());
    }

    @Override
    public void forward(LayerBuffers b) {
        Masks.writeConcatenated(b, Shapes.axis("Concatenate", axis, b.y(0).shape()));
        final Tensor y = b.y(0);
        final long row = row(y);
        long at = 0;
        for (int i = 0; i < b.inputs(); i++) {
            final Tensor x = b.x(i);
            final long part = row(x);
            for (long r = 0; r * row < y.size(); r++) {
                MemorySegment.copy(
                        x.segment(),
                        JAVA_FLOAT,
                        r * part * Float.BYTES,
                        y.segment(),
                        JAVA_FLOAT,
                        (r * row + at) * Float.BYTES,
                        part);
            }
            at += part;
        }
    }

    @Override
    public void backward(LayerBuffers b) {
        final Tensor dy = b.dy(0);
        final long row = row(dy);
        long at = 0;
        for (int i = 0; i < b.inputs(); i++) {
            final long part = row(b.x(i));
            final Tensor dx = b.dx(i);
            for (long r = 0; dx != null && r * row < dy.size(); r++) {
                if (b.accumulateDx(i)) {
                    b.compute()
                            .kernels()
                            .elementwise()
                            .accumulate(dy.segment(), r * row + at, dx.segment(), r * part, (int) part);
                } else {
                    MemorySegment.copy(
                            dy.segment(),
                            JAVA_FLOAT,
                            (r * row + at) * Float.BYTES,
                            dx.segment(),
                            JAVA_FLOAT,
                            r * part * Float.BYTES,
                            part);
                }
            }
            at += part;
        }
    }

    /// Floats of a tensor that stand together in the result: from the axis on.
    private long row(Tensor x) {
        long row = 1;
        for (int i = Shapes.axis("Concatenate", axis, x.shape()); i < x.shape().rank(); i++) {
            row *= x.shape().dim(i);
        }
        return row;
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
