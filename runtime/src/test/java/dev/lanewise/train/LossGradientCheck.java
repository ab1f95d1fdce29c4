package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.fail;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
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

    private static final double STEP = 1e-4;
    private static final double TOLERANCE = 1e-4;

    private final Loss loss;
    private final Formula formula;
    private final int rows;
    private final int cols;
    private boolean labels;
    private boolean fused;
    private double low = -1;
    private double high = 1;
    private double targetLow = -1;

    private LossGradientCheck(Loss loss, Formula formula, int rows, int cols) {
        this.loss = loss;
        this.formula = formula;
        this.rows = rows;
        this.cols = cols;
    }

    public static LossGradientCheck of(Loss loss, Formula formula, int rows, int cols) {
        return new LossGradientCheck(loss, formula, rows, cols);
    }

    /// Targets are one whole number of `0 .. cols - 1` a row.
    public LossGradientCheck labels() {
        labels = true;
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
            target.set(r, random.nextInt(cols));
        }
        final @Nullable Tensor weight = weighted ? filled(memory, Shape.of(rows), random, 0, 2) : null;
        final Tensor rowLoss = filled(memory, Shape.of(rows), random, 5, 6);
        final @Nullable Tensor dy = withGradient ? filled(memory, Shape.of(rows, cols), random, 5, 6) : null;
        final List<double[]> ys = new ArrayList<>();
        final List<double[]> targets = new ArrayList<>();
        for (int r = 0; r < rows; r++) {
            ys.add(row(y, r, cols));
            targets.add(labels ? row(target, r, 1) : row(target, r, cols));
        }
        final long floats = loss.scratch(y.shape());
        final MemorySegment scratch = floats == 0 ? null : memory.floats(floats);
        loss.forwardBackward(new LossBuffers(y, target, weight, null, rowLoss, dy, fused, scratch, compute));
        for (int r = 0; r < rows; r++) {
            final double factor = weight == null ? 1 : weight.get(r);
            final double expected = factor * formula.loss(ys.get(r), targets.get(r));
            if (!(Math.abs(expected - rowLoss.get(r)) <= 4e-6 * Math.max(1, Math.abs(expected)))) {
                fail(loss + ": loss of row " + r + " is " + rowLoss.get(r) + ", expected " + expected);
            }
            for (int c = 0; dy != null && c < cols; c++) {
                final double slope = factor / rows * slope(ys.get(r), targets.get(r), c);
                final float gradient = dy.get((long) r * cols + c);
                if (!(Math.abs(slope - gradient) <= TOLERANCE * Math.max(Math.abs(slope), 0.1 / rows / cols))) {
                    fail(loss + ": gradient [" + r + ", " + c + "] is " + gradient + ", expected " + slope);
                }
            }
        }
    }

    private double slope(double[] y, double[] target, int c) {
        final double[] up = y.clone();
        final double[] down = y.clone();
        up[c] += STEP;
        down[c] -= STEP;
        return (formula.loss(up, target) - formula.loss(down, target)) / (2 * STEP);
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
