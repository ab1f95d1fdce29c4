package dev.lanewise.keras;

import dev.lanewise.keras.FlatSteps.Refused;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.layer.Concatenate;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Layers of a model that `TimeDistributed` calls at each step of a sequence.
final class LayerAtEachStep {
    /// Layers of several inputs that work number by number, or put them one after the other.
    private static final Set<String> MERGES =
            Set.of("Add", "Subtract", "Multiply", "Divide", "Power", "Average", "Maximum", "Minimum", "Concatenate");

    private LayerAtEachStep() {}

    /// A layer of a model that is called at each step: it is called at each step itself.
    ///
    /// @param shapes of its inputs
    /// @param stepAxes how many models around it are called so
    /// @throws Refused if it cannot be
    static Layer of(KerasNode node, Layer layer, List<Shape> shapes, int stepAxes) {
        if (stepAxes == 0) {
            return layer;
        }
        if (shapes.size() > 1) {
            // What works number by number does not see the steps, as long as the axes of all inputs are the
            // same.
            final boolean merges = MERGES.contains(layer.typeName())
                    && shapes.stream()
                            .allMatch(shape -> shape.rank() == shapes.getFirst().rank());
            if (!merges) {
                refuse(node, "takes several inputs");
            }
            return layer instanceof Concatenate joined && joined.axis() > 0
                    ? new Concatenate(joined.axis() + stepAxes)
                    : layer;
        }
        if (!KerasLayers.after(node.config()).isEmpty()) {
            refuse(node, "changes its columns or has an activity regularizer");
        }
        if (makesMask(layer, shapes, stepAxes)) {
            refuse(node, "makes a mask");
        }
        Layer each = layer;
        for (int i = 0; i < stepAxes; i++) {
            each = new TimeDistributed(each);
        }
        return each;
    }

    private static void refuse(KerasNode node, String what) {
        node.config()
                .find(
                        Reason.UNSUPPORTED_ARGUMENT,
                        what + " in a model that TimeDistributed calls at each step, which is not supported");
        throw new Refused();
    }

    /// Whether a layer marks rows that do not count where nobody did before.
    private static boolean makesMask(Layer layer, List<Shape> inputs, int stepAxes) {
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
}
