package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.fail;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Holds a loss against its formula in double: every row's loss, and the gradient by every element against
/// central
/// differences; with sample weights and without, with a gradient and without.
public final class LossGradientCheck {
    /// The loss of a row.
    public interface Formula {
        /// The loss of outputs `y` and a target.
        ///
        /// @param y the model's outputs of a row
        /// @param target of the row: as many, or one label
        double loss(double[] y, double[] target);
    }

    /// The losses of all rows, where they depend on each other.
    public interface BatchFormula {
        /// One loss for each row.
        ///
        /// @param y the model's outputs by rows
        /// @param targets by rows
        double[] losses(double[][] y, double[][] targets);
    }

    private static final double STEP = 1e-4;
    private static final double TOLERANCE = 1e-4;

    private final Loss loss;
    private final BatchFormula formula;
    private final int rows;
    private final int cols;
    private boolean labels;
    private boolean fused;
    private double length;
    private @Nullable Integer other;
    private double low = -1;
    private double high = 1;
    private double targetLow = -1;

    private LossGradientCheck(Loss loss, BatchFormula formula, int rows, int cols) {
        this.loss = loss;
        this.formula = formula;
        this.rows = rows;
        this.cols = cols;
    }

    public static LossGradientCheck of(Loss loss, Formula formula, int rows, int cols) {
        return ofBatch(
                loss,
                (y, t) -> IntStream.range(0, y.length)
                        .mapToDouble(r -> formula.loss(y[r], t[r]))
                        .toArray(),
                rows,
                cols);
    }

    public static LossGradientCheck ofBatch(Loss loss, BatchFormula formula, int rows, int cols) {
        return new LossGradientCheck(loss, formula, rows, cols);
    }

    /// Targets are one whole number of `0 .. cols - 1` a row.
    public LossGradientCheck labels() {
        labels = true;
        return this;
    }

    /// Labels of which some are this one beside those below `cols`.
    public LossGradientCheck alsoLabel(int label) {
        labels = true;
        other = label;
        return this;
    }

    /// Outputs are scaled to rows of this length.
    public LossGradientCheck ofLength(double wanted) {
        length = wanted;
        return this;
    }

    /// Outputs come before the last activation.
    public LossGradientCheck fused() {
        fused = true;
        return this;
    }

    /// Range of the outputs.
    public LossGradientCheck outputs(double from, double to) {
        low = from;
        high = to;
        return this;
    }

    /// Smallest target.
    public LossGradientCheck targetsFrom(double from) {
        targetLow = from;
        return this;
    }

    /// Runs the check.
    ///
    /// @throws AssertionError if the loss is not what its formula says
    public void run() {
        for (Kernels kernels : List.of(Kernels.scalar(), Kernels.best())) {
            try (Memory memory = new Memory("LossGradientCheck");
                    Compute compute = Compute.of(kernels, 1)) {
                for (int options = 0; options < 4; options++) {
                    run(memory, compute, (options & 1) != 0, (options & 2) != 0);
                }
            }
        }
    }

    private void run(Memory memory, Compute compute, boolean weighted, boolean withGradient) {
        final RandomStream random = RandomStream.of(3, 4, 5);
        final Tensor y = filled(memory, Shape.of(rows, cols), random, low, high);
        final Tensor target = labels
                ? Tensor.zeros(memory, Shape.of(rows))
                : filled(memory, Shape.of(rows, cols), random, targetLow, 1);
        for (int r = 0; labels && r < rows; r++) {
            target.set(r, other != null && r % 3 == 1 ? other : random.nextInt(cols));
        }
        final @Nullable Tensor weight = weighted ? filled(memory, Shape.of(rows), random, 0, 2) : null;
        final Tensor rowLoss = filled(memory, Shape.of(rows), random, 5, 6);
        final @Nullable Tensor dy = withGradient ? filled(memory, Shape.of(rows, cols), random, 5, 6) : null;
        final double[][] ys = new double[rows][];
        final double[][] targets = new double[rows][];
        for (int r = 0; r < rows; r++) {
            if (length != 0) {
                scale(y, r);
            }
            ys[r] = row(y, r, cols);
            targets[r] = labels ? row(target, r, 1) : row(target, r, cols);
        }
        final double[] losses = formula.losses(ys, targets);
        final long floats = loss.scratch(y.shape());
        final MemorySegment scratch = floats == 0 ? null : memory.floats(floats);
        loss.forwardBackward(new LossBuffers(y, target, weight, null, rowLoss, dy, fused, scratch, compute));
        for (int r = 0; r < rows; r++) {
            final double factor = weight == null ? 1 : weight.get(r);
            final double expected = factor * losses[r];
            if (!(Math.abs(expected - rowLoss.get(r)) <= 4e-6 * Math.max(1, Math.abs(expected)))) {
                fail(loss + ": loss of row " + r + " is " + rowLoss.get(r) + ", expected " + expected);
            }
            for (int c = 0; dy != null && c < cols; c++) {
                final double slope = slope(ys, targets, weight, r, c);
                final float gradient = dy.get((long) r * cols + c);
                if (!(Math.abs(slope - gradient) <= TOLERANCE * Math.max(Math.abs(slope), 0.1 / rows / cols))) {
                    fail(loss + ": gradient [" + r + ", " + c + "] is " + gradient + ", expected " + slope);
                }
            }
        }
    }

    /// The slope of the batch's loss by an output.
    private double slope(double[][] y, double[][] targets, @Nullable Tensor weight, int r, int c) {
        final double value = y[r][c];
        y[r][c] = value + STEP;
        final double[] up = formula.losses(y, targets);
        y[r][c] = value - STEP;
        final double[] down = formula.losses(y, targets);
        y[r][c] = value;
        double sum = 0;
        for (int i = 0; i < rows; i++) {
            sum += (weight == null ? 1 : weight.get(i)) * (up[i] - down[i]);
        }
        return sum / (2 * STEP) / rows;
    }

    private void scale(Tensor y, int r) {
        double squares = 0;
        for (int c = 0; c < cols; c++) {
            squares += y.get((long) r * cols + c) * y.get((long) r * cols + c);
        }
        for (int c = 0; c < cols; c++) {
            y.set((long) r * cols + c, (float) (length * y.get((long) r * cols + c) / Math.sqrt(squares)));
        }
    }

    private static double[] row(Tensor tensor, int r, int cols) {
        final double[] values = new double[cols];
        for (int c = 0; c < cols; c++) {
            values[c] = tensor.get((long) r * cols + c);
        }
        return values;
    }

    private static Tensor filled(Memory memory, Shape shape, RandomStream random, double from, double to) {
        final Tensor tensor = Tensor.zeros(memory, shape);
        for (int i = 0; i < tensor.size(); i++) {
            tensor.set(i, (float) (from + (to - from) * random.nextDouble()));
        }
        return tensor;
    }
}
