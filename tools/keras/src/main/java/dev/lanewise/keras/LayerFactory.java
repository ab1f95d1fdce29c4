package dev.lanewise.keras;

import dev.lanewise.nn.Layer;
import java.util.Map;

/// Makes a layer of a class that is not Keras' own.
@FunctionalInterface
public interface LayerFactory {
    /// The layer of a config.
    ///
    /// @param config what the file has: numbers as [Double], texts, booleans, lists, maps and null
    /// @throws IllegalArgumentException if it cannot be made of this; the message is reported with the
    ///     layer's name
    Layer create(Map<String, Object> config);
}
