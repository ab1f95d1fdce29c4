package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;

/// Arguments of calls in Keras 3's form that come by position, by their names: what a layer takes beside its
/// inputs.
final class CallArguments {
    private static final List<String> OF_HEADS = List.of(
            "query",
            "value",
            "key",
            "query_mask",
            "value_mask",
            "key_mask",
            "attention_mask",
            "return_attention_scores",
            "training",
            "use_causal_mask");
    private static final List<String> OF_ATTENTION =
            List.of("inputs", "mask", "training", "return_attention_scores", "use_causal_mask");
    private static final List<String> RECURRENT = List.of("sequences", "initial_state", "mask", "training");

    private static final Map<String, List<String>> NAMES = Map.ofEntries(
            Map.entry("MultiHeadAttention", OF_HEADS),
            Map.entry("GroupQueryAttention", OF_HEADS),
            Map.entry("GroupedQueryAttention", OF_HEADS),
            Map.entry("Attention", OF_ATTENTION),
            Map.entry("AdditiveAttention", OF_ATTENTION),
            Map.entry("SimpleRNN", RECURRENT),
            Map.entry("LSTM", RECURRENT),
            Map.entry("GRU", RECURRENT),
            Map.entry("RNN", RECURRENT),
            Map.entry("Bidirectional", RECURRENT),
            Map.entry("ConvLSTM1D", RECURRENT),
            Map.entry("ConvLSTM2D", RECURRENT),
            Map.entry("ConvLSTM3D", RECURRENT),
            Map.entry("BatchNormalization", List.of("inputs", "training", "mask")),
            Map.entry("TimeDistributed", List.of("inputs", "training", "mask")),
            Map.entry("GlobalAveragePooling1D", List.of("inputs", "mask")),
            Map.entry("Softmax", List.of("inputs", "mask")));

    private CallArguments() {}

    /// The call with its inputs by position and all else by name; the same where it is in another form, or a
    /// layer of another kind.
    static JsonElement byName(JsonElement call, LayerConfig config) {
        final List<String> names = NAMES.get(config.className());
        if (names == null || !(call instanceof JsonObject object) || !(object.get("args") instanceof JsonArray args)) {
            return call;
        }
        final int inputs = names.equals(OF_HEADS) ? 3 : 1;
        final JsonObject given = KerasJson.member(object, "kwargs");
        final JsonObject keywords = given == null ? new JsonObject() : given.deepCopy();
        final JsonArray first = new JsonArray();
        for (int i = 0; i < args.size(); i++) {
            if (i < inputs) {
                first.add(args.get(i));
            } else if (i >= names.size()) {
                refuse(config, args.get(i), i, "which it does not have");
            } else if (!KerasJson.isNeutral(keywords.get(names.get(i)))) {
                refuse(config, args.get(i), i, "and with '" + names.get(i) + "'");
            } else {
                keywords.add(names.get(i), args.get(i));
            }
        }
        final JsonObject named = new JsonObject();
        named.add("args", first);
        named.add("kwargs", keywords);
        return named;
    }

    private static void refuse(LayerConfig config, JsonElement value, int at, String why) {
        config.find(
                Reason.BAD_CONFIG,
                "is called with " + KerasJson.shown(value) + " as argument " + (at + 1) + ", " + why);
    }
}
