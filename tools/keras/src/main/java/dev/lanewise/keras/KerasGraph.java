package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The layers and connections of a Keras model's configuration, and the graph that they make.
final class KerasGraph {
    /// An output of a call, as Keras names it.
    private record Ref(String layer, int node, int tensor) {}

    /// A call of a layer: what it is called with.
    private record Call(Node layer, int index, List<Ref> inputs) {}

    /// A layer of the configuration.
    ///
    /// @param json its entry, as it is in the file
    record Node(LayerConfig config, @Nullable Layer layer, JsonObject json, List<List<Ref>> calls) {}

    private final String className;
    private final String name;
    private final List<Node> nodes = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private final List<Ref> inputs = new ArrayList<>();
    private final List<Ref> outputs = new ArrayList<>();
    private final List<Finding> findings = new ArrayList<>();
    private final boolean trainable;
    private final int kerasMajor;

    private KerasGraph(String className, String name, boolean trainable, int kerasMajor) {
        this.className = className;
        this.name = name;
        this.trainable = trainable;
        this.kerasMajor = kerasMajor;
    }

    /// Reads a model's `class_name` and `config`.
    static KerasGraph read(JsonObject model, int kerasMajor) {
        final String type = String.valueOf(KerasJson.string(model, "class_name"));
        final JsonElement config = model.get("config");
        final JsonObject object = config != null && config.isJsonObject() ? config.getAsJsonObject() : new JsonObject();
        final String name = KerasJson.string(object, "name");
        final KerasGraph graph = new KerasGraph(
                type,
                name == null ? "" : name,
                !String.valueOf(object.get("trainable")).equals("false"),
                kerasMajor);
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

    List<Node> nodes() {
        return nodes;
    }

    List<Finding> findings() {
        return findings;
    }

    boolean refused() {
        return findings.stream().anyMatch(finding -> finding.reason().refuses())
                || nodes.stream().anyMatch(node -> node.config().refused());
    }

    private void find(Reason reason, String detail) {
        findings.add(new Finding(reason, detail));
    }

    private void sequential(@Nullable JsonElement layers, JsonObject model) {
        if (layers == null || !layers.isJsonArray() || layers.getAsJsonArray().isEmpty()) {
            find(Reason.BAD_CONFIG, "the model has no list of layers");
            return;
        }
        Ref last = null;
        for (JsonElement element : layers.getAsJsonArray()) {
            final JsonObject entry = entry(element);
            if (entry == null) {
                return;
            }
            final boolean isInput = "InputLayer".equals(KerasJson.string(entry, "class_name"));
            if (last == null && !isInput) {
                last = implicitInput(entry, model);
            }
            final Node node = node(entry, last == null ? List.of(List.of()) : List.of(List.of(last)));
            if (isInput && last != null) {
                node.config().find(Reason.UNSUPPORTED_CONNECTION, "an input in the middle of a chain");
            }
            last = new Ref(node.config().name(), 0, 0);
            if (isInput) {
                inputs.add(last);
            }
        }
        if (last != null) {
            outputs.add(last);
        }
    }

    /// The input of a Sequential that has no InputLayer: its shape is in the first layer's config, or in the
    /// model's.
    private Ref implicitInput(JsonObject first, JsonObject model) {
        final JsonObject config = KerasJson.member(first, "config");
        JsonElement shape = config == null ? null : config.get("batch_input_shape");
        if (KerasJson.isNeutral(shape)) {
            shape = config == null ? null : config.get("batch_shape");
        }
        if (KerasJson.isNeutral(shape) && config != null && !KerasJson.isNeutral(config.get("input_dim"))) {
            final JsonArray made = new JsonArray();
            made.add((String) null);
            made.add(config.get("input_dim"));
            shape = made;
        }
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
        final Node node = node(made, List.of(List.of()));
        final Ref ref = new Ref(node.config().name(), 0, 0);
        inputs.add(ref);
        return ref;
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

    private Node node(JsonObject entry, List<List<Ref>> calls) {
        return node(entry, entry, calls);
    }

    /// @param original as the file has it, to be kept
    private Node node(JsonObject entry, JsonObject original, List<List<Ref>> calls) {
        final JsonObject config = KerasJson.member(entry, "config");
        final JsonObject own = config == null ? new JsonObject() : config;
        final String type = String.valueOf(KerasJson.string(entry, "class_name"));
        String layer = KerasJson.string(own, "name");
        if (layer == null) {
            layer = KerasJson.string(entry, "name");
        }
        final LayerConfig read = new LayerConfig(layer == null ? "" : layer, type, own, kerasMajor);
        if (layer == null || layer.isEmpty()) {
            read.find(Reason.BAD_CONFIG, "has no name");
        } else if (!names.add(layer)) {
            read.find(Reason.BAD_CONFIG, "another layer has the same name");
        }
        final Node node = new Node(read, KerasLayers.convert(read), original.deepCopy(), calls);
        nodes.add(node);
        return node;
    }

    private void functional(JsonObject config) {
        final JsonElement layers = config.get("layers");
        if (layers == null || !layers.isJsonArray()) {
            find(Reason.BAD_CONFIG, "the model has no list of layers");
            return;
        }
        for (JsonElement element : layers.getAsJsonArray()) {
            final JsonObject entry = entry(element);
            if (entry == null) {
                return;
            }
            final List<List<Ref>> calls = new ArrayList<>();
            final JsonObject plain = KerasOperations.asLayer(entry);
            final Node node = node(plain, entry, calls);
            inbound(plain.get("inbound_nodes"), node, calls);
        }
        ends(config.get("input_layers"), inputs, "input_layers");
        ends(config.get("output_layers"), outputs, "output_layers");
    }

    private void inbound(@Nullable JsonElement json, Node node, List<List<Ref>> calls) {
        if (node.config().className().equals("InputLayer")) {
            calls.add(List.of());
            return;
        }
        if (json == null || !json.isJsonArray()) {
            node.config().find(Reason.BAD_CONFIG, "has no inbound_nodes");
            return;
        }
        for (JsonElement call : json.getAsJsonArray()) {
            final List<Ref> refs = new ArrayList<>();
            if (call.isJsonObject()) {
                collect(call.getAsJsonObject().get("args"), refs, node);
                keywords(KerasJson.member(call.getAsJsonObject(), "kwargs"), node);
            } else if (isReference(call)) {
                reference(call.getAsJsonArray(), refs, node);
            } else if (call.isJsonArray()) {
                for (JsonElement input : call.getAsJsonArray()) {
                    if (isReference(input)) {
                        reference(input.getAsJsonArray(), refs, node);
                    } else {
                        node.config().find(Reason.UNSUPPORTED_CONNECTION, "is called with " + KerasJson.shown(input));
                    }
                }
            } else {
                node.config().find(Reason.BAD_CONFIG, "inbound node " + KerasJson.shown(call));
            }
            calls.add(refs);
        }
    }

    private static boolean isReference(JsonElement json) {
        return json.isJsonArray()
                && json.getAsJsonArray().size() >= 3
                && KerasJson.string(json.getAsJsonArray().get(0)) != null;
    }

    /// `["layer", node, tensor]`, perhaps with keyword arguments.
    private void reference(JsonArray json, List<Ref> refs, Node node) {
        final Ref ref = ref(json);
        if (ref == null) {
            node.config().find(Reason.BAD_CONFIG, "inbound node " + KerasJson.shown(json));
            return;
        }
        refs.add(ref);
        if (json.size() > 3 && json.get(3).isJsonObject()) {
            keywords(json.get(3).getAsJsonObject(), node);
        }
    }

    private static @Nullable Ref ref(JsonArray json) {
        try {
            return new Ref(
                    json.get(0).getAsString(),
                    Math.toIntExact(json.get(1).getAsBigDecimal().longValueExact()),
                    Math.toIntExact(json.get(2).getAsBigDecimal().longValueExact()));
        } catch (IllegalStateException
                | NumberFormatException
                | ArithmeticException
                | IndexOutOfBoundsException
                | UnsupportedOperationException e) {
            return null;
        }
    }

    /// The tensors among a call's arguments, in order.
    private void collect(@Nullable JsonElement json, List<Ref> refs, Node node) {
        if (json == null || json.isJsonNull()) {
            return;
        }
        if (json.isJsonArray()) {
            json.getAsJsonArray().forEach(element -> collect(element, refs, node));
            return;
        }
        if (json.isJsonObject() && "__keras_tensor__".equals(KerasJson.string(json.getAsJsonObject(), "class_name"))) {
            final JsonObject config = KerasJson.member(json.getAsJsonObject(), "config");
            final JsonElement history = config == null ? null : config.get("keras_history");
            if (history != null && history.isJsonArray()) {
                reference(history.getAsJsonArray(), refs, node);
                return;
            }
        }
        node.config().find(Reason.UNSUPPORTED_CONNECTION, "is called with " + KerasJson.shown(json));
    }

    private static void keywords(@Nullable JsonObject keywords, Node node) {
        if (keywords != null) {
            for (Map.Entry<String, JsonElement> entry : keywords.entrySet()) {
                if (!KerasJson.isNeutral(entry.getValue())) {
                    node.config()
                            .find(
                                    Reason.UNSUPPORTED_CONNECTION,
                                    "is called with '" + KerasJson.shown(entry.getKey()) + "'");
                }
            }
        }
    }

    /// Inputs or outputs: one reference, a list of them, or an object of them, which Keras orders by key.
    private void ends(@Nullable JsonElement json, List<Ref> refs, String what) {
        if (json != null && isReference(json)) {
            final Ref ref = ref(json.getAsJsonArray());
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

    /// The graph; null where it is refused, and the findings say why.
    @Nullable
    Graph build() {
        if (refused()) {
            return null;
        }
        if (inputs.isEmpty() || outputs.isEmpty()) {
            find(Reason.BAD_CONFIG, "the model has no " + (inputs.isEmpty() ? "inputs" : "outputs"));
            return null;
        }
        final Map<String, Node> byName = new LinkedHashMap<>();
        nodes.forEach(node -> byName.put(node.config().name(), node));
        final List<Call> order = order(byName);
        if (order == null) {
            return null;
        }
        final Graph.Builder builder = Graph.builder();
        final Map<Ref, Graph.Value> values = new HashMap<>();
        final Set<String> added = new HashSet<>();
        for (Call call : order) {
            final LayerConfig config = call.layer().config();
            final Layer layer = call.layer().layer();
            if (layer == null) {
                throw new IllegalStateException("layer '" + config.name() + "' was not converted and not refused");
            }
            try {
                final boolean first = added.add(config.name());
                if (first) {
                    builder.layer(config.name(), layer);
                }
                final Graph.Value[] arguments = new Graph.Value[call.inputs().size()];
                for (int i = 0; i < arguments.length; i++) {
                    final Graph.Value value = values.get(call.inputs().get(i));
                    if (value == null) {
                        config.find(
                                Reason.BAD_CONFIG,
                                "is called with " + shown(call.inputs().get(i)) + ", which does not exist");
                        return null;
                    }
                    arguments[i] = value;
                }
                List<Graph.Value> results = builder.call(config.name(), arguments);
                final Layer after = KerasLayers.after(config);
                if (after != null) {
                    if (first) {
                        builder.layer(afterName(config.name()), after);
                    }
                    results = builder.call(afterName(config.name()), results.getFirst());
                }
                for (int i = 0; i < results.size(); i++) {
                    values.put(new Ref(config.name(), call.index(), i), results.get(i));
                }
            } catch (IllegalArgumentException | ArithmeticException e) {
                config.find(Reason.BAD_SHAPE, withoutName(String.valueOf(e.getMessage()), config.name()));
                return null;
            }
        }
        final Graph.Value[] ends = new Graph.Value[outputs.size()];
        for (int i = 0; i < ends.length; i++) {
            final Graph.Value value = values.get(outputs.get(i));
            if (value == null) {
                find(Reason.BAD_CONFIG, "the model's output " + shown(outputs.get(i)) + " does not exist");
                return null;
            }
            ends[i] = value;
        }
        try {
            return builder.build(ends).withFrozen(frozen(added));
        } catch (IllegalArgumentException e) {
            find(Reason.BAD_CONFIG, String.valueOf(e.getMessage()));
            return null;
        }
    }

    /// Layers whose `trainable` is false, or all where the model's is.
    private Set<String> frozen(Set<String> added) {
        final Set<String> frozen = new HashSet<>();
        for (Node node : nodes) {
            final String own = String.valueOf(node.config().config().get("trainable"));
            if (added.contains(node.config().name()) && (!trainable || own.equals("false"))) {
                frozen.add(node.config().name());
            }
        }
        return frozen;
    }

    /// A name for what comes after a layer as a part of it: no layer of the file has it.
    private String afterName(String layer) {
        String name = layer + "_activation";
        while (names.contains(name)) {
            name += "_";
        }
        return name;
    }

    private static String withoutName(String message, String layer) {
        final String start = "layer '" + layer + "': ";
        return message.startsWith(start) ? message.substring(start.length()) : message;
    }

    private static String shown(Ref ref) {
        return "'" + KerasJson.shown(ref.layer()) + "' [" + ref.node() + ", " + ref.tensor() + "]";
    }

    /// The calls that lead to the outputs, each after what it is called with: the inputs in the model's order,
    /// then as the file has them. Null where there is no such order.
    private @Nullable List<Call> order(Map<String, Node> byName) {
        final Map<Ref, Call> calls = new LinkedHashMap<>();
        for (Node node : nodes) {
            for (int i = 0; i < node.calls().size(); i++) {
                calls.put(
                        new Ref(node.config().name(), i, 0),
                        new Call(node, i, node.calls().get(i)));
            }
        }
        for (Node node : nodes) {
            for (List<Ref> inputsOfCall : node.calls()) {
                for (Ref ref : inputsOfCall) {
                    if (!calls.containsKey(new Ref(ref.layer(), ref.node(), 0))) {
                        node.config()
                                .find(Reason.BAD_CONFIG, "is called with " + shown(ref) + ", which does not exist");
                        return null;
                    }
                }
            }
        }
        final Set<Ref> used = used(calls);
        final List<Ref> wanted = new ArrayList<>();
        for (Ref input : inputs) {
            final Node node = byName.get(input.layer());
            if (node == null || !(node.layer() instanceof InputLayer)) {
                find(Reason.BAD_CONFIG, "the model's input " + shown(input) + " is no input layer");
                return null;
            }
            wanted.add(new Ref(input.layer(), 0, 0));
        }
        final Map<Ref, Integer> rank = new HashMap<>();
        for (Ref ref : wanted) {
            rank.putIfAbsent(ref, rank.size());
        }
        final int firstOther = rank.size();
        for (Ref ref : calls.keySet()) {
            rank.putIfAbsent(ref, rank.size());
        }
        final Map<Ref, List<Ref>> followers = new HashMap<>();
        final Map<Ref, Integer> missing = new HashMap<>();
        final PriorityQueue<Ref> ready = new PriorityQueue<>(Comparator.comparingInt(ref -> rank.getOrDefault(ref, 0)));
        for (Map.Entry<Ref, Call> entry : calls.entrySet()) {
            if (!used.contains(entry.getKey()) && rank.getOrDefault(entry.getKey(), firstOther) >= firstOther) {
                continue;
            }
            final Set<Ref> before = new HashSet<>();
            entry.getValue().inputs().forEach(ref -> before.add(new Ref(ref.layer(), ref.node(), 0)));
            before.forEach(ref ->
                    followers.computeIfAbsent(ref, key -> new ArrayList<>()).add(entry.getKey()));
            missing.put(entry.getKey(), before.size());
            if (before.isEmpty()) {
                ready.add(entry.getKey());
            }
        }
        final List<Call> order = new ArrayList<>();
        while (!ready.isEmpty()) {
            final Ref next = ready.remove();
            order.add(calls.get(next));
            for (Ref follower : followers.getOrDefault(next, List.of())) {
                if (missing.merge(follower, -1, Integer::sum) == 0) {
                    ready.add(follower);
                }
            }
        }
        if (order.size() < missing.size()) {
            find(Reason.BAD_CONFIG, "the layers are connected in a circle");
            return null;
        }
        final Set<String> called = new HashSet<>();
        order.forEach(call -> called.add(call.layer().config().name()));
        for (Node node : nodes) {
            if (!called.contains(node.config().name())) {
                node.config().find(Reason.NOT_USED, "leads to no output of the model");
            }
        }
        return order;
    }

    private Set<Ref> used(Map<Ref, Call> calls) {
        final Set<Ref> used = new HashSet<>();
        final Deque<Ref> open = new ArrayDeque<>();
        outputs.forEach(ref -> open.add(new Ref(ref.layer(), ref.node(), 0)));
        while (!open.isEmpty()) {
            final Ref ref = open.remove();
            final Call call = calls.get(ref);
            if (call != null && used.add(ref)) {
                call.inputs().forEach(input -> open.add(new Ref(input.layer(), input.node(), 0)));
            }
        }
        return used;
    }
}
