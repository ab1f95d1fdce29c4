package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Layers;
import dev.lanewise.nn.layer.ReLU;
import dev.lanewise.nn.layer.Rescaling;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Arithmetic on tensors that Keras writes among the layers: Keras 3 as operations (`Multiply` of a tensor and
/// 2.0), tf.keras as `TFOpLambda` of a function (`math.multiply`). Each becomes a layer of ours.
final class KerasOperations {
    /// Key of the number in an operation's config, which no file has.
    private static final String OPERAND = "operand";

    private static final String OPERAND_FIRST = "operand_first";

    /// Operations of Keras 3 by class, and functions of TensorFlow, and what they are here. Those of lower
    /// case are
    /// activations.
    private static final Map<String, String> KNOWN = Map.ofEntries(
            Map.entry("Add", "Add"),
            Map.entry("Subtract", "Subtract"),
            Map.entry("Multiply", "Multiply"),
            Map.entry("Divide", "Divide"),
            Map.entry("TrueDivide", "Divide"),
            Map.entry("Maximum", "Maximum"),
            Map.entry("Minimum", "Minimum"),
            Map.entry("Negative", "Negative"),
            Map.entry("Relu", "relu"),
            Map.entry("Relu6", "relu6"),
            Map.entry("Sigmoid", "sigmoid"),
            Map.entry("Tanh", "tanh"),
            Map.entry("Silu", "silu"),
            Map.entry("Selu", "selu"),
            Map.entry("Softplus", "softplus"),
            Map.entry("Softsign", "softsign"),
            Map.entry("Exp", "exponential"),
            Map.entry("math.add", "Add"),
            Map.entry("__operators__.add", "Add"),
            Map.entry("math.subtract", "Subtract"),
            Map.entry("math.multiply", "Multiply"),
            Map.entry("math.truediv", "Divide"),
            Map.entry("math.divide", "Divide"),
            Map.entry("math.maximum", "Maximum"),
            Map.entry("math.minimum", "Minimum"),
            Map.entry("math.negative", "Negative"),
            Map.entry("nn.relu", "relu"),
            Map.entry("nn.relu6", "relu6"),
            Map.entry("math.sigmoid", "sigmoid"),
            Map.entry("nn.sigmoid", "sigmoid"),
            Map.entry("math.tanh", "tanh"),
            Map.entry("nn.tanh", "tanh"),
            Map.entry("nn.silu", "silu"),
            Map.entry("nn.swish", "silu"),
            Map.entry("nn.selu", "selu"),
            Map.entry("math.softplus", "softplus"),
            Map.entry("nn.softplus", "softplus"),
            Map.entry("nn.softsign", "softsign"),
            Map.entry("math.exp", "exponential"));

    private KerasOperations() {}

    /// An entry of a model's layers as that of a layer: the number that an operation is called with is in
    /// its config,
    /// and the tensors are its inputs. What is no operation stays as it is, and so does an operation that is
    /// called
    /// in another way, to be refused.
    static JsonObject asLayer(JsonObject entry) {
        final String type = String.valueOf(KerasJson.string(entry, "class_name"));
        final JsonObject config = KerasJson.member(entry, "config");
        final JsonElement calls = entry.get("inbound_nodes");
        if (config == null || calls == null || !calls.isJsonArray()) {
            return entry;
        }
        final boolean lambda = type.equals("TFOpLambda");
        final String function = lambda ? String.valueOf(KerasJson.string(config, "function")) : type;
        final String known = KNOWN.get(function);
        if (known == null) {
            return lambda ? withType(entry, type + " " + function) : entry;
        }
        final JsonArray plainCalls = new JsonArray();
        JsonElement operand = null;
        boolean first = false;
        for (JsonElement call : calls.getAsJsonArray()) {
            final JsonArray arguments = lambda ? argumentsOfLambda(call) : argumentsOfOperation(call);
            if (arguments == null) {
                return entry;
            }
            final JsonArray tensors = new JsonArray();
            JsonElement number = null;
            boolean numberFirst = false;
            for (JsonElement argument : arguments) {
                if (KerasJson.isNumber(argument) && number == null) {
                    number = argument;
                    numberFirst = tensors.isEmpty();
                } else {
                    tensors.add(argument);
                }
            }
            if (!plainCalls.isEmpty() && (!Objects.equals(number, operand) || numberFirst != first)) {
                return entry;
            }
            operand = number;
            first = numberFirst;
            plainCalls.add(lambda ? tensors : operationCall(tensors));
        }
        if (operand == null && !lambda && Layers.get(type) != null) {
            return entry; // a layer of that name
        }
        return layer(entry, config, known, operand, first, plainCalls);
    }

    private static JsonObject layer(
            JsonObject entry,
            JsonObject config,
            String known,
            @Nullable JsonElement operand,
            boolean first,
            JsonArray calls) {
        final JsonObject own = new JsonObject();
        for (String key : new String[] {"name", "trainable", "dtype"}) {
            if (config.has(key)) {
                own.add(key, config.get(key));
            }
        }
        String type = known;
        if (known.equals("Negative")) {
            type = "Multiply";
            own.addProperty(OPERAND, -1);
        } else if (Character.isLowerCase(known.charAt(0))) {
            type = "Activation";
            own.addProperty("activation", known);
        } else if (operand != null) {
            own.add(OPERAND, operand);
            own.addProperty(OPERAND_FIRST, first);
        }
        final JsonObject plain = withType(entry, type);
        plain.add("config", own);
        plain.add("inbound_nodes", calls);
        return plain;
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

    /// Tensors and numbers of a call as Keras 3 writes it; null where there is more.
    private static @Nullable JsonArray argumentsOfOperation(JsonElement call) {
        final JsonElement args = call.isJsonObject() ? call.getAsJsonObject().get("args") : null;
        if (args == null || !args.isJsonArray()) {
            return null;
        }
        final JsonArray arguments = args.getAsJsonArray().deepCopy();
        final JsonObject keywords = KerasJson.member(call.getAsJsonObject(), "kwargs");
        for (String key : keywords == null ? java.util.Set.<String>of() : keywords.keySet()) {
            if (key.equals("x2") || key.equals("y")) {
                arguments.add(keywords == null ? null : keywords.get(key));
            } else if (keywords != null && !KerasJson.isNeutral(keywords.get(key))) {
                return null;
            }
        }
        return arguments;
    }

    /// `["layer", 0, 0, {"y": 2.0}]`, where `y` may be another reference and the first a constant.
    private static @Nullable JsonArray argumentsOfLambda(JsonElement call) {
        JsonArray list = call.isJsonArray() ? call.getAsJsonArray() : new JsonArray();
        if (list.size() == 1 && list.get(0).isJsonArray()) {
            list = list.get(0).getAsJsonArray();
        }
        if (list.size() < 3 || KerasJson.string(list.get(0)) == null) {
            return null;
        }
        final JsonArray arguments = new JsonArray();
        if ("_CONSTANT_VALUE".equals(KerasJson.string(list.get(0)))) {
            arguments.add(list.get(2));
        } else {
            arguments.add(reference(list));
        }
        final JsonObject keywords =
                list.size() > 3 && list.get(3).isJsonObject() ? list.get(3).getAsJsonObject() : new JsonObject();
        for (String key : keywords.keySet()) {
            final JsonElement value = keywords.get(key);
            if (key.equals("y") && value.isJsonArray() && value.getAsJsonArray().size() == 3) {
                arguments.add(reference(value.getAsJsonArray()));
            } else if (key.equals("y")) {
                arguments.add(value);
            } else if (!key.equals("name") && !KerasJson.isNeutral(value)) {
                return null;
            }
        }
        return arguments;
    }

    private static JsonArray reference(JsonArray list) {
        final JsonArray reference = new JsonArray();
        for (int i = 0; i < 3; i++) {
            reference.add(list.get(i));
        }
        return reference;
    }

    /// The layer of a merge layer's name, or, with a number for one operand, the one that computes that.
    static @Nullable Layer convert(LayerConfig config) {
        final JsonElement operand = config.take(OPERAND);
        final boolean first = new JsonPrimitive(true).equals(config.take(OPERAND_FIRST));
        if (operand == null) {
            return KerasLayers.generic(Layers.get(config.className()), config);
        }
        final float number = operand.getAsFloat();
        switch (config.className()) {
            case "Add" -> {
                return new Rescaling(1, number);
            }
            case "Subtract" -> {
                return first ? new Rescaling(-1, number) : new Rescaling(1, -number);
            }
            case "Multiply" -> {
                return new Rescaling(number);
            }
            case "Divide" -> {
                if (!first && number != 0) {
                    return new Rescaling((float) (1 / operand.getAsDouble()));
                }
            }
            case "Maximum" -> {
                if (number == 0) {
                    return new ReLU();
                }
            }
            default -> {}
        }
        config.find(
                Reason.UNSUPPORTED_CONNECTION,
                "is called with " + KerasJson.shown(operand) + (first ? " as its first operand" : ""));
        return null;
    }
}
