package dev.lanewise.train;

import dev.lanewise.kernels.Settings;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The losses by Keras' names.
final class Losses {
    static final List<String> NAMES = List.of(
            "binary_crossentropy",
            "binary_focal_crossentropy",
            "categorical_crossentropy",
            "categorical_focal_crossentropy",
            "categorical_generalized_cross_entropy",
            "categorical_hinge",
            "circle",
            "cosine_similarity",
            "dice",
            "hinge",
            "huber",
            "kl_divergence",
            "log_cosh",
            "mean_absolute_error",
            "mean_absolute_percentage_error",
            "mean_squared_error",
            "mean_squared_logarithmic_error",
            "poisson",
            "sparse_categorical_crossentropy",
            "squared_hinge",
            "tversky");

    private Losses() {}

    static Loss of(String name, Map<String, ? extends @Nullable Object> config) {
        final Settings s = new Settings("loss '" + name + "'", config);
        s.ignore("name", "dtype");
        final String reduction = s.text("reduction", "sum_over_batch_size");
        final Loss loss = switch (Settings.plain(name)) {
            case "binarycrossentropy", "bce" -> {
                s.only("axis", -1);
                yield new BinaryCrossentropy(s.flag("from_logits"), s.number("label_smoothing", 0));
            }
            case "categoricalcrossentropy" -> {
                s.only("axis", -1);
                yield new CategoricalCrossentropy(s.flag("from_logits"), s.number("label_smoothing", 0));
            }
            case "sparsecategoricalcrossentropy" -> {
                s.only("axis", -1);
                yield new SparseCategoricalCrossentropy(
                        s.flag("from_logits"), s.isNull("ignore_class") ? null : s.whole("ignore_class", 0));
            }
            case "binaryfocalcrossentropy" -> {
                s.only("axis", -1);
                yield new BinaryFocalCrossentropy(
                        s.flag("apply_class_balancing"),
                        s.number("alpha", 0.25),
                        s.number("gamma", 2),
                        s.flag("from_logits"),
                        s.number("label_smoothing", 0));
            }
            case "categoricalfocalcrossentropy" -> {
                s.only("axis", -1);
                yield new CategoricalFocalCrossentropy(
                        s.number("alpha", 0.25),
                        s.number("gamma", 2),
                        s.flag("from_logits"),
                        s.number("label_smoothing", 0));
            }
            case "categoricalgeneralizedcrossentropy" -> new CategoricalGeneralizedCrossEntropy(s.number("q", 0.5));
            case "circle" ->
                new Circle(
                        s.number("gamma", 80),
                        s.number("margin", 0.4),
                        s.isNull("remove_diagonal") || s.flag("remove_diagonal"));
            case "categoricalhinge" -> new CategoricalHinge();
            case "cosinesimilarity", "cosineproximity" -> {
                s.only("axis", -1);
                yield new CosineSimilarity();
            }
            case "dice" -> {
                s.none("axis");
                yield new Dice();
            }
            case "tversky" -> {
                s.none("axis");
                yield new Tversky(s.number("alpha", 0.5), s.number("beta", 0.5));
            }
            case "hinge" -> new Hinge();
            case "squaredhinge" -> new SquaredHinge();
            case "kldivergence", "kld", "kullbackleiblerdivergence" -> new KLDivergence();
            case "poisson" -> new Poisson();
            case "meanabsolutepercentageerror", "mape" -> new MeanAbsolutePercentageError();
            case "meansquaredlogarithmicerror", "msle" -> new MeanSquaredLogarithmicError();
            case "huber", "huberloss" -> new Huber(s.number("delta", 1));
            case "logcosh" -> new LogCosh();
            case "meansquarederror", "mse" -> new MeanSquaredError();
            case "meanabsoluteerror", "mae" -> new MeanAbsoluteError();
            default ->
                throw new IllegalArgumentException(
                        "loss '" + name + "' is not supported (supported: " + String.join(", ", NAMES) + ")");
        };
        s.requireAllTaken();
        return ReducedLoss.of(loss, reduction);
    }
}
