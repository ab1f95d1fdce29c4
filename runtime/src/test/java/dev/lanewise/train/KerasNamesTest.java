package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.kernels.Settings;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// Losses, optimizers and metrics by Keras' names and configs.
class KerasNamesTest {
    /// Of keys and values in turn; values may be null.
    private static Map<String, @Nullable Object> config(@Nullable Object... entries) {
        final Map<String, @Nullable Object> config = new HashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            config.put(String.valueOf(entries[i]), entries[i + 1]);
        }
        return config;
    }

    private static void assertMessage(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
    }

    @Test
    void lossesHaveTheNamesOfFunctionsAndOfClasses() {
        for (String name : Loss.names()) {
            assertEquals(name, Loss.of(name).name());
            assertEquals(Loss.of(name), Loss.of(Loss.of(name).getClass().getSimpleName()));
        }
        assertEquals(new MeanSquaredError(), Loss.of("MSE"));
        assertEquals(new MeanAbsoluteError(), Loss.of("mae"));
        assertEquals(new BinaryCrossentropy(), Loss.of("bce"));
        assertMessage(
                "loss 'ctc' is not supported (supported: " + String.join(", ", Loss.names()) + ")",
                () -> Loss.of("ctc"));
    }

    /// As Keras 3 writes them into its files.
    @Test
    void lossesTakeTheConfigsOfKeras() {
        assertEquals(
                new BinaryCrossentropy(true, 0.1),
                Loss.of(
                        "BinaryCrossentropy",
                        config(
                                "name",
                                "binary_crossentropy",
                                "reduction",
                                "sum_over_batch_size",
                                "from_logits",
                                true,
                                "label_smoothing",
                                0.1,
                                "axis",
                                -1)));
        assertEquals(
                new CategoricalCrossentropy(false, 0.25),
                Loss.of("CategoricalCrossentropy", config("label_smoothing", 0.25, "axis", -1.0)));
        assertEquals(
                new SparseCategoricalCrossentropy(true),
                Loss.of("SparseCategoricalCrossentropy", config("from_logits", true, "ignore_class", null)));
        assertEquals(new Huber(2.5), Loss.of("Huber", config("name", "huber_loss", "delta", 2.5)));
        assertEquals(
                new SparseCategoricalCrossentropy(false, -1),
                Loss.of("SparseCategoricalCrossentropy", config("ignore_class", -1)));
        assertEquals(
                new Circle(64, 0.25, false),
                Loss.of("Circle", config("gamma", 64, "margin", 0.25, "remove_diagonal", false)));
        assertEquals(new ReducedLoss(new MeanSquaredError(), "sum"), Loss.of("mse", config("reduction", "sum")));
        assertMessage(
                "loss 'log_cosh': setting 'delta' is not known (known: dtype, name, reduction)",
                () -> Loss.of("log_cosh", config("delta", 1)));
        assertMessage("loss 'huber': delta must be a number, got one", () -> Loss.of("huber", config("delta", "one")));
        assertMessage("Huber: delta must be more than 0, got 0.0", () -> Loss.of("huber", config("delta", 0)));
        assertMessage(
                "BinaryCrossentropy: label_smoothing must be from 0 to 1, got 2.0",
                () -> Loss.of("bce", config("label_smoothing", 2)));
    }

    @Test
    void optimizersTakeTheConfigsOfKeras() {
        assertEquals(new SGD(), Optimizer.of("sgd"));
        assertEquals(new Adam(), Optimizer.of("Adam"));
        assertEquals(new AdamW(), Optimizer.of("adamw"));
        assertEquals(new RMSprop(), Optimizer.of("RMSprop"));
        final Map<String, @Nullable Object> common = config(
                "name",
                "adam",
                "learning_rate",
                0.01,
                "weight_decay",
                null,
                "clipnorm",
                null,
                "global_clipnorm",
                null,
                "clipvalue",
                null,
                "use_ema",
                false,
                "ema_momentum",
                0.99,
                "ema_overwrite_frequency",
                null,
                "loss_scale_factor",
                null,
                "gradient_accumulation_steps",
                null);
        final Map<String, @Nullable Object> adam = new HashMap<>(common);
        adam.putAll(config("beta_1", 0.8, "beta_2", 0.95, "epsilon", 1e-5, "amsgrad", true));
        assertEquals(new Adam(0.01, 0.8, 0.95, 1e-5, true), Optimizer.of("Adam", adam));
        adam.put("weight_decay", 0.1);
        assertEquals(new AdamW(0.01, 0.1, 0.8, 0.95, 1e-5, true), Optimizer.of("AdamW", adam));
        assertEquals(
                new Adam(0.01, 0.8, 0.95, 1e-5, true).with(OptimizerOptions.NONE.weightDecay(0.1)),
                Optimizer.of("Adam", adam));
        final Map<String, @Nullable Object> rmsprop = new HashMap<>(common);
        rmsprop.putAll(config("rho", 0.8, "momentum", 0.5, "epsilon", 1e-5, "centered", true));
        assertEquals(new RMSprop(0.01, 0.8, 0.5, 1e-5, true), Optimizer.of("RMSprop", rmsprop));
        assertEquals(
                new SGD(0.5, 0.9, true),
                Optimizer.of("SGD", config("learning_rate", 0.5, "momentum", 0.9, "nesterov", true, "decay", 0.0)));
        assertEquals(new SGD().with(OptimizerOptions.NONE.clipnorm(1)), Optimizer.of("sgd", config("clipnorm", 1)));
        assertEquals(
                new AdamW(0.001, 0.2).with(OptimizerOptions.NONE.ema(0.9, 3).gradientAccumulationSteps(2)),
                Optimizer.of(
                        "AdamW",
                        config(
                                "weight_decay",
                                0.2,
                                "use_ema",
                                true,
                                "ema_momentum",
                                0.9,
                                "ema_overwrite_frequency",
                                3,
                                "gradient_accumulation_steps",
                                2)));
        final Map<String, @Nullable Object> decay = config(
                "class_name",
                "ExponentialDecay",
                "config",
                config("initial_learning_rate", 0.1, "decay_steps", 10, "decay_rate", 0.5, "name", "x"));
        assertEquals(
                new Lion(0.1).with(OptimizerOptions.NONE.schedule(new ExponentialDecay(0.1, 10, 0.5, false))),
                Optimizer.of("Lion", config("learning_rate", decay)));
        assertEquals(
                new SGD().with(OptimizerOptions.NONE.lossScaleFactor(1024)),
                Optimizer.of("sgd", config("loss_scale_factor", 1024.0)));
        assertMessage(
                "optimizer: loss_scale_factor must be more than 0, got 0.0",
                () -> Optimizer.of("sgd", config("loss_scale_factor", 0)));
        assertMessage(
                "optimizer: only one of clipnorm, clipvalue and global_clipnorm can be given, got 1.0, 2.0 and 0.0",
                () -> Optimizer.of("sgd", config("clipnorm", 1, "clipvalue", 2)));
        assertMessage(
                "optimizer 'sgd': learning_rate must be a number, got {}",
                () -> Optimizer.of("sgd", config("learning_rate", Map.of())));
        assertMessage(
                "optimizer 'lamb' is not supported (supported: adadelta, adagrad, adam, adamax, adamw, ftrl, lion,"
                        + " nadam, rmsprop, sgd)",
                () -> Optimizer.of("lamb"));
        for (String name : Optimizer.names()) {
            assertEquals(name, Settings.plain(Optimizer.of(name).name()));
        }
    }

    @Test
    void metricsTakeTheConfigsOfKeras() {
        for (String name : Metric.names()) {
            final Metric metric = Metric.of(name);
            assertEquals(name, metric.name());
            final Metric.Config config = Metric.config(metric);
            assertEquals(name, config.kerasName());
            assertEquals(metric, Metric.of(name, config.settings()));
        }
        assertEquals(
                new BinaryAccuracy(0.7), Metric.of("BinaryAccuracy", config("threshold", 0.7, "dtype", "float32")));
        assertEquals(
                new TopKCategoricalAccuracy("top3", 3),
                Metric.of("TopKCategoricalAccuracy", config("name", "top3", "k", 3.0)));
        assertEquals(Metric.ACCURACY, Metric.of("acc"));
        assertEquals(Metric.MEAN_SQUARED_ERROR, Metric.of("MeanSquaredError"));
        assertMessage(
                "metric 'top_k_categorical_accuracy': k must be a whole number, got 2.5",
                () -> Metric.of("top_k_categorical_accuracy", config("k", 2.5)));
        assertMessage(
                "top_k_categorical_accuracy: k must be 1 or more, got 0",
                () -> Metric.of("top_k_categorical_accuracy", config("k", 0)));
        assertMessage(
                "metric 'bleu' is not supported (supported: " + String.join(", ", Metric.names()) + ")",
                () -> Metric.of("bleu"));
    }
}
