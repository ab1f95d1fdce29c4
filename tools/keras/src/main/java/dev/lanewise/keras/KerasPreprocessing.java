package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.layer.Normalization;
import dev.lanewise.nn.layer.RandomContrast;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Resizing;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Keras' preprocessing layers that need more than their keys: numbers of all forms, ranges that old files
/// do not say.
final class KerasPreprocessing {
    private KerasPreprocessing() {}

    /// Numbers for each channel, which the layer here does not have, are those of a normalization the other
    /// way.
    static @Nullable Layer rescaling(LayerConfig config) {
        final JsonArray scales = channels(config.take("scale"));
        final JsonArray offsets = channels(config.take("offset"));
        final int channels = Math.max(scales.size(), offsets.size());
        if (channels < 2) {
            return KerasLayers.generic(Rescaling.class, plain(plain(config, "scale", scales), "offset", offsets));
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

    /// Mean and variance may be numbers, or lists in lists.
    static @Nullable Layer normalization(LayerConfig config) {
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
        return KerasLayers.generic(Normalization.class, plain);
    }

    private static void flatten(JsonElement json, JsonArray numbers) {
        if (json.isJsonArray()) {
            json.getAsJsonArray().forEach(element -> flatten(element, numbers));
        } else {
            numbers.add(json);
        }
    }

    /// tf.keras and older versions of Keras 3 do not say the range.
    static @Nullable Layer contrast(LayerConfig config) {
        final JsonArray range = new JsonArray();
        range.add(0);
        range.add(255);
        return KerasLayers.generic(
                RandomContrast.class, config.has("value_range") ? config : config.with("value_range", range));
    }

    /// What fills a border, which `pad_to_aspect_ratio` alone would make.
    static @Nullable Layer resizing(LayerConfig config) {
        config.take("fill_mode");
        config.take("fill_value");
        return KerasLayers.generic(Resizing.class, config);
    }
}
