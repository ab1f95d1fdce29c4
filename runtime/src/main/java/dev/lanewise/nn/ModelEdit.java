package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// A model with changes that are not made yet: layers cut off, put before or behind, frozen. It is a value
/// without
/// memory, and each method gives another one; [#build] and [#withHead] make a model of its own, with the base's
/// weights copied. The base is not changed, and must stay open until then.
///
/// ```
/// base.withoutTop().freeze().withHead(new Dense(10, SOFTMAX), 7)
/// ```
///
/// The new model has no optimizer memory: training it needs a new [dev.lanewise.train.Trainer]. It keeps those
/// of the base's attributes that still hold: with another input or output, only those known to be of the other
/// side.
public final class ModelEdit {
    /// The attribute that says how the numbers that come to the model's input were made.
    public static final String PREPROCESSING = "preprocessing";

    /// Attributes about the outputs: the names of the classes, and the loss and metrics that go with them.
    private static final Set<String> OF_OUTPUTS = Set.of("class_names", "training_config");

    /// What an import keeps of each layer by its name: it holds for the layers that are still there, whatever
    /// else is changed.
    private static final Set<String> OF_LAYERS = Set.of("keras");

    private final Model base;
    private final Graph graph;

    /// The base's layers that are still there; all others are new.
    private final Set<String> kept;

    private final boolean sameInputs;
    private final boolean sameOutputs;

    private ModelEdit(Model base, Graph graph, Set<String> kept, boolean sameInputs, boolean sameOutputs) {
        this.base = base;
        this.graph = graph;
        this.kept = kept;
        this.sameInputs = sameInputs;
        this.sameOutputs = sameOutputs;
    }

    static ModelEdit of(Model base) {
        base.requireOpen();
        return new ModelEdit(base, base.graph(), base.graph().layers().keySet(), true, true);
    }

    /// The graph as it would be built.
    public Graph graph() {
        return graph;
    }

    /// Without the last layer that has weights, and all that follows it: Keras' `include_top=False` for a model
    /// that ends with one dense layer.
    ///
    /// @throws IllegalArgumentException if the end is no chain of layers down to one with weights
    public ModelEdit withoutTop() {
        Graph.Value value = singleOutput("withoutTop");
        while (true) {
            final Graph.Call call = graph.calls().get(value.call());
            if (call.inputs().size() != 1) {
                throw new IllegalArgumentException("withoutTop: no layer with weights is found from the output down to"
                        + " layer '" + call.layer() + "', which takes "
                        + call.inputs().size()
                        + " values; upTo(layer) says where to cut");
            }
            value = call.inputs().getFirst();
            if (!weights(call.layer()).isEmpty()) {
                return upTo(value);
            }
        }
    }

    /// Up to this layer: its output becomes the model's, and what does not lead to it is left out.
    ///
    /// @throws IllegalArgumentException if there is no such layer, or it is called several times or has several
    ///     outputs
    public ModelEdit upTo(String layer) {
        graph.layer(layer);
        final List<Graph.Call> calls =
                graph.calls().stream().filter(c -> c.layer().equals(layer)).toList();
        if (calls.size() != 1 || calls.getFirst().outputs().size() != 1) {
            throw new IllegalArgumentException("upTo: layer '" + layer + "' is called " + calls.size()
                    + " times and has " + calls.getFirst().outputs().size() + " outputs each, one of one was expected");
        }
        return upTo(calls.getFirst().outputs().getFirst());
    }

    private ModelEdit upTo(Graph.Value output) {
        if (graph.outputs().equals(List.of(output))) {
            return this;
        }
        final Set<Integer> used = new HashSet<>(Set.of(output.call()));
        for (int i = output.call(); i >= 0; i--) {
            if (used.contains(i)) {
                graph.calls().get(i).inputs().forEach(value -> used.add(value.call()));
            }
        }
        final Graph.Builder builder = Graph.builder();
        final Map<Graph.Value, Graph.Value> values = new HashMap<>();
        copy(builder, values, used);
        final Graph cut = withGroups(builder.build(value(values, output)), values);
        final boolean allInputs = used.containsAll(graph.inputs());
        return with(cut, graph.frozen(), sameInputs && allInputs, false);
    }

    /// Adds layers and calls of this graph to a builder, where `values` has none for their outputs yet.
    private void copy(Graph.Builder builder, Map<Graph.Value, Graph.Value> values, Set<Integer> calls) {
        final Set<String> wanted = new HashSet<>();
        for (int i : calls) {
            final Graph.Call call = graph.calls().get(i);
            if (!values.keySet().containsAll(call.outputs())) {
                wanted.add(call.layer());
            }
        }
        // In the graph's order, also of layers.
        graph.layers().forEach((name, layer) -> {
            if (wanted.contains(name)) {
                builder.layer(name, layer);
            }
        });
        for (int i = 0; i < graph.calls().size(); i++) {
            final Graph.Call call = graph.calls().get(i);
            if (!calls.contains(i) || values.keySet().containsAll(call.outputs())) {
                continue;
            }
            final Graph.Value[] inputs =
                    call.inputs().stream().map(v -> value(values, v)).toArray(Graph.Value[]::new);
            final List<Graph.Value> outputs = builder.call(call.layer(), inputs);
            for (int o = 0; o < outputs.size(); o++) {
                values.put(call.outputs().get(o), outputs.get(o));
            }
        }
    }

    /// The changed graph with those models within the model that are still whole; of one that was cut, only its
    /// layers are left.
    private Graph withGroups(Graph changed, Map<Graph.Value, Graph.Value> values) {
        final List<Graph.Group> groups = new ArrayList<>();
        for (Graph.Group group : graph.groups()) {
            final boolean whole = changed.layers().keySet().containsAll(graph.layersOf(group.name()))
                    && group.calls().stream()
                            .allMatch(call -> values.keySet().containsAll(call.inputs())
                                    && values.keySet().containsAll(call.outputs()));
            if (whole) {
                groups.add(new Graph.Group(
                        group.name(),
                        group.type(),
                        group.members(),
                        group.calls().stream()
                                .map(call -> new Graph.GroupCall(
                                        call.inputs().stream()
                                                .map(v -> value(values, v))
                                                .toList(),
                                        call.outputs().stream()
                                                .map(v -> value(values, v))
                                                .toList()))
                                .toList()));
            }
        }
        return changed.withGroups(groups);
    }

    private static Graph.Value value(Map<Graph.Value, Graph.Value> values, Graph.Value old) {
        final Graph.Value value = values.get(old);
        if (value == null) {
            throw new IllegalStateException("no value for " + old);
        }
        return value;
    }

    private Graph.Value singleOutput(String what) {
        if (graph.outputs().size() != 1) {
            throw new IllegalArgumentException(
                    what + ": the model has " + graph.outputs().size() + " outputs, one was expected");
        }
        return graph.outputs().getFirst();
    }

    /// All layers that are there now are not trained.
    public ModelEdit freeze() {
        return freeze("*");
    }

    /// Layers whose names match are not trained: their weights stay as they are.
    ///
    /// @param pattern a name of a layer, or of a model within the model for all its layers, in which `*`
    ///     stands for
    ///     any characters and `?` for one
    /// @throws IllegalArgumentException if no layer matches
    public ModelEdit freeze(String pattern) {
        final Set<String> frozen = new HashSet<>(graph.frozen());
        frozen.addAll(matching("freeze", pattern));
        return with(graph, frozen, sameInputs, sameOutputs);
    }

    /// All layers are trained.
    public ModelEdit unfreeze() {
        return with(graph, Set.of(), sameInputs, sameOutputs);
    }

    /// Layers whose names match are trained.
    ///
    /// @throws IllegalArgumentException if no layer matches
    public ModelEdit unfreeze(String pattern) {
        final Set<String> frozen = new HashSet<>(graph.frozen());
        frozen.removeAll(matching("unfreeze", pattern));
        return with(graph, frozen, sameInputs, sameOutputs);
    }

    private Set<String> matching(String what, String pattern) {
        final StringBuilder regex = new StringBuilder();
        pattern.codePoints()
                .forEach(c -> regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(Character.toString(c))));
        final Pattern compiled = Pattern.compile(regex.toString(), Pattern.DOTALL);
        final Set<String> names = new TreeSet<>();
        final List<String> all = new ArrayList<>();
        graph.layers().forEach((name, layer) -> {
            if (!(layer instanceof InputLayer)) {
                all.add(name);
                if (compiled.matcher(name).matches()) {
                    names.add(name);
                }
            }
        });
        for (Graph.Group group : graph.groups()) {
            if (compiled.matcher(group.name()).matches()) {
                names.addAll(graph.layersOf(group.name()));
            }
        }
        if (names.isEmpty()) {
            throw new IllegalArgumentException(
                    what + ": no layer matches '" + pattern + "' (there are: " + String.join(", ", all) + ")");
        }
        return names;
    }

    /// With layers before the model's one input, which then takes samples of another shape; the input keeps its
    /// name.
    ///
    /// @param sample shape of the samples that the first of them takes
    /// @throws IllegalArgumentException if the model has several inputs, or the shapes do not go together
    public ModelEdit inFront(Shape sample, List<? extends Layer> layers) {
        if (graph.inputs().size() != 1) {
            throw new IllegalArgumentException(
                    "inFront: the model has " + graph.inputs().size() + " inputs, one was expected");
        }
        final Graph.Call input = graph.calls().get(graph.inputs().getFirst());
        final Graph.Builder builder = Graph.builder();
        Graph.Value value = builder.input(input.layer(), sample);
        for (Layer layer : layers) {
            value = builder.add(freeName(layer, builder), layer, value);
        }
        final Shape wanted = input.outputs().getFirst().shape();
        if (!wanted.with(0, 1).matches(value.shape().with(0, 1))) {
            throw new IllegalArgumentException("inFront: samples of shape " + sample + " become "
                    + value.shape().withoutFirst() + ", the model's input '" + input.layer() + "' takes "
                    + wanted.withoutFirst());
        }
        final Map<Graph.Value, Graph.Value> values =
                new HashMap<>(Map.of(input.outputs().getFirst(), value));
        final Set<Integer> all = new HashSet<>();
        for (int i = 0; i < graph.calls().size(); i++) {
            all.add(i);
        }
        copy(builder, values, all);
        final Graph changed = withGroups(
                builder.build(
                        graph.outputs().stream().map(v -> value(values, v)).toArray(Graph.Value[]::new)),
                values);
        return with(changed, graph.frozen(), false, sameOutputs);
    }

    /// With layers in front that make samples of this shape into what the model takes: colours to grey or
    /// grey to colours, bilinear resizing, another shape of the same numbers. A flat input is taken for a
    /// square image, grey or coloured, as its size allows.
    ///
    /// @param values layers for the numbers themselves, as [dev.lanewise.nn.layer.Rescaling]; they get images
    /// that have
    ///     the model's size and channels
    /// @throws IllegalArgumentException if the model has several inputs, or there is no such way
    public ModelEdit adaptTo(Shape sample, Layer... values) {
        if (graph.inputs().size() != 1) {
            throw new IllegalArgumentException(
                    "adaptTo: the model has " + graph.inputs().size() + " inputs, one was expected");
        }
        final Shape wanted = graph.inputShapes().getFirst().withoutFirst();
        final List<Layer> layers = Adaptation.layers(sample, wanted, List.of(values));
        return layers.isEmpty() ? this : inFront(sample, layers);
    }

    /// With a layer behind the one output, named after its type as Keras does, with a number where that is
    /// taken.
    ///
    /// @throws IllegalArgumentException if the model has several outputs, or the layer cannot take this one
    public ModelEdit add(Layer layer) {
        return append(builder -> freeName(layer, builder), layer);
    }

    /// With a layer of this name behind the one output; where the name is taken it gets a number.
    ///
    /// @throws IllegalArgumentException if the model has several outputs, or the layer cannot take this one
    public ModelEdit add(String name, Layer layer) {
        return append(builder -> freeName(name, builder), layer);
    }

    private interface Naming {
        String name(Graph.Builder builder);
    }

    private ModelEdit append(Naming naming, Layer layer) {
        final Graph.Value output = singleOutput("add");
        final Graph.Builder builder = Graph.builder();
        final Map<Graph.Value, Graph.Value> values = new HashMap<>();
        final Set<Integer> all = new HashSet<>();
        for (int i = 0; i < graph.calls().size(); i++) {
            all.add(i);
        }
        copy(builder, values, all);
        final Graph longer =
                withGroups(builder.build(builder.add(naming.name(builder), layer, value(values, output))), values);
        return with(longer, graph.frozen(), sameInputs, false);
    }

    private String freeName(Layer layer, Graph.Builder builder) {
        return freeName(Graph.snakeCase(layer.typeName()), builder);
    }

    /// Neither a layer of the graph nor one that was added to the builder meanwhile. Nor one of the base's that
    /// is cut off: what is named alike would be taken for the same.
    private String freeName(String wanted, Graph.Builder builder) {
        String name = wanted;
        for (int n = 1;
                graph.layers().containsKey(name) || base.graph().layers().containsKey(name) || builder.has(name);
                n++) {
            name = wanted + "_" + n;
        }
        return name;
    }

    private ModelEdit with(Graph changed, Set<String> frozen, boolean inputs, boolean outputs) {
        final Set<String> there = new HashSet<>(frozen);
        there.retainAll(changed.layers().keySet());
        final Set<String> left = new HashSet<>(kept);
        left.retainAll(changed.layers().keySet());
        final Map<String, WeightRule> rules = new LinkedHashMap<>(graph.rules());
        rules.keySet()
                .removeIf(path -> changed.layers().keySet().stream().noneMatch(layer -> path.startsWith(layer + "/")));
        return new ModelEdit(base, changed.withFrozen(there).withRules(rules), left, inputs, outputs);
    }

    /// [#add(Layer)] and [#build].
    public Model withHead(Layer head, long seed) {
        return add(head).build(seed);
    }

    /// [#add(String, Layer)] and [#build].
    public Model withHead(String name, Layer head, long seed) {
        return add(name, head).build(seed);
    }

    /// A model of its own, to be closed like any other: weights of the base's layers copied, those of new
    /// layers drawn from `seed`, which is also the model's.
    ///
    /// @throws IllegalArgumentException if a layer of the base would need weights of other shapes here
    /// @throws IllegalStateException if the base is closed
    public Model build(long seed) {
        base.requireOpen();
        for (String name : kept) {
            final List<Shape> before = shapes(base.layout(), name);
            final List<Shape> now =
                    weights(name).stream().map(ParameterSpec::shape).toList();
            if (!before.equals(now)) {
                throw new IllegalArgumentException(
                        "layer '" + name + "': has weights of shapes " + before + ", would need " + now);
            }
        }
        final Model model = Model.create(graph, seed, place -> kept.contains(place.layer()));
        try {
            for (ParameterLayout.Place place : model.layout().places()) {
                if (kept.contains(place.layer())) {
                    model.parameter(place)
                            .copyFrom(base.parameter(
                                    base.layout().places(place.layer()).get(place.index())));
                }
            }
            attributes().forEach(model.attributes()::put);
            return model;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private Map<String, String> attributes() {
        final Map<String, String> all = new LinkedHashMap<>(base.attributes());
        all.keySet()
                .removeIf(name -> !OF_LAYERS.contains(name)
                        && (!(sameInputs || OF_OUTPUTS.contains(name))
                                || !(sameOutputs || name.equals(PREPROCESSING))));
        return all;
    }

    private List<ParameterSpec> weights(String layer) {
        return graph.layer(layer).parameters(graph.inputShapes(layer));
    }

    private static List<Shape> shapes(ParameterLayout layout, String layer) {
        return layout.places(layer).stream().map(place -> place.spec().shape()).toList();
    }
}
