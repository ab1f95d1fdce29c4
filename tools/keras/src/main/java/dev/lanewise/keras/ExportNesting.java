package dev.lanewise.keras;

import com.google.gson.JsonObject;
import dev.lanewise.keras.ExportModel.Node;
import dev.lanewise.keras.ExportModel.Ref;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Makes a model with models within it of a flat graph: the reverse of [KerasFlattening]. A group of the
/// graph is a model within the model again where all its calls are alike and nothing but its outputs is read
/// from outside; otherwise its layers are the model's own.
final class ExportNesting {
    /// A group that cannot be a model.
    private static final class NotClosed extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final String group;

        NotClosed(String group) {
            super(group, null, false, false);
            this.group = group;
        }
    }

    /// A call of a group, and the calls of the graph that it consists of.
    private record Instance(Graph.GroupCall call, Set<Integer> calls) {}

    private final Graph graph;
    private final KeptConfig kept;
    private final ExportFolding folding;
    private final ExportReport.Notes notes;
    private final Set<String> dissolved = new HashSet<>();
    private final Map<String, String> parents = new HashMap<>();

    private ExportNesting(Graph graph, KeptConfig kept, ExportReport.Notes notes) {
        this.graph = graph;
        this.kept = kept;
        this.notes = notes;
        folding = new ExportFolding(graph, kept);
        graph.groups().forEach(group -> group.members().forEach(member -> parents.put(member, group.name())));
    }

    static ExportModel of(Graph graph, KeptConfig kept, ExportReport.Notes notes) {
        return new ExportNesting(graph, kept, notes).run();
    }

    private ExportModel run() {
        while (true) {
            try {
                final ExportModel model = root();
                final Set<String> flat = new TreeSet<>(kept.models());
                flat.addAll(graph.groups().stream().map(Graph.Group::name).toList());
                graph.groups().stream()
                        .map(Graph.Group::name)
                        .filter(name -> !dissolved.contains(name))
                        .forEach(flat::remove);
                for (String name : flat) {
                    if (graph.layers().keySet().stream().anyMatch(layer -> layer.startsWith(name + "/"))) {
                        notes.add(
                                ExportReport.Kind.FLATTENED,
                                name,
                                "the model within the model was cut; its layers are written as the model's own");
                    }
                }
                for (Graph.Group group : graph.groups()) {
                    final JsonObject entry = kept.entry(group.name());
                    if (entry != null && entry.has(KeptConfig.AT_EACH_STEP) && !dissolved.contains(group.name())) {
                        notes.add(
                                ExportReport.Kind.OTHER_LAYER,
                                group.name(),
                                "was a model in a TimeDistributed, is written as a model whose layers are in one each");
                    }
                }
                return model;
            } catch (NotClosed e) {
                dissolved.add(e.group);
            }
        }
    }

    private ExportModel root() {
        final List<Graph.Value> inputs = graph.inputs().stream()
                .map(call -> graph.calls().get(call).outputs().getFirst())
                .toList();
        final Set<Integer> calls = new LinkedHashSet<>();
        for (int i = 0; i < graph.calls().size(); i++) {
            calls.add(i);
        }
        final String type = kept.type();
        final String given = kept.name();
        final ExportModel model = build("", null, inputs, graph.outputs(), calls);
        final boolean sequential = (type == null || type.equals("Sequential")) && model.isSequential();
        final String name = given == null || given.isEmpty() ? sequential ? "sequential" : "functional" : plain(given);
        return new ExportModel(
                "", name, sequential ? "Sequential" : "Functional", model.nodes(), model.inputs(), model.outputs());
    }

    /// @param group null for the whole
    private ExportModel build(
            String path,
            Graph.@Nullable Group group,
            List<Graph.Value> inputs,
            List<Graph.Value> outputs,
            Set<Integer> calls) {
        // Whose the calls are: layers of this model, or models within it.
        final Map<String, List<Integer>> ofLayers = new LinkedHashMap<>();
        final Map<String, Set<Integer>> ofGroups = new LinkedHashMap<>();
        final Map<Integer, String> owners = new HashMap<>();
        final Set<String> members = new LinkedHashSet<>();
        for (int i : calls) {
            if (folding.isHidden(i)) {
                continue;
            }
            final String layer = graph.calls().get(i).layer();
            final String member = member(layer, path);
            owners.put(i, member);
            members.add(member);
            if (member.equals(layer)) {
                ofLayers.computeIfAbsent(layer, key -> new ArrayList<>()).add(i);
            } else {
                ofGroups.computeIfAbsent(member, key -> new LinkedHashSet<>()).add(i);
            }
        }
        final Map<String, List<Instance>> instances = new HashMap<>();
        ofGroups.forEach((name, own) -> instances.put(name, instances(name, own)));
        final List<String> inner = group == null ? List.of() : inputNames(path, inputs.size());
        final Map<String, String> names = names(path, ordered(members), inner);

        final Values values =
                new Values(inputs, inner, ofLayers, instances, owners, names, group == null ? null : path);
        final List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < inner.size(); i++) {
            final Shape shape = folding.shape(inputs.get(i)).withoutFirst();
            nodes.add(new Node(
                    path + "/" + inner.get(i),
                    inner.get(i),
                    new InputLayer(shape),
                    null,
                    List.of(),
                    ExportFolding.Folded.NONE));
        }
        for (String member : ordered(members)) {
            final String name = names.getOrDefault(member, member);
            final List<Integer> places = ofLayers.get(member);
            if (places != null) {
                final List<List<Ref>> taken = new ArrayList<>();
                final List<Map<Integer, Ref>> masks = new ArrayList<>();
                final List<Boolean> causal = new ArrayList<>();
                for (int call : places) {
                    final List<Graph.Value> of = folding.inputs(call);
                    if (!of.isEmpty()) {
                        taken.add(of.stream().map(values::ref).toList());
                        final Map<Integer, Ref> own = new TreeMap<>();
                        folding.masks(call).forEach((input, mask) -> own.put(input, values.ref(mask)));
                        masks.add(own);
                        causal.add(folding.isCausal(call));
                    }
                }
                final Layer layer = graph.layer(member);
                if (ExportMatrices.of(graph, member) != null) {
                    notes.add(
                            ExportReport.Kind.OTHER_LAYER,
                            member,
                            "Keras has no " + layer.typeName()
                                    + "; is written as a Dense layer with its numbers, which is not trained");
                }
                nodes.add(new Node(
                        member, name, ExportMatrices.written(layer), null, taken, masks, causal, folding.of(member)));
            } else {
                nodes.add(model(member, name, instances.getOrDefault(member, List.of()), values));
            }
        }
        final List<Ref> ins = inputs.stream().map(values::ref).toList();
        final List<Ref> outs = outputs.stream().map(values::ref).toList();
        final List<Node> chain = chained(nodes, ins);
        final boolean sequential = (group == null || group.type().equals("Sequential"))
                && nodes.stream().noneMatch(node -> ExportOperations.isOnlyOperation(node.layer()))
                && ExportModel.isChain(chain, ins, outs);
        return new ExportModel(
                path, path, sequential ? "Sequential" : "Functional", sequential ? chain : nodes, ins, outs);
    }

    /// The nodes in the order in which each reads the one before, as far as that goes.
    private static List<Node> chained(List<Node> nodes, List<Ref> inputs) {
        final Map<String, Node> bySource = new HashMap<>();
        for (Node node : nodes) {
            if (!node.calls().isEmpty() && !node.calls().getFirst().isEmpty()) {
                bySource.put(node.calls().getFirst().getFirst().layer(), node);
            }
        }
        final List<Node> chain = new ArrayList<>();
        nodes.stream()
                .filter(node -> !inputs.isEmpty()
                        && node.name().equals(inputs.getFirst().layer()))
                .forEach(chain::add);
        for (int i = 0; i < chain.size() && chain.size() < nodes.size(); i++) {
            final Node next = bySource.get(chain.get(i).name());
            if (next != null) {
                chain.add(next);
            }
        }
        return chain.size() == nodes.size() ? chain : nodes;
    }

    private Node model(String group, String name, List<Instance> instances, Values values) {
        final Graph.Group found = graph.group(group);
        if (found == null) {
            throw new NotClosed(group);
        }
        ExportModel model = null;
        final List<List<Ref>> calls = new ArrayList<>();
        for (Instance instance : instances) {
            final ExportModel of = build(
                    group, found, instance.call().inputs(), instance.call().outputs(), instance.calls());
            if (model != null && !model.equals(of)) {
                throw new NotClosed(group);
            }
            model = of;
            calls.add(instance.call().inputs().stream().map(values::ref).toList());
        }
        if (model == null) {
            throw new NotClosed(group);
        }
        return new Node(
                group,
                name,
                null,
                new ExportModel(group, name, model.type(), model.nodes(), model.inputs(), model.outputs()),
                calls,
                ExportFolding.Folded.NONE);
    }

    /// The layer itself, or the model within this one that holds it.
    private String member(String layer, String path) {
        String at = layer;
        for (String parent = parent(at); parent != null; parent = parent(at)) {
            if (parent.equals(path)) {
                return at;
            }
            at = parent;
        }
        if (!path.isEmpty()) {
            throw new NotClosed(path);
        }
        return at;
    }

    private @Nullable String parent(String member) {
        String parent = parents.get(member);
        while (parent != null && dissolved.contains(parent)) {
            parent = parents.get(parent);
        }
        return parent;
    }

    /// The calls of a group among these calls of the graph, which must be all of them and no more.
    private List<Instance> instances(String group, Set<Integer> own) {
        final Graph.Group found = graph.group(group);
        final List<Instance> instances = new ArrayList<>();
        int covered = 0;
        for (Graph.GroupCall call : found == null ? List.<Graph.GroupCall>of() : found.calls()) {
            final Set<Integer> calls = new TreeSet<>();
            for (Graph.Value output : call.outputs()) {
                reach(output, call.inputs(), calls);
            }
            final Set<Integer> shown = new TreeSet<>(calls);
            shown.removeIf(folding::isHidden);
            if (!shown.isEmpty() && own.containsAll(shown)) {
                covered += shown.size();
                instances.add(new Instance(call, calls));
            }
        }
        if (covered != own.size()) {
            throw new NotClosed(group);
        }
        return instances;
    }

    private void reach(Graph.Value value, List<Graph.Value> inputs, Set<Integer> calls) {
        final List<Graph.Value> ends = inputs.stream().map(folding::shown).toList();
        final List<Graph.Value> open = new ArrayList<>(List.of(value));
        while (!open.isEmpty()) {
            final Graph.Value at = open.removeLast();
            if (ends.contains(folding.shown(at))) {
                open.addAll(folding.masksOf(at));
            } else if (calls.add(at.call())) {
                open.addAll(graph.calls().get(at.call()).inputs());
            }
        }
    }

    /// In the order of the file, if they all were in it; else in the graph's.
    private List<String> ordered(Set<String> members) {
        final List<String> list = new ArrayList<>(members);
        if (list.stream().allMatch(member -> kept.place(member) != null)) {
            list.sort((a, b) -> Integer.compare(place(a), place(b)));
        }
        return list;
    }

    private int place(String member) {
        final Integer place = kept.place(member);
        return place == null ? Integer.MAX_VALUE : place;
    }

    private List<String> inputNames(String model, int count) {
        final List<String> given = kept.inputs(model);
        if (given.size() == count) {
            return given.stream().map(ExportNesting::plain).toList();
        }
        final List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add("input_layer" + (i == 0 ? "" : "_" + i));
        }
        return names;
    }

    /// Names in the file: without the way to them, and without slashes, which Keras 3 does not allow.
    private Map<String, String> names(String path, List<String> members, List<String> taken) {
        final Set<String> used = new HashSet<>(taken);
        final Map<String, String> names = new LinkedHashMap<>();
        final String prefix = path.isEmpty() ? "" : path + "/";
        final Set<String> wanted = new HashSet<>();
        members.forEach(member -> wanted.add(own(member, prefix)));
        for (String member : members) {
            final String own = own(member, prefix);
            final String plain = plain(own);
            String free = plain;
            for (int i = 1; (!free.equals(own) && wanted.contains(free)) || !used.add(free); i++) {
                free = plain + "_" + i;
            }
            names.put(member, free);
            if (!free.equals(own)) {
                notes.add(
                        ExportReport.Kind.RENAMED,
                        member,
                        "is called '" + free + "' in the file: Keras 3 allows no slash in a name");
            }
        }
        return names;
    }

    private static String own(String member, String prefix) {
        return member.startsWith(prefix) ? member.substring(prefix.length()) : member;
    }

    private static String plain(String name) {
        return name.replace('/', '_');
    }

    /// References to the values of one model.
    private final class Values {
        private final List<Graph.Value> inputs;
        private final List<String> inner;
        private final Map<String, List<Integer>> ofLayers;
        private final Map<String, List<Instance>> instances;
        private final Map<Integer, String> owners;
        private final Map<String, String> names;
        private final @Nullable String group;

        Values(
                List<Graph.Value> inputs,
                List<String> inner,
                Map<String, List<Integer>> ofLayers,
                Map<String, List<Instance>> instances,
                Map<Integer, String> owners,
                Map<String, String> names,
                @Nullable String group) {
            this.inputs = inputs;
            this.inner = inner;
            this.ofLayers = ofLayers;
            this.instances = instances;
            this.owners = owners;
            this.names = names;
            this.group = group;
        }

        Ref ref(Graph.Value given) {
            final Shape shape = folding.shape(given);
            final Graph.Value value = folding.shown(given);
            final int input = group == null
                    ? -1
                    : inputs.stream().map(folding::shown).toList().indexOf(value);
            return input >= 0 ? new Ref(inner.get(input), 0, 0, shape) : produced(value, shape);
        }

        private Ref produced(Graph.Value value, Shape shape) {
            final String owner = owners.get(value.call());
            if (owner == null) {
                // It comes from outside, and is none of the model's inputs.
                throw new NotClosed(String.valueOf(group));
            }
            final String name = names.getOrDefault(owner, owner);
            final List<Integer> own = ofLayers.get(owner);
            if (own != null) {
                return new Ref(name, own.indexOf(value.call()), value.output(), shape);
            }
            final List<Instance> of = instances.getOrDefault(owner, List.of());
            for (int i = 0; i < of.size(); i++) {
                if (of.get(i).calls().contains(value.call())) {
                    final List<Graph.Value> outputs = of.get(i).call().outputs();
                    for (int k = 0; k < outputs.size(); k++) {
                        if (folding.shown(outputs.get(k)).equals(value)) {
                            return new Ref(name, i, k, shape);
                        }
                    }
                }
            }
            throw new NotClosed(owner);
        }
    }
}
