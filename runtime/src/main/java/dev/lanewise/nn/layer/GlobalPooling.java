package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// What layers share that make one cell of all cells of a sample.
interface GlobalPooling extends Layer {
    /// Channels that are handled together.
    int BLOCK = 64;

    /// Whether the spatial axes stay, with one cell.
    boolean keepdims();

    /// Number of spatial axes.
    int axes();

    /// The largest, or the mean.
    boolean largest();

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Windows.samples(typeName(), axes(), inputs);
        Shape y = Shape.of(x.dim(0));
        for (int axis = 1; axis <= axes(); axis++) {
            if (x.dim(axis) == 0) {
                throw new IllegalArgumentException(typeName() + ": samples have no cells, got " + x.withoutFirst());
            }
            y = keepdims() ? y.append(1) : y;
        }
        return List.of(y.append(x.last()));
    }

    @Override
    default void forward(LayerBuffers b) {
        if (isMasked(b)) {
            Masks.mean(b, this);
            return;
        }
        final int blocks = (b.x(0).shape().last() + BLOCK - 1) / BLOCK;
        final long nanos = b.x(0).size() / 4;
        b.compute().run(b.task("forward", this, GlobalPooling::forwardTask), b.batch() * blocks, 1, nanos);
    }

    /// A mean over steps is one over those that count.
    private boolean isMasked(LayerBuffers b) {
        return b.mask(0) != null && axes() == 1 && !largest();
    }

    private static RangeTask forwardTask(GlobalPooling layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final int channels = b.x(0).shape().last();
        final int blocks = (channels + BLOCK - 1) / BLOCK;
        final int cells = layer.cells(b);
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                final int first = i % blocks * BLOCK;
                final int some = Math.min(BLOCK, channels - first);
                final long xo = (long) (i / blocks) * cells * channels + first;
                final long yo = (long) (i / blocks) * channels + first;
                final var kernel = b.compute().kernels().pooling();
                // Rows of one cell: so a cell may be longer than the channels that are asked for.
                if (layer.largest()) {
                    kernel.max(x, xo, y, yo, some, 1, 0, 1, 0, cells, channels, 1);
                } else {
                    kernel.sum(x, xo, y, yo, some, 1, 0, 1, 0, cells, channels, 1, cells, false);
                }
            }
        };
    }

    private int cells(LayerBuffers b) {
        final Shape x = b.x(0).shape();
        int cells = 1;
        for (int axis = 1; axis <= axes(); axis++) {
            cells *= x.dim(axis);
        }
        return cells;
    }

    @Override
    default void backward(LayerBuffers b) {
        if (b.dx(0) != null && isMasked(b)) {
            Masks.meanGradient(b, this);
        } else if (b.dx(0) != null) {
            final long nanos = b.x(0).size() / 2;
            b.compute().run(b.task("backward", this, GlobalPooling::backwardTask), b.batch(), 1, nanos);
        }
    }

    private static RangeTask backwardTask(GlobalPooling layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException(layer.typeName() + " '" + b.name() + "': no gradient is asked for");
        }
        final MemorySegment dx = target.segment();
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final MemorySegment dy = b.dy(0).segment();
        final int channels = b.x(0).shape().last();
        final int cells = layer.cells(b);
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                final long xo = (long) i * cells * channels;
                final long yo = (long) i * channels;
                final var kernel = b.compute().kernels().pooling();
                if (layer.largest()) {
                    if (!b.accumulateDx(0)) {
                        b.compute().kernels().elementwise().fill(dx, xo, cells * channels, 0);
                    }
                    kernel.maxGradient(x, xo, y, yo, dy, yo, dx, xo, channels, 1, 0, 1, 0, 1, 0, cells);
                } else {
                    kernel.spread(dy, yo, dx, xo, channels, 1, 0, 1, 0, 1, 0, cells, cells, b.accumulateDx(0));
                }
            }
        };
    }

    @Override
    default boolean backwardReadsInput() {
        return largest();
    }

    @Override
    default boolean backwardReadsOutput() {
        return largest();
    }
}
