package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Shifts and scales inputs by numbers that were found before training:
/// `y = (x - mean) / max(sqrt(variance), 1e-7)`,
/// or the other way with `invert`: `y = mean + x · max(sqrt(variance), 1e-7)`.
///
/// The numbers are settings, or else weights that are not trained (and `count`, which nothing reads).
///
/// @param axis axes of which each place has numbers of its own, counted from 0, the batch, which is not
///     allowed; negative ones from the end; none for one mean and one variance
/// @param mean one for each place of these axes in order, or one for all; null for weights
/// @param variance likewise
public record Normalization(
        @Nullable List<Integer> axis,
        @Nullable List<Float> mean,
        @Nullable List<Float> variance,
        boolean invert) implements Layer {
    private static final float EPSILON = 1e-7f;

    public Normalization {
        axis = axis == null ? List.of() : List.copyOf(axis);
        mean = mean == null ? null : List.copyOf(mean);
        variance = variance == null ? null : List.copyOf(variance);
        if ((mean == null) != (variance == null) || (mean != null && mean.size() != variance.size())) {
            throw new IllegalArgumentException("Normalization: mean and variance must have equally many numbers, got "
                    + mean + " and " + variance);
        }
    }

    /// Keras' defaults: weights for each place of the last axis.
    public Normalization() {
        this(List.of(-1), null, null, false);
    }

    /// The kept axes of a sample, and 1 for all others.
    private Shape kept(Shape x) {
        Shape kept = Shape.of(1);
        for (int i = 1; i < x.rank(); i++) {
            boolean keeps = false;
            for (int one : axis == null ? List.<Integer>of() : axis) {
                keeps |= Shapes.axis("Normalization", one, x) == i;
            }
            if (keeps && x.dim(i) == Shape.UNKNOWN) {
                throw new IllegalArgumentException(
                        "Normalization: dimension " + i + " of the input must be known, got " + x);
            }
            kept = kept.append(keeps ? x.dim(i) : 1);
        }
        return kept;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("Normalization", inputs);
        for (int one : axis == null ? List.<Integer>of() : axis) {
            Shapes.axis("Normalization", one, x);
        }
        final long places = kept(x).size();
        if (mean != null && mean.size() != 1 && mean.size() != places) {
            throw new IllegalArgumentException("Normalization: mean has " + mean.size() + " numbers, expected " + places
                    + " for axis " + axis + " of samples of shape " + x.withoutFirst());
        }
        return List.of(x);
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        if (mean != null) {
            return List.of();
        }
        final Shape x = inputs.getFirst();
        final Shape kept = kept(x);
        Shape weights = Shape.of();
        for (int i = 1; i < x.rank(); i++) {
            boolean keeps = false;
            for (int one : axis == null ? List.<Integer>of() : axis) {
                keeps |= Shapes.axis("Normalization", one, x) == i;
            }
            weights = keeps ? weights.append(kept.dim(i)) : weights;
        }
        return List.of(
                new ParameterSpec("mean", weights, new Initializers.Zeros(), false),
                new ParameterSpec("variance", weights, new Initializers.Ones(), false),
                new ParameterSpec("count", Shape.of(), new Initializers.Zeros(), false));
    }

    /// Means and deviations by place, and as large as a sample.
    @Override
    public long scratch(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        return 2 * kept(x).size() + 2 * x.with(0, 1).size();
    }

    /// The mean and the deviation of each element of a sample.
    private final class Sample implements RangeTask {
        private final LayerBuffers b;
        private final MemorySegment means;
        private final MemorySegment deviations;
        private final MemorySegment mean;
        private final MemorySegment deviation;
        private final int places;
        private final int size;
        private final Broadcast broadcast;

        Sample(LayerBuffers b) {
            this.b = b;
            final Shape sample = b.x(0).shape().with(0, 1);
            final Shape kept = kept(sample);
            places = (int) kept.size();
            size = (int) sample.size();
            broadcast = new Broadcast(kept, sample);
            final MemorySegment scratch = b.scratch();
            means = scratch.asSlice(0, 4L * places);
            deviations = scratch.asSlice(4L * places, 4L * places);
            mean = scratch.asSlice(8L * places, 4L * size);
            deviation = scratch.asSlice(8L * places + 4L * size, 4L * size);
        }

        private float number(@Nullable List<Float> constants, int weight, int place) {
            return constants == null
                    ? b.parameter(weight).segment().getAtIndex(JAVA_FLOAT, place)
                    : constants.get(constants.size() == 1 ? 0 : place);
        }

        void begin() {
            for (int i = 0; i < places; i++) {
                means.setAtIndex(JAVA_FLOAT, i, number(Normalization.this.mean, 0, i));
                final float root = (float) Math.sqrt(number(variance, 1, i));
                deviations.setAtIndex(JAVA_FLOAT, i, Math.max(root, EPSILON));
            }
            broadcast.expand(b.compute().kernels(), means, mean, 0, broadcast.rows());
            broadcast.expand(b.compute().kernels(), deviations, deviation, 0, broadcast.rows());
        }

        /// Forward over some samples.
        @Override
        public void run(int from, int to) {
            final ElementwiseKernel k = b.compute().kernels().elementwise();
            final MemorySegment x = b.x(0).segment();
            final MemorySegment y = b.y(0).segment();
            for (long at = (long) from * size; at < (long) to * size; at += size) {
                if (invert) {
                    k.multiply(x, at, deviation, 0, y, at, size);
                    k.add(y, at, mean, 0, y, at, size);
                } else {
                    k.subtract(x, at, mean, 0, y, at, size);
                    k.divide(y, at, deviation, 0, y, at, size);
                }
            }
        }
    }

    private Sample sample(LayerBuffers b) {
        return (Sample) b.task("forward", this, (layer, buffers) -> layer.new Sample(buffers));
    }

    @Override
    public void forward(LayerBuffers b) {
        final Sample sample = sample(b);
        sample.begin();
        b.compute().run(sample, b.batch(), 1, b.x(0).size() / 4);
    }

    @Override
    public void backward(LayerBuffers b) {
        if (b.dx(0) != null) {
            sample(b).begin();
            b.compute().run(b.task("backward", this, Normalization::backwardTask), b.batch(), 1, b.x(0).size() / 4);
        }
    }

    /// `dx = dy / deviation`, or times it.
    private static RangeTask backwardTask(Normalization layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("Normalization '" + b.name() + "': no gradient is asked for");
        }
        final Sample sample = layer.sample(b);
        final MemorySegment dx = target.segment();
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment deviation = sample.deviation;
        final int size = sample.size;
        return (from, to) -> {
            for (long at = (long) from * size; at < (long) to * size; at += size) {
                divide(b, layer.invert, dy, dx, at, deviation, size);
            }
        };
    }

    private static void divide(
            LayerBuffers b,
            boolean invert,
            MemorySegment dy,
            MemorySegment dx,
            long at,
            MemorySegment deviation,
            int size) {
        final ElementwiseKernel k = b.compute().kernels().elementwise();
        if (!b.accumulateDx(0)) {
            if (invert) {
                k.multiply(dy, at, deviation, 0, dx, at, size);
            } else {
                k.divide(dy, at, deviation, 0, dx, at, size);
            }
        } else if (invert) {
            k.multiplyAdd(dy, at, deviation, 0, dx, at, size);
        } else {
            for (int i = 0; i < size; i++) {
                final float g = dy.getAtIndex(JAVA_FLOAT, at + i) / deviation.getAtIndex(JAVA_FLOAT, i);
                dx.setAtIndex(JAVA_FLOAT, at + i, dx.getAtIndex(JAVA_FLOAT, at + i) + g);
            }
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
