package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Layers;
import dev.lanewise.nn.layer.EinsumDense;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Keras' layers of attention.
final class KerasAttention {
    static final String CAUSAL = "use_causal_mask";

    /// Arguments of calls that are settings of the layer here.
    static final List<String> SETTINGS = List.of(CAUSAL, "return_attention_scores");

    private static final Set<String> LAYERS = Set.of(
            "MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention", "Attention", "AdditiveAttention");

    /// Arguments by name that are inputs, in the order of the inputs.
    static final List<String> INPUTS = List.of("value", "key");

    /// Of layers with heads: which key each row sees.
    static final String MASK = "attention_mask";

    private KerasAttention() {}

    /// Whether an argument of a call by name is an input.
    static boolean isInput(String className, String argument) {
        return is(className)
                && (INPUTS.contains(argument) || (argument.equals(MASK) && !className.matches("(Additive)?Attention")));
    }

    static boolean is(String className) {
        return LAYERS.contains(className);
    }

    /// Whether query, value and key are arguments of their own, not one list.
    static boolean isOfHeads(String className) {
        return className.equals("MultiHeadAttention") || className.equals("GroupQueryAttention");
    }

    /// Whether an argument of a call is a setting here.
    static boolean isSetting(String className, String argument) {
        return is(className) && SETTINGS.contains(argument);
    }

    /// Refuses calls without a value before the key. A causal mask in all calls of a layer is one of its
    /// settings; in some, it is theirs.
    static void check(LayerConfig config, JsonArray calls) {
        if (!is(config.className())) {
            return;
        }
        final List<Integer> causal = new ArrayList<>();
        for (int at = 0; at < calls.size(); at++) {
            final JsonElement call = calls.get(at);
            final JsonElement args =
                    call.isJsonObject() ? call.getAsJsonObject().get("args") : null;
            boolean missing = false;
            for (int i = 0; args instanceof JsonArray list && i < list.size(); i++) {
                final boolean given = !list.get(i).isJsonNull();
                if (given && missing) {
                    config.find(
                            Reason.UNSUPPORTED_CONNECTION,
                            "is called with " + KerasJson.shown(list.get(i)) + " as argument " + (i + 1)
                                    + " and without one before it");
                }
                missing |= !given;
            }
            if (isCausal(call)) {
                causal.add(at);
            }
        }
        if (causal.size() < calls.size()) {
            config.unset(CAUSAL);
            causal.forEach(config::causal);
        }
    }

    /// Whether a call says so by name, in either form of calls.
    private static boolean isCausal(JsonElement call) {
        if (call instanceof JsonObject object) {
            final JsonObject keywords = object.has("args") ? KerasJson.member(object, "kwargs") : object;
            return keywords != null && new JsonPrimitive(true).equals(keywords.get(CAUSAL));
        }
        if (call instanceof JsonArray list) {
            for (JsonElement part : list) {
                if (isCausal(part)) {
                    return true;
                }
            }
        }
        return false;
    }

    static @Nullable Layer convert(LayerConfig config) {
        for (String key : List.of("query_shape", "key_shape", "value_shape")) {
            config.take(key);
        }
        config.take("attention_axes"); // [checkAxes]
        LayerConfig whole = withSettings(config);
        if (KerasJson.isNeutral(config.config().get("use_gate"))) {
            whole = whole.with("use_gate", new JsonPrimitive(false));
        }
        return KerasLayers.generic(Layers.get(config.className()), whole);
    }

    /// Refuses attention over some of the axes between batch and features, and not over all of them.
    ///
    /// @param rank of the query
    static void checkAxes(LayerConfig config, int rank) {
        final JsonElement axes = config.config().get("attention_axes");
        if (!config.className().equals("MultiHeadAttention") || axes == null || axes.isJsonNull()) {
            return;
        }
        final JsonArray all = new JsonArray();
        for (int axis = 1; axis < rank - 1; axis++) {
            all.add(axis);
        }
        final JsonArray one = new JsonArray();
        one.add(axes);
        if (!all.equals(axes) && !all.equals(one)) {
            config.find(
                    Reason.UNSUPPORTED_ARGUMENT,
                    "'attention_axes' " + KerasJson.shown(axes) + " of an input of " + rank
                            + " axes is not supported (supported: " + all + ", all between batch and features)");
        }
    }

    private static LayerConfig withSettings(LayerConfig config) {
        LayerConfig whole = config;
        for (String setting : SETTINGS) {
            whole = whole.with(setting, new JsonPrimitive(config.isSet(setting)));
        }
        return whole;
    }

    /// Attention of one head. Older files have the causal mask in the layer, and no mode and dropout.
    static @Nullable Layer plain(LayerConfig config) {
        final JsonElement causal = config.take("causal");
        final boolean masks = config.isSet(CAUSAL) || new JsonPrimitive(true).equals(causal);
        LayerConfig whole = withSettings(config).with(CAUSAL, new JsonPrimitive(masks));
        if (KerasJson.isNeutral(config.config().get("dropout"))) {
            whole = whole.with("dropout", new JsonPrimitive(0));
        }
        if (config.className().equals("Attention") && config.take("score_mode") == null) {
            whole = whole.with("score_mode", new JsonPrimitive("dot"));
        }
        return KerasLayers.generic(Layers.get(config.className()), whole);
    }

    /// The size alone stands for an output shape of one axis.
    static @Nullable Layer einsum(LayerConfig config) {
        final JsonElement shape = config.take("output_shape");
        if (KerasJson.isNumber(shape)) {
            final JsonArray list = new JsonArray();
            list.add(shape);
            return KerasLayers.generic(EinsumDense.class, config.with("output_shape", list));
        }
        return KerasLayers.generic(EinsumDense.class, config);
    }
}
