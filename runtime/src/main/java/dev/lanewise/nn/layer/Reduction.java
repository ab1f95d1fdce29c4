package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// One element for all along some axes of a sample, as `keras.ops` has it: their `mean`, `sum`, `max` or
/// `min`. Sums run in double, in the order of the elements.
///
/// Gradients: `dx = dy` for `sum`, `dy / count` for `mean`; for `max` and `min` the elements that are the
/// largest or smallest share `dy` in equal parts.
///
/// @param axes with the batch as 0, which is not among them; negative ones are counted from the end
/// @param keepdims whether the axes stay, with one element
public record Reduction(String function, List<Integer> axes, boolean keepdims) implements Layer {
    private static final Set<String> KNOWN = Set.of("mean", "sum", "max", "min");

    public Reduction {
        axes = List.copyOf(axes);
        if (!KNOWN.contains(function)) {
            throw new IllegalArgumentException("Reduction: function must be mean, sum, max or min, got " + function);
        }
        if (axes.isEmpty()) {
            throw new IllegalArgumentException("Reduction: must have an axis");
        }
    }

    private boolean[] reduced(Shape x) {
        final boolean[] reduced = new boolean[x.rank()];
        for (int axis : axes) {
            final int at = Shapes.axis("Reduction", axis, x);
            if (reduced[at]) {
                throw new IllegalArgumentException("Reduction: axes " + axes + " name an axis of " + x + " twice");
            }
            reduced[at] = true;
        }
        return reduced;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("Reduction", inputs);
        final boolean[] reduced = reduced(x);
        Shape y = Shape.of(x.dim(0));
        for (int axis = 1; axis < reduced.length; axis++) {
            if (reduced[axis] && x.dim(axis) == 0) {
                throw new IllegalArgumentException("Reduction: there is nothing along axis " + axis + " of " + x);
            }
            if (!reduced[axis] || keepdims) {
                y = y.append(reduced[axis] ? 1 : x.dim(axis));
            }
        }
        return List.of(y);
    }

    /// Places of a sample's elements along the axes that stay, and along those that do not.
    private int[] places(Shape x, boolean ofReduced) {
        final boolean[] reduced = reduced(x);
        final int[] strides = Places.strides(x.toArray());
        final int[] dims = new int[x.rank()];
        final int[] steps = new int[x.rank()];
        int count = 0;
        for (int axis = 1; axis < x.rank(); axis++) {
            if (reduced[axis] == ofReduced) {
                dims[count] = x.dim(axis);
                steps[count++] = strides[axis];
            }
        }
        return Places.of(0, Arrays.copyOf(dims, count), Arrays.copyOf(steps, count));
    }

    @Override
    public void forward(LayerBuffers b) {
        b.compute().run(b.task("forward", this, Reduction::forwardTask), b.y(0).size(), 1, 2L * b.x(0).size());
    }

    private static RangeTask forwardTask(Reduction layer, LayerBuffers b) {
        final int[] starts = layer.places(b.x(0).shape(), false);
        final int[] over = layer.places(b.x(0).shape(), true);
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final int sample = starts.length * over.length;
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                final long at = (long) (i / starts.length) * sample + starts[i % starts.length];
                y.setAtIndex(JAVA_FLOAT, i, layer.reduced(x, at, over));
            }
        };
    }

    private float reduced(MemorySegment x, long at, int... over) {
        if (selects()) {
            float chosen = x.getAtIndex(JAVA_FLOAT, at);
            final boolean largest = function.equals("max");
            for (int place : over) {
                final float value = x.getAtIndex(JAVA_FLOAT, at + place);
                chosen = largest ? Math.max(chosen, value) : Math.min(chosen, value);
            }
            return chosen;
        }
        double sum = 0;
        for (int place : over) {
            sum += x.getAtIndex(JAVA_FLOAT, at + place);
        }
        return (float) (function.equals("mean") ? sum / over.length : sum);
    }

    @Override
    public void backward(LayerBuffers b) {
        if (b.dx(0) != null) {
            b.compute().run(b.task("backward", this, Reduction::backwardTask), b.y(0).size(), 1, 2L * b.x(0).size());
        }
    }

    private static RangeTask backwardTask(Reduction layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("Reduction '" + b.name() + "': no gradient is asked for");
        }
        final int[] starts = layer.places(b.x(0).shape(), false);
        final int[] over = layer.places(b.x(0).shape(), true);
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dx = target.segment();
        final boolean accumulate = b.accumulateDx(0);
        final boolean selects = layer.selects();
        final boolean mean = layer.function.equals("mean");
        final int sample = starts.length * over.length;
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                final long at = (long) (i / starts.length) * sample + starts[i % starts.length];
                final float chosen = selects ? y.getAtIndex(JAVA_FLOAT, i) : 0;
                int count = selects ? 0 : mean ? over.length : 1;
                for (int j = 0; selects && j < over.length; j++) {
                    count += x.getAtIndex(JAVA_FLOAT, at + over[j]) == chosen ? 1 : 0;
                }
                final float part = dy.getAtIndex(JAVA_FLOAT, i) / count;
                for (int place : over) {
                    final float d = !selects || x.getAtIndex(JAVA_FLOAT, at + place) == chosen ? part : 0;
                    final float before = accumulate ? dx.getAtIndex(JAVA_FLOAT, at + place) : 0;
                    dx.setAtIndex(JAVA_FLOAT, at + place, before + d);
                }
            }
        };
    }

    private boolean selects() {
        return function.equals("max") || function.equals("min");
    }

    @Override
    public boolean backwardReadsInput() {
        return selects();
    }

    @Override
    public boolean backwardReadsOutput() {
        return selects();
    }
}
