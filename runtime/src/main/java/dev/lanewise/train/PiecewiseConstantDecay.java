package dev.lanewise.train;

import java.util.List;

/// `values[0]` up to the step `boundaries[0]`, `values[1]` up to `boundaries[1]`, ..., the last value from
/// then on.
///
/// @param boundaries steps, each above the one before
/// @param values learning rates, one more than boundaries
public record PiecewiseConstantDecay(List<Double> boundaries, List<Double> values) implements LearningRateSchedule {
    public PiecewiseConstantDecay {
        boundaries = List.copyOf(boundaries);
        values = List.copyOf(values);
        if (values.size() != boundaries.size() + 1) {
            throw new IllegalArgumentException("PiecewiseConstantDecay: there must be one value more than boundaries,"
                    + " got " + values.size() + " and " + boundaries.size());
        }
        for (int i = 1; i < boundaries.size(); i++) {
            if (!(boundaries.get(i - 1) < boundaries.get(i))) {
                throw new IllegalArgumentException(
                        "PiecewiseConstantDecay: each boundary must be above the one before, got " + boundaries);
            }
        }
        for (double value : values) {
            if (!(value >= 0)) {
                throw new IllegalArgumentException(
                        "PiecewiseConstantDecay: values must not be negative, got " + values);
            }
        }
    }

    @Override
    public double at(long step) {
        int i = 0;
        while (i < boundaries.size() && step > boundaries.get(i)) {
            i++;
        }
        return values.get(i);
    }
}
