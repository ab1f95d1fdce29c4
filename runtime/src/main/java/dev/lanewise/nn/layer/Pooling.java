package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What layers share that make one cell of each window.
interface Pooling extends Layer {
    /// Cells of a window along each axis.
    List<Integer> poolSize();

    /// Cells from one window to the next along each axis; null for the windows' size.
    @Nullable
    List<Integer> strides();

    /// `valid`: only whole windows; `same`: as many windows as there are strides.
    String padding();

    /// The windows forward.
    Windows.Visitor forward(LayerBuffers b, Windows windows);

    /// The windows back to `dx`, to which it adds.
    Windows.Visitor backward(LayerBuffers b, Windows windows, MemorySegment dx);

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Windows.outputShape(typeName(), inputs, poolSize(), strides(), padding()));
    }

    private Windows windows(LayerBuffers b) {
        return Windows.of(b.x(0).shape(), poolSize(), strides(), padding());
    }

    /// Rough time: each window reads all its cells.
    private long nanos(LayerBuffers b) {
        long cells = 1;
        // By index: an iterator is an object a step wherever HotSpot does not see through it.
        for (int axis = 0; axis < poolSize().size(); axis++) {
            cells *= poolSize().get(axis);
        }
        return b.y(0).size() * cells / 4;
    }

    @Override
    default void forward(LayerBuffers b) {
        final Shape y = b.y(0).shape();
        int rows = y.dim(0);
        for (int axis = 1; axis < y.rank() - 2; axis++) {
            rows *= y.dim(axis);
        }
        b.compute().run(b.task("forward", this, Pooling::forwardTask), rows, 1, nanos(b));
    }

    private static RangeTask forwardTask(Pooling layer, LayerBuffers b) {
        final Windows windows = layer.windows(b);
        final Windows.Visitor visitor = layer.forward(b, windows);
        return (from, to) -> windows.visit(from, to, visitor);
    }

    /// Sample by sample: windows may share cells.
    @Override
    default void backward(LayerBuffers b) {
        if (b.dx(0) != null) {
            b.compute().run(b.task("backward", this, Pooling::backwardTask), b.batch(), 1, 2 * nanos(b));
        }
    }

    private static RangeTask backwardTask(Pooling layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException(layer.typeName() + " '" + b.name() + "': no gradient is asked for");
        }
        final Windows windows = layer.windows(b);
        final MemorySegment dx = target.segment();
        final Windows.Visitor visitor = layer.backward(b, windows, dx);
        final int rows = windows.rowsOfSample();
        return (from, to) -> {
            for (int sample = from; sample < to; sample++) {
                if (!b.accumulateDx(0)) {
                    final int size = (int) windows.sample();
                    b.compute().kernels().elementwise().fill(dx, sample * windows.sample(), size, 0);
                }
                windows.visit(sample * rows, (sample + 1) * rows, visitor);
            }
        };
    }

    /// The largest of a window; its gradient goes to the first cell that is it.
    interface Max extends Pooling {
        @Override
        default Windows.Visitor forward(LayerBuffers b, Windows windows) {
            final MemorySegment x = b.x(0).segment();
            final MemorySegment y = b.y(0).segment();
            final int channels = windows.channels();
            final long step = windows.step();
            final long plane = windows.planeStride();
            final long row = windows.rowStride();
            return (xo, yo, count, depth, height, width) -> b.compute()
                    .kernels()
                    .pooling()
                    .max(x, xo, y, yo, channels, count, step, depth, plane, height, row, width);
        }

        @Override
        default Windows.Visitor backward(LayerBuffers b, Windows windows, MemorySegment dx) {
            final MemorySegment x = b.x(0).segment();
            final MemorySegment y = b.y(0).segment();
            final MemorySegment dy = b.dy(0).segment();
            final int channels = windows.channels();
            final long step = windows.step();
            final long plane = windows.planeStride();
            final long row = windows.rowStride();
            return (xo, yo, count, depth, height, width) -> b.compute()
                    .kernels()
                    .pooling()
                    .maxGradient(x, xo, y, yo, dy, yo, dx, xo, channels, count, step, depth, plane, height, row, width);
        }
    }

    /// The mean of a window's cells, those beyond the edge not being counted.
    interface Average extends Pooling {
        @Override
        default Windows.Visitor forward(LayerBuffers b, Windows windows) {
            final MemorySegment x = b.x(0).segment();
            final MemorySegment y = b.y(0).segment();
            final int channels = windows.channels();
            final long step = windows.step();
            final long plane = windows.planeStride();
            final long row = windows.rowStride();
            return (xo, yo, count, depth, height, width) -> {
                final float cells = (float) depth * height * width;
                b.compute()
                        .kernels()
                        .pooling()
                        .sum(x, xo, y, yo, channels, count, step, depth, plane, height, row, width, cells, false);
            };
        }

        @Override
        default Windows.Visitor backward(LayerBuffers b, Windows windows, MemorySegment dx) {
            final MemorySegment dy = b.dy(0).segment();
            final int channels = windows.channels();
            final long step = windows.step();
            final long plane = windows.planeStride();
            final long row = windows.rowStride();
            return (xo, yo, count, depth, height, width) -> {
                final float cells = (float) depth * height * width;
                b.compute()
                        .kernels()
                        .pooling()
                        .spread(dy, yo, dx, xo, channels, count, step, depth, plane, height, row, width, cells, true);
            };
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
}
