package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.io.RecordJson;
import java.util.Map;
import java.util.Set;

/// Activations as Keras' configs name them, and for which Keras a file then is.
final class KerasFunctionsJson {
    /// Functions with settings have no form of their own in a config; the layers that compute them have.
    private static final Map<String, String> LAYER_OF_ACTIVATION =
            Map.of("leaky_relu", "LeakyReLU", "elu", "ELU", "relu", "ReLU", "softmax", "Softmax");

    /// Functions that tf.keras 2 does not have.
    private static final Set<String> FUNCTIONS_OF_KERAS_3 = Set.of(
            "celu",
            "glu",
            "hard_shrink",
            "hard_silu",
            "hard_tanh",
            "log_sigmoid",
            "log_softmax",
            "relu6",
            "soft_shrink",
            "sparse_plus",
            "sparsemax",
            "squareplus",
            "tanh_shrink",
            "threshold");

    private static final String HARD_SIGMOID = "hard_sigmoid";

    private final boolean keras3;
    private final ExportReport.Notes notes;

    /// Whether there was the function that Keras 1 and 2 called so, and whether there was that of Keras 3.
    private boolean formerHardSigmoid;

    private boolean hardSigmoid;

    /// @param keras3 for a `.keras` archive
    KerasFunctionsJson(boolean keras3, ExportReport.Notes notes) {
        this.keras3 = keras3;
        this.notes = notes;
    }

    /// Of our form Keras': a name, or for one with settings a layer.
    JsonElement activation(String layer, JsonElement own) {
        if (!own.isJsonObject()) {
            function(layer, own.getAsString());
            return own;
        }
        final String name = KerasJson.string(own.getAsJsonObject(), "class_name");
        final JsonObject settings = KerasJson.member(own.getAsJsonObject(), "config");
        if (HARD_SIGMOID.equals(name)) {
            if (keras3) {
                throw new IllegalArgumentException("layer '" + layer
                        + "': its hard_sigmoid is that of Keras 2, max(0, min(1, 0.2 x + 0.5)), which Keras 3 does not"
                        + " have; an .h5 file can hold it, for tf.keras 2");
            }
            formerHardSigmoid = true;
            requireOneHardSigmoid(layer);
            notes.add(
                    ExportReport.Kind.KERAS_2_ONLY,
                    layer,
                    "its hard_sigmoid is that of Keras 2; Keras 3 computes another function of that name");
            return new JsonPrimitive(HARD_SIGMOID);
        }
        final String type = name == null ? null : LAYER_OF_ACTIVATION.get(name);
        if (type == null || settings == null) {
            throw new IllegalArgumentException("layer '" + layer + "': the activation " + own
                    + " has settings, and Keras has no form for that in a file");
        }
        return ConfigForms.object(keras3, KerasLayerJson.MODULE, type, settings);
    }

    /// Notes the functions that a config of Keras 3 names.
    void noteAll(String layer, JsonElement json) {
        if (json instanceof JsonArray array) {
            array.forEach(element -> noteAll(layer, element));
        } else if (json instanceof JsonObject object) {
            for (Map.Entry<String, JsonElement> entry : object.entrySet()) {
                final String name = entry.getKey().endsWith("activation") ? KerasJson.string(entry.getValue()) : null;
                if (name != null) {
                    function(layer, name);
                } else {
                    noteAll(layer, entry.getValue());
                }
            }
        }
    }

    private void function(String layer, String name) {
        hardSigmoid |= name.equals(HARD_SIGMOID);
        requireOneHardSigmoid(layer);
        if (!keras3 && (FUNCTIONS_OF_KERAS_3.contains(name) || name.equals(HARD_SIGMOID))) {
            notes.add(
                    ExportReport.Kind.KERAS_3_ONLY,
                    layer,
                    name.equals(HARD_SIGMOID)
                            ? "its hard_sigmoid is that of Keras 3; tf.keras 2 computes another function of that name"
                            : "tf.keras 2 has no activation " + name);
        }
    }

    private void requireOneHardSigmoid(String layer) {
        if (hardSigmoid && formerHardSigmoid) {
            throw new IllegalArgumentException(
                    "layer '" + layer + "': the model has both functions called hard_sigmoid,"
                            + " that of Keras 2 and that of Keras 3, and one file can mean but one of them");
        }
    }

    /// Whether a layer computes the hard_sigmoid of Keras 1 and 2.
    static boolean hasFormerHardSigmoid(Record layer) {
        return RecordJson.write(layer).toString().contains("{\"class_name\":\"" + HARD_SIGMOID + "\"");
    }

    /// Whether the file must say that Keras 3 wrote it.
    boolean needsKeras3() {
        return hardSigmoid;
    }
}
