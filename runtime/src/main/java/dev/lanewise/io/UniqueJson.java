package dev.lanewise.io;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonSyntaxException;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.util.HashSet;
import java.util.Set;

/// JSON in which no object has a key twice. Gson's own parser keeps the last value of such a key, other readers
/// the first: a file with one could mean different things to different programs.
final class UniqueJson {
    private static final int LONGEST_KEY = 60;

    /// Far beyond the largest models; each takes some hundred bytes of memory.
    private static final int MOST_VALUES = 1 << 20;

    private int values;

    private UniqueJson() {}

    /// The object that a text holds.
    ///
    /// @throws JsonSyntaxException if it is not one JSON object, a key stands in an object twice, or
    ///     there are more values than a model has
    static JsonObject parse(String text) {
        try (JsonReader in = new JsonReader(new StringReader(text))) {
            in.setStrictness(Strictness.LENIENT); // as JsonParser is
            new UniqueJson().check(in);
        } catch (IOException | IllegalStateException e) {
            throw new JsonSyntaxException(e);
        }
        return JsonParser.parseString(text).getAsJsonObject();
    }

    /// Walks through one value; the reader limits the depth.
    private void check(JsonReader in) throws IOException {
        if (++values > MOST_VALUES) {
            throw new JsonSyntaxException("there are more than " + MOST_VALUES + " values");
        }
        final JsonToken token = in.peek();
        if (token == JsonToken.BEGIN_OBJECT) {
            in.beginObject();
            final Set<String> keys = new HashSet<>();
            while (in.hasNext()) {
                final String key = in.nextName();
                if (!keys.add(key)) {
                    final String shown = key.length() <= LONGEST_KEY ? key : key.substring(0, LONGEST_KEY) + "…";
                    throw new JsonSyntaxException("the key '" + shown + "' stands twice in one object");
                }
                check(in);
            }
            in.endObject();
        } else if (token == JsonToken.BEGIN_ARRAY) {
            in.beginArray();
            while (in.hasNext()) {
                check(in);
            }
            in.endArray();
        } else {
            in.skipValue();
        }
    }
}
