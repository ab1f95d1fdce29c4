package dev.lanewise.keras;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.kernels.Activations;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Keras' activations, by the names and parameters of [Activations].
final class KerasActivations {
    /// Layers that stand for an activation where one is asked for, and the defaults that differ from the
    /// function's.
    private static final Map<String, String> LAYERS =
            Map.of("LeakyReLU", "leaky_relu", "ELU", "elu", "ReLU", "relu", "Softmax", "softmax");

    private static final double LEAKY_LAYER_SLOPE = 0.3;

    /// What configs of layers have beside the parameters.
    private static final Set<String> HARMLESS = Set.of("name", "trainable", "dtype");

    private KerasActivations() {}

    /// The activation of a config's value, which is a name, null for none, or a serialized object; in the form
    /// that [dev.lanewise.io.RecordJson] reads.
    ///
    /// @param config gets the finding where there is none
    /// @return null where it is not supported
    static @Nullable JsonElement read(@Nullable JsonElement json, LayerConfig config) {
        if (json == null || json.isJsonNull()) {
            return new JsonPrimitive("linear");
        }
        String name = KerasJson.string(json);
        JsonObject settings = new JsonObject();
        if (name == null && json.isJsonObject()) {
            final JsonObject object = json.getAsJsonObject();
            // A function's config is its name.
            name = KerasJson.string(object, "config");
            if (name == null) {
                final String type = KerasJson.string(object, "class_name");
                final JsonObject given = KerasJson.member(object, "config");
                name = type == null ? null : LAYERS.getOrDefault(type, type);
                settings = given == null ? settings : given;
                if ("LeakyReLU".equals(type) && !settings.has("negative_slope") && !settings.has("alpha")) {
                    settings = settings.deepCopy();
                    settings.addProperty("negative_slope", LEAKY_LAYER_SLOPE);
                }
            }
        }
        if (name == null) {
            config.find(Reason.UNSUPPORTED_ACTIVATION, "activation " + KerasJson.shown(json) + " is not supported");
            return null;
        }
        final Map<String, Object> parameters = parameters(name, settings);
        if (name.equals("hard_sigmoid") && config.kerasMajor() < 3) {
            parameters.put("legacy", true);
        }
        try {
            final String known = Activations.of(name, parameters).name();
            if (parameters.isEmpty()) {
                return new JsonPrimitive(known);
            }
            final JsonObject own = new JsonObject();
            parameters.forEach((key, value) -> own.add(
                    key, value instanceof Boolean flag ? new JsonPrimitive(flag) : new JsonPrimitive((Double) value)));
            final JsonObject result = new JsonObject();
            result.addProperty("class_name", known);
            result.add("config", own);
            return result;
        } catch (IllegalArgumentException e) {
            config.find(
                    Reason.UNSUPPORTED_ACTIVATION,
                    Activations.names().contains(name)
                            ? String.valueOf(e.getMessage())
                            : "activation '" + KerasJson.shown(name) + "' is not supported (supported: "
                                    + String.join(", ", Activations.names()) + ")");
            return null;
        }
    }

    /// Numbers and booleans of a config by today's names; what else there is makes the activation unknown.
    private static Map<String, Object> parameters(String name, JsonObject settings) {
        final Map<String, Object> parameters = new TreeMap<>();
        for (Map.Entry<String, JsonElement> entry : settings.entrySet()) {
            final JsonElement value = entry.getValue();
            if (HARMLESS.contains(entry.getKey()) || KerasJson.isNeutral(value)) {
                continue;
            }
            final String key =
                    entry.getKey().equals("alpha") && name.equals("leaky_relu") ? "negative_slope" : entry.getKey();
            if (value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber()) {
                parameters.put(key, value.getAsDouble());
            } else {
                parameters.put(key, true);
            }
        }
        return parameters;
    }
}
