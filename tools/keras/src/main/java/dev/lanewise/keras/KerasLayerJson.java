package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.io.RecordJson;
import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import dev.lanewise.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Layers as entries of Keras' configs: the reverse of [KerasLayers]. What the entry of the file that a
/// layer came from
/// has beside what is known here is kept.
final class KerasLayerJson {
    /// Functions with settings have no form of their own in a config; the layers that compute them have.
    private static final Map<String, String> LAYER_OF_ACTIVATION =
            Map.of("leaky_relu", "LeakyReLU", "elu", "ELU", "relu", "ReLU", "softmax", "Softmax");

    /// Keys of an entry of the original file that are written anew, or say how its weights were made.
    private static final Set<String> NOT_KEPT =
            Set.of("batch_input_shape", "batch_shape", "input_shape", "input_dim", "data_format", "dim_ordering");

    /// Keys that one generation knows and the other refuses.
    private static final Set<String> OF_ONE_GENERATION = Set.of(
            "time_major",
            "quantization_config",
            "optional",
            "shared_object_id",
            "lora_rank",
            "lora_alpha",
            "build_config",
            "input_dtype",
            "activity_regularizer");

    /// Layers that hold others, or take several arguments: their form in Keras' files is not made here yet.
    private static final Set<String> NOT_YET = Set.of(
            "RNN",
            "Bidirectional",
            "TimeDistributed",
            "MultiHeadAttention",
            "GroupQueryAttention",
            "Attention",
            "AdditiveAttention");

    /// Layers that take a first state beside their input.
    private static final Set<String> RECURRENT = Set.of("SimpleRNN", "LSTM", "GRU");

    private static final String HARD_SIGMOID = "hard_sigmoid";

    private final boolean keras3;

    /// Whether there was the function that Keras 1 and 2 called so, and whether there was that of Keras 3.
    private boolean formerHardSigmoid;

    private boolean hardSigmoid;

    /// @param keras3 for a `.keras` archive; else as Keras 2 wrote it, which Keras 3 reads in `.h5` files too
    KerasLayerJson(boolean keras3) {
        this.keras3 = keras3;
    }

    /// The entry of a layer, without its connections.
    ///
    /// @param name the layer's in the file
    /// @param original the entry of the file that it came from, or null
    /// @throws IllegalArgumentException if Keras has nothing like it
    JsonObject entry(String name, Layer layer, boolean trainable, @Nullable JsonObject original) {
        final JsonObject config = new JsonObject();
        config.addProperty("name", name);
        if (layer instanceof InputLayer input) {
            config.add(keras3 ? "batch_shape" : "batch_input_shape", batch(input.sample()));
            config.addProperty("dtype", "float32");
            config.addProperty("sparse", false);
            config.addProperty("ragged", false);
        } else {
            final String type = layer.typeName();
            if (!(layer instanceof Record settings) || !KerasLayers.supported().contains(type)) {
                throw new IllegalArgumentException("layer '" + name + "' (" + type + "): Keras has no such layer");
            }
            config.addProperty("trainable", trainable);
            config.addProperty("dtype", "float32");
            for (Map.Entry<String, JsonElement> entry :
                    RecordJson.write(settings).entrySet()) {
                if (!entry.getKey().endsWith("_initializer")) {
                    config.add(entry.getKey(), entry.getValue());
                }
            }
            for (String key : List.of("activation", "recurrent_activation")) {
                if (config.has(key)) {
                    config.add(key, activation(name, config.get(key)));
                }
            }
            own(layer, config);
            keep(original, config);
        }
        final JsonObject json = new JsonObject();
        if (keras3) {
            json.addProperty("module", "keras.layers");
        }
        json.addProperty("class_name", layer instanceof InputLayer ? "InputLayer" : layer.typeName());
        json.add("config", config);
        if (keras3) {
            json.add("registered_name", JsonNull.INSTANCE);
        }
        return json;
    }

    /// @throws IllegalArgumentException if the layer's form in Keras' files is not made here
    static void requireForm(String name, Layer layer, int inputs) {
        if (NOT_YET.contains(layer.typeName()) || (RECURRENT.contains(layer.typeName()) && inputs > 1)) {
            throw new IllegalArgumentException("layer '" + name + "' (" + layer.typeName() + ")"
                    + (inputs > 1 ? ", called on " + inputs + " inputs," : "")
                    + " cannot be written to Keras' files yet");
        }
    }

    /// What the generation wants otherwise.
    private void own(Layer layer, JsonObject config) {
        if (KerasLayers.hasDataFormat(layer.typeName())) {
            config.addProperty("data_format", "channels_last");
        }
        if (layer.typeName().equals("LeakyReLU") && !keras3) {
            config.add("alpha", config.remove("negative_slope"));
        }
        if (layer.typeName().equals("Normalization")
                && config.get("axis") instanceof JsonArray axes
                && axes.isEmpty()) {
            config.add("axis", JsonNull.INSTANCE);
        }
    }

    /// Keys of the original entry that nobody here writes.
    private void keep(@Nullable JsonObject original, JsonObject config) {
        final JsonObject before = original == null ? null : KerasJson.member(original, "config");
        if (before == null) {
            return;
        }
        for (Map.Entry<String, JsonElement> entry : before.entrySet()) {
            final String key = entry.getKey();
            if (!config.has(key)
                    && !NOT_KEPT.contains(key)
                    && !OF_ONE_GENERATION.contains(key)
                    && !key.endsWith("_initializer")
                    && !RecordConfig.isOlder(key)) {
                config.add(key, entry.getValue());
            }
        }
    }

    /// Of our form Keras': a name, or for one with settings a layer.
    private JsonElement activation(String layer, JsonElement own) {
        if (!own.isJsonObject()) {
            hardSigmoid |= own.equals(new JsonPrimitive(HARD_SIGMOID));
            requireOneHardSigmoid(layer);
            return own;
        }
        final String name = KerasJson.string(own.getAsJsonObject(), "class_name");
        final JsonObject settings = KerasJson.member(own.getAsJsonObject(), "config");
        if (HARD_SIGMOID.equals(name) && !keras3) {
            formerHardSigmoid = true;
            requireOneHardSigmoid(layer);
            return new JsonPrimitive(HARD_SIGMOID);
        }
        final String type = name == null ? null : LAYER_OF_ACTIVATION.get(name);
        if (type == null || settings == null) {
            throw new IllegalArgumentException("layer '" + layer + "': the activation " + own
                    + " has settings, and Keras has no form for that in a file");
        }
        final JsonObject json = new JsonObject();
        if (keras3) {
            json.addProperty("module", "keras.layers");
        }
        json.addProperty("class_name", type);
        json.add("config", settings);
        if (keras3) {
            json.add("registered_name", JsonNull.INSTANCE);
        }
        return json;
    }

    private void requireOneHardSigmoid(String layer) {
        if (hardSigmoid && formerHardSigmoid) {
            throw new IllegalArgumentException(
                    "layer '" + layer + "': the model has both functions called hard_sigmoid,"
                            + " that of Keras 2 and that of Keras 3, and one file can mean but one of them");
        }
    }

    /// Whether the file must say that Keras 3 wrote it.
    boolean needsKeras3() {
        return hardSigmoid;
    }

    /// A sample's shape with the batch's unknown size before it.
    static JsonArray batch(Shape sample) {
        final JsonArray json = new JsonArray();
        json.add(JsonNull.INSTANCE);
        for (int dim : sample.toArray()) {
            json.add(dim == Shape.UNKNOWN ? JsonNull.INSTANCE : new JsonPrimitive(dim));
        }
        return json;
    }
}
