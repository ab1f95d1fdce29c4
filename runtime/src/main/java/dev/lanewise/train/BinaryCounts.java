package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A figure made of how many elements are above a threshold or not, and have target 1 or 0.
///
/// @param kerasName which figure
/// @param threshold null for 0.5, or with `topK` for none
/// @param topK only so many of a row's largest outputs, the first of equals, may be above the threshold;
///     null for all
/// @param classId the column that counts alone; null for all
record BinaryCounts(
        String name,
        String kerasName,
        @Nullable Double threshold,
        @Nullable Integer topK,
        @Nullable Integer classId) implements NamedMetric {
    BinaryCounts {
        if (topK != null && topK < 1) {
            throw new IllegalArgumentException(kerasName + ": top_k must be 1 or more, got " + topK);
        }
    }

    @Override
    public Map<String, Object> config() {
        final Map<String, Object> config = new HashMap<>(Map.of("name", name));
        if (threshold != null) {
            config.put("thresholds", threshold);
        }
        if (topK != null) {
            config.put("top_k", topK);
        }
        if (classId != null) {
            config.put("class_id", classId);
        }
        return config;
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        final int cols = Rows.columns(name, y, classId);
        if (topK != null && topK > cols) {
            throw new IllegalArgumentException(name + ": the output " + y + " has fewer columns than top_k, " + topK);
        }
        return new Counts(cols);
    }

    private final class Counts implements Accumulator {
        private final int cols;
        private long truePositives;
        private long falsePositives;
        private long trueNegatives;
        private long falseNegatives;

        Counts(int cols) {
            this.cols = cols;
        }

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
            final float limit =
                    threshold != null ? threshold.floatValue() : topK == null ? 0.5f : Float.NEGATIVE_INFINITY;
            for (long row = 0; row < of.size(); row += cols) {
                final int last = topK == null ? -1 : smallestOfTop(y, row, topK);
                for (int c = classId == null ? 0 : classId; c < (classId == null ? cols : classId + 1); c++) {
                    final float p = y.getAtIndex(JAVA_FLOAT, row + c);
                    count(
                            p > limit && (last < 0 || !before(y, row, last, c)),
                            target.getAtIndex(JAVA_FLOAT, row + c) != 0);
                }
            }
        }

        private void count(boolean said, boolean is) {
            truePositives += said && is ? 1 : 0;
            falsePositives += said && !is ? 1 : 0;
            falseNegatives += !said && is ? 1 : 0;
            trueNegatives += !said && !is ? 1 : 0;
        }

        /// Whether `a` comes before `b` among a row's outputs, the largest first.
        private static boolean before(MemorySegment y, long row, int a, int b) {
            final float x = y.getAtIndex(JAVA_FLOAT, row + a);
            final float other = y.getAtIndex(JAVA_FLOAT, row + b);
            return x > other || (x == other && a < b);
        }

        /// The column of the k-th largest output of a row.
        private int smallestOfTop(MemorySegment y, long row, int k) {
            int last = -1;
            for (int i = 0; i < k; i++) {
                int next = -1;
                for (int c = 0; c < cols; c++) {
                    if ((last < 0 || before(y, row, last, c)) && (next < 0 || before(y, row, c, next))) {
                        next = c;
                    }
                }
                last = next < 0 ? last : next;
            }
            return last;
        }

        @Override
        public double result() {
            return switch (kerasName) {
                case "true_positives" -> truePositives;
                case "false_positives" -> falsePositives;
                case "true_negatives" -> trueNegatives;
                case "false_negatives" -> falseNegatives;
                case "precision" -> share(truePositives, falsePositives);
                case "recall" -> share(truePositives, falseNegatives);
                default -> throw new IllegalStateException(kerasName);
            };
        }

        private static double share(long right, long wrong) {
            return ThresholdCounts.share((double) right, (double) (right + wrong));
        }
    }
}
