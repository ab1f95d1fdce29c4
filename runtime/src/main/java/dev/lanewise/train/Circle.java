package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Circle loss (Sun et al. 2020) of embeddings of length 1, `y[batch, n]`, and labels: those of one label
/// are drawn together, those of others pushed apart. With the distance `d(i, j) = max(1 - y_i · y_j, 0)` of
/// two rows the loss of row i is
///
/// ```
/// softplus(log sum over j of i's label of exp(gamma · max(margin + d, 0) · (d - margin))
///        + log sum over j of other labels of exp(gamma · max(1 + margin - d, 0) · (1 - margin - d)))
/// ```
///
/// As with Keras, the gradient goes through both factors, and rows whose loss is 0, as those without a
/// partner or without an opponent, do not count: the loss is the sum over the number of the others.
///
/// @param gamma scale of the exponents, more than 0
/// @param margin how far labels shall be apart
/// @param removeDiagonal whether a row is no partner of itself
public record Circle(double gamma, double margin, boolean removeDiagonal) implements Loss {
    public Circle {
        if (!(gamma > 0 && gamma < Double.POSITIVE_INFINITY) || !Double.isFinite(margin)) {
            throw new IllegalArgumentException(
                    "Circle: gamma must be more than 0 and margin a number, got " + gamma + " and " + margin);
        }
    }

    /// Keras' defaults: 80 and 0.4, no row its own partner.
    public Circle() {
        this(80, 0.4, true);
    }

    @Override
    public String name() {
        return "circle";
    }

    /// The rows' losses by each distance, and which pass it is.
    @Override
    public long scratch(Shape y) {
        return (long) y.dim(0) * y.dim(0) + 1;
    }

    @Override
    public void checkShapes(Shape y, Shape target) {
        if (y.rank() != 2) {
            throw new IllegalArgumentException("Circle: the output must be embeddings [batch, n], got " + y);
        }
        final Shape rows = y.withoutLast();
        if (!target.equals(rows) && !target.equals(rows.append(1))) {
            throw new IllegalArgumentException(
                    "Circle: targets must be one label a row, " + rows + " for the output " + y + ", got " + target);
        }
    }

    @Override
    public @Nullable String fault(float target, Shape y) {
        return target == (int) target ? null : "labels must be whole numbers";
    }

    @Override
    public boolean checksTargets() {
        return true;
    }

    @Override
    public void forwardBackward(LossBuffers b) {
        final int n = b.rows();
        final MemorySegment scratch = b.scratch();
        pass(b, 0);
        int counting = 0;
        for (int r = 0; r < n; r++) {
            counting += b.loss().get(r) > 0 ? 1 : 0;
        }
        final double share = n / (counting + RowLoss.EPSILON);
        final MemorySegment weight = Rows.segment(b.weight());
        for (int r = 0; r < n; r++) {
            final double factor = share * (weight == null ? 1 : weight.getAtIndex(JAVA_FLOAT, r));
            b.loss().set(r, (float) (factor * b.loss().get(r)));
            for (int j = 0; b.dy() != null && j < n; j++) {
                final long at = (long) r * n + j;
                final double slope = factor * b.scale() * scratch.getAtIndex(JAVA_FLOAT, at);
                scratch.setAtIndex(JAVA_FLOAT, at, (float) slope);
            }
        }
        if (b.dy() != null) {
            pass(b, 1);
        }
    }

    /// Pass 0 computes the rows' losses and their slopes by the distances, pass 1 the gradient of these.
    private void pass(LossBuffers b, int which) {
        b.scratch().setAtIndex(JAVA_FLOAT, (long) b.rows() * b.rows(), which);
        Rows.run(this, b, Circle::rows);
    }

    private static RangeTask rows(Circle loss, LossBuffers b) {
        final MemorySegment scratch = b.scratch();
        final long last = (long) b.rows() * b.rows();
        return (from, to) -> {
            final boolean first = scratch.getAtIndex(JAVA_FLOAT, last) == 0;
            for (int r = from; r < to; r++) {
                if (first) {
                    loss.lossOf(b, r);
                } else {
                    gradientOf(b, r);
                }
            }
        };
    }

    private static double distance(MemorySegment y, int cols, int i, int j) {
        double product = 0;
        for (int c = 0; c < cols; c++) {
            product += (double) y.getAtIndex(JAVA_FLOAT, (long) i * cols + c)
                    * y.getAtIndex(JAVA_FLOAT, (long) j * cols + c);
        }
        return Math.max(1 - product, 0);
    }

    private boolean isPartner(int i, int j) {
        return i != j || !removeDiagonal;
    }

    private double exponent(double d, boolean same) {
        return same
                ? gamma * Math.max(margin + d, 0) * (d - margin)
                : gamma * Math.max(1 + margin - d, 0) * (1 - margin - d);
    }

    private double slope(double d, boolean same) {
        if (same) {
            return margin + d > 0 ? 2 * gamma * d : 0;
        }
        return 1 + margin - d > 0 ? 2 * gamma * (d - 1) : 0;
    }

    /// The loss of a row, and in the scratch its slope by the distance to each other row.
    private void lossOf(LossBuffers b, int i) {
        final MemorySegment y = b.y().segment();
        final MemorySegment labels = b.target().segment();
        final MemorySegment scratch = b.scratch();
        final int n = b.rows();
        final long row = (long) i * n;
        final int label = (int) labels.getAtIndex(JAVA_FLOAT, i);
        double highestSame = Double.NEGATIVE_INFINITY;
        double highestOther = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < n; j++) {
            final double d = distance(y, b.cols(), i, j);
            final boolean same = (int) labels.getAtIndex(JAVA_FLOAT, j) == label;
            scratch.setAtIndex(JAVA_FLOAT, row + j, (float) d);
            if (same && isPartner(i, j)) {
                highestSame = Math.max(highestSame, exponent((float) d, true));
            } else if (!same) {
                highestOther = Math.max(highestOther, exponent((float) d, false));
            }
        }
        double sumSame = 0;
        double sumOther = 0;
        for (int j = 0; j < n; j++) {
            final double d = scratch.getAtIndex(JAVA_FLOAT, row + j);
            final boolean same = (int) labels.getAtIndex(JAVA_FLOAT, j) == label;
            if (same && isPartner(i, j)) {
                sumSame += StrictMath.exp(exponent(d, true) - highestSame);
            } else if (!same) {
                sumOther += StrictMath.exp(exponent(d, false) - highestOther);
            }
        }
        final boolean counts = sumSame != 0 && sumOther != 0;
        final double z = counts ? highestSame + StrictMath.log(sumSame) + highestOther + StrictMath.log(sumOther) : 0;
        b.loss().set(i, counts ? (float) (Math.max(z, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(z)))) : 0);
        final double sigmoid = counts ? 1 / (1 + StrictMath.exp(-z)) : 0;
        for (int j = 0; j < n; j++) {
            final double d = scratch.getAtIndex(JAVA_FLOAT, row + j);
            final boolean same = (int) labels.getAtIndex(JAVA_FLOAT, j) == label;
            double slope = 0;
            if (counts && d > 0 && (!same || isPartner(i, j))) {
                final double part = same
                        ? StrictMath.exp(exponent(d, true) - highestSame) / sumSame
                        : StrictMath.exp(exponent(d, false) - highestOther) / sumOther;
                slope = sigmoid * part * slope(d, same);
            }
            scratch.setAtIndex(JAVA_FLOAT, row + j, (float) slope);
        }
    }

    /// The gradient of a row, which stands on both sides of distances: `d = 1 - y_i · y_j`.
    private static void gradientOf(LossBuffers b, int i) {
        final MemorySegment dy = Rows.segment(b.dy());
        final MemorySegment y = b.y().segment();
        final MemorySegment scratch = b.scratch();
        final int n = b.rows();
        final int cols = b.cols();
        for (int c = 0; dy != null && c < cols; c++) {
            double sum = 0;
            for (int j = 0; j < n; j++) {
                final double slopes = (double) scratch.getAtIndex(JAVA_FLOAT, (long) i * n + j)
                        + scratch.getAtIndex(JAVA_FLOAT, (long) j * n + i);
                sum -= slopes * y.getAtIndex(JAVA_FLOAT, (long) j * cols + c);
            }
            dy.setAtIndex(JAVA_FLOAT, (long) i * cols + c, (float) sum);
        }
    }
}
