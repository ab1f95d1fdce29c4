package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The definition of a network: layers by unique name, their calls in an order in which each call's inputs come
/// first, the inputs and the outputs. It holds no weights. A shared layer is one layer with several calls.
///
/// @param layers in the order in which they were first called; a layer's identity is its name
/// @param calls in order
/// @param inputs the calls of the input layers, in the model's order
/// @param outputs in the model's order
/// @param frozen names of layers that are not trained (Keras' `trainable` is false): their weights stay, and
///     where
///     training and inference differ they work as in inference if Keras' layer does so
/// @param groups models within the model: their layers are among the layers, and each call of theirs is
///     calls of its layers. Nothing is computed by them; they are kept to be shown, frozen as one and
///     written again
/// @param rules regularizers and constraints of weights, by `layer/weight`
public record Graph(
        Map<String, Layer> layers,
        List<Call> calls,
        List<Integer> inputs,
        List<Value> outputs,
        Set<String> frozen,
        List<Group> groups,
        Map<String, WeightRule> rules) {
    /// Of models within models.
    private static final int MAX_DEPTH = 100;

    /// An output of a call.
    ///
    /// @param call position in [Graph#calls]
    /// @param output which of its outputs
    /// @param shape with the batch first, [Shape#UNKNOWN]
    public record Value(int call, int output, Shape shape) {}

    /// A call of a layer.
    ///
    /// @param layer name
    /// @param index which of the layer's calls, from 0
    public record Call(String layer, int index, List<Value> inputs, List<Value> outputs) {}

    /// A model within the model.
    ///
    /// @param name the way to it, as `encoder/block`
    /// @param type `Sequential` or `Functional`
    /// @param members names of its layers and of the groups in it, in the order of its definition
    /// @param calls in order; one that was shared has several
    public record Group(String name, String type, List<String> members, List<GroupCall> calls) {
        public Group {
            members = List.copyOf(members);
            calls = List.copyOf(calls);
        }
    }

    /// A call of a group: the values that it takes and those that it gives.
    public record GroupCall(List<Value> inputs, List<Value> outputs) {
        public GroupCall {
            inputs = List.copyOf(inputs);
            outputs = List.copyOf(outputs);
        }
    }

    public Graph {
        layers = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(layers));
        calls = List.copyOf(calls);
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        frozen = Set.copyOf(frozen);
        groups = List.copyOf(groups);
        for (String name : frozen) {
            if (!layers.containsKey(name)) {
                throw new IllegalArgumentException("Graph: no layer '" + name + "' to freeze");
            }
        }
        if (inputs.isEmpty() || outputs.isEmpty()) {
            throw new IllegalArgumentException("Graph: needs an input and an output");
        }
        checkGroups(layers, calls, groups);
        rules = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(rules));
        checkRules(layers, calls, rules);
    }

    /// A graph in which every layer is trained.
    public Graph(Map<String, Layer> layers, List<Call> calls, List<Integer> inputs, List<Value> outputs) {
        this(layers, calls, inputs, outputs, Set.of(), List.of(), Map.of());
    }

    /// Rules are of weights that there are and that can be trained.
    private static void checkRules(Map<String, Layer> layers, List<Call> calls, Map<String, WeightRule> rules) {
        rules.forEach((path, rule) -> {
            final ParameterSpec spec = layers.entrySet().stream()
                    .filter(entry -> path.startsWith(entry.getKey() + "/"))
                    .flatMap(entry -> entry.getValue().parameters(firstInputShapes(calls, entry.getKey())).stream()
                            .filter(weight -> path.equals(entry.getKey() + "/" + weight.name())))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(
                            "Graph: no weight '" + path + "' to regularize or to constrain"));
            if (!spec.trainable()) {
                throw new IllegalArgumentException("Graph: weight '" + path
                        + "' is not trained by gradient, it cannot be regularized or constrained");
            }
            try {
                rule.check(spec.shape());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("weight '" + path + "': " + e.getMessage(), e);
            }
        });
    }

    private static List<Shape> firstInputShapes(List<Call> calls, String layer) {
        for (Call call : calls) {
            if (call.layer().equals(layer)) {
                return call.inputs().stream().map(Value::shape).toList();
            }
        }
        return List.of();
    }

    /// Groups are a forest over layers that there are, and their values are the graph's.
    private static void checkGroups(Map<String, Layer> layers, List<Call> calls, List<Group> groups) {
        final Map<String, Group> byName = new HashMap<>();
        for (Group group : groups) {
            if (group.name().isEmpty() || byName.put(group.name(), group) != null) {
                throw new IllegalArgumentException("Graph: two groups are named '" + group.name() + "', or one not");
            }
        }
        final Map<String, String> parents = new HashMap<>();
        for (Group group : groups) {
            for (String member : group.members()) {
                if (layers.containsKey(member) == byName.containsKey(member)) {
                    throw new IllegalArgumentException("Graph: group '" + group.name() + "' has a member '" + member
                            + "', which is not one layer" + " or group");
                }
                if (parents.put(member, group.name()) != null) {
                    throw new IllegalArgumentException("Graph: '" + member + "' is a member of two groups");
                }
            }
            for (GroupCall call : group.calls()) {
                for (List<Value> values : List.of(call.inputs(), call.outputs())) {
                    for (Value value : values) {
                        if (value.call() < 0
                                || value.call() >= calls.size()
                                || !calls.get(value.call()).outputs().contains(value)) {
                            throw new IllegalArgumentException(
                                    "Graph: group '" + group.name() + "' has a value that is not the graph's");
                        }
                    }
                }
            }
        }
        for (Group group : groups) {
            final Set<String> seen = new HashSet<>();
            for (String at = group.name(); at != null; at = parents.get(at)) {
                if (!seen.add(at) || seen.size() > MAX_DEPTH) {
                    throw new IllegalArgumentException("Graph: group '" + group.name()
                            + "' is within itself, or more than " + MAX_DEPTH + " deep");
                }
            }
        }
    }

    /// The group of this name, or null.
    public @Nullable Group group(String name) {
        for (Group group : groups) {
            if (group.name().equals(name)) {
                return group;
            }
        }
        return null;
    }

    /// Names of all layers of a group and of those within it, in order.
    ///
    /// @throws IllegalArgumentException if there is no such group
    public List<String> layersOf(String group) {
        final Group found = group(group);
        if (found == null) {
            throw new IllegalArgumentException("no group '" + group + "' (there are: "
                    + String.join(", ", groups.stream().map(Group::name).toList()) + ")");
        }
        final List<String> names = new ArrayList<>();
        for (String member : found.members()) {
            if (layers.containsKey(member)) {
                names.add(member);
            } else {
                names.addAll(layersOf(member));
            }
        }
        return names;
    }

    /// The same graph with just these groups.
    ///
    /// @throws IllegalArgumentException if a group's member is not in the graph, or in two groups
    public Graph withGroups(List<Group> changed) {
        return new Graph(layers, calls, inputs, outputs, frozen, changed, rules);
    }

    public static Builder builder() {
        return new Builder();
    }

    /// The layer of this name.
    ///
    /// @throws IllegalArgumentException if there is none
    public Layer layer(String name) {
        final Layer layer = layers.get(name);
        if (layer == null) {
            throw new IllegalArgumentException(
                    "no layer '" + name + "' (there are: " + String.join(", ", layers.keySet()) + ")");
        }
        return layer;
    }

    /// Shapes of the inputs, with the batch first.
    public List<Shape> inputShapes() {
        return inputs.stream()
                .map(call -> calls.get(call).outputs().getFirst().shape())
                .toList();
    }

    /// Shapes of the outputs, with the batch first.
    public List<Shape> outputShapes() {
        return outputs.stream().map(Value::shape).toList();
    }

    /// Shapes of a layer's inputs at its first call.
    List<Shape> inputShapes(String layer) {
        return firstInputShapes(calls, layer);
    }

    /// The same graph with another layer under a name; it must give the same shapes and ask for the same
    /// weights.
    public Graph withLayer(String name, Layer layer) {
        final Map<String, Layer> changed = new LinkedHashMap<>(layers);
        changed.put(name, layer);
        return new Graph(changed, calls, inputs, outputs, frozen, groups, rules);
    }

    /// Whether a layer is trained, that is, not frozen.
    public boolean isTrainable(String name) {
        return !frozen.contains(name);
    }

    /// The same graph with just these layers frozen.
    ///
    /// @throws IllegalArgumentException if there is no layer of such a name
    public Graph withFrozen(Set<String> names) {
        return new Graph(layers, calls, inputs, outputs, names, groups, rules);
    }

    /// The same graph with just these regularizers and constraints.
    ///
    /// @param changed by `layer/weight`, as `dense/kernel`
    /// @throws IllegalArgumentException if there is no such weight, or it cannot be regularized or
    ///     constrained so
    public Graph withRules(Map<String, WeightRule> changed) {
        return new Graph(layers, calls, inputs, outputs, frozen, groups, changed);
    }

    /// The same graph with a rule for one weight more.
    ///
    /// @param weight `layer/weight`, as `dense/kernel`
    /// @throws IllegalArgumentException if there is no such weight, or it cannot be regularized or
    ///     constrained so
    public Graph withRule(String weight, WeightRule rule) {
        final Map<String, WeightRule> more = new LinkedHashMap<>(rules);
        more.put(weight, rule);
        return withRules(more);
    }

    /// Builds a graph call by call.
    public static final class Builder {
        private final Map<String, Layer> layers = new LinkedHashMap<>();
        private final Map<String, Integer> callCounts = new HashMap<>();
        private final Map<String, Integer> typeCounts = new HashMap<>();
        private final List<Call> calls = new ArrayList<>();
        private final List<Integer> inputs = new ArrayList<>();

        private Builder() {}

        /// An input of samples of this shape.
        public Value input(String name, Shape sample) {
            return input(name, new InputLayer(sample));
        }

        /// An input with a name of its own.
        public Value input(Shape sample) {
            final InputLayer layer = new InputLayer(sample);
            return input(freeName(layer), layer);
        }

        private Value input(String name, InputLayer layer) {
            return call(layer(name, layer)).getFirst();
        }

        /// Adds a layer without calling it, so that it can be shared.
        ///
        /// @throws IllegalArgumentException if the name is taken
        public String layer(String name, Layer layer) {
            if (name.isEmpty() || name.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("Graph: a layer needs a name");
            }
            if (layers.putIfAbsent(name, layer) != null) {
                throw new IllegalArgumentException("Graph: two layers are named '" + name + "'");
            }
            return name;
        }

        /// Calls a layer that was added, once more or for the first time.
        public List<Value> call(String name, Value... values) {
            final Layer layer = layers.get(name);
            if (layer == null) {
                throw new IllegalArgumentException("Graph: no layer '" + name + "' to call");
            }
            if (layer instanceof InputLayer && callCounts.containsKey(name)) {
                throw new IllegalArgumentException("Graph: input '" + name + "' is called twice");
            }
            for (Value value : values) {
                if (value.call() < 0
                        || value.call() >= calls.size()
                        || !calls.get(value.call()).outputs().contains(value)) {
                    throw new IllegalArgumentException(
                            "Graph: layer '" + name + "' is called with a value of another graph");
                }
            }
            final List<Shape> shapes =
                    List.of(values).stream().map(Value::shape).toList();
            final List<Shape> outputs;
            try {
                outputs = layer.outputShapes(shapes);
                final int earlier = callCounts.getOrDefault(name, 0);
                if (earlier > 0 && !layer.parameters(shapes).equals(layer.parameters(firstShapes(name)))) {
                    throw new IllegalArgumentException(layer.typeName() + ": is shared, but needs other weights for "
                            + shapes + " than for " + firstShapes(name));
                }
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("layer '" + name + "': " + e.getMessage(), e);
            }
            final List<Value> results = new ArrayList<>();
            for (int i = 0; i < outputs.size(); i++) {
                results.add(new Value(calls.size(), i, outputs.get(i)));
            }
            if (layer instanceof InputLayer) {
                inputs.add(calls.size());
            }
            final int index = callCounts.merge(name, 1, Integer::sum) - 1;
            calls.add(new Call(name, index, List.of(values), List.copyOf(results)));
            return results;
        }

        /// Adds a layer and calls it; one output.
        public Value add(String name, Layer layer, Value... values) {
            return call(layer(name, layer), values).getFirst();
        }

        /// Adds a layer under a name made from its type, as Keras does (`dense`, `dense_1`), and calls it; one
        /// output.
        public Value add(Layer layer, Value... values) {
            return add(freeName(layer), layer, values);
        }

        /// The graph of these outputs.
        ///
        /// @throws IllegalArgumentException if a layer was never called or leads to no output
        public Graph build(Value... outputs) {
            for (String name : layers.keySet()) {
                if (!callCounts.containsKey(name)) {
                    throw new IllegalArgumentException("Graph: layer '" + name + "' is never called");
                }
            }
            final Set<Integer> used = new HashSet<>();
            for (Value output : outputs) {
                used.add(output.call());
            }
            for (int i = calls.size() - 1; i >= 0; i--) {
                if (used.contains(i)) {
                    calls.get(i).inputs().forEach(value -> used.add(value.call()));
                } else {
                    throw new IllegalArgumentException(
                            "Graph: layer '" + calls.get(i).layer() + "' leads to no output");
                }
            }
            return new Graph(layers, calls, inputs, List.of(outputs));
        }

        /// Whether a layer of this name was added.
        boolean has(String name) {
            return layers.containsKey(name);
        }

        private List<Shape> firstShapes(String name) {
            return firstInputShapes(calls, name);
        }

        private String freeName(Layer layer) {
            final String type = snakeCase(layer.typeName());
            while (true) {
                final int n = typeCounts.merge(type, 1, Integer::sum) - 1;
                final String name = n == 0 ? type : type + "_" + n;
                if (!layers.containsKey(name)) {
                    return name;
                }
            }
        }
    }

    /// A picture of the graph in Graphviz' language DOT: a box for each call, frames around models within
    /// the model.
    public String dot() {
        return new Diagram(this).dot();
    }

    /// A picture of the graph as SVG: a box for each call, below all that it reads.
    public String svg() {
        return new Diagram(this).svg();
    }

    /// Keras' name for a layer of this type: `MaxPooling2D` becomes `max_pooling2d`.
    public static String snakeCase(String type) {
        return type.replaceAll("\\W+", "")
                .replaceAll("(.)([A-Z][a-z]+)", "$1_$2")
                .replaceAll("([a-z])([A-Z])", "$1_$2")
                .toLowerCase(java.util.Locale.ROOT);
    }
}
