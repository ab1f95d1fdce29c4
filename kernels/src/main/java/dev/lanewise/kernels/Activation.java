package dev.lanewise.kernels;

import dev.lanewise.kernels.activation.Linear;
import dev.lanewise.kernels.activation.Relu;
import dev.lanewise.kernels.activation.Sigmoid;
import dev.lanewise.kernels.activation.Softmax;
import dev.lanewise.kernels.activation.Tanh;

/// An activation function: a value with a Keras name and, where it has any, parameters.
///
/// The constants and the lookup by name are in [Activations]; own ones implement [Custom].
public sealed interface Activation permits Linear, Relu, Sigmoid, Tanh, Softmax, Activation.Custom {
    /// What the gradient is computed from; the rest need not be kept until the backward pass.
    enum GradientFrom {
        INPUT,
        OUTPUT,
        NOTHING
    }

    /// Keras' name: `relu`, `softmax`.
    String name();

    GradientFrom gradientFrom();

    /// Whether the outputs of a row depend on the whole row, as with softmax. All others work on each element
    /// alone.
    boolean rowwise();

    /// The plain implementation, which defines the result.
    ActivationKernel scalar();

    /// The vector implementation, with the same bits as [#scalar()]. Needs the vector module.
    ActivationKernel simd();

    /// An activation of the user's own. [#simd()] may return what [#scalar()] does.
    non-sealed interface Custom extends Activation {}
}
