package dev.lanewise.keras;

import dev.lanewise.keras.FlatSteps.Refused;
import dev.lanewise.keras.FlatSteps.Value;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.Concatenate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Makes one graph of a model and the models in it: each call of a model becomes calls of its layers, which are
/// named by their way, as `encoder/dense`; what a model was is kept as a group of the graph.
final class KerasFlattening {
    /// What came of a model.
    ///
    /// @param graph what leads to the outputs
    /// @param whole with the layers that do not: the file has weights for them too
    record Flat(Graph graph, Graph whole) {
        /// Whether all layers lead to the outputs.
        boolean isWhole() {
            return graph.calls().size() == whole.calls().size();
        }
    }

    private final KerasGraph top;
    private final FlatSteps steps;
    private final FlatMasks masks;
    private final TurnedChannels channels;
    private final Map<KerasNode, List<FlatGraph.ModelCall>> groups = new LinkedHashMap<>();
    private final Map<KerasGraph, List<KerasCall>> orders = new HashMap<>();

    /// How many axes of steps are before those that the layers of the model in hand have.
    private int stepAxes;

    private KerasFlattening(KerasGraph top) {
        this.top = top;
        this.steps = new FlatSteps(top);
        this.masks = new FlatMasks(top, steps);
        this.channels = new TurnedChannels(top, steps);
    }

    /// The graph; null where it is refused, and the findings say why.
    static @Nullable Flat of(KerasGraph model) {
        if (model.refused()) {
            return null;
        }
        try {
            return new KerasFlattening(model).run();
        } catch (Refused e) {
            return null;
        }
    }

    private Flat run() {
        final List<Value> inputs = new ArrayList<>();
        for (KerasRef ref : top.inputs()) {
            final KerasNode node = top.node(ref.layer());
            if (node == null || !(node.layer() instanceof InputLayer layer)) {
                top.find(Reason.BAD_CONFIG, "the model's input " + ref + " is no input layer");
                throw new Refused();
            }
            inputs.add(steps.add(node, node.path(), layer, List.of()));
        }
        final List<Value> outputs = call(top, inputs);
        final Set<Integer> used = steps.used(outputs);
        for (Value input : inputs) {
            if (!used.contains(input.step())) {
                top.find(
                        Reason.BAD_CONFIG,
                        "the input '" + KerasJson.shown(steps.get(input.step()).name()) + "' leads to no output");
                throw new Refused();
            }
        }
        final Set<KerasNode> called = new HashSet<>();
        used.forEach(step -> called.add(steps.get(step).node()));
        for (KerasNode node : top.leaves()) {
            if (!called.contains(node) && !KerasGraph.isInput(node.config().className())) {
                node.config().find(Reason.NOT_USED, "leads to no output of the model");
            }
        }
        final FlatGraph flat = new FlatGraph(top, steps, groups);
        final Graph graph = flat.build(used, outputs);
        return new Flat(graph, used.size() == steps.size() ? graph : flat.build(steps.all(), steps.ends(outputs)));
    }

    /// Adds the calls of a model's layers.
    private List<Value> call(KerasGraph model, List<Value> arguments) {
        steps.count();
        List<KerasCall> order = orders.get(model);
        if (order == null) {
            order = CallOrder.of(model);
            if (order == null) {
                throw new Refused();
            }
            orders.put(model, order);
        }
        final Map<KerasRef, List<Value>> values = new HashMap<>();
        for (int i = 0; i < arguments.size(); i++) {
            values.put(model.inputs().get(i).call(), List.of(arguments.get(i)));
        }
        for (KerasCall call : order) {
            if (values.containsKey(call.ref())) {
                continue;
            }
            final List<Value> inputs = new ArrayList<>();
            call.inputs().forEach(ref -> inputs.add(value(model, values, ref, call.layer())));
            values.put(call.ref(), results(call.layer(), call.index(), inputs));
        }
        final List<Value> outputs = new ArrayList<>();
        model.outputs().forEach(ref -> outputs.add(value(model, values, ref, null)));
        return outputs;
    }

    /// @param reader whose input it is; null for the model's output
    private Value value(KerasGraph model, Map<KerasRef, List<Value>> values, KerasRef ref, @Nullable KerasNode reader) {
        final List<Value> outputs = values.getOrDefault(ref.call(), List.of());
        if (ref.tensor() >= 0 && ref.tensor() < outputs.size()) {
            return outputs.get(ref.tensor());
        }
        final KerasNode source = model.node(ref.layer());
        if (outputs.size() == 1
                && source != null
                && source.layer() != null
                && ref.tensor() > 0
                && ref.tensor() < steps.outputs(outputs.getFirst())) {
            return new Value(outputs.getFirst().step(), ref.tensor());
        }
        if (reader == null) {
            top.find(Reason.BAD_CONFIG, "the model's output " + ref + " does not exist");
        } else {
            reader.config().find(Reason.BAD_CONFIG, "is called with " + ref + ", which does not exist");
        }
        throw new Refused();
    }

    /// The outputs of a call: all of a model's; a plain layer's first, from which the others follow.
    private List<Value> results(KerasNode node, int call, List<Value> arguments) {
        final List<CallMasks.Given> given = node.config().masks(call);
        if (given.isEmpty()) {
            return results(node, masks.withCausalMask(node, call, arguments, arguments, stepAxes));
        }
        final List<Value> inputs = CallMasks.without(arguments, given);
        final List<Value> masked = masks.masked(node, given, arguments, inputs, stepAxes);
        return masks.unmasked(node, inputs, results(node, masks.withCausalMask(node, call, inputs, masked, stepAxes)));
    }

    private List<Value> results(KerasNode node, List<Value> inputs) {
        final KerasGraph model = node.model();
        if (model != null) {
            if (inputs.size() != model.inputs().size()) {
                node.config()
                        .find(
                                Reason.BAD_CONFIG,
                                "is called with " + inputs.size() + " values, it has "
                                        + model.inputs().size() + " inputs");
                throw new Refused();
            }
            stepAxes += node.isAtEachStep() ? 1 : 0;
            final List<Value> outputs = call(model, inputs);
            stepAxes -= node.isAtEachStep() ? 1 : 0;
            groups.computeIfAbsent(node, key -> new ArrayList<>()).add(new FlatGraph.ModelCall(inputs, outputs));
            return outputs;
        }
        if (KerasGraph.isInput(node.config().className())) {
            node.config().find(Reason.BAD_CONFIG, "is not among the inputs of the model that it is in");
            throw new Refused();
        }
        final Layer layer = node.layer();
        if (layer == null) {
            throw new IllegalStateException("layer '" + node.path() + "' was not converted and not refused");
        }
        if (KerasChannels.isChannelsFirst(node.config())) {
            return channelsFirst(node, layer, inputs);
        }
        if (!inputs.isEmpty()) {
            KerasAttention.checkAxes(
                    node.config(), steps.shape(inputs.getFirst()).rank() - stepAxes);
            if (node.config().refused()) {
                throw new Refused();
            }
        }
        final Value result = steps.add(node, node.path(), atEachStep(node, layer, inputs), inputs);
        return List.of(masks.withoutMask(node, after(node, result)));
    }

    private Layer atEachStep(KerasNode node, Layer layer, List<Value> inputs) {
        return LayerAtEachStep.of(node, layer, inputs.stream().map(steps::shape).toList(), stepAxes);
    }

    /// A layer that has channels first in the file: what comes and goes is turned.
    private List<Value> channelsFirst(KerasNode node, Layer layer, List<Value> inputs) {
        // Keras brings both directions together along the last axis, whatever that is.
        final boolean merges = layer instanceof Bidirectional both && "concat".equals(both.mergeMode());
        final Layer own = merges ? ((Bidirectional) layer).mergeMode(null) : layer;
        final List<Value> turned = inputs.stream()
                .map(input -> channels.channelsLast(node, input, stepAxes))
                .toList();
        final Value result = steps.add(node, node.path(), atEachStep(node, own, turned), turned);
        final List<Value> outputs = new ArrayList<>();
        outputs.add(channels.channelsFirst(node, after(node, result), stepAxes));
        for (int i = 1; i < steps.outputs(result); i++) {
            outputs.add(channels.channelsFirst(node, new Value(result.step(), i), stepAxes));
        }
        if (merges) {
            final List<Value> both = List.of(outputs.get(0), outputs.get(1));
            outputs.removeFirst();
            outputs.set(0, steps.add(node, top.free(node.path() + TurnedChannels.MERGED), new Concatenate(), both));
        }
        return outputs;
    }

    /// What a layer's one layer here leaves out, called after it.
    private Value after(KerasNode node, Value result) {
        Value last = result;
        for (Map.Entry<String, Layer> entry : KerasLayers.after(node.config()).entrySet()) {
            last = steps.add(node, top.free(node.path() + entry.getKey()), entry.getValue(), List.of(last));
        }
        return last;
    }
}
