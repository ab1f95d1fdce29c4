package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A figure made of how many elements are above a threshold or not, and have target 1 or 0.
///
/// @param kerasName which figure
/// @param thresholds none for 0.5, or with `topK` for no threshold; of several, each has a figure
/// @param topK only so many of a row's largest outputs, the first of equals, may be above the threshold;
///     null for all
/// @param classId the column that counts alone; null for all
record BinaryCounts(
        String name,
        String kerasName,
        List<Double> thresholds,
        @Nullable Integer topK,
        @Nullable Integer classId) implements NamedMetric {
    BinaryCounts {
        thresholds = List.copyOf(thresholds);
        if (topK != null && topK < 1) {
            throw new IllegalArgumentException(kerasName + ": top_k must be 1 or more, got " + topK);
        }
    }

    @Override
    public Map<String, Object> config() {
        final Map<String, Object> config = new HashMap<>(Map.of("name", name));
        if (!thresholds.isEmpty()) {
            config.put("thresholds", thresholds.size() == 1 ? thresholds.getFirst() : thresholds);
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
        private final float[] limits;
        private final long[] truePositives;
        private final long[] falsePositives;
        private final long[] trueNegatives;
        private final long[] falseNegatives;

        Counts(int cols) {
            this.cols = cols;
            limits = new float[figures()];
            for (int k = 0; k < limits.length; k++) {
                limits[k] = !thresholds.isEmpty()
                        ? thresholds.get(k).floatValue()
                        : topK == null ? 0.5f : Float.NEGATIVE_INFINITY;
            }
            truePositives = new long[limits.length];
            falsePositives = new long[limits.length];
            trueNegatives = new long[limits.length];
            falseNegatives = new long[limits.length];
        }

        @Override
        public void reset() {
            Arrays.fill(truePositives, 0);
            Arrays.fill(falsePositives, 0);
            Arrays.fill(trueNegatives, 0);
            Arrays.fill(falseNegatives, 0);
        }

        @Override
        public int figures() {
            return Math.max(1, thresholds.size());
        }

        @Override
        public void update(Tensor of, Tensor truth) {
            final MemorySegment y = of.segment();
            final MemorySegment target = truth.segment();
            for (long row = 0; row < of.size(); row += cols) {
                final int last = topK == null ? -1 : smallestOfTop(y, row, topK);
                for (int c = classId == null ? 0 : classId; c < (classId == null ? cols : classId + 1); c++) {
                    final float p = y.getAtIndex(JAVA_FLOAT, row + c);
                    final boolean can = last < 0 || !before(y, row, last, c);
                    final boolean is = target.getAtIndex(JAVA_FLOAT, row + c) != 0;
                    for (int k = 0; k < limits.length; k++) {
                        count(k, can && p > limits[k], is);
                    }
                }
            }
        }

        private void count(int k, boolean said, boolean is) {
            truePositives[k] += said && is ? 1 : 0;
            falsePositives[k] += said && !is ? 1 : 0;
            falseNegatives[k] += !said && is ? 1 : 0;
            trueNegatives[k] += !said && !is ? 1 : 0;
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
            return figure(0);
        }

        @Override
        public double figure(int k) {
            return switch (kerasName) {
                case "true_positives" -> truePositives[k];
                case "false_positives" -> falsePositives[k];
                case "true_negatives" -> trueNegatives[k];
                case "false_negatives" -> falseNegatives[k];
                case "precision" -> share(truePositives[k], falsePositives[k]);
                case "recall" -> share(truePositives[k], falseNegatives[k]);
                default -> throw new IllegalStateException(kerasName);
            };
        }

        private static double share(long right, long wrong) {
            return ThresholdCounts.share((double) right, (double) (right + wrong));
        }
    }
}
