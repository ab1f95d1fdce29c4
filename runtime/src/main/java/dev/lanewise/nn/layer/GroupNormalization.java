package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.kernels.RowNormalizationKernel;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Brings each group of channels of each sample to mean 0 and variance 1:
/// `y = (x - mean) / sqrt(variance + epsilon) ·
/// gamma + beta`, with the mean and the (biased) variance over all cells and the channels of the group, and
/// a gamma and beta for each channel. One group is layer normalization over all axes, as many as channels
/// instance normalization.
///
/// The groups are brought together in scratch, where they are rows.
///
/// @param groups into how many the channels are split, evenly; -1 for one per channel
/// @param axis that of the channels, which must be the last
public record GroupNormalization(
        int groups,
        int axis,
        float epsilon,
        boolean center,
        boolean scale,
        Initializer betaInitializer,
        Initializer gammaInitializer)
        implements Layer {
    public GroupNormalization {
        if (groups < 1 && groups != -1) {
            throw new IllegalArgumentException("GroupNormalization: groups must be positive, or -1, got " + groups);
        }
    }

    /// So many groups, with Keras' defaults.
    public GroupNormalization(int groups) {
        this(groups, 1e-3f, true, true);
    }

    public GroupNormalization(int groups, float epsilon, boolean center, boolean scale) {
        this(groups, -1, epsilon, center, scale, new Initializers.Zeros(), new Initializers.Ones());
    }

    /// Keras' defaults: 32 groups.
    public GroupNormalization() {
        this(32);
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("GroupNormalization", inputs);
        if (Shapes.axis("GroupNormalization", axis, x) != x.rank() - 1) {
            throw new IllegalArgumentException(
                    "GroupNormalization: axis " + axis + " of " + x + " is not the last, which is not supported");
        }
        final int channels = x.last();
        if (channels == Shape.UNKNOWN || channels % groups(channels) != 0) {
            throw new IllegalArgumentException("GroupNormalization: the channels must be a multiple of " + groups
                    + " groups, got samples of shape " + x.withoutFirst());
        }
        return List.of(x);
    }

    private int groups(int channels) {
        return groups == -1 ? Math.max(1, channels) : groups;
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        final Shape channels = Shape.of(inputs.getFirst().last());
        final List<ParameterSpec> specs = new ArrayList<>();
        if (scale) {
            specs.add(new ParameterSpec("gamma", channels, gammaInitializer));
        }
        if (center) {
            specs.add(new ParameterSpec("beta", channels, betaInitializer));
        }
        return specs;
    }

    private int rows(Shape x) {
        return x.dim(0) * groups(x.last());
    }

    /// Mean and factor of each group.
    @Override
    public List<Shape> saved(List<Shape> inputs) {
        final Shape rows = Shape.of(rows(inputs.getFirst()));
        return List.of(rows, rows);
    }

    /// Two tensors by groups and one by cells, a row of ones and one of zeros, and two numbers a row.
    @Override
    public long scratch(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        final long rows = rows(x);
        return 3 * x.size() + 2 * x.size() / Math.max(1, rows) + 2 * rows;
    }

    /// The parts of the scratch, and all steps.
    private static final class Work {
        private final LayerBuffers b;
        private final GroupNormalization layer;
        private final int rows;
        private final int cols;
        private final int channels;
        private final Transposition toGroups;
        private final Transposition toCells;
        private final MemorySegment normal;
        private final MemorySegment gradient;
        private final MemorySegment cells;
        private final MemorySegment ones;
        private final MemorySegment zeros;
        private final MemorySegment a;
        private final MemorySegment shares;

        Work(GroupNormalization layer, LayerBuffers b) {
            this.b = b;
            this.layer = layer;
            final Shape x = b.x(0).shape();
            final int size = b.x(0).size();
            channels = x.last();
            final int groups = layer.groups(channels);
            final int each = channels / groups;
            rows = layer.rows(x);
            cols = rows == 0 ? 0 : size / rows;
            final int places = each == 0 ? 0 : cols / each;
            toGroups = new Transposition(Shape.of(x.dim(0), places, groups, each), 0, 2, 1, 3);
            toCells = new Transposition(Shape.of(x.dim(0), groups, places, each), 0, 2, 1, 3);
            final long bytes = 4L * size;
            final MemorySegment scratch = b.scratch();
            normal = scratch.asSlice(0, bytes);
            gradient = scratch.asSlice(bytes, bytes);
            cells = scratch.asSlice(2 * bytes, bytes);
            ones = scratch.asSlice(3 * bytes, 4L * cols);
            zeros = scratch.asSlice(3 * bytes + 4L * cols, 4L * cols);
            a = scratch.asSlice(3 * bytes + 8L * cols, 4L * rows);
            shares = scratch.asSlice(3 * bytes + 8L * cols + 4L * rows, 4L * rows);
        }

        void begin() {
            final ElementwiseKernel kernel = b.compute().kernels().elementwise();
            kernel.fill(ones, 0, cols, 1);
            kernel.fill(zeros, 0, cols, 0);
        }

        /// Normalizes some groups in place.
        void normalize(int from, int to, boolean withMoments) {
            final RowNormalizationKernel k = b.compute().kernels().rowNormalization();
            final MemorySegment mean = b.saved(0).segment();
            final MemorySegment factor = b.saved(1).segment();
            final long at = (long) from * cols;
            if (withMoments) {
                k.moments(normal, at, to - from, cols, mean, from, factor, from);
                RowNormalized.reciprocalRoots(factor, from, to, layer.epsilon);
            }
            k.normalize(normal, at, to - from, cols, mean, from, factor, from, ones, 0, zeros, 0, normal, at);
        }

        /// The gradient by some groups, in place of that by the normalized ones.
        void back(int from, int to) {
            final RowNormalizationKernel k = b.compute().kernels().rowNormalization();
            final MemorySegment factor = b.saved(1).segment();
            final long at = (long) from * cols;
            // What is normalized has center 0 and factor 1; the true factor comes last.
            for (int r = from; r < to; r++) {
                final long row = (long) r * cols;
                k.gradientSums(gradient, row, normal, row, 1, cols, zeros, 0, ones, 0, ones, 0, a, r, shares, r);
            }
            RowNormalized.divide(a, from, to, cols);
            RowNormalized.divide(shares, from, to, cols);
            for (int r = from; r < to; r++) {
                final long row = (long) r * cols;
                k.gradient(
                        gradient, row, normal, row, 1, cols, zeros, 0, ones, 0, ones, 0, a, r, shares, r, gradient, row,
                        false);
            }
            for (int r = from; r < to; r++) {
                final float by = factor.getAtIndex(java.lang.foreign.ValueLayout.JAVA_FLOAT, r);
                b.compute()
                        .kernels()
                        .elementwise()
                        .scaleShift(gradient, at + (long) (r - from) * cols, gradient, (long) r * cols, cols, by, 0);
            }
        }
    }

    /// The one [Work] of a call, kept as a task so that none is made in a step.
    private record Holder(Work work) implements RangeTask {
        @Override
        public void run(int from, int to) {
            work.normalize(from, to, true);
        }
    }

    private Holder holder(LayerBuffers b) {
        return (Holder) b.task("normalize", this, (layer, buffers) -> new Holder(new Work(layer, buffers)));
    }

    private Work work(LayerBuffers b) {
        return holder(b).work();
    }

    @Override
    public void forward(LayerBuffers b) {
        final Work work = work(b);
        final Compute compute = b.compute();
        final int n = b.x(0).size();
        work.begin();
        compute.run(b.task("turn", this, GroupNormalization::turnTask), work.toGroups.rows(), 1, n / 2);
        compute.run(holder(b), work.rows, 1, n);
        compute.run(b.task("back", this, GroupNormalization::backTask), work.toCells.rows(), 1, n / 2);
        final int cells = work.channels == 0 ? 0 : n / work.channels;
        if (scale || center) {
            compute.run(b.task("scale", this, GroupNormalization::scaleTask), cells, 1, n / 2);
        }
    }

    private static RangeTask turnTask(GroupNormalization layer, LayerBuffers b) {
        final Work work = layer.work(b);
        return (from, to) -> work.toGroups.run(b.x(0).segment(), work.normal, from, to, false);
    }

    private static RangeTask backTask(GroupNormalization layer, LayerBuffers b) {
        final Work work = layer.work(b);
        return (from, to) -> work.toCells.run(work.normal, b.y(0).segment(), from, to, false);
    }

    /// `y = y · gamma + beta`, cell by cell.
    private static RangeTask scaleTask(GroupNormalization layer, LayerBuffers b) {
        final MemorySegment y = b.y(0).segment();
        final MemorySegment gamma = layer.scale ? b.parameter(0).segment() : null;
        final MemorySegment beta =
                layer.center ? b.parameter(layer.scale ? 1 : 0).segment() : null;
        final int channels = b.x(0).shape().last();
        return (from, to) -> {
            final ElementwiseKernel kernel = b.compute().kernels().elementwise();
            for (long at = (long) from * channels; at < (long) to * channels; at += channels) {
                if (gamma != null) {
                    kernel.multiply(y, at, gamma, 0, y, at, channels);
                }
                if (beta != null) {
                    kernel.add(y, at, beta, 0, y, at, channels);
                }
            }
        };
    }

    @Override
    public void backward(LayerBuffers b) {
        final Work work = work(b);
        final Compute compute = b.compute();
        final int n = b.x(0).size();
        work.begin();
        compute.run(b.task("turn", this, GroupNormalization::turnTask), work.toGroups.rows(), 1, n / 2);
        compute.run(b.task("again", this, GroupNormalization::againTask), work.rows, 1, n);
        final int cells = work.channels == 0 ? 0 : n / work.channels;
        final Tensor dGamma = scale ? b.gradient(0) : null;
        final Tensor dBeta = center ? b.gradient(scale ? 1 : 0) : null;
        if (dGamma != null) {
            compute.run(b.task("products", this, GroupNormalization::productsTask), work.toCells.rows(), 1, n);
            columnSums(b, work.cells, dGamma, b.accumulateGradient(0), cells);
        }
        if (dBeta != null) {
            columnSums(b, b.dy(0).segment(), dBeta, b.accumulateGradient(scale ? 1 : 0), cells);
        }
        if (b.dx(0) == null) {
            return;
        }
        compute.run(b.task("gradient", this, GroupNormalization::gradientTask), cells, 1, n / 2);
        compute.run(b.task("turn gradient", this, GroupNormalization::turnGradientTask), work.toGroups.rows(), 1, n);
        compute.run(b.task("backward", this, GroupNormalization::backwardTask), work.rows, 1, 2L * n);
        compute.run(b.task("dx", this, GroupNormalization::dxTask), work.toCells.rows(), 1, n / 2);
    }

    private static void columnSums(LayerBuffers b, MemorySegment values, Tensor sums, boolean accumulate, int cells) {
        b.compute()
                .kernels()
                .reduction()
                .columnSums(values, 0, cells, sums.size(), sums.size(), sums.segment(), 0, accumulate);
    }

    private static RangeTask againTask(GroupNormalization layer, LayerBuffers b) {
        final Work work = layer.work(b);
        return (from, to) -> work.normalize(from, to, false);
    }

    /// The normalized ones by cells, times `dy`.
    private static RangeTask productsTask(GroupNormalization layer, LayerBuffers b) {
        final Work work = layer.work(b);
        final MemorySegment dy = b.dy(0).segment();
        final int each = work.channels / layer.groups(work.channels);
        return (from, to) -> {
            work.toCells.run(work.normal, work.cells, from, to, false);
            final long at = (long) from * each;
            b.compute().kernels().elementwise().multiply(work.cells, at, dy, at, work.cells, at, (to - from) * each);
        };
    }

    /// The gradient by the normalized ones, by cells.
    private static RangeTask gradientTask(GroupNormalization layer, LayerBuffers b) {
        final Work work = layer.work(b);
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment gamma = layer.scale ? b.parameter(0).segment() : null;
        final int channels = work.channels;
        return (from, to) -> {
            for (long at = (long) from * channels; at < (long) to * channels; at += channels) {
                if (gamma == null) {
                    MemorySegment.copy(dy, 4 * at, work.cells, 4 * at, 4L * channels);
                } else {
                    b.compute().kernels().elementwise().multiply(dy, at, gamma, 0, work.cells, at, channels);
                }
            }
        };
    }

    private static RangeTask turnGradientTask(GroupNormalization layer, LayerBuffers b) {
        final Work work = layer.work(b);
        return (from, to) -> work.toGroups.run(work.cells, work.gradient, from, to, false);
    }

    private static RangeTask backwardTask(GroupNormalization layer, LayerBuffers b) {
        final Work work = layer.work(b);
        return work::back;
    }

    private static RangeTask dxTask(GroupNormalization layer, LayerBuffers b) {
        final Work work = layer.work(b);
        final @Nullable Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("GroupNormalization '" + b.name() + "': no gradient is asked for");
        }
        final MemorySegment dx = target.segment();
        return (from, to) -> work.toCells.run(work.gradient, dx, from, to, b.accumulateDx(0));
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
