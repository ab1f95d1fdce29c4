package dev.lanewise.io;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Layers;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A graph as JSON: the layers with their configs, the calls by position, the inputs and outputs.
final class GraphJson {
    /// Keras' name of a layer's flag; in its config, where older files of ours have none: then it is true.
    private static final String TRAINABLE = "trainable";

    private GraphJson() {}

    static JsonObject write(Graph graph) {
        final JsonArray layers = new JsonArray();
        for (Map.Entry<String, Layer> entry : graph.layers().entrySet()) {
            final Layer layer = entry.getValue();
            if (!(layer instanceof Record config) || Layers.get(layer.typeName()) != layer.getClass()) {
                throw new IllegalArgumentException("layer '" + entry.getKey() + "' of type "
                        + layer.getClass().getName()
                        + " cannot be saved: it must be a record that Layers.register() made known");
            }
            final JsonObject json = new JsonObject();
            json.addProperty("class_name", layer.typeName());
            json.addProperty("name", entry.getKey());
            final JsonObject settings = RecordJson.write(config);
            if (!(layer instanceof InputLayer)) {
                settings.addProperty(TRAINABLE, graph.isTrainable(entry.getKey()));
            }
            json.add("config", settings);
            layers.add(json);
        }
        final JsonArray calls = new JsonArray();
        for (Graph.Call call : graph.calls()) {
            final JsonObject json = new JsonObject();
            json.addProperty("layer", call.layer());
            final JsonArray inputs = new JsonArray();
            call.inputs().forEach(value -> inputs.add(value(value)));
            json.add("inputs", inputs);
            calls.add(json);
        }
        final JsonArray outputs = new JsonArray();
        graph.outputs().forEach(value -> outputs.add(value(value)));
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", "Functional");
        json.add("layers", layers);
        json.add("calls", calls);
        json.add("outputs", outputs);
        if (!graph.groups().isEmpty()) {
            json.add("groups", groups(graph));
        }
        if (!graph.rules().isEmpty()) {
            json.add("rules", WeightRuleJson.write(graph.rules()));
        }
        return json;
    }

    private static JsonArray groups(Graph graph) {
        final JsonArray groups = new JsonArray();
        for (Graph.Group group : graph.groups()) {
            final JsonObject json = new JsonObject();
            json.addProperty("name", group.name());
            json.addProperty("class_name", group.type());
            final JsonArray members = new JsonArray();
            group.members().forEach(members::add);
            json.add("members", members);
            final JsonArray calls = new JsonArray();
            for (Graph.GroupCall call : group.calls()) {
                final JsonObject entry = new JsonObject();
                final JsonArray inputs = new JsonArray();
                call.inputs().forEach(value -> inputs.add(value(value)));
                entry.add("inputs", inputs);
                final JsonArray outputs = new JsonArray();
                call.outputs().forEach(value -> outputs.add(value(value)));
                entry.add("outputs", outputs);
                calls.add(entry);
            }
            json.add("calls", calls);
            groups.add(json);
        }
        return groups;
    }

    private static List<Graph.Group> readGroups(JsonObject json, List<List<Graph.Value>> results) {
        final List<Graph.Group> groups = new ArrayList<>();
        if (json.has("groups")) {
            for (JsonElement element : json.getAsJsonArray("groups")) {
                final JsonObject group = element.getAsJsonObject();
                final List<String> members = new ArrayList<>();
                group.getAsJsonArray("members").forEach(member -> members.add(member.getAsString()));
                final List<Graph.GroupCall> calls = new ArrayList<>();
                for (JsonElement call : group.getAsJsonArray("calls")) {
                    calls.add(new Graph.GroupCall(
                            List.of(values(call.getAsJsonObject().getAsJsonArray("inputs"), results)),
                            List.of(values(call.getAsJsonObject().getAsJsonArray("outputs"), results))));
                }
                groups.add(new Graph.Group(
                        group.get("name").getAsString(), group.get("class_name").getAsString(), members, calls));
            }
        }
        return groups;
    }

    /// A value as the positions of its call and of the output.
    private static JsonArray value(Graph.Value value) {
        final JsonArray json = new JsonArray();
        json.add(value.call());
        json.add(value.output());
        return json;
    }

    static Graph read(JsonObject json, String where) {
        final Graph.Builder builder = Graph.builder();
        final List<List<Graph.Value>> results = new ArrayList<>();
        final Set<String> frozen = new HashSet<>();
        try {
            for (JsonElement element : json.getAsJsonArray("layers")) {
                final JsonObject layer = element.getAsJsonObject();
                final String name = layer.get("name").getAsString();
                final String type = layer.get("class_name").getAsString();
                final Class<? extends Layer> known = Layers.get(type);
                final String here = where + ": layer '" + name + "'";
                if (known == null) {
                    throw new ModelFormatException(here + " has type " + type
                            + ", which is neither a layer of Lanewise nor one registered with Layers.register");
                }
                // In the file's order: a layer's position is part of its random key.
                final JsonObject config = layer.getAsJsonObject("config").deepCopy();
                if (config.has(TRAINABLE) && !trainable(config.remove(TRAINABLE), here)) {
                    frozen.add(name);
                }
                builder.layer(name, RecordJson.read(known, config, here));
            }
            for (JsonElement element : json.getAsJsonArray("calls")) {
                final JsonObject call = element.getAsJsonObject();
                final String layer = call.get("layer").getAsString();
                results.add(builder.call(layer, values(call.getAsJsonArray("inputs"), results)));
            }
            return builder.build(values(json.getAsJsonArray("outputs"), results))
                    .withFrozen(frozen)
                    .withGroups(readGroups(json, results))
                    .withRules(WeightRuleJson.read(json.getAsJsonObject("rules"), where));
        } catch (ModelFormatException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new ModelFormatException(
                    where + ": the definition of the model is damaged (" + ModelFormatException.reason(e) + ")", e);
        }
    }

    private static boolean trainable(JsonElement json, String where) {
        if (!json.isJsonPrimitive() || !json.getAsJsonPrimitive().isBoolean()) {
            throw new ModelFormatException(
                    where + ", 'trainable': expected boolean, got " + RecordJson.abbreviate(json));
        }
        return json.getAsBoolean();
    }

    private static Graph.Value[] values(JsonArray json, List<List<Graph.Value>> results) {
        final Graph.Value[] values = new Graph.Value[json.size()];
        for (int i = 0; i < values.length; i++) {
            final JsonArray pair = json.get(i).getAsJsonArray();
            values[i] = results.get(pair.get(0).getAsInt()).get(pair.get(1).getAsInt());
        }
        return values;
    }
}
