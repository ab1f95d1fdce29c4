package dev.lanewise.train;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;

/// A figure that is followed beside the loss. Sample weights do not count (Keras' `metrics`, not
/// `weighted_metrics`).
public interface Metric {
    /// Share of right predictions, resolved by shapes as Keras does: an output of one column is compared with 0.5;
    /// targets of lower rank, or of one column, are labels; otherwise they are one-hot.
    Metric ACCURACY = new Accuracy();

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

        /// The metric over all samples since [#reset]; NaN for none.
        double result();
    }

    /// The metric of this name, as Keras names it: `accuracy` (`acc`), `mean_squared_error` (`mse`),
    /// `mean_absolute_error` (`mae`).
    ///
    /// @throws IllegalArgumentException if it is unknown
    static Metric of(String name) {
        return switch (name) {
            case "accuracy", "acc" -> ACCURACY;
            case "mean_squared_error", "mse" -> MEAN_SQUARED_ERROR;
            case "mean_absolute_error", "mae" -> MEAN_ABSOLUTE_ERROR;
            default ->
                throw new IllegalArgumentException("metric '" + name
                        + "' is not supported (supported: accuracy, mean_squared_error, mean_absolute_error)");
        };
    }
}
