package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The mean over rows of `-sum of target · log p`, p over its sum, clipped to [1e-7, 1 - 1e-7].
///
/// @param sparse whether targets are labels
/// @param fromLogits whether outputs come before the softmax: then `log p = z - log sum exp z`
/// @param labelSmoothing of targets that are no labels: `t · (1 - s) + s / classes`
record CrossentropyOfClasses(String name, boolean sparse, boolean fromLogits, double labelSmoothing)
        implements NamedMetric {
    CrossentropyOfClasses {
        Rows.requireSmoothing("categorical_crossentropy", labelSmoothing);
    }

    @Override
    public String kerasName() {
        return sparse ? "sparse_categorical_crossentropy" : "categorical_crossentropy";
    }

    @Override
    public Map<String, Object> config() {
        return sparse
                ? Map.of("name", name, "from_logits", fromLogits)
                : Map.of("name", name, "from_logits", fromLogits, "label_smoothing", labelSmoothing);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        (sparse ? new SparseCategoricalCrossentropy() : new CategoricalCrossentropy()).checkShapes(y, target);
        final int cols = y.last();
        return new Average() {
            @Override
            public void update(Tensor of, Tensor truth, @Nullable Tensor counts) {
                final int rows = of.size() / cols;
                double loss = 0;
                for (int r = 0; r < rows; r++) {
                    if (Rows.counts(counts, r)) {
                        loss += row(of.segment(), truth.segment(), r, cols);
                    }
                }
                add(loss, Rows.counting(counts, rows));
            }
        };
    }

    private double row(MemorySegment y, MemorySegment target, int r, int cols) {
        final long at = (long) r * cols;
        final double all = fromLogits ? logSumExp(y, at, cols) : sum(y, at, cols);
        double loss = 0;
        for (int c = 0; c < cols; c++) {
            final double given =
                    sparse ? target.getAtIndex(JAVA_FLOAT, r) == c ? 1 : 0 : target.getAtIndex(JAVA_FLOAT, at + c);
            final double t = given * (1 - labelSmoothing) + labelSmoothing / cols;
            if (t != 0) {
                final double of = y.getAtIndex(JAVA_FLOAT, at + c);
                loss -= t
                        * (fromLogits
                                ? of - all
                                : StrictMath.log(Math.clamp(of / all, RowLoss.EPSILON, 1 - RowLoss.EPSILON)));
            }
        }
        return loss;
    }

    private static double sum(MemorySegment y, long at, int cols) {
        double sum = 0;
        for (int c = 0; c < cols; c++) {
            sum += y.getAtIndex(JAVA_FLOAT, at + c);
        }
        return sum;
    }

    private static double logSumExp(MemorySegment z, long at, int cols) {
        double max = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < cols; c++) {
            max = Math.max(max, z.getAtIndex(JAVA_FLOAT, at + c));
        }
        double sum = 0;
        for (int c = 0; c < cols; c++) {
            sum += StrictMath.exp(z.getAtIndex(JAVA_FLOAT, at + c) - max);
        }
        return max + StrictMath.log(sum);
    }
}
