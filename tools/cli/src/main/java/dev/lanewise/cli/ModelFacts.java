package dev.lanewise.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.lanewise.data.DataFiles;
import dev.lanewise.nn.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/// What training writes down in a model, beside what the runtime keeps, so that its predictions can be read: the
/// classes'
/// names (`class_names`, a JSON array) and how bytes were scaled (`preprocessing`, `{"byte_scale": …}`).
final class ModelFacts {
    private static final String CLASS_NAMES = "class_names";
    private static final String PREPROCESSING = "preprocessing";
    private static final String BYTE_SCALE = "byte_scale";

    private ModelFacts() {}

    static void setClassNames(Model model, List<String> names) {
        if (!names.isEmpty()) {
            model.attributes().put(CLASS_NAMES, Json.strings(names).toString());
        }
    }

    /// The names, or none where they are missing or damaged.
    static List<String> classNames(Model model) {
        List<String> names = new ArrayList<>();
        try {
            String text = model.attributes().get(CLASS_NAMES);
            if (text != null) {
                JsonArray array = JsonParser.parseString(text).getAsJsonArray();
                for (JsonElement name : array) {
                    names.add(name.getAsString());
                }
            }
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
            return List.of();
        }
        return names;
    }

    /// Notes that bytes were scaled as [DataFiles] does.
    static void setByteScale(Model model) {
        JsonObject json = new JsonObject();
        json.addProperty(BYTE_SCALE, DataFiles.BYTE_SCALE);
        model.attributes().put(PREPROCESSING, json.toString());
    }

    /// What bytes were multiplied by in training; empty where the model does not say.
    static OptionalDouble byteScale(Model model) {
        try {
            String text = model.attributes().get(PREPROCESSING);
            if (text != null) {
                JsonElement scale =
                        JsonParser.parseString(text).getAsJsonObject().get(BYTE_SCALE);
                if (scale != null) {
                    return OptionalDouble.of(scale.getAsFloat());
                }
            }
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException | NumberFormatException e) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.empty();
    }
}
