package dev.lanewise.keras;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.io.OptimizerJson;
import dev.lanewise.io.RecordJson;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.keras.ImportReport.TrainingReport;
import dev.lanewise.keras.h5.H5Dataset;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.train.Loss;
import dev.lanewise.train.Metric;
import dev.lanewise.train.Nadam;
import dev.lanewise.train.Objective;
import dev.lanewise.train.Optimizer;
import dev.lanewise.train.OptimizerOptions;
import dev.lanewise.train.ReducedLoss;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Optimizer, loss and metrics of a Keras file, and what the optimizer remembers, put into a model. What
/// cannot be
/// taken
/// over is reported; the model can be used all the same.
final class KerasTraining {
    /// Short names of losses.
    static final Map<String, String> LOSSES = Map.ofEntries(
            Map.entry("mse", "MeanSquaredError"),
            Map.entry("mae", "MeanAbsoluteError"),
            Map.entry("mape", "MeanAbsolutePercentageError"),
            Map.entry("msle", "MeanSquaredLogarithmicError"),
            Map.entry("bce", "BinaryCrossentropy"),
            Map.entry("huber_loss", "Huber"),
            Map.entry("kld", "KLDivergence"),
            Map.entry("kullback_leibler_divergence", "KLDivergence"),
            Map.entry("cosine_proximity", "CosineSimilarity"));

    /// Settings that change nothing where they have no partner here.
    private static final Set<String> HARMLESS =
            Set.of("name", "dtype", "fn", "jit_compile", "is_legacy_optimizer", "registered_name");

    /// Ways to bring the losses of rows together, beside the default.
    private static final Set<String> REDUCTIONS = Set.of("sum", "mean_with_sample_weight");

    /// Other names, of Keras and of tf.keras, for what our optimizers remember.
    private static final Map<String, List<String>> SLOTS = Map.of(
            "m", List.of("momentum"),
            "v", List.of("velocity"),
            "velocity_hat", List.of("vhat"),
            "momentum", List.of("m"),
            "velocity", List.of("v", "rms"),
            "average_gradient", List.of("mg"),
            "norm", List.of("v"),
            "accumulated_grad", List.of("accum_grad"),
            "accumulated_delta_var", List.of("accum_var"));

    private final KerasModelFile file;
    private final KerasArchitecture architecture;
    private final Model model;
    private final List<ParameterLayout.Place> trainable;
    private final boolean whole;
    private final List<Finding> findings = new ArrayList<>();

    /// @param places the model's weights in Keras' order
    /// @param whole whether nothing is left out that matters in training
    KerasTraining(
            KerasModelFile file,
            KerasArchitecture architecture,
            Model model,
            List<ParameterLayout.Place> places,
            boolean whole) {
        this.file = file;
        this.architecture = architecture;
        this.model = model;
        this.whole = whole;
        this.trainable =
                places.stream().filter(place -> place.spec().trainable()).toList();
    }

    /// Our name of what Keras' optimizers remember.
    ///
    /// @param ours names of the optimizer's slots
    static String slot(String kind, List<String> ours) {
        return ours.contains(kind)
                ? kind
                : ours.stream()
                        .filter(own -> SLOTS.getOrDefault(own, List.of()).contains(kind))
                        .findFirst()
                        .orElse(kind);
    }

    /// Puts into the model what can be.
    TrainingReport restore() {
        final JsonObject config = architecture.training();
        if (config == null) {
            return new TrainingReport(null, null, 0, List.of(), false, List.of());
        }
        final JsonObject optimizerConfig = optimizerConfig(config);
        final Optimizer optimizer = optimizer(optimizerConfig);
        final List<Objective> objectives = objectives(config);
        final String optimizerName = optimizerConfig == null ? null : KerasJson.string(optimizerConfig, "class_name");
        final String losses = objectives == null
                ? null
                : objectives.stream().map(objective -> objective.loss().name()).collect(Collectors.joining(", "));
        if (optimizer == null || objectives == null) {
            return new TrainingReport(optimizerName, losses, 0, List.of(), false, findings);
        }
        if (LossScaling.isIn(config)) {
            find(
                    Reason.CONVERTED_DTYPE,
                    "LossScaleOptimizer around " + optimizer.name()
                            + " scales the loss for gradients of 16 bits: here they have 32, and it is left out");
        }
        TrainingConfig.store(model, optimizer, objectives);
        final List<String> slots = new ArrayList<>();
        final boolean restored = state(config, optimizer, slots);
        return new TrainingReport(optimizer.name(), losses, model.iteration(), slots, restored && whole, findings);
    }

    /// The optimizer as an object; a name alone stands for one with the usual settings.
    private static @Nullable JsonObject optimizerConfig(JsonObject config) {
        final String name = KerasJson.string(config, "optimizer_config");
        if (name == null) {
            return KerasJson.member(config, "optimizer_config");
        }
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", plainName(name));
        json.add("config", new JsonObject());
        return json;
    }

    /// The class of an optimizer's name: `adam` is `Adam`.
    private static String plainName(String name) {
        return TrainingConfig.registry().keySet().stream()
                .filter(known -> known.equalsIgnoreCase(name.replace("_", "")))
                .findFirst()
                .orElse(name);
    }

    private void find(Reason reason, String detail) {
        findings.add(new Finding(reason, detail));
    }

    private @Nullable Optimizer optimizer(@Nullable JsonObject json) {
        final String given = json == null ? null : KerasJson.string(json, "class_name");
        if (json == null || given == null) {
            find(Reason.UNSUPPORTED_OPTIMIZER, "the file names no optimizer");
            return null;
        }
        final String name = given.substring(given.indexOf('>') + 1);
        if (name.equals("MultiOptimizer")) {
            find(
                    Reason.UNSUPPORTED_OPTIMIZER,
                    KerasJson.shown(given) + ": several optimizers for one model are not supported; one optimizer"
                            + " with rates by layers is, as OptimizerOptions.learningRateFactors");
            return null;
        }
        final JsonObject kept = KerasJson.member(json, "config");
        final JsonObject config = kept == null ? new JsonObject() : kept.deepCopy();
        // tf.keras's switch is null or a number; Keras 2 could say false.
        config.entrySet().removeIf(entry -> KerasJson.isNeutral(entry.getValue()));
        if (architecture.kerasMajor() < 3) {
            decay(name, config);
        }
        final OptimizerOptions options;
        try {
            options = OptimizerJson.take(config, name.equals("AdamW"));
        } catch (IllegalArgumentException e) {
            find(Reason.UNSUPPORTED_OPTIMIZER, name + ": " + e.getMessage());
            return null;
        }
        final Optimizer optimizer = read(Optimizer.class, name, config, Reason.UNSUPPORTED_OPTIMIZER);
        return optimizer == null ? null : optimizer.with(options);
    }

    /// Before Keras 3 `decay` of an optimizer divided the rate by `1 + decay * steps`: today a schedule. With
    /// Nadam it was of the momentum.
    private static void decay(String optimizer, JsonObject config) {
        final JsonElement decay = config.get("decay");
        final JsonElement rate = config.has("learning_rate") ? config.get("learning_rate") : config.get("lr");
        if (decay == null
                || rate == null
                || !KerasJson.isNumber(decay)
                || !(decay.getAsDouble() > 0)
                || !KerasJson.isNumber(rate)
                || optimizer.equals("Nadam")) {
            return;
        }
        final JsonObject settings = new JsonObject();
        settings.add("initial_learning_rate", rate);
        settings.addProperty("decay_steps", 1);
        settings.add("decay_rate", decay);
        final JsonObject schedule = new JsonObject();
        schedule.addProperty("class_name", "InverseTimeDecay");
        schedule.add("config", settings);
        config.remove("lr");
        config.remove("decay");
        config.add("learning_rate", schedule);
    }

    /// Loss, its weight and metrics of each output; null where one is not supported.
    private @Nullable List<Objective> objectives(JsonObject config) {
        final List<String> names = KerasOutputs.names(model.graph());
        final List<JsonElement> losses = KerasOutputs.each(config.get("loss"), names);
        final List<JsonElement> weights = KerasOutputs.each(config.get("loss_weights"), names);
        final List<JsonElement> metrics = KerasOutputs.eachOfLists(config.get("metrics"), names);
        final JsonElement weighted = config.get("weighted_metrics");
        if (weighted != null && !KerasJson.isNeutral(weighted)) {
            find(
                    Reason.UNSUPPORTED_METRIC,
                    "weighted_metrics " + KerasJson.shown(weighted)
                            + " are not followed: sample weights do not count in metrics");
        }
        final List<Objective> objectives = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            final Loss loss = loss(losses.get(i));
            final JsonElement weight = weights.get(i);
            if (!KerasJson.isNeutral(weight) && !KerasJson.isNumber(weight)) {
                find(Reason.UNSUPPORTED_LOSS, "loss weight " + KerasJson.shown(weight) + " is not supported");
                return null;
            }
            if (loss == null) {
                return null;
            }
            try {
                objectives.add(new Objective(
                        loss, KerasJson.isNeutral(weight) ? 1 : weight.getAsDouble(), metrics(metrics.get(i))));
            } catch (IllegalArgumentException e) {
                find(Reason.UNSUPPORTED_LOSS, String.valueOf(e.getMessage()));
                return null;
            }
        }
        return objectives;
    }

    private @Nullable Loss loss(JsonElement json) {
        String name = KerasJson.string(json);
        JsonObject settings = null;
        if (name == null && json != null && json.isJsonObject()) {
            name = KerasJson.string(json.getAsJsonObject(), "class_name");
            settings = KerasJson.member(json.getAsJsonObject(), "config");
            // A function: its name is the config.
            final String function = KerasJson.string(json.getAsJsonObject(), "config");
            name = function == null ? name : function;
        }
        if (name == null) {
            find(Reason.UNSUPPORTED_LOSS, "loss " + KerasJson.shown(String.valueOf(json)) + " is not supported");
            return null;
        }
        final String type = LOSSES.getOrDefault(name.toLowerCase(Locale.ROOT), name);
        final String reduction = settings == null ? null : KerasJson.string(settings, "reduction");
        if (settings == null || reduction == null || !REDUCTIONS.contains(reduction)) {
            return read(Loss.class, type, settings, Reason.UNSUPPORTED_LOSS);
        }
        final JsonObject rest = settings.deepCopy();
        rest.remove("reduction");
        final Loss loss = read(Loss.class, type, rest, Reason.UNSUPPORTED_LOSS);
        try {
            return loss == null ? null : new ReducedLoss(loss, reduction);
        } catch (IllegalArgumentException e) {
            find(Reason.UNSUPPORTED_LOSS, String.valueOf(e.getMessage()));
            return null;
        }
    }

    /// A registered record of this name, from Keras' settings; null where there is none or a setting does
    /// not fit.
    private <T> @Nullable T read(Class<T> kind, String name, @Nullable JsonObject settings, Reason reason) {
        final String plain = name.replace("_", "").toLowerCase(Locale.ROOT);
        Class<?> type = null;
        final List<String> known = new ArrayList<>();
        for (Map.Entry<String, Class<?>> entry : TrainingConfig.registry().entrySet()) {
            if (kind.isAssignableFrom(entry.getValue())) {
                known.add(entry.getKey());
                if (entry.getKey().toLowerCase(Locale.ROOT).equals(plain)) {
                    type = entry.getValue();
                }
            }
        }
        if (type == null) {
            find(
                    reason,
                    kind.getSimpleName() + " " + KerasJson.shown(name) + " is not supported (supported: "
                            + String.join(", ", known) + ")");
            return null;
        }
        final LayerConfig config =
                new LayerConfig(name, name, settings == null ? new JsonObject() : settings, architecture.kerasMajor());
        final Object value = RecordConfig.read(type, config);
        for (Map.Entry<String, JsonElement> entry : config.rest().entrySet()) {
            if (!HARMLESS.contains(entry.getKey()) && !isNothing(entry.getKey(), entry.getValue())) {
                config.find(
                        Reason.UNSUPPORTED_ARGUMENT,
                        "'" + KerasJson.shown(entry.getKey()) + "' " + KerasJson.shown(entry.getValue())
                                + " is not supported");
            }
        }
        config.findings().stream()
                .filter(finding -> finding.reason().refuses())
                .forEach(finding -> find(reason, name + ": " + finding));
        return value == null || config.refused() ? null : kind.cast(value);
    }

    private static boolean isNothing(String key, JsonElement value) {
        final String text = value.toString();
        return KerasJson.isNeutral(value)
                || text.matches("-?0(\\.0*)?")
                || (key.equals("reduction")
                        && (text.equals("\"auto\"")
                                || text.equals("\"sum_over_batch_size\"")
                                || text.equals("\"mean\"")))
                || (key.equals("axis") && text.equals("-1"));
    }

    /// The metrics that are known here.
    private List<Metric> metrics(@Nullable JsonElement json) {
        final List<Metric> metrics = new ArrayList<>();
        metrics(json, metrics);
        return metrics;
    }

    private void metrics(@Nullable JsonElement json, List<Metric> metrics) {
        final String name = KerasJson.string(json);
        if (name != null) {
            metric(name, Map.of(), metrics);
        } else if (json != null && json.isJsonArray()) {
            json.getAsJsonArray().forEach(element -> metrics(element, metrics));
        } else if (json != null && json.isJsonObject()) {
            final JsonObject object = json.getAsJsonObject();
            final String type = KerasJson.string(object, "class_name");
            final JsonObject config = KerasJson.member(object, "config");
            if (type == null) {
                object.entrySet().forEach(entry -> metrics(entry.getValue(), metrics));
            } else {
                final String function = config == null ? KerasJson.string(object, "config") : function(config);
                metric(function == null ? type : function, settings(config), metrics);
            }
        }
    }

    /// The function of a wrapper: a name, or an object of which the name is the config.
    private static @Nullable String function(JsonObject wrapper) {
        final JsonObject object = KerasJson.member(wrapper, "fn");
        return object == null ? KerasJson.string(wrapper, "fn") : KerasJson.string(object, "config");
    }

    private void metric(String name, Map<String, ?> settings, List<Metric> metrics) {
        try {
            final Metric metric = Metric.of(name, settings);
            if (!metrics.contains(metric)) {
                metrics.add(metric);
            }
        } catch (IllegalArgumentException e) {
            find(Reason.UNSUPPORTED_METRIC, String.valueOf(e.getMessage()));
        }
    }

    /// A metric's settings, but those that are null; an aggregation that is null is another than the default.
    private static Map<String, @Nullable Object> settings(@Nullable JsonObject config) {
        final Map<String, @Nullable Object> settings = new LinkedHashMap<>();
        if (config != null) {
            for (Map.Entry<String, JsonElement> entry : config.entrySet()) {
                if (!entry.getKey().equals("fn")
                        && !entry.getKey().equals("dtype")
                        && (entry.getValue().isJsonPrimitive()
                                || entry.getKey().equals("class_aggregation")
                                || !KerasJson.isNeutral(entry.getValue()))) {
                    settings.put(entry.getKey(), RecordJson.toJava(entry.getValue()));
                }
            }
        }
        return settings;
    }

    /// What the file's optimizer remembers, with names as far as they are known; that of a wrapper left out.
    private List<KerasWeight> memory(JsonObject config) {
        final boolean scales = LossScaling.isIn(config);
        final List<KerasWeight> all = file.optimizer();
        if (file.format() == KerasModelFile.Format.H5) {
            return scales ? LossScaling.innerByNames(all) : all;
        }
        final JsonObject optimizer = optimizerConfig(config);
        final List<KerasWeight> named = TreeOptimizer.named(all, optimizer, trainable.size());
        return scales && named.equals(all)
                ? TreeOptimizer.named(LossScaling.innerByPlaces(all), optimizer, trainable.size())
                : named;
    }

    /// Puts steps, rate and slots into the model.
    ///
    /// @return whether training can go on as before
    private boolean state(JsonObject config, Optimizer optimizer, List<String> restored) {
        final List<KerasWeight> kept = memory(config);
        if (kept.isEmpty()) {
            find(Reason.OPTIMIZER_STATE, "the file has none; the optimizer starts anew");
            return false;
        }
        final List<H5Dataset> arrays = new ArrayList<>();
        final List<String> names = new ArrayList<>();
        H5Dataset iteration = null;
        H5Dataset rate = null;
        for (KerasWeight weight : kept) {
            final H5Dataset data = weight.data();
            if (data == null) {
                find(Reason.OPTIMIZER_STATE, "'" + KerasJson.shown(weight.name()) + "' is missing in the file");
                return false;
            }
            if (arrays.isEmpty() && data.isScalar() && iteration == null) {
                iteration = data;
            } else if (arrays.isEmpty() && data.isScalar() && weight.name().contains("learning_rate")) {
                rate = data;
            } else if (!data.isScalar() || !(optimizer.plain() instanceof Nadam) || arrays.isEmpty()) {
                // All but Nadam's product, which follows from the number of steps.
                arrays.add(data);
                names.add(weight.name());
            }
        }
        if (iteration == null) {
            find(Reason.OPTIMIZER_STATE, "the file does not say how many steps were done");
            return false;
        }
        final Map<String, List<H5Dataset>> slots = slots(optimizer.slots(), arrays, names);
        if (slots == null) {
            find(
                    Reason.OPTIMIZER_STATE,
                    "its " + arrays.size() + " arrays do not fit " + optimizer.name() + " over " + trainable.size()
                            + " weights; the optimizer starts anew");
            return false;
        }
        final double steps = iteration.file().readNumber(iteration);
        if (!(steps >= 0 && steps < 1L << 52) || steps != Math.rint(steps)) {
            find(Reason.OPTIMIZER_STATE, "the number of steps is " + steps);
            return false;
        }
        slots.forEach((slot, list) -> list.forEach(data -> data.file().check(data)));
        slots.forEach((slot, list) -> {
            final MemorySegment memory = model.slot(slot);
            for (int i = 0; i < list.size(); i++) {
                final ParameterLayout.Place place = trainable.get(i);
                final long size = place.spec().shape().size();
                list.get(i)
                        .file()
                        .readFloats(list.get(i), memory.asSlice(place.offset() * Float.BYTES, size * Float.BYTES));
            }
        });
        restored.addAll(slots.keySet());
        model.setProgress(model.seed(), (long) steps, 0);
        if (rate != null) {
            final double now = rate.file().readNumber(rate);
            if (now >= 0 && (float) now != (float) optimizer.learningRate()) {
                model.setLearningRate(now);
            }
        }
        return true;
    }

    /// The arrays of each slot in the order of the weights; null where they do not fit. Names tell which
    /// array is whose; where they say nothing, all of one slot come before those of the next, as Keras 1 and
    /// 2 wrote them.
    private @Nullable Map<String, List<H5Dataset>> slots(
            List<String> ours, List<H5Dataset> arrays, List<String> names) {
        final Map<String, List<H5Dataset>> byName = new LinkedHashMap<>();
        ours.forEach(slot -> byName.put(slot, new ArrayList<>()));
        int named = 0;
        for (int i = 0; i < arrays.size(); i++) {
            final String slot = slot(names.get(i), ours, true);
            final String found = slot == null ? slot(names.get(i), ours, false) : slot;
            if (found != null) {
                byName.computeIfAbsent(found, key -> new ArrayList<>()).add(arrays.get(i));
                named++;
            }
        }
        if (named > 0) {
            return named == arrays.size() && fit(byName) ? byName : null;
        }
        // Keras 2 keeps places of size 1 for the maximum of Adam's velocity, which is not used then.
        final int n = trainable.size();
        final int needed = ours.size() * n;
        final boolean spare = arrays.size() == needed + n
                && arrays.subList(needed, needed + n).stream().allMatch(data -> data.size() == 1);
        if (arrays.size() != needed && !spare) {
            return null;
        }
        for (int i = 0; i < ours.size(); i++) {
            byName.put(ours.get(i), arrays.subList(i * n, (i + 1) * n));
        }
        return fit(byName) ? byName : null;
    }

    /// The slot that a name is of; null for none.
    private static @Nullable String slot(String name, List<String> ours, boolean atEnd) {
        return ours.stream()
                .filter(own -> isOf(name, own, atEnd)
                        || SLOTS.getOrDefault(own, List.of()).stream().anyMatch(other -> isOf(name, other, atEnd)))
                .findFirst()
                .orElse(null);
    }

    /// `adam/dense_kernel_momentum`, `Adam/dense/kernel/m:0` and `Adam/m/dense/kernel:0` are of momentum or
    /// m: the end tells, or else the second part, which may be a layer's name.
    private static boolean isOf(String name, String slot, boolean atEnd) {
        final String[] parts = name.replaceAll(":[0-9]+$", "").split("/", -1);
        final String last = parts[parts.length - 1];
        return atEnd ? last.equals(slot) || last.endsWith("_" + slot) : parts.length > 2 && parts[1].equals(slot);
    }

    private boolean fit(Map<String, List<H5Dataset>> slots) {
        for (List<H5Dataset> list : slots.values()) {
            if (list.size() != trainable.size()) {
                return false;
            }
            for (int i = 0; i < list.size(); i++) {
                final List<Long> expected = Arrays.stream(
                                trainable.get(i).spec().shape().toArray())
                        .asLongStream()
                        .boxed()
                        .toList();
                if (!list.get(i).dims().equals(expected) || !list.get(i).type().isFloatingPoint()) {
                    return false;
                }
            }
        }
        return true;
    }
}
