package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.lanewise.nn.Model;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What an imported model keeps of its Keras file: see [KerasImport#ATTRIBUTE]. A model made here keeps
/// nothing.
final class KeptConfig {
    /// Key of the entry of a model that was in a TimeDistributed.
    static final String AT_EACH_STEP = "at_each_step";

    /// Key of what an operation is called with, its first call as the file has it.
    static final String CALL = "call";

    private final JsonObject json;
    private final JsonObject layers;
    private final Map<String, Integer> places = new LinkedHashMap<>();

    private KeptConfig(JsonObject json) {
        this.json = json;
        final JsonObject entries = KerasJson.member(json, "layers");
        layers = entries == null ? new JsonObject() : entries;
        layers.keySet().forEach(path -> places.put(path, places.size()));
    }

    /// Of a model; nothing where the attribute is missing or damaged, since it only says how things were.
    static KeptConfig of(Model model) {
        final String text = model.attributes().get(KerasImport.ATTRIBUTE);
        if (text != null) {
            try {
                if (JsonParser.parseString(text) instanceof JsonObject object) {
                    return new KeptConfig(object);
                }
            } catch (JsonParseException e) {
                // As if there were nothing.
            }
        }
        return new KeptConfig(new JsonObject());
    }

    /// Whether there is anything.
    boolean isEmpty() {
        return json.isEmpty();
    }

    /// `Sequential`, `Functional`; null where nothing is kept.
    @Nullable
    String type() {
        return KerasJson.string(json, "class_name");
    }

    @Nullable
    String name() {
        return KerasJson.string(json, "name");
    }

    /// Whether the weights had names of their own, as in `.h5` files.
    boolean hasWeightNames() {
        final String format = KerasJson.string(json, "format");
        return KerasModelFile.Format.H5.title().equals(format)
                || KerasModelFile.Format.H5_WEIGHTS.title().equals(format);
    }

    /// Whose formulas held: 1, 2 or 3.
    int kerasMajor() {
        final String version = KerasJson.string(json, "keras_version");
        final boolean archive = KerasModelFile.Format.ARCHIVE.title().equals(KerasJson.string(json, "format"));
        final JsonElement given = json.get("keras_major");
        return KerasJson.isNumber(given)
                ? given.getAsInt()
                : KerasArchitecture.major(version == null ? "" : version, archive ? 3 : 1);
    }

    /// The entry of a layer, or of a model within the model without its layers; null where there is none.
    @Nullable
    JsonObject entry(String path) {
        return KerasJson.member(layers, path);
    }

    /// Its place in the order of the file; null where it was not there.
    @Nullable
    Integer place(String path) {
        return places.get(path);
    }

    /// Paths of the models that were within the model.
    List<String> models() {
        return places.keySet().stream()
                .filter(path -> {
                    final JsonObject entry = entry(path);
                    return entry != null && KerasGraph.isModel(String.valueOf(KerasJson.string(entry, "class_name")));
                })
                .toList();
    }

    /// Names of the input layers of a model within the model, in the order of its inputs.
    List<String> inputs(String model) {
        final List<String> names = new ArrayList<>();
        for (String path : places.keySet()) {
            final JsonObject entry = entry(path);
            if (path.startsWith(model + "/")
                    && entry != null
                    && path.indexOf('/', model.length() + 1) < 0
                    && KerasGraph.isInput(String.valueOf(KerasJson.string(entry, "class_name")))) {
                names.add(path.substring(model.length() + 1));
            }
        }
        final JsonObject own = entry(model);
        final JsonObject config = own == null ? null : KerasJson.member(own, "config");
        final List<String> ordered = new ArrayList<>();
        collect(config == null ? null : config.get("input_layers"), ordered);
        return ordered.size() == names.size() && names.containsAll(ordered) ? ordered : names;
    }

    /// Names of layers in one reference, a list of them or an object of them.
    private static void collect(@Nullable JsonElement json, List<String> names) {
        if (json instanceof JsonArray array) {
            final String first = array.isEmpty() ? null : KerasJson.string(array.get(0));
            if (first != null) {
                names.add(first);
            } else {
                array.forEach(element -> collect(element, names));
            }
        } else if (json instanceof JsonObject object) {
            object.keySet().stream().sorted().forEach(key -> collect(object.get(key), names));
        }
    }

    /// What the file said of the model at a path beside its layers: `module`, `config`, … Empty for the root.
    JsonObject model(String path) {
        final JsonObject own = path.isEmpty() ? KerasJson.member(json, "model_config") : entry(path);
        return own == null ? new JsonObject() : own;
    }

    /// The training configuration of the file, or null.
    @Nullable
    JsonObject training() {
        return KerasJson.member(json, "training_config");
    }

    /// Whether the model is trained as it was when it was imported.
    boolean isTrainedAsImported(Model model) {
        final String then = KerasJson.string(json, "imported_training");
        return then != null && then.equals(model.attributes().get("training_config"));
    }

    /// Whether the file has metrics that the import did not take.
    boolean hasUnknownMetrics() {
        return String.valueOf(json.get("unknown_metrics")).equals("true");
    }

    /// The names that a layer's weights had; empty where they had none.
    List<String> weightNames(String layer) {
        final JsonObject entry = entry(layer);
        final List<String> names = new ArrayList<>();
        if (hasWeightNames() && entry != null && entry.get("weight_names") instanceof JsonArray array) {
            array.forEach(name -> names.add(String.valueOf(KerasJson.string(name))));
        }
        return names;
    }
}
