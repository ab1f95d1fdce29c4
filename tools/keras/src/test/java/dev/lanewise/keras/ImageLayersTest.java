package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.AutoContrast;
import dev.lanewise.nn.layer.Normalization;
import dev.lanewise.nn.layer.RandomCrop;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Resizing;
import dev.lanewise.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Layers that prepare images.
class ImageLayersTest {
    /// As Keras 3.15 writes it.
    private static final String RESIZING = """
            {"name": "r", "trainable": true, "dtype": "float32", "height": 24, "width": 32,
             "interpolation": "bilinear", "crop_to_aspect_ratio": false, "pad_to_aspect_ratio": false,
             "fill_mode": "constant", "fill_value": 0.0, "antialias": false, "data_format": "channels_last"}
            """;

    private static LayerConfig config(String type, String json) {
        return new LayerConfig("r", type, JsonParser.parseString(json).getAsJsonObject(), 3);
    }

    @Test
    void resizingIsTheLayerOfThatName() {
        LayerConfig config = config("Resizing", RESIZING);
        assertEquals(new Resizing(24, 32), KerasLayers.convert(config));
        assertEquals(List.of(), config.findings());
        assertEquals(
                new Resizing(24, 32, "nearest"),
                KerasLayers.convert(config("Resizing", RESIZING.replace("bilinear", "nearest"))));
        assertEquals(
                new Resizing(24, 32, "bilinear", true),
                KerasLayers.convert(config(
                        "Resizing",
                        RESIZING.replace("\"crop_to_aspect_ratio\": false", "\"crop_to_aspect_ratio\": true"))));
        assertEquals(
                new RandomCrop(5, 6),
                KerasLayers.convert(
                        config(
                                "RandomCrop",
                                "{\"name\": \"r\", \"height\": 5, \"width\": 6, \"seed\": 3, \"data_format\": \"channels_last\"}")));
        assertEquals(
                new Rescaling(0.5f, -1),
                KerasLayers.convert(config("Rescaling", "{\"name\": \"r\", \"scale\": 0.5, \"offset\": -1}")));
    }

    /// It stretches channels outside training too; a channel of one value stays.
    @Test
    void contrastIsStretchedInPredictionsToo() {
        final LayerConfig config = config(
                "AutoContrast",
                "{\"name\": \"r\", \"trainable\": true, \"value_range\": [0, 255], \"data_format\": \"channels_last\"}");
        final Layer layer = KerasLayers.convert(config);
        assertEquals(new AutoContrast(), layer);
        assertEquals(List.of(), config.findings());
        final Graph graph = Sequential.input(1, 3, 2).add(layer).build();
        try (Model model = Model.create(graph, 1)) {
            final float[] y = model.predict(Dataset.of(new float[] {10, 7, 20, 7, 60, 7}, Shape.of(1, 3, 2)), 1)
                    .getFirst();
            assertArrayEquals(new float[] {0, 7, 51, 7, 255, 7}, y, 1e-4f);
        }
    }

    /// Numbers for each channel are those of a normalization the other way: `y = offset + x · scale`.
    @Test
    void rescalingOfEachChannel() {
        final String numbers = "{\"name\": \"r\", \"scale\": %s, \"offset\": %s}";
        final String array =
                "{\"class_name\": \"__numpy__\", \"config\": {\"value\": [0.5, 2.0], \"dtype\": \"float32\"}}";
        for (String scale : List.of("[0.5, 2.0]", array)) {
            final Layer layer = KerasLayers.convert(config("Rescaling", numbers.formatted(scale, "[1, -1]")));
            assertEquals(new Normalization(List.of(-1), List.of(1f, -1f), List.of(0.25f, 4f), true), layer);
            try (Model model = Model.create(Sequential.input(2).add(layer).build(), 1)) {
                assertArrayEquals(
                        new float[] {6 * 0.5f + 1, 7 * 2 - 1},
                        model.predict(Dataset.of(new float[] {6, 7}, Shape.of(2)), 1)
                                .getFirst());
            }
        }
        assertEquals(
                new Normalization(List.of(-1), List.of(0f, 0f), List.of(0.25f, 4f), true),
                KerasLayers.convert(config("Rescaling", numbers.formatted("[0.5, 2.0]", "0.0"))));
        assertEquals(
                new Rescaling(0.5f, 3), KerasLayers.convert(config("Rescaling", numbers.formatted("[0.5]", "3.0"))));
        for (String wrong : List.of("[0.5, -2.0]", "[0.5, 2.0, 1.0]", "[0.5, \"a\"]")) {
            final LayerConfig config = config("Rescaling", numbers.formatted(wrong, "[1, -1]"));
            assertNull(KerasLayers.convert(config), wrong);
            assertTrue(config.refused(), wrong);
        }
        assertEquals(
                new Activation(Activations.of("linear")), KerasLayers.convert(config("Identity", "{\"name\": \"r\"}")));
    }

    @Test
    void whatResizesOtherwiseIsRefused() {
        for (List<String> change : List.of(
                List.of("\"pad_to_aspect_ratio\": false", "\"pad_to_aspect_ratio\": true"),
                List.of("\"antialias\": false", "\"antialias\": true"),
                List.of("bilinear", "bicubic"),
                List.of("24", "-1"))) {
            LayerConfig config = config("Resizing", RESIZING.replace(change.get(0), change.get(1)));
            assertNull(KerasLayers.convert(config), change::toString);
            assertTrue(config.refused(), change::toString);
        }
    }

    /// Keras has no such layers: one of this name is somebody's own.
    @Test
    void layersOfOursAreNotTakenForOthersOfTheirName() {
        for (String type : List.of("Grayscale", "GrayToRgb", "PreprocessInput")) {
            LayerConfig config = config(type, "{\"name\": \"r\", \"mode\": \"tf\"}");
            assertNull(KerasLayers.convert(config));
            assertEquals(Reason.UNKNOWN_LAYER, config.findings().getFirst().reason());
            assertFalse(KerasLayers.supported().contains(type));
        }
    }
}
