package dev.lanewise.train;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The mean of a loss that is computed row by row, as a metric.
///
/// @param factor -1 for the similarity that Keras' loss has with a negative sign
record MeanOfRows(String name, RowLoss loss, int factor) implements NamedMetric {
    @Override
    public String kerasName() {
        return loss.name();
    }

    @Override
    public Map<String, Object> config() {
        return Map.of("name", name);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        loss.checkShapes(y, target);
        final int cols = y.rank() < 2 ? 1 : y.last();
        return new Average() {
            @Override
            public void update(Tensor of, Tensor truth, @Nullable Tensor counts) {
                final MemorySegment t = truth.segment();
                final double shared = loss.shared(t, truth.size());
                final int rows = of.size() / cols;
                double sum = 0;
                for (int r = 0; r < rows; r++) {
                    final long at = (long) r * cols;
                    if (Rows.counts(counts, r)) {
                        sum += loss.row(of.segment(), at, t, at, cols, null, 0, shared);
                    }
                }
                add(factor * sum, Rows.counting(counts, rows));
            }
        };
    }
}
