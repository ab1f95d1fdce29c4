package dev.lanewise.io;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import dev.lanewise.nn.Constraint;
import dev.lanewise.nn.Regularizer;
import dev.lanewise.nn.WeightRule;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Regularizers and constraints as JSON, by `layer/weight`, each as its `class_name` and `config`.
final class WeightRuleJson {
    private WeightRuleJson() {}

    static JsonObject write(Map<String, WeightRule> rules) {
        final JsonObject json = new JsonObject();
        rules.forEach((path, rule) -> {
            final JsonObject entry = new JsonObject();
            entry.add("regularizer", write(rule.regularizer()));
            entry.add("constraint", write(rule.constraint()));
            json.add(path, entry);
        });
        return json;
    }

    private static JsonElement write(@Nullable Object value) {
        if (!(value instanceof Record config)) {
            return JsonNull.INSTANCE;
        }
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", config.getClass().getSimpleName());
        json.add("config", RecordJson.write(config));
        return json;
    }

    /// @param json null for no rules
    static Map<String, WeightRule> read(@Nullable JsonObject json, String where) {
        final Map<String, WeightRule> rules = new LinkedHashMap<>();
        if (json != null) {
            for (Map.Entry<String, JsonElement> entry : json.entrySet()) {
                final JsonObject rule = entry.getValue().getAsJsonObject();
                final String here = where + ": weight '" + entry.getKey() + "'";
                rules.put(
                        entry.getKey(),
                        new WeightRule(
                                read(Regularizer.registry(), rule.get("regularizer"), here),
                                read(Constraint.registry(), rule.get("constraint"), here)));
            }
        }
        return rules;
    }

    private static <T> @Nullable T read(
            Map<String, Class<? extends T>> known, @Nullable JsonElement json, String where) {
        if (json == null || json.isJsonNull()) {
            return null;
        }
        final String name = json.getAsJsonObject().get("class_name").getAsString();
        final Class<? extends T> type = known.get(name);
        if (type == null) {
            throw new ModelFormatException(
                    where + ": " + name + " is not known (known: " + String.join(", ", known.keySet()) + ")");
        }
        return RecordJson.read(type, json.getAsJsonObject().getAsJsonObject("config"), where);
    }
}
