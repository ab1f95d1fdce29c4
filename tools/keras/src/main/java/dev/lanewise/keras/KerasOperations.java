package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.io.ModelFormatException;
import dev.lanewise.io.RecordJson;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Layers;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Arithmetic on tensors that Keras writes among the layers: Keras 3 as operations (`Multiply` of a tensor and
/// 2.0), tf.keras as `TFOpLambda` of a function (`math.multiply`). Each becomes a layer of ours.
final class KerasOperations {
    /// Key of the layer that an operation becomes, or of the sentence that refuses it; no file has it.
    private static final String LAYER = "layer of an operation";

    static final String MODULE = "keras.src.ops";

    /// Functions of TensorFlow, and what Keras 3 calls them.
    private static final Map<String, String> TENSORFLOW = Map.ofEntries(
            Map.entry("math.add", "Add"),
            Map.entry("__operators__.add", "Add"),
            Map.entry("math.subtract", "Subtract"),
            Map.entry("math.multiply", "Multiply"),
            Map.entry("math.truediv", "Divide"),
            Map.entry("math.divide", "Divide"),
            Map.entry("math.maximum", "Maximum"),
            Map.entry("math.minimum", "Minimum"),
            Map.entry("math.equal", "Equal"),
            Map.entry("math.not_equal", "NotEqual"),
            Map.entry("math.greater", "Greater"),
            Map.entry("math.greater_equal", "GreaterEqual"),
            Map.entry("math.less", "Less"),
            Map.entry("math.less_equal", "LessEqual"),
            Map.entry("math.logical_not", "LogicalNot"),
            Map.entry("math.negative", "Negative"),
            Map.entry("math.abs", "Absolute"),
            Map.entry("math.square", "Square"),
            Map.entry("math.sqrt", "Sqrt"),
            Map.entry("math.rsqrt", "Rsqrt"),
            Map.entry("math.log", "Log"),
            Map.entry("math.pow", "Power"),
            Map.entry("math.exp", "Exp"),
            Map.entry("math.sigmoid", "Sigmoid"),
            Map.entry("math.tanh", "Tanh"),
            Map.entry("math.softplus", "Softplus"),
            Map.entry("nn.relu", "Relu"),
            Map.entry("nn.relu6", "Relu6"),
            Map.entry("nn.sigmoid", "Sigmoid"),
            Map.entry("nn.tanh", "Tanh"),
            Map.entry("nn.silu", "Silu"),
            Map.entry("nn.swish", "Silu"),
            Map.entry("nn.selu", "Selu"),
            Map.entry("nn.softplus", "Softplus"),
            Map.entry("nn.softsign", "Softsign"),
            Map.entry("nn.elu", "Elu"),
            Map.entry("math.log1p", "Log1p"),
            Map.entry("math.expm1", "Expm1"),
            Map.entry("math.sin", "Sin"),
            Map.entry("math.cos", "Cos"),
            Map.entry("math.reciprocal", "Reciprocal"),
            Map.entry("math.reduce_mean", "Mean"),
            Map.entry("math.reduce_sum", "Sum"),
            Map.entry("math.reduce_max", "Max"),
            Map.entry("math.reduce_min", "Min"),
            Map.entry("clip_by_value", "Clip"),
            Map.entry("cast", "Cast"),
            Map.entry("identity", "Identity"));

    /// What TensorFlow's functions call their settings, and what Keras 3's operations do.
    private static final Map<String, String> SETTINGS = Map.of(
            "axis", "axis",
            "keepdims", "keepdims",
            "clip_value_min", "x_min",
            "clip_value_max", "x_max",
            "dtype", "dtype");

    /// Operations that are layers of that name with the same settings.
    private static final Set<String> LAYERS = Set.of("Concatenate", "Softmax");

    /// What a call takes: other calls' outputs, their shapes where the file has them, and constants.
    private record Arguments(
            JsonArray tensors, List<Shape> shapes, List<JsonElement> constants, boolean constantFirst) {
        /// Nothing yet.
        Arguments() {
            this(new JsonArray(), new ArrayList<>(), new ArrayList<>(), false);
        }

        Arguments with(JsonElement argument) {
            if (argument instanceof JsonArray list
                    && !list.isEmpty()
                    && list.asList().stream().allMatch(KerasCalls::isTensor)) {
                Arguments all = this;
                for (JsonElement tensor : list) {
                    all = all.with(tensor);
                }
                return all;
            }
            final boolean first = constantFirst || (tensors.isEmpty() && !isTensor(argument));
            if (!isTensor(argument)) {
                constants.add(constant(argument));
                return new Arguments(tensors, shapes, constants, first);
            }
            tensors.add(argument);
            final Shape shape = shape(argument);
            if (shape != null) {
                shapes.add(shape);
            }
            return new Arguments(tensors, shapes, constants, first);
        }

        boolean isCalledAs(Arguments other) {
            return constants.equals(other.constants)
                    && constantFirst == other.constantFirst
                    && shapes.equals(other.shapes)
                    && tensors.size() == other.tensors.size();
        }
    }

    private KerasOperations() {}

    /// An entry of a model's layers as that of a layer: of an operation, the constants that it is called with
    /// are in its config, and the tensors are its inputs. What is no operation stays as it is.
    static JsonObject asLayer(JsonObject entry) {
        final String type = String.valueOf(KerasJson.string(entry, "class_name"));
        final JsonObject config = KerasJson.member(entry, "config");
        final JsonElement calls = entry.get("inbound_nodes");
        if (config == null || calls == null || !calls.isJsonArray()) {
            return entry;
        }
        final boolean lambda = type.equals("TFOpLambda");
        final String function = lambda ? String.valueOf(KerasJson.string(config, "function")) : type;
        final String operation = lambda ? TENSORFLOW.get(function) : isOperation(entry) ? type : null;
        if (operation == null) {
            return lambda ? withType(entry, type + " " + function) : entry;
        }
        if (LAYERS.contains(operation)) {
            return entry;
        }
        if (!OperationLayers.isKnown(operation)) {
            return Layers.get(operation) == null ? entry : withType(entry, "ops." + operation);
        }
        Arguments first = null;
        final JsonObject settings = lambda ? settings(calls.getAsJsonArray()) : config;
        final JsonArray plainCalls = new JsonArray();
        for (JsonElement call : calls.getAsJsonArray()) {
            final Arguments arguments = lambda ? ofLambda(call, settings) : ofOperation(call);
            if (arguments == null || arguments.tensors.isEmpty()) {
                return refused(entry, "is called with " + KerasJson.shown(call));
            }
            if (first != null && !first.isCalledAs(arguments)) {
                return refused(entry, "is called in several ways");
            }
            first = arguments;
            plainCalls.add(lambda ? arguments.tensors : operationCall(arguments.tensors));
        }
        if (first == null) {
            return entry;
        }
        try {
            final Layer layer = OperationLayers.layer(
                    operation, settings, first.shapes, first.tensors.size(), first.constants, first.constantFirst);
            return plain(entry, config, layer, plainCalls);
        } catch (IllegalArgumentException e) {
            return refused(entry, String.valueOf(e.getMessage()));
        }
    }

    /// Whether an entry is an operation of Keras 3: its module says so, or, in files without modules, what
    /// its class has and layers of that name do not.
    static boolean isOperation(JsonObject entry) {
        final String module = KerasJson.string(entry, "module");
        if (module != null) {
            return module.startsWith(MODULE);
        }
        final String type = String.valueOf(KerasJson.string(entry, "class_name"));
        final JsonObject config = KerasJson.member(entry, "config");
        if (config == null || !OperationLayers.isKnown(type)) {
            return false;
        }
        // Layers have these keys, and merge layers take lists.
        return !KerasLayers.supported().contains(type)
                || !(config.has("trainable") || config.has("dtype") || takesList(entry.get("inbound_nodes")));
    }

    private static boolean takesList(@Nullable JsonElement calls) {
        if (!(calls instanceof JsonArray list) || list.isEmpty()) {
            return false;
        }
        return !(list.get(0) instanceof JsonObject call)
                || (call.get("args") instanceof JsonArray args
                        && !args.isEmpty()
                        && args.get(0).isJsonArray());
    }

    private static JsonObject plain(JsonObject entry, JsonObject config, Layer layer, JsonArray calls) {
        final JsonObject plain = entry.deepCopy();
        final JsonObject own = new JsonObject();
        for (String key : new String[] {"name", "trainable", "dtype"}) {
            if (config.has(key)) {
                own.add(key, config.get(key));
            }
        }
        final JsonObject written = new JsonObject();
        written.addProperty("class_name", layer.typeName());
        written.add("config", RecordJson.write((Record) layer));
        own.add(LAYER, written);
        plain.add("config", own);
        plain.add("inbound_nodes", calls);
        return plain;
    }

    private static JsonObject refused(JsonObject entry, String why) {
        final JsonObject refused = entry.deepCopy();
        refused.getAsJsonObject("config").addProperty(LAYER, why);
        return refused;
    }

    /// Whether a config is that of an operation.
    static boolean is(LayerConfig config) {
        return config.has(LAYER);
    }

    /// The layer of an operation; null where it is refused.
    static @Nullable Layer convert(LayerConfig config) {
        final JsonElement written = config.take(LAYER);
        if (written == null || !written.isJsonObject()) {
            config.takeArguments();
            // What the reading of the graph refused; anything else comes from a file that was made up.
            final boolean refused = written == null || (written instanceof JsonPrimitive p && p.isString());
            config.find(
                    refused ? Reason.UNSUPPORTED_CONNECTION : Reason.BAD_CONFIG,
                    written == null ? "" : KerasJson.printable(refused ? written.getAsString() : written.toString()));
            return null;
        }
        final JsonObject object = written.getAsJsonObject();
        final String name = String.valueOf(KerasJson.string(object, "class_name"));
        final JsonObject settings = KerasJson.member(object, "config");
        final Class<? extends Layer> type = OperationLayers.isResult(name) ? Layers.get(name) : null;
        if (type == null || settings == null) {
            config.find(Reason.BAD_CONFIG, "is no operation");
            return null;
        }
        try {
            return RecordJson.read(type, settings, "config");
        } catch (ModelFormatException e) {
            config.find(Reason.BAD_CONFIG, String.valueOf(e.getMessage()));
            return null;
        }
    }

    private static JsonObject withType(JsonObject entry, String type) {
        final JsonObject changed = entry.deepCopy();
        changed.addProperty("class_name", type);
        return changed;
    }

    private static JsonObject operationCall(JsonArray tensors) {
        final JsonObject call = new JsonObject();
        call.add("args", tensors);
        call.add("kwargs", new JsonObject());
        return call;
    }

    /// Arguments of a call as Keras 3 writes it; null where there is more.
    private static @Nullable Arguments ofOperation(JsonElement call) {
        final JsonElement args = call.isJsonObject() ? call.getAsJsonObject().get("args") : null;
        if (args == null || !args.isJsonArray()) {
            return null;
        }
        Arguments arguments = new Arguments();
        for (JsonElement argument : args.getAsJsonArray()) {
            arguments = arguments.with(argument);
        }
        final JsonObject keywords = KerasJson.member(call.getAsJsonObject(), "kwargs");
        if (keywords != null) {
            for (Map.Entry<String, JsonElement> keyword : keywords.entrySet()) {
                if (Set.of("x", "x1", "x2", "y", "key").contains(keyword.getKey())) {
                    arguments = arguments.with(keyword.getValue());
                } else if (!KerasJson.isNeutral(keyword.getValue())) {
                    return null;
                }
            }
        }
        return arguments;
    }

    /// `["layer", 0, 0, {"y": 2.0}]`, where `y` may be another reference and the first a constant.
    ///
    /// @param settings of the first call, which all calls must have
    private static @Nullable Arguments ofLambda(JsonElement call, JsonObject settings) {
        final JsonArray list = reference(call);
        if (list.size() < 3 || KerasJson.string(list.get(0)) == null) {
            return null;
        }
        Arguments arguments = new Arguments();
        arguments = arguments.with(
                "_CONSTANT_VALUE".equals(KerasJson.string(list.get(0))) ? list.get(2) : firstThree(list));
        final JsonObject keywords = keywords(list);
        for (Map.Entry<String, JsonElement> keyword : keywords.entrySet()) {
            final JsonElement value = keyword.getValue();
            final String setting = SETTINGS.get(keyword.getKey());
            if (setting != null && value.equals(settings.get(setting))) {
                continue;
            }
            if (keyword.getKey().equals("y")) {
                final boolean isReference = value.isJsonArray()
                        && value.getAsJsonArray().size() == 3
                        && KerasJson.string(value.getAsJsonArray().get(0)) != null;
                arguments = arguments.with(isReference ? firstThree(value.getAsJsonArray()) : value);
            } else if (!keyword.getKey().equals("name") && !KerasJson.isNeutral(value)) {
                return null;
            }
        }
        return arguments;
    }

    /// A call's reference, which may stand in a list of its own.
    private static JsonArray reference(JsonElement call) {
        final JsonArray list = call instanceof JsonArray array ? array : new JsonArray();
        return list.size() == 1 && list.get(0) instanceof JsonArray inner ? inner : list;
    }

    private static JsonObject keywords(JsonArray reference) {
        return reference.size() > 3 && reference.get(3) instanceof JsonObject object ? object : new JsonObject();
    }

    /// What the first call of a function of TensorFlow sets, by Keras 3's names.
    private static JsonObject settings(JsonArray calls) {
        final JsonObject settings = new JsonObject();
        final JsonObject keywords = calls.isEmpty() ? settings : keywords(reference(calls.get(0)));
        for (Map.Entry<String, JsonElement> keyword : keywords.entrySet()) {
            final String setting = SETTINGS.get(keyword.getKey());
            if (setting != null) {
                settings.add(setting, keyword.getValue());
            }
        }
        return settings;
    }

    private static JsonArray firstThree(JsonArray list) {
        final JsonArray reference = new JsonArray();
        for (int i = 0; i < 3; i++) {
            reference.add(list.get(i));
        }
        return reference;
    }

    private static boolean isTensor(JsonElement argument) {
        return KerasCalls.isTensor(argument)
                || (argument.isJsonArray()
                        && argument.getAsJsonArray().size() == 3
                        && KerasJson.string(argument.getAsJsonArray().get(0)) != null);
    }

    /// A number of an array of no axes is that number.
    private static JsonElement constant(JsonElement argument) {
        final JsonObject object = argument.isJsonObject() ? argument.getAsJsonObject() : new JsonObject();
        final JsonObject config = KerasJson.member(object, "config");
        final String type = KerasJson.string(object, "class_name");
        return config != null
                        && ("__tensor__".equals(type) || "__numpy__".equals(type))
                        && KerasJson.isNumber(config.get("value"))
                ? config.get("value")
                : argument;
    }

    /// The shape that the file gives for a tensor, or null.
    private static @Nullable Shape shape(JsonElement tensor) {
        final JsonObject config = tensor.isJsonObject() ? KerasJson.member(tensor.getAsJsonObject(), "config") : null;
        if (config == null || !(config.get("shape") instanceof JsonArray dims)) {
            return null;
        }
        try {
            Shape shape = Shape.of();
            for (JsonElement dim : dims) {
                shape = shape.append(
                        dim.isJsonNull()
                                ? Shape.UNKNOWN
                                : Math.toIntExact(dim.getAsBigDecimal().longValueExact()));
            }
            return shape;
        } catch (IllegalArgumentException
                | ArithmeticException
                | IllegalStateException
                | UnsupportedOperationException e) {
            return null;
        }
    }
}
