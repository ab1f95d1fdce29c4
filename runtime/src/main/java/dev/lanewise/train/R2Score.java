package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;

/// The share of the targets' variance that the output explains, averaged over columns: 1 minus the sum of squared
/// differences over that of squared distances from the mean target.
public record R2Score(String name) implements NamedMetric {
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
        return Map.of("name", name);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        return new Columns(y.rank() < 2 ? 1 : y.last());
    }

    private static final class Columns implements Accumulator {
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
        public double result() {
            double scores = 0;
            for (int c = 0; c < sums.length; c++) {
                scores += 1 - differences[c] / (squares[c] - sums[c] * sums[c] / rows);
            }
            return scores / sums.length;
        }
    }
}
