package dev.lanewise.keras;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.keras.h5.H5Dataset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What an optimizer remembers stands in Keras 3's trees without names: the number of steps, the learning
/// rate unless
/// a schedule gives it, then arrays for each weight. Here they get the names that `.h5` files would give them.
final class TreeOptimizer {
    private TreeOptimizer() {}

    /// The same with names; the file's where their number is not what the optimizer would have.
    ///
    /// @param optimizer its `class_name` and `config`
    /// @param weights how many weights are trained
    static List<KerasWeight> named(List<KerasWeight> memory, @Nullable JsonObject optimizer, int weights) {
        final String type = optimizer == null ? null : KerasJson.string(optimizer, "class_name");
        final JsonObject given = optimizer == null ? null : KerasJson.member(optimizer, "config");
        if (type == null || memory.isEmpty()) {
            return memory;
        }
        final List<String> slots =
                slots(type.substring(type.lastIndexOf('>') + 1), given == null ? new JsonObject() : given, weights);
        if (slots == null) {
            return memory;
        }
        final List<String> names = new ArrayList<>(List.of("iteration"));
        // tf.keras keeps the rate as a variable or not at all.
        final boolean rate = memory.size() >= slots.size() + 2 && isScalar(memory.get(1));
        if (rate) {
            names.add("learning_rate");
        }
        names.addAll(slots);
        // Nadam's product, which some versions keep.
        if (type.endsWith("Nadam") && names.size() == memory.size() - 1 && isScalar(memory.getLast())) {
            names.add("u_product");
        }
        if (names.size() != memory.size()) {
            return memory;
        }
        final List<KerasWeight> named = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            named.add(new KerasWeight("optimizer/" + names.get(i), memory.get(i).data()));
        }
        return named;
    }

    static boolean isScalar(KerasWeight weight) {
        final H5Dataset data = weight.data();
        return data != null && data.isScalar();
    }

    /// Names of the arrays in Keras' order; null for an optimizer whose order is not known.
    static @Nullable List<String> slots(String type, JsonObject config, int weights) {
        final List<String> names = new ArrayList<>();
        if (isOn(config, "use_ema")) {
            each(names, weights, "average");
        }
        if (isOn(config, "gradient_accumulation_steps")) {
            each(names, weights, "gradient_accumulator");
        }
        switch (type) {
            case "SGD" -> {
                if (isOn(config, "momentum")) {
                    each(names, weights, "momentum");
                }
            }
            case "Adam", "AdamW" -> {
                each(names, weights, "momentum", "velocity");
                if (isOn(config, "amsgrad")) {
                    each(names, weights, "velocity_hat");
                }
            }
            case "Nadam" -> each(names, weights, "momentum", "velocity");
            case "Adamax" -> each(names, weights, "momentum", "norm");
            case "Adadelta" -> each(names, weights, "accumulated_grad", "accumulated_delta_var");
            case "Ftrl" -> each(names, weights, "accumulator", "linear");
            case "Adagrad" -> each(names, weights, "accumulator");
            case "Lion" -> each(names, weights, "momentum");
            case "RMSprop" -> {
                each(names, weights, "velocity");
                if (isOn(config, "momentum")) {
                    each(names, weights, "momentum");
                }
                if (isOn(config, "centered")) {
                    each(names, weights, "average_gradient");
                }
            }
            default -> {
                return null;
            }
        }
        return names;
    }

    /// These kinds for one weight, then for the next.
    private static void each(List<String> names, int weights, String... kinds) {
        for (int i = 0; i < weights; i++) {
            for (String kind : kinds) {
                names.add(i + "_" + kind);
            }
        }
    }

    private static boolean isOn(JsonObject config, String key) {
        final JsonElement value = config.get(key);
        return !KerasJson.isNeutral(value) && !String.valueOf(value).matches("-?0(\\.0*)?");
    }
}
