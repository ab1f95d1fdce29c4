package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The best of one figure where another is at least a value: `sensitivity_at_specificity`,
/// `specificity_at_sensitivity`, `precision_at_recall` or `recall_at_precision`.
///
/// @param limit of the other figure, from 0 to 1
/// @param numThresholds thresholds that are tried, 2 or more
/// @param classId the column that counts alone; null for all
record AtThreshold(
        String name,
        String kerasName,
        double limit,
        int numThresholds,
        @Nullable Integer classId) implements NamedMetric {
    AtThreshold {
        if (!(limit >= 0 && limit <= 1) || numThresholds < 2) {
            throw new IllegalArgumentException(kerasName + ": " + key(kerasName)
                    + " must be from 0 to 1 and num_thresholds 2 or more, got " + limit + " and " + numThresholds);
        }
    }

    /// What the limit is called: `specificity`.
    static String key(String kerasName) {
        return kerasName.substring(kerasName.lastIndexOf('_') + 1);
    }

    @Override
    public Map<String, Object> config() {
        final Map<String, Object> config =
                new HashMap<>(Map.of("name", name, key(kerasName), limit, "num_thresholds", numThresholds));
        if (classId != null) {
            config.put("class_id", classId);
        }
        return config;
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        return new Best(new ThresholdCounts(ThresholdCounts.even(numThresholds)), Rows.columns(name, y, classId));
    }

    private final class Best implements Accumulator {
        private final ThresholdCounts counts;
        private final int cols;

        Best(ThresholdCounts counts, int cols) {
            this.counts = counts;
            this.cols = cols;
        }

        @Override
        public void reset() {
            counts.reset();
        }

        @Override
        public void update(Tensor y, Tensor target) {
            final int first = classId == null ? 0 : classId;
            final int step = classId == null ? 1 : cols;
            for (int i = first; i < y.size(); i += step) {
                counts.add(
                        y.segment().getAtIndex(JAVA_FLOAT, i), target.segment().getAtIndex(JAVA_FLOAT, i) != 0, 1);
            }
        }

        @Override
        public double result() {
            double best = 0;
            for (int k = 0; k < numThresholds; k++) {
                if (figure(key(kerasName), k) >= limit) {
                    best = Math.max(best, figure(kerasName.substring(0, kerasName.indexOf('_')), k));
                }
            }
            return best;
        }

        private double figure(String which, int k) {
            return switch (which) {
                case "precision" -> counts.precision(k);
                case "specificity" -> counts.specificity(k);
                default -> counts.recall(k);
            };
        }
    }
}
