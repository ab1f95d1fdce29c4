package dev.lanewise.train;

import dev.lanewise.kernels.Activation;
import dev.lanewise.tensor.Shape;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What training makes small. The loss of a batch is the sum of its rows' losses, each times its sample's
/// weight, over the number of rows (Keras' `sum_over_batch_size`; not over the sum of the weights), unless
/// it has another reduction ([ReducedLoss]). Users write their own.
public interface Loss {
    /// Keras' name, as `sparse_categorical_crossentropy`.
    String name();

    /// Writes the loss of every row to `b.loss()` and, where `b.dy()` is not null, the gradient of the batch's
    /// loss to it.
    void forwardBackward(LossBuffers b);

    /// How the rows' losses become the batch's, as Keras names it: `sum_over_batch_size` or, the same, `mean`;
    /// `sum` or `mean_with_sample_weight` as with [ReducedLoss]. Training and evaluation refuse others.
    default String reduction() {
        return "sum_over_batch_size";
    }

    /// Checks the shapes of a model's output and of the targets, both with the batch first.
    ///
    /// @throws IllegalArgumentException with both shapes if they do not go together
    void checkShapes(Shape y, Shape target);

    /// What is wrong with a target value, or null: a label out of range, as the end of the sentence "target
    /// … is 12,". Asked for every value before training starts.
    default @Nullable String fault(float target, Shape y) {
        return null;
    }

    /// Whether [#fault] needs to be asked.
    default boolean checksTargets() {
        return false;
    }

    /// Floats of memory that one batch needs beside its operands.
    ///
    /// @param y of the output, with the batch
    default long scratch(Shape y) {
        return 0;
    }

    /// Whether the loss takes the model's last activation into itself: then `y` comes as what the activation
    /// would
    /// get, the loss replaces it by the activation's result, and `dy` is the gradient by what the activation
    /// gets.
    default boolean fuses(Activation last) {
        return false;
    }

    /// The loss of this name, as Keras names its functions (`binary_crossentropy`, `mse`) or classes
    /// (`BinaryCrossentropy`), with its default settings.
    ///
    /// @throws IllegalArgumentException if it is unknown
    static Loss of(String kerasName) {
        return of(kerasName, Map.of());
    }

    /// The loss of this name with the settings of a Keras config: numbers, booleans, texts and null by Keras'
    /// names (`from_logits`); those left out have Keras' defaults.
    ///
    /// @throws IllegalArgumentException if the loss is unknown, or a setting is, or is not supported
    static Loss of(String kerasName, Map<String, ? extends @Nullable Object> config) {
        return Losses.of(kerasName, config);
    }

    /// The names that [#of] knows, in alphabetical order.
    static List<String> names() {
        return Losses.NAMES;
    }
}
