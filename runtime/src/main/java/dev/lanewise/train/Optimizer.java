package dev.lanewise.train;

import java.util.List;

/// How weights follow their gradients. Immutable; what it remembers between steps is in the model's slots. Users
/// write their own.
public interface Optimizer {
    /// Keras' name: `SGD`, `Adam`.
    default String name() {
        return getClass().getSimpleName();
    }

    double learningRate();

    /// Names of the slots: a number for each weight, zero at first.
    List<String> slots();

    /// Computes what is the same for all weights of a step into `b.scalars()`.
    void begin(UpdateBuffers b);

    /// Updates the weights `from .. from + n`; called by several threads for different ranges.
    void update(UpdateBuffers b, long from, int n);
}
