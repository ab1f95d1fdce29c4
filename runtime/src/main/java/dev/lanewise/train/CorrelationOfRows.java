package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How outputs and targets of a row go together, averaged over rows, from -1 to 1. `pearson_correlation` is
/// their covariance over both standard deviations (each at least 1e-7), `concordance_correlation` (Lin 1989)
/// twice the covariance over both variances and the squared difference of the means, so that it asks for
/// equal values, not for a line.
record CorrelationOfRows(String name, String kerasName) implements NamedMetric {
    @Override
    public Map<String, Object> config() {
        return Map.of("name", name);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        final int cols = y.rank() < 2 ? 1 : y.last();
        return new Average() {
            @Override
            public void update(Tensor of, Tensor truth, @Nullable Tensor counts) {
                final int rows = of.size() / cols;
                double sum = 0;
                for (int r = 0; r < rows; r++) {
                    if (Rows.counts(counts, r)) {
                        sum += row(of.segment(), truth.segment(), (long) r * cols, cols);
                    }
                }
                add(sum, Rows.counting(counts, rows));
            }
        };
    }

    private double row(MemorySegment y, MemorySegment target, long at, int n) {
        final double ys = mean(y, at, n);
        final double targets = mean(target, at, n);
        double covariance = 0;
        double variance = 0;
        double targetVariance = 0;
        for (int c = 0; c < n; c++) {
            final double a = y.getAtIndex(JAVA_FLOAT, at + c) - ys;
            final double b = target.getAtIndex(JAVA_FLOAT, at + c) - targets;
            covariance += a * b / n;
            variance += a * a / n;
            targetVariance += b * b / n;
        }
        if (kerasName.equals("concordance_correlation")) {
            final double apart = (ys - targets) * (ys - targets);
            return 2 * covariance / (variance + targetVariance + apart + RowLoss.EPSILON);
        }
        return covariance / ((Math.sqrt(variance) + RowLoss.EPSILON) * (Math.sqrt(targetVariance) + RowLoss.EPSILON));
    }

    private static double mean(MemorySegment values, long at, int n) {
        double sum = 0;
        for (int c = 0; c < n; c++) {
            sum += values.getAtIndex(JAVA_FLOAT, at + c);
        }
        return sum / n;
    }
}
