package dev.lanewise.train;

import dev.lanewise.data.Dataset;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How [Trainer#fit] runs, with Keras' defaults: batches of 32, samples shuffled anew in every epoch.
///
/// @param epochs number of passes over the data
/// @param batchSize samples in a step; the last of an epoch may have fewer
/// @param validation data that is evaluated after every epoch, or null
/// @param validationSplit share of the data, from its end and before any shuffling, that is used so instead
/// @param shuffle whether each epoch has an order of its own
/// @param seed of the order and of dropout; null for the model's
/// @param listener told of progress
/// @param classWeight weights of training samples by their class, the label or the largest target; 1 for others
public record Fit(
        int epochs,
        int batchSize,
        @Nullable Dataset validation,
        double validationSplit,
        boolean shuffle,
        @Nullable Long seed,
        FitListener listener,
        Map<Integer, Double> classWeight) {
    public Fit {
        classWeight = Map.copyOf(classWeight);
        if (classWeight.values().stream().anyMatch(weight -> !(weight >= 0))) {
            throw new IllegalArgumentException("Fit: class_weight must not be negative, got " + classWeight);
        }
        if (epochs < 0) {
            throw new IllegalArgumentException("Fit: epochs must not be negative, got " + epochs);
        }
        if (batchSize < 1) {
            throw new IllegalArgumentException("Fit: batch_size must be positive, got " + batchSize);
        }
        if (!(validationSplit >= 0 && validationSplit < 1)) {
            throw new IllegalArgumentException(
                    "Fit: validation_split must be from 0 to below 1, got " + validationSplit);
        }
        if (validation != null && validationSplit > 0) {
            throw new IllegalArgumentException("Fit: validation data and validation_split exclude each other");
        }
    }

    public static Fit epochs(int epochs) {
        return new Fit(epochs, 32, null, 0, true, null, FitListener.NONE, Map.of());
    }

    public Fit batchSize(int size) {
        return new Fit(epochs, size, validation, validationSplit, shuffle, seed, listener, classWeight);
    }

    public Fit validation(Dataset data) {
        return new Fit(epochs, batchSize, data, validationSplit, shuffle, seed, listener, classWeight);
    }

    public Fit validationSplit(double share) {
        return new Fit(epochs, batchSize, validation, share, shuffle, seed, listener, classWeight);
    }

    public Fit shuffle(boolean on) {
        return new Fit(epochs, batchSize, validation, validationSplit, on, seed, listener, classWeight);
    }

    public Fit seed(long number) {
        return new Fit(epochs, batchSize, validation, validationSplit, shuffle, number, listener, classWeight);
    }

    public Fit listener(FitListener told) {
        return new Fit(epochs, batchSize, validation, validationSplit, shuffle, seed, told, classWeight);
    }

    public Fit classWeight(Map<Integer, Double> weights) {
        return new Fit(epochs, batchSize, validation, validationSplit, shuffle, seed, listener, weights);
    }
}
