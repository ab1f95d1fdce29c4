package dev.lanewise.keras;

import dev.lanewise.keras.FlatSteps.Refused;
import dev.lanewise.keras.FlatSteps.Step;
import dev.lanewise.keras.FlatSteps.Value;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.WeightRule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Makes the graph of [FlatSteps]: its layers, what is frozen, the rules of weights, and what models within the
/// model were.
final class FlatGraph {
    /// A call of a model within the model.
    record ModelCall(List<Value> inputs, List<Value> outputs) {}

    private final KerasGraph top;
    private final FlatSteps steps;
    private final Map<KerasNode, List<ModelCall>> groups;

    /// @param groups the calls of each model within the model
    FlatGraph(KerasGraph top, FlatSteps steps, Map<KerasNode, List<ModelCall>> groups) {
        this.top = top;
        this.steps = steps;
        this.groups = groups;
    }

    /// The graph of the steps that are used.
    ///
    /// @throws Refused if it cannot be had
    Graph build(Set<Integer> used, List<Value> outputs) {
        final Graph.Builder builder = Graph.builder();
        final Map<Integer, List<Graph.Value>> results = new HashMap<>();
        final Set<String> added = new HashSet<>();
        final Map<String, WeightRule> rules = new LinkedHashMap<>();
        for (int i = 0; i < steps.size(); i++) {
            if (!used.contains(i)) {
                continue;
            }
            final Step step = steps.get(i);
            final LayerConfig config = step.node().config();
            final Graph.Value[] inputs = new Graph.Value[step.inputs().size()];
            for (int k = 0; k < inputs.length; k++) {
                inputs[k] = value(results, step.inputs().get(k), config);
            }
            try {
                if (added.add(step.name())) {
                    builder.layer(step.name(), step.layer());
                    if (step.name().equals(step.node().path())) {
                        rules.putAll(KerasRules.of(
                                config,
                                step.name(),
                                step.layer(),
                                step.inputs().stream().map(steps::shape).toList()));
                    }
                }
                results.put(i, builder.call(step.name(), inputs));
            } catch (IllegalArgumentException | ArithmeticException e) {
                config.find(Reason.BAD_SHAPE, FlatSteps.withoutName(String.valueOf(e.getMessage()), step.name()));
                throw new Refused();
            }
        }
        final Graph.Value[] ends = new Graph.Value[outputs.size()];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = value(results, outputs.get(i), null);
        }
        try {
            final Set<String> frozen = new HashSet<>();
            frozen(top, !top.isTrainable(), added, frozen);
            return builder.build(ends)
                    .withFrozen(frozen)
                    .withGroups(groups(results, added))
                    .withRules(rules);
        } catch (IllegalArgumentException e) {
            top.find(Reason.BAD_CONFIG, String.valueOf(e.getMessage()));
            throw new Refused();
        }
    }

    private Graph.Value value(Map<Integer, List<Graph.Value>> results, Value value, @Nullable LayerConfig reader) {
        final List<Graph.Value> outputs = results.getOrDefault(value.step(), List.of());
        if (value.output() < outputs.size()) {
            return outputs.get(value.output());
        }
        final String what = "output " + value.output() + " of '"
                + KerasJson.shown(steps.get(value.step()).name()) + "', which does not exist";
        if (reader == null) {
            top.find(Reason.BAD_CONFIG, "the model's output is " + what);
        } else {
            reader.find(Reason.BAD_CONFIG, "is called with " + what);
        }
        throw new Refused();
    }

    /// Layers whose `trainable` is false, or that of a model that they are in.
    private static void frozen(KerasGraph model, boolean all, Set<String> added, Set<String> frozen) {
        for (KerasNode node : model.nodes()) {
            final boolean own = all || !node.isTrainable();
            if (node.model() != null) {
                frozen(node.model(), own || !node.model().isTrainable(), added, frozen);
            } else if (own && added.contains(node.path())) {
                frozen.add(node.path());
            }
        }
    }

    /// The models within the model, as far as their calls are there.
    private List<Graph.Group> groups(Map<Integer, List<Graph.Value>> results, Set<String> added) {
        final Map<KerasNode, List<Graph.GroupCall>> calls = new LinkedHashMap<>();
        groups.forEach((node, list) -> {
            for (ModelCall call : list) {
                if (there(call.inputs(), results) && there(call.outputs(), results)) {
                    calls.computeIfAbsent(node, key -> new ArrayList<>())
                            .add(new Graph.GroupCall(values(call.inputs(), results), values(call.outputs(), results)));
                }
            }
        });
        final List<Graph.Group> all = new ArrayList<>();
        for (KerasNode node : top.all()) {
            final KerasGraph model = node.model();
            final List<Graph.GroupCall> ofNode = calls.get(node);
            if (model == null || ofNode == null) {
                continue;
            }
            final List<String> members = new ArrayList<>();
            for (KerasNode member : model.nodes()) {
                if (member.model() == null ? added.contains(member.path()) : calls.containsKey(member)) {
                    members.add(member.path());
                    final List<String> ends =
                            new ArrayList<>(KerasLayers.after(member.config()).keySet());
                    ends.addAll(TurnedChannels.ENDINGS);
                    ends.addAll(FlatMasks.ENDINGS);
                    for (String end : ends) {
                        final String name = top.free(member.path() + end);
                        if (added.contains(name)) {
                            members.add(name);
                        }
                    }
                }
            }
            all.add(new Graph.Group(node.path(), model.isSequential() ? "Sequential" : "Functional", members, ofNode));
        }
        return all;
    }

    private static boolean there(List<Value> values, Map<Integer, List<Graph.Value>> results) {
        return values.stream()
                .allMatch(value -> value.output()
                        < results.getOrDefault(value.step(), List.of()).size());
    }

    private static List<Graph.Value> values(List<Value> values, Map<Integer, List<Graph.Value>> results) {
        return values.stream()
                .map(value -> results.getOrDefault(value.step(), List.of()).get(value.output()))
                .toList();
    }
}
