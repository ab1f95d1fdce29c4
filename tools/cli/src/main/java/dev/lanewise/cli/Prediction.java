package dev.lanewise.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.data.NumberArray;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Workspace;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// One output of a model for all samples.
///
/// @param name the layer's, with a number where that is not enough
/// @param array `[n, …]`
record Prediction(String name, NumberArray array) {
    /// Names and shapes for what [dev.lanewise.nn.Workspace#predict] just gave: dimensions that the definition
    /// leaves open are those of the last batch.
    static List<Prediction> of(Model model, Workspace workspace, int samples, List<float[]> values) {
        Graph graph = model.graph();
        Set<String> taken = new HashSet<>();
        List<Prediction> predictions = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            Graph.Value output = graph.outputs().get(i);
            String layer = graph.calls().get(output.call()).layer();
            String name = layer;
            for (int n = 1; !taken.add(name); n++) {
                name = layer + "_" + n;
            }
            Shape shape = workspace.output(i).shape().with(0, samples);
            predictions.add(new Prediction(name, NumberArray.of(shape, values.get(i))));
        }
        return predictions;
    }

    Shape shape() {
        return array.shape();
    }

    /// Values of one sample.
    int width() {
        return array.data().length / shape().dim(0);
    }

    float value(int sample, int i) {
        return array.data()[sample * width() + i];
    }

    /// The places of a sample's largest values, largest first, the earlier one where they are equal.
    List<Integer> top(int sample, int count) {
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i < width(); i++) {
            places.add(i);
        }
        places.sort((a, b) -> Float.compare(value(sample, b), value(sample, a)));
        return places.subList(0, Math.min(count, places.size()));
    }

    JsonObject header() {
        JsonObject json = new JsonObject();
        json.addProperty("name", name);
        json.add("shape", Json.shape(shape()));
        return json;
    }

    /// The values as arrays in arrays.
    JsonElement json() {
        return json(0, 0, array.data().length);
    }

    private JsonElement json(int axis, int from, int size) {
        if (axis == shape().rank()) {
            return Json.number(array.data()[from]);
        }
        JsonArray values = new JsonArray();
        int dim = shape().dim(axis);
        for (int i = 0; i < dim; i++) {
            values.add(json(axis + 1, from + i * (size / dim), size / dim));
        }
        return values;
    }
}
