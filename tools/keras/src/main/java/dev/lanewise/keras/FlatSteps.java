package dev.lanewise.keras;

import dev.lanewise.nn.Layer;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The calls of layers that a model comes to, in order, with the shapes and masks of their results: what
/// [KerasFlattening] collects, and [FlatGraph] makes a graph of.
final class FlatSteps {
    /// A model that calls one twice that calls one twice and so on would have no end.
    private static final int MAX_CALLS = 20_000;

    /// An output of a step.
    record Value(int step, int output) {}

    /// A call of the flat graph.
    ///
    /// @param name of the layer in the flat graph
    /// @param outputs shapes of its outputs
    record Step(KerasNode node, String name, Layer layer, List<Value> inputs, List<Shape> outputs) {}

    /// The model is refused; the findings say why.
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused() {
            super(null, null, false, false);
        }
    }

    private final KerasGraph top;
    private final List<Step> steps = new ArrayList<>();

    /// Shapes of the masks that values have.
    private final Map<Value, Shape> masks = new HashMap<>();

    private int calls;

    /// @param top the model, which takes the findings that are no layer's
    FlatSteps(KerasGraph top) {
        this.top = top;
    }

    /// Adds a call.
    ///
    /// @return its first output
    /// @throws Refused if its inputs do not fit it
    Value add(KerasNode node, String name, Layer layer, List<Value> inputs) {
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

    void count() {
        if (++calls > MAX_CALLS) {
            top.find(Reason.TOO_LARGE, "the model has more than " + MAX_CALLS + " calls of layers");
            throw new Refused();
        }
    }

    int size() {
        return steps.size();
    }

    Step get(int index) {
        return steps.get(index);
    }

    /// How many outputs the call has that a value is of.
    int outputs(Value value) {
        return steps.get(value.step()).outputs().size();
    }

    Shape shape(Value value) {
        return steps.get(value.step()).outputs().get(value.output());
    }

    boolean hasMask(Value value) {
        return masks.containsKey(value);
    }

    /// The steps that lead to some outputs.
    Set<Integer> used(List<Value> outputs) {
        final Set<Integer> used = new HashSet<>();
        outputs.forEach(value -> used.add(value.step()));
        for (int i = steps.size() - 1; i >= 0; i--) {
            if (used.contains(i)) {
                steps.get(i).inputs().forEach(value -> used.add(value.step()));
            }
        }
        return used;
    }

    Set<Integer> all() {
        final Set<Integer> all = new HashSet<>();
        for (int i = 0; i < steps.size(); i++) {
            all.add(i);
        }
        return all;
    }

    /// The outputs, and all steps whose results nobody reads.
    List<Value> ends(List<Value> outputs) {
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

    /// A layer's message without the layer's name, which the finding has.
    static String withoutName(String message, String layer) {
        final String start = "layer '" + layer + "': ";
        return message.startsWith(start) ? message.substring(start.length()) : message;
    }
}
