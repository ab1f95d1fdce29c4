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
record CrossentropyOfClasses(String name, boolean sparse) implements NamedMetric {
    @Override
    public String kerasName() {
        return sparse ? "sparse_categorical_crossentropy" : "categorical_crossentropy";
    }

    @Override
    public Map<String, Object> config() {
        return Map.of("name", name);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        (sparse ? new SparseCategoricalCrossentropy() : new CategoricalCrossentropy()).checkShapes(y, target);
        final int cols = y.last();
        return new Average() {
            @Override
            public void update(Tensor of, Tensor truth, @Nullable Tensor counts) {
                final MemorySegment p = of.segment();
                final MemorySegment t = truth.segment();
                final int rows = of.size() / cols;
                double loss = 0;
                for (int r = 0; r < rows; r++) {
                    if (!Rows.counts(counts, r)) {
                        continue;
                    }
                    final long at = (long) r * cols;
                    double sum = 0;
                    for (int c = 0; c < cols; c++) {
                        sum += p.getAtIndex(JAVA_FLOAT, at + c);
                    }
                    for (int c = 0; c < cols; c++) {
                        final double share =
                                sparse ? t.getAtIndex(JAVA_FLOAT, r) == c ? 1 : 0 : t.getAtIndex(JAVA_FLOAT, at + c);
                        if (share != 0) {
                            final double q = p.getAtIndex(JAVA_FLOAT, at + c) / sum;
                            loss -= share * StrictMath.log(Math.clamp(q, RowLoss.EPSILON, 1 - RowLoss.EPSILON));
                        }
                    }
                }
                add(loss, Rows.counting(counts, rows));
            }
        };
    }
}
