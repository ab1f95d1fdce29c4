package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import dev.lanewise.io.RecordJson;
import dev.lanewise.nn.Constraint;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.nn.Regularizer;
import dev.lanewise.nn.WeightRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Initializers, regularizers and constraints as Keras' configs have them: the reverse of [KerasRules].
final class KerasRulesJson {
    private static final String REGULARIZER = "_regularizer";
    private static final String CONSTRAINT = "_constraint";

    private final Graph graph;
    private final boolean keras3;
    private final ExportReport.Notes notes;

    KerasRulesJson(Graph graph, boolean keras3, ExportReport.Notes notes) {
        this.graph = graph;
        this.keras3 = keras3;
        this.notes = notes;
    }

    /// Puts the rules of a layer's weights into its config, or into those of the layers and cells within it.
    /// What the file's entry has and nobody here knows stays.
    ///
    /// @param layer name in the graph
    /// @param type its class in the file
    void add(String layer, String type, List<ParameterSpec> weights, JsonObject config) {
        final List<RulePlace> places = new ArrayList<>();
        final List<String> firsts = new ArrayList<>();
        for (ParameterSpec weight : weights) {
            final WeightRule rule = weight.trainable() ? graph.rules().get(layer + "/" + weight.name()) : null;
            final RulePlace place = weight.trainable() ? RulePlace.of(type, config, weight.name()) : null;
            if (place == null) {
                if (rule != null) {
                    leftOut(layer, weight.name(), type + " has no key for it");
                }
                continue;
            }
            // Attention has one for its kernels, and Bidirectional one for both directions.
            final int known = IntStream.range(0, places.size())
                    .filter(i -> place.isThatOf(places.get(i)))
                    .findFirst()
                    .orElse(-1);
            if (known < 0) {
                places.add(place);
                firsts.add(weight.name());
                add(rule, place);
            } else if (!Objects.equals(rule, graph.rules().get(layer + "/" + firsts.get(known)))) {
                leftOut(layer, weight.name(), type + " has one key for it and '" + firsts.get(known) + "'");
            }
        }
    }

    private void leftOut(String layer, String weight, String why) {
        notes.add(ExportReport.Kind.LEFT_OUT, layer, "the regularizer or constraint of '" + weight + "': " + why);
    }

    private void add(@Nullable WeightRule rule, RulePlace place) {
        final JsonObject config = place.config();
        final String key = key(place.type(), place.weight());
        final Regularizer regularizer = rule == null ? null : rule.regularizer();
        if (regularizer != null) {
            if (!regularizer.equals(KerasRules.regularizer(config.get(key + REGULARIZER)))) {
                config.add(key + REGULARIZER, json("keras.regularizers", regularizer));
            }
        } else if (KerasRules.regularizer(config.get(key + REGULARIZER)) != null) {
            config.add(key + REGULARIZER, JsonNull.INSTANCE);
        }
        final Constraint constraint = rule == null ? null : rule.constraint();
        if (constraint != null) {
            if (!constraint.equals(KerasRules.constraint(config.get(key + CONSTRAINT)))) {
                config.add(key + CONSTRAINT, json("keras.constraints", constraint));
            }
        } else if (KerasRules.constraint(config.get(key + CONSTRAINT)) != null) {
            config.add(key + CONSTRAINT, JsonNull.INSTANCE);
        }
    }

    /// What a weight's keys begin with.
    private static String key(String type, String weight) {
        if (weight.equals("kernel") && type.startsWith("DepthwiseConv")) {
            return "depthwise";
        }
        return weight.equals("depthwise_kernel") || weight.equals("pointwise_kernel")
                ? weight.substring(0, weight.indexOf('_'))
                : weight;
    }

    private JsonElement json(String module, Object rule) {
        final JsonObject config = RecordJson.write((Record) rule);
        if (config.get("axis") instanceof JsonArray axes && axes.size() == 1) {
            config.add("axis", axes.get(0));
        }
        return ConfigForms.object(keras3, module, rule.getClass().getSimpleName(), config);
    }

    /// A penalty of outputs: what [dev.lanewise.nn.layer.ActivityRegularization] does.
    JsonElement activity(@Nullable JsonElement original) {
        final Regularizer regularizer = KerasRules.regularizer(original);
        return regularizer == null ? JsonNull.INSTANCE : json("keras.regularizers", regularizer);
    }
}
