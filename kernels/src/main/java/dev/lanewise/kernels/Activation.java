package dev.lanewise.kernels;

import dev.lanewise.kernels.activation.BuiltInActivation;
import java.util.Map;

/// An activation function: a value with a Keras name and, where it has any, parameters.
///
/// The constants and the lookup by name are in [Activations]; own ones implement [Custom].
public sealed interface Activation permits BuiltInActivation, Activation.Custom {
    /// What the gradient is computed from; the rest need not be kept until the backward pass.
    enum GradientFrom {
        INPUT,
        OUTPUT,
        NOTHING
    }

    /// Keras' name: `relu`, `softmax`.
    String name();

    /// Its parameters by Keras' names (`negative_slope`), with which [Activations#of(String, Map)] gives an
    /// equal one: numbers and booleans. Most have none.
    default Map<String, Object> config() {
        return Map.of();
    }

    GradientFrom gradientFrom();

    /// Whether the outputs of a row depend on the whole row, as with softmax. All others work on each element
    /// alone.
    boolean rowwise();

    /// Columns of the output for an input of so many: as many, but half of them for `glu`.
    ///
    /// @throws IllegalArgumentException if the input cannot have so many
    default int outputCols(int cols) {
        return cols;
    }

    /// Whether the output may be written over the input, and the gradient over what it is computed from.
    default boolean worksInPlace() {
        return true;
    }

    /// The plain implementation, which defines the result.
    ActivationKernel scalar();

    /// The vector implementation, with the same bits as [#scalar()]. Needs the vector module.
    ActivationKernel simd();

    /// An activation of the user's own. [#simd()] may return what [#scalar()] does.
    non-sealed interface Custom extends Activation {}
}
