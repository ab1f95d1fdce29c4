package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// What layers share that add zeros around samples or cut their edges off: all copy a box of cells.
interface Edges extends Layer {
    /// By axis, cells added to `x` before and after; negative for cells that are cut off.
    int[][] added(Shape x);

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        final int[][] added = added(Shapes.single(typeName(), inputs));
        Shape y = Windows.samples(typeName(), added.length, inputs);
        for (int axis = 0; axis < added.length; axis++) {
            final int cells = y.dim(axis + 1);
            if (cells == Shape.UNKNOWN) {
                continue;
            }
            final long left = (long) cells + added[axis][0] + added[axis][1];
            if (left < 1) {
                throw new IllegalArgumentException(typeName() + ": nothing is left of axis " + (axis + 1)
                        + " of samples of shape " + inputs.getFirst().withoutFirst());
            }
            y = y.with(axis + 1, Math.toIntExact(left));
        }
        return List.of(y);
    }

    @Override
    default void forward(LayerBuffers b) {
        final int rows = Boxes.rows(b.y(0).shape());
        b.compute().run(b.task("forward", this, Edges::forwardTask), rows, 1, b.y(0).size() / 8);
    }

    private static RangeTask forwardTask(Edges layer, LayerBuffers b) {
        final int[][] added = layer.added(b.x(0).shape());
        final int[] offsets = new int[added.length];
        for (int axis = 0; axis < offsets.length; axis++) {
            offsets[axis] = added[axis][0];
        }
        final Boxes boxes = new Boxes(b.x(0).shape(), b.y(0).shape(), offsets);
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        return (from, to) -> boxes.copy(b.compute().kernels().elementwise(), x, y, from, to, false);
    }

    @Override
    default void backward(LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx != null) {
            b.compute().run(b.task("backward", this, Edges::backwardTask), Boxes.rows(dx.shape()), 1, dx.size() / 8);
        }
    }

    private static RangeTask backwardTask(Edges layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException(layer.typeName() + " '" + b.name() + "': no gradient is asked for");
        }
        final int[][] added = layer.added(b.x(0).shape());
        final int[] offsets = new int[added.length];
        for (int axis = 0; axis < offsets.length; axis++) {
            offsets[axis] = -added[axis][0];
        }
        final Boxes boxes = new Boxes(b.y(0).shape(), target.shape(), offsets);
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dx = target.segment();
        return (from, to) -> boxes.copy(b.compute().kernels().elementwise(), dy, dx, from, to, b.accumulateDx(0));
    }

    @Override
    default boolean backwardReadsInput() {
        return false;
    }

    @Override
    default boolean backwardReadsOutput() {
        return false;
    }

    /// Pairs of numbers as a layer's settings have them, as arrays.
    ///
    /// @param sign 1 for cells that are added, -1 for cells that are cut off
    static int[][] pairs(List<List<Integer>> pairs, int sign) {
        final int[][] added = new int[pairs.size()][];
        for (int axis = 0; axis < added.length; axis++) {
            added[axis] = new int[] {
                sign * pairs.get(axis).getFirst(), sign * pairs.get(axis).getLast()
            };
        }
        return added;
    }

    /// The same pairs, unmodifiable.
    ///
    /// @throws IllegalArgumentException if there is not a pair of numbers of 0 or more for each axis
    static List<List<Integer>> checked(String type, String name, int rank, List<List<Integer>> pairs) {
        boolean sound = pairs.size() == rank;
        for (List<Integer> pair : pairs) {
            sound &= pair.size() == 2 && pair.stream().allMatch(cells -> cells >= 0);
        }
        if (!sound) {
            throw new IllegalArgumentException(type + ": " + name + " must be " + rank
                    + (rank == 1 ? " pair" : " pairs") + " of numbers of 0 or more, got " + pairs);
        }
        return pairs.stream().map(List::copyOf).toList();
    }
}
