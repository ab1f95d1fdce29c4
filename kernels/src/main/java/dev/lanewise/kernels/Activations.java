package dev.lanewise.kernels;

import dev.lanewise.kernels.activation.Linear;
import dev.lanewise.kernels.activation.Relu;
import dev.lanewise.kernels.activation.Sigmoid;
import dev.lanewise.kernels.activation.Softmax;
import dev.lanewise.kernels.activation.Tanh;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/// The activations by Keras' name.
public final class Activations {
    public static final Activation LINEAR = new Linear();
    public static final Activation RELU = new Relu();
    public static final Activation SIGMOID = new Sigmoid();
    public static final Activation TANH = new Tanh();
    public static final Activation SOFTMAX = new Softmax();

    private static final Map<String, Activation> BY_NAME = new ConcurrentSkipListMap<>();

    static {
        for (Activation activation : List.of(LINEAR, RELU, SIGMOID, TANH, SOFTMAX)) {
            BY_NAME.put(activation.name(), activation);
        }
    }

    private Activations() {}

    /// The activation of that Keras name, with its default parameters.
    ///
    /// @throws IllegalArgumentException if there is none
    public static Activation of(String kerasName) {
        Activation activation = BY_NAME.get(kerasName);
        if (activation == null) {
            throw new IllegalArgumentException(
                    "activation '" + kerasName + "' is not known (known: " + String.join(", ", names()) + ")");
        }
        return activation;
    }

    /// All names known, in alphabetical order.
    public static List<String> names() {
        return List.copyOf(BY_NAME.keySet());
    }

    /// Makes an activation of the user's own known to [#of].
    ///
    /// @throws IllegalArgumentException if the name is taken
    public static void register(Activation.Custom activation) {
        Activation present = BY_NAME.putIfAbsent(activation.name(), activation);
        if (present != null) {
            throw new IllegalArgumentException("activation '" + activation.name() + "' is already known");
        }
    }
}
