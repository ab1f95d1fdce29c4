package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Masks the steps of `x[batch, steps, …, features]` whose features all are `maskValue`: they become 0, and
/// the mask
/// `[batch, steps, …]` is 0 there and 1 elsewhere, for the layers behind.
public record Masking(float maskValue) implements Layer {
    /// Steps of zeros are masked.
    public Masking() {
        this(0);
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("Masking", inputs);
        if (x.rank() < 2) {
            throw new IllegalArgumentException("Masking: input must have two dimensions or more, got " + x);
        }
        return List.of(x);
    }

    @Override
    public List<@Nullable Shape> outputMasks(List<Shape> inputs, List<@Nullable Shape> masks) {
        return List.of(inputs.getFirst().withoutLast());
    }

    @Override
    public void forward(LayerBuffers b) {
        run(b, b.task("forward", this, Masking::forwardTask));
    }

    @Override
    public void backward(LayerBuffers b) {
        if (b.dx(0) != null) {
            run(b, b.task("backward", this, Masking::backwardTask));
        }
    }

    private static void run(LayerBuffers b, RangeTask task) {
        final int features = b.x(0).shape().last();
        b.compute().run(task, b.x(0).size() / Math.max(1, features), 16, b.x(0).size() / 2L);
    }

    private static MemorySegment mask(LayerBuffers b) {
        return Objects.requireNonNull(b.outputMask(0), "no memory for the mask").segment();
    }

    private static RangeTask forwardTask(Masking layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final MemorySegment mask = mask(b);
        final int features = b.x(0).shape().last();
        return (from, to) -> {
            for (int row = from; row < to; row++) {
                final long at = (long) row * features;
                boolean counts = false;
                for (int i = 0; i < features; i++) {
                    counts |= x.getAtIndex(JAVA_FLOAT, at + i) != layer.maskValue;
                }
                mask.setAtIndex(JAVA_FLOAT, row, counts ? 1 : 0);
                b.compute().kernels().elementwise().scaleShift(x, at, y, at, features, counts ? 1 : 0, 0);
            }
        };
    }

    private static RangeTask backwardTask(Masking layer, LayerBuffers b) {
        final MemorySegment dy = b.dy(0).segment();
        final Tensor target = Objects.requireNonNull(b.dx(0), "no gradient is asked for");
        final MemorySegment dx = target.segment();
        final MemorySegment mask = mask(b);
        final int features = target.shape().last();
        return (from, to) -> {
            for (int row = from; row < to; row++) {
                final long at = (long) row * features;
                final float factor = mask.getAtIndex(JAVA_FLOAT, row);
                if (b.accumulateDx(0)) {
                    b.compute().kernels().elementwise().axpy(factor, dy, at, dx, at, features);
                } else {
                    b.compute().kernels().elementwise().scaleShift(dy, at, dx, at, features, factor, 0);
                }
            }
        };
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
