package dev.lanewise.train;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A figure that is followed beside the loss. Sample weights do not count (Keras' `metrics`, not
/// `weighted_metrics`).
public interface Metric {
    /// Share of right predictions, resolved by shapes as Keras does: an output of one column is compared
    /// with 0.5;
    /// targets of lower rank, or of one column, are labels; otherwise they are one-hot.
    Metric ACCURACY = new Accuracy("accuracy");

    /// Mean of squared differences.
    Metric MEAN_SQUARED_ERROR = new MeanDifference("mean_squared_error", true);

    /// Mean of absolute differences.
    Metric MEAN_ABSOLUTE_ERROR = new MeanDifference("mean_absolute_error", false);

    /// The name in [History]; `val_` is put before it for validation data.
    String name();

    /// A new sum for outputs and targets of these shapes (the batch is ignored).
    ///
    /// @throws IllegalArgumentException if the metric cannot compare them
    Accumulator accumulator(Shape y, Shape target);

    /// Sums a metric over batches.
    interface Accumulator {
        void reset();

        void update(Tensor y, Tensor target);

        /// The same where only some rows count, as with the mask of an output. As in Keras, means over rows
        /// leave the others out, and all other metrics take every row: so does this, unless it is
        /// overridden.
        ///
        /// @param counts for each row of `y`, all dimensions but the last, 0 where it does not count; null
        ///     for all
        default void update(Tensor y, Tensor target, @Nullable Tensor counts) {
            update(y, target);
        }

        /// The metric over all samples since [#reset]; NaN for none. The first of several numbers.
        double result();

        /// How many numbers the metric is: more than one where Keras gives an array, as for `precision` at
        /// several thresholds. [History] has each by its place: `precision[0]`, `precision[1]`.
        default int figures() {
            return 1;
        }

        /// Number `i` of [#figures].
        default double figure(int i) {
            return result();
        }
    }

    /// A metric as Keras' configs have it: [#of(String, Map)] makes an equal one of it.
    ///
    /// @param settings numbers, booleans and texts by Keras' names
    record Config(String kerasName, Map<String, Object> settings) {}

    /// The config of a metric; a user's has its name alone.
    static Config config(Metric metric) {
        return metric instanceof NamedMetric named
                ? new Config(named.kerasName(), named.config())
                : new Config(metric.name(), Map.of());
    }

    /// The metric of this name, as Keras names its functions (`accuracy`, `mse`) or classes (`BinaryAccuracy`),
    /// with its default settings.
    ///
    /// @throws IllegalArgumentException if it is unknown
    static Metric of(String kerasName) {
        return of(kerasName, Map.of());
    }

    /// The metric of this name with the settings of a Keras config: numbers, booleans, texts and null by Keras'
    /// names (`threshold`); those left out have Keras' defaults.
    ///
    /// @throws IllegalArgumentException if the metric is unknown, or a setting is, or is not supported
    static Metric of(String kerasName, Map<String, ? extends @Nullable Object> config) {
        return Metrics.of(kerasName, config);
    }

    /// The names that [#of] knows, in alphabetical order.
    static List<String> names() {
        return Metrics.NAMES;
    }
}
