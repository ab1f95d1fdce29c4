package dev.lanewise.io;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.train.LearningRateSchedule;
import dev.lanewise.train.OptimizerOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The options of an optimizer among the settings of its config, as Keras has it.
public final class OptimizerJson {
    private OptimizerJson() {}

    /// Adds the options to the settings of an optimizer; those that are off are left out.
    public static void add(OptimizerOptions options, JsonObject config) {
        final LearningRateSchedule schedule = options.schedule();
        if (schedule != null) {
            final JsonObject json = new JsonObject();
            json.addProperty("class_name", schedule.name());
            json.add("config", RecordJson.write((Record) schedule));
            config.add("learning_rate", json);
        }
        number(config, "weight_decay", options.weightDecay(), 0);
        number(config, "clipnorm", options.clipnorm(), 0);
        number(config, "clipvalue", options.clipvalue(), 0);
        number(config, "global_clipnorm", options.globalClipnorm(), 0);
        number(config, "ema_overwrite_frequency", options.emaOverwriteFrequency(), 0);
        number(config, "gradient_accumulation_steps", options.gradientAccumulationSteps(), 1);
        number(config, "loss_scale_factor", options.lossScaleFactor(), 1);
        if (options.useEma()) {
            config.addProperty("use_ema", true);
            config.addProperty("ema_momentum", options.emaMomentum());
        }
        if (!options.excludeFromWeightDecay().isEmpty()) {
            final JsonArray weights = new JsonArray();
            options.excludeFromWeightDecay().forEach(weights::add);
            config.add("exclude_from_weight_decay", weights);
        }
        if (!options.learningRateFactors().isEmpty()) {
            final JsonObject factors = new JsonObject();
            options.learningRateFactors().forEach(factors::addProperty);
            config.add("learning_rate_factors", factors);
        }
    }

    private static void number(JsonObject config, String key, double value, double off) {
        if (value != off) {
            config.addProperty(key, value);
        }
    }

    /// Takes the options out of the settings of an optimizer, and leaves it a learning rate that is a number.
    ///
    /// @param ownDecay whether `weight_decay` is a setting of the optimizer itself
    /// @throws IllegalArgumentException if an option does not fit
    public static OptimizerOptions take(JsonObject config, boolean ownDecay) {
        final Map<String, @Nullable Object> settings = new LinkedHashMap<>();
        for (Map.Entry<String, JsonElement> entry : config.entrySet()) {
            if (!ownDecay || !entry.getKey().equals("weight_decay")) {
                settings.put(entry.getKey(), RecordJson.toJava(entry.getValue()));
            }
        }
        final OptimizerOptions options = OptimizerOptions.of(settings);
        for (String key : OptimizerOptions.keys()) {
            if (!ownDecay || !key.equals("weight_decay")) {
                config.remove(key);
            }
        }
        final LearningRateSchedule schedule = options.schedule();
        if (schedule != null) {
            config.addProperty("learning_rate", schedule.at(0));
        }
        return options;
    }
}
