package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.io.RecordJson;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Layers;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.BatchNormalization;
import dev.lanewise.nn.layer.CausalMask;
import dev.lanewise.nn.layer.ChannelMatrix;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Divide;
import dev.lanewise.nn.layer.Dot;
import dev.lanewise.nn.layer.ElementwiseFunction;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.GetItem;
import dev.lanewise.nn.layer.ImageAugmentation;
import dev.lanewise.nn.layer.MaskedAs;
import dev.lanewise.nn.layer.MaskedBy;
import dev.lanewise.nn.layer.Normalization;
import dev.lanewise.nn.layer.Power;
import dev.lanewise.nn.layer.RandomContrast;
import dev.lanewise.nn.layer.ReLU;
import dev.lanewise.nn.layer.Reduction;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Resizing;
import dev.lanewise.nn.layer.Stack;
import dev.lanewise.tensor.Shape;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Keras' layers by class name. A layer of [Layers] is found there by itself, its components by Keras' keys;
/// here are only those that need more than that.
final class KerasLayers {
    private interface Converter {
        /// The layer; null where it is refused.
        @Nullable
        Layer convert(LayerConfig config);
    }

    private static final Map<String, Converter> SPECIAL = Map.ofEntries(
            Map.entry("InputLayer", KerasLayers::input),
            Map.entry("Flatten", config -> new Flatten()),
            Map.entry("Dense", KerasLayers::dense),
            Map.entry("BatchNormalization", KerasLayers::batchNormalization),
            Map.entry("Conv1D", KerasLayers::convolution),
            Map.entry("Conv1DTranspose", KerasLayers::convolution),
            Map.entry("Conv2D", KerasLayers::convolution),
            Map.entry("Conv2DTranspose", KerasLayers::convolution),
            Map.entry("Conv3D", KerasLayers::convolution),
            Map.entry("Conv3DTranspose", KerasLayers::convolution),
            Map.entry("Normalization", KerasLayers::normalization),
            Map.entry("Cropping1D", config -> edges(config, "cropping")),
            Map.entry("Cropping2D", config -> edges(config, "cropping")),
            Map.entry("Cropping3D", config -> edges(config, "cropping")),
            Map.entry("DepthwiseConv1D", KerasLayers::convolution),
            Map.entry("DepthwiseConv2D", KerasLayers::convolution),
            Map.entry("Dot", KerasLayers::dot),
            Map.entry("Bidirectional", KerasRecurrent::bidirectional),
            Map.entry("AdditiveAttention", KerasAttention::plain),
            Map.entry("Attention", KerasAttention::plain),
            Map.entry("EinsumDense", KerasAttention::einsum),
            Map.entry("GroupQueryAttention", KerasAttention::convert),
            Map.entry("MultiHeadAttention", KerasAttention::convert),
            Map.entry("RNN", KerasRecurrent::rnn),
            Map.entry("TimeDistributed", KerasRecurrent::timeDistributed),
            Map.entry("GRU", KerasRecurrent::convert),
            Map.entry("ConvLSTM1D", KerasRecurrent::convolutional),
            Map.entry("ConvLSTM2D", KerasRecurrent::convolutional),
            Map.entry("ConvLSTM3D", KerasRecurrent::convolutional),
            Map.entry("LSTM", KerasRecurrent::convert),
            Map.entry("SimpleRNN", KerasRecurrent::convert),
            Map.entry("LeakyReLU", config -> withDefault(config, "LeakyReLU", "negative_slope", 0.3)),
            Map.entry("LocallyConnected1D", KerasLayers::locallyConnected),
            Map.entry("LocallyConnected2D", KerasLayers::locallyConnected),
            Map.entry("Identity", config -> new Activation(Activations.of("linear"))),
            Map.entry("Rescaling", KerasLayers::rescaling),
            Map.entry("RandomContrast", KerasLayers::contrast),
            Map.entry("Resizing", KerasLayers::resizing),
            Map.entry("SeparableConv1D", KerasLayers::convolution),
            Map.entry("SeparableConv2D", KerasLayers::convolution),
            Map.entry("ThresholdedReLU", KerasLayers::thresholded),
            Map.entry("ZeroPadding1D", config -> edges(config, "padding")),
            Map.entry("ZeroPadding2D", config -> edges(config, "padding")),
            Map.entry("ZeroPadding3D", config -> edges(config, "padding")));

    /// Layers over places with channels.
    private static final Pattern PLACES = Pattern.compile(
            ".*(Conv|Pooling|ZeroPadding|Cropping|UpSampling|SpatialDropout)[0-9A-Za-z]*|Flatten|Resizing|CenterCrop|RandomCrop");

    /// Layers of ours that stand for others of Keras'.
    private static final Set<Class<? extends Layer>> OWN = Set.of(
            CausalMask.class,
            Divide.class,
            ElementwiseFunction.class,
            GetItem.class,
            ImageAugmentation.class,
            MaskedAs.class,
            MaskedBy.class,
            Power.class,
            Reduction.class,
            Stack.class);

    /// Classes that hold code.
    private static final Set<String> CODE = Set.of("Lambda", "__lambda__");

    /// Keys that change nothing about what a layer computes here.
    private static final Set<String> HARMLESS = Set.of(
            "name",
            "trainable",
            "dtype",
            "input_dtype",
            "batch_input_shape",
            "batch_shape",
            "input_shape",
            "input_dim",
            "input_length",
            "sparse",
            "ragged",
            "optional",
            "seed",
            "implementation",
            "consume_less",
            "unroll",
            "use_cudnn",
            "flash_attention",
            "forget_bias_init",
            "shared_object_id",
            "build_config",
            "registered_name",
            "module",
            "lora_rank",
            "lora_alpha",
            // What a layer does when it is quantized: one that is says so in its dtype.
            "quantization_config");

    /// Keys that change what a layer computes: a layer of ours that does not read them cannot take other values
    /// than the usual ones.
    private static final Map<String, List<String>> USUAL = Map.ofEntries(
            Map.entry("data_format", List.of("\"channels_last\"")),
            Map.entry("axis", List.of("-1")),
            Map.entry("axes", List.of()),
            Map.entry("dim_ordering", List.of("\"tf\"")),
            Map.entry("padding", List.of("\"valid\"")),
            Map.entry("strides", List.of()),
            Map.entry("dilation_rate", List.of("[1,1]", "[1]", "1")),
            Map.entry("groups", List.of("1")),
            Map.entry("stateful", List.of("false")),
            Map.entry("go_backwards", List.of("false")),
            Map.entry("mask_zero", List.of("false")),
            Map.entry("time_major", List.of("false")),
            Map.entry("use_gate", List.of("false")),
            Map.entry("sliding_window", List.of()),
            Map.entry("crop_to_aspect_ratio", List.of()),
            Map.entry("pad_to_aspect_ratio", List.of()),
            Map.entry("antialias", List.of()),
            Map.entry("max_value", List.of()),
            Map.entry("threshold", List.of("0", "0.0")));

    private KerasLayers() {}

    /// Names of the layers that can be loaded.
    static Set<String> supported() {
        final Set<String> names = new TreeSet<>(Layers.registry().keySet());
        names.removeIf(name -> known(name) == null);
        names.addAll(List.of("Identity", "ThresholdedReLU"));
        names.addAll(ImageAugmentation.TYPES);
        return names;
    }

    /// Our layer of this name, if Keras has one too.
    private static @Nullable Class<? extends Layer> known(String type) {
        final Class<? extends Layer> known = Layers.get(type);
        return known == null || ChannelMatrix.class.isAssignableFrom(known) || OWN.contains(known) ? null : known;
    }

    /// The layer of a config; null where it is refused, and the config has the findings.
    static @Nullable Layer convert(LayerConfig config) {
        final String type = config.className();
        if (CODE.contains(type)) {
            config.find(Reason.RUNS_CODE, Reason.RUNS_CODE.sentence());
            return null;
        }
        final LayerFactory factory = KerasImport.factory(config);
        if (factory != null) {
            return custom(config, factory);
        }
        if (isForeign(config.registeredName()) || isForeign(type)) {
            final String name = isForeign(config.registeredName()) ? config.registeredName() : type;
            config.find(
                    Reason.UNKNOWN_LAYER,
                    "class " + KerasJson.shown(name) + " is not Keras' own and not registered (KerasImport.register)");
            return null;
        }
        if (KerasOperations.is(config)) {
            final Layer layer = KerasOperations.convert(config);
            return config.refused() ? null : layer;
        }
        if (ImageAugmentation.TYPES.contains(type)) {
            // An identity here, unless the type of numbers would round them.
            dtype(config);
            return config.refused() ? null : new ImageAugmentation(type);
        }
        final Class<? extends Layer> known = known(type);
        final Converter special = SPECIAL.get(type);
        if (known == null && (special == null || !supported().contains(type))) {
            config.find(
                    Reason.UNKNOWN_LAYER,
                    "type " + KerasJson.shown(type) + " is not supported (supported: " + String.join(", ", supported())
                            + ")");
            return null;
        }
        dtype(config);
        // The layers here have channels last; what is before and behind is turned (KerasFlattening).
        final LayerConfig own =
                isChannelsFirst(config) ? config.with("data_format", new JsonPrimitive("channels_last")) : config;
        final Layer layer = special != null ? special.convert(own) : generic(known, own);
        rest(own);
        return config.refused() ? null : layer;
    }

    /// Looks at the settings that all layers have.
    static void others(LayerConfig config) {
        dtype(config);
        rest(config);
    }

    /// Whether a layer takes images and the like with their channels first.
    static boolean isChannelsFirst(LayerConfig config) {
        final LayerConfig inner = KerasRecurrent.wrapped(config);
        return inner != null
                ? isChannelsFirst(inner)
                : config.isChannelsFirst() && PLACES.matcher(config.className()).matches();
    }

    /// Whether what a layer with places takes may have steps before its channels and places.
    static boolean isOverSteps(LayerConfig config) {
        return KerasRecurrent.wrapped(config) != null || config.className().startsWith("ConvLSTM");
    }

    /// How many axes beside the batch come before the channels and places of what such a layer takes or gives.
    ///
    /// @param axes all of the value, beside the batch
    static int keptAxes(LayerConfig config, int axes) {
        final LayerConfig inner = KerasRecurrent.wrapped(config);
        if (config.className().equals("TimeDistributed")) {
            return 1 + (inner == null ? 0 : keptAxes(inner, axes - 1));
        }
        final String type = inner == null ? config.className() : inner.className();
        return type.matches("ConvLSTM[123]D") ? Math.max(0, axes - 1 - (type.charAt(8) - '0')) : 0;
    }

    /// Whether a layer's config says where its channels are.
    static boolean hasDataFormat(String type) {
        return PLACES.matcher(type).matches();
    }

    /// Whether a class is of a package that is not Keras'.
    private static boolean isForeign(String name) {
        return name.indexOf('>') >= 0 && !name.toLowerCase(Locale.ROOT).startsWith("keras");
    }

    /// Whether this is the name of a layer that Keras and this have.
    static boolean isOwn(String name) {
        return supported().contains(name) || CODE.contains(name) || KerasGraph.isModel(name);
    }

    private static @Nullable Layer custom(LayerConfig config, LayerFactory factory) {
        try {
            return factory.create(KerasJson.map(config.config()));
        } catch (IllegalArgumentException | ClassCastException e) {
            config.find(Reason.UNSUPPORTED_ARGUMENT, String.valueOf(e.getMessage()));
            return null;
        }
    }

    static @Nullable Layer generic(@Nullable Class<? extends Layer> type, LayerConfig config) {
        return type == null ? null : RecordConfig.read(type, config);
    }

    private static @Nullable Layer withDefault(LayerConfig config, String type, String key, double value) {
        if (!config.has(key) && !config.has("alpha")) {
            return generic(Layers.get(type), config.with(key, new JsonPrimitive(value)));
        }
        return generic(Layers.get(type), config);
    }

    /// Settings of convolutions may be one number for all axes, and old files do not have all of them.
    static @Nullable Layer convolution(LayerConfig config) {
        final Class<? extends Layer> type = Layers.get(config.className());
        if (type == null) {
            throw new IllegalStateException(config.className() + " is not registered");
        }
        LayerConfig whole = config;
        for (String key : List.of("kernel_size", "strides", "dilation_rate", "output_padding")) {
            final JsonElement value = config.take(key);
            final boolean missing = value == null && (key.equals("strides") || key.equals("dilation_rate"));
            if (missing || (value != null && value.isJsonPrimitive())) {
                final JsonArray list = new JsonArray();
                list.add(value == null ? new JsonPrimitive(1) : value);
                whole = whole.with(key, list);
            }
        }
        for (RecordComponent component : RecordConfig.components(type)) {
            final String key = RecordJson.key(component.getName());
            if (key.equals("padding") && config.take(key) == null) {
                whole = whole.with(key, new JsonPrimitive("valid"));
            } else if ((key.equals("groups") || key.equals("depth_multiplier")) && config.take(key) == null) {
                whole = whole.with(key, new JsonPrimitive(1));
            }
        }
        return generic(type, whole);
    }

    /// Implementations 2 and 3 keep other arrays as kernels: one that joins all pixels with all positions, or
    /// a list of its numbers that are used.
    private static @Nullable Layer locallyConnected(LayerConfig config) {
        final JsonElement implementation = config.take("implementation");
        if (implementation != null && !implementation.equals(new JsonPrimitive(1))) {
            config.find(
                    Reason.UNSUPPORTED_ARGUMENT,
                    "'implementation' " + KerasJson.shown(implementation)
                            + ", which stores its kernel in another form, is not supported (supported: 1)");
            return null;
        }
        return convolution(config);
    }

    /// tf.keras writes the axis as a list of one.
    private static @Nullable Layer batchNormalization(LayerConfig config) {
        final JsonElement axis = config.take("axis");
        return axis != null && axis.isJsonArray() && axis.getAsJsonArray().size() == 1
                ? generic(
                        BatchNormalization.class,
                        config.with("axis", axis.getAsJsonArray().get(0)))
                : generic(BatchNormalization.class, config);
    }

    /// Numbers for each channel, which the layer here does not have, are those of a normalization the other
    /// way.
    private static @Nullable Layer rescaling(LayerConfig config) {
        final JsonArray scales = channels(config.take("scale"));
        final JsonArray offsets = channels(config.take("offset"));
        final int channels = Math.max(scales.size(), offsets.size());
        if (channels < 2) {
            return generic(Rescaling.class, plain(plain(config, "scale", scales), "offset", offsets));
        }
        final List<Float> mean = new ArrayList<>();
        final List<Float> variance = new ArrayList<>();
        try {
            for (int c = 0; c < channels; c++) {
                final float scale = scales.get(scales.size() == 1 ? 0 : c).getAsFloat();
                if (!(scale > 0)) {
                    throw new IllegalArgumentException("a scale that is not positive");
                }
                variance.add(scale * scale);
                mean.add(
                        offsets.isEmpty()
                                ? 0f
                                : offsets.get(offsets.size() == 1 ? 0 : c).getAsFloat());
            }
        } catch (IllegalArgumentException | IllegalStateException | IndexOutOfBoundsException e) {
            config.find(
                    Reason.UNSUPPORTED_ARGUMENT,
                    "'scale' " + KerasJson.shown(scales) + " with 'offset' " + KerasJson.shown(offsets)
                            + " is not supported (supported: a number, or positive scales for each channel)");
            return null;
        }
        return new Normalization(List.of(-1), mean, variance, true);
    }

    private static LayerConfig plain(LayerConfig config, String key, JsonArray numbers) {
        return numbers.size() == 1 ? config.with(key, numbers.get(0)) : config;
    }

    /// A number, a list of them, or an array that Keras wrote as an object.
    private static JsonArray channels(@Nullable JsonElement json) {
        final JsonArray numbers = new JsonArray();
        if (json instanceof JsonObject object) {
            final JsonObject config = KerasJson.member(object, "config");
            return config == null ? numbers : channels(config.get("value"));
        }
        if (json != null && !json.isJsonNull()) {
            flatten(json, numbers);
        }
        return numbers;
    }

    /// tf.keras and older versions of Keras 3 do not say the range.
    private static @Nullable Layer contrast(LayerConfig config) {
        final JsonArray range = new JsonArray();
        range.add(0);
        range.add(255);
        return generic(RandomContrast.class, config.has("value_range") ? config : config.with("value_range", range));
    }

    /// What fills a border, which `pad_to_aspect_ratio` alone would make.
    private static @Nullable Layer resizing(LayerConfig config) {
        config.take("fill_mode");
        config.take("fill_value");
        return generic(Resizing.class, config);
    }

    /// What is added around samples or cut off them, as pairs: Keras also writes one number for all edges,
    /// or one for
    /// both edges of an axis, and Keras 1 four of an image.
    private static @Nullable Layer edges(LayerConfig config, String key) {
        final Class<? extends Layer> type = Layers.get(config.className());
        final JsonElement given = config.take(key);
        if (type == null || given == null) {
            return generic(type, config);
        }
        final int axes = RecordConfig.axes(type);
        final JsonArray list = given.isJsonArray() ? given.getAsJsonArray() : new JsonArray();
        final JsonArray pairs = new JsonArray();
        for (int axis = 0; axis < axes; axis++) {
            if (KerasJson.isNumber(given)) {
                pairs.add(pair(given, given));
            } else if (axes == 1 && list.size() == 2) {
                pairs.add(pair(list.get(0), list.get(1)));
            } else if (axes > 1 && list.size() == axes) {
                final JsonElement one = list.get(axis);
                pairs.add(one.isJsonArray() ? one : pair(one, one));
            } else if (list.size() == 2 * axes) {
                pairs.add(pair(list.get(2 * axis), list.get(2 * axis + 1)));
            }
        }
        if (pairs.size() != axes) {
            config.find(Reason.UNSUPPORTED_ARGUMENT, "'" + key + "' " + KerasJson.shown(given));
            return null;
        }
        return generic(type, config.with(key, axes == 1 ? pairs.get(0) : pairs));
    }

    private static JsonArray pair(JsonElement before, JsonElement after) {
        final JsonArray pair = new JsonArray();
        pair.add(before);
        pair.add(after);
        return pair;
    }

    /// Mean and variance may be numbers, or lists in lists.
    private static @Nullable Layer normalization(LayerConfig config) {
        final JsonElement axis = config.take("axis");
        LayerConfig plain = axis == null && config.has("axis") ? config.with("axis", new JsonArray()) : config;
        for (String key : List.of("mean", "variance")) {
            final JsonElement given = config.take(key);
            if (given != null) {
                final JsonArray numbers = new JsonArray();
                flatten(given, numbers);
                plain = plain.with(key, numbers);
            }
        }
        return generic(Normalization.class, plain);
    }

    private static void flatten(JsonElement json, JsonArray numbers) {
        if (json.isJsonArray()) {
            json.getAsJsonArray().forEach(element -> flatten(element, numbers));
        } else {
            numbers.add(json);
        }
    }

    /// One axis for both inputs stands for two; a negative one is counted for each from its end.
    private static @Nullable Layer dot(LayerConfig config) {
        final JsonElement axes = config.take("axes");
        return generic(
                Dot.class, KerasJson.isNumber(axes) && axes != null ? config.with("axes", pair(axes, axes)) : config);
    }

    private static @Nullable Layer input(LayerConfig config) {
        final Shape sample = sample(config, config.take("batch_shape", "batch_input_shape"));
        return sample == null ? null : new InputLayer(sample);
    }

    /// A batch's shape as that of a sample; null where it is damaged.
    static @Nullable Shape sample(LayerConfig config, @Nullable JsonElement batchShape) {
        if (batchShape == null
                || !batchShape.isJsonArray()
                || batchShape.getAsJsonArray().isEmpty()) {
            config.find(Reason.BAD_CONFIG, "has no shape of its input");
            return null;
        }
        final List<Integer> dims = new ArrayList<>();
        try {
            for (JsonElement dim : batchShape.getAsJsonArray()) {
                dims.add(
                        dim.isJsonNull()
                                ? Shape.UNKNOWN
                                : Math.toIntExact(dim.getAsBigDecimal().longValueExact()));
            }
            dims.removeFirst();
            if (dims.stream().anyMatch(dim -> dim != Shape.UNKNOWN && dim <= 0)) {
                throw new IllegalArgumentException("sizes must be positive");
            }
            return Shape.of(dims.stream().mapToInt(Integer::intValue).toArray());
        } catch (IllegalArgumentException
                | ArithmeticException
                | IllegalStateException
                | UnsupportedOperationException e) {
            config.find(Reason.BAD_CONFIG, "input shape " + KerasJson.shown(batchShape) + " (" + e.getMessage() + ")");
            return null;
        }
    }

    /// A dense layer whose activation changes the number of columns goes without it: [#after] has the rest.
    private static @Nullable Layer dense(LayerConfig config) {
        return changesColumns(config)
                ? generic(Dense.class, config.with("activation", JsonNull.INSTANCE))
                : generic(Dense.class, config);
    }

    /// What a layer's one layer here leaves out, as layers to be called after it by the ends of their names;
    /// mostly
    /// nothing.
    static Map<String, Layer> after(LayerConfig config) {
        final Map<String, Layer> layers = new LinkedHashMap<>();
        if (changesColumns(config)) {
            layers.put("_activation", new Activation(Activations.of("glu")));
        }
        final Layer activity = KerasRules.activity(config);
        if (activity != null) {
            layers.put("_activity_regularization", activity);
        }
        return layers;
    }

    /// Whether it is a dense layer whose activation gives another number of columns.
    private static boolean changesColumns(LayerConfig config) {
        return config.className().equals("Dense") && "glu".equals(KerasJson.string(config.take("activation")));
    }

    /// `y = x` above theta, 0 below: a ReLU of today.
    private static @Nullable Layer thresholded(LayerConfig config) {
        final JsonElement theta = config.take("theta");
        try {
            return new ReLU(null, 0, theta == null ? 1 : theta.getAsFloat());
        } catch (IllegalArgumentException | IllegalStateException | UnsupportedOperationException e) {
            config.find(Reason.UNSUPPORTED_ARGUMENT, "'theta' " + KerasJson.shown(String.valueOf(theta)));
            return null;
        }
    }

    /// Numbers are float32 here: floating-point types are converted, others refused.
    private static void dtype(LayerConfig config) {
        final JsonElement value = config.take("dtype", "input_dtype");
        String name = KerasJson.string(value);
        if (name == null && value != null && value.isJsonObject()) {
            final JsonObject policy = value.getAsJsonObject();
            final String type = String.valueOf(KerasJson.string(policy, "class_name"));
            final JsonObject inner = KerasJson.member(policy, "config");
            if (type.equals("DTypePolicy") || type.equals("Policy")) {
                name = inner == null ? null : KerasJson.string(inner, "name");
            }
        }
        if (value == null || "float32".equals(name)) {
            return;
        }
        final boolean input = config.className().equals("InputLayer");
        if (name == null) {
            config.find(Reason.UNSUPPORTED_DTYPE, "dtype policy " + KerasJson.shown(value) + " is not supported");
        } else if (Set.of("float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")
                .contains(name)) {
            config.find(Reason.CONVERTED_DTYPE, "dtype " + name + ": computed in float32");
        } else if (!(input || config.className().equals("Embedding")) || !name.matches("u?int(8|16|32|64)|bool")) {
            config.find(Reason.UNSUPPORTED_DTYPE, "dtype '" + KerasJson.shown(name) + "' is not supported");
        }
    }

    private static void rest(LayerConfig config) {
        for (Map.Entry<String, JsonElement> entry : config.rest().entrySet()) {
            final String key = entry.getKey();
            final JsonElement value = entry.getValue();
            if (isHarmless(key, value)) {
                // Nothing to say.
            } else if (key.equals("noise_shape")) {
                config.find(
                        Reason.TRAINING_ONLY,
                        "'" + key + "' " + KerasJson.shown(value) + " " + Reason.TRAINING_ONLY.sentence());
            } else if (KerasRules.isRule(key)) {
                if (!KerasRules.applies(config, key, value)) {
                    config.find(
                            Reason.TRAINING_ONLY,
                            "'" + KerasJson.shown(key) + "' " + KerasJson.shown(value) + " "
                                    + Reason.TRAINING_ONLY.sentence());
                }
            } else if (USUAL.containsKey(key)) {
                if (!USUAL.get(key).contains(value.toString())) {
                    config.find(
                            Reason.UNSUPPORTED_ARGUMENT,
                            "'" + key + "' " + KerasJson.shown(value) + " is not supported");
                }
            } else {
                config.find(
                        Reason.UNKNOWN_ARGUMENT,
                        "'" + KerasJson.shown(key) + "' " + Reason.UNKNOWN_ARGUMENT.sentence());
            }
        }
    }

    private static boolean isHarmless(String key, JsonElement value) {
        return HARMLESS.contains(key)
                || key.endsWith("_initializer")
                || key.equals("init")
                || KerasJson.isNeutral(value);
    }
}
