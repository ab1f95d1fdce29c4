package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The two forms of objects in Keras' configurations: `class_name` and `config`, as all versions read it in
/// `.h5` files, and with `module` and `registered_name`, as `.keras` archives must have it.
final class ConfigForms {
    /// Keys that one run of Python gave, or that say how a file was made.
    private static final Set<String> OF_A_RUN = Set.of("shared_object_id");

    /// Settings that Keras 3 alone has, with the values by which they change nothing: tf.keras refuses them.
    private static final Map<String, String> OF_KERAS_3 = Map.ofEntries(
            Map.entry("quantization_config", "null"),
            Map.entry("optional", "false"),
            Map.entry("use_gate", "false"),
            Map.entry("sliding_window", "null"),
            Map.entry("flash_attention", "null"),
            Map.entry("synchronized", "false"),
            Map.entry("renorm", "false"),
            Map.entry("renorm_clipping", "null"),
            Map.entry("renorm_momentum", "0.99"),
            Map.entry("rms_scaling", "false"),
            Map.entry("lora_rank", "null"),
            Map.entry("lora_alpha", "null"),
            Map.entry("use_cudnn", "\"auto\""),
            Map.entry("input_axes", "null"),
            Map.entry("output_axes", "null"),
            Map.entry("pad_to_aspect_ratio", "false"),
            Map.entry("antialias", "false"),
            Map.entry("loss_scale_factor", "null"),
            Map.entry("gradient_accumulation_steps", "null"));

    private static final String LAST = "\"channels_last\"";

    /// The same, where only some classes lack them. Older versions of Keras 3 lack some too, and refuse them.
    private static final Map<String, Map<String, Set<String>>> LACKED = Map.ofEntries(
            Map.entry("ZeroPadding1D", Map.of("data_format", Set.of(LAST))),
            Map.entry("CenterCrop", Map.of("data_format", Set.of(LAST))),
            Map.entry("RandomFlip", Map.of("data_format", Set.of(LAST))),
            Map.entry("RandomRotation", Map.of("data_format", Set.of(LAST))),
            Map.entry("RandomZoom", Map.of("data_format", Set.of(LAST))),
            Map.entry("RandomTranslation", Map.of("data_format", Set.of(LAST))),
            Map.entry("RandomBrightness", Map.of("data_format", Set.of(LAST))),
            Map.entry("RandomCrop", Map.of("data_format", Set.of(LAST))),
            Map.entry(
                    "RandomContrast",
                    Map.of("data_format", Set.of(LAST), "value_range", Set.of("[0,255]", "[0.0,255.0]"))),
            Map.entry(
                    "Resizing",
                    Map.of(
                            "data_format",
                            Set.of(LAST),
                            "fill_mode",
                            Set.of("\"constant\""),
                            "fill_value",
                            Set.of("0", "0.0"))));

    /// Settings of optimizers that not all versions of tf.keras 2 have, with the values that are their
    /// defaults.
    private static final Map<String, String> OF_OPTIMIZERS = Map.of(
            "weight_decay", "null",
            "clipnorm", "null",
            "clipvalue", "null",
            "global_clipnorm", "null",
            "use_ema", "false",
            "ema_momentum", "0.99",
            "ema_overwrite_frequency", "null",
            "loss_scale_factor", "null",
            "gradient_accumulation_steps", "null");

    /// The one initializer whose class has different names: all versions know this one.
    private static final Map<String, String> NAMES =
            Map.of("Orthogonal", "orthogonal", "OrthogonalInitializer", "orthogonal");

    private ConfigForms() {}

    /// Whether a setting is one that tf.keras refuses and that changes nothing here.
    ///
    /// @param type whose setting it is; empty where that is not known
    static boolean isOfKeras3(String type, String key, JsonElement value) {
        return value.toString().equals(OF_KERAS_3.get(key))
                || (type.endsWith("Cell") && key.equals("seed"))
                || LACKED.getOrDefault(type, Map.of())
                        .getOrDefault(key, Set.of())
                        .contains(value.toString());
    }

    /// Whether a setting of an optimizer may be left out of an `.h5` file, which then more versions read.
    static boolean isUsual(String key, JsonElement value) {
        return value.toString().equals(OF_OPTIMIZERS.get(key));
    }

    /// The name of a class in `.h5` files.
    static String legacyName(String type) {
        return NAMES.getOrDefault(type, type);
    }

    /// A value as `.h5` files have it.
    static JsonElement legacy(JsonElement json) {
        return legacy("", json);
    }

    /// @param type whose config it is; empty where it is something else
    static JsonElement legacy(String type, JsonElement json) {
        if (json instanceof JsonArray array) {
            final JsonArray changed = new JsonArray();
            array.forEach(element -> changed.add(legacy(element)));
            return changed;
        }
        if (!(json instanceof JsonObject object)) {
            return json;
        }
        final String inner = KerasJson.string(object, "class_name");
        final JsonObject config = KerasJson.member(object, "config");
        if (inner != null && config != null) {
            if (inner.equals("DTypePolicy") && config.get("name") != null) {
                return config.get("name");
            }
            final JsonObject plain = new JsonObject();
            plain.addProperty("class_name", legacyName(inner));
            plain.add("config", legacy(inner, config));
            return plain;
        }
        final JsonObject changed = new JsonObject();
        for (Map.Entry<String, JsonElement> entry : object.entrySet()) {
            final String key = entry.getKey();
            if (!OF_A_RUN.contains(key) && !isOfKeras3(type, key, entry.getValue())) {
                changed.add(key, legacy(entry.getValue()));
            }
        }
        return changed;
    }

    /// A value as `.keras` archives have it.
    ///
    /// @param key whose value it is; it tells the module of an object that does not say it
    static JsonElement today(String key, JsonElement json) {
        if (json instanceof JsonArray array) {
            final JsonArray changed = new JsonArray();
            array.forEach(element -> changed.add(today(key, element)));
            return changed;
        }
        if (!(json instanceof JsonObject object)) {
            return json;
        }
        final JsonObject changed = new JsonObject();
        final String module = module(key);
        final boolean isObject = KerasJson.string(object, "class_name") != null && object.has("config");
        if (isObject && !object.has("module") && module != null) {
            changed.addProperty("module", module);
        }
        for (Map.Entry<String, JsonElement> entry : object.entrySet()) {
            if (!OF_A_RUN.contains(entry.getKey())) {
                // Losses and metrics may be given by the names of outputs.
                final boolean same = entry.getKey().equals("config") || (!isObject && ofOutputs(key));
                changed.add(entry.getKey(), today(same ? key : entry.getKey(), entry.getValue()));
            }
        }
        if (isObject && !object.has("registered_name")) {
            changed.add("registered_name", JsonNull.INSTANCE);
        }
        return changed;
    }

    /// An object of a class and its settings.
    ///
    /// @param keras3 in which form
    static JsonObject object(boolean keras3, String module, String type, JsonObject config) {
        final JsonObject json = new JsonObject();
        if (keras3) {
            json.addProperty("module", module);
        }
        json.addProperty("class_name", keras3 ? type : legacyName(type));
        json.add("config", config);
        if (keras3) {
            json.add("registered_name", JsonNull.INSTANCE);
        }
        return json;
    }

    private static boolean ofOutputs(String key) {
        return key.equals("loss") || key.endsWith("metrics");
    }

    private static @Nullable String module(String key) {
        if (key.endsWith("_initializer")) {
            return "keras.initializers";
        }
        if (key.endsWith("_regularizer")) {
            return "keras.regularizers";
        }
        if (key.endsWith("_constraint")) {
            return "keras.constraints";
        }
        return switch (key) {
            case "layer", "backward_layer", "cell", "cells", "activation", "recurrent_activation" -> "keras.layers";
            case "dtype" -> "keras";
            case "loss" -> "keras.losses";
            case "metrics", "weighted_metrics" -> "keras.metrics";
            case "learning_rate" -> "keras.optimizers.schedules";
            default -> null;
        };
    }
}
