package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.io.TrainingConfig;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every loss of the registry against its formula in double.
class LossTest {
    /// A loss, and how it is checked.
    record Case(String name, Loss loss, Function<Loss, LossGradientCheck> check) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static double crossEntropyOfLogits(double[] z, double[] targets) {
        double sum = 0;
        for (double value : z) {
            sum += Math.exp(value);
        }
        double loss = 0;
        for (int c = 0; c < z.length; c++) {
            loss += targets[c] * (Math.log(sum) - z[c]);
        }
        return loss;
    }

    private static double crossEntropyOfProbabilities(double[] p, double[] targets) {
        double sum = 0;
        for (double value : p) {
            sum += value;
        }
        double loss = 0;
        for (int c = 0; c < p.length; c++) {
            loss -= targets[c] * Math.log(Math.clamp(p[c] / sum, 1e-7, 1 - 1e-7));
        }
        return loss;
    }

    private static double[] oneHot(double[] label, int classes) {
        final double[] targets = new double[classes];
        targets[(int) label[0]] = 1;
        return targets;
    }

    static Stream<Case> cases() {
        final List<Case> cases = new ArrayList<>();
        for (int[] size : new int[][] {{6, 4}, {1, 2}, {19, 17}, {5, 1}}) {
            final int rows = size[0];
            final int cols = size[1];
            final String of = " [" + rows + ", " + cols + "]";
            cases.add(new Case(
                    "mean squared error" + of,
                    new MeanSquaredError(),
                    loss -> LossGradientCheck.of(loss, LossTest::squared, rows, cols)));
            cases.add(new Case(
                    "mean absolute error" + of,
                    new MeanAbsoluteError(),
                    loss -> LossGradientCheck.of(loss, LossTest::absolute, rows, cols)));
            cases.add(new Case(
                    "huber" + of, new Huber(0.5), loss -> LossGradientCheck.of(loss, LossTest::huber, rows, cols)));
            cases.add(new Case(
                    "log cosh" + of, new LogCosh(), loss -> LossGradientCheck.of(loss, LossTest::logCosh, rows, cols)));
            cases.addAll(RowLossCases.of(rows, cols));
            for (double s : new double[] {0, 0.2}) {
                for (boolean fused : new boolean[] {false, true}) {
                    cases.add(new Case(
                            "binary, logits" + of + (fused ? ", fused" : "") + ", smoothed " + s,
                            new BinaryCrossentropy(!fused, s),
                            loss -> fuse(
                                    fused,
                                    LossGradientCheck.of(
                                                    loss, (y, t) -> binary(sigmoid(y), smoothed(t, s, 2)), rows, cols)
                                            .targetsFrom(0)
                                            .outputs(-4, 4))));
                }
                cases.add(new Case(
                        "binary, probabilities" + of + ", smoothed " + s,
                        new BinaryCrossentropy(false, s),
                        loss -> LossGradientCheck.of(loss, (y, t) -> binary(y, smoothed(t, s, 2)), rows, cols)
                                .targetsFrom(0)
                                .outputs(0.05, 0.95)));
            }
            if (cols == 1) {
                continue;
            }
            for (boolean fused : new boolean[] {false, true}) {
                cases.add(new Case(
                        "categorical, logits" + of + (fused ? ", fused" : "") + ", smoothed",
                        new CategoricalCrossentropy(!fused, 0.3),
                        loss -> fuse(
                                fused,
                                LossGradientCheck.of(
                                                loss,
                                                (y, t) -> crossEntropyOfLogits(y, smoothed(t, 0.3, cols)),
                                                rows,
                                                cols)
                                        .targetsFrom(0)
                                        .outputs(-4, 4))));
            }
            cases.add(new Case(
                    "categorical, probabilities" + of + ", smoothed",
                    new CategoricalCrossentropy(false, 0.3),
                    loss -> LossGradientCheck.of(
                                    loss, (y, t) -> crossEntropyOfProbabilities(y, smoothed(t, 0.3, cols)), rows, cols)
                            .targetsFrom(0)
                            .outputs(0.05, 1)));
            for (boolean fused : new boolean[] {false, true}) {
                cases.add(new Case(
                        "sparse, logits" + of + (fused ? ", fused" : ""),
                        new SparseCategoricalCrossentropy(!fused),
                        loss -> fuse(
                                fused,
                                LossGradientCheck.of(
                                                loss, (y, t) -> crossEntropyOfLogits(y, oneHot(t, cols)), rows, cols)
                                        .labels()
                                        .outputs(-4, 4))));
                cases.add(new Case(
                        "sparse, logits, ignoring" + of + (fused ? ", fused" : ""),
                        new SparseCategoricalCrossentropy(!fused, 255),
                        loss -> fuse(
                                fused,
                                LossGradientCheck.ofBatch(
                                                loss,
                                                (y, t) -> ignoring(y, t, 255, LossTest::crossEntropyOfLogits),
                                                rows,
                                                cols)
                                        .alsoLabel(255)
                                        .outputs(-4, 4))));
                cases.add(new Case(
                        "categorical, logits" + of + (fused ? ", fused" : ""),
                        new CategoricalCrossentropy(!fused),
                        loss -> fuse(
                                fused,
                                LossGradientCheck.of(loss, LossTest::crossEntropyOfLogits, rows, cols)
                                        .targetsFrom(0)
                                        .outputs(-4, 4))));
            }
            cases.add(new Case(
                    "sparse, probabilities" + of,
                    new SparseCategoricalCrossentropy(),
                    loss -> LossGradientCheck.of(
                                    loss, (y, t) -> crossEntropyOfProbabilities(y, oneHot(t, cols)), rows, cols)
                            .labels()
                            .outputs(0.05, 1)));
            cases.add(new Case(
                    "sparse, probabilities, ignoring" + of,
                    new SparseCategoricalCrossentropy(false, -1),
                    loss -> LossGradientCheck.ofBatch(
                                    loss,
                                    (y, t) -> ignoring(y, t, -1, LossTest::crossEntropyOfProbabilities),
                                    rows,
                                    cols)
                            .alsoLabel(-1)
                            .outputs(0.05, 1)));
            cases.add(new Case(
                    "categorical, probabilities" + of,
                    new CategoricalCrossentropy(),
                    loss -> LossGradientCheck.of(loss, LossTest::crossEntropyOfProbabilities, rows, cols)
                            .targetsFrom(0)
                            .outputs(0.05, 1)));
        }
        return cases.stream();
    }

    /// The losses of rows whose label counts, in a mean over these.
    private static double[] ignoring(double[][] y, double[][] t, int label, LossGradientCheck.Formula oneHot) {
        final double[] losses = new double[y.length];
        int counting = 0;
        for (int r = 0; r < y.length; r++) {
            counting += t[r][0] == label ? 0 : 1;
            losses[r] = t[r][0] == label ? 0 : oneHot.loss(y[r], oneHot(t[r], y[r].length));
        }
        for (int r = 0; r < y.length; r++) {
            losses[r] *= (double) y.length / counting;
        }
        return losses;
    }

    private static LossGradientCheck fuse(boolean fused, LossGradientCheck check) {
        return fused ? check.fused() : check;
    }

    private static double[] smoothed(double[] targets, double s, int classes) {
        return Arrays.stream(targets).map(t -> t * (1 - s) + s / classes).toArray();
    }

    private static double[] sigmoid(double... z) {
        return Arrays.stream(z).map(v -> 1 / (1 + Math.exp(-v))).toArray();
    }

    private static double binary(double[] p, double[] t) {
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            final double q = Math.clamp(p[i], 1e-7, 1 - 1e-7);
            sum -= t[i] * Math.log(q) + (1 - t[i]) * Math.log(1 - q);
        }
        return sum / p.length;
    }

    private static double huber(double[] y, double[] t) {
        double sum = 0;
        for (int i = 0; i < y.length; i++) {
            final double d = Math.abs(y[i] - t[i]);
            sum += d <= 0.5 ? d * d / 2 : 0.5 * d - 0.125;
        }
        return sum / y.length;
    }

    private static double logCosh(double[] y, double[] t) {
        double sum = 0;
        for (int i = 0; i < y.length; i++) {
            sum += Math.log(Math.cosh(y[i] - t[i]));
        }
        return sum / y.length;
    }

    private static double squared(double[] y, double[] t) {
        double sum = 0;
        for (int i = 0; i < y.length; i++) {
            sum += (y[i] - t[i]) * (y[i] - t[i]);
        }
        return sum / y.length;
    }

    private static double absolute(double[] y, double[] t) {
        double sum = 0;
        for (int i = 0; i < y.length; i++) {
            sum += Math.abs(y[i] - t[i]);
        }
        return sum / y.length;
    }

    @Test
    void everyLossOfTheRegistryHasACase() {
        final Set<String> checked = new TreeSet<>();
        cases().forEach(of -> checked.add(of.loss().getClass().getSimpleName()));
        final Set<String> known = new TreeSet<>();
        TrainingConfig.registry().forEach((name, type) -> {
            // Another test may have registered one of its own, which is a member of it.
            if (Loss.class.isAssignableFrom(type)
                    && type.getPackageName().equals("dev.lanewise.train")
                    && !type.isMemberClass()) {
                known.add(name);
            }
        });
        assertEquals(known, checked);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossIsItsFormula(Case of) {
        of.check().apply(of.loss()).run();
    }

    /// A loss with a fault in it.
    ///
    /// @param gradient whether the fault is in the gradient, otherwise in the value
    record Faulty(Loss loss, boolean gradient) implements Loss {
        @Override
        public String name() {
            return loss.name();
        }

        @Override
        public void checkShapes(Shape y, Shape target) {
            loss.checkShapes(y, target);
        }

        @Override
        public long scratch(Shape y) {
            return loss.scratch(y);
        }

        @Override
        public void forwardBackward(LossBuffers b) {
            loss.forwardBackward(b);
            if (!gradient) {
                scale(b.loss(), 1.0001f);
            } else if (b.dy() != null) {
                scale(Objects.requireNonNull(b.dy()), 1.01f);
            }
        }

        private static void scale(Tensor tensor, float by) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.set(i, tensor.get(i) * by);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void plantedFaultsAreCaught(Case of) {
        for (boolean gradient : new boolean[] {false, true}) {
            assertThrows(
                    AssertionError.class,
                    () -> of.check().apply(new Faulty(of.loss(), gradient)).run());
        }
    }
}
