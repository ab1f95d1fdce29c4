package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Intersection over union of the samples of a class and those taken for it, averaged over chosen classes;
/// those of them that neither appear nor are said do not count, and where none does the figure is 0.
///
/// @param kerasName `io_u`, `one_hot_io_u` and `binary_io_u` for chosen classes, `mean_io_u` and
///     `one_hot_mean_io_u` for all of them
/// @param numClasses 1 or more; 2 for `binary_io_u`
/// @param targetClassIds the classes that count, each below `numClasses`
/// @param threshold of `binary_io_u`: outputs that reach it are class 1, others class 0
/// @param ignoreClass samples of this target are left out; null for none
/// @param sparseYTrue whether targets are class numbers; otherwise rows of which the largest counts
/// @param sparseYPred the same for outputs
record IoU(
        String name,
        String kerasName,
        int numClasses,
        List<Integer> targetClassIds,
        double threshold,
        @Nullable Integer ignoreClass,
        boolean sparseYTrue,
        boolean sparseYPred)
        implements NamedMetric {
    IoU {
        targetClassIds = List.copyOf(targetClassIds);
        if (numClasses < 1) {
            throw new IllegalArgumentException(kerasName + ": num_classes must be 1 or more, got " + numClasses);
        }
        for (int id : targetClassIds) {
            if (id < 0 || id >= numClasses) {
                throw new IllegalArgumentException(
                        kerasName + ": target_class_ids must be from 0 to " + (numClasses - 1) + ", got " + id);
            }
        }
        if (targetClassIds.isEmpty()) {
            throw new IllegalArgumentException(kerasName + ": target_class_ids must name a class, got none");
        }
    }

    /// Every class.
    static List<Integer> all(int numClasses) {
        return IntStream.range(0, numClasses).boxed().toList();
    }

    private boolean binary() {
        return kerasName.equals("binary_io_u");
    }

    @Override
    public Map<String, Object> config() {
        final Map<String, Object> config = new HashMap<>();
        config.put("name", name);
        if (!kerasName.contains("mean")) {
            config.put("target_class_ids", targetClassIds);
        }
        if (binary()) {
            config.put("threshold", threshold);
            return config;
        }
        config.put("num_classes", numClasses);
        config.put("sparse_y_pred", sparseYPred);
        if (!kerasName.startsWith("one_hot")) {
            config.put("sparse_y_true", sparseYTrue);
        }
        if (ignoreClass != null) {
            config.put("ignore_class", ignoreClass);
        }
        return config;
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        final int cols = sparseYPred ? 1 : columns("the output", y);
        final int targetCols = sparseYTrue ? 1 : columns("targets", target);
        Rows.requireElements(
                name,
                sparseYPred ? y : y.with(y.rank() - 1, 1),
                sparseYTrue ? target : target.with(target.rank() - 1, 1));
        return new Counts(cols, targetCols);
    }

    private int columns(String what, Shape shape) {
        if (shape.rank() < 2 || shape.last() > numClasses) {
            throw new IllegalArgumentException(name + ": " + what + " must be [batch, ..., classes] with at most"
                    + " num_classes, " + numClasses + ", got " + shape);
        }
        return shape.last();
    }

    private final class Counts implements Accumulator {
        private final int cols;
        private final int targetCols;
        private final long[] both = new long[numClasses];
        private final long[] said = new long[numClasses];
        private final long[] are = new long[numClasses];

        Counts(int cols, int targetCols) {
            this.cols = cols;
            this.targetCols = targetCols;
        }

        @Override
        public void reset() {
            Arrays.fill(both, 0);
            Arrays.fill(said, 0);
            Arrays.fill(are, 0);
        }

        @Override
        public void update(Tensor of, Tensor truth) {
            final int rows = of.size() / cols;
            for (int r = 0; r < rows; r++) {
                final int trueClass = classOf(truth.segment(), (long) r * targetCols, targetCols, sparseYTrue);
                if (ignoreClass != null && trueClass == ignoreClass) {
                    continue;
                }
                final long at = (long) r * cols;
                final int saidClass = binary()
                        ? of.segment().getAtIndex(JAVA_FLOAT, at) >= (float) threshold ? 1 : 0
                        : classOf(of.segment(), at, cols, sparseYPred);
                if (saidClass < 0 || saidClass >= numClasses || trueClass < 0 || trueClass >= numClasses) {
                    throw new IllegalArgumentException(name + ": classes must be from 0 to " + (numClasses - 1)
                            + ", got " + saidClass + " for " + trueClass);
                }
                said[saidClass]++;
                are[trueClass]++;
                both[trueClass] += saidClass == trueClass ? 1 : 0;
            }
        }

        private static int classOf(MemorySegment values, long at, int n, boolean sparse) {
            if (sparse) {
                return (int) values.getAtIndex(JAVA_FLOAT, at);
            }
            int best = 0;
            for (int c = 1; c < n; c++) {
                best = values.getAtIndex(JAVA_FLOAT, at + c) > values.getAtIndex(JAVA_FLOAT, at + best) ? c : best;
            }
            return best;
        }

        @Override
        public double result() {
            double sum = 0;
            int classes = 0;
            for (int i = 0; i < targetClassIds.size(); i++) {
                final int c = targetClassIds.get(i);
                final long union = said[c] + are[c] - both[c];
                sum += union == 0 ? 0 : (double) both[c] / union;
                classes += union == 0 ? 0 : 1;
            }
            return classes == 0 ? 0 : sum / classes;
        }
    }
}
