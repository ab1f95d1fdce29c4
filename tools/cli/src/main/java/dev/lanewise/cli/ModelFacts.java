package dev.lanewise.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.lanewise.data.DataFiles;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ModelEdit;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.GrayToRgb;
import dev.lanewise.nn.layer.Grayscale;
import dev.lanewise.nn.layer.PreprocessInput;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Reshape;
import dev.lanewise.nn.layer.Resizing;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/// What training writes down in a model, beside what the runtime keeps, so that its predictions can be read:
/// the classes' names (`class_names`, a JSON array) and how bytes were scaled (`preprocessing`,
/// `{"byte_scale": …}`).
final class ModelFacts {
    private static final String CLASS_NAMES = "class_names";
    private static final String PREPROCESSING = ModelEdit.PREPROCESSING;
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

    /// Notes what bytes are multiplied by before they come to the model.
    static void setByteScale(Model model, float scale) {
        JsonObject json = new JsonObject();
        json.addProperty(BYTE_SCALE, scale);
        model.attributes().put(PREPROCESSING, json.toString());
    }

    /// What bytes are multiplied by for this model: what it says, or 1 where it scales them by itself, or
    /// else as [DataFiles] does.
    static float scaleOfBytes(Model model) {
        return (float) byteScale(model).orElse(scalesByItself(model.graph()) ? 1 : DataFiles.BYTE_SCALE);
    }

    /// Whether the first layer behind an input that does more than to arrange numbers is one that scales them.
    private static boolean scalesByItself(Graph graph) {
        for (Graph.Call call : graph.calls()) {
            Layer layer = graph.layer(call.layer());
            if ((layer instanceof Rescaling || layer instanceof PreprocessInput)
                    && isInput(graph, call.inputs().getFirst())) {
                return true;
            }
        }
        return false;
    }

    private static boolean isInput(Graph graph, Graph.Value value) {
        Graph.Call call = graph.calls().get(value.call());
        return switch (graph.layer(call.layer())) {
            case InputLayer ignored -> true;
            case Resizing ignored -> isInput(graph, call.inputs().getFirst());
            case Grayscale ignored -> isInput(graph, call.inputs().getFirst());
            case GrayToRgb ignored -> isInput(graph, call.inputs().getFirst());
            case Flatten ignored -> isInput(graph, call.inputs().getFirst());
            case Reshape ignored -> isInput(graph, call.inputs().getFirst());
            default -> false;
        };
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
