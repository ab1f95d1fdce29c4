package dev.lanewise.keras;

import dev.lanewise.keras.FlatSteps.Value;
import dev.lanewise.nn.layer.Permute;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Turns values between channels first, which a file may have, and channels last, which the layers here have.
final class TurnedChannels {
    private static final String LAST = "_channels_last";
    private static final String FIRST = "_channels_first";

    /// Ending of what brings both directions together.
    static final String MERGED = "_merged";

    /// Of the names of all that is called around a layer with channels first.
    static final List<String> ENDINGS = List.of(LAST, FIRST, "_image" + LAST, "_image" + FIRST, MERGED);

    /// A value with channels first.
    ///
    /// @param kept axes before the channels that stay where they are, beside the batch: the steps of sequences
    private record Turned(Value value, int kept) {}

    private final KerasGraph top;
    private final FlatSteps steps;

    /// Values with channels first, and the same with channels last, which they were made of.
    private final Map<Turned, Value> last = new HashMap<>();

    TurnedChannels(KerasGraph top, FlatSteps steps) {
        this.top = top;
        this.steps = steps;
    }

    /// A value whose channels come first, with its channels last.
    ///
    /// @param stepAxes axes of steps before those that the layer has
    Value channelsLast(KerasNode node, Value value, int stepAxes) {
        final int kept = kept(node, value, stepAxes);
        final Value known = last.get(new Turned(value, kept));
        if (known != null) {
            return known;
        }
        final int axes = steps.shape(value).rank() - 1;
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
        return steps.add(node, top.free(node.path() + ending(node, kept, LAST)), new Permute(order), List.of(value));
    }

    /// A value whose channels come last, with its channels first, as the file has it; one without places stays.
    Value channelsFirst(KerasNode node, Value value, int stepAxes) {
        final int kept = kept(node, value, stepAxes);
        final int axes = steps.shape(value).rank() - 1;
        if (axes - kept < 2) {
            return value;
        }
        final List<Integer> order = new ArrayList<>();
        for (int axis = 1; axis < axes; axis++) {
            order.add(axis);
        }
        order.add(kept, axes);
        final Value first =
                steps.add(node, top.free(node.path() + ending(node, kept, FIRST)), new Permute(order), List.of(value));
        last.put(new Turned(first, kept), value);
        return first;
    }

    /// Axes of a value between the batch and its channels and places.
    private int kept(KerasNode node, Value value, int stepAxes) {
        return KerasChannels.keptAxes(node.config(), steps.shape(value).rank() - 1 - stepAxes) + stepAxes;
    }

    /// What a turned value is called after its layer: what has no steps may go beside what has.
    private static String ending(KerasNode node, int kept, String order) {
        return (kept == 0 && KerasChannels.isOverSteps(node.config()) ? "_image" : "") + order;
    }
}
