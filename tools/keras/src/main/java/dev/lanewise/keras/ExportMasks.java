package dev.lanewise.keras;

import dev.lanewise.nn.Graph;
import dev.lanewise.nn.layer.CausalMask;
import dev.lanewise.nn.layer.MaskedAs;
import dev.lanewise.nn.layer.MaskedBy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Masks that are arguments of calls again: where a [MaskedBy] stands before a layer that Keras gives a mask by
/// name, and what follows has the mask that was there before ([MaskedAs]) or none, the two are not written.
/// So is a [CausalMask] that is the mask of a call's scores. Elsewhere they stay, and Keras has no such layers.
final class ExportMasks {
    private final Graph graph;

    /// Calls that others of the file stand for already.
    private final Map<Integer, Graph.Value> before;

    private final Map<Integer, Graph.Value> hidden = new HashMap<>();
    private final Map<Integer, Map<Integer, Graph.Value>> masks = new HashMap<>();

    /// Causal masks, by the calls that have them.
    private final Map<Integer, Graph.Call> causal = new HashMap<>();

    ExportMasks(Graph graph, Map<Integer, Graph.Value> before) {
        this.graph = graph;
        this.before = Map.copyOf(before);
        for (int i = 0; i < graph.calls().size(); i++) {
            final Graph.Call call = graph.calls().get(i);
            if (graph.layer(call.layer()) instanceof MaskedBy && isArgument(call)) {
                hidden.put(i, call.inputs().getFirst());
                give(call);
            } else if (graph.layer(call.layer()) instanceof MaskedAs && isOwn(call)) {
                hidden.put(i, call.inputs().getFirst());
            } else if (graph.layer(call.layer()) instanceof CausalMask && isCausal(call)) {
                hidden.put(i, call.inputs().getFirst());
                readers(call).forEach(reader -> causal.put(reader, call));
            }
        }
    }

    /// Calls that are not written, and the values that theirs stand for.
    Map<Integer, Graph.Value> hidden() {
        return hidden;
    }

    /// The masks of a call, by its inputs.
    Map<Integer, Graph.Value> of(int call) {
        return masks.getOrDefault(call, Map.of());
    }

    /// Whether a call has a causal mask of its own.
    boolean isCausal(int call) {
        return causal.containsKey(call);
    }

    /// What a call takes in the file beside its masks.
    List<Graph.Value> inputs(int call) {
        final List<Graph.Value> all = graph.calls().get(call).inputs();
        final Graph.Call mask = causal.get(call);
        if (mask == null) {
            return all;
        }
        final List<Graph.Value> inputs = new ArrayList<>(all.subList(0, 3));
        inputs.addAll(mask.inputs().subList(2, mask.inputs().size()));
        final boolean isKeyToo =
                inputs.size() == 3 && plain(inputs.get(1)).equals(plain(inputs.get(2))) && !of(call).containsKey(2);
        return isKeyToo ? inputs.subList(0, 2) : inputs;
    }

    private List<Integer> readers(Graph.Call of) {
        final List<Integer> readers = new ArrayList<>();
        for (int i = 0; i < graph.calls().size(); i++) {
            if (!Collections.disjoint(graph.calls().get(i).inputs(), of.outputs())) {
                readers.add(i);
            }
        }
        return readers;
    }

    /// Whether a mask is the causal one of all calls that read it, which are attention's.
    private boolean isCausal(Graph.Call mask) {
        final Graph.Value value = mask.outputs().getFirst();
        for (int i : readers(mask)) {
            final Graph.Call reader = graph.calls().get(i);
            final String type = graph.layer(reader.layer()).typeName();
            if (!KerasAttention.is(type)
                    || reader.inputs().indexOf(value) != 3
                    || (mask.inputs().size() > 2 && !KerasAttention.isOfHeads(type))
                    || !plain(reader.inputs().get(0)).equals(mask.inputs().get(0))
                    || !plain(reader.inputs().get(1)).equals(mask.inputs().get(1))) {
                return false;
            }
        }
        return !graph.outputs().contains(value);
    }

    /// A value before it was given a mask.
    private Graph.Value plain(Graph.Value value) {
        final Graph.Call from = graph.calls().get(value.call());
        return graph.layer(from.layer()) instanceof MaskedBy ? from.inputs().getFirst() : value;
    }

    private void give(Graph.Call masked) {
        for (int i = 0; i < graph.calls().size(); i++) {
            final Graph.Call reader = graph.calls().get(i);
            for (int input = 0; input < reader.inputs().size(); input++) {
                if (masked.outputs().contains(reader.inputs().get(input))) {
                    masks.computeIfAbsent(i, key -> new TreeMap<>())
                            .put(input, masked.inputs().getLast());
                }
            }
        }
    }

    /// Whether all that read a masked value are calls that Keras gives a mask of that input.
    private boolean isArgument(Graph.Call masked) {
        final Graph.Value value = masked.outputs().getFirst();
        if (graph.outputs().contains(value)) {
            return false;
        }
        for (Graph.Call reader : graph.calls()) {
            for (int input = 0; input < reader.inputs().size(); input++) {
                if (reader.inputs().get(input).equals(value)
                        && (!CallMasks.takes(graph.layer(reader.layer()).typeName(), input) || !endsMask(reader))) {
                    return false;
                }
            }
        }
        return true;
    }

    /// Whether nothing behind a call sees the mask that it was given.
    private boolean endsMask(Graph.Call call) {
        if (!graph.layer(call.layer()).passesMask()) {
            return true;
        }
        final Deque<Graph.Value> open = new ArrayDeque<>();
        open.add(call.outputs().getFirst());
        while (!open.isEmpty()) {
            final Graph.Value value = open.remove();
            if (graph.outputs().contains(value)) {
                return false;
            }
            for (int i = 0; i < graph.calls().size(); i++) {
                final Graph.Call reader = graph.calls().get(i);
                if (!reader.inputs().contains(value)) {
                    continue;
                }
                if (before.containsKey(i)) {
                    open.add(reader.outputs().getFirst());
                } else if (!(graph.layer(reader.layer()) instanceof MaskedAs)
                        || !isOwn(reader)
                        || !reader.inputs().getFirst().equals(value)) {
                    return false;
                }
            }
        }
        return true;
    }

    /// Whether a value gets the mask that the first input of its layer has without one by name.
    private boolean isOwn(Graph.Call masked) {
        Graph.Value value = masked.inputs().getFirst();
        for (Graph.Value of = before.get(value.call()); of != null; of = before.get(value.call())) {
            value = of;
        }
        final Graph.Call source = graph.calls().get(value.call());
        if (value.output() != 0
                || source.inputs().isEmpty()
                || !graph.layer(source.layer()).passesMask()) {
            return false;
        }
        return plain(source.inputs().getFirst()).equals(masked.inputs().getLast());
    }
}
