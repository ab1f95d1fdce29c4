package dev.lanewise.keras;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonPrimitive;
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
import dev.lanewise.nn.layer.Power;
import dev.lanewise.nn.layer.ReLU;
import dev.lanewise.nn.layer.Reduction;
import dev.lanewise.nn.layer.Stack;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Keras' layers by class name. A layer of [Layers] is found there by itself, its components by Keras' keys;
/// here are only those that need more than that, and what convolutions, preprocessing, recurrent layers and
/// attention need is in classes of their own.
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
            Map.entry("Conv1D", KerasConvolutions::convolution),
            Map.entry("Conv1DTranspose", KerasConvolutions::convolution),
            Map.entry("Conv2D", KerasConvolutions::convolution),
            Map.entry("Conv2DTranspose", KerasConvolutions::convolution),
            Map.entry("Conv3D", KerasConvolutions::convolution),
            Map.entry("Conv3DTranspose", KerasConvolutions::convolution),
            Map.entry("Normalization", KerasPreprocessing::normalization),
            Map.entry("Cropping1D", config -> KerasConvolutions.edges(config, "cropping")),
            Map.entry("Cropping2D", config -> KerasConvolutions.edges(config, "cropping")),
            Map.entry("Cropping3D", config -> KerasConvolutions.edges(config, "cropping")),
            Map.entry("DepthwiseConv1D", KerasConvolutions::convolution),
            Map.entry("DepthwiseConv2D", KerasConvolutions::convolution),
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
            Map.entry("LocallyConnected1D", KerasConvolutions::locallyConnected),
            Map.entry("LocallyConnected2D", KerasConvolutions::locallyConnected),
            Map.entry("Identity", config -> new Activation(Activations.of("linear"))),
            Map.entry("Rescaling", KerasPreprocessing::rescaling),
            Map.entry("RandomContrast", KerasPreprocessing::contrast),
            Map.entry("Resizing", KerasPreprocessing::resizing),
            Map.entry("SeparableConv1D", KerasConvolutions::convolution),
            Map.entry("SeparableConv2D", KerasConvolutions::convolution),
            Map.entry("ThresholdedReLU", KerasLayers::thresholded),
            Map.entry("ZeroPadding1D", config -> KerasConvolutions.edges(config, "padding")),
            Map.entry("ZeroPadding2D", config -> KerasConvolutions.edges(config, "padding")),
            Map.entry("ZeroPadding3D", config -> KerasConvolutions.edges(config, "padding")));

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
            KerasSettings.dtype(config);
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
        KerasSettings.dtype(config);
        // The layers here have channels last; what is before and behind is turned (KerasFlattening).
        final LayerConfig own = KerasChannels.isChannelsFirst(config)
                ? config.with("data_format", new JsonPrimitive("channels_last"))
                : config;
        final Layer layer = special != null ? special.convert(own) : generic(known, own);
        KerasSettings.rest(own);
        return config.refused() ? null : layer;
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

    /// tf.keras writes the axis as a list of one.
    private static @Nullable Layer batchNormalization(LayerConfig config) {
        final JsonElement axis = config.take("axis");
        return axis != null && axis.isJsonArray() && axis.getAsJsonArray().size() == 1
                ? generic(
                        BatchNormalization.class,
                        config.with("axis", axis.getAsJsonArray().get(0)))
                : generic(BatchNormalization.class, config);
    }

    /// One axis for both inputs stands for two; a negative one is counted for each from its end.
    private static @Nullable Layer dot(LayerConfig config) {
        final JsonElement axes = config.take("axes");
        return generic(
                Dot.class,
                KerasJson.isNumber(axes) && axes != null ? config.with("axes", KerasJson.pair(axes, axes)) : config);
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
}
