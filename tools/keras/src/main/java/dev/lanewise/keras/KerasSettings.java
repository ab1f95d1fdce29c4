package dev.lanewise.keras;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Settings that all layers have, and those that a layer leaves in its config.
final class KerasSettings {
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

    private KerasSettings() {}

    /// Looks at the settings that all layers have.
    static void others(LayerConfig config) {
        dtype(config);
        rest(config);
    }

    /// Numbers are float32 here: floating-point types are converted, others refused.
    static void dtype(LayerConfig config) {
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

    /// What a layer has not taken of its config: passed over where it changes nothing, else found.
    static void rest(LayerConfig config) {
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
