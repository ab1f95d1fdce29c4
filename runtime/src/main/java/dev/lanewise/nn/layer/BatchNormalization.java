package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.OptimizerKernel;
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

/// Batch normalization: `y[…, c] = (x[…, c] - mean[c]) · gamma[c] / sqrt(variance[c] + epsilon) + beta[c]`.
///
/// In training mean and variance are the batch's (the variance over n, not n - 1), and the gradient goes
/// through them; a step that went well moves the moving ones: `moving = moving · momentum + batch · (1 -
/// momentum)`. Otherwise, and as in Keras always in a frozen layer, they are the moving ones. With the mask
/// of sequences `[batch, steps, channels]` the batch's are those of the steps that count, as in Keras 3;
/// every step is normalized by them.
///
/// @param axis of the channels, counted from the end where it is negative; -1, the last, is the fastest
/// @param center whether there is a beta
/// @param scale whether there is a gamma
public record BatchNormalization(
        int axis,
        float momentum,
        float epsilon,
        boolean center,
        boolean scale,
        Initializer betaInitializer,
        Initializer gammaInitializer,
        Initializer movingMeanInitializer,
        Initializer movingVarianceInitializer)
        implements Layer {
    /// Rows that a cut of the work is a multiple of.
    private static final int QUANTUM = 16;

    public BatchNormalization {
        if (!(momentum >= 0 && momentum <= 1)) {
            throw new IllegalArgumentException("BatchNormalization: momentum must be in 0 to 1, got " + momentum);
        }
        if (!(epsilon >= 0) || Float.isInfinite(epsilon)) {
            throw new IllegalArgumentException("BatchNormalization: epsilon must be 0 or more, got " + epsilon);
        }
    }

    /// Keras' defaults: the last axis, momentum 0.99, epsilon 0.001, with beta and gamma.
    public BatchNormalization() {
        this(0.99f, 1e-3f);
    }

    /// With beta and gamma.
    public BatchNormalization(float momentum, float epsilon) {
        this(
                -1,
                momentum,
                epsilon,
                true,
                true,
                new Initializers.Zeros(),
                new Initializers.Ones(),
                new Initializers.Zeros(),
                new Initializers.Ones());
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(input(inputs));
    }

    private Shape input(List<Shape> inputs) {
        final Shape x = Shapes.single("BatchNormalization", inputs);
        if (x.rank() < 2 || channels(x) == Shape.UNKNOWN) {
            throw new IllegalArgumentException(
                    "BatchNormalization: needs two dimensions or more, and a known one at axis " + axis + ", got " + x);
        }
        return x;
    }

    private int channels(Shape x) {
        return x.dim(Shapes.axis("BatchNormalization", axis, x));
    }

    /// Elements of a channel that are neighbours; with more than one, channels are turned to the end and back.
    private long inner(Shape x) {
        long inner = 1;
        for (int i = Shapes.axis("BatchNormalization", axis, x) + 1; i < x.rank(); i++) {
            inner *= x.dim(i);
        }
        return inner;
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        final Shape channels = Shape.of(channels(input(inputs)));
        final List<ParameterSpec> specs = new ArrayList<>();
        if (scale) {
            specs.add(new ParameterSpec("gamma", channels, gammaInitializer));
        }
        if (center) {
            specs.add(new ParameterSpec("beta", channels, betaInitializer));
        }
        specs.add(new ParameterSpec("moving_mean", channels, movingMeanInitializer, false));
        specs.add(new ParameterSpec("moving_variance", channels, movingVarianceInitializer, false));
        return specs;
    }

    private int beta() {
        return scale ? 1 : 0;
    }

    private int movingMean() {
        return beta() + (center ? 1 : 0);
    }

    /// The batch's mean and variance.
    @Override
    public List<Shape> saved(List<Shape> inputs) {
        final Shape channels = Shape.of(channels(input(inputs)));
        return List.of(channels, channels);
    }

    /// Scale and shift, or what the gradient needs by channel, sums of chunks, and input and output with
    /// channels last where they are not, or the steps that count.
    @Override
    public long scratch(List<Shape> inputs) {
        final Shape x = input(inputs);
        return sums(x) + (inner(x) > 1 ? 2 * x.size() : isOfSteps(x) ? x.size() : 0);
    }

    /// Whether a mask of the input has its say.
    private boolean isOfSteps(Shape x) {
        return x.rank() == 3 && inner(x) == 1;
    }

    private long sums(Shape x) {
        final int cols = channels(x);
        return (long) VECTORS * cols + ColumnSums.work(x.size() / Math.max(1, cols), cols);
    }

    /// Vectors of channels at the begin of the scratch: scale, shift or level, slope, two sums, zeros.
    private static final int VECTORS = 6;

    private static final int ZEROS = 5;

    private static boolean usesBatch(LayerBuffers b) {
        return b.training() && b.trainable();
    }

    /// What a call works with.
    private static final class Work {
        private final LayerBuffers b;
        private final BatchNormalization layer;
        private final int cols;
        private final int rows;
        private final MemorySegment x;
        private final long xAt;
        private final MemorySegment y;
        private final long yAt;
        private final @Nullable Turn turnX;
        private final @Nullable Turn turnY;
        private final @Nullable Turn turnDy;
        private final @Nullable Turn turnDx;
        private final MemorySegment dy;
        private final long dyAt;
        private final @Nullable MemorySegment dx;
        private final long dxAt;
        private final MemorySegment scratch;
        private final MemorySegment movingMean;
        private final MemorySegment movingVariance;
        private final MemorySegment batchMean;
        private final MemorySegment batchVariance;
        private final @Nullable Tensor mask;
        private final long countedAt;
        private final ColumnSums sums;
        private final ColumnSums squares;
        private final ColumnSums gradients;
        private final ColumnSums products;
        private final RangeTask normalize;
        private final RangeTask gradient;

        Work(BatchNormalization layer, LayerBuffers b) {
            this.b = b;
            this.layer = layer;
            final Shape shape = b.x(0).shape();
            cols = layer.channels(shape);
            rows = Math.toIntExact(shape.size() / Math.max(1, cols));
            scratch = b.scratch();
            final int inner = Math.toIntExact(layer.inner(shape));
            final long first = layer.sums(shape);
            final long second = first + shape.size();
            if (inner > 1) {
                final int outer = rows / Math.max(1, inner);
                x = scratch;
                xAt = first;
                y = scratch;
                yAt = second;
                turnX = new Turn(b.compute(), b.x(0).segment(), 0, outer, cols, inner, scratch, first);
                turnY = new Turn(b.compute(), scratch, second, outer, inner, cols, b.y(0).segment(), 0);
            } else {
                x = b.x(0).segment();
                xAt = 0;
                y = b.y(0).segment();
                yAt = 0;
                turnX = null;
                turnY = null;
            }
            movingMean = b.parameter(layer.movingMean()).segment();
            movingVariance = b.parameter(layer.movingMean() + 1).segment();
            batchMean = b.saved(0).segment();
            batchVariance = b.saved(1).segment();
            final long behind = (long) VECTORS * cols;
            mask = layer.isOfSteps(shape) ? b.mask(0) : null;
            final MemorySegment counted = mask == null ? x : scratch;
            countedAt = mask == null ? xAt : first;
            sums = ColumnSums.of(b.compute(), counted, countedAt, rows, cols, scratch, behind);
            squares = new ColumnSums(
                    b.compute(),
                    rows,
                    cols,
                    (kernels, row, count, target, offset) -> kernels.channel()
                            .squaredDistances(
                                    counted, countedAt + (long) row * cols, count, cols, batchMean, 0, target, offset),
                    scratch,
                    behind);
            final Tensor target = b.dx(0);
            if (!b.hasDy(0)) {
                dy = y;
                dyAt = yAt;
                dx = null;
                dxAt = 0;
                turnDy = null;
                turnDx = null;
            } else if (inner > 1) {
                // The gradient by x is written over that by y, and turned over x, which is not needed then.
                final int outer = rows / Math.max(1, inner);
                dy = scratch;
                dyAt = second;
                turnDy = new Turn(b.compute(), b.dy(0).segment(), 0, outer, cols, inner, scratch, second);
                dx = target == null ? null : scratch;
                dxAt = second;
                final MemorySegment to = target == null || b.accumulateDx(0) ? scratch : target.segment();
                final long toAt = target == null || b.accumulateDx(0) ? first : 0;
                turnDx = new Turn(b.compute(), scratch, second, outer, inner, cols, to, toAt);
            } else {
                dy = b.dy(0).segment();
                dyAt = 0;
                dx = target == null ? null : target.segment();
                dxAt = 0;
                turnDy = null;
                turnDx = null;
            }
            gradients = ColumnSums.of(b.compute(), dy, dyAt, rows, cols, scratch, behind);
            products = new ColumnSums(
                    b.compute(),
                    rows,
                    cols,
                    (kernels, row, count, to, offset) -> kernels.channel()
                            .distanceProducts(
                                    x,
                                    xAt + (long) row * cols,
                                    dy,
                                    dyAt + (long) row * cols,
                                    count,
                                    cols,
                                    mean(),
                                    0,
                                    to,
                                    offset),
                    scratch,
                    behind);
            normalize = this::normalize;
            gradient = this::gradient;
        }

        private MemorySegment mean() {
            return usesBatch(b) ? batchMean : movingMean;
        }

        private MemorySegment variance() {
            return usesBatch(b) ? batchVariance : movingVariance;
        }

        private void writeZeros() {
            for (int c = 0; mask != null && c < cols; c++) {
                scratch.setAtIndex(JAVA_FLOAT, (long) ZEROS * cols + c, 0);
            }
        }

        void forward() {
            writeZeros();
            if (turnX != null) {
                b.compute().run(turnX, b.gemmScratch());
            }
            if (usesBatch(b)) {
                final int counting = counting();
                if (mask != null) {
                    MemorySegment.copy(x, 0, scratch, countedAt * Float.BYTES, (long) rows * cols * Float.BYTES);
                    leaveOut(scratch, (long) ZEROS * cols);
                }
                sums.run(batchMean, 0, false);
                divide(batchMean, counting);
                // So far from the mean are those that do not count.
                leaveOut(batchMean, 0);
                squares.run(batchVariance, 0, false);
                divide(batchVariance, counting);
            }
            writeScale();
            for (int c = 0; c < cols; c++) {
                final float shift = layer.center ? b.parameter(layer.beta()).get(c) : 0;
                scratch.setAtIndex(JAVA_FLOAT, cols + c, shift);
            }
            b.compute().run(normalize, rows, QUANTUM, (long) rows * cols / 8);
            if (turnY != null) {
                b.compute().run(turnY, b.gemmScratch());
            }
        }

        private void divide(MemorySegment values, int counting) {
            for (int c = 0; c < cols; c++) {
                values.setAtIndex(JAVA_FLOAT, c, values.getAtIndex(JAVA_FLOAT, c) / counting);
            }
        }

        /// Rows that the batch's mean and variance are of, 1 for none.
        private int counting() {
            int counting = 0;
            for (int row = 0; row < rows; row++) {
                counting += counts(row) ? 1 : 0;
            }
            return Math.max(1, counting);
        }

        private boolean counts(int row) {
            return mask == null || mask.get(row) != 0;
        }

        /// Puts a vector in the place of rows that do not count, among those that are summed.
        private void leaveOut(MemorySegment vector, long at) {
            for (int row = 0; mask != null && row < rows; row++) {
                if (!counts(row)) {
                    MemorySegment.copy(
                            vector,
                            at * Float.BYTES,
                            scratch,
                            (countedAt + (long) row * cols) * Float.BYTES,
                            (long) cols * Float.BYTES);
                }
            }
        }

        /// `gamma / sqrt(variance + epsilon)`, rounded once.
        private void writeScale() {
            for (int c = 0; c < cols; c++) {
                final double gamma = layer.scale ? b.parameter(0).get(c) : 1;
                scratch.setAtIndex(JAVA_FLOAT, c, (float) (gamma * inverseDeviation(c)));
            }
        }

        private double inverseDeviation(int c) {
            return 1 / Math.sqrt((double) variance().getAtIndex(JAVA_FLOAT, c) + layer.epsilon);
        }

        private void normalize(int from, int to) {
            b.compute()
                    .kernels()
                    .channel()
                    .normalize(
                            x,
                            xAt + (long) from * cols,
                            y,
                            yAt + (long) from * cols,
                            to - from,
                            cols,
                            mean(),
                            0,
                            scratch,
                            0,
                            scratch,
                            cols);
        }

        void backward() {
            writeZeros();
            final Tensor dGamma = layer.scale ? b.gradient(0) : null;
            final Tensor dBeta = layer.center ? b.gradient(layer.beta()) : null;
            final boolean through = usesBatch(b);
            final long sumAt = 3L * cols;
            final long productAt = 4L * cols;
            if (turnX != null && turnDy != null) {
                b.compute().run(turnX, b.gemmScratch());
                b.compute().run(turnDy, b.gemmScratch());
            }
            if (through || dGamma != null || dBeta != null) {
                gradients.run(scratch, sumAt, false);
                products.run(scratch, productAt, false);
            }
            final int counting = counting();
            for (int c = 0; c < cols; c++) {
                final float sum = scratch.getAtIndex(JAVA_FLOAT, sumAt + c);
                final float product = scratch.getAtIndex(JAVA_FLOAT, productAt + c);
                final double inverse = inverseDeviation(c);
                if (dBeta != null) {
                    dBeta.set(c, b.accumulateGradient(layer.beta()) ? dBeta.get(c) + sum : sum);
                }
                if (dGamma != null) {
                    final float g = (float) (product * inverse);
                    dGamma.set(c, b.accumulateGradient(0) ? dGamma.get(c) + g : g);
                }
                scratch.setAtIndex(JAVA_FLOAT, cols + c, through ? sum / counting : 0);
                final float slope = (float) (product * inverse * inverse / counting);
                scratch.setAtIndex(JAVA_FLOAT, 2L * cols + c, through ? slope : 0);
            }
            final Tensor target = b.dx(0);
            if (target != null) {
                writeScale();
                b.compute().run(gradient, rows, QUANTUM, (long) rows * cols / 4);
                if (turnDx != null) {
                    b.compute().run(turnDx, b.gemmScratch());
                    if (b.accumulateDx(0)) {
                        b.compute()
                                .kernels()
                                .elementwise()
                                .accumulate(scratch, xAt, target.segment(), 0, target.size());
                    }
                }
            }
        }

        private void gradient(int from, int to) {
            if (mask == null || !usesBatch(b)) {
                gradient(from, to, true);
                return;
            }
            for (int row = from; row < to; row++) {
                gradient(row, row + 1, counts(row));
            }
        }

        /// @param counts whether the batch's mean and variance are of these rows
        private void gradient(int from, int to, boolean counts) {
            if (dx != null) {
                final long at = (long) from * cols;
                b.compute()
                        .kernels()
                        .channel()
                        .normalizeGradient(
                                x,
                                xAt + at,
                                dy,
                                dyAt + at,
                                dx,
                                dxAt + at,
                                to - from,
                                cols,
                                mean(),
                                0,
                                scratch,
                                0,
                                scratch,
                                (counts ? 1L : ZEROS) * cols,
                                scratch,
                                (counts ? 2L : ZEROS) * cols,
                                turnDx == null && b.accumulateDx(0));
            }
        }

        void updateState() {
            if (usesBatch(b)) {
                move(movingMean, batchMean);
                move(movingVariance, batchVariance);
            }
        }

        private void move(MemorySegment moving, MemorySegment batch) {
            for (int c = 0; c < cols; c++) {
                final float value = moving.getAtIndex(JAVA_FLOAT, c) * layer.momentum
                        + batch.getAtIndex(JAVA_FLOAT, c) * (1 - layer.momentum);
                // Not down to denormals, in which a channel that died would slow every later call.
                moving.setAtIndex(JAVA_FLOAT, c, Math.abs(value) < OptimizerKernel.TINY ? 0 : value);
            }
        }
    }

    private Work work(LayerBuffers b) {
        return b.kept(Work.class, "work", this, Work::new);
    }

    @Override
    public void forward(LayerBuffers b) {
        work(b).forward();
    }

    @Override
    public void backward(LayerBuffers b) {
        work(b).backward();
    }

    @Override
    public void updateState(LayerBuffers b) {
        work(b).updateState();
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
