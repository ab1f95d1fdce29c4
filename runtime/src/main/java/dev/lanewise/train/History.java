package dev.lanewise.train;

import java.util.List;
import java.util.Map;

/// What [Trainer#fit] saw: for each figure (`loss`, `accuracy`, `val_loss`, …) its value after every epoch.
///
/// @param epochs numbers of the epochs, counted from the model's first
public record History(List<Long> epochs, Map<String, List<Double>> values) {
    /// The values of a figure.
    ///
    /// @throws IllegalArgumentException if it was not followed
    public List<Double> get(String name) {
        final List<Double> of = values.get(name);
        if (of == null) {
            throw new IllegalArgumentException("History: no '" + name + "' (there are: " + values.keySet() + ")");
        }
        return of;
    }

    /// The last value of a figure.
    public double last(String name) {
        return get(name).getLast();
    }
}
