package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import dev.lanewise.nn.layer.RandomCrop;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Resizing;
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
