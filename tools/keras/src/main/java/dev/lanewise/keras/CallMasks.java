package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Masks that a call is given by name: `mask`, and of attention of heads `query_mask`, `value_mask` and
/// `key_mask`.
final class CallMasks {
    /// A mask of an input of a call.
    ///
    /// @param call which of the layer's
    /// @param input which of the call's
    /// @param mask place of the mask among what the call takes
    record Given(int call, int input, int mask) {}

    private static final Set<String> LAYERS = Set.of(
            "BatchNormalization",
            "SimpleRNN",
            "LSTM",
            "GRU",
            "RNN",
            "ConvLSTM1D",
            "ConvLSTM2D",
            "ConvLSTM3D",
            "Bidirectional",
            "TimeDistributed",
            "GlobalAveragePooling1D",
            "Attention",
            "AdditiveAttention");

    /// Of layers with heads, by the input.
    private static final List<String> OF_HEADS = List.of("query_mask", "value_mask", "key_mask");

    static final String MASK = "mask";

    private CallMasks() {}

    /// Whether an argument of a call is a mask that is taken here. That of `Softmax` is one of elements, and
    /// an input.
    static boolean isMask(String className, String argument) {
        return KerasAttention.isOfHeads(className)
                ? OF_HEADS.contains(argument)
                : argument.equals("mask") && (LAYERS.contains(className) || isOfElements(className));
    }

    static boolean isOfElements(String className) {
        return className.equals("Softmax");
    }

    /// Whether a call may be given a mask of this input.
    static boolean takes(String className, int input) {
        if (KerasAttention.isOfHeads(className)) {
            return input < OF_HEADS.size();
        }
        return LAYERS.contains(className) && input < (KerasAttention.is(className) ? 2 : 1);
    }

    /// Writes masks as a call's arguments by name.
    ///
    /// @param masks by the inputs that they are of
    static void write(String className, Map<Integer, JsonElement> masks, JsonObject keywords) {
        if (KerasAttention.isOfHeads(className)) {
            masks.forEach((input, mask) -> keywords.add(OF_HEADS.get(input), mask));
        } else if (KerasAttention.is(className) && !masks.isEmpty()) {
            final JsonArray both = new JsonArray();
            for (int input = 0; input < 2; input++) {
                both.add(masks.getOrDefault(input, JsonNull.INSTANCE));
            }
            keywords.add(MASK, both);
        } else {
            masks.values().forEach(mask -> keywords.add(MASK, mask));
        }
    }

    /// The masks among a call's arguments by the input that each is of, null ones left out.
    static Map<Integer, JsonElement> of(String className, JsonObject keywords) {
        final Map<Integer, JsonElement> masks = new LinkedHashMap<>();
        if (KerasAttention.isOfHeads(className)) {
            for (int i = 0; i < OF_HEADS.size(); i++) {
                put(masks, i, keywords.get(OF_HEADS.get(i)));
            }
            return masks;
        }
        final JsonElement mask = keywords.get("mask");
        final boolean one = mask == null || !mask.isJsonArray() || KerasCalls.isReference(mask);
        if (!isMask(className, "mask") || one) {
            put(masks, 0, isMask(className, "mask") ? mask : null);
            return masks;
        }
        final JsonArray list = mask.getAsJsonArray();
        for (int i = 0; i < list.size(); i++) {
            put(masks, i, list.get(i));
        }
        return masks;
    }

    private static void put(Map<Integer, JsonElement> masks, int input, @Nullable JsonElement mask) {
        if (mask != null && !KerasJson.isNeutral(mask)) {
            masks.put(input, mask);
        }
    }

    /// The inputs of a call without its masks.
    static <T> List<T> without(List<T> arguments, List<Given> masks) {
        final List<T> inputs = new ArrayList<>();
        for (int i = 0; i < arguments.size(); i++) {
            final int at = i;
            if (masks.stream().noneMatch(given -> given.mask() == at)) {
                inputs.add(arguments.get(i));
            }
        }
        return inputs;
    }
}
