package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.io.RecordJson;
import dev.lanewise.nn.Graph;
import dev.lanewise.train.Loss;
import dev.lanewise.train.Metric;
import dev.lanewise.train.ReducedLoss;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Losses and metrics as Keras' training configurations have them: a name, or with settings an object.
final class KerasMetricsJson {
    /// Metrics that are functions in all versions: their name is enough.
    private static final Set<String> FUNCTIONS = Set.of(
            "accuracy",
            "binary_accuracy",
            "binary_crossentropy",
            "categorical_accuracy",
            "categorical_crossentropy",
            "categorical_hinge",
            "cosine_similarity",
            "hinge",
            "kl_divergence",
            "mean_absolute_error",
            "mean_absolute_percentage_error",
            "mean_squared_error",
            "mean_squared_logarithmic_error",
            "poisson",
            "sparse_categorical_accuracy",
            "sparse_categorical_crossentropy",
            "sparse_top_k_categorical_accuracy",
            "squared_hinge",
            "top_k_categorical_accuracy");

    /// Classes whose names are not the metric's name in capitals.
    private static final Map<String, String> CLASSES = Map.of(
            "auc", "AUC",
            "binary_io_u", "BinaryIoU",
            "fbeta_score", "FBetaScore",
            "io_u", "IoU",
            "kl_divergence", "KLDivergence",
            "log_cosh", "LogCoshError",
            "mean_io_u", "MeanIoU",
            "one_hot_io_u", "OneHotIoU",
            "one_hot_mean_io_u", "OneHotMeanIoU",
            "r2_score", "R2Score");

    private KerasMetricsJson() {}

    /// A metric; null for one of the user's own.
    static @Nullable JsonElement metric(Metric metric, boolean keras3) {
        final Metric.Config config = Metric.config(metric);
        final String name = config.kerasName();
        if (!Metric.names().contains(name)) {
            return null;
        }
        if (FUNCTIONS.contains(name) && Metric.of(name).equals(metric)) {
            return new JsonPrimitive(name);
        }
        final JsonObject settings = new JsonObject();
        new TreeMap<>(config.settings()).forEach((key, value) -> settings.add(key, setting(key, value)));
        return ConfigForms.object(keras3, "keras.metrics", className(name), settings);
    }

    private static JsonElement setting(String key, Object value) {
        if (value instanceof List<?> values) {
            final JsonArray list = new JsonArray();
            values.forEach(element -> list.add((Number) element));
            return list;
        }
        if ((key.equals("average") || key.equals("class_aggregation")) && value.equals("none")) {
            return JsonNull.INSTANCE;
        }
        if (value instanceof Number number) {
            // Without a threshold the column of the largest value counts.
            return key.equals("threshold") && number.doubleValue() < 0 ? JsonNull.INSTANCE : new JsonPrimitive(number);
        }
        return value instanceof Boolean flag ? new JsonPrimitive(flag) : new JsonPrimitive(value.toString());
    }

    private static String className(String name) {
        final String given = CLASSES.get(name);
        if (given != null) {
            return given;
        }
        final StringBuilder type = new StringBuilder();
        for (String part : name.split("_", -1)) {
            type.append(Character.toUpperCase(part.charAt(0))).append(part.substring(1));
        }
        return type.toString();
    }

    /// A loss: its full name, or with other settings than the default ones an object.
    static JsonElement loss(Loss loss, boolean keras3) {
        final Loss rows = ReducedLoss.ofRows(loss);
        final Class<?> type = rows.getClass();
        final JsonObject settings = RecordJson.write((Record) rows);
        final String name = Graph.snakeCase(type.getSimpleName());
        if (loss instanceof ReducedLoss reduced) {
            settings.addProperty("reduction", reduced.reduction());
        } else if (settings.equals(RecordConfig.defaults(type))) {
            return new JsonPrimitive(name);
        }
        settings.addProperty("name", name);
        return ConfigForms.object(keras3, "keras.losses", type.getSimpleName(), settings);
    }

    /// A name of a loss or metric in full: what Keras 3 reads in `.h5` files.
    static JsonElement full(JsonElement json) {
        final String name = KerasJson.string(json);
        if (name != null) {
            final String known = KerasTraining.LOSSES.get(name);
            return known == null
                    ? new JsonPrimitive(name.equals("acc") ? "accuracy" : name)
                    : new JsonPrimitive(Graph.snakeCase(known));
        }
        if (json.isJsonArray()) {
            final JsonArray full = new JsonArray();
            json.getAsJsonArray().forEach(element -> full.add(full(element)));
            return full;
        }
        if (json instanceof JsonObject object && !object.has("class_name")) {
            final JsonObject full = new JsonObject();
            object.entrySet().forEach(entry -> full.add(entry.getKey(), full(entry.getValue())));
            return full;
        }
        return json;
    }
}
