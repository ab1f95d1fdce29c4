package dev.lanewise.train;

import dev.lanewise.kernels.Settings;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The optimizers by Keras' names.
final class Optimizers {
    static final List<String> NAMES =
            List.of("adadelta", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion", "nadam", "rmsprop", "sgd");

    private Optimizers() {}

    static Optimizer of(String name, Map<String, ? extends @Nullable Object> config) {
        final OptimizerOptions options = OptimizerOptions.of(config);
        final Map<String, @Nullable Object> rest = new HashMap<>(config);
        final LearningRateSchedule schedule = options.schedule();
        if (schedule != null) {
            rest.put("learning_rate", schedule.at(0));
        }
        final Settings s = new Settings("optimizer '" + name + "'", rest);
        s.ignore("name", "dtype");
        s.ignore(OptimizerOptions.KEYS.toArray(String[]::new));
        final Optimizer optimizer = plain(name, s);
        s.only("decay", 0);
        s.ignore("jit_compile", "is_legacy_optimizer");
        s.requireAllTaken();
        // AdamW's own.
        return optimizer.with(optimizer instanceof AdamW ? options.weightDecay(0) : options);
    }

    private static Optimizer plain(String name, Settings s) {
        return switch (Settings.plain(name)) {
            case "adadelta" ->
                new Adadelta(s.number("learning_rate", 0.001), s.number("rho", 0.95), s.number("epsilon", 1e-7));
            case "adagrad" ->
                new Adagrad(
                        s.number("learning_rate", 0.001),
                        s.number("initial_accumulator_value", 0.1),
                        s.number("epsilon", 1e-7));
            case "adam" ->
                new Adam(
                        s.number("learning_rate", 0.001),
                        s.number("beta_1", 0.9),
                        s.number("beta_2", 0.999),
                        s.number("epsilon", 1e-7),
                        s.flag("amsgrad"));
            case "adamax" ->
                new Adamax(
                        s.number("learning_rate", 0.001),
                        s.number("beta_1", 0.9),
                        s.number("beta_2", 0.999),
                        s.number("epsilon", 1e-7));
            case "adamw" ->
                new AdamW(
                        s.number("learning_rate", 0.001),
                        s.number("weight_decay", 0.004),
                        s.number("beta_1", 0.9),
                        s.number("beta_2", 0.999),
                        s.number("epsilon", 1e-7),
                        s.flag("amsgrad"));
            case "ftrl" ->
                new Ftrl(
                        s.number("learning_rate", 0.001),
                        s.number("learning_rate_power", -0.5),
                        s.number("initial_accumulator_value", 0.1),
                        s.number("l1_regularization_strength", 0),
                        s.number("l2_regularization_strength", 0),
                        s.number("l2_shrinkage_regularization_strength", 0),
                        s.number("beta", 0));
            case "lion" ->
                new Lion(s.number("learning_rate", 0.001), s.number("beta_1", 0.9), s.number("beta_2", 0.99));
            case "nadam" ->
                new Nadam(
                        s.number("learning_rate", 0.001),
                        s.number("beta_1", 0.9),
                        s.number("beta_2", 0.999),
                        s.number("epsilon", 1e-7));
            case "rmsprop" ->
                new RMSprop(
                        s.number("learning_rate", 0.001),
                        s.number("rho", 0.9),
                        s.number("momentum", 0),
                        s.number("epsilon", 1e-7),
                        s.flag("centered"));
            case "sgd" -> new SGD(s.number("learning_rate", 0.01), s.number("momentum", 0), s.flag("nesterov"));
            default ->
                throw new IllegalArgumentException(
                        "optimizer '" + name + "' is not supported (supported: " + String.join(", ", NAMES) + ")");
        };
    }
}
