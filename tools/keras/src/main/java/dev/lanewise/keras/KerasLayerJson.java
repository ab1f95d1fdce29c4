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
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Layers as entries of Keras' configs: the reverse of [KerasLayers]. An entry that still means the layer is
/// written as it was in the file; of one that was changed, or is of an older Keras, the settings are the
/// layer's and what nobody here knows is kept.
final class KerasLayerJson {
    private static final String MODULE = "keras.layers";

    /// Functions with settings have no form of their own in a config; the layers that compute them have.
    private static final Map<String, String> LAYER_OF_ACTIVATION =
            Map.of("leaky_relu", "LeakyReLU", "elu", "ELU", "relu", "ReLU", "softmax", "Softmax");

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

    /// Layers of Keras 1 that none of today's computes.
    private static final Set<String> GONE = Set.of("MaxoutDense", "Highway");

    /// Layers that Keras 3 does not have.
    private static final Set<String> LAYERS_OF_KERAS_2 = Set.of("LocallyConnected1D", "LocallyConnected2D");

    /// Layers and functions that tf.keras 2 does not have.
    private static final Set<String> LAYERS_OF_KERAS_3 = Set.of("GroupQueryAttention", "RMSNormalization");

    private static final Set<String> FUNCTIONS_OF_KERAS_3 = Set.of(
            "celu",
            "glu",
            "hard_shrink",
            "hard_silu",
            "hard_tanh",
            "log_sigmoid",
            "log_softmax",
            "relu6",
            "soft_shrink",
            "sparse_plus",
            "sparsemax",
            "squareplus",
            "tanh_shrink",
            "threshold");

    /// Layers over places that take channels last alone, in tf.keras or in Keras 3.
    private static final Set<String> NO_DATA_FORMAT =
            Set.of("Cropping1D", "UpSampling1D", "ZeroPadding1D", "SpatialDropout1D", "Resizing", "CenterCrop");

    private static final String HARD_SIGMOID = "hard_sigmoid";

    private final KeptConfig kept;
    private final boolean keras3;
    private final KerasRulesJson rules;
    private final ExportReport.Notes notes;

    /// Whether there was the function that Keras 1 and 2 called so, and whether there was that of Keras 3.
    private boolean formerHardSigmoid;

    private boolean hardSigmoid;

    /// @param keras3 for a `.keras` archive; else as Keras 2 wrote it, which Keras 3 reads in `.h5` files too
    KerasLayerJson(KeptConfig kept, boolean keras3, KerasRulesJson rules, ExportReport.Notes notes) {
        this.kept = kept;
        this.keras3 = keras3;
        this.rules = rules;
        this.notes = notes;
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
        rules.add(node.path(), layer.typeName(), layer.parameters(flatShapes(node)), config);
        if (keras3) {
            build(entry, node, layer, original);
        }
        return entry;
    }

    /// Shapes as the layer here takes them.
    static List<Shape> flatShapes(ExportModel.Node node) {
        final Layer layer = node.layer();
        if (layer == null || !node.folded().channelsFirst()) {
            return node.inputShapes();
        }
        final List<Shape> shapes = new ArrayList<>();
        for (Shape shape : node.inputShapes()) {
            final int from = 1 + ExportFolding.keptAxes(layer, shape.rank() - 1);
            final int last = shape.rank() - 1;
            shapes.add(from < last ? ExportFolding.moved(shape, from, last) : shape);
        }
        return shapes;
    }

    private JsonObject input(String name, InputLayer input, @Nullable JsonObject original) {
        final JsonObject before = original == null ? null : KerasJson.member(original, "config");
        final String dtype = before == null ? null : KerasJson.string(before, "dtype");
        final JsonObject config = new JsonObject();
        config.add(keras3 ? "batch_shape" : "batch_input_shape", batch(input.sample(), before));
        config.addProperty("dtype", dtype == null ? "float32" : dtype);
        config.addProperty("sparse", false);
        config.addProperty("ragged", false);
        config.addProperty("name", name);
        keep(before, config);
        if (!keras3) {
            config.remove("optional");
        } else if (before != null && !before.has("ragged") && kept.kerasMajor() == 3) {
            config.remove("ragged");
        }
        return ConfigForms.object(keras3, MODULE, "InputLayer", config);
    }

    /// Whether Keras 3 has no such layer, or none such as is in it.
    static boolean isOfKeras2(Layer layer) {
        return LAYERS_OF_KERAS_2.contains(inmost(layer).typeName());
    }

    private static Layer inmost(Layer layer) {
        return layer instanceof TimeDistributed each ? inmost(each.layer()) : layer;
    }

    /// @throws IllegalArgumentException if Keras 3 has no such layer
    static void requireKeras3(String name, Layer layer) {
        if (isOfKeras2(layer)) {
            throw new IllegalArgumentException(
                    "layer '" + name + "' (" + inmost(layer).typeName()
                            + "): Keras 3 has no such layer; an .h5 file can hold it, for tf.keras 2");
        }
    }

    /// The class that the entry of a layer names.
    ///
    /// @throws IllegalArgumentException if Keras has nothing like it
    static String className(String name, Layer layer, @Nullable JsonObject original, KeptConfig kept) {
        if (original != null && isCustom(original, layer, kept)) {
            return String.valueOf(KerasJson.string(original, "class_name"));
        }
        final JsonObject whole = whole(layer, original, kept);
        if (whole != null) {
            return String.valueOf(KerasJson.string(whole, "class_name"));
        }
        final String type = layer.typeName();
        if (!(layer instanceof Record) || !KerasLayers.supported().contains(type)) {
            throw new IllegalArgumentException("layer '" + name + "' (" + type + "): Keras has no such layer");
        }
        if (GONE.contains(inmost(layer).typeName())) {
            throw new IllegalArgumentException(
                    "layer '" + name + "' (" + inmost(layer).typeName()
                            + "): Keras 1 alone had it; neither format of today's Keras can hold it");
        }
        // Its class in Keras, which exports it by a shorter name.
        return type.equals("GroupQueryAttention") ? "GroupedQueryAttention" : type;
    }

    /// An entry without what the place of a layer in the model says.
    private JsonObject entry(String name, Layer layer, @Nullable JsonObject original, ExportFolding.Folded folded) {
        final String written = className(name, layer, original, kept);
        if (original != null && isCustom(original, layer, kept)) {
            return custom(name, original);
        }
        final String type = layer.typeName();
        final Record settings = (Record) layer;
        final JsonObject whole = whole(layer, original, kept);
        if (original != null && whole == null) {
            final String was = String.valueOf(KerasJson.string(original, "class_name"));
            if (!KerasUpgrade.classes().getOrDefault(was, was).equals(type) || KerasOperations.isOperation(original)) {
                notes.add(
                        ExportReport.Kind.OTHER_LAYER, name, "was " + KerasJson.shown(was) + ", is written as " + type);
            }
        }
        if (keras3) {
            requireKeras3(name, layer);
        } else if (isOfKeras2(layer)) {
            notes.add(
                    ExportReport.Kind.KERAS_2_ONLY,
                    name,
                    "Keras 3 has no " + inmost(layer).typeName());
        }
        if (!keras3 && LAYERS_OF_KERAS_3.contains(type)) {
            notes.add(ExportReport.Kind.KERAS_3_ONLY, name, "tf.keras 2 has no " + type);
        }
        final JsonObject config;
        if (whole != null) {
            final JsonObject given = whole.getAsJsonObject("config");
            config = (keras3 ? ConfigForms.today("", given) : ConfigForms.legacy(given)).getAsJsonObject();
            functions(name, config);
            if (!folded.activation() && config.has("activation") && type.equals("Dense")) {
                config.add(
                        "activation",
                        activation(name, RecordJson.write(settings).get("activation")));
            }
            dtype(name, config);
        } else {
            config = new JsonObject();
            config.addProperty("name", name);
            config.addProperty("trainable", true);
            config.addProperty("dtype", "float32");
            settings(name, settings, original, folded, config);
            if (original != null && !KerasOperations.isOperation(original)) {
                keep(KerasJson.member(original, "config"), config);
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
            config.add(key, activation(name, value));
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
            keep(own, config);
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

    /// The entry of the file, where it is one of Keras 3 that means this very layer.
    private static @Nullable JsonObject whole(Layer layer, @Nullable JsonObject original, KeptConfig kept) {
        final JsonObject config = original == null ? null : KerasJson.member(original, "config");
        if (original == null || config == null || kept.kerasMajor() < 3 || KerasOperations.isOperation(original)) {
            return null;
        }
        final String type = String.valueOf(KerasJson.string(original, "class_name"));
        final LayerConfig given = new LayerConfig("", type, config.deepCopy(), 3);
        for (String setting : KerasAttention.is(type) ? KerasAttention.SETTINGS : List.<String>of()) {
            if (layer instanceof Record settings
                    && new JsonPrimitive(true).equals(RecordJson.write(settings).get(setting))) {
                given.set(setting);
            }
        }
        return layer.equals(KerasLayers.convert(given)) ? original : null;
    }

    /// Whether an entry is of a class of the user's own that gives this layer.
    private static boolean isCustom(JsonObject original, Layer layer, KeptConfig kept) {
        final JsonObject config = KerasJson.member(original, "config");
        final String type = String.valueOf(KerasJson.string(original, "class_name"));
        final String registered = KerasJson.string(original, "registered_name");
        if (config == null) {
            return false;
        }
        final LayerConfig given =
                new LayerConfig("", type, registered == null ? type : registered, config.deepCopy(), kept.kerasMajor());
        return KerasImport.factory(given) != null && layer.equals(KerasLayers.convert(given));
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
        if (whole ? config.has("data_format") : KerasLayers.hasDataFormat(type) && !NO_DATA_FORMAT.contains(type)) {
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
        final JsonObject before = original == null ? null : KerasJson.member(original, "config");
        if (folded.activity()) {
            config.add(
                    "activity_regularizer", rules.activity(before == null ? null : before.get("activity_regularizer")));
        } else if (config.has("activity_regularizer")) {
            config.add("activity_regularizer", JsonNull.INSTANCE);
        }
    }

    /// Keys of an entry of the file that nobody here writes.
    private void keep(@Nullable JsonObject before, JsonObject config) {
        if (before == null) {
            return;
        }
        for (Map.Entry<String, JsonElement> entry : before.entrySet()) {
            final String key = entry.getKey();
            if (config.has(key)
                    || NOT_KEPT.contains(key)
                    || key.endsWith("_initializer")
                    || RecordConfig.isOlder(key)
                    || (!keras3 && ConfigForms.isOfKeras3(key, entry.getValue()))) {
                continue;
            }
            config.add(key, keras3 ? ConfigForms.today(key, entry.getValue()) : ConfigForms.legacy(entry.getValue()));
        }
    }

    /// The shapes by which Keras 3 makes a layer's weights before it reads them.
    private static void build(JsonObject entry, ExportModel.Node node, Layer layer, @Nullable JsonObject original) {
        final List<Shape> shapes = node.inputShapes();
        final boolean asked = original != null && original.has("build_config");
        final boolean made =
                original == null && !layer.parameters(flatShapes(node)).isEmpty();
        if (shapes.isEmpty() || !(asked || made)) {
            return;
        }
        final JsonObject build = new JsonObject();
        final JsonObject named = new JsonObject();
        if (KerasAttention.isOfHeads(layer.typeName())) {
            named.add("query_shape", shape(shapes.get(0)));
            named.add("value_shape", shape(shapes.get(1)));
            if (shapes.size() > 2) {
                named.add("key_shape", shape(shapes.get(2)));
            }
        } else if (KerasRecurrent.takesState(layer.typeName()) && shapes.size() > 1) {
            named.add("sequences_shape", shape(shapes.getFirst()));
            named.add("initial_state_shape", shapes(shapes.subList(1, shapes.size())));
        } else {
            build.add("input_shape", shapes.size() == 1 ? shape(shapes.getFirst()) : shapes(shapes));
        }
        if (!named.isEmpty()) {
            build.add("shapes_dict", named);
        }
        entry.add("build_config", asWas(build, original == null ? null : original.get("build_config")));
    }

    /// Shapes, with the size of the batch that the file has, if it is the same otherwise.
    static JsonElement asWas(JsonElement shapes, @Nullable JsonElement before) {
        return before != null
                        && before.toString().replaceAll("\\[[0-9]+,", "[null,").equals(shapes.toString())
                ? before
                : shapes;
    }

    /// Of our form Keras': a name, or for one with settings a layer.
    private JsonElement activation(String layer, JsonElement own) {
        if (!own.isJsonObject()) {
            function(layer, own.getAsString());
            return own;
        }
        final String name = KerasJson.string(own.getAsJsonObject(), "class_name");
        final JsonObject settings = KerasJson.member(own.getAsJsonObject(), "config");
        if (HARD_SIGMOID.equals(name)) {
            if (keras3) {
                throw new IllegalArgumentException("layer '" + layer
                        + "': its hard_sigmoid is that of Keras 2, max(0, min(1, 0.2 x + 0.5)), which Keras 3 does not"
                        + " have; an .h5 file can hold it, for tf.keras 2");
            }
            formerHardSigmoid = true;
            requireOneHardSigmoid(layer);
            notes.add(
                    ExportReport.Kind.KERAS_2_ONLY,
                    layer,
                    "its hard_sigmoid is that of Keras 2; Keras 3 computes another function of that name");
            return new JsonPrimitive(HARD_SIGMOID);
        }
        final String type = name == null ? null : LAYER_OF_ACTIVATION.get(name);
        if (type == null || settings == null) {
            throw new IllegalArgumentException("layer '" + layer + "': the activation " + own
                    + " has settings, and Keras has no form for that in a file");
        }
        return ConfigForms.object(keras3, MODULE, type, settings);
    }

    /// Notes the functions that a config of Keras 3 names.
    private void functions(String layer, JsonElement json) {
        if (json instanceof JsonArray array) {
            array.forEach(element -> functions(layer, element));
        } else if (json instanceof JsonObject object) {
            for (Map.Entry<String, JsonElement> entry : object.entrySet()) {
                final String name = entry.getKey().endsWith("activation") ? KerasJson.string(entry.getValue()) : null;
                if (name != null) {
                    function(layer, name);
                } else {
                    functions(layer, entry.getValue());
                }
            }
        }
    }

    private void function(String layer, String name) {
        hardSigmoid |= name.equals(HARD_SIGMOID);
        requireOneHardSigmoid(layer);
        if (!keras3 && (FUNCTIONS_OF_KERAS_3.contains(name) || name.equals(HARD_SIGMOID))) {
            notes.add(
                    ExportReport.Kind.KERAS_3_ONLY,
                    layer,
                    name.equals(HARD_SIGMOID)
                            ? "its hard_sigmoid is that of Keras 3; tf.keras 2 computes another function of that name"
                            : "tf.keras 2 has no activation " + name);
        }
    }

    private void requireOneHardSigmoid(String layer) {
        if (hardSigmoid && formerHardSigmoid) {
            throw new IllegalArgumentException(
                    "layer '" + layer + "': the model has both functions called hard_sigmoid,"
                            + " that of Keras 2 and that of Keras 3, and one file can mean but one of them");
        }
    }

    /// Whether a layer computes the hard_sigmoid of Keras 1 and 2.
    static boolean hasFormerHardSigmoid(Record layer) {
        return RecordJson.write(layer).toString().contains("{\"class_name\":\"" + HARD_SIGMOID + "\"");
    }

    /// Whether the file must say that Keras 3 wrote it.
    boolean needsKeras3() {
        return hardSigmoid;
    }

    private static String snake(Layer layer) {
        return Graph.snakeCase(layer.typeName());
    }

    /// A shape with the batch first.
    static JsonArray shape(Shape shape) {
        final JsonArray json = new JsonArray();
        for (int dim : shape.toArray()) {
            json.add(dim == Shape.UNKNOWN ? JsonNull.INSTANCE : new JsonPrimitive(dim));
        }
        return json;
    }

    static JsonArray shapes(List<Shape> shapes) {
        final JsonArray json = new JsonArray();
        shapes.forEach(shape -> json.add(shape(shape)));
        return json;
    }

    /// A sample's shape with the batch's size before it: mostly unknown, but layers that keep their state
    /// need it.
    private static JsonArray batch(Shape sample, @Nullable JsonObject before) {
        final JsonArray shape = shape(sample.prepend(Shape.UNKNOWN));
        if (before == null) {
            return shape;
        }
        for (String key : List.of("batch_shape", "batch_input_shape")) {
            if (before.get(key) instanceof JsonArray given && given.size() == shape.size()) {
                shape.set(0, given.get(0));
            }
        }
        return shape;
    }
}
