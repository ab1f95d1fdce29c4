package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// [Metric#MEAN_SQUARED_ERROR] and [Metric#MEAN_ABSOLUTE_ERROR].
record MeanDifference(String name, boolean squared) implements NamedMetric {
    @Override
    public String kerasName() {
        return squared ? "mean_squared_error" : "mean_absolute_error";
    }

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
                final MemorySegment a = of.segment();
                final MemorySegment b = truth.segment();
                double sum = 0;
                for (int i = 0; i < of.size(); i++) {
                    if (Rows.counts(counts, i / cols)) {
                        final double difference = (double) a.getAtIndex(JAVA_FLOAT, i) - b.getAtIndex(JAVA_FLOAT, i);
                        sum += squared ? difference * difference : Math.abs(difference);
                    }
                }
                add(sum, (long) Rows.counting(counts, of.size() / cols) * cols);
            }
        };
    }
}
