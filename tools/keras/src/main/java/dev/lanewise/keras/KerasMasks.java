package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Masks as Keras 3 writes them into functional models: the operations that make the mask of an `Embedding`
/// or a `Masking` stand among the layers (`NotEqual`, `Any`), and each call that uses the mask has it as an
/// argument by name. Layers here pass masks on by themselves, so that such an argument says nothing new as
/// long as it is the mask that comes along anyway: then it is taken off, and so are the operations that
/// nobody reads any more. Other masks stay, to be refused by name.
final class KerasMasks {
    /// Which elements count: those that are not this number; or, over features, rows that have one such
    /// element.
    private record Mask(KerasRef of, double not, boolean overFeatures) {}

    private static final String ARGUMENT = "mask";

    /// How the arguments that are masks of others end.
    private static final String ENDING = "_mask";

    /// Inputs of attention, in their order.
    private static final List<String> INPUTS = List.of("query", "value", "key");

    /// Layers of one input that pass its mask on, in Keras and here.
    private static final Set<String> PASSING = Set.of(
            "Activation",
            "ActivityRegularization",
            "AlphaDropout",
            "BatchNormalization",
            "Dense",
            "Dropout",
            "ELU",
            "GaussianDropout",
            "GaussianNoise",
            "GroupNormalization",
            "GroupQueryAttention",
            "GroupedQueryAttention",
            "LayerNormalization",
            "LeakyReLU",
            "MultiHeadAttention",
            "PReLU",
            "RMSNormalization",
            "ReLU",
            "Softmax",
            "SpatialDropout1D",
            "TimeDistributed",
            "UnitNormalization");

    private static final Set<String> RECURRENT =
            Set.of("Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "LSTM", "RNN", "SimpleRNN");

    /// Layers whose result counts where one of their inputs does.
    private static final Set<String> MERGES = Set.of("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract");

    private static final Set<String> OPERATIONS = Set.of("NotEqual", "Any", "LogicalOr");

    private static final int MAX_DEPTH = 500;

    private final Map<String, JsonObject> entries = new HashMap<>();

    /// What was found already; a value within itself has no mask.
    private final Map<KerasRef, Optional<Mask>> ofValues = new HashMap<>();

    private final Map<KerasRef, Optional<Mask>> ofOperations = new HashMap<>();

    private KerasMasks() {}

    /// The layers of a functional model without masks that come along anyway; the same list where there are
    /// none.
    ///
    /// @param outputs the model's, which may be masks themselves
    static JsonArray without(JsonArray layers, @Nullable JsonElement outputs) {
        if (layers.asList().stream().noneMatch(KerasMasks::isOperation)) {
            return layers;
        }
        final JsonArray kept = layers.deepCopy();
        final KerasMasks masks = new KerasMasks();
        for (JsonElement layer : kept) {
            if (layer instanceof JsonObject entry && KerasJson.string(entry, "name") != null) {
                masks.entries.putIfAbsent(String.valueOf(KerasJson.string(entry, "name")), entry);
            }
        }
        for (JsonElement layer : kept) {
            if (layer instanceof JsonObject entry) {
                calls(entry).forEach(masks::takeOff);
            }
        }
        // The last operation of a mask first: then nobody reads the one before it.
        boolean found = true;
        while (found) {
            final Set<String> read = new HashSet<>();
            for (JsonElement layer : kept) {
                names(layer instanceof JsonObject entry ? entry.get("inbound_nodes") : null, read);
            }
            names(outputs, read);
            found = kept.asList()
                    .removeIf(layer -> isOperation(layer)
                            && !read.contains(String.valueOf(KerasJson.string(layer.getAsJsonObject(), "name"))));
        }
        return kept;
    }

    private static boolean isOperation(JsonElement layer) {
        return layer instanceof JsonObject entry
                && OPERATIONS.contains(String.valueOf(KerasJson.string(entry, "class_name")));
    }

    /// All texts in a value: those of references are names of layers.
    private static void names(@Nullable JsonElement json, Set<String> names) {
        if (json instanceof JsonArray array) {
            array.forEach(element -> names(element, names));
        } else if (json instanceof JsonObject object) {
            object.entrySet().forEach(entry -> names(entry.getValue(), names));
        } else if (json != null && KerasJson.string(json) != null) {
            names.add(json.getAsString());
        }
    }

    /// The calls of a layer as Keras 3 writes them.
    private static List<JsonObject> calls(JsonObject entry) {
        final List<JsonObject> calls = new ArrayList<>();
        if (entry.get("inbound_nodes") instanceof JsonArray nodes) {
            for (JsonElement node : nodes) {
                if (node instanceof JsonObject call) {
                    calls.add(call);
                }
            }
        }
        return calls;
    }

    private void takeOff(JsonObject call) {
        final JsonObject keywords = KerasJson.member(call, "kwargs");
        if (keywords == null) {
            return;
        }
        for (String key : List.copyOf(keywords.keySet())) {
            final boolean isMask = key.equals(ARGUMENT)
                    || (key.endsWith(ENDING) && INPUTS.contains(key.substring(0, key.length() - ENDING.length())));
            final JsonElement given = keywords.get(key);
            if (isMask && !KerasJson.isNeutral(given) && isOwn(given, masked(call, key))) {
                keywords.remove(key);
            }
        }
    }

    /// The argument whose mask an argument is.
    private static @Nullable JsonElement masked(JsonObject call, String key) {
        if (key.equals(ARGUMENT)) {
            return argument(call, 0, "inputs");
        }
        final String input = key.substring(0, key.length() - ENDING.length());
        final JsonElement own = argument(call, INPUTS.indexOf(input), input);
        // The value is the key too.
        return own == null && input.equals("key") ? argument(call, 1, "value") : own;
    }

    private static @Nullable JsonElement argument(JsonObject call, int position, String name) {
        if (call.get("args") instanceof JsonArray args && position < args.size()) {
            return args.get(position);
        }
        final JsonObject keywords = KerasJson.member(call, "kwargs");
        return keywords == null ? null : keywords.get(name);
    }

    /// Whether a mask, or each of a list, is the one that its argument has by itself.
    private boolean isOwn(JsonElement mask, @Nullable JsonElement argument) {
        if (mask instanceof JsonArray masks) {
            if (!(argument instanceof JsonArray arguments) || arguments.size() != masks.size()) {
                return false;
            }
            for (int i = 0; i < masks.size(); i++) {
                if (!isOwn(masks.get(i), arguments.get(i))) {
                    return false;
                }
            }
            return true;
        }
        final Mask own = argument == null ? null : ofValue(ref(argument), 0);
        return mask.isJsonNull() ? own == null : own != null && own.equals(ofOperations(ref(mask), 0));
    }

    private static @Nullable KerasRef ref(JsonElement tensor) {
        if (!KerasCalls.isTensor(tensor)) {
            return null;
        }
        final JsonObject config = KerasJson.member(tensor.getAsJsonObject(), "config");
        return config != null && config.get("keras_history") instanceof JsonArray history
                ? KerasCalls.ref(history)
                : null;
    }

    private @Nullable JsonObject entry(@Nullable KerasRef ref) {
        return ref == null ? null : entries.get(ref.layer());
    }

    private static @Nullable JsonObject call(JsonObject entry, KerasRef ref) {
        final List<JsonObject> calls = calls(entry);
        return ref.node() >= 0 && ref.node() < calls.size() ? calls.get(ref.node()) : null;
    }

    /// The mask that a value has by itself; null for none, and where that is not known.
    private @Nullable Mask ofValue(@Nullable KerasRef ref, int depth) {
        final JsonObject entry = entry(ref);
        final JsonObject call = entry == null || ref == null || ref.tensor() != 0 ? null : call(entry, ref);
        if (entry == null || ref == null || call == null || depth > MAX_DEPTH) {
            return null;
        }
        final Optional<Mask> known = ofValues.putIfAbsent(ref, Optional.empty());
        final Mask mask = known == null ? ofValue(entry, call, depth) : known.orElse(null);
        ofValues.put(ref, Optional.ofNullable(mask));
        return mask;
    }

    private @Nullable Mask ofValue(JsonObject entry, JsonObject call, int depth) {
        final JsonElement input = argument(call, 0, "inputs");
        final JsonObject config = Objects.requireNonNullElseGet(KerasJson.member(entry, "config"), JsonObject::new);
        final String type = String.valueOf(KerasJson.string(entry, "class_name"));
        final JsonElement first = input == null ? argument(call, 0, INPUTS.getFirst()) : input;
        final KerasRef from = first == null ? null : ref(first);
        if (type.equals("Embedding") && from != null) {
            return isOn(config, "mask_zero") ? new Mask(from, 0, false) : null;
        }
        if (type.equals("Masking") && from != null) {
            return new Mask(from, number(config.get("mask_value"), 0), true);
        }
        if (PASSING.contains(type) || (RECURRENT.contains(type) && returnsSteps(type, config))) {
            return ofValue(from, depth + 1);
        }
        if (MERGES.contains(type) && !KerasOperations.isOperation(entry) && first instanceof JsonArray inputs) {
            Mask common = null;
            for (int i = 0; i < inputs.size(); i++) {
                final Mask mask = ofValue(ref(inputs.get(i)), depth + 1);
                if (mask == null || (i > 0 && !mask.equals(common))) {
                    return null;
                }
                common = mask;
            }
            return common;
        }
        return null;
    }

    private static boolean returnsSteps(String type, JsonObject config) {
        final JsonObject layer = type.equals("Bidirectional") ? KerasJson.member(config, "layer") : null;
        final JsonObject inner = layer == null ? config : KerasJson.member(layer, "config");
        return inner != null && isOn(inner, "return_sequences");
    }

    private static boolean isOn(JsonObject config, String key) {
        return new JsonPrimitive(true).equals(config.get(key));
    }

    private static double number(@Nullable JsonElement json, double otherwise) {
        return json != null && KerasJson.isNumber(json) ? json.getAsDouble() : otherwise;
    }

    /// What the operations behind a mask compute; null where they are others.
    private @Nullable Mask ofOperations(@Nullable KerasRef ref, int depth) {
        final JsonObject entry = entry(ref);
        final JsonObject call = entry == null || ref == null ? null : call(entry, ref);
        if (entry == null || ref == null || call == null || depth > MAX_DEPTH) {
            return null;
        }
        final Optional<Mask> known = ofOperations.putIfAbsent(ref, Optional.empty());
        final Mask mask = known == null ? ofOperation(entry, call, depth) : known.orElse(null);
        ofOperations.put(ref, Optional.ofNullable(mask));
        return mask;
    }

    private @Nullable Mask ofOperation(JsonObject entry, JsonObject call, int depth) {
        final JsonObject config = Objects.requireNonNullElseGet(KerasJson.member(entry, "config"), JsonObject::new);
        final JsonElement first = argument(call, 0, "x1");
        final JsonElement second = argument(call, 1, "x2");
        return switch (String.valueOf(KerasJson.string(entry, "class_name"))) {
            case "NotEqual" -> {
                final KerasRef of = first == null ? null : ref(first);
                yield of == null || !KerasJson.isNumber(second) ? null : new Mask(of, number(second, 0), false);
            }
            case "Any" -> {
                final JsonElement x = argument(call, 0, "x");
                final Mask each = x == null ? null : ofOperations(ref(x), depth + 1);
                final boolean overLast = String.valueOf(config.get("axis")).matches("-1|\\[-1]");
                yield each == null || !overLast || each.overFeatures() || isOn(config, "keepdims")
                        ? null
                        : new Mask(each.of(), each.not(), true);
            }
            case "LogicalOr" -> {
                final Mask one = first == null ? null : ofOperations(ref(first), depth + 1);
                final Mask other = second == null ? null : ofOperations(ref(second), depth + 1);
                yield one != null && one.equals(other) ? one : null;
            }
            default -> null;
        };
    }
}
