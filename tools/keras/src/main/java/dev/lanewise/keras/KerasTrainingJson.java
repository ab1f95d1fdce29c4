package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import dev.lanewise.io.OptimizerJson;
import dev.lanewise.io.RecordJson;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.train.Metric;
import dev.lanewise.train.Objective;
import dev.lanewise.train.ReducedLoss;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Optimizer, loss and metrics as in Keras' files: the reverse of [KerasTraining]. What a file of Keras 3
/// said is written again as it was, as long as the model is trained in that way; the learning rate is the
/// present one.
final class KerasTrainingJson {
    private static final String WHERE = "training";

    /// Options of optimizers that Keras' configs do not have.
    private static final Set<String> NOT_KERAS = Set.of("exclude_from_weight_decay", "learning_rate_factors");

    /// What a file's own configuration says that is taken over.
    private static final List<String> COMPILED = List.of(
            "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution", "jit_compile");

    private final Model model;
    private final TrainingConfig config;
    private final ExportReport.Notes notes;
    private final OptimizerMemory memory;

    /// The file's own; null where it does not say what the model says now.
    private final @Nullable JsonObject original;

    private KerasTrainingJson(
            Model model, TrainingConfig config, KeptConfig kept, ExportWeights weights, ExportReport.Notes notes) {
        this.model = model;
        this.config = config;
        this.notes = notes;
        original = kept.isTrainedAsImported(model) && kept.kerasMajor() == 3 ? kept.training() : null;
        memory = new OptimizerMemory(model, config, rate(), type(), optimizerName(), settings(), weights, notes);
        if (kept.isTrainedAsImported(model) && LossScaling.isIn(kept.training())) {
            notes.add(
                    ExportReport.Kind.LEFT_OUT,
                    WHERE,
                    "the scaling of the loss (LossScaleOptimizer), which a model of float32 does not need");
        }
        if (kept.isTrainedAsImported(model) && original == null && kept.hasUnknownMetrics()) {
            notes.add(ExportReport.Kind.LEFT_OUT, WHERE, "metrics of the file that are not known here");
        }
    }

    /// Of a model that was compiled for training with what Keras has too; else null, with a note.
    static @Nullable KerasTrainingJson of(
            Model model, KeptConfig kept, ExportWeights weights, ExportReport.Notes notes) {
        if (!TrainingConfig.isIn(model)) {
            if (kept.training() != null) {
                notes.add(
                        ExportReport.Kind.NO_TRAINING,
                        WHERE,
                        "the training configuration of the file is not known here, or no longer fits the model");
            }
            return null;
        }
        final TrainingConfig config;
        try {
            config = TrainingConfig.of(model);
        } catch (IllegalStateException e) {
            // An optimizer or loss of the user's own, which only its program knows.
            notes.add(ExportReport.Kind.NO_TRAINING, WHERE, String.valueOf(e.getMessage()));
            return null;
        }
        for (Object part : parts(config)) {
            if (!(part instanceof Record) || !part.getClass().getPackage().equals(Objective.class.getPackage())) {
                notes.add(
                        ExportReport.Kind.NO_TRAINING,
                        WHERE,
                        part.getClass().getSimpleName() + " is not Keras'; the file has no training configuration");
                return null;
            }
        }
        return new KerasTrainingJson(model, config, kept, weights, notes);
    }

    private static List<Object> parts(TrainingConfig config) {
        final List<Object> parts = new ArrayList<>();
        parts.add(config.optimizer().plain());
        config.objectives().forEach(objective -> {
            parts.add(objective.loss());
            if (objective.loss() instanceof ReducedLoss reduced) {
                parts.add(reduced.loss());
            }
        });
        return parts;
    }

    /// The attribute `training_config` of an `.h5` file.
    JsonObject legacy() {
        final JsonObject json = new JsonObject();
        final JsonObject compiled = settings(false);
        for (String key : COMPILED) {
            final JsonElement value = compiled.get(key);
            if (value != null) {
                final boolean named = key.equals("loss") || key.endsWith("metrics");
                json.add(key, named ? KerasMetricsJson.full(ConfigForms.legacy(value)) : value);
            }
        }
        json.add("sample_weight_mode", JsonNull.INSTANCE);
        json.add("optimizer_config", ConfigForms.object(false, "", type(), optimizer(false)));
        return json;
    }

    /// The `compile_config` of a `.keras` archive.
    JsonObject compiled() {
        final JsonObject json = new JsonObject();
        json.add("optimizer", ConfigForms.object(true, "keras.optimizers", type(), optimizer(true)));
        settings(true).entrySet().forEach(entry -> json.add(entry.getKey(), entry.getValue()));
        return json;
    }

    /// Losses, metrics and how they are computed.
    private JsonObject settings(boolean keras3) {
        final JsonObject json = new JsonObject();
        if (original != null) {
            for (Map.Entry<String, JsonElement> entry : original.entrySet()) {
                if (!entry.getKey().startsWith("optimizer")) {
                    json.add(entry.getKey(), ConfigForms.today(entry.getKey(), entry.getValue()));
                }
            }
            if (keras3 || original.has("loss_weights")) {
                return withLosses(json);
            }
        }
        json.add("loss", losses(keras3));
        json.add("loss_weights", lossWeights());
        json.add("metrics", metrics(keras3));
        json.add("weighted_metrics", JsonNull.INSTANCE);
        json.addProperty("run_eagerly", false);
        json.addProperty("steps_per_execution", 1);
        json.addProperty("jit_compile", false);
        return json;
    }

    /// Keras 3 asks for this key.
    private static JsonObject withLosses(JsonObject json) {
        if (!json.has("loss_weights")) {
            json.add("loss_weights", JsonNull.INSTANCE);
        }
        return json;
    }

    private JsonObject optimizer(boolean keras3) {
        final JsonObject settings = new JsonObject();
        final JsonObject kept = originalOptimizer();
        settings.addProperty("name", optimizerName());
        if (kept != null) {
            kept.entrySet()
                    .forEach(entry -> settings.add(entry.getKey(), form(entry.getKey(), entry.getValue(), keras3)));
        } else {
            settings().entrySet().stream()
                    .filter(entry -> !NOT_KERAS.contains(entry.getKey()))
                    .forEach(entry -> settings.add(entry.getKey(), entry.getValue()));
        }
        for (String key : NOT_KERAS) {
            if (settings().has(key)) {
                notes.add(ExportReport.Kind.LEFT_OUT, WHERE, "'" + key + "', which Keras' files do not have");
            }
        }
        if (!keras3) {
            settings.entrySet().removeIf(entry -> ConfigForms.isUsual(entry.getKey(), entry.getValue()));
        }
        final JsonElement rate = settings.get("learning_rate");
        if (rate == null || KerasJson.isNumber(rate)) {
            settings.addProperty("learning_rate", rate());
        } else if (keras3) {
            settings.add("learning_rate", ConfigForms.today("learning_rate", rate));
        }
        return settings;
    }

    private @Nullable JsonObject originalOptimizer() {
        final JsonObject before = original == null ? null : KerasJson.member(original, "optimizer_config");
        return before == null ? null : KerasJson.member(before, "config");
    }

    /// As the file has it, where it can be part of a path.
    private String optimizerName() {
        final JsonObject kept = originalOptimizer();
        final String name = kept == null ? null : KerasJson.string(kept, "name");
        return name == null || name.isEmpty() || name.indexOf('/') >= 0 || name.equals(".")
                ? Graph.snakeCase(type())
                : name;
    }

    private static JsonElement form(String key, JsonElement value, boolean keras3) {
        return keras3 ? ConfigForms.today(key, value) : ConfigForms.legacy(value);
    }

    /// The optimizer's settings and options.
    private JsonObject settings() {
        final JsonObject settings = RecordJson.write((Record) config.optimizer().plain());
        OptimizerJson.add(config.optimizer().options(), settings);
        return settings;
    }

    private String type() {
        return config.optimizer().plain().getClass().getSimpleName();
    }

    private double rate() {
        return Double.isNaN(model.learningRate()) ? config.optimizer().learningRate() : model.learningRate();
    }

    private JsonElement losses(boolean keras3) {
        if (config.objectives().size() == 1) {
            return KerasMetricsJson.loss(config.objectives().getFirst().loss(), keras3);
        }
        final JsonArray losses = new JsonArray();
        config.objectives().forEach(objective -> losses.add(KerasMetricsJson.loss(objective.loss(), keras3)));
        return losses;
    }

    /// One for each output; null where all are 1.
    private JsonElement lossWeights() {
        if (config.objectives().stream().allMatch(objective -> objective.lossWeight() == 1)) {
            return JsonNull.INSTANCE;
        }
        final JsonArray weights = new JsonArray();
        config.objectives().forEach(objective -> weights.add(objective.lossWeight()));
        return weights;
    }

    /// Of several outputs a list for each.
    private JsonArray metrics(boolean keras3) {
        final JsonArray all = new JsonArray();
        for (Objective objective : config.objectives()) {
            final JsonArray metrics = new JsonArray();
            for (Metric metric : objective.metrics()) {
                final JsonElement json = KerasMetricsJson.metric(metric, keras3);
                if (json == null) {
                    notes.add(
                            ExportReport.Kind.LEFT_OUT,
                            WHERE,
                            "metric '" + metric.name() + "', which Keras does not have");
                } else {
                    metrics.add(json);
                }
            }
            if (config.objectives().size() == 1) {
                return metrics;
            }
            all.add(metrics);
        }
        return all;
    }

    /// What the optimizer remembers, as Keras 3 writes it into `.h5` files.
    void legacyMemory(H5Group root) {
        memory.legacy(root);
    }

    /// The same as Keras 3's trees have it.
    void memory(H5Group root) {
        memory.tree(root);
    }
}
