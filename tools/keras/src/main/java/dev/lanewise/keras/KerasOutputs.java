package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import dev.lanewise.nn.Graph;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a Keras training config says about each output of a model: one value for all of them, a list in the
/// model's
/// order, or an object by the outputs' names.
final class KerasOutputs {
    private KerasOutputs() {}

    /// Keras' names of the outputs: those of the layers, or of the models within the model, that they come
    /// from.
    static List<String> names(Graph graph) {
        final List<String> names = new ArrayList<>();
        for (Graph.Value output : graph.outputs()) {
            final String layer = graph.calls().get(output.call()).layer();
            names.add(layer.indexOf('/') < 0 ? layer : layer.substring(0, layer.indexOf('/')));
        }
        return names;
    }

    /// The value for each output; JSON's null where there is none.
    static List<JsonElement> each(@Nullable JsonElement json, List<String> names) {
        final List<JsonElement> values = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            final JsonElement value = of(json, i, names);
            values.add(value == null ? JsonNull.INSTANCE : value);
        }
        return values;
    }

    private static @Nullable JsonElement of(@Nullable JsonElement json, int output, List<String> names) {
        if (json != null && json.isJsonArray()) {
            final JsonArray list = json.getAsJsonArray();
            return output < list.size() ? list.get(output) : null;
        }
        if (json != null && json.isJsonObject() && !json.getAsJsonObject().has("class_name")) {
            final JsonObject byName = json.getAsJsonObject();
            // One output: its name does not matter.
            return names.size() == 1 && byName.size() == 1
                    ? byName.entrySet().iterator().next().getValue()
                    : byName.get(names.get(output));
        }
        return json;
    }

    /// As [#each], where a value may itself be a list: a list that is not one for each output is for all of
    /// them.
    static List<JsonElement> eachOfLists(@Nullable JsonElement json, List<String> names) {
        final boolean forAll = json != null
                && json.isJsonArray()
                && (names.size() == 1 || json.getAsJsonArray().size() != names.size());
        if (!forAll) {
            return each(json, names);
        }
        final List<JsonElement> values = new ArrayList<>();
        names.forEach(name -> values.add(json));
        return values;
    }
}
