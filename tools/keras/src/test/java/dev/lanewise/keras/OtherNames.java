package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.HashMap;
import java.util.Map;

/// A model's configuration with all layers given other names, whose alphabetical order is not theirs.
final class OtherNames {
    private static final int FIRST = 7919;
    private static final int STEP = 1213;
    private static final int COUNT = 9973;

    private final Map<String, String> names = new HashMap<>();

    private OtherNames() {}

    static JsonObject of(JsonObject model) {
        final OtherNames other = new OtherNames();
        other.collect(model.get("config"));
        return other.changed(model, "").getAsJsonObject();
    }

    /// The new names by the old ones.
    static Map<String, String> names(JsonObject model) {
        final OtherNames other = new OtherNames();
        other.collect(model.get("config"));
        return other.names;
    }

    private void collect(JsonElement config) {
        final JsonElement layers =
                config.isJsonObject() ? config.getAsJsonObject().get("layers") : config;
        if (layers == null || !layers.isJsonArray()) {
            return;
        }
        for (JsonElement element : layers.getAsJsonArray()) {
            final JsonElement inner = element.getAsJsonObject().get("config");
            if (inner.isJsonObject() && inner.getAsJsonObject().has("name")) {
                names.computeIfAbsent(
                        inner.getAsJsonObject().get("name").getAsString(),
                        name -> "layer_" + (FIRST + names.size() * STEP) % COUNT);
            }
            if (KerasGraph.isModel(element.getAsJsonObject().get("class_name").getAsString())) {
                collect(inner);
            }
        }
    }

    /// @param key under which it stands
    private JsonElement changed(JsonElement json, String key) {
        if (json.isJsonObject()) {
            final JsonObject result = new JsonObject();
            json.getAsJsonObject()
                    .entrySet()
                    .forEach(entry -> result.add(entry.getKey(), changed(entry.getValue(), entry.getKey())));
            return result;
        }
        if (json.isJsonArray()) {
            final JsonArray array = json.getAsJsonArray();
            final JsonArray result = new JsonArray();
            final boolean reference =
                    array.size() >= 3 && KerasJson.string(array.get(0)) != null && KerasJson.isNumber(array.get(1));
            for (int i = 0; i < array.size(); i++) {
                result.add(changed(array.get(i), reference && i == 0 ? "name" : ""));
            }
            return result;
        }
        final String text = KerasJson.string(json);
        return key.equals("name") && text != null ? new JsonPrimitive(names.getOrDefault(text, text)) : json;
    }
}
