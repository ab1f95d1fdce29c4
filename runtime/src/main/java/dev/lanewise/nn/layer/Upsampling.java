package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// What layers share that repeat each cell: it is spread over a window of `y`, and back the window is summed.
interface Upsampling extends Layer {
    /// Times that a cell is repeated along each axis.
    List<Integer> size();

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        Shape y = Windows.samples(typeName(), size().size(), inputs);
        for (int axis = 0; axis < size().size(); axis++) {
            final int cells = y.dim(axis + 1);
            if (cells != Shape.UNKNOWN) {
                y = y.with(axis + 1, Math.multiplyExact(cells, size().get(axis)));
            }
        }
        return List.of(y);
    }

    @Override
    default void forward(LayerBuffers b) {
        final int rows = Boxes.rows(b.x(0).shape());
        b.compute().run(b.task("forward", this, Upsampling::forwardTask), rows, 1, b.y(0).size() / 4);
    }

    private static RangeTask forwardTask(Upsampling layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        return spread(b, x, y, b.y(0).shape(), layer.size());
    }

    /// The rows of `x` spread over the windows of `y`.
    static RangeTask spread(LayerBuffers b, MemorySegment x, MemorySegment y, Shape shape, List<Integer> size) {
        final Windows windows = Windows.of(shape, size, null, "valid");
        final int channels = windows.channels();
        final long step = windows.step();
        final long plane = windows.planeStride();
        final long row = windows.rowStride();
        final Windows.Visitor visitor = (yo, xo, count, depth, height, width) -> b.compute()
                .kernels()
                .pooling()
                .spread(x, xo, y, yo, channels, count, step, depth, plane, height, row, width, 1, false);
        return (from, to) -> windows.visit(from, to, visitor);
    }

    @Override
    default void backward(LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx != null) {
            final int rows = Boxes.rows(dx.shape());
            b.compute().run(b.task("backward", this, Upsampling::backwardTask), rows, 1, b.y(0).size() / 4);
        }
    }

    private static RangeTask backwardTask(Upsampling layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException(layer.typeName() + " '" + b.name() + "': no gradient is asked for");
        }
        return sum(b, b.dy(0).segment(), target.segment(), b.y(0).shape(), layer.size());
    }

    /// The windows of `dy` summed to the rows of `dx`.
    static RangeTask sum(LayerBuffers b, MemorySegment dy, MemorySegment dx, Shape shape, List<Integer> size) {
        final Windows windows = Windows.of(shape, size, null, "valid");
        final int channels = windows.channels();
        final long step = windows.step();
        final long plane = windows.planeStride();
        final long row = windows.rowStride();
        final Windows.Visitor visitor = (yo, xo, count, depth, height, width) -> b.compute()
                .kernels()
                .pooling()
                .sum(dy, yo, dx, xo, channels, count, step, depth, plane, height, row, width, 1, b.accumulateDx(0));
        return (from, to) -> windows.visit(from, to, visitor);
    }

    @Override
    default boolean backwardReadsInput() {
        return false;
    }

    @Override
    default boolean backwardReadsOutput() {
        return false;
    }
}
