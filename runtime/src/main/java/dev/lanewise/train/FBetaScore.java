package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// `(1 + beta²) · precision · recall / (beta² · precision + recall)` by classes, averaged; `f1_score` for
/// beta 1.
///
/// @param kerasName `f1_score` or `fbeta_score`
/// @param average `none` for a figure of each class, `macro` for their mean, `micro` over all elements,
///     `weighted` for the mean by the classes' sizes
/// @param threshold above which a class is meant, or a negative number for the largest output alone
record FBetaScore(String name, String kerasName, double beta, String average, double threshold) implements NamedMetric {
    FBetaScore {
        if (!(beta > 0)) {
            throw new IllegalArgumentException(kerasName + ": beta must be more than 0, got " + beta);
        }
        if (!List.of("none", "macro", "micro", "weighted").contains(average)) {
            throw new IllegalArgumentException(
                    kerasName + ": average must be none, macro, micro or weighted, got " + average);
        }
    }

    @Override
    public Map<String, Object> config() {
        return kerasName.equals("f1_score")
                ? Map.of("name", name, "average", average, "threshold", threshold)
                : Map.of("name", name, "average", average, "threshold", threshold, "beta", beta);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireClasses(name, y);
        Rows.requireSameShape(name, y, target);
        return new Classes(y.last());
    }

    private final class Classes implements Accumulator {
        private final double[] truePositives;
        private final double[] said;
        private final double[] are;

        Classes(int cols) {
            truePositives = new double[cols];
            said = new double[cols];
            are = new double[cols];
        }

        @Override
        public void reset() {
            Arrays.fill(truePositives, 0);
            Arrays.fill(said, 0);
            Arrays.fill(are, 0);
        }

        @Override
        public void update(Tensor of, Tensor truth) {
            final MemorySegment y = of.segment();
            final MemorySegment target = truth.segment();
            final int cols = said.length;
            for (long at = 0; at < of.size(); at += cols) {
                float limit = (float) threshold;
                for (int c = 0; threshold < 0 && c < cols; c++) {
                    final float v = y.getAtIndex(JAVA_FLOAT, at + c);
                    limit = c == 0 ? v : Math.max(limit, v);
                }
                for (int c = 0; c < cols; c++) {
                    final float v = y.getAtIndex(JAVA_FLOAT, at + c);
                    final boolean says = threshold < 0 ? v >= limit && Math.abs(v) > 1e-9 : v > limit;
                    final double t = target.getAtIndex(JAVA_FLOAT, at + c);
                    said[c] += says ? 1 : 0;
                    are[c] += t;
                    truePositives[c] += says ? t : 0;
                }
            }
        }

        private double score(double hits, double saidOf, double areOf) {
            final double precision = hits / (saidOf + RowLoss.EPSILON);
            final double recall = hits / (areOf + RowLoss.EPSILON);
            final double squared = beta * beta;
            return (1 + squared) * precision * recall / (squared * precision + recall + RowLoss.EPSILON);
        }

        @Override
        public int figures() {
            return average.equals("none") ? said.length : 1;
        }

        @Override
        public double figure(int c) {
            return average.equals("none") ? score(truePositives[c], said[c], are[c]) : result();
        }

        @Override
        public double result() {
            if (average.equals("none")) {
                return figure(0);
            }
            if (average.equals("micro")) {
                return score(sum(truePositives), sum(said), sum(are));
            }
            double scores = 0;
            double weights = 0;
            for (int c = 0; c < said.length; c++) {
                final double weight = average.equals("weighted") ? are[c] : 1;
                scores += weight * score(truePositives[c], said[c], are[c]);
                weights += weight;
            }
            return scores / weights;
        }

        private static double sum(double[] values) {
            double sum = 0;
            for (double value : values) {
                sum += value;
            }
            return sum;
        }
    }
}
