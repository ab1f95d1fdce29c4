package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Share of the elements where the target is 1 and the output above the threshold, or 0 and not.
public record BinaryAccuracy(String name, double threshold) implements NamedMetric {
    /// With Keras' name.
    public BinaryAccuracy(double threshold) {
        this("binary_accuracy", threshold);
    }

    /// Keras' default: 0.5.
    public BinaryAccuracy() {
        this(0.5);
    }

    @Override
    public String kerasName() {
        return "binary_accuracy";
    }

    @Override
    public Map<String, Object> config() {
        return Map.of("name", name, "threshold", threshold);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        final float limit = (float) threshold;
        final int cols = y.rank() < 2 ? 1 : y.last();
        return new Share() {
            @Override
            public void update(Tensor of, Tensor truth, @Nullable Tensor counts) {
                final MemorySegment a = of.segment();
                final MemorySegment b = truth.segment();
                long hits = 0;
                for (int i = 0; i < of.size(); i++) {
                    if (!Rows.counts(counts, i / cols)) {
                        continue;
                    }
                    final float predicted = a.getAtIndex(JAVA_FLOAT, i) > limit ? 1 : 0;
                    hits += predicted == b.getAtIndex(JAVA_FLOAT, i) ? 1 : 0;
                }
                add(hits, (long) Rows.counting(counts, of.size() / cols) * cols);
            }
        };
    }
}
