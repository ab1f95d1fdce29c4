package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Counts of right and wrong answers at Keras' thresholds: `-1e-7, 1/(n - 1), ..., (n - 2)/(n - 1), 1 + 1e-7`.
abstract class ThresholdCounts implements Metric.Accumulator {
    private static final double EPSILON = 1e-7;

    final float[] thresholds;
    final double[] truePositives;
    final double[] falsePositives;
    double positives;
    double negatives;

    ThresholdCounts(int n) {
        thresholds = new float[n];
        for (int i = 0; i < n; i++) {
            thresholds[i] = (float) (i == 0 ? -EPSILON : i == n - 1 ? 1 + EPSILON : (double) i / (n - 1));
        }
        truePositives = new double[n];
        falsePositives = new double[n];
    }

    @Override
    public final void reset() {
        Arrays.fill(truePositives, 0);
        Arrays.fill(falsePositives, 0);
        positives = 0;
        negatives = 0;
    }

    @Override
    public final void update(Tensor of, Tensor truth) {
        final MemorySegment y = of.segment();
        final MemorySegment target = truth.segment();
        for (int i = 0; i < of.size(); i++) {
            final float p = y.getAtIndex(JAVA_FLOAT, i);
            final boolean is = target.getAtIndex(JAVA_FLOAT, i) != 0;
            positives += is ? 1 : 0;
            negatives += is ? 0 : 1;
            final double[] counts = is ? truePositives : falsePositives;
            for (int k = 0; k < thresholds.length && p > thresholds[k]; k++) {
                counts[k]++;
            }
        }
    }

    double recall(int k) {
        return share(truePositives[k], positives);
    }

    double specificity(int k) {
        return share(negatives - falsePositives[k], negatives);
    }

    double precision(int k) {
        return share(truePositives[k], truePositives[k] + falsePositives[k]);
    }

    static double share(double part, double of) {
        return of == 0 ? 0 : part / of;
    }
}
