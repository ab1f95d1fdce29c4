package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.nn.Layer;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Shapes in Keras' configs: of tensors, of inputs, and those by which layers are built.
final class KerasShapesJson {
    private KerasShapesJson() {}

    /// Shapes as the layer here takes them.
    static List<Shape> flatShapes(ExportModel.Node node) {
        final Layer layer = node.layer();
        if (layer == null || !node.folded().channelsFirst()) {
            return node.inputShapes();
        }
        final List<Shape> shapes = new ArrayList<>();
        for (Shape shape : node.inputShapes()) {
            final int from = 1 + ExportFolding.keptAxes(layer, shape.rank() - 1);
            final int last = shape.rank() - 1;
            shapes.add(from < last ? ExportFolding.moved(shape, from, last) : shape);
        }
        return shapes;
    }

    /// The shapes by which Keras 3 makes a layer's weights before it reads them.
    static void build(JsonObject entry, ExportModel.Node node, Layer layer, @Nullable JsonObject original) {
        final List<Shape> shapes = node.inputShapes();
        final boolean asked = original != null && original.has("build_config");
        final boolean made =
                original == null && !layer.parameters(flatShapes(node)).isEmpty();
        if (shapes.isEmpty() || !(asked || made)) {
            return;
        }
        final JsonObject build = new JsonObject();
        final JsonObject named = new JsonObject();
        if (KerasAttention.isOfHeads(layer.typeName())) {
            named.add("query_shape", shape(shapes.get(0)));
            named.add("value_shape", shape(shapes.get(1)));
            if (shapes.size() > 2) {
                named.add("key_shape", shape(shapes.get(2)));
            }
        } else if (KerasRecurrent.takesState(layer.typeName()) && shapes.size() > 1) {
            named.add("sequences_shape", shape(shapes.getFirst()));
            named.add("initial_state_shape", shapes(shapes.subList(1, shapes.size())));
        } else {
            build.add("input_shape", shapes.size() == 1 ? shape(shapes.getFirst()) : shapes(shapes));
        }
        if (!named.isEmpty()) {
            build.add("shapes_dict", named);
        }
        entry.add("build_config", asWas(build, original == null ? null : original.get("build_config")));
    }

    /// Shapes, with the size of the batch that the file has, if it is the same otherwise.
    static JsonElement asWas(JsonElement shapes, @Nullable JsonElement before) {
        return before != null
                        && before.toString().replaceAll("\\[[0-9]+,", "[null,").equals(shapes.toString())
                ? before
                : shapes;
    }

    /// A shape with the batch first.
    static JsonArray shape(Shape shape) {
        final JsonArray json = new JsonArray();
        for (int dim : shape.toArray()) {
            json.add(dim == Shape.UNKNOWN ? JsonNull.INSTANCE : new JsonPrimitive(dim));
        }
        return json;
    }

    static JsonArray shapes(List<Shape> shapes) {
        final JsonArray json = new JsonArray();
        shapes.forEach(shape -> json.add(shape(shape)));
        return json;
    }

    /// A sample's shape with the batch's size before it: mostly unknown, but layers that keep their state
    /// need it.
    static JsonArray batch(Shape sample, @Nullable JsonObject before) {
        final JsonArray shape = shape(sample.prepend(Shape.UNKNOWN));
        if (before == null) {
            return shape;
        }
        for (String key : List.of("batch_shape", "batch_input_shape")) {
            if (before.get(key) instanceof JsonArray given && given.size() == shape.size()) {
                shape.set(0, given.get(0));
            }
        }
        return shape;
    }
}
