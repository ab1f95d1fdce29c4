package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Which keys a row of `query[batch, rows, …]` sees of `value[batch, keys, …]`, where it sees none after its
/// own place: `y[batch, rows, keys] = 1` where the key's place is the row's or one before, else 0. A third
/// input is a mask of scores, `[batch, rows, keys]` or `[batch, heads, rows, keys]` with 1 where it is the
/// same for all rows or keys: where that is 0, so is `y`, which has its axes. Keras has it as the argument
/// `use_causal_mask` of a call; here it is for layers of attention that have it in some calls alone.
public record CausalMask() implements Layer {
    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        if (inputs.size() < 2 || inputs.size() > 3) {
            throw new IllegalArgumentException("CausalMask: takes query, value and perhaps a mask, got " + inputs);
        }
        final Shape query = inputs.getFirst();
        final Shape value = inputs.get(1);
        if (query.rank() != 3 || value.rank() != 3) {
            throw new IllegalArgumentException(
                    "CausalMask: query and value must be [batch, steps, features], got " + inputs);
        }
        if (inputs.size() == 2) {
            return List.of(Shape.of(query.dim(0), query.dim(1), value.dim(1)));
        }
        final Shape mask = inputs.getLast();
        final boolean fits = (mask.rank() == 3 || mask.rank() == 4)
                && fits(mask.dim(-2), query.dim(1))
                && fits(mask.dim(-1), value.dim(1));
        if (!fits) {
            throw new IllegalArgumentException(
                    "CausalMask: the mask must be [batch, rows, keys] or [batch, heads, rows,"
                            + " keys], or 1 where it is the same for all, got " + inputs);
        }
        return List.of(mask.with(mask.rank() - 2, query.dim(1)).with(mask.rank() - 1, value.dim(1)));
    }

    private static boolean fits(int dim, int wanted) {
        return dim == 1 || dim == wanted || dim == Shape.UNKNOWN || wanted == Shape.UNKNOWN;
    }

    @Override
    public void forward(LayerBuffers b) {
        final Shape y = b.y(0).shape();
        final int matrices = (int) (y.size() / Math.max(1, (long) y.dim(-2) * y.dim(-1)));
        b.compute().run(b.task("forward", this, CausalMask::task), matrices, 1, y.size() / 2);
    }

    private static RangeTask task(CausalMask layer, LayerBuffers b) {
        final MemorySegment y = b.y(0).segment();
        final int rows = b.y(0).shape().dim(-2);
        final int keys = b.y(0).shape().dim(-1);
        final MemorySegment mask = b.inputs() > 2 ? b.x(2).segment() : null;
        final Shape of = b.inputs() > 2 ? b.x(2).shape() : Shape.of(1, 1);
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                for (int r = 0; r < rows; r++) {
                    for (int c = 0; c < keys; c++) {
                        final long row = (long) i * of.dim(-2) + (of.dim(-2) == 1 ? 0 : r);
                        final long at = row * of.dim(-1) + (of.dim(-1) == 1 ? 0 : c);
                        final boolean sees = c <= r && (mask == null || mask.getAtIndex(JAVA_FLOAT, at) != 0);
                        y.setAtIndex(JAVA_FLOAT, ((long) i * rows + r) * keys + c, sees ? 1 : 0);
                    }
                }
            }
        };
    }

    /// Nothing is learned by it.
    @Override
    public void backward(LayerBuffers b) {
        for (int i = 0; i < b.inputs(); i++) {
            SameValues.noGradient(b, i);
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
