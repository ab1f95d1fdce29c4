package dev.lanewise.train;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How weights follow their gradients. Immutable; what it remembers between steps is in the model's slots.
/// Users write their own.
public interface Optimizer {
    /// Keras' name: `SGD`, `Adam`.
    default String name() {
        return getClass().getSimpleName();
    }

    double learningRate();

    /// Names of the slots: a number for each weight, [#initialValue] at first. In the order of Keras' files.
    List<String> slots();

    /// What the numbers of a slot are at first.
    default float initialValue(String slot) {
        return 0;
    }

    /// Clipping, weight decay and what else is common to all optimizers.
    default OptimizerOptions options() {
        return OptimizerOptions.NONE;
    }

    /// This optimizer without options.
    default Optimizer plain() {
        return this;
    }

    /// This optimizer with other options.
    default Optimizer with(OptimizerOptions options) {
        return options.equals(OptimizerOptions.NONE) ? plain() : new TunedOptimizer(plain(), options);
    }

    /// Computes what is the same for all weights of a step into `b.scalars()`.
    void begin(UpdateBuffers b);

    /// Updates the weights `from .. from + n`; called by several threads for different ranges.
    void update(UpdateBuffers b, long from, int n);

    /// The optimizer of this name, as Keras names it (`adam`, `Adam`, `RMSprop`), with its default settings.
    ///
    /// @throws IllegalArgumentException if it is unknown
    static Optimizer of(String kerasName) {
        return of(kerasName, Map.of());
    }

    /// The optimizer of this name with the settings of a Keras config: numbers, booleans, texts and null by
    /// Keras'
    /// names
    /// (`learning_rate`); those left out have Keras' defaults.
    ///
    /// @throws IllegalArgumentException if the optimizer is unknown, or a setting is, or is not supported
    static Optimizer of(String kerasName, Map<String, ? extends @Nullable Object> config) {
        return Optimizers.of(kerasName, config);
    }

    /// The names that [#of] knows, in alphabetical order.
    static List<String> names() {
        return Optimizers.NAMES;
    }
}
