package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.RowNormalizationKernel;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What layers share that bring each row of a tensor to a scale of its own: `n = (x - center) · factor` and
/// `y = n ·
/// gamma + beta`. A row has the elements along the normalized axes; where these are not the last ones, rows are
/// brought together in scratch.
interface RowNormalized extends Layer {
    /// Columns that a cut of the gradient by gamma is a multiple of.
    int QUANTUM = 64;

    /// The normalized axes, counted from 0, the batch; negative ones from the end.
    List<Integer> axis();

    /// Place of gamma among the weights; negative where there is none.
    int gamma();

    /// Place of beta among the weights; negative where there is none.
    int beta();

    /// Writes center and factor of rows `from .. to`, and what [#shares] wants to know of each.
    void statistics(
            RowNormalizationKernel k,
            MemorySegment x,
            int from,
            int to,
            int cols,
            MemorySegment center,
            MemorySegment factor,
            MemorySegment kept);

    /// Makes of `a[r] = Σ g` and `b[r] = Σ g · n`, with `g = dy · gamma`, what is in
    /// `dx = (g - a - n · b) · factor`.
    void shares(int from, int to, int cols, MemorySegment factor, MemorySegment kept, MemorySegment a, MemorySegment b);

    /// Where the rows of a tensor are.
    final class Rows {
        private final int rows;
        private final int cols;

        /// The order of axes that brings rows together; null where they are.
        private final int @Nullable [] toEnd;

        private Rows(int rows, int cols, int @Nullable [] toEnd) {
            this.rows = rows;
            this.cols = cols;
            this.toEnd = toEnd;
        }

        static Rows of(RowNormalized layer, Shape x) {
            final int[] axes = layer.axes(x);
            boolean last = true;
            int cols = 1;
            for (int i = 0; i < axes.length; i++) {
                last &= axes[i] == x.rank() - axes.length + i;
                cols *= x.dim(axes[i]);
            }
            final int rows = cols == 0 ? 0 : (int) (x.size() / cols);
            return new Rows(rows, cols, last ? null : Transposition.toEnd(x, axes));
        }
    }

    private int[] axes(Shape x) {
        final int[] axes = new int[axis().size()];
        for (int i = 0; i < axes.length; i++) {
            axes[i] = Shapes.axis(typeName(), axis().get(i), x);
            if (i > 0 && axes[i] <= axes[i - 1]) {
                throw new IllegalArgumentException(
                        typeName() + ": axes must be in ascending order, got " + axis() + " of " + x);
            }
        }
        if (axes.length == 0) {
            throw new IllegalArgumentException(typeName() + ": axis must not be empty");
        }
        return axes;
    }

    /// Shape of gamma and beta.
    default Shape weightShape(List<Shape> inputs) {
        final Shape x = Shapes.single(typeName(), inputs);
        Shape weight = Shape.of();
        for (int axis : axes(x)) {
            if (x.dim(axis) == Shape.UNKNOWN) {
                throw new IllegalArgumentException(
                        typeName() + ": dimension " + axis + " of the input must be known, got " + x);
            }
            weight = weight.append(x.dim(axis));
        }
        return weight;
    }

    @Override
    default boolean passesMask() {
        return true;
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single(typeName(), inputs);
        axes(x);
        return List.of(x);
    }

    /// Center and factor of each row, and a number that the layer keeps.
    @Override
    default List<Shape> saved(List<Shape> inputs) {
        final Shape rows = Shape.of(Rows.of(this, inputs.getFirst()).rows);
        return List.of(rows, rows, rows);
    }

    /// A row of ones, one of zeros, two numbers a row; and where rows lie apart, two tensors.
    @Override
    default long scratch(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        final Rows rows = Rows.of(this, x);
        return 2L * rows.cols + 2L * rows.rows + (rows.toEnd == null ? 0 : 2 * x.size());
    }

    /// The parts of the scratch, and the tasks that work on them.
    final class Work implements RangeTask {
        private final RowNormalized layer;
        private final LayerBuffers b;
        private final Rows rows;
        private final MemorySegment ones;
        private final MemorySegment zeros;
        private final MemorySegment a;
        private final MemorySegment shares;
        private final MemorySegment x;
        private final MemorySegment y;
        private final @Nullable Transposition turn;
        private final @Nullable Transposition back;

        private Work(RowNormalized layer, LayerBuffers b) {
            this.layer = layer;
            this.b = b;
            final Shape shape = b.x(0).shape();
            rows = Rows.of(layer, shape);
            final MemorySegment scratch = b.scratch();
            final long cols = 4L * rows.cols;
            final long count = 4L * rows.rows;
            ones = scratch.asSlice(0, cols);
            zeros = scratch.asSlice(cols, cols);
            a = scratch.asSlice(2 * cols, count);
            shares = scratch.asSlice(2 * cols + count, count);
            final int[] toEnd = rows.toEnd;
            if (toEnd == null) {
                turn = null;
                back = null;
                x = b.x(0).segment();
                y = b.y(0).segment();
            } else {
                final long bytes = b.x(0).segment().byteSize();
                x = scratch.asSlice(2 * cols + 2 * count, bytes);
                y = scratch.asSlice(2 * cols + 2 * count + bytes, bytes);
                turn = new Transposition(shape, toEnd);
                final int[] turned = new int[toEnd.length];
                for (int i = 0; i < turned.length; i++) {
                    turned[i] = shape.dim(toEnd[i]);
                }
                back = new Transposition(Shape.of(turned), Transposition.inverse(toEnd));
            }
        }

        private MemorySegment gamma() {
            return layer.gamma() < 0 ? ones : b.parameter(layer.gamma()).segment();
        }

        private MemorySegment beta() {
            return layer.beta() < 0 ? zeros : b.parameter(layer.beta()).segment();
        }

        private void begin() {
            final var kernel = b.compute().kernels().elementwise();
            kernel.fill(ones, 0, rows.cols, 1);
            kernel.fill(zeros, 0, rows.cols, 0);
        }

        /// Forward over some rows.
        @Override
        public void run(int from, int to) {
            final RowNormalizationKernel k = b.compute().kernels().rowNormalization();
            final int cols = rows.cols;
            final MemorySegment center = b.saved(0).segment();
            final MemorySegment factor = b.saved(1).segment();
            final long at = (long) from * cols;
            layer.statistics(k, x, from, to, cols, center, factor, b.saved(2).segment());
            k.normalize(x, at, to - from, cols, center, from, factor, from, gamma(), 0, beta(), 0, y, at);
        }
    }

    private Work work(LayerBuffers b) {
        return (Work) b.task("forward", this, Work::new);
    }

    @Override
    default void forward(LayerBuffers b) {
        final Work work = work(b);
        final Compute compute = b.compute();
        final int n = b.x(0).size();
        work.begin();
        if (work.turn != null) {
            compute.run(b.task("turn", this, RowNormalized::turnTask), work.turn.rows(), 1, n / 2);
        }
        compute.run(work, work.rows.rows, 1, n);
        if (work.back != null) {
            compute.run(b.task("back", this, RowNormalized::backTask), work.back.rows(), 1, n / 2);
        }
    }

    private static RangeTask turnTask(RowNormalized layer, LayerBuffers b) {
        final Work work = layer.work(b);
        return (from, to) -> {
            if (work.turn != null) {
                work.turn.run(b.x(0).segment(), work.x, from, to, false);
            }
        };
    }

    private static RangeTask backTask(RowNormalized layer, LayerBuffers b) {
        final Work work = layer.work(b);
        return (from, to) -> {
            if (work.back != null) {
                work.back.run(work.y, b.y(0).segment(), from, to, false);
            }
        };
    }

    @Override
    default void backward(LayerBuffers b) {
        final Work work = work(b);
        final Compute compute = b.compute();
        final int n = b.x(0).size();
        work.begin();
        if (work.turn != null) {
            compute.run(b.task("turn", this, RowNormalized::turnTask), work.turn.rows(), 1, n / 2);
            compute.run(b.task("turn dy", this, RowNormalized::turnGradientTask), work.turn.rows(), 1, n / 2);
        }
        final int cols = work.rows.cols;
        if (gamma() >= 0 && b.gradient(gamma()) != null) {
            compute.run(b.task("gamma", this, RowNormalized::gammaTask), cols, QUANTUM, n / 2);
        }
        if (beta() >= 0 && b.gradient(beta()) != null) {
            compute.run(b.task("beta", this, RowNormalized::betaTask), cols, QUANTUM, n / 4);
        }
        if (b.dx(0) != null) {
            compute.run(b.task("backward", this, RowNormalized::backwardTask), work.rows.rows, 1, 2L * n);
            if (work.back != null) {
                compute.run(b.task("back dx", this, RowNormalized::backGradientTask), work.back.rows(), 1, n / 2);
            }
        }
    }

    private static RangeTask turnGradientTask(RowNormalized layer, LayerBuffers b) {
        final Work work = layer.work(b);
        return (from, to) -> {
            if (work.turn != null) {
                work.turn.run(b.dy(0).segment(), work.y, from, to, false);
            }
        };
    }

    private static RangeTask backGradientTask(RowNormalized layer, LayerBuffers b) {
        final Work work = layer.work(b);
        final MemorySegment dx = gradient(b.dx(0), b).segment();
        return (from, to) -> {
            if (work.back != null) {
                work.back.run(work.y, dx, from, to, b.accumulateDx(0));
            }
        };
    }

    private static RangeTask gammaTask(RowNormalized layer, LayerBuffers b) {
        final Work work = layer.work(b);
        final MemorySegment dy = work.turn == null ? b.dy(0).segment() : work.y;
        final MemorySegment center = b.saved(0).segment();
        final MemorySegment factor = b.saved(1).segment();
        final MemorySegment dGamma = gradient(b.gradient(layer.gamma()), b).segment();
        final int rows = work.rows.rows;
        final int ld = work.rows.cols;
        return (from, to) -> b.compute()
                .kernels()
                .rowNormalization()
                .gammaGradient(
                        dy,
                        from,
                        work.x,
                        from,
                        rows,
                        to - from,
                        ld,
                        center,
                        0,
                        factor,
                        0,
                        dGamma,
                        from,
                        b.accumulateGradient(layer.gamma()));
    }

    private static RangeTask betaTask(RowNormalized layer, LayerBuffers b) {
        final Work work = layer.work(b);
        final MemorySegment dy = work.turn == null ? b.dy(0).segment() : work.y;
        final MemorySegment dBeta = gradient(b.gradient(layer.beta()), b).segment();
        final int rows = work.rows.rows;
        final int ld = work.rows.cols;
        return (from, to) -> b.compute()
                .kernels()
                .reduction()
                .columnSums(dy, from, rows, to - from, ld, dBeta, from, b.accumulateGradient(layer.beta()));
    }

    private static RangeTask backwardTask(RowNormalized layer, LayerBuffers b) {
        final Work work = layer.work(b);
        final boolean direct = work.turn == null;
        final MemorySegment dy = direct ? b.dy(0).segment() : work.y;
        final MemorySegment dx = direct ? gradient(b.dx(0), b).segment() : work.y;
        final MemorySegment center = b.saved(0).segment();
        final MemorySegment factor = b.saved(1).segment();
        final int cols = work.rows.cols;
        return (from, to) -> {
            final RowNormalizationKernel k = b.compute().kernels().rowNormalization();
            final int rows = to - from;
            final long at = (long) from * cols;
            final MemorySegment gamma = work.gamma();
            k.gradientSums(
                    dy,
                    at,
                    work.x,
                    at,
                    rows,
                    cols,
                    center,
                    from,
                    factor,
                    from,
                    gamma,
                    0,
                    work.a,
                    from,
                    work.shares,
                    from);
            layer.shares(from, to, cols, factor, b.saved(2).segment(), work.a, work.shares);
            k.gradient(
                    dy,
                    at,
                    work.x,
                    at,
                    rows,
                    cols,
                    center,
                    from,
                    factor,
                    from,
                    gamma,
                    0,
                    work.a,
                    from,
                    work.shares,
                    from,
                    dx,
                    at,
                    direct && b.accumulateDx(0));
        };
    }

    private static Tensor gradient(@Nullable Tensor gradient, LayerBuffers b) {
        if (gradient == null) {
            throw new IllegalStateException("layer '" + b.name() + "': no gradient is asked for");
        }
        return gradient;
    }

    /// `factor = 1 / sqrt(factor + epsilon)` for some rows, in double.
    static void reciprocalRoots(MemorySegment factor, int from, int to, float epsilon) {
        for (int r = from; r < to; r++) {
            final double variance = factor.getAtIndex(JAVA_FLOAT, r);
            factor.setAtIndex(JAVA_FLOAT, r, (float) (1 / Math.sqrt(variance + epsilon)));
        }
    }

    /// Divides some numbers.
    static void divide(MemorySegment values, int from, int to, float by) {
        for (int r = from; r < to; r++) {
            values.setAtIndex(JAVA_FLOAT, r, values.getAtIndex(JAVA_FLOAT, r) / by);
        }
    }

    @Override
    default boolean backwardReadsOutput() {
        return false;
    }
}
