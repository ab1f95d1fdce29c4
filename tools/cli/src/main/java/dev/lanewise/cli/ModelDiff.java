package dev.lanewise.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.data.Dataset;
import dev.lanewise.io.RecordJson;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.nn.Workspace;
import dev.lanewise.nn.layer.Embedding;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What differs between two models. Layers and weights are the same where they have the same names;
/// initializers do not count, the weights are there.
///
/// @param added names of layers of the second model alone
/// @param removed names of layers of the first model alone
/// @param changed layers of both with other settings
/// @param reconnected layers of both that are called on something else, and `outputs` where these are others
/// @param weights of the layers of both
/// @param outputs on the same random input; null where the models do not take or give the same shapes
record ModelDiff(
        List<String> added,
        List<String> removed,
        List<Changed> changed,
        List<String> reconnected,
        List<Values> weights,
        @Nullable List<Values> outputs) {
    private static final int BATCH = 4;

    /// For a dimension that a model leaves open.
    private static final int OPEN = 8;

    /// A setting of a layer.
    ///
    /// @param first its JSON in the first model; empty where it is not there
    record Setting(String key, String first, String second) {}

    /// A layer with other settings.
    record Changed(String layer, List<Setting> settings) {}

    /// Numbers of both models.
    ///
    /// @param shapes of both; one where they are the same
    /// @param equalBits whether all have the same bits
    /// @param difference the largest; infinite where shapes differ or NaN stands against a number
    record Values(String name, String shapes, boolean equalBits, double difference) {}

    /// Whether nothing differs.
    boolean isSame() {
        return added.isEmpty()
                && removed.isEmpty()
                && changed.isEmpty()
                && reconnected.isEmpty()
                && weights.stream().allMatch(Values::equalBits)
                && outputs != null
                && outputs.stream().allMatch(Values::equalBits);
    }

    /// @param seed of the random input
    static ModelDiff of(Compute compute, Model first, Model second, long seed) {
        final Graph a = first.graph();
        final Graph b = second.graph();
        final List<String> removed = new ArrayList<>(a.layers().keySet());
        removed.removeAll(b.layers().keySet());
        final List<String> added = new ArrayList<>(b.layers().keySet());
        added.removeAll(a.layers().keySet());
        final List<Changed> changed = new ArrayList<>();
        final List<String> reconnected = new ArrayList<>();
        final List<Values> weights = new ArrayList<>();
        for (String name : a.layers().keySet()) {
            if (!b.layers().containsKey(name)) {
                continue;
            }
            final List<Setting> settings = settings(a, b, name);
            if (!settings.isEmpty()) {
                changed.add(new Changed(name, settings));
            }
            if (!calls(a, name).equals(calls(b, name))) {
                reconnected.add(name);
            }
            weights(first, second, name, weights);
        }
        if (!ends(a).equals(ends(b))) {
            reconnected.add("outputs");
        }
        return new ModelDiff(added, removed, changed, reconnected, weights, outputs(compute, first, second, seed));
    }

    private static List<Setting> settings(Graph a, Graph b, String name) {
        final Map<String, JsonElement> first = settings(a, name);
        final Map<String, JsonElement> second = settings(b, name);
        final Set<String> keys = new LinkedHashSet<>(first.keySet());
        keys.addAll(second.keySet());
        final List<Setting> settings = new ArrayList<>();
        for (String key : keys) {
            final JsonElement x = first.get(key);
            final JsonElement y = second.get(key);
            if (x == null || !x.equals(y)) {
                settings.add(new Setting(key, x == null ? "" : x.toString(), y == null ? "" : y.toString()));
            }
        }
        return settings;
    }

    private static Map<String, JsonElement> settings(Graph graph, String name) {
        final Layer layer = graph.layer(name);
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", layer.typeName());
        json.addProperty("trainable", graph.isTrainable(name));
        if (layer instanceof Record settings) {
            RecordJson.write(settings).entrySet().forEach(entry -> json.add(entry.getKey(), entry.getValue()));
        }
        graph.rules().forEach((weight, rule) -> {
            if (weight.startsWith(name + "/")) {
                json.addProperty("rule of " + weight.substring(name.length() + 1), rule.toString());
            }
        });
        final Map<String, JsonElement> settings = new LinkedHashMap<>();
        json.entrySet().stream()
                .filter(entry -> !entry.getKey().endsWith("_initializer"))
                .forEach(entry -> settings.put(entry.getKey(), entry.getValue()));
        return settings;
    }

    private static List<List<String>> calls(Graph graph, String name) {
        return graph.calls().stream()
                .filter(call -> call.layer().equals(name))
                .map(call ->
                        call.inputs().stream().map(value -> title(graph, value)).toList())
                .toList();
    }

    private static List<String> ends(Graph graph) {
        return graph.outputs().stream().map(value -> title(graph, value)).toList();
    }

    private static String title(Graph graph, Graph.Value value) {
        final Graph.Call call = graph.calls().get(value.call());
        return call.layer() + ":" + call.index() + ":" + value.output();
    }

    private static void weights(Model first, Model second, String layer, List<Values> weights) {
        final Map<String, Tensor> a = weights(first, layer);
        final Map<String, Tensor> b = weights(second, layer);
        final Set<String> names = new LinkedHashSet<>(a.keySet());
        names.addAll(b.keySet());
        for (String name : names) {
            final Tensor x = a.get(name);
            final Tensor y = b.get(name);
            if (x == null || y == null || !x.shape().equals(y.shape())) {
                weights.add(new Values(name, shape(x) + " and " + shape(y), false, Double.POSITIVE_INFINITY));
            } else {
                weights.add(values(name, shape(x), x.toArray(), y.toArray()));
            }
        }
    }

    private static Map<String, Tensor> weights(Model model, String layer) {
        final Map<String, Tensor> weights = new LinkedHashMap<>();
        for (ParameterLayout.Place place : model.layout().places(layer)) {
            weights.put(place.path(), model.parameter(place));
        }
        return weights;
    }

    private static String shape(@Nullable Tensor tensor) {
        return tensor == null ? "none" : tensor.shape().toString();
    }

    private static Values values(String name, String shape, float[] a, float[] b) {
        boolean equal = a.length == b.length;
        double largest = equal ? 0 : Double.POSITIVE_INFINITY;
        for (int i = 0; i < Math.min(a.length, b.length); i++) {
            if (Float.floatToRawIntBits(a[i]) != Float.floatToRawIntBits(b[i])) {
                equal = false;
                final double difference = Math.abs((double) a[i] - b[i]);
                final boolean both = Float.isNaN(a[i]) && Float.isNaN(b[i]);
                largest = Math.max(
                        largest,
                        both || a[i] == b[i] ? 0 : Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
            }
        }
        return new Values(name, shape, equal, largest);
    }

    private static @Nullable List<Values> outputs(Compute compute, Model first, Model second, long seed) {
        final Graph a = first.graph();
        final Graph b = second.graph();
        if (!a.inputShapes().equals(b.inputShapes()) || !a.outputShapes().equals(b.outputShapes())) {
            return null;
        }
        final Dataset data = input(a, seed);
        final List<float[]> x = predict(compute, first, data);
        final List<float[]> y = predict(compute, second, data);
        final List<Values> outputs = new ArrayList<>();
        for (int i = 0; i < x.size(); i++) {
            final String title = a.calls().get(a.outputs().get(i).call()).layer();
            outputs.add(values(title, a.outputShapes().get(i).toString(), x.get(i), y.get(i)));
        }
        return outputs;
    }

    private static List<float[]> predict(Compute compute, Model model, Dataset data) {
        try (Workspace workspace = new Workspace(model, model.graph(), compute, false)) {
            return workspace.predict(data, BATCH);
        }
    }

    /// Numbers from -1 to 1, or words that an embedding knows.
    private static Dataset input(Graph graph, long seed) {
        final List<Dataset> parts = new ArrayList<>();
        for (int input = 0; input < graph.inputs().size(); input++) {
            Shape shape = graph.inputShapes().get(input).with(0, BATCH);
            for (int i = 1; i < shape.rank(); i++) {
                shape = shape.dim(i) == Shape.UNKNOWN ? shape.with(i, OPEN) : shape;
            }
            final int words = words(graph, graph.inputs().get(input));
            final float[] values = new float[Math.toIntExact(shape.size())];
            final RandomStream random = RandomStream.of(seed, input, 0);
            for (int i = 0; i < values.length; i++) {
                final double number = random.nextDouble();
                values[i] = words > 0 ? (int) (number * words) : (float) (2 * number - 1);
            }
            parts.add(Dataset.of(values, shape.withoutFirst()));
        }
        return parts.size() == 1 ? parts.getFirst() : Dataset.of(parts);
    }

    /// How many words the embeddings know that read an input; 0 where there are none.
    private static int words(Graph graph, int input) {
        int words = 0;
        for (Graph.Call call : graph.calls()) {
            if (graph.layer(call.layer()) instanceof Embedding embedding
                    && call.inputs().stream().anyMatch(value -> value.call() == input)) {
                words = words == 0 ? embedding.inputDim() : Math.min(words, embedding.inputDim());
            }
        }
        return words;
    }
}
