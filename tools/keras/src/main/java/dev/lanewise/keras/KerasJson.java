package dev.lanewise.keras;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.reflect.TypeToken;
import dev.lanewise.io.ModelFormatException;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// JSON of Keras' files, which may have `NaN` in it and comes from anywhere: bounded before it is parsed.
final class KerasJson {
    /// Far beyond the largest published models, whose configs have less than a megabyte.
    private static final int MAX_CHARACTERS = 32 << 20;

    private static final int MAX_VALUES = 1 << 20;
    private static final int MAX_DEPTH = 200;
    private static final int MAX_SHOWN = 60;
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}", Pattern.UNICODE_CHARACTER_CLASS);

    private KerasJson() {}

    /// Parses an object.
    ///
    /// @param where for errors: the file and the place in it
    /// @throws ModelFormatException if it is not an object, or too large or too deep to be a model
    static JsonObject object(String text, String where) {
        check(text, where);
        try {
            final JsonElement json = JsonParser.parseString(text);
            if (!json.isJsonObject()) {
                throw new ModelFormatException(where + " is no JSON object but " + shown(json));
            }
            return json.getAsJsonObject();
        } catch (JsonParseException e) {
            final String reason =
                    String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            throw new ModelFormatException(where + " is not JSON (" + shown(reason) + ")", e);
        }
    }

    /// A text as Python writes it: other characters than ASCII are escaped.
    static String ascii(JsonElement json) {
        final String text = json.toString();
        final StringBuilder ascii = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            final char c = text.charAt(i);
            if (c < 128) {
                ascii.append(c);
            } else {
                ascii.append(String.format("\\u%04x", (int) c));
            }
        }
        return ascii.toString();
    }

    /// One pass over the text: how deep it is nested and how many values it has. The parser must be lenient,
    /// for NaN;
    /// what else it would take then (comments, other quotes and separators) is refused here, or it could
    /// hide from
    /// the count.
    private static void check(String text, String where) {
        if (text.length() > MAX_CHARACTERS) {
            throw new ModelFormatException(
                    where + " has " + text.length() + " characters; up to " + MAX_CHARACTERS + " are supported");
        }
        int depth = 0;
        int values = 0;
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            final char c = text.charAt(i);
            if (quoted) {
                if (c == '\\') {
                    i++;
                } else if (c == '"') {
                    quoted = false;
                }
                continue;
            }
            switch (c) {
                case '"' -> quoted = true;
                case '{', '[' -> {
                    depth++;
                    values++;
                }
                case '}', ']' -> depth--;
                case ',' -> values++;
                case '\'', '#', '/', ';', '=' ->
                    throw new ModelFormatException(where + " is not JSON ('" + c + "' at character " + i + ")");
                default -> {}
            }
            if (depth > MAX_DEPTH) {
                throw new ModelFormatException(where + " is nested more than " + MAX_DEPTH + " deep");
            }
            if (values > MAX_VALUES) {
                throw new ModelFormatException(where + " has more than " + MAX_VALUES + " values");
            }
        }
    }

    /// A member that is an object; null where it is missing or something else.
    static @Nullable JsonObject member(JsonObject json, String key) {
        final JsonElement value = json.get(key);
        return value != null && value.isJsonObject() ? value.getAsJsonObject() : null;
    }

    /// A member that is a string; null where it is missing or something else.
    static @Nullable String string(JsonObject json, String key) {
        return string(json.get(key));
    }

    static @Nullable String string(@Nullable JsonElement value) {
        return value != null
                        && value.isJsonPrimitive()
                        && value.getAsJsonPrimitive().isString()
                ? value.getAsString()
                : null;
    }

    static boolean isNumber(@Nullable JsonElement value) {
        return value != null
                && value.isJsonPrimitive()
                && value.getAsJsonPrimitive().isNumber();
    }

    /// A list of two.
    static JsonArray pair(JsonElement first, JsonElement second) {
        final JsonArray pair = new JsonArray();
        pair.add(first);
        pair.add(second);
        return pair;
    }

    /// Whether a value stands for nothing: missing, null, false, an empty object or list.
    static boolean isNeutral(@Nullable JsonElement value) {
        if (value == null || value.isJsonNull()) {
            return true;
        }
        if (value.isJsonObject()) {
            return value.getAsJsonObject().isEmpty();
        }
        if (value.isJsonArray()) {
            return value.getAsJsonArray().isEmpty();
        }
        return value.getAsJsonPrimitive().isBoolean() && !value.getAsBoolean();
    }

    /// An object's values as Java's: numbers as [Double], texts, booleans, lists, maps and null.
    static Map<String, Object> map(JsonObject json) {
        return new Gson().<Map<String, Object>>fromJson(json, new TypeToken<Map<String, Object>>() {}.getType());
    }

    /// For people: nothing in it that a terminal would obey.
    static String printable(String text) {
        return CONTROL.matcher(text).replaceAll("?");
    }

    /// For messages: not longer than fits a line, and printable.
    static String shown(Object value) {
        final String text = printable(value.toString());
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "…";
    }
}
