package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Layers of older Keras with today's class names and keys. What is not known here stays as it is.
final class KerasUpgrade {
    private static final Map<String, String> CLASSES = Map.ofEntries(
            Map.entry("TimeDistributedDense", "Dense"),
            Map.entry("Convolution1D", "Conv1D"),
            Map.entry("Convolution2D", "Conv2D"),
            Map.entry("Convolution3D", "Conv3D"),
            Map.entry("AtrousConvolution1D", "Conv1D"),
            Map.entry("AtrousConvolution2D", "Conv2D"),
            Map.entry("Deconvolution2D", "Conv2DTranspose"),
            Map.entry("SeparableConvolution2D", "SeparableConv2D"),
            // The name of the class, which Keras 3 writes into .h5 files in the place of the layer's.
            Map.entry("GroupedQueryAttention", "GroupQueryAttention"),
            Map.entry("CuDNNLSTM", "LSTM"),
            Map.entry("CuDNNGRU", "GRU"),
            Map.entry("BatchNormalizationV1", "BatchNormalization"),
            Map.entry("BatchNormalizationV2", "BatchNormalization"));

    private static final Map<String, String> MERGES = Map.of(
            "sum", "Add",
            "mul", "Multiply",
            "ave", "Average",
            "max", "Maximum",
            "concat", "Concatenate",
            "dot", "Dot",
            "cos", "Dot");

    /// Keys of Keras 1 and today's.
    private static final Map<String, String> KEYS = Map.ofEntries(
            Map.entry("output_dim", "units"),
            Map.entry("nb_filter", "filters"),
            Map.entry("filter_length", "kernel_size"),
            Map.entry("subsample", "strides"),
            Map.entry("subsample_length", "strides"),
            Map.entry("border_mode", "padding"),
            Map.entry("bias", "use_bias"),
            Map.entry("inner_activation", "recurrent_activation"),
            Map.entry("atrous_rate", "dilation_rate"),
            Map.entry("pool_length", "pool_size"),
            Map.entry("W_regularizer", "kernel_regularizer"),
            Map.entry("U_regularizer", "recurrent_regularizer"),
            Map.entry("b_regularizer", "bias_regularizer"),
            Map.entry("W_constraint", "kernel_constraint"),
            Map.entry("U_constraint", "recurrent_constraint"),
            Map.entry("b_constraint", "bias_constraint"),
            Map.entry("beta_init", "beta_initializer"),
            Map.entry("gamma_init", "gamma_initializer"),
            Map.entry("init", "kernel_initializer"),
            Map.entry("inner_init", "recurrent_initializer"),
            Map.entry("dropout_W", "dropout"),
            Map.entry("dropout_U", "recurrent_dropout"),
            Map.entry("p", "rate"));

    private KerasUpgrade() {}

    /// Names of classes in older files, and what they are called today.
    static Map<String, String> classes() {
        return CLASSES;
    }

    /// A layer's entry as Keras would write it today, as far as it is known how.
    static JsonObject entry(JsonObject entry, int kerasMajor) {
        final String type = KerasJson.string(entry, "class_name");
        final JsonObject config = KerasJson.member(entry, "config");
        if (type == null || config == null || KerasGraph.isModel(type)) {
            return entry;
        }
        final JsonObject changed = new JsonObject();
        entry.entrySet().forEach(e -> changed.add(e.getKey(), e.getValue()));
        final String renamed = type.equals("Merge") ? merge(config) : CLASSES.get(type);
        if (renamed != null) {
            changed.addProperty("class_name", renamed);
        }
        if (type.startsWith("CuDNN")) {
            changed.add("config", KerasRecurrent.withoutCudnn(config));
        }
        if (kerasMajor == 1 || type.equals("Merge")) {
            changed.add("config", config(renamed == null ? type : renamed, config));
        }
        return changed;
    }

    private static @Nullable String merge(JsonObject config) {
        final String mode = KerasJson.string(config, "mode");
        return mode == null ? null : MERGES.get(mode);
    }

    private static JsonObject config(String type, JsonObject old) {
        final JsonObject config = new JsonObject();
        for (Map.Entry<String, JsonElement> entry : old.entrySet()) {
            final String key = entry.getKey();
            // Embedding and recurrent layers: what they call so today.
            final boolean kept = type.equals("Embedding") && key.equals("output_dim");
            final String today = kept ? key : KEYS.getOrDefault(key, key);
            if (!config.has(today) || !KerasJson.isNeutral(entry.getValue())) {
                config.add(today, entry.getValue());
            }
        }
        both(config, "kernel_size", "nb_row", "nb_col");
        both(config, "kernel_size", "kernel_dim1", "kernel_dim2", "kernel_dim3");
        // Of pooling in one dimension.
        if (config.has("stride")) {
            config.add("strides", config.remove("stride"));
        }
        final String ordering = KerasJson.string(config, "dim_ordering");
        config.remove("dim_ordering");
        if (ordering != null && !ordering.equals("default")) {
            config.addProperty("data_format", ordering.equals("th") ? "channels_first" : "channels_last");
        }
        switch (type) {
            case "Concatenate" -> move(config, "concat_axis", "axis");
            case "Dot" -> {
                move(config, "dot_axes", "axes");
                if ("cos".equals(KerasJson.string(config, "mode"))) {
                    config.addProperty("normalize", true);
                }
            }
            case "Conv2DTranspose" -> config.remove("output_shape");
            default -> {}
        }
        for (String gone : List.of(
                "consume_less",
                "mode",
                "concat_axis",
                "dot_axes",
                "layers",
                "arguments",
                "node_indices",
                "tensor_indices",
                "output_mask",
                "output_mask_type",
                "output_shape_type",
                "mode_type")) {
            if (!gone.equals("mode") || !type.equals("BatchNormalization")) {
                config.remove(gone);
            }
        }
        if (MERGES.containsValue(type)) {
            config.remove("output_shape");
        }
        // Of words, which Keras 1 dropped whole.
        if (type.equals("Embedding") && String.valueOf(config.get("dropout")).matches("0(\\.0*)?")) {
            config.remove("dropout");
        }
        // Modes of batch normalization: 0 is by features, as today.
        if (type.equals("BatchNormalization") && new JsonPrimitive(0).equals(config.get("mode"))) {
            config.remove("mode");
        }
        return config;
    }

    private static void move(JsonObject config, String from, String to) {
        if (config.has(from)) {
            config.add(to, config.remove(from));
        }
    }

    /// Sizes that had a key each.
    private static void both(JsonObject config, String to, String... from) {
        if (!config.has(from[0])) {
            return;
        }
        final JsonArray sizes = new JsonArray();
        for (String key : from) {
            sizes.add(config.get(key));
            config.remove(key);
        }
        config.add(to, sizes);
    }
}
