package dev.lanewise.keras;

import dev.lanewise.keras.FlatSteps.Refused;
import dev.lanewise.keras.FlatSteps.Value;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.layer.CausalMask;
import dev.lanewise.nn.layer.MaskedAs;
import dev.lanewise.nn.layer.MaskedBy;
import dev.lanewise.nn.layer.Reshape;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Masks that are not a layer's own: those that calls give are put on inputs and taken off results by layers
/// of the flat graph.
final class FlatMasks {
    /// Endings of what gives an input its mask, and a result the mask that goes on.
    private static final String MASKED = "_masked";

    private static final String UNMASKED = "_unmasked";

    /// Ending of the mask of a call that is causal where others of its layer are not.
    private static final String CAUSAL = "_causal";

    /// Of the names of all that is called around a layer for masks.
    static final List<String> ENDINGS = List.of(MASKED, MASKED + "_1", MASKED + "_2", UNMASKED, CAUSAL);

    private final KerasGraph top;
    private final FlatSteps steps;

    FlatMasks(KerasGraph top, FlatSteps steps) {
        this.top = top;
        this.steps = steps;
    }

    /// The inputs of a call, each with the mask that the call gives it.
    ///
    /// @param arguments all that the call takes
    /// @param inputs those of them that are no masks
    List<Value> masked(
            KerasNode node, List<CallMasks.Given> given, List<Value> arguments, List<Value> inputs, int stepAxes) {
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
            masked.set(mask.input(), steps.add(node, name, new MaskedBy(), both));
        }
        return masked;
    }

    /// The results of a call whose inputs were given masks: what goes on has the mask that came with the input,
    /// as in Keras.
    List<Value> unmasked(KerasNode node, List<Value> inputs, List<Value> results) {
        final List<Value> outputs = new ArrayList<>(results);
        final Layer layer = node.layer();
        if (layer != null && layer.passesMask()) {
            final List<Value> both = List.of(outputs.getFirst(), inputs.getFirst());
            final int others = outputs.size() > 1 ? 0 : steps.outputs(outputs.getFirst());
            for (int i = 1; i < others; i++) {
                outputs.add(new Value(outputs.getFirst().step(), i));
            }
            outputs.set(0, steps.add(node, top.free(node.path() + UNMASKED), new MaskedAs(), both));
        }
        return outputs;
    }

    /// The inputs of a call, which may have a causal mask that is not the layer's.
    ///
    /// @param plain the inputs without masks of their own
    List<Value> withCausalMask(KerasNode node, int call, List<Value> plain, List<Value> inputs, int stepAxes) {
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
        all.add(steps.add(node, top.free(node.path() + CAUSAL), new CausalMask(), sees));
        return all;
    }

    /// Keras' operations on tensors know no masks, the layers that stand for them may.
    Value withoutMask(KerasNode node, Value result) {
        if (!KerasOperations.is(node.config()) || !steps.hasMask(result)) {
            return result;
        }
        final Shape sample = steps.shape(result).withoutFirst();
        if (Arrays.stream(sample.toArray()).filter(dim -> dim == Shape.UNKNOWN).count() > 1) {
            node.config()
                    .find(
                            Reason.UNSUPPORTED_CONNECTION,
                            "is called with a tensor that has a mask and several open sizes, which is not supported");
            throw new Refused();
        }
        return steps.add(node, top.free(node.path() + UNMASKED), new Reshape(sample), List.of(result));
    }
}
