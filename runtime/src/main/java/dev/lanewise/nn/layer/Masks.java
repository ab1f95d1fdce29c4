package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What layers share that make masks of masks, or take a mean of what is not masked.
final class Masks {
    private Masks() {}

    /// The one shape of all these masks; none where an input has no mask, or one of another shape.
    static List<@Nullable Shape> common(List<@Nullable Shape> masks) {
        final Shape first = masks.isEmpty() ? null : masks.getFirst();
        for (Shape mask : masks) {
            if (mask == null || first == null || !mask.equals(first)) {
                return List.of();
            }
        }
        return first == null ? List.of() : List.of(first);
    }

    /// Writes the mask of merged inputs: what counts in one of them counts.
    static void writeAny(LayerBuffers b) {
        final Tensor mask = b.outputMask(0);
        for (int i = 0; mask != null && i < mask.size(); i++) {
            boolean counts = false;
            for (int k = 0; k < b.inputs(); k++) {
                counts |= isOn(b.mask(k), i);
            }
            mask.set(i, counts ? 1 : 0);
        }
    }

    /// Writes the mask of inputs that stand one after the other along an axis.
    ///
    /// @param axis counted from 0, the batch
    static void writeConcatenated(LayerBuffers b, int axis) {
        final Tensor mask = b.outputMask(0);
        if (mask == null) {
            return;
        }
        if (axis == b.y(0).shape().rank() - 1) {
            writeAny(b);
            return;
        }
        long row = 1;
        for (int i = axis; i < mask.shape().rank(); i++) {
            row *= mask.shape().dim(i);
        }
        long at = 0;
        for (int k = 0; k < b.inputs(); k++) {
            long part = 1;
            for (int i = axis; i < mask.shape().rank(); i++) {
                part *= b.x(k).shape().dim(i);
            }
            for (long i = 0; part > 0 && i < mask.size() / row * part; i++) {
                mask.set(i / part * row + at + i % part, isOn(b.mask(k), i) ? 1 : 0);
            }
            at += part;
        }
    }

    /// Whether element `i` counts; without a mask all do.
    private static boolean isOn(@Nullable Tensor mask, long i) {
        return mask == null || mask.get(i) != 0;
    }

    /// The mean over the steps that count: `y[n, c] = Σ_t m[n, t] x[n, t, c] / Σ_t m[n, t]`.
    static <L extends Layer> void mean(LayerBuffers b, L layer) {
        b.compute().run(b.task("masked mean", layer, Masks::meanTask), b.batch(), 1, b.x(0).size() / 4);
    }

    private static <L extends Layer> RangeTask meanTask(L layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final Tensor mask = Objects.requireNonNull(b.mask(0), "no mask");
        final int steps = b.x(0).shape().dim(1);
        final int channels = b.x(0).shape().last();
        return (from, to) -> {
            final ElementwiseKernel kernel = b.compute().kernels().elementwise();
            for (int n = from; n < to; n++) {
                final long yo = (long) n * channels;
                kernel.fill(y, yo, channels, 0);
                for (int t = 0; t < steps; t++) {
                    final long row = (long) n * steps + t;
                    kernel.axpy(mask.get(row), x, row * channels, y, yo, channels);
                }
                kernel.scaleShift(y, yo, y, yo, channels, 1 / count(mask, n, steps), 0);
            }
        };
    }

    private static float count(Tensor mask, int n, int steps) {
        float count = 0;
        for (int t = 0; t < steps; t++) {
            count += mask.segment().getAtIndex(JAVA_FLOAT, (long) n * steps + t);
        }
        return count;
    }

    /// The gradient of [#mean].
    static <L extends Layer> void meanGradient(LayerBuffers b, L layer) {
        b.compute()
                .run(b.task("masked mean gradient", layer, Masks::meanGradientTask), b.batch(), 1, b.x(0).size() / 4);
    }

    private static <L extends Layer> RangeTask meanGradientTask(L layer, LayerBuffers b) {
        final MemorySegment dx =
                Objects.requireNonNull(b.dx(0), "no gradient is asked for").segment();
        final MemorySegment dy = b.dy(0).segment();
        final Tensor mask = Objects.requireNonNull(b.mask(0), "no mask");
        final int steps = b.x(0).shape().dim(1);
        final int channels = b.x(0).shape().last();
        return (from, to) -> {
            final ElementwiseKernel kernel = b.compute().kernels().elementwise();
            for (int n = from; n < to; n++) {
                final float share = 1 / count(mask, n, steps);
                for (int t = 0; t < steps; t++) {
                    final long row = (long) n * steps + t;
                    final float factor = mask.get(row) * share;
                    if (b.accumulateDx(0)) {
                        kernel.axpy(factor, dy, (long) n * channels, dx, row * channels, channels);
                    } else {
                        kernel.scaleShift(dy, (long) n * channels, dx, row * channels, channels, factor, 0);
                    }
                }
            }
        };
    }
}
