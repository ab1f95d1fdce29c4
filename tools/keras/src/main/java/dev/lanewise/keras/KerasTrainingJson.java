package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.io.OptimizerJson;
import dev.lanewise.io.RecordJson;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.train.Loss;
import dev.lanewise.train.Metric;
import dev.lanewise.train.Nadam;
import dev.lanewise.train.Objective;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Optimizer, loss and metrics as in Keras' files, and what the optimizer remembers: the reverse of
/// [KerasTraining].
final class KerasTrainingJson {
    private final Model model;
    private final TrainingConfig config;
    private final List<ParameterLayout.Place> trainable;

    private KerasTrainingJson(Model model, TrainingConfig config) {
        this.model = model;
        this.config = config;
        trainable = model.layout().places().stream()
                .filter(place -> place.spec().trainable())
                .toList();
    }

    /// Of a model that was compiled for training with what Keras has too; else null.
    static @Nullable KerasTrainingJson of(Model model) {
        if (!TrainingConfig.isIn(model)) {
            return null;
        }
        try {
            final TrainingConfig config = TrainingConfig.of(model);
            return config.optimizer().plain() instanceof Record
                            && config.objectives().stream().allMatch(of -> of.loss() instanceof Record)
                    ? new KerasTrainingJson(model, config)
                    : null;
        } catch (IllegalStateException e) {
            // An optimizer or loss of the user's own, which only its program knows.
            return null;
        }
    }

    /// The attribute `training_config` of an `.h5` file.
    JsonObject legacy() {
        final JsonObject json = new JsonObject();
        json.add("loss", loss(false));
        json.add("metrics", metrics());
        json.add("loss_weights", lossWeights());
        json.add("weighted_metrics", JsonNull.INSTANCE);
        json.add("sample_weight_mode", JsonNull.INSTANCE);
        json.add("optimizer_config", optimizer(false));
        return json;
    }

    /// The `compile_config` of a `.keras` archive.
    JsonObject compiled() {
        final JsonObject optimizer = optimizer(true);
        optimizer.addProperty("module", "keras.optimizers");
        optimizer.add("registered_name", JsonNull.INSTANCE);
        final JsonObject json = new JsonObject();
        json.add("optimizer", optimizer);
        json.add("loss", loss(true));
        json.add("loss_weights", lossWeights());
        json.add("metrics", metrics());
        json.add("weighted_metrics", JsonNull.INSTANCE);
        json.addProperty("run_eagerly", false);
        json.addProperty("steps_per_execution", 1);
        json.addProperty("jit_compile", false);
        return json;
    }

    private JsonObject optimizer(boolean keras3) {
        final JsonObject settings = settings();
        settings.addProperty("name", type().toLowerCase(Locale.ROOT));
        final JsonElement rate = settings.get("learning_rate");
        if (rate != null && KerasJson.isNumber(rate)) {
            settings.addProperty("learning_rate", rate());
        } else if (keras3 && rate != null && rate.isJsonObject()) {
            rate.getAsJsonObject().addProperty("module", "keras.optimizers.schedules");
            rate.getAsJsonObject().add("registered_name", JsonNull.INSTANCE);
        }
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", type());
        json.add("config", settings);
        return json;
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

    /// A schedule's rate is no variable.
    private boolean hasRate() {
        return config.optimizer().options().schedule() == null;
    }

    /// Its name, or with other settings than the default ones an object.
    private JsonElement loss(boolean keras3) {
        if (config.objectives().size() == 1) {
            return loss(config.objectives().getFirst().loss(), keras3);
        }
        final JsonArray losses = new JsonArray();
        config.objectives().forEach(objective -> losses.add(loss(objective.loss(), keras3)));
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

    private static JsonElement loss(Loss loss, boolean keras3) {
        final Class<?> type = loss.getClass();
        final JsonObject settings = RecordJson.write((Record) loss);
        final String name = Graph.snakeCase(type.getSimpleName());
        if (settings.equals(RecordConfig.defaults(type))) {
            return new JsonPrimitive(name);
        }
        settings.addProperty("name", name);
        final JsonObject json = new JsonObject();
        if (keras3) {
            json.addProperty("module", "keras.losses");
            json.add("registered_name", JsonNull.INSTANCE);
        }
        json.addProperty("class_name", type.getSimpleName());
        json.add("config", settings);
        return json;
    }

    /// Names; of several outputs a list for each.
    private JsonArray metrics() {
        final JsonArray all = new JsonArray();
        for (Objective objective : config.objectives()) {
            final JsonArray metrics = new JsonArray();
            for (Metric metric : objective.metrics()) {
                metrics.add(Metric.config(metric).kerasName());
            }
            if (config.objectives().size() == 1) {
                return metrics;
            }
            all.add(metrics);
        }
        return all;
    }

    /// What the optimizer remembers, as Keras 3 writes it into `.h5` files.
    ///
    /// @param names of the layers in the file
    void legacyMemory(H5Group root, KerasGraphJson names) {
        final String optimizer = type().toLowerCase(Locale.ROOT);
        final H5Group group = root.group("optimizer_weights");
        final List<String> paths = new ArrayList<>(List.of(optimizer + "/iteration"));
        group.scalar(paths.getFirst(), model.iteration());
        if (hasRate()) {
            paths.add(optimizer + "/learning_rate");
            group.scalar(paths.getLast(), (float) rate());
        }
        for (Memory memory : memory()) {
            final String path = optimizer + "/" + names.name(memory.place().layer()) + "_"
                    + memory.place().spec().name() + "_" + memory.kind();
            paths.add(path);
            group.dataset(path, H5Group.Type.FLOAT32, memory.shape(), memory.values());
        }
        if (config.optimizer().plain() instanceof Nadam nadam && paths.size() > 2) {
            paths.add(optimizer + "/variable");
            group.scalar(paths.getLast(), (float) nadam.uProduct(model.iteration()));
        }
        KerasExport.names(group, "weight_names", paths);
    }

    /// The same as Keras 3's trees have it.
    void memory(H5Group root) {
        final H5Group group = root.group("optimizer/vars");
        group.attribute("name", type().toLowerCase(Locale.ROOT));
        group.scalar("0", model.iteration());
        int number = 1;
        if (hasRate()) {
            group.scalar(String.valueOf(number++), (float) rate());
        }
        for (Memory memory : memory()) {
            group.dataset(String.valueOf(number++), H5Group.Type.FLOAT32, memory.shape(), memory.values());
        }
        if (config.optimizer().plain() instanceof Nadam nadam && number > 2) {
            group.scalar(String.valueOf(number), (float) nadam.uProduct(model.iteration()));
        }
    }

    /// An array of the optimizer's.
    ///
    /// @param kind as Keras names it: `momentum`, `velocity`, …
    private record Memory(ParameterLayout.Place place, String kind, MemorySegment values) {
        List<Long> shape() {
            return KerasExport.dims(place.spec().shape());
        }
    }

    /// In Keras' order. None before the first step, and where something of it has no place in Keras' files:
    /// then the
    /// optimizer starts anew there.
    private List<Memory> memory() {
        final Map<String, MemorySegment> slots = model.slots();
        final List<String> kinds = TreeOptimizer.slots(type(), settings(), trainable.size());
        if (kinds == null || model.iteration() == 0) {
            return List.of();
        }
        final List<Memory> memory = new ArrayList<>();
        for (String numbered : kinds) {
            final int cut = numbered.indexOf('_');
            if (cut < 0 || !Character.isDigit(numbered.charAt(0))) {
                return List.of();
            }
            final ParameterLayout.Place place = trainable.get(Integer.parseInt(numbered.substring(0, cut)));
            final String kind = numbered.substring(cut + 1);
            final MemorySegment slot =
                    slots.get(KerasTraining.slot(kind, config.optimizer().slots()));
            if (slot == null) {
                return List.of();
            }
            final long bytes = place.spec().shape().size() * (long) Float.BYTES;
            memory.add(new Memory(place, kind, slot.asSlice(place.offset() * Float.BYTES, bytes)));
        }
        return memory;
    }
}
