package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.io.ModelFormatException;
import dev.lanewise.io.RecordJson;
import dev.lanewise.nn.Constraint;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.nn.Regularizer;
import dev.lanewise.nn.WeightRule;
import dev.lanewise.nn.layer.ActivityRegularization;
import dev.lanewise.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Regularizers and constraints of Keras' layers, in the forms of all versions: a name, `class_name` and
/// `config`, or
/// in Keras 1 an object of `name` and settings.
final class KerasRules {
    private static final String REGULARIZER = "_regularizer";
    private static final String CONSTRAINT = "_constraint";
    private static final String ACTIVITY = "activity_regularizer";

    /// Names of functions, and of the classes of older versions.
    private static final Map<String, String> CLASSES = Map.ofEntries(
            Map.entry("l1", "L1"),
            Map.entry("l2", "L2"),
            Map.entry("l1_l2", "L1L2"),
            Map.entry("l1l2", "L1L2"),
            Map.entry("L1L2Regularizer", "L1L2"),
            Map.entry("WeightRegularizer", "L1L2"),
            Map.entry("ActivityRegularizer", "L1L2"),
            Map.entry("orthogonal_regularizer", "OrthogonalRegularizer"),
            Map.entry("max_norm", "MaxNorm"),
            Map.entry("maxnorm", "MaxNorm"),
            Map.entry("non_neg", "NonNeg"),
            Map.entry("nonneg", "NonNeg"),
            Map.entry("unit_norm", "UnitNorm"),
            Map.entry("unitnorm", "UnitNorm"),
            Map.entry("min_max_norm", "MinMaxNorm"));

    private KerasRules() {}

    /// Whether a key is that of a regularizer or a constraint.
    static boolean isRule(String key) {
        return key.endsWith(REGULARIZER) || key.endsWith(CONSTRAINT);
    }

    /// Whether a rule is known here and applied in training.
    static boolean applies(LayerConfig config, String key, JsonElement value) {
        if (key.equals(ACTIVITY)) {
            return config.className().equals("ActivityRegularization") || activity(config) != null;
        }
        return key.endsWith(REGULARIZER)
                ? read(Regularizer.registry(), value) != null
                : read(Constraint.registry(), value) != null;
    }

    /// The layer that stands for `activity_regularizer`, to be called after the layer itself; null where
    /// there is none.
    static @Nullable Layer activity(LayerConfig config) {
        final JsonElement value = config.config().get(ACTIVITY);
        if (config.className().equals("ActivityRegularization") || KerasJson.isNeutral(value)) {
            return null;
        }
        final Regularizer regularizer = read(Regularizer.registry(), value);
        if (regularizer == null) {
            return null;
        }
        return switch (regularizer) {
            case Regularizer.L1 r -> new ActivityRegularization((float) r.l1(), 0);
            case Regularizer.L2 r -> new ActivityRegularization(0, (float) r.l2());
            case Regularizer.L1L2 r -> new ActivityRegularization((float) r.l1(), (float) r.l2());
            case Regularizer.OrthogonalRegularizer r -> null;
        };
    }

    /// The rules of a layer's weights, by `layer/weight`.
    ///
    /// @param layer name in the flat graph
    /// @param inputs shapes that it is called with
    static Map<String, WeightRule> of(LayerConfig config, String layer, Layer converted, List<Shape> inputs) {
        final Map<String, WeightRule> rules = new LinkedHashMap<>();
        if (!hasRule(config.config())) {
            return rules;
        }
        for (ParameterSpec weight : converted.parameters(inputs)) {
            final RulePlace place = RulePlace.of(config.className(), config.config(), weight.name());
            final Regularizer regularizer =
                    place == null ? null : read(Regularizer.registry(), value(place, REGULARIZER));
            final Constraint constraint = place == null ? null : read(Constraint.registry(), value(place, CONSTRAINT));
            if (weight.trainable() && (regularizer != null || constraint != null)) {
                rules.put(layer + "/" + weight.name(), new WeightRule(regularizer, constraint));
            }
        }
        return rules;
    }

    /// Whether there is one in a config, or in that of a layer or cell within it.
    private static boolean hasRule(JsonElement json) {
        if (json instanceof JsonArray array) {
            return array.asList().stream().anyMatch(KerasRules::hasRule);
        }
        return json instanceof JsonObject object
                && object.entrySet().stream().anyMatch(entry -> isRule(entry.getKey()) || hasRule(entry.getValue()));
    }

    /// What a config says about a weight: for `depthwise_kernel`, and the one kernel of a depthwise
    /// convolution, the
    /// key begins with `depthwise`.
    private static @Nullable JsonElement value(RulePlace place, String ending) {
        final String name = place.weight();
        final String kernel = "_kernel";
        for (String key : List.of(
                name,
                name.endsWith(kernel) ? name.substring(0, name.length() - kernel.length()) : name,
                name.equals("kernel") ? "depthwise" : name)) {
            final JsonElement value = place.config().get(key + ending);
            if (!KerasJson.isNeutral(value)) {
                return value;
            }
        }
        return null;
    }

    /// A config's regularizer; null where there is none, or it is not known.
    static @Nullable Regularizer regularizer(@Nullable JsonElement json) {
        return KerasJson.isNeutral(json) ? null : read(Regularizer.registry(), json);
    }

    /// A config's constraint; null where there is none, or it is not known.
    static @Nullable Constraint constraint(@Nullable JsonElement json) {
        return KerasJson.isNeutral(json) ? null : read(Constraint.registry(), json);
    }

    /// A regularizer or a constraint; null where it is not known, or has settings that are not.
    private static <T> @Nullable T read(Map<String, Class<? extends T>> known, @Nullable JsonElement json) {
        String name = KerasJson.string(json);
        JsonObject given = new JsonObject();
        if (json != null && json.isJsonObject()) {
            final JsonObject object = json.getAsJsonObject();
            name = KerasJson.string(object, "class_name");
            final JsonObject config = KerasJson.member(object, "config");
            if (name == null) {
                name = KerasJson.string(object, "name");
                given = object;
            } else if (config != null) {
                given = config;
            }
        }
        if (name == null) {
            return null;
        }
        final String plain = name.substring(name.indexOf('>') + 1);
        final Class<? extends T> type = known.get(CLASSES.getOrDefault(plain, plain));
        if (type == null) {
            return null;
        }
        final JsonObject settings = RecordConfig.defaults(type);
        if (plain.equals("l1_l2")) {
            // The function's defaults, which differ from the class's.
            settings.addProperty("l1", 0.01);
            settings.addProperty("l2", 0.01);
        }
        for (Map.Entry<String, JsonElement> entry : given.entrySet()) {
            final String key = entry.getKey().equals("m") ? "max_value" : entry.getKey();
            JsonElement value = entry.getValue();
            if (key.equals("axis") && KerasJson.isNumber(value)) {
                value = RecordConfig.repeated(value, 1);
            }
            if (!key.equals("name") && !KerasJson.isNeutral(value)) {
                settings.add(key, value);
            }
        }
        try {
            return RecordJson.read(type, settings, name);
        } catch (ModelFormatException e) {
            return null;
        }
    }
}
