package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The area under a curve over thresholds, by Keras' interpolation.
///
/// @param numThresholds 2 or more: 0, 1 and between them at equal distances
/// @param curve `ROC`, true positives over false ones, or `PR`, precision over recall
/// @param summationMethod `interpolation`, `minoring` or `majoring`
/// @param thresholds those between 0 and 1, in place of `numThresholds`; empty for none
/// @param multiLabel whether each column has an area of its own, of which the mean is taken; otherwise all
///     elements have one
/// @param labelWeights of the columns: in the mean of areas, or else of their elements; empty for 1
/// @param fromLogits whether outputs come before the sigmoid
public record AUC(
        String name,
        int numThresholds,
        String curve,
        String summationMethod,
        List<Double> thresholds,
        boolean multiLabel,
        List<Double> labelWeights,
        boolean fromLogits)
        implements NamedMetric {
    public AUC {
        thresholds = thresholds.stream().sorted().toList();
        labelWeights = List.copyOf(labelWeights);
        numThresholds = thresholds.isEmpty() ? numThresholds : thresholds.size() + 2;
        if (numThresholds < 2) {
            throw new IllegalArgumentException("AUC: num_thresholds must be 2 or more, got " + numThresholds);
        }
        if (!thresholds.stream().allMatch(t -> t >= 0 && t <= 1)) {
            throw new IllegalArgumentException("AUC: thresholds must be from 0 to 1, got " + thresholds);
        }
        if (!labelWeights.stream().allMatch(w -> w >= 0 && w < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("AUC: label_weights must not be negative, got " + labelWeights);
        }
        if (!List.of("ROC", "PR").contains(curve)) {
            throw new IllegalArgumentException("AUC: curve must be ROC or PR, got " + curve);
        }
        if (!List.of("interpolation", "minoring", "majoring").contains(summationMethod)) {
            throw new IllegalArgumentException(
                    "AUC: summation_method must be interpolation, minoring or majoring, got " + summationMethod);
        }
    }

    /// Of probabilities, over thresholds at equal distances.
    public AUC(String name, int numThresholds, String curve, String summationMethod) {
        this(name, numThresholds, curve, summationMethod, List.of(), false, List.of(), false);
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
        final Map<String, Object> config = new HashMap<>(Map.of(
                "name", name, "num_thresholds", numThresholds, "curve", curve, "summation_method", summationMethod));
        config.put("multi_label", multiLabel);
        config.put("from_logits", fromLogits);
        if (!thresholds.isEmpty()) {
            config.put("thresholds", thresholds);
        }
        if (!labelWeights.isEmpty()) {
            config.put("label_weights", labelWeights);
        }
        return config;
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        final int cols = y.rank() < 2 ? 1 : y.last();
        if (multiLabel && y.rank() != 2) {
            throw new IllegalArgumentException(name + ": multi_label needs an output [batch, labels], got " + y);
        }
        if (!labelWeights.isEmpty() && labelWeights.size() != cols) {
            throw new IllegalArgumentException(
                    name + ": the output " + y + " has other labels than label_weights " + labelWeights);
        }
        return new Areas(cols);
    }

    private final class Areas implements Accumulator {
        private final ThresholdCounts[] labels;
        private final double[] weights;

        Areas(int cols) {
            weights = new double[cols];
            for (int c = 0; c < cols; c++) {
                weights[c] = labelWeights.isEmpty() ? 1 : labelWeights.get(c);
            }
            labels = new ThresholdCounts[multiLabel ? cols : 1];
            for (int c = 0; c < labels.length; c++) {
                labels[c] = new ThresholdCounts(
                        thresholds.isEmpty() ? ThresholdCounts.even(numThresholds) : ThresholdCounts.given(thresholds));
            }
        }

        @Override
        public void reset() {
            for (ThresholdCounts label : labels) {
                label.reset();
            }
        }

        @Override
        public void update(Tensor y, Tensor target) {
            for (int i = 0; i < y.size(); i++) {
                final float value = y.segment().getAtIndex(JAVA_FLOAT, i);
                final float p = fromLogits ? (float) (1 / (1 + StrictMath.exp(-value))) : value;
                final boolean is = target.segment().getAtIndex(JAVA_FLOAT, i) != 0;
                final int c = i % weights.length;
                labels[multiLabel ? c : 0].add(p, is, multiLabel ? 1 : weights[c]);
            }
        }

        @Override
        public double result() {
            double sum = 0;
            double of = 0;
            for (int c = 0; c < labels.length; c++) {
                final double weight = multiLabel ? weights[c] : 1;
                sum += weight * area(labels[c]);
                of += weight;
            }
            return ThresholdCounts.share(sum, of);
        }

        private double area(ThresholdCounts counts) {
            final boolean pr = curve.equals("PR");
            double area = 0;
            for (int k = 0; k < counts.size() - 1; k++) {
                area += pr && summationMethod.equals("interpolation") ? slice(counts, k) : trapezoid(counts, k, pr);
            }
            return area;
        }

        private static double x(ThresholdCounts counts, int k, boolean pr) {
            return pr ? counts.recall(k) : counts.fallout(k);
        }

        private double trapezoid(ThresholdCounts counts, int k, boolean pr) {
            final double here = pr ? counts.precision(k) : counts.recall(k);
            final double next = pr ? counts.precision(k + 1) : counts.recall(k + 1);
            final double height = switch (summationMethod) {
                case "minoring" -> Math.min(here, next);
                case "majoring" -> Math.max(here, next);
                default -> (here + next) / 2;
            };
            return (x(counts, k, pr) - x(counts, k + 1, pr)) * height;
        }

        // Davis and Goadrich 2006: true positives go in a line with all positive answers.
        private static double slice(ThresholdCounts counts, int k) {
            final double dtp = counts.truePositives(k) - counts.truePositives(k + 1);
            final double here = counts.said(k);
            final double next = counts.said(k + 1);
            final double slope = ThresholdCounts.share(dtp, Math.max(here - next, 0));
            final double intercept = counts.truePositives(k + 1) - slope * next;
            final double ratio = here > 0 && next > 0 ? here / next : 1;
            return ThresholdCounts.share(slope * (dtp + intercept * StrictMath.log(ratio)), counts.positives());
        }
    }
}
