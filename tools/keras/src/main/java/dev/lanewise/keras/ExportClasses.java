package dev.lanewise.keras;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.io.RecordJson;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.layer.TimeDistributed;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which class of Keras' a layer is written as, and whether the file's own entry still means it.
final class ExportClasses {
    /// Layers of Keras 1 that none of today's computes.
    private static final Set<String> GONE = Set.of("MaxoutDense", "Highway");

    /// Layers that Keras 3 does not have.
    private static final Set<String> LAYERS_OF_KERAS_2 = Set.of("LocallyConnected1D", "LocallyConnected2D");

    private ExportClasses() {}

    /// Whether Keras 3 has no such layer, or none such as is in it.
    static boolean isOfKeras2(Layer layer) {
        return LAYERS_OF_KERAS_2.contains(inmost(layer).typeName());
    }

    static Layer inmost(Layer layer) {
        return layer instanceof TimeDistributed each ? inmost(each.layer()) : layer;
    }

    /// @throws IllegalArgumentException if Keras 3 has no such layer
    static void requireKeras3(String name, Layer layer) {
        if (isOfKeras2(layer)) {
            throw new IllegalArgumentException(
                    "layer '" + name + "' (" + inmost(layer).typeName()
                            + "): Keras 3 has no such layer; an .h5 file can hold it, for tf.keras 2");
        }
    }

    /// The class that the entry of a layer names.
    ///
    /// @throws IllegalArgumentException if Keras has nothing like it
    static String className(String name, Layer layer, @Nullable JsonObject original, KeptConfig kept) {
        if (original != null && isCustom(original, layer, kept)) {
            return String.valueOf(KerasJson.string(original, "class_name"));
        }
        final JsonObject whole = whole(layer, original, kept);
        if (whole != null) {
            return String.valueOf(KerasJson.string(whole, "class_name"));
        }
        final String type = layer.typeName();
        if (!(layer instanceof Record) || !KerasLayers.supported().contains(type)) {
            throw new IllegalArgumentException("layer '" + name + "' (" + type + "): Keras has no such layer");
        }
        if (GONE.contains(inmost(layer).typeName())) {
            throw new IllegalArgumentException(
                    "layer '" + name + "' (" + inmost(layer).typeName()
                            + "): Keras 1 alone had it; neither format of today's Keras can hold it");
        }
        // Its class in Keras, which exports it by a shorter name.
        return type.equals("GroupQueryAttention") ? "GroupedQueryAttention" : type;
    }

    /// The entry of the file, where it is one of Keras 3 that means this very layer.
    static @Nullable JsonObject whole(Layer layer, @Nullable JsonObject original, KeptConfig kept) {
        final JsonObject config = original == null ? null : KerasJson.member(original, "config");
        if (original == null || config == null || kept.kerasMajor() < 3 || KerasOperations.isOperation(original)) {
            return null;
        }
        final String type = String.valueOf(KerasJson.string(original, "class_name"));
        final LayerConfig given = new LayerConfig("", type, config.deepCopy(), 3);
        for (String setting : KerasAttention.is(type) ? KerasAttention.SETTINGS : List.<String>of()) {
            if (layer instanceof Record settings
                    && new JsonPrimitive(true).equals(RecordJson.write(settings).get(setting))) {
                given.set(setting);
            }
        }
        return layer.equals(KerasLayers.convert(given)) ? original : null;
    }

    /// Whether an entry is of a class of the user's own that gives this layer.
    static boolean isCustom(JsonObject original, Layer layer, KeptConfig kept) {
        final JsonObject config = KerasJson.member(original, "config");
        final String type = String.valueOf(KerasJson.string(original, "class_name"));
        final String registered = KerasJson.string(original, "registered_name");
        if (config == null) {
            return false;
        }
        final LayerConfig given =
                new LayerConfig("", type, registered == null ? type : registered, config.deepCopy(), kept.kerasMajor());
        return KerasImport.factory(given) != null && layer.equals(KerasLayers.convert(given));
    }
}
