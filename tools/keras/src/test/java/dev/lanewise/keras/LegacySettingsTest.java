package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.keras.h5.H5File;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.RandomContrast;
import dev.lanewise.nn.layer.RandomFlip;
import dev.lanewise.nn.layer.Resizing;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Adam;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.OptimizerOptions;
import dev.lanewise.train.Trainer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Settings that tf.keras 2 refuses are not in `.h5` files, unless they do something.
class LegacySettingsTest {
    @TempDir
    private Path folder;

    private static JsonElement json(String text) {
        return JsonParser.parseString(text.replace('\'', '"'));
    }

    private static void assertLegacy(String type, String expected, String given) {
        final String entry = "{'class_name': '" + type + "', 'config': ";
        assertEquals(
                json(entry + expected + "}"),
                ConfigForms.legacy(json(entry + given + ", 'module': 'keras.layers', 'registered_name': null}")));
        assertEquals(json(expected), ConfigForms.legacy(type, json(given)));
    }

    @Test
    void settingsOfKeras3AreLeftOut() {
        assertLegacy(
                "Resizing",
                "{'height': 3, 'width': 4, 'interpolation': 'nearest', 'crop_to_aspect_ratio': false}",
                "{'height': 3, 'width': 4, 'interpolation': 'nearest', 'crop_to_aspect_ratio': false,"
                        + " 'pad_to_aspect_ratio': false, 'fill_mode': 'constant', 'fill_value': 0.0, 'antialias':"
                        + " false, 'data_format': 'channels_last'}");
        assertLegacy("ZeroPadding1D", "{'padding': [1, 2]}", "{'padding': [1, 2], 'data_format': 'channels_last'}");
        assertLegacy(
                "RandomContrast",
                "{'factor': [0.2, 0.1], 'seed': 3}",
                "{'factor': [0.2, 0.1], 'seed': 3, 'value_range': [0, 255], 'data_format': 'channels_last'}");
        assertLegacy(
                "RandomRotation",
                "{'fill_mode': 'constant', 'fill_value': 0.0}",
                "{'fill_mode': 'constant'," + " 'fill_value': 0.0, 'data_format': 'channels_last'}");
        assertLegacy(
                "RNN",
                "{'cell': {'class_name': 'LSTMCell', 'config': {'units': 2,"
                        + " 'recurrent_initializer': {'class_name': 'orthogonal', 'config': {'gain': 1.0}}}}}",
                "{'cell': {'module': 'keras.layers', 'class_name': 'LSTMCell', 'config': {'units': 2, 'seed': 7,"
                        + " 'recurrent_initializer': {'class_name': 'Orthogonal', 'config': {'gain': 1.0}}},"
                        + " 'registered_name': null}}");
    }

    @Test
    void whatDoesSomethingStays() {
        for (String config : new String[] {
            "{'padding': 1, 'data_format': 'channels_first'}", "{'seed': 7}", "{'value_range': [0, 1]}"
        }) {
            assertEquals(json(config), ConfigForms.legacy("ZeroPadding1D", json(config)));
        }
        final String resizing = "{'pad_to_aspect_ratio': true, 'fill_value': 0.5, 'antialias': true}";
        assertEquals(json(resizing), ConfigForms.legacy("Resizing", json(resizing)));
    }

    @Test
    void layersMadeHereLeaveThemOutToo() {
        final Path file = folder.resolve("image.h5");
        try (Model model = Model.create(
                Sequential.input(Shape.of(8, 8, 3))
                        .add(new RandomContrast(0.2f))
                        .add(new RandomFlip("horizontal"))
                        .add(new Resizing(4, 4))
                        .build(),
                1)) {
            KerasModels.save(model, file);
            try (Model back = KerasModels.load(file);
                    H5File h5 = H5File.open(file)) {
                assertEquals(model.graph(), back.graph());
                final String config = h5.string("/", "model_config");
                assertFalse(config.contains("value_range") || config.contains("data_format"), config);
            }
        }
    }

    /// Versions of tf.keras 2 refuse settings of optimizers that they do not have, though they are null.
    @Test
    void optimizersHaveTheSettingsThatTheyUse() {
        final Path file = folder.resolve("m.h5");
        for (OptimizerOptions options : new OptimizerOptions[] {
            OptimizerOptions.NONE, OptimizerOptions.NONE.clipnorm(1).weightDecay(0.01)
        }) {
            try (Model model =
                    Model.create(Sequential.input(3).add(new Dense(2)).build(), 1)) {
                Trainer.of(model, new Adam(0.01).with(options), new MeanSquaredError())
                        .close();
                KerasModels.save(model, file);
                try (Model back = KerasModels.load(file);
                        H5File h5 = H5File.open(file)) {
                    assertEquals(TrainingConfig.of(model), TrainingConfig.of(back));
                    final var config = JsonParser.parseString(h5.string("/", "training_config"))
                            .getAsJsonObject()
                            .getAsJsonObject("optimizer_config")
                            .getAsJsonObject("config");
                    final boolean plain = options.equals(OptimizerOptions.NONE);
                    for (String key : new String[] {"clipnorm", "weight_decay"}) {
                        assertEquals(!plain, config.has(key), config::toString);
                    }
                    for (String key : new String[] {"use_ema", "ema_momentum", "loss_scale_factor", "clipvalue"}) {
                        assertFalse(config.has(key), config::toString);
                    }
                    assertTrue(config.has("learning_rate") && config.has("beta_1"), config::toString);
                }
            }
        }
    }
}
