package dev.lanewise.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonPrimitive;
import dev.lanewise.tensor.Shape;

/// JSON values that Gson would write differently.
final class Json {
    private Json() {}

    /// A number; null where it is NaN or infinite, which JSON does not have.
    static JsonElement number(double value) {
        return Double.isFinite(value) ? new JsonPrimitive(value) : JsonNull.INSTANCE;
    }

    /// A float in its own shortest form.
    static JsonElement number(float value) {
        return Float.isFinite(value) ? new JsonPrimitive(value) : JsonNull.INSTANCE;
    }

    /// The dimensions, null where unknown.
    static JsonArray shape(Shape shape) {
        JsonArray dims = new JsonArray();
        for (int dim : shape.toArray()) {
            dims.add(dim == Shape.UNKNOWN ? JsonNull.INSTANCE : new JsonPrimitive(dim));
        }
        return dims;
    }

    static JsonArray strings(Iterable<String> values) {
        JsonArray array = new JsonArray();
        values.forEach(array::add);
        return array;
    }
}
