package dev.lanewise.keras;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where Keras' files say the regularizer and constraint of a weight: in its layer's config, or in that of
/// the layer or cell within it.
///
/// @param type the class that the config is of
/// @param config in the file's JSON, not a copy
/// @param weight its name in that layer: attention has one setting for the kernels of all its parts
record RulePlace(String type, JsonObject config, String weight) {
    private static final Pattern OF_CELL = Pattern.compile("cell_([0-9]{1,6})/(.*)");
    private static final Pattern OF_DIRECTION = Pattern.compile("(forward|backward)/(.*)");

    /// The place of a layer's weight; null where the files have none for it.
    ///
    /// @param type the layer's class in the file
    /// @param weight name as the layer here has it
    static @Nullable RulePlace of(String type, JsonObject config, String weight) {
        if (type.equals("TimeDistributed")) {
            return within(KerasJson.member(config, "layer"), weight);
        }
        if (type.equals("Bidirectional")) {
            final Matcher direction = OF_DIRECTION.matcher(weight);
            if (!direction.matches()) {
                return null;
            }
            final JsonObject backward =
                    direction.group(1).equals("backward") ? KerasJson.member(config, "backward_layer") : null;
            return within(backward == null ? KerasJson.member(config, "layer") : backward, direction.group(2));
        }
        if (type.equals("RNN")) {
            final List<JsonObject> cells = KerasRecurrent.cells(config.get("cell"));
            final Matcher cell = OF_CELL.matcher(weight);
            final int number = cell.matches() ? Integer.parseInt(cell.group(1)) : 0;
            return number < cells.size() ? within(cells.get(number), cell.matches() ? cell.group(2) : weight) : null;
        }
        if (KerasAttention.isOfHeads(type.replace("Grouped", "Group"))) {
            return new RulePlace(type, config, weight.substring(weight.lastIndexOf('/') + 1));
        }
        return weight.indexOf('/') < 0 ? new RulePlace(type, config, weight) : null;
    }

    private static @Nullable RulePlace within(@Nullable JsonObject entry, String weight) {
        final JsonObject config = entry == null ? null : KerasJson.member(entry, "config");
        return entry == null || config == null
                ? null
                : of(String.valueOf(KerasJson.string(entry, "class_name")).replaceAll("Cell$", ""), config, weight);
    }

    /// Whether two weights share what the config says: the very config, since those of two cells may be alike.
    @SuppressWarnings("ReferenceEquality")
    boolean isThatOf(RulePlace other) {
        return config == other.config && weight.equals(other.weight);
    }
}
