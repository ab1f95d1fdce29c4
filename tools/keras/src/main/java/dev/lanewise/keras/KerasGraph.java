package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.nn.Layer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The layers and connections of a Keras model's configuration, and of the models in it. [KerasFlattening]
/// makes one graph of them.
final class KerasGraph {
    /// Models within models; JSON is not deeper than some fifty of them.
    private static final int MAX_DEPTH = 64;

    /// Names stand in every path, report and message.
    private static final int MAX_NAME = 1000;

    private final String className;
    private final String name;
    private final List<KerasNode> nodes = new ArrayList<>();
    private final Map<String, KerasNode> byName = new LinkedHashMap<>();
    private final List<KerasRef> inputs = new ArrayList<>();
    private final List<KerasRef> outputs = new ArrayList<>();
    private final List<Finding> findings = new ArrayList<>();
    private final boolean trainable;
    private final int kerasMajor;
    private final String prefix;
    private final Set<String> paths;
    private final int depth;

    private KerasGraph(
            String className,
            String name,
            boolean trainable,
            int kerasMajor,
            String prefix,
            Set<String> paths,
            int depth) {
        this.className = className;
        this.name = name;
        this.trainable = trainable;
        this.kerasMajor = kerasMajor;
        this.prefix = prefix;
        this.paths = paths;
        this.depth = depth;
    }

    /// Reads a model's `class_name` and `config`.
    static KerasGraph read(JsonObject model, int kerasMajor) {
        return read(model, kerasMajor, "", new HashSet<>(), 0);
    }

    /// @param prefix of the paths of its layers
    /// @param paths all that are taken
    private static KerasGraph read(JsonObject model, int kerasMajor, String prefix, Set<String> paths, int depth) {
        final String type = String.valueOf(KerasJson.string(model, "class_name"));
        final JsonElement config = model.get("config");
        final JsonObject object = config != null && config.isJsonObject() ? config.getAsJsonObject() : new JsonObject();
        final String name = KerasJson.string(object, "name");
        final KerasGraph graph = new KerasGraph(
                type,
                name == null ? "" : name,
                !String.valueOf(object.get("trainable")).equals("false"),
                kerasMajor,
                prefix,
                paths,
                depth);
        if (depth > MAX_DEPTH) {
            graph.find(Reason.BAD_CONFIG, "models are nested more than " + MAX_DEPTH + " deep");
            return graph;
        }
        switch (type) {
            case "Sequential" -> {
                final JsonElement layers = config != null && config.isJsonArray() ? config : object.get("layers");
                graph.sequential(layers, object);
            }
            case "Model", "Functional" -> graph.functional(object);
            default ->
                graph.find(
                        Reason.UNKNOWN_LAYER,
                        "the model is of class " + KerasJson.shown(type)
                                + " (supported: Sequential, Functional, Model)");
        }
        return graph;
    }

    String className() {
        return className;
    }

    String name() {
        return name;
    }

    /// In the order of the configuration, the inputs too.
    List<KerasNode> nodes() {
        return nodes;
    }

    boolean isSequential() {
        return className.equals("Sequential");
    }

    /// Whether the model's own `trainable` is not false.
    boolean isTrainable() {
        return trainable;
    }

    /// In the model's order.
    List<KerasRef> inputs() {
        return inputs;
    }

    /// In the model's order.
    List<KerasRef> outputs() {
        return outputs;
    }

    /// The layer of this name, or null.
    @Nullable
    KerasNode node(String wanted) {
        return byName.get(wanted);
    }

    /// The plain layers, also those of the models in it, depth first: Keras' order of weights.
    List<KerasNode> leaves() {
        final List<KerasNode> leaves = new ArrayList<>();
        for (KerasNode node : nodes) {
            if (node.model() == null) {
                leaves.add(node);
            } else {
                leaves.addAll(node.model().leaves());
            }
        }
        return leaves;
    }

    /// All layers, a model before its layers.
    List<KerasNode> all() {
        final List<KerasNode> all = new ArrayList<>();
        for (KerasNode node : nodes) {
            all.add(node);
            if (node.model() != null) {
                all.addAll(node.model().all());
            }
        }
        return all;
    }

    /// About the model itself, and those in it.
    List<Finding> findings() {
        final List<Finding> all = new ArrayList<>(findings);
        for (KerasNode node : nodes) {
            if (node.model() != null) {
                node.model()
                        .findings()
                        .forEach(finding -> all.add(new Finding(
                                finding.reason(), "'" + KerasJson.shown(node.name()) + "': " + finding.detail())));
            }
        }
        return all;
    }

    boolean refused() {
        return findings().stream().anyMatch(finding -> finding.reason().refuses())
                || all().stream().anyMatch(node -> node.config().refused());
    }

    void find(Reason reason, String detail) {
        findings.add(new Finding(reason, detail));
    }

    private void sequential(@Nullable JsonElement layers, JsonObject model) {
        final KerasRef last = chain(layers, model, 0);
        if (last != null) {
            outputs.add(last);
        }
    }

    /// Layers one after the other; the last one, or null where they are damaged.
    private @Nullable KerasRef chain(@Nullable JsonElement layers, JsonObject model, int branches) {
        if (layers == null || !layers.isJsonArray() || layers.getAsJsonArray().isEmpty() || branches > MAX_DEPTH) {
            find(Reason.BAD_CONFIG, "the model has no list of layers");
            return null;
        }
        List<KerasRef> last = List.of();
        for (JsonElement element : layers.getAsJsonArray()) {
            final JsonObject entry = entry(element);
            if (entry == null) {
                return null;
            }
            final boolean isInput = "InputLayer".equals(KerasJson.string(entry, "class_name"));
            if (last.isEmpty() && !isInput) {
                final JsonArray merged = merged(entry);
                last = merged == null ? List.of(implicitInput(entry, model)) : branches(merged, branches);
                if (last.isEmpty()) {
                    return null;
                }
            }
            final KerasNode node = node(entry, true);
            node.calls().add(last);
            if (isInput && !last.isEmpty()) {
                node.config().find(Reason.UNSUPPORTED_CONNECTION, "an input in the middle of a chain");
            }
            last = List.of(new KerasRef(node.name(), 0, 0));
            if (isInput) {
                inputs.addAll(last);
            }
        }
        return last.getFirst();
    }

    /// What a `Merge` of Keras 1 brings together that is a chain's first layer: models, which have no names
    /// and whose layers count as the chain's own. Null for any other layer.
    private static @Nullable JsonArray merged(JsonObject entry) {
        final JsonObject config = KerasJson.member(entry, "config");
        return "Merge".equals(KerasJson.string(entry, "class_name"))
                        && config != null
                        && config.get("layers") instanceof JsonArray layers
                        && !layers.isEmpty()
                ? layers
                : null;
    }

    /// The last layer of each branch; none where one is damaged.
    private List<KerasRef> branches(JsonArray branches, int depth) {
        final List<KerasRef> ends = new ArrayList<>();
        for (JsonElement element : branches) {
            final JsonObject entry = entry(element);
            if (entry == null) {
                return List.of();
            }
            final JsonElement config = entry.get("config");
            final JsonObject object = config instanceof JsonObject known ? known : new JsonObject();
            final KerasRef end;
            if ("Sequential".equals(KerasJson.string(entry, "class_name"))) {
                end = chain(config instanceof JsonArray ? config : object.get("layers"), object, depth + 1);
            } else {
                final JsonArray alone = new JsonArray();
                alone.add(entry);
                end = chain(alone, new JsonObject(), depth + 1);
            }
            if (end == null) {
                return List.of();
            }
            ends.add(end);
        }
        return ends;
    }

    /// The input of a Sequential that has no InputLayer: its shape is in the first layer's config, or in the
    /// model's. A model within a model needs none, it takes what it is called with.
    private KerasRef implicitInput(JsonObject first, JsonObject model) {
        final JsonObject config = KerasJson.member(first, "config");
        JsonElement shape = shapeOfInput(first, 0);
        if (KerasJson.isNeutral(shape)) {
            shape = model.get("build_input_shape");
        }
        final String layer = String.valueOf(config == null ? null : KerasJson.string(config, "name"));
        final JsonObject made = new JsonObject();
        final JsonObject inner = new JsonObject();
        inner.addProperty("name", layer + "_input");
        inner.add("batch_input_shape", shape);
        made.addProperty("class_name", "InputLayer");
        made.add("config", inner);
        final KerasNode node = node(made, true);
        node.calls().add(List.of());
        final KerasRef ref = new KerasRef(node.name(), 0, 0);
        inputs.add(ref);
        return ref;
    }

    /// What a layer says about its input's shape, or the first layer of a model that is one; null where
    /// nothing.
    private static @Nullable JsonElement shapeOfInput(JsonObject entry, int depth) {
        final JsonElement json = entry.get("config");
        final JsonObject config = KerasJson.member(entry, "config");
        final JsonElement layers =
                json != null && json.isJsonArray() ? json : config == null ? null : config.get("layers");
        if (layers != null && layers.isJsonArray() && !layers.getAsJsonArray().isEmpty() && depth < MAX_DEPTH) {
            final JsonElement first = layers.getAsJsonArray().get(0);
            return first.isJsonObject() ? shapeOfInput(first.getAsJsonObject(), depth + 1) : null;
        }
        if (config == null) {
            return null;
        }
        for (String key : List.of("batch_input_shape", "batch_shape")) {
            if (!KerasJson.isNeutral(config.get(key))) {
                return config.get(key);
            }
        }
        final JsonArray made = new JsonArray();
        made.add((String) null);
        if (config.get("input_shape") instanceof JsonArray sample && !sample.isEmpty()) {
            made.addAll(sample);
            return made;
        }
        if (KerasJson.isNeutral(config.get("input_dim"))) {
            return null;
        }
        final JsonElement length = config.get("input_length");
        if ("Embedding".equals(KerasJson.string(entry, "class_name"))) {
            made.add(length);
            return made;
        }
        // Keras 1: layers over sequences say the length where they know it.
        if (config.has("input_length")) {
            made.add(length);
        }
        made.add(config.get("input_dim"));
        return made;
    }

    private @Nullable JsonObject entry(JsonElement element) {
        if (!element.isJsonObject()
                || KerasJson.string(element.getAsJsonObject(), "class_name") == null
                || !element.getAsJsonObject().has("config")) {
            find(Reason.BAD_CONFIG, "an entry of the layers is " + KerasJson.shown(element));
            return null;
        }
        return element.getAsJsonObject();
    }

    /// @param chain whether the entry does not say what it is called with
    private KerasNode node(JsonObject given, boolean chain) {
        final JsonObject entry = KerasUpgrade.entry(chain ? given : KerasOperations.asLayer(given), kerasMajor);
        final JsonObject config = KerasJson.member(entry, "config");
        final JsonObject own = config == null ? new JsonObject() : config;
        final String type = String.valueOf(KerasJson.string(entry, "class_name"));
        String layer = KerasJson.string(own, "name");
        if (layer == null) {
            layer = KerasJson.string(entry, "name");
        }
        if (layer == null && isModel(type)) {
            layer = nameOfModel(type);
        }
        final int length = layer == null ? 0 : layer.length();
        if (layer != null && length > MAX_NAME) {
            layer = KerasJson.shown(layer);
        }
        final String registered = KerasJson.string(entry, "registered_name");
        final LayerConfig read = new LayerConfig(
                layer == null ? "" : layer, type, registered == null ? type : registered, own, kerasMajor);
        if (layer == null || layer.isEmpty()) {
            read.find(Reason.BAD_CONFIG, "has no name");
        } else if (length > MAX_NAME) {
            read.find(
                    Reason.BAD_CONFIG, "has a name of " + length + " characters; up to " + MAX_NAME + " are supported");
        } else if (byName.containsKey(layer)) {
            read.find(Reason.BAD_CONFIG, "another layer has the same name");
        }
        final List<List<KerasRef>> calls = new ArrayList<>();
        if (!chain) {
            calls.addAll(KerasCalls.of(entry.get("inbound_nodes"), read));
        }
        final String path = path(read.name());
        final JsonObject inner = isModel(type) ? entry : KerasRecurrent.model(read);
        final KerasGraph model = inner == null ? null : read(inner, kerasMajor, path + "/", paths, depth + 1);
        final boolean shapeless = depth > 0 && isInput(type) && shapeOfInput(entry, 0) == null;
        final Layer converted = model != null || shapeless ? null : KerasLayers.convert(read);
        read.refuseArguments();
        final KerasNode node = new KerasNode(read, converted, model, given.deepCopy(), calls, path);
        nodes.add(node);
        byName.putIfAbsent(read.name(), node);
        return node;
    }

    static boolean isInput(String type) {
        return type.equals("InputLayer");
    }

    static boolean isModel(String type) {
        return type.equals("Sequential") || type.equals("Model") || type.equals("Functional");
    }

    /// A Sequential as a list of layers has no name.
    private String nameOfModel(String type) {
        final String base = type.toLowerCase(Locale.ROOT);
        String free = base;
        for (int n = 1; byName.containsKey(free); n++) {
            free = base + "_" + n;
        }
        return free;
    }

    /// A name in the flat graph that no other layer has.
    private String path(String layer) {
        String path = prefix + layer;
        while (!paths.add(path)) {
            path += "_";
        }
        return path;
    }

    /// This name, or a longer one that no layer of the file has; always the same for the same.
    String free(String wanted) {
        String path = wanted;
        while (paths.contains(path)) {
            path += "_";
        }
        return path;
    }

    private void functional(JsonObject config) {
        final JsonElement layers = config.get("layers");
        if (layers == null || !layers.isJsonArray()) {
            find(Reason.BAD_CONFIG, "the model has no list of layers");
            return;
        }
        for (JsonElement element : KerasMasks.without(layers.getAsJsonArray(), config.get("output_layers"))) {
            final JsonObject entry = entry(element);
            if (entry == null) {
                return;
            }
            node(entry, false);
        }
        ends(config.get("input_layers"), inputs, "input_layers");
        ends(config.get("output_layers"), outputs, "output_layers");
        if (kerasMajor >= 3) {
            // Keras 3 counts the calls of a functional model from 1 where it speaks of the ends of another.
            outputs.replaceAll(ref -> isFunctional(ref.layer()) && ref.node() > 0
                    ? new KerasRef(ref.layer(), ref.node() - 1, ref.tensor())
                    : ref);
        }
        countCallsFromZero();
    }

    private boolean isFunctional(String layer) {
        final KerasNode node = byName.get(layer);
        return node != null && node.model() != null && !node.model().isSequential();
    }

    /// A model of Keras 1 and 2 had a call of its own before it was ever called, so that references to its
    /// first call say 1 there.
    private void countCallsFromZero() {
        final Map<String, int[]> range = new HashMap<>();
        final List<List<KerasRef>> all = new ArrayList<>(List.of(inputs, outputs));
        nodes.forEach(node -> all.addAll(node.calls()));
        for (List<KerasRef> refs : all) {
            for (KerasRef ref : refs) {
                final int[] ends = range.computeIfAbsent(ref.layer(), key -> new int[] {ref.node(), ref.node()});
                ends[0] = Math.min(ends[0], ref.node());
                ends[1] = Math.max(ends[1], ref.node());
            }
        }
        for (KerasNode node : nodes) {
            final int[] ends = range.get(node.name());
            if (node.model() != null
                    && ends != null
                    && ends[0] == 1
                    && ends[1] == node.calls().size()) {
                for (List<KerasRef> refs : all) {
                    refs.replaceAll(ref -> ref.layer().equals(node.name())
                            ? new KerasRef(ref.layer(), ref.node() - 1, ref.tensor())
                            : ref);
                }
            }
        }
    }

    /// Inputs or outputs: one reference, a list of them, or an object of them, which Keras orders by key.
    private void ends(@Nullable JsonElement json, List<KerasRef> refs, String what) {
        if (json != null && KerasCalls.isReference(json)) {
            final KerasRef ref = KerasCalls.ref(json.getAsJsonArray());
            if (ref != null) {
                refs.add(ref);
            } else {
                find(Reason.BAD_CONFIG, "'" + what + "' has " + KerasJson.shown(json));
            }
        } else if (json != null && json.isJsonArray()) {
            json.getAsJsonArray().forEach(element -> ends(element, refs, what));
        } else if (json != null && json.isJsonObject()) {
            json.getAsJsonObject().keySet().stream()
                    .sorted()
                    .forEach(key -> ends(json.getAsJsonObject().get(key), refs, what));
        } else {
            find(Reason.BAD_CONFIG, "'" + what + "' is " + KerasJson.shown(String.valueOf(json)));
        }
    }
}
