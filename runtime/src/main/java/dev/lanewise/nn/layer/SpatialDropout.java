package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// What layers share that drop whole channels: inverted dropout with one random number for each channel of each
/// sample. Nothing is stored: backward draws the same numbers again.
interface SpatialDropout extends Layer {
    /// Probability with which a channel is dropped.
    float rate();

    /// Number of spatial axes.
    int axes();

    @Override
    default boolean passesMask() {
        return true;
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Windows.samples(typeName(), axes(), inputs));
    }

    static void check(String type, float rate) {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException(type + ": rate must be from 0 to below 1, got " + rate);
        }
    }

    /// A factor for each channel of each sample.
    @Override
    default long scratch(List<Shape> inputs) {
        return (long) inputs.getFirst().dim(0) * inputs.getFirst().last();
    }

    private boolean drops(LayerBuffers b) {
        return b.training() && rate() > 0;
    }

    /// Dropout of ones.
    private void drawFactors(LayerBuffers b) {
        final Noise noise = (Noise) b.task("draw", this, (layer, buffers) -> new Noise(buffers));
        final int n = b.batch() * b.x(0).shape().last();
        final ElementwiseKernel kernel = b.compute().kernels().elementwise();
        kernel.fill(b.scratch(), 0, n, 1);
        kernel.dropout(b.scratch(), 0, b.scratch(), 0, n, rate(), noise.key(), b.step(), 0, false);
    }

    @Override
    default void forward(LayerBuffers b) {
        if (!drops(b)) {
            Noise.copy(b);
            return;
        }
        drawFactors(b);
        final int cells = b.x(0).size() / b.x(0).shape().last();
        b.compute().run(b.task("forward", this, SpatialDropout::forwardTask), cells, 1, b.x(0).size() / 4);
    }

    private static RangeTask forwardTask(SpatialDropout layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final int channels = b.x(0).shape().last();
        final int cells = b.x(0).size() / channels / b.batch();
        return (from, to) -> {
            final ElementwiseKernel kernel = b.compute().kernels().elementwise();
            for (int cell = from; cell < to; cell++) {
                final long at = (long) cell * channels;
                kernel.multiply(x, at, b.scratch(), (long) (cell / cells) * channels, y, at, channels);
            }
        };
    }

    @Override
    default void backward(LayerBuffers b) {
        if (b.dx(0) == null) {
            return;
        }
        if (!drops(b)) {
            Reshape.copyGradient(b);
            return;
        }
        drawFactors(b);
        final int cells = b.x(0).size() / b.x(0).shape().last();
        b.compute().run(b.task("backward", this, SpatialDropout::backwardTask), cells, 1, b.x(0).size() / 4);
    }

    private static RangeTask backwardTask(SpatialDropout layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException(layer.typeName() + " '" + b.name() + "': no gradient is asked for");
        }
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dx = target.segment();
        final int channels = target.shape().last();
        final int cells = target.size() / channels / b.batch();
        return (from, to) -> {
            final ElementwiseKernel kernel = b.compute().kernels().elementwise();
            for (int cell = from; cell < to; cell++) {
                final long at = (long) cell * channels;
                final long factors = (long) (cell / cells) * channels;
                if (b.accumulateDx(0)) {
                    kernel.multiplyAdd(dy, at, b.scratch(), factors, dx, at, channels);
                } else {
                    kernel.multiply(dy, at, b.scratch(), factors, dx, at, channels);
                }
            }
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

    @Override
    default boolean worksInPlace() {
        return true;
    }
}
