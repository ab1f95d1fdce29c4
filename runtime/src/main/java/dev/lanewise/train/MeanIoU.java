package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;

/// Intersection over union of the samples of a class and those taken for it, averaged over the classes that
/// appear.
///
/// @param kerasName `mean_io_u`: outputs and targets are class numbers; `one_hot_mean_io_u`: both are rows
///     of which
///     the largest counts; `binary_io_u`: outputs above the threshold are class 1, targets are 0 and 1
/// @param numClasses 2 or more
/// @param threshold of `binary_io_u`
record MeanIoU(String name, String kerasName, int numClasses, double threshold) implements NamedMetric {
    MeanIoU {
        if (numClasses < 1) {
            throw new IllegalArgumentException(kerasName + ": num_classes must be 1 or more, got " + numClasses);
        }
    }

    @Override
    public Map<String, Object> config() {
        return kerasName.equals("binary_io_u")
                ? Map.of("name", name, "threshold", threshold)
                : Map.of("name", name, "num_classes", numClasses);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        final int cols = kerasName.startsWith("one_hot") ? y.last() : 1;
        if (cols > numClasses) {
            throw new IllegalArgumentException(
                    name + ": the output " + y + " has more classes than num_classes, " + numClasses);
        }
        return new Matrix(cols);
    }

    private final class Matrix implements Accumulator {
        private final int cols;
        private final long[] both = new long[numClasses];
        private final long[] said = new long[numClasses];
        private final long[] are = new long[numClasses];

        Matrix(int cols) {
            this.cols = cols;
        }

        @Override
        public void reset() {
            Arrays.fill(both, 0);
            Arrays.fill(said, 0);
            Arrays.fill(are, 0);
        }

        @Override
        public void update(Tensor of, Tensor truth) {
            for (long at = 0; at < of.size(); at += cols) {
                final int saidClass = classOf(of.segment(), at, kerasName.equals("binary_io_u"));
                final int trueClass = classOf(truth.segment(), at, false);
                if (saidClass < 0 || saidClass >= numClasses || trueClass < 0 || trueClass >= numClasses) {
                    throw new IllegalArgumentException(name + ": classes must be from 0 to " + (numClasses - 1)
                            + ", got " + saidClass + " for " + trueClass);
                }
                said[saidClass]++;
                are[trueClass]++;
                both[trueClass] += saidClass == trueClass ? 1 : 0;
            }
        }

        private int classOf(MemorySegment values, long at, boolean byThreshold) {
            if (byThreshold) {
                return values.getAtIndex(JAVA_FLOAT, at) >= (float) threshold ? 1 : 0;
            }
            if (cols == 1 && !kerasName.startsWith("one_hot")) {
                return (int) values.getAtIndex(JAVA_FLOAT, at);
            }
            int best = 0;
            for (int c = 1; c < cols; c++) {
                best = values.getAtIndex(JAVA_FLOAT, at + c) > values.getAtIndex(JAVA_FLOAT, at + best) ? c : best;
            }
            return best;
        }

        @Override
        public double result() {
            double sum = 0;
            int classes = 0;
            for (int c = 0; c < numClasses; c++) {
                final long union = said[c] + are[c] - both[c];
                sum += union == 0 ? 0 : (double) both[c] / union;
                classes += union == 0 ? 0 : 1;
            }
            return sum / classes;
        }
    }
}
