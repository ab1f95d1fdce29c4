package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A graph as the configuration of a Keras model: `Sequential` where it is a chain, else `Functional`.
final class KerasGraphJson {
    private final Graph graph;
    private final boolean keras3;
    private final boolean sequential;
    private final String name;
    private final KerasLayerJson writer;

    /// Names in the file by the layers' own.
    private final Map<String, String> names = new LinkedHashMap<>();

    /// @param kept what an imported model keeps of its file, or null
    /// @param keras3 as in a `.keras` archive; else as Keras 2 wrote it
    KerasGraphJson(Graph graph, @Nullable JsonObject kept, boolean keras3) {
        this.graph = graph;
        this.keras3 = keras3;
        writer = new KerasLayerJson(keras3);
        final String type = kept == null ? null : KerasJson.string(kept, "class_name");
        sequential = isChain(graph) && (type == null || type.equals("Sequential"));
        final String given = kept == null ? null : KerasJson.string(kept, "name");
        name = given == null || given.isEmpty() ? sequential ? "sequential" : "functional" : given;
        // Keras allows no slashes, which layers of models within models have here.
        final Set<String> taken = new HashSet<>();
        for (String layer : graph.layers().keySet()) {
            final String plain = layer.replace('/', '_');
            String free = plain;
            for (int i = 1;
                    !taken.add(free) || (!free.equals(layer) && graph.layers().containsKey(free));
                    i++) {
                free = plain + "_" + i;
            }
            names.put(layer, free);
        }
    }

    private static boolean isChain(Graph graph) {
        if (graph.inputs().size() != 1 || graph.outputs().size() != 1) {
            return false;
        }
        final List<Graph.Call> calls = graph.calls();
        for (int i = 0; i < calls.size(); i++) {
            final List<Graph.Value> inputs = calls.get(i).inputs();
            final boolean first = i == 0 && inputs.isEmpty();
            final boolean next =
                    i > 0 && inputs.size() == 1 && inputs.getFirst().call() == i - 1;
            if ((!first && !next) || calls.get(i).outputs().size() != 1) {
                return false;
            }
        }
        return calls.size() == graph.layers().size()
                && graph.outputs().getFirst().call() == calls.size() - 1;
    }

    /// Whether what was written means something else in a file of Keras 2.
    boolean needsKeras3() {
        return writer.needsKeras3();
    }

    String name() {
        return name;
    }

    /// A layer's name in the file.
    String name(String layer) {
        final String given = names.get(layer);
        if (given == null) {
            throw new IllegalArgumentException("there is no layer '" + layer + "'");
        }
        return given;
    }

    /// The layers that Keras lists as the model's: a `Sequential` has none for its input.
    List<String> layers() {
        return graph.layers().entrySet().stream()
                .filter(entry -> !sequential || !(entry.getValue() instanceof InputLayer))
                .map(Map.Entry::getKey)
                .toList();
    }

    /// The configuration, `class_name` and `config`.
    ///
    /// @param entries of the file that the layers came from, by their names, or null
    JsonObject write(@Nullable JsonObject entries) {
        final JsonArray layers = new JsonArray();
        for (Map.Entry<String, Layer> entry : graph.layers().entrySet()) {
            final String layer = entry.getKey();
            final JsonObject before = entries == null ? null : KerasJson.member(entries, layer);
            final JsonObject json = writer.entry(
                    name(layer), entry.getValue(), graph.isTrainable(layer), same(before, entry.getValue()));
            if (!sequential) {
                json.addProperty("name", name(layer));
                json.add("inbound_nodes", nodes(layer));
            }
            layers.add(json);
        }
        final JsonObject config = new JsonObject();
        config.addProperty("name", name);
        if (keras3) {
            config.addProperty("trainable", true);
        }
        config.add("layers", layers);
        if (!sequential) {
            final JsonArray inputs = new JsonArray();
            graph.inputs().forEach(call -> inputs.add(reference(graph.calls().get(call), 0)));
            config.add("input_layers", inputs);
            final JsonArray outputs = new JsonArray();
            graph.outputs().forEach(value -> outputs.add(reference(value)));
            config.add("output_layers", outputs);
        }
        final JsonObject json = new JsonObject();
        if (keras3) {
            json.addProperty("module", sequential ? "keras" : "keras.src.models.functional");
        }
        json.addProperty("class_name", sequential ? "Sequential" : "Functional");
        json.add("config", config);
        if (keras3) {
            json.add("registered_name", JsonNull.INSTANCE);
        }
        return json;
    }

    /// The entry, if it is of a layer of the same class.
    private static @Nullable JsonObject same(@Nullable JsonObject entry, Layer layer) {
        return entry != null && layer.typeName().equals(KerasJson.string(entry, "class_name")) ? entry : null;
    }

    /// The calls of a layer, each with what it is called on.
    private JsonArray nodes(String layer) {
        final JsonArray nodes = new JsonArray();
        for (Graph.Call call : graph.calls()) {
            if (!call.layer().equals(layer) || call.inputs().isEmpty()) {
                continue;
            }
            final JsonArray tensors = new JsonArray();
            call.inputs().forEach(value -> tensors.add(keras3 ? tensor(value) : old(value)));
            if (!keras3) {
                nodes.add(tensors);
                continue;
            }
            final JsonArray args = new JsonArray();
            args.add(tensors.size() == 1 ? tensors.get(0) : tensors);
            final JsonObject node = new JsonObject();
            node.add("args", args);
            node.add("kwargs", new JsonObject());
            nodes.add(node);
        }
        return nodes;
    }

    private JsonArray reference(Graph.Value value) {
        return reference(graph.calls().get(value.call()), value.output());
    }

    private JsonArray reference(Graph.Call call, int output) {
        final JsonArray json = new JsonArray();
        json.add(name(call.layer()));
        json.add(call.index());
        json.add(output);
        return json;
    }

    private JsonElement old(Graph.Value value) {
        final JsonArray json = reference(value);
        json.add(new JsonObject());
        return json;
    }

    private JsonElement tensor(Graph.Value value) {
        final JsonObject config = new JsonObject();
        config.add("shape", KerasLayerJson.batch(value.shape()));
        config.addProperty("dtype", "float32");
        config.add("keras_history", reference(value));
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", "__keras_tensor__");
        json.add("config", config);
        return json;
    }
}
