package dev.lanewise.kernels;

import dev.lanewise.kernels.activation.Celu;
import dev.lanewise.kernels.activation.Elu;
import dev.lanewise.kernels.activation.Exponential;
import dev.lanewise.kernels.activation.Gelu;
import dev.lanewise.kernels.activation.Glu;
import dev.lanewise.kernels.activation.HardShrink;
import dev.lanewise.kernels.activation.HardSigmoid;
import dev.lanewise.kernels.activation.HardSilu;
import dev.lanewise.kernels.activation.HardTanh;
import dev.lanewise.kernels.activation.LeakyRelu;
import dev.lanewise.kernels.activation.Linear;
import dev.lanewise.kernels.activation.LogSigmoid;
import dev.lanewise.kernels.activation.LogSoftmax;
import dev.lanewise.kernels.activation.Mish;
import dev.lanewise.kernels.activation.Relu;
import dev.lanewise.kernels.activation.Relu6;
import dev.lanewise.kernels.activation.Selu;
import dev.lanewise.kernels.activation.Sigmoid;
import dev.lanewise.kernels.activation.Silu;
import dev.lanewise.kernels.activation.SoftShrink;
import dev.lanewise.kernels.activation.Softmax;
import dev.lanewise.kernels.activation.Softplus;
import dev.lanewise.kernels.activation.Softsign;
import dev.lanewise.kernels.activation.SparsePlus;
import dev.lanewise.kernels.activation.Sparsemax;
import dev.lanewise.kernels.activation.Squareplus;
import dev.lanewise.kernels.activation.Tanh;
import dev.lanewise.kernels.activation.TanhGelu;
import dev.lanewise.kernels.activation.TanhShrink;
import dev.lanewise.kernels.activation.Threshold;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The activations by Keras' name, with Keras' parameters. Those that have no constant here are made by
/// [#of], and
/// their classes are not loaded before.
public final class Activations {
    public static final Activation LINEAR = new Linear();
    public static final Activation RELU = new Relu();
    public static final Activation SIGMOID = new Sigmoid();
    public static final Activation TANH = new Tanh();
    public static final Activation SOFTMAX = new Softmax();

    /// Every name of [#builtIn] but its second ones.
    private static final List<String> BUILT_IN = List.of(
            "celu",
            "elu",
            "exponential",
            "gelu",
            "glu",
            "hard_shrink",
            "hard_sigmoid",
            "hard_silu",
            "hard_tanh",
            "leaky_relu",
            "linear",
            "log_sigmoid",
            "log_softmax",
            "mish",
            "relu",
            "relu6",
            "selu",
            "sigmoid",
            "silu",
            "soft_shrink",
            "softmax",
            "softplus",
            "softsign",
            "sparse_plus",
            "sparsemax",
            "squareplus",
            "tanh",
            "tanh_shrink",
            "threshold");

    private static final Map<String, Activation> CUSTOM = new ConcurrentHashMap<>();

    private Activations() {}

    /// The activation of that Keras name, with its default parameters.
    ///
    /// @throws IllegalArgumentException if there is none, or it has a parameter without a default (`threshold`)
    public static Activation of(String kerasName) {
        return of(kerasName, Map.of());
    }

    /// The activation of that Keras name, with parameters by their Keras names; those left out have Keras'
    /// defaults. Beyond Keras, `hard_sigmoid` takes `legacy`: true for the formula of Keras 1 and 2.
    ///
    /// @param config numbers and booleans; `axis` must be -1
    /// @throws IllegalArgumentException if there is no such activation, or it does not take such parameters
    public static Activation of(String kerasName, Map<String, ?> config) {
        Settings settings = new Settings("activation '" + kerasName + "'", config);
        Activation activation = builtIn(kerasName, settings);
        if (activation == null) {
            activation = CUSTOM.get(kerasName);
        }
        if (activation == null) {
            throw new IllegalArgumentException(
                    "activation '" + kerasName + "' is not known (known: " + String.join(", ", names()) + ")");
        }
        settings.requireAllTaken();
        return activation;
    }

    private static Activation lastAxis(Settings s, Activation activation) {
        s.only("axis", -1);
        return activation;
    }

    private static @Nullable Activation builtIn(String name, Settings s) {
        return switch (name) {
            case "celu" -> new Celu((float) s.number("alpha", 1));
            case "elu" -> new Elu((float) s.number("alpha", 1));
            case "exponential" -> new Exponential();
            case "gelu" -> s.flag("approximate") ? new TanhGelu() : new Gelu();
            case "glu" -> lastAxis(s, new Glu());
            case "hard_shrink" -> new HardShrink((float) s.number("threshold", 0.5));
            case "hard_sigmoid" -> new HardSigmoid(s.flag("legacy"));
            case "hard_silu", "hard_swish" -> new HardSilu();
            case "hard_tanh" -> new HardTanh();
            case "leaky_relu" -> new LeakyRelu((float) s.number("negative_slope", 0.2));
            case "linear" -> LINEAR;
            case "log_sigmoid" -> new LogSigmoid();
            case "log_softmax" -> lastAxis(s, new LogSoftmax());
            case "mish" -> new Mish();
            case "relu" -> RELU;
            case "relu6" -> new Relu6();
            case "selu" -> new Selu();
            case "sigmoid" -> SIGMOID;
            case "silu", "swish" -> new Silu();
            case "soft_shrink" -> new SoftShrink((float) s.number("threshold", 0.5));
            case "softmax" -> lastAxis(s, SOFTMAX);
            case "softplus" -> new Softplus();
            case "softsign" -> new Softsign();
            case "sparse_plus" -> new SparsePlus();
            case "sparsemax" -> lastAxis(s, new Sparsemax());
            case "squareplus" -> new Squareplus((float) s.number("b", 4));
            case "tanh" -> TANH;
            case "tanh_shrink" -> new TanhShrink();
            case "threshold" -> new Threshold((float) s.number("threshold"), (float) s.number("default_value"));
            default -> null;
        };
    }

    /// All names known, in alphabetical order.
    public static List<String> names() {
        TreeSet<String> names = new TreeSet<>(BUILT_IN);
        names.addAll(CUSTOM.keySet());
        return List.copyOf(names);
    }

    /// Makes an activation of the user's own known to [#of].
    ///
    /// @throws IllegalArgumentException if the name is taken
    public static void register(Activation.Custom activation) {
        String name = activation.name();
        boolean taken = BUILT_IN.contains(name) || name.equals("swish") || name.equals("hard_swish");
        if (taken || CUSTOM.putIfAbsent(name, activation) != null) {
            throw new IllegalArgumentException("activation '" + name + "' is already known");
        }
    }
}
