package dev.lanewise.keras;

import com.google.gson.JsonObject;
import dev.lanewise.nn.Layer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A layer of a model's configuration: a plain one, or a model within the model. One node is one layer, however
/// often it is called.
final class KerasNode {
    private final LayerConfig config;
    private final @Nullable Layer layer;
    private final @Nullable KerasGraph model;
    private final JsonObject json;
    private final List<List<KerasRef>> calls;
    private final String path;

    /// @param layer null where it is refused, or a model
    /// @param model null where it is a plain layer
    /// @param json its entry, as it is in the file
    /// @param calls what each call takes
    /// @param path its name in the flat graph
    KerasNode(
            LayerConfig config,
            @Nullable Layer layer,
            @Nullable KerasGraph model,
            JsonObject json,
            List<List<KerasRef>> calls,
            String path) {
        this.config = config;
        this.layer = layer;
        this.model = model;
        this.json = json;
        this.calls = calls;
        this.path = path;
    }

    LayerConfig config() {
        return config;
    }

    @Nullable
    Layer layer() {
        return layer;
    }

    @Nullable
    KerasGraph model() {
        return model;
    }

    JsonObject json() {
        return json;
    }

    List<List<KerasRef>> calls() {
        return calls;
    }

    String path() {
        return path;
    }

    /// Its own name, in the container that it is in.
    String name() {
        return config.name();
    }

    /// Whether it is a model that is called at each step of what it takes, by a TimeDistributed.
    boolean isAtEachStep() {
        return model != null && !KerasGraph.isModel(config.className());
    }

    /// Whether its own `trainable` is not false.
    boolean isTrainable() {
        return !String.valueOf(config.config().get("trainable")).equals("false");
    }
}
