package dev.lanewise.train;

import dev.lanewise.tensor.Shape;
import java.util.Map;

/// The best of one figure where another is at least a value: `sensitivity_at_specificity`,
/// `specificity_at_sensitivity`, `precision_at_recall` or `recall_at_precision`.
///
/// @param limit of the other figure, from 0 to 1
/// @param numThresholds thresholds that are tried, 2 or more
record AtThreshold(String name, String kerasName, double limit, int numThresholds) implements NamedMetric {
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
        return Map.of("name", name, key(kerasName), limit, "num_thresholds", numThresholds);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        return new ThresholdCounts(numThresholds) {
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
                    case "precision" -> precision(k);
                    case "specificity" -> specificity(k);
                    default -> recall(k);
                };
            }
        };
    }
}
