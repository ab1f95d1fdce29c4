package dev.lanewise.keras;

import com.google.gson.JsonObject;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.RNN;
import dev.lanewise.nn.layer.TimeDistributed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A layer as the objects that Keras has for it: itself, and those within it that have weights of their own.
///
/// @param path from the layer on, as Keras 3's trees have it; empty for the layer itself
/// @param name Keras' name of the object
/// @param weights positions of its weights among the layer's
record KerasObjects(String path, String name, List<Integer> weights) {
    KerasObjects {
        weights = List.copyOf(weights);
    }

    /// The last name of a weight: `kernel`.
    static String weight(String name) {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    /// The objects of a layer, itself first, in the order of its weights.
    ///
    /// @param config of the layer in the file, for the names of what is within
    /// @param weights names of its weights
    static List<KerasObjects> of(String name, Layer layer, @Nullable JsonObject config, List<String> weights) {
        final List<KerasObjects> objects = new ArrayList<>();
        switch (layer) {
            case Bidirectional both -> {
                objects.add(new KerasObjects("", name, List.of()));
                final Layer backward = both.backwardLayer() == null ? both.layer() : both.backwardLayer();
                within(objects, "forward_layer", "forward_", both.layer(), config, "layer", part(weights, "forward/"));
                within(
                        objects,
                        "backward_layer",
                        "backward_",
                        backward,
                        config,
                        "backward_layer",
                        part(weights, "backward/"));
            }
            case RNN rnn -> {
                objects.add(new KerasObjects("", name, List.of()));
                objects.add(new KerasObjects("cell", "stacked_rnn_cells", List.of()));
                final List<JsonObject> given = KerasRecurrent.cells(config == null ? null : config.get("cell"));
                final Map<String, Integer> counts = new HashMap<>();
                for (int i = 0; i < rnn.cells().size(); i++) {
                    final String type = Graph.snakeCase(rnn.cells().get(i).typeName() + "Cell");
                    final int number = counts.merge(type, 1, Integer::sum) - 1;
                    final String plain = number == 0 ? type : type + "_" + number;
                    final String own = given.size() == rnn.cells().size() ? name(given.get(i)) : null;
                    objects.add(new KerasObjects(
                            "cell/cells/" + plain, own == null ? plain : own, part(weights, "cell_" + i + "/")));
                }
            }
            case TimeDistributed each -> {
                objects.add(new KerasObjects("", name, List.of()));
                within(objects, "layer", "", each.layer(), config, "layer", all(weights));
            }
            default -> plain(objects, name, layer, config, weights);
        }
        return objects;
    }

    private static void plain(
            List<KerasObjects> objects, String name, Layer layer, @Nullable JsonObject config, List<String> weights) {
        final String type = layer.typeName();
        if (KerasAttention.isOfHeads(type)) {
            final String start = type.equals("MultiHeadAttention") ? "" : "_";
            objects.add(new KerasObjects("", name, List.of()));
            for (String projection : List.of("query", "key", "gate", "value")) {
                final List<Integer> own = part(weights, projection + "/");
                final boolean isGate = projection.equals("gate");
                if (!isGate || !own.isEmpty()) {
                    objects.add(new KerasObjects((isGate ? "_" : start) + projection + "_dense", projection, own));
                }
            }
            objects.add(
                    new KerasObjects(start + "output_dense", "attention_output", part(weights, "attention_output/")));
            objects.add(new KerasObjects("_softmax", "softmax", List.of()));
            objects.add(new KerasObjects("_dropout_layer", "dropout", List.of()));
        } else if (TreeWeights.INNER.getOrDefault(type, List.of()).equals(List.of("cell"))) {
            final JsonObject cell = config == null ? null : KerasJson.member(config, "cell");
            final String own = cell == null ? null : name(cell);
            objects.add(new KerasObjects("", name, List.of()));
            objects.add(new KerasObjects("cell", own == null ? cell(type) : own, all(weights)));
        } else {
            objects.add(new KerasObjects("", name, all(weights)));
        }
    }

    /// Keras' name of a layer's cell: one class serves convolutions of all ranks.
    private static String cell(String type) {
        return type.startsWith("ConvLSTM") ? "conv_lstm_cell" : Graph.snakeCase(type + "Cell");
    }

    /// The objects of a layer within the layer.
    private static void within(
            List<KerasObjects> objects,
            String path,
            String prefix,
            Layer layer,
            @Nullable JsonObject config,
            String key,
            List<Integer> weights) {
        final JsonObject entry = config == null ? null : KerasJson.member(config, key);
        final String given = entry == null ? null : name(entry);
        final String name = given == null ? prefix + Graph.snakeCase(layer.typeName()) : given;
        final JsonObject inner = entry == null ? null : KerasJson.member(entry, "config");
        final List<KerasObjects> own = new ArrayList<>();
        // Their names do not matter: they are the layer's own.
        plain(own, name, layer, inner, weights.stream().map(String::valueOf).toList());
        for (KerasObjects object : own) {
            objects.add(new KerasObjects(
                    object.path().isEmpty() ? path : path + "/" + object.path(),
                    object.path().isEmpty() ? name : name + "/" + object.name(),
                    object.weights().stream().map(weights::get).toList()));
        }
    }

    private static @Nullable String name(JsonObject entry) {
        final JsonObject config = KerasJson.member(entry, "config");
        return config == null ? null : KerasJson.string(config, "name");
    }

    private static List<Integer> all(List<String> weights) {
        final List<Integer> all = new ArrayList<>();
        for (int i = 0; i < weights.size(); i++) {
            all.add(i);
        }
        return all;
    }

    private static List<Integer> part(List<String> weights, String prefix) {
        final List<Integer> part = new ArrayList<>();
        for (int i = 0; i < weights.size(); i++) {
            if (weights.get(i).startsWith(prefix)) {
                part.add(i);
            }
        }
        return part;
    }
}
