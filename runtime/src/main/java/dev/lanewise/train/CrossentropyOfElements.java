package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The mean over elements of `-(t · log p + (1 - t) · log(1 - p))`, p clipped to [1e-7, 1 - 1e-7].
///
/// @param fromLogits whether outputs come before the sigmoid: then `max(z, 0) - z·t + log(1 + exp(-|z|))`
/// @param labelSmoothing moves targets towards a half: `t · (1 - s) + s / 2`
record CrossentropyOfElements(String name, boolean fromLogits, double labelSmoothing) implements NamedMetric {
    CrossentropyOfElements {
        Rows.requireSmoothing("binary_crossentropy", labelSmoothing);
    }

    @Override
    public String kerasName() {
        return "binary_crossentropy";
    }

    @Override
    public Map<String, Object> config() {
        return Map.of("name", name, "from_logits", fromLogits, "label_smoothing", labelSmoothing);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        final int cols = y.rank() < 2 ? 1 : y.last();
        return new Average() {
            @Override
            public void update(Tensor of, Tensor truth, @Nullable Tensor counts) {
                double sum = 0;
                for (int i = 0; i < of.size(); i++) {
                    if (Rows.counts(counts, i / cols)) {
                        sum += of(
                                of.segment().getAtIndex(JAVA_FLOAT, i),
                                truth.segment().getAtIndex(JAVA_FLOAT, i));
                    }
                }
                add(sum, (long) Rows.counting(counts, of.size() / cols) * cols);
            }
        };
    }

    private double of(double y, double target) {
        final double t = target * (1 - labelSmoothing) + labelSmoothing / 2;
        if (fromLogits) {
            return Math.max(y, 0) - y * t + StrictMath.log1p(StrictMath.exp(-Math.abs(y)));
        }
        final double p = Math.clamp(y, RowLoss.EPSILON, 1 - RowLoss.EPSILON);
        return -t * StrictMath.log(p) - (1 - t) * StrictMath.log(1 - p);
    }
}
