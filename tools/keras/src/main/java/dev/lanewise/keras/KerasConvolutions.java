package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import dev.lanewise.io.RecordJson;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Layers;
import java.lang.reflect.RecordComponent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Convolutions of all kinds, and what is added around samples or cut off them.
final class KerasConvolutions {
    private KerasConvolutions() {}

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
        return KerasLayers.generic(type, whole);
    }

    /// Implementations 2 and 3 keep other arrays as kernels: one that joins all pixels with all positions, or
    /// a list of its numbers that are used.
    static @Nullable Layer locallyConnected(LayerConfig config) {
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

    /// What is added around samples or cut off them, as pairs: Keras also writes one number for all edges,
    /// or one for both edges of an axis, and Keras 1 four of an image.
    static @Nullable Layer edges(LayerConfig config, String key) {
        final Class<? extends Layer> type = Layers.get(config.className());
        final JsonElement given = config.take(key);
        if (type == null || given == null) {
            return KerasLayers.generic(type, config);
        }
        final int axes = RecordConfig.axes(type);
        final JsonArray list = given.isJsonArray() ? given.getAsJsonArray() : new JsonArray();
        final JsonArray pairs = new JsonArray();
        for (int axis = 0; axis < axes; axis++) {
            if (KerasJson.isNumber(given)) {
                pairs.add(KerasJson.pair(given, given));
            } else if (axes == 1 && list.size() == 2) {
                pairs.add(KerasJson.pair(list.get(0), list.get(1)));
            } else if (axes > 1 && list.size() == axes) {
                final JsonElement one = list.get(axis);
                pairs.add(one.isJsonArray() ? one : KerasJson.pair(one, one));
            } else if (list.size() == 2 * axes) {
                pairs.add(KerasJson.pair(list.get(2 * axis), list.get(2 * axis + 1)));
            }
        }
        if (pairs.size() != axes) {
            config.find(Reason.UNSUPPORTED_ARGUMENT, "'" + key + "' " + KerasJson.shown(given));
            return null;
        }
        return KerasLayers.generic(type, config.with(key, axes == 1 ? pairs.get(0) : pairs));
    }
}
