package dev.lanewise.train;

import dev.lanewise.kernels.Settings;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The metrics by Keras' names.
final class Metrics {
    static final List<String> NAMES = List.of(
            "accuracy",
            "auc",
            "binary_accuracy",
            "binary_crossentropy",
            "binary_io_u",
            "categorical_accuracy",
            "categorical_crossentropy",
            "categorical_hinge",
            "concordance_correlation",
            "cosine_similarity",
            "f1_score",
            "false_negatives",
            "false_positives",
            "fbeta_score",
            "hinge",
            "io_u",
            "kl_divergence",
            "log_cosh",
            "mean_absolute_error",
            "mean_absolute_percentage_error",
            "mean_io_u",
            "mean_squared_error",
            "mean_squared_logarithmic_error",
            "one_hot_io_u",
            "one_hot_mean_io_u",
            "pearson_correlation",
            "poisson",
            "precision",
            "precision_at_recall",
            "r2_score",
            "recall",
            "recall_at_precision",
            "root_mean_squared_error",
            "sensitivity_at_specificity",
            "sparse_categorical_accuracy",
            "sparse_categorical_crossentropy",
            "sparse_top_k_categorical_accuracy",
            "specificity_at_sensitivity",
            "squared_hinge",
            "top_k_categorical_accuracy",
            "true_negatives",
            "true_positives");

    private Metrics() {}

    static Metric of(String name, Map<String, ? extends @Nullable Object> config) {
        final Settings s = new Settings("metric '" + name + "'", config);
        s.ignore("name", "dtype");
        final Metric metric = switch (Settings.plain(name)) {
            case "accuracy", "acc" -> new Accuracy(s.text("name", "accuracy"));
            case "binaryaccuracy" -> new BinaryAccuracy(s.text("name", "binary_accuracy"), s.number("threshold", 0.5));
            case "categoricalaccuracy" -> new CategoricalAccuracy(s.text("name", "categorical_accuracy"));
            case "sparsecategoricalaccuracy" ->
                new SparseCategoricalAccuracy(s.text("name", "sparse_categorical_accuracy"));
            case "topkcategoricalaccuracy" ->
                new TopKCategoricalAccuracy(s.text("name", "top_k_categorical_accuracy"), s.whole("k", 5));
            case "sparsetopkcategoricalaccuracy" ->
                new SparseTopKCategoricalAccuracy(s.text("name", "sparse_top_k_categorical_accuracy"), s.whole("k", 5));
            case "meansquarederror", "mse" -> new MeanDifference(s.text("name", "mean_squared_error"), true);
            case "meanabsoluteerror", "mae" -> new MeanDifference(s.text("name", "mean_absolute_error"), false);
            case "meansquaredlogarithmicerror", "msle" ->
                new MeanOfRows(s.text("name", "mean_squared_logarithmic_error"), new MeanSquaredLogarithmicError(), 1);
            case "meanabsolutepercentageerror", "mape" ->
                new MeanOfRows(s.text("name", "mean_absolute_percentage_error"), new MeanAbsolutePercentageError(), 1);
            case "cosinesimilarity", "cosineproximity" ->
                new MeanOfRows(s.text("name", "cosine_similarity"), new CosineSimilarity(), -1);
            case "kldivergence", "kld", "kullbackleiblerdivergence" ->
                new MeanOfRows(s.text("name", "kl_divergence"), new KLDivergence(), 1);
            case "poisson" -> new MeanOfRows(s.text("name", "poisson"), new Poisson(), 1);
            case "hinge" -> new MeanOfRows(s.text("name", "hinge"), new Hinge(), 1);
            case "squaredhinge" -> new MeanOfRows(s.text("name", "squared_hinge"), new SquaredHinge(), 1);
            case "categoricalhinge" -> new MeanOfRows(s.text("name", "categorical_hinge"), new CategoricalHinge(), 1);
            case "rootmeansquarederror", "rmse" ->
                new MeanOfElements(
                        s.text("name", "root_mean_squared_error"), MeanOfElements.Kind.ROOT_MEAN_SQUARED_ERROR);
            case "logcosh", "logcosherror" ->
                new MeanOfElements(s.text("name", "log_cosh"), MeanOfElements.Kind.LOG_COSH);
            case "binarycrossentropy", "bce" -> {
                s.only("axis", -1);
                yield new CrossentropyOfElements(
                        s.text("name", "binary_crossentropy"), s.flag("from_logits"), s.number("label_smoothing", 0));
            }
            case "categoricalcrossentropy" -> {
                s.only("axis", -1);
                yield new CrossentropyOfClasses(
                        s.text("name", "categorical_crossentropy"),
                        false,
                        s.flag("from_logits"),
                        s.number("label_smoothing", 0));
            }
            case "sparsecategoricalcrossentropy" -> {
                s.only("axis", -1);
                yield new CrossentropyOfClasses(
                        s.text("name", "sparse_categorical_crossentropy"), true, s.flag("from_logits"), 0);
            }
            case "r2score" ->
                new R2Score(
                        s.text("name", "r2_score"),
                        // Nothing and null are two things here: the default, and no aggregation.
                        s.text("class_aggregation", s.has("class_aggregation") ? "none" : "uniform_average"),
                        s.whole("num_regressors", 0));
            case "pearsoncorrelation" -> correlation("pearson_correlation", s);
            case "concordancecorrelation" -> correlation("concordance_correlation", s);
            case "truepositives" -> counts("true_positives", s);
            case "falsepositives" -> counts("false_positives", s);
            case "truenegatives" -> counts("true_negatives", s);
            case "falsenegatives" -> counts("false_negatives", s);
            case "precision" -> counts("precision", s);
            case "recall" -> counts("recall", s);
            case "auc" -> {
                s.ignore("num_labels");
                yield new AUC(
                        s.text("name", "auc"),
                        s.whole("num_thresholds", 200),
                        s.text("curve", "ROC").toUpperCase(Locale.ROOT),
                        s.text("summation_method", "interpolation").toLowerCase(Locale.ROOT),
                        s.isNull("thresholds") ? List.of() : s.numbers("thresholds"),
                        s.flag("multi_label"),
                        s.isNull("label_weights") ? List.of() : s.numbers("label_weights"),
                        s.flag("from_logits"));
            }
            case "sensitivityatspecificity" -> at("sensitivity_at_specificity", s);
            case "specificityatsensitivity" -> at("specificity_at_sensitivity", s);
            case "precisionatrecall" -> at("precision_at_recall", s);
            case "recallatprecision" -> at("recall_at_precision", s);
            case "f1score" -> score("f1_score", 1, s);
            case "fbetascore" -> score("fbeta_score", s.number("beta", 1), s);
            case "iou" -> iou("io_u", s);
            case "onehotiou" -> iou("one_hot_io_u", s);
            case "meaniou" -> iou("mean_io_u", s);
            case "onehotmeaniou" -> iou("one_hot_mean_io_u", s);
            case "binaryiou" ->
                new IoU(
                        s.text("name", "binary_io_u"),
                        "binary_io_u",
                        2,
                        s.isNull("target_class_ids") ? IoU.all(2) : s.wholes("target_class_ids"),
                        s.number("threshold", 0.5),
                        null,
                        true,
                        true);
            default ->
                throw new IllegalArgumentException(
                        "metric '" + name + "' is not supported (supported: " + String.join(", ", NAMES) + ")");
        };
        s.requireAllTaken();
        return metric;
    }

    private static Metric correlation(String name, Settings s) {
        s.only("axis", -1);
        return new CorrelationOfRows(s.text("name", name), name);
    }

    private static Metric counts(String name, Settings s) {
        return new BinaryCounts(
                s.text("name", name),
                name,
                thresholds(s),
                s.isNull("top_k") ? null : s.whole("top_k", 0),
                s.isNull("class_id") ? null : s.whole("class_id", 0));
    }

    /// Of one number, a list of them, or none.
    private static List<Double> thresholds(Settings s) {
        if (s.isNull("thresholds")) {
            return List.of();
        }
        return s.isList("thresholds") ? s.numbers("thresholds") : List.of(s.number("thresholds"));
    }

    private static Metric at(String name, Settings s) {
        return new AtThreshold(
                s.text("name", name),
                name,
                s.number(AtThreshold.key(name), 0.5),
                s.whole("num_thresholds", 200),
                s.isNull("class_id") ? null : s.whole("class_id", 0));
    }

    private static Metric score(String name, double beta, Settings s) {
        return new FBetaScore(s.text("name", name), name, beta, s.text("average", "none"), s.number("threshold", -1));
    }

    /// Without chosen classes, all of them: what `IoU` alone has no default for.
    private static Metric iou(String name, Settings s) {
        s.only("axis", -1);
        final int classes = s.whole("num_classes", 2);
        final boolean oneHot = name.startsWith("one_hot");
        if (oneHot) {
            s.only("sparse_y_true", false);
        }
        return new IoU(
                s.text("name", name),
                name,
                classes,
                name.contains("mean") || s.isNull("target_class_ids") ? IoU.all(classes) : s.wholes("target_class_ids"),
                0.5,
                s.isNull("ignore_class") ? null : s.whole("ignore_class", 0),
                !oneHot && (s.isNull("sparse_y_true") || s.flag("sparse_y_true")),
                s.isNull("sparse_y_pred") ? !oneHot : s.flag("sparse_y_pred"));
    }
}
