package dev.lanewise.train;

import dev.lanewise.tensor.Shape;
import java.util.List;
import java.util.Map;

/// The area under a curve over thresholds, by Keras' interpolation.
///
/// @param numThresholds 2 or more
/// @param curve `ROC`, true positives over false ones, or `PR`, precision over recall
/// @param summationMethod `interpolation`, `minoring` or `majoring`
public record AUC(String name, int numThresholds, String curve, String summationMethod) implements NamedMetric {
    public AUC {
        if (numThresholds < 2) {
            throw new IllegalArgumentException("AUC: num_thresholds must be 2 or more, got " + numThresholds);
        }
        if (!List.of("ROC", "PR").contains(curve)) {
            throw new IllegalArgumentException("AUC: curve must be ROC or PR, got " + curve);
        }
        if (!List.of("interpolation", "minoring", "majoring").contains(summationMethod)) {
            throw new IllegalArgumentException(
                    "AUC: summation_method must be interpolation, minoring or majoring, got " + summationMethod);
        }
    }

    /// Keras' defaults: 200 thresholds, ROC, interpolation.
    public AUC() {
        this("auc", 200, "ROC", "interpolation");
    }

    @Override
    public String kerasName() {
        return "auc";
    }

    @Override
    public Map<String, Object> config() {
        return Map.of(
                "name", name, "num_thresholds", numThresholds, "curve", curve, "summation_method", summationMethod);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        return new ThresholdCounts(numThresholds) {
            @Override
            public double result() {
                final boolean pr = curve.equals("PR");
                double area = 0;
                for (int k = 0; k < numThresholds - 1; k++) {
                    area += pr && summationMethod.equals("interpolation") ? slice(k) : trapezoid(k, pr);
                }
                return area;
            }

            private double x(int k, boolean pr) {
                return pr ? recall(k) : share(falsePositives[k], negatives);
            }

            private double trapezoid(int k, boolean pr) {
                final double here = pr ? precision(k) : recall(k);
                final double next = pr ? precision(k + 1) : recall(k + 1);
                final double height = switch (summationMethod) {
                    case "minoring" -> Math.min(here, next);
                    case "majoring" -> Math.max(here, next);
                    default -> (here + next) / 2;
                };
                return (x(k, pr) - x(k + 1, pr)) * height;
            }

            // Davis and Goadrich 2006: true positives go in a line with all positive answers.
            private double slice(int k) {
                final double dtp = truePositives[k] - truePositives[k + 1];
                final double here = truePositives[k] + falsePositives[k];
                final double next = truePositives[k + 1] + falsePositives[k + 1];
                final double slope = share(dtp, Math.max(here - next, 0));
                final double intercept = truePositives[k + 1] - slope * next;
                final double ratio = here > 0 && next > 0 ? here / next : 1;
                return share(slope * (dtp + intercept * StrictMath.log(ratio)), positives);
            }
        };
    }
}
