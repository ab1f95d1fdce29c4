package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.io.RecordJson;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.RNN;
import dev.lanewise.nn.layer.TimeDistributed;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Layers as entries of Keras' configs: the reverse of [KerasLayers]. An entry that still means the layer is
/// written as it was in the file; of one that was changed, or is of an older Keras, the settings are the
/// layer's and what nobody here knows is kept.
final class KerasLayerJson {
    static final String MODULE = "keras.layers";

    /// Keys of an entry of an older file that are written anew, or that today's Keras refuses.
    private static final Set<String> NOT_KEPT = Set.of(
            "batch_input_shape",
            "batch_shape",
            "input_shape",
            "input_dim",
            "input_dtype",
            "data_format",
            "dim_ordering",
            "time_major",
            "shared_object_id",
            "build_config",
            "causal",
            "consume_less",
            "forget_bias_init",
            "init",
            "activity_regularizer");

    /// Layers that tf.keras 2 does not have.
    private static final Set<String> LAYERS_OF_KERAS_3 = Set.of("GroupQueryAttention", "RMSNormalization");

    /// Layers over places that take channels last alone, in tf.keras or in Keras 3.
    private static final Set<String> NO_DATA_FORMAT =
            Set.of("Cropping1D", "UpSampling1D", "ZeroPadding1D", "SpatialDropout1D", "Resizing", "CenterCrop");

    private final KeptConfig kept;
    private final boolean keras3;
    private final KerasRulesJson rules;
    private final KerasFunctionsJson functions;
    private final ExportReport.Notes notes;

    /// @param keras3 for a `.keras` archive; else as Keras 2 wrote it, which Keras 3 reads in `.h5` files too
    KerasLayerJson(KeptConfig kept, boolean keras3, KerasRulesJson rules, ExportReport.Notes notes) {
        this.kept = kept;
        this.keras3 = keras3;
        this.rules = rules;
        this.notes = notes;
        functions = new KerasFunctionsJson(keras3, notes);
    }

    /// The entry of a layer, without its connections.
    ///
    /// @throws IllegalArgumentException if Keras has nothing like it
    JsonObject entry(ExportModel.Node node, boolean trainable) {
        final Layer layer = node.layer();
        if (layer == null) {
            throw new IllegalStateException("'" + node.path() + "' is a model");
        }
        final JsonObject original = kept.entry(node.path());
        if (layer instanceof InputLayer input) {
            return input(node.name(), input, original);
        }
        final JsonObject entry = entry(node.name(), layer, original, node.folded());
        final JsonObject config = entry.getAsJsonObject("config");
        if (!trainable || original == null || config.has("trainable")) {
            config.addProperty("trainable", trainable);
        }
        rules.add(
                node.path(),
                String.valueOf(KerasJson.string(entry, "class_name")),
                layer.parameters(KerasShapesJson.flatShapes(node)),
                config);
        if (keras3) {
            KerasShapesJson.build(entry, node, layer, original);
        }
        return entry;
    }

    private JsonObject input(String name, InputLayer input, @Nullable JsonObject original) {
        final JsonObject before = original == null ? null : KerasJson.member(original, "config");
        final String dtype = before == null ? null : KerasJson.string(before, "dtype");
        final JsonObject config = new JsonObject();
        config.add(keras3 ? "batch_shape" : "batch_input_shape", KerasShapesJson.batch(input.sample(), before));
        config.addProperty("dtype", dtype == null ? "float32" : dtype);
        config.addProperty("sparse", false);
        config.addProperty("ragged", false);
        config.addProperty("name", name);
        keep("InputLayer", before, config);
        if (!keras3) {
            config.remove("optional");
        } else if (before != null && !before.has("ragged") && kept.kerasMajor() == 3) {
            config.remove("ragged");
        }
        return ConfigForms.object(keras3, MODULE, "InputLayer", config);
    }

    /// An entry without what the place of a layer in the model says.
    private JsonObject entry(String name, Layer layer, @Nullable JsonObject original, ExportFolding.Folded folded) {
        final String written = ExportClasses.className(name, layer, original, kept);
        if (original != null && ExportClasses.isCustom(original, layer, kept)) {
            return custom(name, original);
        }
        final String type = layer.typeName();
        final Record settings = (Record) layer;
        final JsonObject whole = ExportClasses.whole(layer, original, kept);
        if (original != null && whole == null) {
            final String was = String.valueOf(KerasJson.string(original, "class_name"));
            if (!KerasUpgrade.classes().getOrDefault(was, was).equals(type) || KerasOperations.isOperation(original)) {
                notes.add(
                        ExportReport.Kind.OTHER_LAYER, name, "was " + KerasJson.shown(was) + ", is written as " + type);
            }
        }
        if (keras3) {
            ExportClasses.requireKeras3(name, layer);
        } else if (ExportClasses.isOfKeras2(layer)) {
            notes.add(
                    ExportReport.Kind.KERAS_2_ONLY,
                    name,
                    "Keras 3 has no " + ExportClasses.inmost(layer).typeName());
        }
        if (!keras3 && LAYERS_OF_KERAS_3.contains(type)) {
            notes.add(ExportReport.Kind.KERAS_3_ONLY, name, "tf.keras 2 has no " + type);
        }
        final JsonObject config;
        if (whole != null) {
            final JsonObject given = whole.getAsJsonObject("config");
            config = (keras3 ? ConfigForms.today("", given) : ConfigForms.legacy(type, given)).getAsJsonObject();
            functions.noteAll(name, config);
            if (!folded.activation() && config.has("activation") && type.equals("Dense")) {
                config.add(
                        "activation",
                        functions.activation(name, RecordJson.write(settings).get("activation")));
            }
            dtype(name, config);
        } else {
            config = new JsonObject();
            config.addProperty("name", name);
            config.addProperty("trainable", true);
            config.addProperty("dtype", "float32");
            settings(name, settings, original, folded, config);
            if (original != null && !KerasOperations.isOperation(original)) {
                keep(type, KerasJson.member(original, "config"), config);
            }
            if (folded.activation()) {
                config.addProperty("activation", "glu");
            }
        }
        config.addProperty("name", name);
        own(type, folded, original, whole != null, config);
        return ConfigForms.object(keras3, MODULE, written, config);
    }

    /// The settings of a layer in Keras' form.
    private void settings(
            String name, Record layer, @Nullable JsonObject original, ExportFolding.Folded folded, JsonObject config) {
        final ExportFolding.Folded inner = new ExportFolding.Folded(folded.channelsFirst(), false, false);
        switch (layer) {
            case Bidirectional both -> {
                config.addProperty("merge_mode", both.mergeMode());
                final String type = snake(both.layer());
                config.add("layer", inner("forward_" + type, both.layer(), original, inner, "layer"));
                if (both.backwardLayer() != null) {
                    config.add(
                            "backward_layer",
                            inner("backward_" + type, both.backwardLayer(), original, inner, "backward_layer"));
                }
            }
            case TimeDistributed each ->
                config.add("layer", inner(snake(each.layer()), each.layer(), original, inner, "layer"));
            case RNN rnn -> {
                final JsonObject own = RecordJson.write(rnn);
                own.remove("cells");
                own.entrySet().forEach(entry -> config.add(entry.getKey(), entry.getValue()));
                config.add("cell", stacked(name, rnn, original));
            }
            default -> {
                for (Map.Entry<String, JsonElement> entry :
                        RecordJson.write(layer).entrySet()) {
                    setting(name, entry.getKey(), entry.getValue(), config);
                }
            }
        }
    }

    private void setting(String name, String key, JsonElement value, JsonObject config) {
        if (KerasAttention.SETTINGS.contains(key)) {
            return; // an argument of the call
        }
        if (key.endsWith("_initializer")) {
            initializer(name, key, value, config);
        } else if (key.equals("activation") || key.equals("recurrent_activation")) {
            config.add(key, functions.activation(name, value));
        } else {
            config.add(key, value);
        }
    }

    private void initializer(String name, String key, JsonElement value, JsonObject config) {
        final JsonObject object = value.isJsonObject() ? value.getAsJsonObject() : new JsonObject();
        final String type = String.valueOf(KerasJson.string(object, "class_name"));
        final Class<?> known = Initializers.registry().get(type);
        final JsonObject settings = KerasJson.member(object, "config");
        if (known == null || known.getEnclosingClass() != Initializers.class || settings == null) {
            notes.add(
                    ExportReport.Kind.LEFT_OUT,
                    name,
                    "'" + key + "' " + KerasJson.shown(type)
                            + ", which Keras does not have; its default stands for it");
            return;
        }
        config.add(key, ConfigForms.object(keras3, "keras.initializers", type, settings));
    }

    /// A layer within a layer.
    private JsonObject inner(
            String name, Layer layer, @Nullable JsonObject original, ExportFolding.Folded folded, String key) {
        final JsonObject before = original == null ? null : KerasJson.member(original, "config");
        final JsonObject own = before == null ? null : KerasJson.member(before, key);
        final JsonObject config = own == null ? null : KerasJson.member(own, "config");
        final String given = config == null ? null : KerasJson.string(config, "name");
        return entry(given == null ? name : given.replace('/', '_'), layer, own, folded);
    }

    /// Cells one on the other.
    private JsonObject stacked(String name, RNN rnn, @Nullable JsonObject original) {
        final JsonObject before = original == null ? null : KerasJson.member(original, "config");
        final List<JsonObject> given = KerasRecurrent.cells(before == null ? null : before.get("cell"));
        final JsonArray cells = new JsonArray();
        for (int i = 0; i < rnn.cells().size(); i++) {
            final Layer cell = rnn.cells().get(i);
            final JsonObject own = given.size() == rnn.cells().size() ? KerasJson.member(given.get(i), "config") : null;
            final String called = own == null ? null : KerasJson.string(own, "name");
            final JsonObject config = new JsonObject();
            config.addProperty("name", called == null ? snake(cell) + "_cell" + (i == 0 ? "" : "_" + i) : called);
            config.addProperty("trainable", true);
            config.addProperty("dtype", "float32");
            RecordJson.write((Record) cell).entrySet().stream()
                    .filter(entry -> !KerasRecurrent.CELLS_OWN.contains(entry.getKey()))
                    .forEach(entry -> setting(name, entry.getKey(), entry.getValue(), config));
            keep(cell.typeName() + "Cell", own, config);
            cells.add(ConfigForms.object(keras3, MODULE, cell.typeName() + "Cell", config));
        }
        if (cells.size() == 1) {
            return cells.get(0).getAsJsonObject();
        }
        final JsonObject config = new JsonObject();
        config.addProperty("name", "stacked_rnn_cells");
        config.addProperty("trainable", true);
        config.addProperty("dtype", "float32");
        config.add("cells", cells);
        return ConfigForms.object(keras3, MODULE, "StackedRNNCells", config);
    }

    private JsonObject custom(String name, JsonObject original) {
        final JsonObject entry =
                (keras3 ? ConfigForms.today("layer", original) : original.deepCopy()).getAsJsonObject();
        entry.remove("weight_names");
        entry.remove("build_config");
        entry.getAsJsonObject("config").addProperty("name", name);
        return entry;
    }

    /// Numbers are float32 here.
    private void dtype(String name, JsonObject config) {
        final JsonElement given = config.get("dtype");
        final JsonElement plain = given == null ? null : ConfigForms.legacy(given);
        if (plain != null && !plain.equals(new JsonPrimitive("float32"))) {
            notes.add(
                    ExportReport.Kind.LEFT_OUT,
                    name,
                    "dtype " + KerasJson.shown(plain) + ": weights here are float32, and so is the file");
            config.addProperty("dtype", "float32");
        }
    }

    /// What the generation and the place of the channels want otherwise.
    private void own(
            String type, ExportFolding.Folded folded, @Nullable JsonObject original, boolean whole, JsonObject config) {
        if (whole ? config.has("data_format") : KerasChannels.hasDataFormat(type) && !NO_DATA_FORMAT.contains(type)) {
            config.addProperty("data_format", folded.channelsFirst() ? "channels_first" : "channels_last");
        }
        for (String key : whole ? List.of("layer", "backward_layer") : List.<String>of()) {
            final JsonObject entry = KerasJson.member(config, key);
            final JsonObject inner = entry == null ? null : KerasJson.member(entry, "config");
            if (entry != null && inner != null) {
                own(
                        String.valueOf(KerasJson.string(entry, "class_name")),
                        new ExportFolding.Folded(folded.channelsFirst(), false, false),
                        entry,
                        true,
                        inner);
            }
        }
        if (type.equals("LeakyReLU") && !keras3 && config.has("negative_slope")) {
            config.add("alpha", config.remove("negative_slope"));
        }
        if (type.equals("Attention") && !config.has("score_mode")) {
            config.addProperty("score_mode", "dot");
        }
        if (type.equals("Normalization") && config.get("axis") instanceof JsonArray axes && axes.isEmpty() && !whole) {
            config.add("axis", JsonNull.INSTANCE);
        }
        if (!keras3) {
            // tf.keras has no seed in these.
            if (config.has("seed") && (config.has("recurrent_initializer") || type.endsWith("Attention"))) {
                config.remove("seed");
            }
            if (type.contains("Transpose") || type.startsWith("Depthwise") || type.startsWith("Separable")) {
                config.remove("groups");
            }
        }
        if (!keras3 && whole && original != null) {
            // A layer of one cell is that cell's layer here, and not in the file.
            KerasRecurrent.say(String.valueOf(KerasJson.string(original, "class_name")), config);
        }
        if (!keras3) {
            config.entrySet().removeIf(entry -> ConfigForms.isOfKeras3(type, entry.getKey(), entry.getValue()));
        }
        final JsonObject before = original == null ? null : KerasJson.member(original, "config");
        if (folded.activity()) {
            config.add(
                    "activity_regularizer", rules.activity(before == null ? null : before.get("activity_regularizer")));
        } else if (config.has("activity_regularizer")) {
            config.add("activity_regularizer", JsonNull.INSTANCE);
        }
    }

    /// Keys of an entry of the file that nobody here writes.
    private void keep(String type, @Nullable JsonObject before, JsonObject config) {
        if (before == null) {
            return;
        }
        for (Map.Entry<String, JsonElement> entry : before.entrySet()) {
            final String key = entry.getKey();
            if (config.has(key)
                    || NOT_KEPT.contains(key)
                    || key.endsWith("_initializer")
                    || RecordConfig.isOlder(key)
                    || (!keras3 && ConfigForms.isOfKeras3(type, key, entry.getValue()))) {
                continue;
            }
            config.add(key, keras3 ? ConfigForms.today(key, entry.getValue()) : ConfigForms.legacy(entry.getValue()));
        }
    }

    /// Whether the file must say that Keras 3 wrote it.
    boolean needsKeras3() {
        return functions.needsKeras3();
    }

    private static String snake(Layer layer) {
        return Graph.snakeCase(layer.typeName());
    }
}
