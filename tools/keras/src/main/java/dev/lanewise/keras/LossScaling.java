package dev.lanewise.keras;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// `LossScaleOptimizer`, by which models of mixed precision are trained: an optimizer around another that
/// multiplies the loss, so that gradients of 16 bits do not vanish, and divides them again before the inner
/// optimizer follows them. Here all is float32, and the inner optimizer alone does the same.
final class LossScaling {
    /// Where the whole entry is kept in a training configuration; with the beginning of the optimizer's keys.
    static final String KEPT = "optimizer_scaling";

    private static final String OPTIMIZER = "optimizer_config";
    private static final Set<String> CLASSES = Set.of("LossScaleOptimizer", "LossScaleOptimizerV3");

    /// The wrapper's own variables in Keras 3's trees: steps, a learning rate of 0, and those of the scale.
    private static final int OWN = 4;

    private LossScaling() {}

    /// A training configuration with the inner optimizer in place of the wrapper; others as they are.
    static JsonObject unwrapped(JsonObject training) {
        final JsonObject wrapper = KerasJson.member(training, OPTIMIZER);
        if (wrapper == null) {
            return training;
        }
        final String name = KerasJson.string(wrapper, "class_name");
        final JsonObject config = KerasJson.member(wrapper, "config");
        if (name == null || config == null || !CLASSES.contains(name.substring(name.lastIndexOf('>') + 1))) {
            return training;
        }
        final JsonObject given = KerasJson.member(config, "inner_optimizer");
        // TensorFlow 2.3 and before.
        final JsonObject inner = given == null ? KerasJson.member(config, "optimizer") : given;
        if (inner == null) {
            return training;
        }
        final JsonObject plain = training.deepCopy();
        plain.add(KEPT, wrapper.deepCopy());
        plain.add(OPTIMIZER, inner.deepCopy());
        return plain;
    }

    /// Whether the optimizer of a configuration was within a wrapper.
    static boolean isIn(@Nullable JsonObject training) {
        return training != null && training.has(KEPT);
    }

    /// What the inner optimizer remembers among the variables of an `.h5` file: those from the last number of
    /// steps on, for the wrapper's own come first.
    static List<KerasWeight> innerByNames(List<KerasWeight> memory) {
        int start = 0;
        for (int i = 0; i < memory.size(); i++) {
            final String path = memory.get(i).name().replaceAll(":[0-9]+$", "");
            start = path.substring(path.lastIndexOf('/') + 1).equals("iteration") ? i : start;
        }
        return memory.subList(start, memory.size());
    }

    /// The same in Keras 3's trees, where nothing has a name; all where the wrapper's own are not there.
    static List<KerasWeight> innerByPlaces(List<KerasWeight> memory) {
        for (int i = 0; i < OWN; i++) {
            if (i >= memory.size() || !TreeOptimizer.isScalar(memory.get(i))) {
                return memory;
            }
        }
        return memory.subList(OWN, memory.size());
    }
}
