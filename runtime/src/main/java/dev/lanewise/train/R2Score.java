package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// The share of the targets' variance that the output explains, by columns: 1 minus the sum of squared
/// differences over that of squared distances from the mean target; a column whose targets are all equal has 0.
///
/// @param classAggregation `uniform_average` for the mean of the columns, `variance_weighted_average` for
///     that by their variance, `none` for a figure of each column
/// @param numRegressors inputs of the model for the adjusted score, `1 - (1 - score)(n - 1)/(n -
///     numRegressors - 1)` with n elements, where that has more elements than inputs; 0 for the plain one
public record R2Score(String name, String classAggregation, int numRegressors) implements NamedMetric {
    public R2Score {
        if (!List.of("uniform_average", "variance_weighted_average", "none").contains(classAggregation)) {
            throw new IllegalArgumentException("R2Score: class_aggregation must be uniform_average,"
                    + " variance_weighted_average or none, got " + classAggregation);
        }
        if (numRegressors < 0) {
            throw new IllegalArgumentException("R2Score: num_regressors must not be negative, got " + numRegressors);
        }
    }

    /// The mean of the columns' scores.
    public R2Score(String name) {
        this(name, "uniform_average", 0);
    }

    /// With Keras' name.
    public R2Score() {
        this("r2_score");
    }

    @Override
    public String kerasName() {
        return "r2_score";
    }

    @Override
    public Map<String, Object> config() {
        return Map.of("name", name, "class_aggregation", classAggregation, "num_regressors", numRegressors);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        return new Columns(y.rank() < 2 ? 1 : y.last());
    }

    private final class Columns implements Accumulator {
        private final double[] sums;
        private final double[] squares;
        private final double[] differences;
        private long rows;

        Columns(int cols) {
            sums = new double[cols];
            squares = new double[cols];
            differences = new double[cols];
        }

        @Override
        public void reset() {
            Arrays.fill(sums, 0);
            Arrays.fill(squares, 0);
            Arrays.fill(differences, 0);
            rows = 0;
        }

        @Override
        public void update(Tensor of, Tensor truth) {
            final MemorySegment y = of.segment();
            final MemorySegment target = truth.segment();
            final int cols = sums.length;
            for (int i = 0; i < of.size(); i++) {
                final double t = target.getAtIndex(JAVA_FLOAT, i);
                final double d = t - y.getAtIndex(JAVA_FLOAT, i);
                sums[i % cols] += t;
                squares[i % cols] += t * t;
                differences[i % cols] += d * d;
            }
            rows += of.size() / cols;
        }

        @Override
        public int figures() {
            return classAggregation.equals("none") ? sums.length : 1;
        }

        @Override
        public double figure(int c) {
            return classAggregation.equals("none") ? adjusted(score(c)) : result();
        }

        /// The squared distances of a column's targets from their mean.
        private double total(int c) {
            return squares[c] - sums[c] * sums[c] / rows;
        }

        private double score(int c) {
            final double score = 1 - differences[c] / total(c);
            return Double.isInfinite(score) ? 0 : score;
        }

        private double adjusted(double score) {
            final double free = (double) rows * sums.length - numRegressors - 1;
            return numRegressors == 0 || free <= 0 ? score : 1 - (1 - score) * (free + numRegressors) / free;
        }

        @Override
        public double result() {
            if (classAggregation.equals("none")) {
                return figure(0);
            }
            double scores = 0;
            double weights = 0;
            for (int c = 0; c < sums.length; c++) {
                final double weight = classAggregation.equals("uniform_average") ? 1 : total(c);
                scores += weight * score(c);
                weights += weight;
            }
            return adjusted(scores / weights);
        }
    }
}
