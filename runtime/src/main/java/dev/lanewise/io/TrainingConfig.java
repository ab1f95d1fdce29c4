package dev.lanewise.io;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.nn.Model;
import dev.lanewise.train.Adadelta;
import dev.lanewise.train.Adagrad;
import dev.lanewise.train.Adam;
import dev.lanewise.train.AdamW;
import dev.lanewise.train.Adamax;
import dev.lanewise.train.BinaryCrossentropy;
import dev.lanewise.train.BinaryFocalCrossentropy;
import dev.lanewise.train.CategoricalCrossentropy;
import dev.lanewise.train.CategoricalFocalCrossentropy;
import dev.lanewise.train.CategoricalGeneralizedCrossEntropy;
import dev.lanewise.train.CategoricalHinge;
import dev.lanewise.train.Circle;
import dev.lanewise.train.CosineSimilarity;
import dev.lanewise.train.Dice;
import dev.lanewise.train.Ftrl;
import dev.lanewise.train.Hinge;
import dev.lanewise.train.Huber;
import dev.lanewise.train.KLDivergence;
import dev.lanewise.train.Lion;
import dev.lanewise.train.LogCosh;
import dev.lanewise.train.Loss;
import dev.lanewise.train.MeanAbsoluteError;
import dev.lanewise.train.MeanAbsolutePercentageError;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.MeanSquaredLogarithmicError;
import dev.lanewise.train.Metric;
import dev.lanewise.train.Nadam;
import dev.lanewise.train.Objective;
import dev.lanewise.train.Optimizer;
import dev.lanewise.train.OptimizerOptions;
import dev.lanewise.train.Poisson;
import dev.lanewise.train.RMSprop;
import dev.lanewise.train.ReducedLoss;
import dev.lanewise.train.SGD;
import dev.lanewise.train.SparseCategoricalCrossentropy;
import dev.lanewise.train.SquaredHinge;
import dev.lanewise.train.Tversky;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/// Optimizer, loss and metrics of a model that was compiled for training; kept in the model's attribute
/// `training_config`, and with it in the model file.
///
/// @param optimizer with its settings; its memory is in the model's slots
/// @param objectives one for each output of the model
public record TrainingConfig(Optimizer optimizer, List<Objective> objectives) {
    private static final String ATTRIBUTE = "training_config";

    private static final String REDUCTION = "reduction";
    private static final Map<String, Class<?>> REGISTRY = new ConcurrentHashMap<>();

    static {
        for (Class<?> type : List.<Class<?>>of(
                Adadelta.class,
                Adagrad.class,
                Adamax.class,
                Ftrl.class,
                Lion.class,
                Nadam.class,
                SGD.class,
                Adam.class,
                AdamW.class,
                RMSprop.class,
                BinaryFocalCrossentropy.class,
                CategoricalFocalCrossentropy.class,
                CategoricalGeneralizedCrossEntropy.class,
                CategoricalHinge.class,
                Circle.class,
                CosineSimilarity.class,
                Dice.class,
                Hinge.class,
                KLDivergence.class,
                MeanAbsolutePercentageError.class,
                MeanSquaredLogarithmicError.class,
                Poisson.class,
                SquaredHinge.class,
                Tversky.class,
                SparseCategoricalCrossentropy.class,
                CategoricalCrossentropy.class,
                MeanSquaredError.class,
                MeanAbsoluteError.class,
                BinaryCrossentropy.class,
                Huber.class,
                LogCosh.class)) {
            REGISTRY.put(type.getSimpleName(), type);
        }
    }

    public TrainingConfig {
        objectives = List.copyOf(objectives);
    }

    /// Of a model of one output.
    public TrainingConfig(Optimizer optimizer, Loss loss, List<Metric> metrics) {
        this(optimizer, List.of(new Objective(loss, 1, metrics)));
    }

    /// The loss of the first output.
    public Loss loss() {
        return objectives.getFirst().loss();
    }

    /// The metrics of the first output.
    public List<Metric> metrics() {
        return objectives.getFirst().metrics();
    }

    /// Makes a user's record, an [Optimizer] or a [Loss], known to [#of] under its class' simple name.
    ///
    /// @throws IllegalArgumentException if it is neither, or the name is taken
    public static void register(Class<? extends Record> type) {
        if (!Optimizer.class.isAssignableFrom(type) && !Loss.class.isAssignableFrom(type)) {
            throw new IllegalArgumentException(type.getName() + " is neither an Optimizer nor a Loss");
        }
        final Class<?> known = REGISTRY.putIfAbsent(type.getSimpleName(), type);
        if (known != null && known != type) {
            throw new IllegalArgumentException("the name " + type.getSimpleName() + " is taken by " + known.getName());
        }
    }

    /// Optimizers and losses by name.
    public static Map<String, Class<?>> registry() {
        return new TreeMap<>(REGISTRY);
    }

    /// Keeps a configuration in a model. What is no record of a registered type is kept by name only: then the
    /// model can be saved, and training it on needs [dev.lanewise.train.Trainer#of].
    public static void store(Model model, Optimizer optimizer, Loss loss, List<Metric> metrics) {
        store(model, optimizer, List.of(new Objective(loss, 1, metrics)));
    }

    /// As [#store(Model, Optimizer, Loss, List)], of a model of any number of outputs.
    public static void store(Model model, Optimizer optimizer, List<Objective> objectives) {
        final JsonObject json = new JsonObject();
        final JsonObject optimizerJson = writeRecord(optimizer.plain());
        if (optimizerJson.get("config") instanceof JsonObject config) {
            OptimizerJson.add(optimizer.options(), config);
        }
        json.add("optimizer", optimizerJson);
        if (objectives.size() == 1 && objectives.getFirst().lossWeight() == 1) {
            write(objectives.getFirst()).entrySet().forEach(entry -> json.add(entry.getKey(), entry.getValue()));
        } else {
            final JsonArray outputs = new JsonArray();
            for (Objective objective : objectives) {
                final JsonObject output = write(objective);
                output.addProperty("loss_weight", objective.lossWeight());
                outputs.add(output);
            }
            json.add("outputs", outputs);
        }
        model.attributes().put(ATTRIBUTE, json.toString());
    }

    private static JsonObject write(Objective objective) {
        final JsonObject json = new JsonObject();
        json.add("loss", writeLoss(objective.loss()));
        final JsonArray followed = new JsonArray();
        objective.metrics().forEach(metric -> followed.add(write(metric)));
        json.add("metrics", followed);
        return json;
    }

    private static Objective readObjective(JsonObject json) {
        final List<Metric> metrics = new ArrayList<>();
        for (JsonElement name : json.getAsJsonArray("metrics")) {
            metrics.add(readMetric(name));
        }
        return new Objective(
                readLoss(json.getAsJsonObject("loss")),
                json.has("loss_weight") ? json.get("loss_weight").getAsDouble() : 1,
                metrics);
    }

    /// The reduction of a loss stands among its settings, as in Keras' configs.
    private static JsonObject writeLoss(Loss loss) {
        if (!(loss instanceof ReducedLoss reduced)) {
            return writeRecord(loss);
        }
        final JsonObject json = writeRecord(reduced.loss());
        if (json.get("config") instanceof JsonObject config) {
            config.addProperty(REDUCTION, reduced.reduction());
        }
        return json;
    }

    private static Loss readLoss(JsonObject json) {
        final boolean given = json.get("config") instanceof JsonObject config
                && config.has(REDUCTION)
                && !hasReduction(json.get("class_name").getAsString());
        final JsonElement reduction = given ? json.getAsJsonObject("config").remove(REDUCTION) : null;
        final Loss loss = read(Loss.class, json);
        return reduction == null ? loss : new ReducedLoss(loss, reduction.getAsString());
    }

    /// Whether a user's loss has its reduction among its own settings.
    private static boolean hasReduction(String name) {
        final Class<?> type = REGISTRY.get(name);
        return type != null
                && type.isRecord()
                && Arrays.stream(type.getRecordComponents())
                        .anyMatch(part -> part.getName().equals(REDUCTION));
    }

    /// Its name, or with other settings than the default ones an object of `class_name` and `config`.
    private static JsonElement write(Metric metric) {
        final Metric.Config config = Metric.config(metric);
        final String name = config.kerasName();
        if (!Metric.names().contains(name) || Metric.of(name).equals(metric)) {
            return new JsonPrimitive(name);
        }
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", name);
        json.add("config", RecordJson.write(config.settings()));
        return json;
    }

    private static Metric readMetric(JsonElement json) {
        if (json.isJsonPrimitive()) {
            return Metric.of(json.getAsString());
        }
        final JsonObject object = json.getAsJsonObject();
        return Metric.of(
                object.get("class_name").getAsString(), RecordJson.readSettings(object.getAsJsonObject("config")));
    }

    private static JsonObject writeRecord(Object value) {
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", value.getClass().getSimpleName());
        if (value instanceof Record config && REGISTRY.get(value.getClass().getSimpleName()) == value.getClass()) {
            json.add("config", RecordJson.write(config));
        }
        return json;
    }

    /// Whether a model has a configuration.
    public static boolean isIn(Model model) {
        return model.attributes().containsKey(ATTRIBUTE);
    }

    /// The configuration that a model keeps.
    ///
    /// @throws IllegalStateException if there is none, or it names what is not registered
    /// @throws ModelFormatException if it is damaged
    public static TrainingConfig of(Model model) {
        final String text = model.attributes().get(ATTRIBUTE);
        if (text == null) {
            throw new IllegalStateException("the model was never compiled for training: there is nothing to resume");
        }
        try {
            final JsonObject json = UniqueJson.parse(text);
            final Optimizer optimizer = readOptimizer(json.getAsJsonObject("optimizer"));
            final List<Objective> objectives = new ArrayList<>();
            if (json.has("outputs")) {
                for (JsonElement output : json.getAsJsonArray("outputs")) {
                    objectives.add(readObjective(output.getAsJsonObject()));
                }
            } else {
                objectives.add(readObjective(json));
            }
            return new TrainingConfig(optimizer, objectives);
        } catch (ModelFormatException | NotKnownException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new ModelFormatException("training_config is damaged (" + ModelFormatException.reason(e) + ")", e);
        }
    }

    private static final class NotKnownException extends IllegalStateException {
        private static final long serialVersionUID = 1;

        NotKnownException(String message) {
            super(message);
        }
    }

    private static Optimizer readOptimizer(JsonObject json) {
        if (!(json.get("config") instanceof JsonObject config)) {
            return read(Optimizer.class, json);
        }
        final Class<?> type = REGISTRY.get(json.get("class_name").getAsString());
        final boolean ownDecay = type != null
                && Arrays.stream(type.getRecordComponents())
                        .anyMatch(component -> component.getName().equals("weightDecay"));
        final OptimizerOptions options = OptimizerJson.take(config, ownDecay);
        return read(Optimizer.class, json).with(options);
    }

    private static <T> T read(Class<T> kind, JsonObject json) {
        final String name = json.get("class_name").getAsString();
        final Class<?> type = REGISTRY.get(name);
        if (type == null || !kind.isAssignableFrom(type) || !json.has("config")) {
            throw new NotKnownException(kind.getSimpleName() + " " + name
                    + " is not known; register it, or compile the model anew with Trainer.of");
        }
        return kind.cast(RecordJson.read(type, json.getAsJsonObject("config"), "training_config"));
    }
}
