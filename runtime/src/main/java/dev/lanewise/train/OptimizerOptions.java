package dev.lanewise.train;

import dev.lanewise.kernels.Settings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// What Keras' optimizers have in common. Per step, in this order: gradients are accumulated, then clipped;
/// weights
/// decay, are updated, and averaged.
///
/// ```java
/// new Adam().with(OptimizerOptions.NONE.clipnorm(1).weightDecay(0.01).excludeFromWeightDecay("bias"))
/// ```
///
/// Names of weights are given as regular expressions, found anywhere in the path, as `dense_1/bias`; those
/// excluded from decay also in the name alone, as `^bias`.
///
/// @param schedule gives the learning rate in place of the optimizer's own, or null
/// @param weightDecay 0 for none, else `w -= w · weightDecay · rate` before the update
/// @param excludeFromWeightDecay weights that do not decay
/// @param clipnorm 0 for none, else the norm of each weight's gradient is not longer
/// @param clipvalue 0 for none, else no gradient is beyond it
/// @param globalClipnorm 0 for none, else the norm of all gradients together is not longer; one of the three
/// @param useEma whether an average of each weight is kept: `average += (w - average)(1 - emaMomentum)`,
///     which takes
///     the weight's place at the end of [Trainer#fit]
/// @param emaMomentum of the average
/// @param emaOverwriteFrequency 0 for never, else the average takes the weight's place every so many steps
/// @param gradientAccumulationSteps 1, or how many batches' gradients are averaged for one update
/// @param learningRateFactors factors of the learning rate, by weights: the first that fits; others have 1
/// @param lossScaleFactor what Keras multiplies the loss by and divides the gradients by again before they are
///     clipped, so that gradients of 16 bits do not vanish. Those here have 32 bits, in which both together
///     change nothing (a power of 2) but the last bit: the factor is kept for Keras' files, and no step does so
public record OptimizerOptions(
        @Nullable LearningRateSchedule schedule,
        double weightDecay,
        List<String> excludeFromWeightDecay,
        double clipnorm,
        double clipvalue,
        double globalClipnorm,
        boolean useEma,
        double emaMomentum,
        int emaOverwriteFrequency,
        int gradientAccumulationSteps,
        Map<String, Double> learningRateFactors,
        double lossScaleFactor) {
    /// Nothing of it.
    public static final OptimizerOptions NONE =
            new OptimizerOptions(null, 0, List.of(), 0, 0, 0, false, 0.99, 0, 1, Map.of(), 1);

    /// The keys that [#of] takes beside `learning_rate`.
    static final Set<String> KEYS = Set.of(
            "weight_decay",
            "exclude_from_weight_decay",
            "clipnorm",
            "clipvalue",
            "global_clipnorm",
            "use_ema",
            "ema_momentum",
            "ema_overwrite_frequency",
            "gradient_accumulation_steps",
            "learning_rate_factors",
            "loss_scale_factor");

    public OptimizerOptions {
        excludeFromWeightDecay = List.copyOf(excludeFromWeightDecay);
        learningRateFactors = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(learningRateFactors));
        requireNotNegative("weight_decay", weightDecay);
        requireNotNegative("clipnorm", clipnorm);
        requireNotNegative("clipvalue", clipvalue);
        requireNotNegative("global_clipnorm", globalClipnorm);
        requireNotNegative("ema_overwrite_frequency", emaOverwriteFrequency);
        if ((clipnorm > 0 ? 1 : 0) + (clipvalue > 0 ? 1 : 0) + (globalClipnorm > 0 ? 1 : 0) > 1) {
            throw new IllegalArgumentException("optimizer: only one of clipnorm, clipvalue and global_clipnorm can be"
                    + " given, got " + clipnorm + ", " + clipvalue + " and " + globalClipnorm);
        }
        if (!(emaMomentum >= 0 && emaMomentum <= 1)) {
            throw new IllegalArgumentException("optimizer: ema_momentum must be from 0 to 1, got " + emaMomentum);
        }
        if (gradientAccumulationSteps < 1) {
            throw new IllegalArgumentException(
                    "optimizer: gradient_accumulation_steps must be 1 or more, got " + gradientAccumulationSteps);
        }
        if (!(lossScaleFactor > 0 && lossScaleFactor < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "optimizer: loss_scale_factor must be more than 0, got " + lossScaleFactor);
        }
        excludeFromWeightDecay.forEach(OptimizerOptions::pattern);
        learningRateFactors.forEach((weights, factor) -> {
            pattern(weights);
            requireNotNegative("learning_rate_factors", factor);
        });
    }

    /// The keys that [#of] takes beside `learning_rate`.
    public static Set<String> keys() {
        return KEYS;
    }

    private static void requireNotNegative(String name, double value) {
        if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("optimizer: " + name + " must not be negative, got " + value);
        }
    }

    private static Pattern pattern(String weights) {
        try {
            return Pattern.compile(weights);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "optimizer: '" + weights + "' is no regular expression (" + e.getDescription() + ")", e);
        }
    }

    /// The rate by a schedule.
    public OptimizerOptions schedule(LearningRateSchedule rate) {
        return new OptimizerOptions(
                rate,
                weightDecay,
                excludeFromWeightDecay,
                clipnorm,
                clipvalue,
                globalClipnorm,
                useEma,
                emaMomentum,
                emaOverwriteFrequency,
                gradientAccumulationSteps,
                learningRateFactors,
                lossScaleFactor);
    }

    /// Weights decay.
    public OptimizerOptions weightDecay(double decay) {
        return new OptimizerOptions(
                schedule,
                decay,
                excludeFromWeightDecay,
                clipnorm,
                clipvalue,
                globalClipnorm,
                useEma,
                emaMomentum,
                emaOverwriteFrequency,
                gradientAccumulationSteps,
                learningRateFactors,
                lossScaleFactor);
    }

    /// Weights that do not decay, also with [AdamW].
    public OptimizerOptions excludeFromWeightDecay(String... weights) {
        return new OptimizerOptions(
                schedule,
                weightDecay,
                List.of(weights),
                clipnorm,
                clipvalue,
                globalClipnorm,
                useEma,
                emaMomentum,
                emaOverwriteFrequency,
                gradientAccumulationSteps,
                learningRateFactors,
                lossScaleFactor);
    }

    private OptimizerOptions clipped(double norm, double value, double globalNorm) {
        return new OptimizerOptions(
                schedule,
                weightDecay,
                excludeFromWeightDecay,
                norm,
                value,
                globalNorm,
                useEma,
                emaMomentum,
                emaOverwriteFrequency,
                gradientAccumulationSteps,
                learningRateFactors,
                lossScaleFactor);
    }

    /// Each weight's gradient is shortened to a norm.
    public OptimizerOptions clipnorm(double norm) {
        return clipped(norm, 0, 0);
    }

    /// Gradients are clipped to `-value` and `value`.
    public OptimizerOptions clipvalue(double value) {
        return clipped(0, value, 0);
    }

    /// All gradients together are shortened to a norm.
    public OptimizerOptions globalClipnorm(double norm) {
        return clipped(0, 0, norm);
    }

    /// Averages of the weights are kept.
    ///
    /// @param overwriteFrequency 0 for never before the end of training
    public OptimizerOptions ema(double momentum, int overwriteFrequency) {
        return new OptimizerOptions(
                schedule,
                weightDecay,
                excludeFromWeightDecay,
                clipnorm,
                clipvalue,
                globalClipnorm,
                true,
                momentum,
                overwriteFrequency,
                gradientAccumulationSteps,
                learningRateFactors,
                lossScaleFactor);
    }

    /// So many batches make one update.
    public OptimizerOptions gradientAccumulationSteps(int steps) {
        return new OptimizerOptions(
                schedule,
                weightDecay,
                excludeFromWeightDecay,
                clipnorm,
                clipvalue,
                globalClipnorm,
                useEma,
                emaMomentum,
                emaOverwriteFrequency,
                steps,
                learningRateFactors,
                lossScaleFactor);
    }

    /// Some weights have a learning rate of their own, as a share of the others'.
    public OptimizerOptions learningRateFactors(Map<String, Double> byWeights) {
        return new OptimizerOptions(
                schedule,
                weightDecay,
                excludeFromWeightDecay,
                clipnorm,
                clipvalue,
                globalClipnorm,
                useEma,
                emaMomentum,
                emaOverwriteFrequency,
                gradientAccumulationSteps,
                byWeights,
                lossScaleFactor);
    }

    /// The loss is multiplied by a factor in Keras' training.
    public OptimizerOptions lossScaleFactor(double factor) {
        return new OptimizerOptions(
                schedule,
                weightDecay,
                excludeFromWeightDecay,
                clipnorm,
                clipvalue,
                globalClipnorm,
                useEma,
                emaMomentum,
                emaOverwriteFrequency,
                gradientAccumulationSteps,
                learningRateFactors,
                factor);
    }

    /// Whether the weight of this path decays: its end is the name that Keras' expressions are for.
    boolean decays(String path) {
        final String name = path.substring(path.lastIndexOf('/') + 1);
        return excludeFromWeightDecay.stream()
                .map(OptimizerOptions::pattern)
                .noneMatch(weights ->
                        weights.matcher(path).find() || weights.matcher(name).find());
    }

    /// The factor of the learning rate for the weight of this path.
    double learningRateFactor(String path) {
        for (Map.Entry<String, Double> entry : learningRateFactors.entrySet()) {
            if (pattern(entry.getKey()).matcher(path).find()) {
                return entry.getValue();
            }
        }
        return 1;
    }

    /// The options among the settings of a Keras config, other settings passed over; `learning_rate` may be a
    /// schedule, an object of `class_name` and `config`. `exclude_from_weight_decay` and
    /// `learning_rate_factors` are
    /// ours.
    ///
    /// @throws IllegalArgumentException if one of them does not fit
    public static OptimizerOptions of(Map<String, ? extends @Nullable Object> config) {
        final Settings s = new Settings("optimizer", config);
        return new OptimizerOptions(
                schedule(config.get("learning_rate")),
                s.number("weight_decay", 0),
                names(config.get("exclude_from_weight_decay")),
                s.number("clipnorm", 0),
                s.number("clipvalue", 0),
                s.number("global_clipnorm", 0),
                s.flag("use_ema"),
                s.number("ema_momentum", NONE.emaMomentum),
                s.whole("ema_overwrite_frequency", 0),
                s.whole("gradient_accumulation_steps", 1),
                factors(config.get("learning_rate_factors")),
                s.number("loss_scale_factor", 1));
    }

    private static @Nullable LearningRateSchedule schedule(@Nullable Object value) {
        if (!(value instanceof Map<?, ?> json) || !(json.get("class_name") instanceof String name)) {
            return null;
        }
        return LearningRateSchedule.of(name, texts(json.get("config")));
    }

    private static Map<String, @Nullable Object> texts(@Nullable Object value) {
        final Map<String, @Nullable Object> map = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> json) {
            json.forEach((key, element) -> map.put(String.valueOf(key), element));
        }
        return map;
    }

    private static List<String> names(@Nullable Object value) {
        final List<String> names = new ArrayList<>();
        if (value instanceof List<?> list) {
            list.forEach(name -> names.add(String.valueOf(name)));
        }
        return names;
    }

    private static Map<String, Double> factors(@Nullable Object value) {
        final Map<String, Double> factors = new LinkedHashMap<>();
        texts(value).forEach((weights, factor) -> {
            if (!(factor instanceof Number number)) {
                throw new IllegalArgumentException(
                        "optimizer: learning_rate_factors must be numbers, got " + factor + " for " + weights);
            }
            factors.put(weights, number.doubleValue());
        });
        return factors;
    }
}
