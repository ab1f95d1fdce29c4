package dev.lanewise.train;

import java.util.Arrays;
import java.util.List;

/// Counts of right and wrong answers at thresholds, which ascend.
final class ThresholdCounts {
    private static final double EPSILON = 1e-7;

    private final float[] thresholds;
    private final double[] truePositives;
    private final double[] falsePositives;
    private double positives;
    private double negatives;

    ThresholdCounts(float[] thresholds) {
        this.thresholds = thresholds;
        truePositives = new double[thresholds.length];
        falsePositives = new double[thresholds.length];
    }

    /// Keras' thresholds: `-1e-7, 1/(n - 1), ..., (n - 2)/(n - 1), 1 + 1e-7`.
    static float[] even(int n) {
        final float[] thresholds = new float[n];
        for (int i = 0; i < n; i++) {
            thresholds[i] = (float) (i == 0 ? -EPSILON : i == n - 1 ? 1 + EPSILON : (double) i / (n - 1));
        }
        return thresholds;
    }

    /// `-1e-7`, the given ones in their order, `1 + 1e-7`.
    static float[] given(List<Double> ascending) {
        final float[] thresholds = new float[ascending.size() + 2];
        thresholds[0] = (float) -EPSILON;
        thresholds[thresholds.length - 1] = (float) (1 + EPSILON);
        for (int i = 0; i < ascending.size(); i++) {
            thresholds[i + 1] = ascending.get(i).floatValue();
        }
        return thresholds;
    }

    void reset() {
        Arrays.fill(truePositives, 0);
        Arrays.fill(falsePositives, 0);
        positives = 0;
        negatives = 0;
    }

    /// Counts an answer.
    void add(float p, boolean is, double weight) {
        positives += is ? weight : 0;
        negatives += is ? 0 : weight;
        final double[] counts = is ? truePositives : falsePositives;
        for (int k = 0; k < thresholds.length && p > thresholds[k]; k++) {
            counts[k] += weight;
        }
    }

    int size() {
        return thresholds.length;
    }

    double truePositives(int k) {
        return truePositives[k];
    }

    /// All answers that say yes.
    double said(int k) {
        return truePositives[k] + falsePositives[k];
    }

    double positives() {
        return positives;
    }

    double recall(int k) {
        return share(truePositives[k], positives);
    }

    double fallout(int k) {
        return share(falsePositives[k], negatives);
    }

    double specificity(int k) {
        return share(negatives - falsePositives[k], negatives);
    }

    double precision(int k) {
        return share(truePositives[k], said(k));
    }

    /// 0 of 0 is 0, as with Keras.
    static double share(double part, double of) {
        return of == 0 ? 0 : part / of;
    }
}
