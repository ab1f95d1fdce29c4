package dev.lanewise.keras;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Layers;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.RNN;
import dev.lanewise.nn.layer.TimeDistributed;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Keras' recurrent layers: what older versions do not write has the value that they had.
final class KerasRecurrent {
    /// Layers over the steps of sequences, by their class names.
    static final Set<String> LAYERS = Set.of("SimpleRNN", "LSTM", "GRU");

    private static final Map<String, JsonPrimitive> DEFAULTS = Map.ofEntries(
            Map.entry("activation", new JsonPrimitive("tanh")),
            Map.entry("recurrent_activation", new JsonPrimitive("hard_sigmoid")),
            Map.entry("use_bias", new JsonPrimitive(true)),
            Map.entry("unit_forget_bias", new JsonPrimitive(true)),
            Map.entry("dropout", new JsonPrimitive(0)),
            Map.entry("recurrent_dropout", new JsonPrimitive(0)),
            Map.entry("reset_after", new JsonPrimitive(false)),
            Map.entry("return_sequences", new JsonPrimitive(false)),
            Map.entry("return_state", new JsonPrimitive(false)),
            Map.entry("go_backwards", new JsonPrimitive(false)),
            Map.entry("stateful", new JsonPrimitive(false)),
            Map.entry("zero_output_for_mask", new JsonPrimitive(false)));

    /// Those that Keras 3 has otherwise.
    private static final Map<String, JsonPrimitive> OF_KERAS_3 =
            Map.of("recurrent_activation", new JsonPrimitive("sigmoid"), "reset_after", new JsonPrimitive(true));

    /// What an RNN says of its cells' outputs.
    static final List<String> CELLS_OWN =
            List.of("return_sequences", "return_state", "go_backwards", "stateful", "zero_output_for_mask");

    private KerasRecurrent() {}

    /// Whether a layer may be called with states beside its input.
    static boolean takesState(String className) {
        return LAYERS.contains(className) || className.matches("Bidirectional|RNN|ConvLSTM[123]D");
    }

    /// The two layers of a Bidirectional; the second is the first's reverse where the file does not say.
    static @Nullable Layer bidirectional(LayerConfig config) {
        final Layer forward = inner(config, config.take("layer"));
        final JsonElement other = config.take("backward_layer");
        final Layer backward = other == null ? null : inner(config, other);
        if (forward == null || (other != null && backward == null)) {
            return null;
        }
        final JsonElement given = config.take("merge_mode");
        // Null stands for two outputs, no key for the default.
        final String mode = given == null ? null : KerasJson.string(given);
        final boolean isDefault = !config.has("merge_mode");
        return made(config, () -> new Bidirectional(forward, backward, isDefault ? "concat" : mode));
    }

    /// The model that a TimeDistributed calls at each step; null where it has a plain layer, or it is
    /// something else.
    static @Nullable JsonObject model(LayerConfig config) {
        final JsonObject layer =
                config.className().equals("TimeDistributed") ? KerasJson.member(config.config(), "layer") : null;
        if (layer == null || !KerasGraph.isModel(String.valueOf(KerasJson.string(layer, "class_name")))) {
            return null;
        }
        config.take("layer");
        KerasSettings.others(config);
        return layer;
    }

    static @Nullable Layer timeDistributed(LayerConfig config) {
        final Layer layer = inner(config, config.take("layer"));
        return layer == null ? null : made(config, () -> new TimeDistributed(layer));
    }

    /// A layer of one cell is the recurrent layer of its kind.
    static @Nullable Layer rnn(LayerConfig config) {
        final JsonElement json = config.take("cell");
        final List<JsonObject> cells = cells(json);
        for (String key : CELLS_OWN) {
            config.take(key);
        }
        final List<Layer> layers = new ArrayList<>();
        for (JsonObject cell : cells) {
            final String type = String.valueOf(KerasJson.string(cell, "class_name"));
            final JsonObject changed = cell.deepCopy();
            changed.addProperty("class_name", type.replaceAll("Cell$", ""));
            final JsonObject own = KerasJson.member(changed, "config");
            if (!type.matches("(SimpleRNN|LSTM|GRU)Cell") || own == null) {
                config.find(
                        Reason.UNKNOWN_LAYER,
                        "cell " + KerasJson.shown(type) + " is not supported (supported: "
                                + "SimpleRNNCell, LSTMCell, GRUCell, StackedRNNCells)");
                return null;
            }
            for (String key : CELLS_OWN) {
                if (cells.size() == 1 && config.has(key)) {
                    own.add(key, config.config().get(key));
                }
            }
            final Layer layer = inner(config, changed);
            if (layer == null) {
                return null;
            }
            layers.add(layer);
        }
        if (layers.size() == 1) {
            return layers.getFirst();
        }
        return made(
                config,
                () -> new RNN(
                        layers,
                        flag(config, "return_sequences"),
                        flag(config, "return_state"),
                        flag(config, "go_backwards"),
                        flag(config, "stateful"),
                        flag(config, "zero_output_for_mask")));
    }

    /// The cells of an RNN, from the lowest on.
    static List<JsonObject> cells(@Nullable JsonElement json) {
        final List<JsonObject> cells = new ArrayList<>();
        if (json != null && json.isJsonArray()) {
            json.getAsJsonArray().forEach(cell -> cells.addAll(cells(cell)));
        } else if (json != null && json.isJsonObject()) {
            final JsonObject object = json.getAsJsonObject();
            final JsonObject inner = KerasJson.member(object, "config");
            if ("StackedRNNCells".equals(KerasJson.string(object, "class_name")) && inner != null) {
                return cells(inner.get("cells"));
            }
            cells.add(object);
        }
        return cells;
    }

    private static boolean flag(LayerConfig config, String key) {
        return new JsonPrimitive(true).equals(config.config().get(key));
    }

    /// A layer within a layer's config.
    private static @Nullable Layer inner(LayerConfig config, @Nullable JsonElement json) {
        final String type =
                json == null || !json.isJsonObject() ? null : KerasJson.string(json.getAsJsonObject(), "class_name");
        if (type == null || json == null) {
            config.find(Reason.BAD_CONFIG, "has no layer in it");
            return null;
        }
        if (KerasGraph.isModel(type)) {
            config.find(
                    Reason.UNSUPPORTED_ARGUMENT,
                    "holds a model (" + KerasJson.shown(type) + "), which is not supported");
            return null;
        }
        final JsonObject entry = KerasUpgrade.entry(json.getAsJsonObject(), config.kerasMajor());
        final JsonObject own = KerasJson.member(entry, "config");
        final String today = String.valueOf(KerasJson.string(entry, "class_name"));
        final LayerConfig inner =
                new LayerConfig(config.name(), today, own == null ? new JsonObject() : own, config.kerasMajor());
        final Layer layer = KerasLayers.convert(inner);
        inner.findings().forEach(finding -> config.find(finding.reason(), finding.detail()));
        if (layer != null && !KerasLayers.after(inner).isEmpty()) {
            config.find(
                    Reason.UNSUPPORTED_ARGUMENT,
                    "the " + KerasJson.shown(today)
                            + " in it changes its columns or has an activity regularizer, which is not supported");
            return null;
        }
        return layer;
    }

    /// The config of the layer in a layer; null where there is none.
    static @Nullable LayerConfig wrapped(LayerConfig config) {
        final String type = config.className();
        final JsonObject json = type.equals("Bidirectional") || type.equals("TimeDistributed")
                ? KerasJson.member(config.config(), "layer")
                : null;
        if (json == null || KerasJson.string(json, "class_name") == null) {
            return null;
        }
        final JsonObject entry = KerasUpgrade.entry(json, config.kerasMajor());
        final JsonObject own = KerasJson.member(entry, "config");
        return own == null
                ? null
                : new LayerConfig(
                        config.name(), String.valueOf(KerasJson.string(entry, "class_name")), own, config.kerasMajor());
    }

    private static @Nullable Layer made(LayerConfig config, Supplier<Layer> make) {
        try {
            return make.get();
        } catch (IllegalArgumentException e) {
            config.find(Reason.UNSUPPORTED_ARGUMENT, String.valueOf(e.getMessage()));
            return null;
        }
    }

    static @Nullable Layer convert(LayerConfig config) {
        return KerasLayers.generic(Layers.get(config.className()), whole(config));
    }

    /// A layer whose products are convolutions.
    static @Nullable Layer convolutional(LayerConfig config) {
        return KerasConvolutions.convolution(whole(config));
    }

    /// With the values of what the file does not say.
    private static LayerConfig whole(LayerConfig config) {
        LayerConfig whole = config;
        for (Map.Entry<String, JsonPrimitive> entry : DEFAULTS.entrySet()) {
            final String key = entry.getKey();
            final JsonElement given = config.config().get(key);
            final boolean linear = key.endsWith("activation") && config.has(key);
            if (!linear && (given == null || given.isJsonNull())) {
                whole = whole.with(key, value(key, entry.getValue(), config.kerasMajor()));
            }
        }
        return whole;
    }

    private static JsonPrimitive value(String key, JsonPrimitive before, int kerasMajor) {
        return kerasMajor < 3 ? before : OF_KERAS_3.getOrDefault(key, before);
    }

    /// Puts what a config of Keras 3 does not say and older versions take otherwise into it.
    static void say(String type, JsonObject config) {
        final String layer = type.replaceAll("Cell$", "");
        final boolean gates = layer.matches("LSTM|GRU|ConvLSTM[123]D");
        for (Map.Entry<String, JsonPrimitive> entry : OF_KERAS_3.entrySet()) {
            if ((entry.getKey().equals("reset_after") ? layer.equals("GRU") : gates) && !config.has(entry.getKey())) {
                config.add(entry.getKey(), entry.getValue());
            }
        }
        for (JsonObject cell : layer.equals("RNN") ? cells(config.get("cell")) : List.<JsonObject>of()) {
            final JsonObject own = KerasJson.member(cell, "config");
            if (own != null) {
                say(String.valueOf(KerasJson.string(cell, "class_name")), own);
            }
        }
    }

    /// A layer of cuDNN's as the one that computes the same.
    static JsonObject withoutCudnn(JsonObject config) {
        final JsonObject changed = config.deepCopy();
        changed.addProperty("activation", "tanh");
        changed.addProperty("recurrent_activation", "sigmoid");
        changed.addProperty("reset_after", true);
        return changed;
    }
}
