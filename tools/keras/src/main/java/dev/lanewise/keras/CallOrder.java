package dev.lanewise.keras;

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

/// In which order the calls of a model's layers can be made.
final class CallOrder {
    private CallOrder() {}

    /// The calls that lead to the outputs, each after what it is called with: the inputs in the model's order,
    /// then as the file has them. Null where there is no such order.
    static @Nullable List<KerasCall> of(KerasGraph model) {
        final List<KerasRef> inputs = model.inputs();
        final List<KerasRef> outputs = model.outputs();
        if (inputs.isEmpty() || outputs.isEmpty()) {
            model.find(Reason.BAD_CONFIG, "the model has no " + (inputs.isEmpty() ? "inputs" : "outputs"));
            return null;
        }
        final Map<KerasRef, KerasCall> calls = new LinkedHashMap<>();
        for (KerasNode node : model.nodes()) {
            for (int i = 0; i < node.calls().size(); i++) {
                calls.put(
                        new KerasRef(node.name(), i, 0),
                        new KerasCall(node, i, node.calls().get(i)));
            }
        }
        for (KerasNode node : model.nodes()) {
            for (List<KerasRef> inputsOfCall : node.calls()) {
                for (KerasRef ref : inputsOfCall) {
                    if (!calls.containsKey(ref.call())) {
                        node.config().find(Reason.BAD_CONFIG, "is called with " + ref + ", which does not exist");
                        return null;
                    }
                }
            }
        }
        for (KerasRef input : inputs) {
            final KerasNode node = model.node(input.layer());
            if (node == null || !KerasGraph.isInput(node.config().className())) {
                model.find(Reason.BAD_CONFIG, "the model's input " + input + " is no input layer");
                return null;
            }
        }
        for (KerasRef output : outputs) {
            if (!calls.containsKey(output.call())) {
                model.find(Reason.BAD_CONFIG, "the model's output " + output + " does not exist");
                return null;
            }
        }
        final Set<KerasRef> wanted = used(calls, outputs);
        inputs.forEach(ref -> wanted.add(ref.call()));
        final Map<KerasRef, Integer> rank = new HashMap<>();
        inputs.forEach(ref -> rank.putIfAbsent(ref.call(), rank.size()));
        calls.keySet().forEach(ref -> rank.putIfAbsent(ref, rank.size()));
        final Map<KerasRef, List<KerasRef>> followers = new HashMap<>();
        final Map<KerasRef, Integer> missing = new HashMap<>();
        final PriorityQueue<KerasRef> ready =
                new PriorityQueue<>(Comparator.comparingInt(ref -> rank.getOrDefault(ref, 0)));
        for (Map.Entry<KerasRef, KerasCall> entry : calls.entrySet()) {
            if (!wanted.contains(entry.getKey())) {
                continue;
            }
            final Set<KerasRef> before = new HashSet<>();
            entry.getValue().inputs().forEach(ref -> before.add(ref.call()));
            before.forEach(ref ->
                    followers.computeIfAbsent(ref, key -> new ArrayList<>()).add(entry.getKey()));
            missing.put(entry.getKey(), before.size());
            if (before.isEmpty()) {
                ready.add(entry.getKey());
            }
        }
        final List<KerasCall> order = new ArrayList<>();
        while (!ready.isEmpty()) {
            final KerasRef next = ready.remove();
            order.add(calls.get(next));
            for (KerasRef follower : followers.getOrDefault(next, List.of())) {
                if (missing.merge(follower, -1, Integer::sum) == 0) {
                    ready.add(follower);
                }
            }
        }
        if (order.size() < missing.size()) {
            model.find(Reason.BAD_CONFIG, "the layers are connected in a circle");
            return null;
        }
        return order;
    }

    /// The calls that lead to these outputs.
    private static Set<KerasRef> used(Map<KerasRef, KerasCall> calls, List<KerasRef> outputs) {
        final Set<KerasRef> used = new HashSet<>();
        final Deque<KerasRef> open = new ArrayDeque<>();
        outputs.forEach(ref -> open.add(ref.call()));
        while (!open.isEmpty()) {
            final KerasRef ref = open.remove();
            final KerasCall call = calls.get(ref);
            if (call != null && used.add(ref)) {
                call.inputs().forEach(input -> open.add(input.call()));
            }
        }
        return used;
    }
}
