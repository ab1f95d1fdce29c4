package dev.lanewise.train;

import dev.lanewise.kernels.Settings;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A learning rate that follows from the number of steps done. Kept in the model file with the optimizer.
public sealed interface LearningRateSchedule
        permits CosineDecay,
                CosineDecayRestarts,
                ExponentialDecay,
                InverseTimeDecay,
                PiecewiseConstantDecay,
                PolynomialDecay {
    /// The rate of the step that comes after `step` ones.
    double at(long step);

    /// Keras' name: `CosineDecay`.
    default String name() {
        return getClass().getSimpleName();
    }

    /// The schedule of this name with the settings of a Keras config: numbers, booleans, lists of numbers
    /// and null
    /// by Keras' names (`decay_steps`); those left out have Keras' defaults.
    ///
    /// @throws IllegalArgumentException if the schedule is unknown, or a setting is, or does not fit
    static LearningRateSchedule of(String kerasName, Map<String, ? extends @Nullable Object> config) {
        final Settings s = new Settings("schedule '" + kerasName + "'", config);
        s.ignore("name");
        final LearningRateSchedule schedule = switch (kerasName) {
            case "CosineDecay" ->
                new CosineDecay(
                        s.number("initial_learning_rate"),
                        s.number("decay_steps"),
                        s.number("alpha", 0),
                        s.isNull("warmup_target") ? null : (Double) s.number("warmup_target"),
                        s.number("warmup_steps", 0));
            case "CosineDecayRestarts" ->
                new CosineDecayRestarts(
                        s.number("initial_learning_rate"),
                        s.number("first_decay_steps"),
                        s.number("t_mul", 2),
                        s.number("m_mul", 1),
                        s.number("alpha", 0));
            case "ExponentialDecay" ->
                new ExponentialDecay(
                        s.number("initial_learning_rate"),
                        s.number("decay_steps"),
                        s.number("decay_rate"),
                        s.flag("staircase"));
            case "InverseTimeDecay" ->
                new InverseTimeDecay(
                        s.number("initial_learning_rate"),
                        s.number("decay_steps"),
                        s.number("decay_rate"),
                        s.flag("staircase"));
            case "PiecewiseConstantDecay" -> new PiecewiseConstantDecay(s.numbers("boundaries"), s.numbers("values"));
            case "PolynomialDecay" ->
                new PolynomialDecay(
                        s.number("initial_learning_rate"),
                        s.number("decay_steps"),
                        s.number("end_learning_rate", 1e-4),
                        s.number("power", 1),
                        s.flag("cycle"));
            default ->
                throw new IllegalArgumentException("learning rate schedule '" + kerasName
                        + "' is not supported (supported: " + String.join(", ", names()) + ")");
        };
        s.requireAllTaken();
        return schedule;
    }

    /// The names that [#of] knows, in alphabetical order.
    static List<String> names() {
        return List.of(
                "CosineDecay",
                "CosineDecayRestarts",
                "ExponentialDecay",
                "InverseTimeDecay",
                "PiecewiseConstantDecay",
                "PolynomialDecay");
    }
}
