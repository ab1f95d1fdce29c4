package dev.lanewise.keras;

import dev.lanewise.nn.Graph;
import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.WeightRule;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.CausalMask;
import dev.lanewise.nn.layer.Concatenate;
import dev.lanewise.nn.layer.MaskedAs;
import dev.lanewise.nn.layer.MaskedBy;
import dev.lanewise.nn.layer.Permute;
import dev.lanewise.nn.layer.Reshape;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
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
    /// A model that calls one twice that calls one twice and so on would have no end.
    private static final int MAX_CALLS = 20_000;

    /// Endings of what gives an input its mask, and a result the mask that goes on.
    private static final String MASKED = "_masked";
    private static final String UNMASKED = "_unmasked";

    /// Ending of the mask of a call that is causal where others of its layer are not.
    private static final String CAUSAL = "_causal";

    private static final String LAST = "_channels_last";
    private static final String FIRST = "_channels_first";

    /// An output of a step.
    private record Value(int step, int output) {}

    /// A call of the flat graph.
    ///
    /// @param name of the layer in the flat graph
    /// @param outputs shapes of its outputs
    private record Step(KerasNode node, String name, Layer layer, List<Value> inputs, List<Shape> outputs) {}

    /// A value with channels first.
    ///
    /// @param kept axes before the channels that stay where they are, beside the batch: the steps of sequences
    private record Turned(Value value, int kept) {}

    /// A call of a model within the model.
    private record ModelCall(List<Value> inputs, List<Value> outputs) {}

    /// Layers of several inputs that work number by number, or put them one after the other.
    private static final Set<String> MERGES =
            Set.of("Add", "Subtract", "Multiply", "Divide", "Power", "Average", "Maximum", "Minimum", "Concatenate");

    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused() {
            super(null, null, false, false);
        }
    }

    private final KerasGraph top;
    private final List<Step> steps = new ArrayList<>();
    private final Map<KerasNode, List<ModelCall>> groups = new LinkedHashMap<>();
    private final Map<KerasGraph, List<KerasCall>> orders = new HashMap<>();

    /// Values with channels first, and the same with channels last, which they were made of.
    private final Map<Turned, Value> last = new HashMap<>();

    /// Shapes of the masks that values have.
    private final Map<Value, Shape> masks = new HashMap<>();

    private int calls;

    /// How many axes of steps are before those that the layers of the model in hand have.
    private int stepAxes;

    private KerasFlattening(KerasGraph top) {
        this.top = top;
    }

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
            inputs.add(add(node, node.path(), layer, List.of()));
        }
        final List<Value> outputs = call(top, inputs);
        final Set<Integer> used = used(outputs);
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
        final Graph graph = build(used, outputs);
        return new Flat(graph, used.size() == steps.size() ? graph : build(all(), ends(outputs)));
    }

    private Set<Integer> all() {
        final Set<Integer> all = new HashSet<>();
        for (int i = 0; i < steps.size(); i++) {
            all.add(i);
        }
        return all;
    }

    /// The outputs, and all steps whose results nobody reads.
    private List<Value> ends(List<Value> outputs) {
        final Set<Integer> read = used(outputs);
        final List<Value> ends = new ArrayList<>(outputs);
        steps.forEach(step -> step.inputs().forEach(value -> read.add(value.step())));
        for (int i = 0; i < steps.size(); i++) {
            if (!read.contains(i)) {
                ends.add(new Value(i, 0));
            }
        }
        return ends;
    }

    private Value add(KerasNode node, String name, Layer layer, List<Value> inputs) {
        count();
        try {
            final List<Shape> outputs =
                    layer.outputShapes(inputs.stream().map(this::shape).toList());
            steps.add(new Step(node, name, layer, inputs, outputs));
            noteMasks(layer, inputs, steps.size() - 1);
        } catch (IllegalArgumentException | ArithmeticException e) {
            node.config().find(Reason.BAD_SHAPE, withoutName(String.valueOf(e.getMessage()), name));
            throw new Refused();
        }
        return new Value(steps.size() - 1, 0);
    }

    private void noteMasks(Layer layer, List<Value> inputs, int step) {
        final List<@Nullable Shape> given = new ArrayList<>();
        inputs.forEach(input -> given.add(masks.get(input)));
        final List<@Nullable Shape> own =
                layer.outputMasks(inputs.stream().map(this::shape).toList(), given);
        for (int i = 0; i < steps.get(step).outputs().size(); i++) {
            final Shape made = i < own.size() ? own.get(i) : null;
            final boolean passed = i == 0 && !given.isEmpty() && layer.passesMask();
            final Shape mask = made == null && passed ? given.getFirst() : made;
            if (mask != null) {
                masks.put(new Value(step, i), mask);
            }
        }
    }

    /// Keras' operations on tensors know no masks, the layers that stand for them may.
    private Value withoutMask(KerasNode node, Value result) {
        if (!KerasOperations.is(node.config()) || !masks.containsKey(result)) {
            return result;
        }
        final Shape sample = shape(result).withoutFirst();
        if (Arrays.stream(sample.toArray()).filter(dim -> dim == Shape.UNKNOWN).count() > 1) {
            node.config()
                    .find(
                            Reason.UNSUPPORTED_CONNECTION,
                            "is called with a tensor that has a mask and several open sizes, which is not supported");
            throw new Refused();
        }
        return add(node, top.free(node.path() + UNMASKED), new Reshape(sample), List.of(result));
    }

    private Shape shape(Value value) {
        return steps.get(value.step()).outputs().get(value.output());
    }

    private void count() {
        if (++calls > MAX_CALLS) {
            top.find(Reason.TOO_LARGE, "the model has more than " + MAX_CALLS + " calls of layers");
            throw new Refused();
        }
    }

    /// Adds the calls of a model's layers.
    private List<Value> call(KerasGraph model, List<Value> arguments) {
        count();
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

    /// The outputs of a call: all of a model's; a plain layer's first, from which the others follow.
    private List<Value> results(KerasNode node, int call, List<Value> arguments) {
        final List<CallMasks.Given> given = node.config().masks(call);
        if (given.isEmpty()) {
            return results(node, withCausalMask(node, call, arguments, arguments));
        }
        final List<Value> inputs = CallMasks.without(arguments, given);
        final List<Value> masked = new ArrayList<>(inputs);
        for (CallMasks.Given mask : given) {
            // Where there is no key, the value is the key.
            if (mask.input() == inputs.size() && mask.input() == 2) {
                masked.add(inputs.getLast());
            }
            if (stepAxes > 0 || mask.input() >= masked.size()) {
                node.config()
                        .find(Reason.UNSUPPORTED_CONNECTION, "is called with a mask of argument " + (mask.input() + 1));
                throw new Refused();
            }
            final List<Value> both = List.of(masked.get(mask.input()), arguments.get(mask.mask()));
            final String name = top.free(node.path() + MASKED + (mask.input() == 0 ? "" : "_" + mask.input()));
            masked.set(mask.input(), add(node, name, new MaskedBy(), both));
        }
        final List<Value> outputs = new ArrayList<>(results(node, withCausalMask(node, call, inputs, masked)));
        final Layer layer = node.layer();
        if (layer != null && layer.passesMask()) {
            // What goes on has the mask that came with the input, as in Keras.
            final List<Value> both = List.of(outputs.getFirst(), inputs.getFirst());
            final int others = outputs.size() > 1
                    ? 0
                    : steps.get(outputs.getFirst().step()).outputs().size();
            for (int i = 1; i < others; i++) {
                outputs.add(new Value(outputs.getFirst().step(), i));
            }
            outputs.set(0, add(node, top.free(node.path() + UNMASKED), new MaskedAs(), both));
        }
        return outputs;
    }

    /// The inputs of a call, which may have a causal mask that is not the layer's.
    ///
    /// @param plain the inputs without masks of their own
    private List<Value> withCausalMask(KerasNode node, int call, List<Value> plain, List<Value> inputs) {
        if (!node.config().isCausal(call)) {
            return inputs;
        }
        if (stepAxes > 0 || inputs.size() < 2) {
            node.config().find(Reason.UNSUPPORTED_CONNECTION, "is called with a causal mask in some calls");
            throw new Refused();
        }
        final List<Value> sees = new ArrayList<>(plain.subList(0, 2));
        sees.addAll(inputs.subList(Math.min(3, inputs.size()), inputs.size()));
        final List<Value> all = new ArrayList<>(inputs.subList(0, Math.min(3, inputs.size())));
        if (all.size() == 2) {
            // The value is the key too.
            all.add(all.getLast());
        }
        all.add(add(node, top.free(node.path() + CAUSAL), new CausalMask(), sees));
        return all;
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
            groups.computeIfAbsent(node, key -> new ArrayList<>()).add(new ModelCall(inputs, outputs));
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
            KerasAttention.checkAxes(node.config(), shape(inputs.getFirst()).rank() - stepAxes);
            if (node.config().refused()) {
                throw new Refused();
            }
        }
        final Value result = add(node, node.path(), atEachStep(node, layer, inputs), inputs);
        return List.of(withoutMask(node, after(node, result)));
    }

    /// A layer of a model that is called at each step: it is called at each step itself.
    private Layer atEachStep(KerasNode node, Layer layer, List<Value> inputs) {
        if (stepAxes == 0) {
            return layer;
        }
        final List<Shape> shapes = inputs.stream().map(this::shape).toList();
        if (inputs.size() > 1) {
            // What works number by number does not see the steps, as long as the axes of all inputs are the
            // same.
            final boolean merges = MERGES.contains(layer.typeName())
                    && shapes.stream()
                            .allMatch(shape -> shape.rank() == shapes.getFirst().rank());
            if (!merges) {
                refuseAtEachStep(node, "takes several inputs");
            }
            return layer instanceof Concatenate joined && joined.axis() > 0
                    ? new Concatenate(joined.axis() + stepAxes)
                    : layer;
        }
        if (!KerasLayers.after(node.config()).isEmpty()) {
            refuseAtEachStep(node, "changes its columns or has an activity regularizer");
        }
        if (makesMask(layer, shapes)) {
            refuseAtEachStep(node, "makes a mask");
        }
        Layer each = layer;
        for (int i = 0; i < stepAxes; i++) {
            each = new TimeDistributed(each);
        }
        return each;
    }

    private static void refuseAtEachStep(KerasNode node, String what) {
        node.config()
                .find(
                        Reason.UNSUPPORTED_ARGUMENT,
                        what + " in a model that TimeDistributed calls at each step, which is not supported");
        throw new Refused();
    }

    /// Whether a layer marks rows that do not count where nobody did before.
    private boolean makesMask(Layer layer, List<Shape> inputs) {
        final List<Shape> own = new ArrayList<>();
        for (Shape shape : inputs) {
            if (shape.rank() <= stepAxes) {
                return false;
            }
            Shape inner = shape;
            for (int i = 0; i < stepAxes; i++) {
                inner = inner.withoutFirst();
            }
            own.add(inner);
        }
        final List<@Nullable Shape> none = new ArrayList<>();
        own.forEach(shape -> none.add(null));
        try {
            return layer.outputMasks(own, none).stream().anyMatch(mask -> mask != null);
        } catch (IllegalArgumentException e) {
            // Its shapes do not fit, which is said where it is called.
            return false;
        }
    }

    /// A layer that has channels first in the file: what comes and goes is turned.
    private List<Value> channelsFirst(KerasNode node, Layer layer, List<Value> inputs) {
        // Keras brings both directions together along the last axis, whatever that is.
        final boolean merges = layer instanceof Bidirectional both && "concat".equals(both.mergeMode());
        final Layer own = merges ? ((Bidirectional) layer).mergeMode(null) : layer;
        final List<Value> turned =
                inputs.stream().map(input -> channelsLast(node, input)).toList();
        final Value result = add(node, node.path(), atEachStep(node, own, turned), turned);
        final List<Value> outputs = new ArrayList<>();
        outputs.add(channelsFirst(node, after(node, result)));
        for (int i = 1; i < steps.get(result.step()).outputs().size(); i++) {
            outputs.add(channelsFirst(node, new Value(result.step(), i)));
        }
        if (merges) {
            final List<Value> both = List.of(outputs.get(0), outputs.get(1));
            outputs.removeFirst();
            outputs.set(0, add(node, top.free(node.path() + "_merged"), new Concatenate(), both));
        }
        return outputs;
    }

    /// What a layer's one layer here leaves out, called after it.
    private Value after(KerasNode node, Value result) {
        Value last = result;
        for (Map.Entry<String, Layer> entry : KerasLayers.after(node.config()).entrySet()) {
            last = add(node, top.free(node.path() + entry.getKey()), entry.getValue(), List.of(last));
        }
        return last;
    }

    /// Axes of a value between the batch and its channels and places.
    private int kept(KerasNode node, Value value) {
        return KerasChannels.keptAxes(node.config(), shape(value).rank() - 1 - stepAxes) + stepAxes;
    }

    /// What a turned value is called after its layer: what has no steps may go beside what has.
    private static String ending(KerasNode node, int kept, String order) {
        return (kept == 0 && KerasChannels.isOverSteps(node.config()) ? "_image" : "") + order;
    }

    /// A value whose channels come first, with its channels last.
    private Value channelsLast(KerasNode node, Value value) {
        final int kept = kept(node, value);
        final Value known = last.get(new Turned(value, kept));
        if (known != null) {
            return known;
        }
        final int axes = shape(value).rank() - 1;
        if (axes - kept < 2) {
            return value;
        }
        final List<Integer> order = new ArrayList<>();
        for (int axis = 1; axis <= axes; axis++) {
            if (axis != kept + 1) {
                order.add(axis);
            }
        }
        order.add(kept + 1);
        return add(node, top.free(node.path() + ending(node, kept, LAST)), new Permute(order), List.of(value));
    }

    /// A value whose channels come last, with its channels first, as the file has it; one without places stays.
    private Value channelsFirst(KerasNode node, Value value) {
        final int kept = kept(node, value);
        final int axes = shape(value).rank() - 1;
        if (axes - kept < 2) {
            return value;
        }
        final List<Integer> order = new ArrayList<>();
        for (int axis = 1; axis < axes; axis++) {
            order.add(axis);
        }
        order.add(kept, axes);
        final Value first =
                add(node, top.free(node.path() + ending(node, kept, FIRST)), new Permute(order), List.of(value));
        last.put(new Turned(first, kept), value);
        return first;
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
                && ref.tensor() < steps.get(outputs.getFirst().step()).outputs().size()) {
            return new Value(outputs.getFirst().step(), ref.tensor());
        }
        if (reader == null) {
            top.find(Reason.BAD_CONFIG, "the model's output " + ref + " does not exist");
        } else {
            reader.config().find(Reason.BAD_CONFIG, "is called with " + ref + ", which does not exist");
        }
        throw new Refused();
    }

    private Set<Integer> used(List<Value> outputs) {
        final Set<Integer> used = new HashSet<>();
        outputs.forEach(value -> used.add(value.step()));
        for (int i = steps.size() - 1; i >= 0; i--) {
            if (used.contains(i)) {
                steps.get(i).inputs().forEach(value -> used.add(value.step()));
            }
        }
        return used;
    }

    private Graph build(Set<Integer> used, List<Value> outputs) {
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
                                step.inputs().stream().map(this::shape).toList()));
                    }
                }
                results.put(i, builder.call(step.name(), inputs));
            } catch (IllegalArgumentException | ArithmeticException e) {
                config.find(Reason.BAD_SHAPE, withoutName(String.valueOf(e.getMessage()), step.name()));
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
                    ends.addAll(List.of(LAST, FIRST, "_image" + LAST, "_image" + FIRST, "_merged"));
                    ends.addAll(List.of(MASKED, MASKED + "_1", MASKED + "_2", UNMASKED, CAUSAL));
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

    private static String withoutName(String message, String layer) {
        final String start = "layer '" + layer + "': ";
        return message.startsWith(start) ? message.substring(start.length()) : message;
    }
}
