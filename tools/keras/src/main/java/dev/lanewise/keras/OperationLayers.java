package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.Add;
import dev.lanewise.nn.layer.Divide;
import dev.lanewise.nn.layer.Dot;
import dev.lanewise.nn.layer.ElementwiseFunction;
import dev.lanewise.nn.layer.GetItem;
import dev.lanewise.nn.layer.Maximum;
import dev.lanewise.nn.layer.Minimum;
import dev.lanewise.nn.layer.Multiply;
import dev.lanewise.nn.layer.Permute;
import dev.lanewise.nn.layer.Power;
import dev.lanewise.nn.layer.ReLU;
import dev.lanewise.nn.layer.Reduction;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Reshape;
import dev.lanewise.nn.layer.Stack;
import dev.lanewise.nn.layer.Subtract;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The layers that Keras 3's operations become.
final class OperationLayers {
    /// Of two operands, of which one may be a number.
    private static final Map<String, Layer> MERGES = Map.of(
            "Add", new Add(),
            "Subtract", new Subtract(),
            "Multiply", new Multiply(),
            "Divide", new Divide(),
            "TrueDivide", new Divide(),
            "Power", new Power(),
            "Maximum", new Maximum(),
            "Minimum", new Minimum());

    /// Of one tensor, functions of [ElementwiseFunction].
    private static final Map<String, String> FUNCTIONS = Map.ofEntries(
            Map.entry("Absolute", "absolute"),
            Map.entry("Abs", "absolute"),
            Map.entry("Square", "square"),
            Map.entry("Sqrt", "sqrt"),
            Map.entry("Rsqrt", "rsqrt"),
            Map.entry("Log", "log"),
            Map.entry("Log1p", "log1p"),
            Map.entry("Expm1", "expm1"),
            Map.entry("Sin", "sin"),
            Map.entry("Cos", "cos"));

    /// Of a tensor and a number, comparisons that are functions of [ElementwiseFunction], and what they are
    /// with the number first.
    private static final Map<String, List<String>> COMPARISONS = Map.of(
            "Equal", List.of("equal", "equal"),
            "NotEqual", List.of("not_equal", "not_equal"),
            "Greater", List.of("greater", "less"),
            "GreaterEqual", List.of("greater_equal", "less_equal"),
            "Less", List.of("less", "greater"),
            "LessEqual", List.of("less_equal", "greater_equal"));

    /// Of one tensor, activations.
    private static final Map<String, String> ACTIVATIONS = Map.ofEntries(
            Map.entry("Relu", "relu"),
            Map.entry("Relu6", "relu6"),
            Map.entry("Sigmoid", "sigmoid"),
            Map.entry("Tanh", "tanh"),
            Map.entry("Silu", "silu"),
            Map.entry("Selu", "selu"),
            Map.entry("Softplus", "softplus"),
            Map.entry("Softsign", "softsign"),
            Map.entry("HardSigmoid", "hard_sigmoid"),
            Map.entry("HardSilu", "hard_silu"),
            Map.entry("LogSigmoid", "log_sigmoid"),
            Map.entry("HardTanh", "hard_tanh"),
            Map.entry("Mish", "mish"),
            Map.entry("Identity", "linear"),
            Map.entry("Exp", "exponential"));

    private static final Map<String, String> REDUCTIONS =
            Map.of("Mean", "mean", "Sum", "sum", "Max", "max", "Amax", "max", "Min", "min", "Amin", "min");

    private static final Set<String> OTHERS = Set.of(
            "Cast",
            "Celu",
            "Elu",
            "LeakyRelu",
            "Clip",
            "ExpandDims",
            "Gelu",
            "GetItem",
            "LogicalNot",
            "Matmul",
            "Negative",
            "Reciprocal",
            "Reshape",
            "Squeeze",
            "Stack",
            "Swapaxes",
            "Transpose");

    private static final Set<String> RESULTS = Set.of(
            "Activation",
            "Add",
            "Divide",
            "Dot",
            "ElementwiseFunction",
            "GetItem",
            "Maximum",
            "Minimum",
            "Multiply",
            "Permute",
            "Power",
            "ReLU",
            "Reduction",
            "Rescaling",
            "Reshape",
            "Stack",
            "Subtract");

    private OperationLayers() {}

    /// Classes of the operations that are read.
    static Set<String> supported() {
        final Set<String> all = new TreeSet<>(OTHERS);
        List.of(MERGES, FUNCTIONS, COMPARISONS, ACTIVATIONS, REDUCTIONS).forEach(names -> all.addAll(names.keySet()));
        return all;
    }

    static boolean isKnown(String operation) {
        return supported().contains(operation);
    }

    /// Whether an operation may become a layer of this type.
    static boolean isResult(String type) {
        return RESULTS.contains(type);
    }

    /// The layer of an operation.
    ///
    /// @param shapes of the tensors, as far as the file gives them
    /// @param constants what it is called with beside the tensors
    /// @param first whether a constant comes before the tensors
    /// @throws IllegalArgumentException if no layer computes that; the message says why
    static Layer layer(
            String operation,
            JsonObject config,
            List<Shape> shapes,
            int tensors,
            List<JsonElement> constants,
            boolean first) {
        final Layer merge = MERGES.get(operation);
        if (merge != null && constants.isEmpty()) {
            return merge;
        }
        if (merge != null) {
            require(
                    tensors == 1 && constants.size() == 1,
                    operation,
                    "two tensors, or a tensor and a number",
                    tensors,
                    constants);
            return withNumber(operation, constants.getFirst(), first);
        }
        final List<String> comparison = COMPARISONS.get(operation);
        if (comparison != null) {
            require(tensors == 1 && constants.size() == 1, operation, "a tensor and a number", tensors, constants);
            return new ElementwiseFunction(comparison.get(first ? 1 : 0), number(constants.getFirst(), "operand"));
        }
        if (operation.equals("GetItem")) {
            require(
                    tensors == 1 && constants.size() == 1 && !first,
                    operation,
                    "a tensor and a key",
                    tensors,
                    constants);
            return new GetItem(key(constants.getFirst()));
        }
        if (operation.equals("Stack")) {
            require(constants.isEmpty(), operation, "tensors", tensors, constants);
            final List<Integer> axes = axes(config);
            return new Stack(axes.isEmpty() ? 0 : axes.getFirst());
        }
        if (operation.equals("Matmul")) {
            require(
                    tensors == 2 && constants.isEmpty() && shapes.stream().allMatch(shape -> shape.rank() == 3),
                    operation,
                    "two batches of matrices",
                    tensors,
                    constants);
            return new Dot(List.of(2, 1), false);
        }
        require(tensors == 1 && constants.isEmpty(), operation, "one tensor", tensors, constants);
        if (FUNCTIONS.containsKey(operation)) {
            return new ElementwiseFunction(String.valueOf(FUNCTIONS.get(operation)));
        }
        if (ACTIVATIONS.containsKey(operation)) {
            return new Activation(Activations.of(String.valueOf(ACTIVATIONS.get(operation))));
        }
        if (REDUCTIONS.containsKey(operation)) {
            return reduction(operation, config);
        }
        return switch (operation) {
            case "Negative" -> new Rescaling(-1);
            case "Cast" -> cast(String.valueOf(KerasJson.string(config, "dtype")));
            case "Elu" -> withParameter("elu", "alpha", config);
            case "Celu" -> withParameter("celu", "alpha", config);
            case "LeakyRelu" -> withParameter("leaky_relu", "negative_slope", config);
            case "LogicalNot" -> new ElementwiseFunction("equal", 0);
            case "Reciprocal" -> new ElementwiseFunction("divide", 1);
            case "Clip" ->
                new ElementwiseFunction(
                        "clip", number(config.get("x_min"), "x_min"), number(config.get("x_max"), "x_max"));
            case "Gelu" ->
                new Activation(Activations.of(
                        "gelu", Map.of("approximate", !new JsonPrimitive(false).equals(config.get("approximate")))));
            case "Reshape" -> reshape(config, shape(shapes));
            case "ExpandDims" -> expanded(axes(config), shape(shapes));
            case "Squeeze" -> squeezed(axes(config), shape(shapes));
            default -> permuted(operation, config, shape(shapes));
        };
    }

    private static void require(
            boolean sound, String operation, String wanted, int tensors, List<JsonElement> constants) {
        if (!sound) {
            throw new IllegalArgumentException(operation + " takes " + wanted + " here, it is called with " + tensors
                    + " tensors" + (constants.isEmpty() ? "" : " and " + KerasJson.shown(constants)));
        }
    }

    private static float number(@Nullable JsonElement json, String what) {
        if (!KerasJson.isNumber(json) || json == null) {
            throw new IllegalArgumentException(
                    "'" + what + "' must be a number here, got " + KerasJson.shown(String.valueOf(json)));
        }
        return json.getAsFloat();
    }

    private static Layer withNumber(String operation, JsonElement operand, boolean first) {
        final float number = number(operand, "operand");
        return switch (operation) {
            case "Add" -> new Rescaling(1, number);
            case "Subtract" -> first ? new Rescaling(-1, number) : new Rescaling(1, -number);
            case "Multiply" -> new Rescaling(number);
            case "Maximum" -> number == 0 ? new ReLU() : new ElementwiseFunction("maximum", number);
            case "Minimum" -> new ElementwiseFunction("minimum", number);
            case "Power" -> power(number, first);
            default -> first ? new ElementwiseFunction("divide", number) : divided(operand.getAsDouble());
        };
    }

    /// To floating point everything stays as it is.
    private static Layer cast(String type) {
        if (!type.matches("float(16|32|64)|bfloat16")) {
            throw new IllegalArgumentException("casts to " + KerasJson.shown(type) + ", numbers are float32 here");
        }
        return new Activation(Activations.of("linear"));
    }

    private static Layer withParameter(String activation, String parameter, JsonObject config) {
        return new Activation(
                config.has(parameter)
                        ? Activations.of(
                                activation, Map.of(parameter, (double) number(config.get(parameter), parameter)))
                        : Activations.of(activation));
    }

    private static Layer divided(double divisor) {
        if (divisor == 0) {
            throw new IllegalArgumentException("divides by 0");
        }
        return new Rescaling((float) (1 / divisor));
    }

    private static Layer power(float number, boolean first) {
        if (first) {
            return new ElementwiseFunction("exponentiate", number);
        }
        if (number == 1) {
            return new Rescaling(1);
        } else if (number == 2) {
            return new ElementwiseFunction("square");
        } else if (number == 0.5f) {
            return new ElementwiseFunction("sqrt");
        }
        return number == -1 ? new ElementwiseFunction("divide", 1) : new ElementwiseFunction("power", number);
    }

    /// A key as [GetItem] has it: an index, a slice, an ellipsis, or a list of them, one for each axis.
    private static String key(JsonElement key) {
        final List<String> items = new ArrayList<>();
        for (JsonElement item : key instanceof JsonArray list ? list.asList() : List.of(key)) {
            items.add(item(item));
        }
        return String.join(", ", items);
    }

    private static String item(JsonElement item) {
        if (KerasJson.isNumber(item)) {
            return whole(item);
        }
        final JsonObject object = item.isJsonObject() ? item.getAsJsonObject() : new JsonObject();
        final JsonObject config = KerasJson.member(object, "config");
        final String type = String.valueOf(KerasJson.string(object, "class_name"));
        if (type.equals("__ellipsis__")) {
            return "...";
        }
        if (!type.equals("__slice__") || config == null) {
            throw new IllegalArgumentException("takes indices and slices, got " + KerasJson.shown(item));
        }
        final String step = bound(config.get("step"));
        return bound(config.get("start")) + ":" + bound(config.get("stop"))
                + (step.isEmpty() || step.equals("1") ? "" : ":" + step);
    }

    private static String bound(@Nullable JsonElement bound) {
        return bound == null || bound.isJsonNull() ? "" : whole(bound);
    }

    private static String whole(JsonElement json) {
        try {
            return String.valueOf(json.getAsBigDecimal().intValueExact());
        } catch (ArithmeticException
                | NumberFormatException
                | IllegalStateException
                | UnsupportedOperationException e) {
            throw new IllegalArgumentException("takes whole numbers, got " + KerasJson.shown(json), e);
        }
    }

    /// The axes of a config, in the file's order; empty for all.
    private static List<Integer> axes(JsonObject config) {
        return numbers(config.get("axis"));
    }

    private static List<Integer> numbers(@Nullable JsonElement json) {
        final List<Integer> numbers = new ArrayList<>();
        for (JsonElement number :
                json instanceof JsonArray list ? list.asList() : List.of(json == null ? JsonNull.INSTANCE : json)) {
            if (!number.isJsonNull()) {
                numbers.add(Integer.valueOf(whole(number)));
            }
        }
        return numbers;
    }

    private static Layer reduction(String operation, JsonObject config) {
        final List<Integer> axes = axes(config);
        if (axes.isEmpty()) {
            throw new IllegalArgumentException("takes the " + operation.toLowerCase(Locale.ROOT)
                    + " of the whole batch; over axes of samples it is supported");
        }
        if (!KerasJson.isNeutral(config.get("initial"))) {
            throw new IllegalArgumentException("'initial' is not supported");
        }
        return new Reduction(
                String.valueOf(REDUCTIONS.get(operation)),
                axes,
                new JsonPrimitive(true).equals(config.get("keepdims")));
    }

    private static Shape shape(List<Shape> shapes) {
        if (shapes.isEmpty() || shapes.getFirst().rank() == 0) {
            throw new IllegalArgumentException("the file does not say what shape its input has");
        }
        return shapes.getFirst();
    }

    private static Layer reshape(JsonObject config, Shape x) {
        if (!(config.get("newshape") instanceof JsonArray given) || given.isEmpty()) {
            throw new IllegalArgumentException(
                    "'newshape' " + KerasJson.shown(String.valueOf(config.get("newshape"))) + " keeps no batch");
        }
        Shape target = Shape.of();
        for (JsonElement dim : given.asList().subList(1, given.size())) {
            target = target.append(dim.isJsonNull() ? Shape.UNKNOWN : Integer.parseInt(whole(dim)));
        }
        // The batch is what is left, which is the batch alone if samples keep their size.
        final boolean free = given.get(0).isJsonNull() || whole(given.get(0)).equals("-1");
        final Shape sample = x.withoutFirst();
        final boolean known = sample.isConcrete() && target.isConcrete();
        final boolean keeps =
                free ? known && sample.size() == target.size() : x.dim(0) == Integer.parseInt(whole(given.get(0)));
        if (!keeps) {
            throw new IllegalArgumentException(
                    "'newshape' " + KerasJson.shown(given) + " of an input " + x + " may change the batch");
        }
        return new Reshape(target);
    }

    private static Layer expanded(List<Integer> axes, Shape x) {
        final int rank = x.rank() + axes.size();
        final Set<Integer> places = places(axes, rank, x);
        Shape target = Shape.of();
        int from = 1;
        for (int axis = 1; axis < rank; axis++) {
            target = target.append(places.contains(axis) ? 1 : x.dim(from++));
        }
        return new Reshape(target);
    }

    private static Layer squeezed(List<Integer> axes, Shape x) {
        final Set<Integer> places = new TreeSet<>();
        for (int axis = 1; axes.isEmpty() && axis < x.rank(); axis++) {
            if (x.dim(axis) == 1) {
                places.add(axis);
            }
        }
        places.addAll(places(axes, x.rank(), x));
        Shape target = Shape.of();
        for (int axis = 1; axis < x.rank(); axis++) {
            if (!places.contains(axis)) {
                target = target.append(x.dim(axis));
            } else if (x.dim(axis) != 1) {
                throw new IllegalArgumentException("axis " + axis + " of " + x + " does not have one element");
            }
        }
        return new Reshape(target);
    }

    private static Set<Integer> places(List<Integer> axes, int rank, Shape x) {
        final Set<Integer> places = new TreeSet<>();
        for (int axis : axes) {
            final int at = axis < 0 ? axis + rank : axis;
            if (at < 1 || at >= rank || !places.add(at)) {
                throw new IllegalArgumentException("axes " + axes + " of an input " + x + " are not a sample's");
            }
        }
        return places;
    }

    private static Layer permuted(String operation, JsonObject config, Shape x) {
        final List<Integer> order = new ArrayList<>();
        if (operation.equals("Transpose")) {
            for (int axis : numbers(config.get("axes"))) {
                order.add(axis < 0 ? axis + x.rank() : axis);
            }
        } else {
            for (int axis = 0; axis < x.rank(); axis++) {
                order.add(axis);
            }
            final List<Integer> both = new ArrayList<>();
            for (String key : List.of("axis1", "axis2")) {
                both.addAll(numbers(config.get(key)));
            }
            final Set<Integer> places = places(both, x.rank(), x);
            if (places.size() != 2) {
                throw new IllegalArgumentException("must have two axes, got " + both);
            }
            final List<Integer> two = List.copyOf(places);
            Collections.swap(order, two.getFirst(), two.getLast());
        }
        if (order.size() != x.rank() || order.getFirst() != 0) {
            throw new IllegalArgumentException("the axes of an input " + x + " in the order "
                    + (order.isEmpty() ? "from the last to the first" : order) + ": the batch must stay the first");
        }
        return new Permute(order.subList(1, order.size()));
    }
}
