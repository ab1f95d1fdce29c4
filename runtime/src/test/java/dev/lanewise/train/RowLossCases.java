package dev.lanewise.train;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// The losses that are computed in plain loops, and their formulas.
final class RowLossCases {
    private static final double EPSILON = 1e-7;

    private RowLossCases() {}

    /// A term of a mean.
    interface Term {
        double of(double y, double t);
    }

    private static LossGradientCheck.Formula mean(Term term) {
        return (y, t) -> IntStream.range(0, y.length)
                .mapToDouble(c -> term.of(y[c], t[c]))
                .average()
                .orElseThrow();
    }

    private static double cosine(double[] y, double[] t) {
        double product = 0;
        double a = 0;
        double b = 0;
        for (int c = 0; c < y.length; c++) {
            product += y[c] * t[c];
            a += y[c] * y[c];
            b += t[c] * t[c];
        }
        return -product / Math.sqrt(a) / Math.sqrt(b);
    }

    private static double categoricalHinge(double[] y, double[] t) {
        double right = 0;
        double wrong = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < y.length; c++) {
            right += t[c] * y[c];
            wrong = Math.max(wrong, (1 - t[c]) * y[c]);
        }
        return Math.max(0, wrong - right + 1);
    }

    private static double divergence(double[] y, double[] t) {
        double sum = 0;
        for (int c = 0; c < y.length; c++) {
            sum += Math.max(t[c], EPSILON) * Math.log(Math.max(t[c], EPSILON) / Math.clamp(y[c], EPSILON, 1));
        }
        return sum;
    }

    private static double binaryFocal(double p, double t, double s, double alpha, double gamma) {
        final double smooth = t * (1 - s) + s / 2;
        final double entropy = -smooth * Math.log(p) - (1 - smooth) * Math.log(1 - p);
        final double known = smooth * p + (1 - smooth) * (1 - p);
        return (alpha * smooth + (1 - alpha) * (1 - smooth)) * Math.pow(1 - known, gamma) * entropy;
    }

    private static double focal(double[] y, double[] t, boolean logits, double s) {
        final double all = IntStream.range(0, y.length)
                .mapToDouble(c -> logits ? Math.exp(y[c]) : y[c])
                .sum();
        double sum = 0;
        for (int c = 0; c < y.length; c++) {
            final double p = Math.clamp((logits ? Math.exp(y[c]) : y[c]) / all, EPSILON, 1 - EPSILON);
            final double smooth = t[c] * (1 - s) + s / y.length;
            sum -= 0.3 * Math.pow(1 - p, 1.5) * smooth * Math.log(p);
        }
        return sum;
    }

    static List<LossTest.Case> of(int rows, int cols) {
        final String of = " [" + rows + ", " + cols + "]";
        final List<LossTest.Case> cases = new ArrayList<>();
        cases.add(new LossTest.Case(
                "percentage" + of,
                new MeanAbsolutePercentageError(),
                loss -> LossGradientCheck.of(
                                loss,
                                mean((y, t) -> 100 * Math.abs(y - t) / Math.max(Math.abs(t), EPSILON)),
                                rows,
                                cols)
                        .targetsFrom(0.5)
                        .outputs(-1, 0.4)));
        cases.add(new LossTest.Case(
                "logarithmic" + of,
                new MeanSquaredLogarithmicError(),
                loss -> LossGradientCheck.of(
                                loss, mean((y, t) -> Math.pow(Math.log(1 + y) - Math.log(1 + t), 2)), rows, cols)
                        .targetsFrom(0.1)
                        .outputs(0.1, 2)));
        cases.add(new LossTest.Case(
                "poisson" + of,
                new Poisson(),
                loss -> LossGradientCheck.of(loss, mean((y, t) -> y - t * Math.log(y + EPSILON)), rows, cols)
                        .outputs(0.2, 2)));
        cases.add(new LossTest.Case(
                "divergence" + of,
                new KLDivergence(),
                loss -> LossGradientCheck.of(loss, RowLossCases::divergence, rows, cols)
                        .targetsFrom(0)
                        .outputs(0.1, 0.9)));
        cases.add(new LossTest.Case(
                "hinge" + of,
                new Hinge(),
                loss -> LossGradientCheck.of(loss, mean((y, t) -> Math.max(0, 1 - t * y)), rows, cols)));
        cases.add(new LossTest.Case(
                "squared hinge" + of,
                new SquaredHinge(),
                loss -> LossGradientCheck.of(loss, mean((y, t) -> Math.pow(Math.max(0, 1 - t * y), 2)), rows, cols)
                        .outputs(-2, 2)));
        cases.add(new LossTest.Case(
                "categorical hinge" + of,
                new CategoricalHinge(),
                loss -> LossGradientCheck.of(loss, RowLossCases::categoricalHinge, rows, cols)
                        .targetsFrom(0)));
        if (cols > 1) {
            cases.add(new LossTest.Case(
                    "cosine" + of,
                    new CosineSimilarity(),
                    loss -> LossGradientCheck.of(loss, RowLossCases::cosine, rows, cols)));
        }
        cases.add(new LossTest.Case(
                "binary focal" + of,
                new BinaryFocalCrossentropy(true, 0.3, 1.5, false, 0.1),
                loss -> LossGradientCheck.of(loss, mean((y, t) -> binaryFocal(y, t, 0.1, 0.3, 1.5)), rows, cols)
                        .targetsFrom(0)
                        .outputs(0.1, 0.9)));
        cases.add(new LossTest.Case(
                "binary focal of logits" + of,
                new BinaryFocalCrossentropy(false, 0.25, 2, true, 0),
                loss -> LossGradientCheck.of(
                                loss, mean((y, t) -> 2 * binaryFocal(1 / (1 + Math.exp(-y)), t, 0, 0.5, 2)), rows, cols)
                        .targetsFrom(0)));
        for (boolean logits : cols > 1 ? new boolean[] {false, true} : new boolean[0]) {
            cases.add(new LossTest.Case(
                    "categorical focal " + logits + of,
                    new CategoricalFocalCrossentropy(0.3, 1.5, logits, 0.1),
                    loss -> LossGradientCheck.of(loss, (y, t) -> focal(y, t, logits, 0.1), rows, cols)
                            .targetsFrom(0)
                            .outputs(logits ? -1 : 0.1, 1)));
        }
        cases.add(new LossTest.Case(
                "generalized" + of,
                new CategoricalGeneralizedCrossEntropy(0.7),
                loss -> LossGradientCheck.of(loss, (y, t) -> (1 - Math.pow(y[(int) t[0]], 0.7)) / 0.7, rows, cols)
                        .labels()
                        .outputs(0.1, 0.9)));
        for (boolean alone : rows > 1 && cols > 1 ? new boolean[] {true, false} : new boolean[0]) {
            cases.add(new LossTest.Case(
                    "circle " + alone + of,
                    new Circle(5, 0.3, alone),
                    loss -> LossGradientCheck.ofBatch(loss, (y, t) -> circle(y, t, 5, 0.3, alone), rows, cols)
                            .labels()
                            .ofLength(0.9)));
        }
        if (rows == 1) {
            cases.add(new LossTest.Case(
                    "dice" + of,
                    new Dice(),
                    loss -> LossGradientCheck.of(loss, (y, t) -> overlap(y, t, 0.5, 0.5, EPSILON / 2), rows, cols)
                            .targetsFrom(0)
                            .outputs(0.1, 0.9)));
            cases.add(new LossTest.Case(
                    "tversky" + of,
                    new Tversky(0.3, 0.8),
                    loss -> LossGradientCheck.of(loss, (y, t) -> overlap(y, t, 0.3, 0.8, EPSILON), rows, cols)
                            .targetsFrom(0)
                            .outputs(0.1, 0.9)));
        }
        return cases;
    }

    private static double[] circle(double[][] y, double[][] t, double gamma, double margin, boolean alone) {
        final double[] losses = new double[y.length];
        int counting = 0;
        for (int i = 0; i < y.length; i++) {
            double same = 0;
            double other = 0;
            for (int j = 0; j < y.length; j++) {
                double d = 1;
                for (int c = 0; c < y[i].length; c++) {
                    d -= y[i][c] * y[j][c];
                }
                d = Math.max(d, 0);
                if (t[i][0] != t[j][0]) {
                    other += Math.exp(gamma * Math.max(1 + margin - d, 0) * (1 - margin - d));
                } else if (i != j || !alone) {
                    same += Math.exp(-gamma * Math.max(margin + d, 0) * (margin - d));
                }
            }
            losses[i] = Math.log1p(same * other);
            counting += losses[i] > 0 ? 1 : 0;
        }
        for (int i = 0; i < y.length; i++) {
            losses[i] *= y.length / (counting + EPSILON);
        }
        return losses;
    }

    private static double overlap(double[] y, double[] t, double alpha, double beta, double epsilon) {
        double both = 0;
        double falsePositive = 0;
        double falseNegative = 0;
        for (int c = 0; c < y.length; c++) {
            both += y[c] * t[c];
            falsePositive += y[c] * (1 - t[c]);
            falseNegative += (1 - y[c]) * t[c];
        }
        return 1 - both / (both + alpha * falsePositive + beta * falseNegative + epsilon);
    }
}
