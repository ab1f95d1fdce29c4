package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the layers of functional models are called with, in the forms of all versions: lists of references with
/// arguments by name, or tensors in `args` and `kwargs`.
final class KerasCalls {
    /// What Keras' layers call their first argument.
    private static final Set<String> FIRST = Set.of("inputs", "sequences", "sequence", "data", "images", "x");

    private KerasCalls() {}

    /// What each call takes.
    ///
    /// @param json the layer's `inbound_nodes`
    /// @param config gets what is found, and arguments that are no tensors
    static List<List<KerasRef>> of(@Nullable JsonElement json, LayerConfig config) {
        final List<List<KerasRef>> calls = new ArrayList<>();
        if (KerasGraph.isInput(config.className())) {
            calls.add(new ArrayList<>());
            return calls;
        }
        if (json == null || !json.isJsonArray()) {
            config.find(Reason.BAD_CONFIG, "has no inbound_nodes");
            return calls;
        }
        final JsonArray all = new JsonArray();
        json.getAsJsonArray().forEach(call -> all.add(CallArguments.byName(call, config)));
        for (JsonElement call : all) {
            final List<KerasRef> refs = new ArrayList<>();
            config.beginCall(calls.size());
            final List<JsonElement> named =
                    byInputs(call.isJsonObject() && !call.getAsJsonObject().has("args") ? call : null, config);
            if (!named.isEmpty()) {
                // tf.keras: an object of references.
                named.forEach(element -> tensors(element, refs, config));
            } else if (call.isJsonObject()) {
                collect(call.getAsJsonObject().get("args"), refs, config);
                final JsonElement arguments = call.getAsJsonObject().get("args");
                if (arguments != null && arguments.isJsonArray()) {
                    config.call(arguments.getAsJsonArray());
                }
                keywords(KerasJson.member(call.getAsJsonObject(), "kwargs"), refs, config);
            } else if (isReference(call)) {
                reference(call.getAsJsonArray(), refs, config);
            } else if (call.isJsonArray()) {
                // tf.keras repeats the arguments by name at each input.
                final Set<JsonElement> keywords = new HashSet<>();
                for (JsonElement input : call.getAsJsonArray()) {
                    if (isReference(input)) {
                        final JsonArray parts = input.getAsJsonArray();
                        final boolean again = parts.size() > 3 && !keywords.add(parts.get(3));
                        reference(parts, refs, config, !again);
                    } else {
                        config.find(Reason.UNSUPPORTED_CONNECTION, "is called with " + KerasJson.shown(input));
                    }
                }
            } else {
                config.find(Reason.BAD_CONFIG, "inbound node " + KerasJson.shown(call));
            }
            calls.add(refs);
        }
        KerasAttention.check(config, all);
        return calls;
    }

    /// Whether a value names a call's output: `["layer", node, tensor]`, perhaps with more.
    static boolean isReference(JsonElement json) {
        return json.isJsonArray()
                && json.getAsJsonArray().size() >= 3
                && KerasJson.string(json.getAsJsonArray().get(0)) != null;
    }

    /// `["layer", node, tensor]`, perhaps with keyword arguments.
    private static void reference(JsonArray json, List<KerasRef> refs, LayerConfig config) {
        reference(json, refs, config, true);
    }

    private static void reference(JsonArray json, List<KerasRef> refs, LayerConfig config, boolean withKeywords) {
        final KerasRef ref = ref(json);
        if (ref == null) {
            config.find(Reason.BAD_CONFIG, "inbound node " + KerasJson.shown(json));
            return;
        }
        refs.add(ref);
        if (withKeywords && json.size() > 3 && json.get(3).isJsonObject()) {
            keywords(json.get(3).getAsJsonObject(), refs, config);
        }
    }

    /// The output that a reference names; null where it is damaged.
    static @Nullable KerasRef ref(JsonArray json) {
        try {
            return new KerasRef(
                    json.get(0).getAsString(),
                    Math.toIntExact(json.get(1).getAsBigDecimal().longValueExact()),
                    Math.toIntExact(json.get(2).getAsBigDecimal().longValueExact()));
        } catch (IllegalStateException
                | NumberFormatException
                | ArithmeticException
                | IndexOutOfBoundsException
                | UnsupportedOperationException e) {
            return null;
        }
    }

    /// The tensors among a call's arguments, in order. What else there is is the layer's to take.
    private static void collect(@Nullable JsonElement json, List<KerasRef> refs, LayerConfig config) {
        if (json == null || json.isJsonNull()) {
            return;
        }
        if (json.isJsonArray()) {
            json.getAsJsonArray().forEach(element -> collect(element, refs, config));
            return;
        }
        final List<JsonElement> named = byInputs(json, config);
        if (!named.isEmpty()) {
            named.forEach(element -> tensors(element, refs, config));
        } else if (isTensor(json)) {
            final JsonObject tensor = KerasJson.member(json.getAsJsonObject(), "config");
            final JsonElement history = tensor == null ? null : tensor.get("keras_history");
            if (history != null && history.isJsonArray()) {
                reference(history.getAsJsonArray(), refs, config);
                return;
            }
            config.find(Reason.BAD_CONFIG, "is called with " + KerasJson.shown(json));
        }
    }

    /// The tensors of an object that a model is called with, in the order of its inputs: by their keys where
    /// the model itself has an object of inputs, else by the names of its input layers. Empty for anything
    /// else.
    private static List<JsonElement> byInputs(@Nullable JsonElement json, LayerConfig config) {
        if (!(json instanceof JsonObject object)
                || object.has("class_name")
                || object.isEmpty()
                || !KerasGraph.isModel(config.className())) {
            return List.of();
        }
        final List<String> names = new ArrayList<>();
        if (config.config().get("input_layers") instanceof JsonArray list) {
            final JsonArray ends = isReference(list) ? new JsonArray() : list;
            if (ends.isEmpty()) {
                ends.add(list);
            }
            for (JsonElement end : ends) {
                names.add(isReference(end) ? end.getAsJsonArray().get(0).getAsString() : "");
            }
        }
        final boolean byLayers =
                names.size() == object.size() && object.keySet().containsAll(names);
        return (byLayers ? names.stream() : object.keySet().stream().sorted())
                .map(object::get)
                .toList();
    }

    /// Whether an argument of a call is another call's output.
    static boolean isTensor(JsonElement json) {
        return json.isJsonObject() && "__keras_tensor__".equals(KerasJson.string(json.getAsJsonObject(), "class_name"));
    }

    /// The arguments of a call that are given by name: states of recurrent layers are inputs after the others.
    private static void keywords(@Nullable JsonObject keywords, List<KerasRef> refs, LayerConfig config) {
        if (keywords != null) {
            final String first = refs.isEmpty() ? first(config.className(), keywords) : null;
            if (first != null) {
                tensors(keywords.get(first), refs, config);
            }
            for (Map.Entry<String, JsonElement> entry : keywords.entrySet()) {
                if (entry.getKey().equals(first)) {
                    // Taken above.
                } else if (entry.getKey().equals("initial_state") && KerasRecurrent.takesState(config.className())) {
                    tensors(entry.getValue(), refs, config);
                } else if (KerasAttention.isSetting(config.className(), entry.getKey())) {
                    if (entry.getValue().equals(new JsonPrimitive(true))) {
                        config.set(entry.getKey());
                    }
                } else if (KerasAttention.isInput(config.className(), entry.getKey())
                        || CallMasks.isMask(config.className(), entry.getKey())) {
                    // Taken below, in the order of the inputs.
                } else if (!KerasJson.isNeutral(entry.getValue())) {
                    config.find(
                            Reason.UNSUPPORTED_CONNECTION, "is called with '" + KerasJson.shown(entry.getKey()) + "'");
                }
            }
            for (String input : KerasAttention.INPUTS) {
                if (KerasAttention.is(config.className()) && !KerasJson.isNeutral(keywords.get(input))) {
                    tensors(keywords.get(input), refs, config);
                }
            }
            final JsonElement mask = keywords.get(KerasAttention.MASK);
            if (KerasAttention.isInput(config.className(), KerasAttention.MASK) && !KerasJson.isNeutral(mask)) {
                if (refs.size() == 2) {
                    // The value is the key too.
                    refs.add(refs.get(1));
                }
                tensors(mask, refs, config);
            }
            masks(keywords, refs, config);
        }
    }

    /// The masks of inputs that a call is given by name: behind its other tensors.
    private static void masks(JsonObject keywords, List<KerasRef> refs, LayerConfig config) {
        for (Map.Entry<Integer, JsonElement> entry :
                CallMasks.of(config.className(), keywords).entrySet()) {
            final int at = refs.size();
            tensors(entry.getValue(), refs, config);
            if (refs.size() != at + 1) {
                config.find(
                        Reason.UNSUPPORTED_CONNECTION, "is called with the mask " + KerasJson.shown(entry.getValue()));
            } else if (!CallMasks.isOfElements(config.className())) {
                config.mask(entry.getKey(), at);
            }
        }
    }

    /// The argument by name that a layer takes first; null where there is none.
    private static @Nullable String first(String className, JsonObject keywords) {
        return keywords.keySet().stream()
                .filter(argument ->
                        FIRST.contains(argument) || (argument.equals("query") && KerasAttention.isOfHeads(className)))
                .findFirst()
                .orElse(null);
    }

    /// One tensor or a list of them, in either form.
    private static void tensors(JsonElement json, List<KerasRef> refs, LayerConfig config) {
        if (isReference(json)) {
            reference(json.getAsJsonArray(), refs, config);
        } else if (json.isJsonArray()) {
            json.getAsJsonArray().forEach(element -> tensors(element, refs, config));
        } else {
            collect(json, refs, config);
        }
    }
}
