package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/// A figure made of how many elements are above a threshold or not, and have target 1 or 0.
///
/// @param kerasName which figure
record BinaryCounts(String name, String kerasName, double threshold) implements NamedMetric {
    @Override
    public Map<String, Object> config() {
        return Map.of("name", name, "thresholds", threshold);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        return new Counts();
    }

    private final class Counts implements Accumulator {
        private long truePositives;
        private long falsePositives;
        private long trueNegatives;
        private long falseNegatives;

        @Override
        public void reset() {
            truePositives = 0;
            falsePositives = 0;
            trueNegatives = 0;
            falseNegatives = 0;
        }

        @Override
        public void update(Tensor of, Tensor truth) {
            final MemorySegment y = of.segment();
            final MemorySegment target = truth.segment();
            final float limit = (float) threshold;
            for (int i = 0; i < of.size(); i++) {
                final boolean said = y.getAtIndex(JAVA_FLOAT, i) > limit;
                final boolean is = target.getAtIndex(JAVA_FLOAT, i) != 0;
                truePositives += said && is ? 1 : 0;
                falsePositives += said && !is ? 1 : 0;
                falseNegatives += !said && is ? 1 : 0;
                trueNegatives += !said && !is ? 1 : 0;
            }
        }

        @Override
        public double result() {
            return switch (kerasName) {
                case "true_positives" -> truePositives;
                case "false_positives" -> falsePositives;
                case "true_negatives" -> trueNegatives;
                case "false_negatives" -> falseNegatives;
                case "precision" -> share(truePositives, truePositives + falsePositives);
                case "recall" -> share(truePositives, truePositives + falseNegatives);
                default -> throw new IllegalStateException(kerasName);
            };
        }

        /// 0 of 0 is 0, as with Keras.
        private static double share(long part, long of) {
            return of == 0 ? 0 : (double) part / of;
        }
    }
}
