package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Layers;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Keras' layers of attention with heads.
final class KerasAttention {
    private static final String CAUSAL = "use_causal_mask";
    private static final Set<String> LAYERS = Set.of("MultiHeadAttention", "GroupQueryAttention");

    /// Arguments by name that are inputs, in the order of the inputs.
    static final List<String> INPUTS = List.of("value", "key");

    private KerasAttention() {}

    static boolean is(String className) {
        return LAYERS.contains(className);
    }

    /// Whether an argument of a call is a setting here.
    static boolean isSetting(String className, String argument) {
        return is(className) && argument.equals(CAUSAL);
    }

    static @Nullable Layer convert(LayerConfig config) {
        for (String key : List.of("query_shape", "key_shape", "value_shape")) {
            config.take(key);
        }
        final JsonElement axes = config.take("attention_axes");
        final JsonArray steps = new JsonArray();
        steps.add(1);
        if (axes != null && !axes.equals(steps)) {
            config.find(
                    Reason.UNSUPPORTED_ARGUMENT,
                    "'attention_axes' " + KerasJson.shown(axes) + " is not supported (supported: [1])");
            return null;
        }
        return KerasLayers.generic(
                Layers.get(config.className()), config.with(CAUSAL, new JsonPrimitive(config.isSet(CAUSAL))));
    }
}
