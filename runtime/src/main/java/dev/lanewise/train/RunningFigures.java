package dev.lanewise.train;

/// The loss and the metrics over the samples of an epoch, or of an evaluation, so far. A view: its values
/// change with the next step. Reading allocates nothing.
public interface RunningFigures {
    /// How many there are: the loss and each metric.
    int count();

    /// The name of figure `i`: `loss` for 0, then the metrics'.
    String name(int i);

    /// The value of figure `i`: the mean over the samples so far.
    double value(int i);

    /// Mean of the loss.
    default double loss() {
        return value(0);
    }
}
