package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.keras.ExportModel.Node;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.Divide;
import dev.lanewise.nn.layer.ElementwiseFunction;
import dev.lanewise.nn.layer.GetItem;
import dev.lanewise.nn.layer.Power;
import dev.lanewise.nn.layer.Reduction;
import dev.lanewise.nn.layer.Stack;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Layers that are operations on tensors in Keras 3's files (`keras.src.ops`): the reverse of
/// [OperationLayers]. In archives an operation that came from a file and means the same goes out as it came;
/// what no layer of Keras' computes is an operation in every format.
final class ExportOperations {
    /// Operations beside those of `keras.src.ops.numpy`.
    private static final Map<String, String> MODULES = Map.ofEntries(
            Map.entry("Rsqrt", "math"),
            Map.entry("Gelu", "nn"),
            Map.entry("HardSigmoid", "nn"),
            Map.entry("HardSilu", "nn"),
            Map.entry("LogSigmoid", "nn"),
            Map.entry("Relu", "nn"),
            Map.entry("Relu6", "nn"),
            Map.entry("Selu", "nn"),
            Map.entry("Sigmoid", "nn"),
            Map.entry("Silu", "nn"),
            Map.entry("Softplus", "nn"),
            Map.entry("Softsign", "nn"));

    private static final Set<String> REDUCTIONS = Set.of("mean", "sum", "max", "min");

    private static final Object APPROXIMATE = Activations.of("gelu", Map.of("approximate", true));

    private final KeptConfig kept;

    /// An operation of a file.
    ///
    /// @param entry `module`, `class_name`, `config` and `registered_name`
    /// @param call `args` and `kwargs` of each call, with a tensor at each place of one
    record Operation(JsonObject entry, JsonObject call) {
        String type() {
            return String.valueOf(KerasJson.string(entry, "class_name"));
        }

        /// The arguments of a call on these tensors.
        JsonObject call(List<JsonElement> tensors) {
            return replaced(call, new ArrayList<>(tensors)).getAsJsonObject();
        }

        private static JsonElement replaced(JsonElement json, List<JsonElement> tensors) {
            if (KerasCalls.isTensor(json)) {
                return tensors.removeFirst();
            }
            if (json instanceof JsonArray array) {
                final JsonArray changed = new JsonArray();
                array.forEach(element -> changed.add(replaced(element, tensors)));
                return changed;
            }
            if (json instanceof JsonObject object) {
                final JsonObject changed = new JsonObject();
                object.entrySet().forEach(entry -> changed.add(entry.getKey(), replaced(entry.getValue(), tensors)));
                return changed;
            }
            return json;
        }
    }

    ExportOperations(KeptConfig kept) {
        this.kept = kept;
    }

    /// Whether a layer has no form in Keras' files but an operation.
    static boolean isOnlyOperation(@Nullable Layer layer) {
        return layer instanceof Divide
                || layer instanceof ElementwiseFunction
                || layer instanceof Reduction
                || layer instanceof GetItem
                || layer instanceof Power
                || layer instanceof Stack
                || isApproximate(layer);
    }

    /// The one activation with settings that Keras 3 has no layer for, and an operation that is read here.
    private static boolean isApproximate(@Nullable Layer layer) {
        return layer instanceof Activation activation && activation.activation().equals(APPROXIMATE);
    }

    /// The operation that a node of a functional model is written as; null where it is a layer.
    ///
    /// @param keras3 for an archive or its tree of weights
    @Nullable
    Operation of(Node node, boolean keras3) {
        final Layer layer = node.layer();
        if (layer == null || node.isInput() || node.inputShapes().isEmpty()) {
            return null;
        }
        final Operation before = keras3 ? before(node, layer) : null;
        return before == null && isOnlyOperation(layer) ? made(node.name(), layer, node.inputShapes()) : before;
    }

    /// That of the file, if it still means the layer.
    private @Nullable Operation before(Node node, Layer layer) {
        final JsonObject entry = kept.entry(node.path());
        final JsonObject call = entry == null ? null : KerasJson.member(entry, KeptConfig.CALL);
        final JsonObject config = entry == null ? null : KerasJson.member(entry, "config");
        if (entry == null
                || call == null
                || config == null
                || count(call) != node.inputShapes().size()) {
            return null;
        }
        final JsonObject own = config.deepCopy();
        if (own.has("name")) {
            own.addProperty("name", node.name());
        }
        final Operation operation =
                new Operation(entry(String.valueOf(KerasJson.string(entry, "class_name")), own, entry), call);
        final JsonObject read = operation.entry.deepCopy();
        final JsonArray calls = new JsonArray();
        calls.add(operation.call(
                node.inputShapes().stream().map(ExportOperations::tensor).toList()));
        read.add("inbound_nodes", calls);
        final JsonObject plain = KerasOperations.asLayer(read);
        final LayerConfig given = new LayerConfig(
                "",
                String.valueOf(KerasJson.string(plain, "class_name")),
                plain.getAsJsonObject("config").deepCopy(),
                3);
        return KerasOperations.isOperation(read) && layer.equals(KerasLayers.convert(given)) ? operation : null;
    }

    /// How many tensors a call takes.
    private static int count(JsonElement json) {
        if (KerasCalls.isTensor(json)) {
            return 1;
        }
        int count = 0;
        for (JsonElement element : json instanceof JsonArray array
                ? array.asList()
                : json instanceof JsonObject object ? object.asMap().values() : List.<JsonElement>of()) {
            count += count(element);
        }
        return count;
    }

    /// @param before an entry that may say the module
    private static JsonObject entry(String type, JsonObject config, @Nullable JsonObject before) {
        final String module = before == null ? null : KerasJson.string(before, "module");
        final String registered = before == null ? null : KerasJson.string(before, "registered_name");
        final JsonObject entry = new JsonObject();
        entry.addProperty(
                "module", module == null ? KerasOperations.MODULE + "." + MODULES.getOrDefault(type, "numpy") : module);
        entry.addProperty("class_name", type);
        entry.add("config", config);
        entry.addProperty("registered_name", registered == null ? type : registered);
        return entry;
    }

    private static JsonElement tensor(Shape shape) {
        final JsonObject config = new JsonObject();
        config.add("shape", KerasShapesJson.shape(shape));
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", "__keras_tensor__");
        json.add("config", config);
        return json;
    }

    private static Operation made(String name, Layer layer, List<Shape> inputs) {
        final JsonElement x = tensor(inputs.getFirst());
        return switch (layer) {
            case ElementwiseFunction function -> elementwise(name, function, x);
            case Reduction reduction -> reduction(reduction, x);
            case Activation activation -> {
                final JsonObject config = new JsonObject();
                config.addProperty("approximate", true);
                yield operation("Gelu", config, x);
            }
            case GetItem item ->
                named(name, "GetItem", x, key(item.key(), inputs.getFirst().rank()));
            case Stack stack -> stack(stack, inputs);
            case Power power -> named(name, "Power", x, x);
            default -> named(name, "Divide", x, x);
        };
    }

    private static Operation elementwise(String name, ElementwiseFunction layer, JsonElement x) {
        final List<JsonElement> numbers = new ArrayList<>();
        layer.numbers().forEach(number -> numbers.add(new JsonPrimitive(number)));
        return switch (layer.function()) {
            case "divide" -> named(name, "Divide", numbers.getFirst(), x);
            case "exponentiate" -> named(name, "Power", numbers.getFirst(), x);
            case "power", "maximum", "minimum", "equal", "greater", "less" ->
                named(name, capitalized(layer.function()), x, numbers.getFirst());
            case "not_equal" -> named(name, "NotEqual", x, numbers.getFirst());
            case "greater_equal" -> named(name, "GreaterEqual", x, numbers.getFirst());
            case "less_equal" -> named(name, "LessEqual", x, numbers.getFirst());
            case "clip" -> {
                final JsonObject config = new JsonObject();
                config.add("x_min", numbers.getFirst());
                config.add("x_max", numbers.getLast());
                yield operation("Clip", config, x);
            }
            default -> named(name, capitalized(layer.function()), x);
        };
    }

    /// Its class takes no name.
    private static Operation reduction(Reduction layer, JsonElement x) {
        if (!REDUCTIONS.contains(layer.function())) {
            throw new IllegalStateException("no operation " + layer.function());
        }
        final JsonArray axes = new JsonArray();
        layer.axes().forEach(axes::add);
        final JsonObject config = new JsonObject();
        config.add("axis", axes.size() == 1 ? axes.get(0) : axes);
        config.addProperty("keepdims", layer.keepdims());
        if (layer.function().startsWith("m") && !layer.function().equals("mean")) {
            config.add("initial", JsonNull.INSTANCE);
        }
        return operation(capitalized(layer.function()), config, x);
    }

    /// As a reduction's.
    private static Operation stack(Stack layer, List<Shape> inputs) {
        final JsonArray tensors = new JsonArray();
        inputs.forEach(shape -> tensors.add(tensor(shape)));
        final JsonObject config = new JsonObject();
        config.addProperty("axis", layer.axis());
        return operation("Stack", config, tensors);
    }

    private static Operation named(String name, String type, JsonElement... args) {
        final JsonObject config = new JsonObject();
        config.addProperty("name", name);
        return operation(type, config, args);
    }

    private static Operation operation(String type, JsonObject config, JsonElement... args) {
        final JsonArray list = new JsonArray();
        List.of(args).forEach(list::add);
        final JsonObject call = new JsonObject();
        call.add("args", list);
        call.add("kwargs", new JsonObject());
        return new Operation(entry(type, config, null), call);
    }

    private static String capitalized(String name) {
        return name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    }

    /// The items of a key, one for each axis: Keras' reader of `.h5` files does not take an ellipsis.
    private static JsonArray key(String key, int rank) {
        final List<String> items = new ArrayList<>();
        for (String item : key.split(",", -1)) {
            items.add(item.strip());
        }
        final int ellipsis = items.indexOf("...");
        if (ellipsis >= 0) {
            items.remove(ellipsis);
        }
        while (items.size() < rank) {
            items.add(ellipsis >= 0 ? ellipsis : items.size(), ":");
        }
        final JsonArray json = new JsonArray();
        for (String item : items) {
            if (!item.contains(":")) {
                json.add(Integer.valueOf(item));
                continue;
            }
            final String[] bounds = item.split(":", -1);
            final JsonObject slice = new JsonObject();
            slice.add("start", bound(bounds[0]));
            slice.add("stop", bound(bounds[1]));
            slice.add("step", bound(bounds.length < 3 ? "" : bounds[2]));
            final JsonObject object = new JsonObject();
            object.addProperty("class_name", "__slice__");
            object.add("config", slice);
            json.add(object);
        }
        return json;
    }

    private static JsonElement bound(String bound) {
        return bound.isEmpty() ? JsonNull.INSTANCE : new JsonPrimitive(Integer.valueOf(bound));
    }
}
