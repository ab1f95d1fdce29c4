package dev.lanewise.io;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Layers;
import dev.lanewise.tensor.Shape;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Records as the JSON of Keras' configs: component `useBias` is the key `use_bias`, `beta1` is `beta_1`, an
/// activation is its name, or with other parameters than the default ones an object of `class_name` and
/// `config`, an initializer or a layer an object of `class_name` and `config`, a shape an array in which
/// null is unknown, a list an array of numbers, or of arrays of them.
///
/// Reading constructs nothing but the record it is asked for, and checks each value's type.
public final class RecordJson {
    private RecordJson() {}

    /// A record's components by their keys.
    ///
    /// @throws IllegalArgumentException if one of them has no form in JSON
    public static JsonObject write(Record value) {
        final JsonObject json = new JsonObject();
        for (RecordComponent component : value.getClass().getRecordComponents()) {
            json.add(key(component.getName()), writeValue(get(value, component)));
        }
        return json;
    }

    private static @Nullable Object get(Record value, RecordComponent component) {
        try {
            return component.getAccessor().invoke(value);
        } catch (IllegalAccessException e) {
            throw new IllegalArgumentException(
                    value.getClass().getName() + " must be public, in an exported package, to be saved", e);
        } catch (InvocationTargetException e) {
            throw new IllegalArgumentException(
                    value.getClass().getName() + ": cannot read " + component.getName(), e.getCause());
        }
    }

    private static JsonElement writeValue(@Nullable Object value) {
        return switch (value) {
            case null -> JsonNull.INSTANCE;
            case Number n -> new JsonPrimitive(n);
            case Boolean b -> new JsonPrimitive(b);
            case String s -> new JsonPrimitive(s);
            case Activation a -> writeActivation(a);
            case Shape s -> shape(s);
            case List<?> l -> list(l);
            case Initializer i -> writeInitializer(i);
            case Layer l -> writeLayer(l);
            default ->
                throw new IllegalArgumentException("cannot save a value of type "
                        + value.getClass().getName() + " in a record (supported: numbers, booleans, strings, shapes,"
                        + " lists of numbers, activations, initializers that are records)");
        };
    }

    private static JsonElement writeActivation(Activation value) {
        final Map<String, Object> config = value.config();
        if (!Activations.names().contains(value.name())
                || !Activations.of(value.name(), config).equals(value)) {
            throw new IllegalArgumentException("cannot save the activation '" + value.name()
                    + "', which Activations.register() did not make known");
        }
        if (hasDefaults(value)) {
            return new JsonPrimitive(value.name());
        }
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", value.name());
        json.add("config", write(config));
        return json;
    }

    /// Settings by name, in alphabetical order.
    static JsonObject write(Map<String, Object> settings) {
        final JsonObject json = new JsonObject();
        new TreeMap<>(settings).forEach((name, value) -> json.add(name, writeValue(value)));
        return json;
    }

    /// Settings that are numbers, booleans, texts or lists of these.
    static Map<String, Object> readSettings(JsonObject json) {
        final Map<String, Object> settings = new TreeMap<>();
        for (Map.Entry<String, JsonElement> entry : json.entrySet()) {
            final JsonElement value = entry.getValue();
            settings.put(
                    entry.getKey(),
                    Objects.requireNonNull(toJava(value.isJsonArray() ? value : value.getAsJsonPrimitive())));
        }
        return settings;
    }

    /// JSON as numbers, booleans, texts, lists, maps and null.
    public static @Nullable Object toJava(JsonElement json) {
        if (json.isJsonNull()) {
            return null;
        }
        if (json.isJsonArray()) {
            final List<@Nullable Object> list = new ArrayList<>();
            json.getAsJsonArray().forEach(value -> list.add(toJava(value)));
            return list;
        }
        if (json.isJsonObject()) {
            final Map<String, @Nullable Object> map = new LinkedHashMap<>();
            json.getAsJsonObject().entrySet().forEach(entry -> map.put(entry.getKey(), toJava(entry.getValue())));
            return map;
        }
        final JsonPrimitive value = json.getAsJsonPrimitive();
        return value.isBoolean()
                ? (Object) value.getAsBoolean()
                : value.isNumber() ? (Object) value.getAsDouble() : value.getAsString();
    }

    private static boolean hasDefaults(Activation value) {
        try {
            return Activations.of(value.name()).equals(value);
        } catch (IllegalArgumentException e) {
            return false; // one of its parameters has no default
        }
    }

    private static JsonObject writeInitializer(Initializer value) {
        if (!(value instanceof Record config)
                || Initializers.registry().get(value.getClass().getSimpleName()) != value.getClass()) {
            throw new IllegalArgumentException("cannot save the initializer "
                    + value.getClass().getName() + ": it must be a record that Initializers.register() made known");
        }
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", value.getClass().getSimpleName());
        json.add("config", write(config));
        return json;
    }

    private static JsonObject writeLayer(Layer value) {
        if (!(value instanceof Record config) || Layers.get(value.typeName()) != value.getClass()) {
            throw new IllegalArgumentException("cannot save the layer "
                    + value.getClass().getName() + ": it must be a record that Layers.register() made known");
        }
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", value.typeName());
        json.add("config", write(config));
        return json;
    }

    private static JsonArray list(List<?> values) {
        final JsonArray json = new JsonArray();
        for (Object value : values) {
            if (!(value instanceof Number) && !(value instanceof List) && !(value instanceof Layer)) {
                throw new IllegalArgumentException(
                        "cannot save a list of anything but numbers, layers and lists of them, got " + values);
            }
            json.add(writeValue(value));
        }
        return json;
    }

    static JsonArray shape(Shape shape) {
        final JsonArray json = new JsonArray();
        for (int i = 0; i < shape.rank(); i++) {
            if (shape.dim(i) == Shape.UNKNOWN) {
                json.add(JsonNull.INSTANCE);
            } else {
                json.add(shape.dim(i));
            }
        }
        return json;
    }

    /// Reads a record of the given type; keys that it does not know are an error.
    ///
    /// @param where for errors: the file and the place in it
    /// @throws ModelFormatException if a key is missing, not known, or has a value that does not fit
    public static <R> R read(Class<R> type, JsonObject json, String where) {
        final RecordComponent[] components =
                Objects.requireNonNull(type.getRecordComponents(), "not a record: " + type.getName());
        final Class<?>[] types = new Class<?>[components.length];
        final @Nullable Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            final String key = key(components[i].getName());
            types[i] = components[i].getType();
            if (!json.has(key)) {
                throw new ModelFormatException(where + ": '" + key + "' is missing");
            }
            final String place = where + ", '" + key + "'";
            values[i] = readValue(types[i], components[i].getGenericType(), json.get(key), place);
        }
        for (String key : json.keySet()) {
            boolean known = false;
            for (RecordComponent component : components) {
                known |= key(component.getName()).equals(key);
            }
            if (!known) {
                throw new ModelFormatException(where + ": '" + key + "' is not known for " + type.getSimpleName());
            }
        }
        try {
            final Constructor<R> constructor = type.getDeclaredConstructor(types);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            final Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new ModelFormatException(where + ": " + cause.getMessage(), cause);
        } catch (ReflectiveOperationException e) {
            throw new ModelFormatException(
                    where + ": " + type.getName() + " must be public, in an exported package, to be read", e);
        }
    }

    private static @Nullable Object readValue(Class<?> type, Type generic, JsonElement json, String where) {
        final boolean mayBeNull = type == String.class
                || type == Boolean.class
                || type == List.class
                || type == Layer.class
                || Number.class.isAssignableFrom(type);
        if (json.isJsonNull() && mayBeNull) {
            return null;
        }
        try {
            if (!json.isJsonPrimitive()
                    && type != Shape.class
                    && type != List.class
                    && type != Initializer.class
                    && type != Layer.class
                    && type != Activation.class) {
                throw new IllegalArgumentException("not a single value");
            }
            if (type == int.class || type == Integer.class) {
                return Math.toIntExact(json.getAsBigDecimal().longValueExact());
            } else if (type == long.class || type == Long.class) {
                return json.getAsBigDecimal().longValueExact();
            } else if (type == float.class || type == Float.class) {
                return (float) json.getAsDouble();
            } else if (type == double.class || type == Double.class) {
                return json.getAsDouble();
            } else if (type == boolean.class || type == Boolean.class) {
                if (!json.isJsonPrimitive() || !json.getAsJsonPrimitive().isBoolean()) {
                    throw new IllegalArgumentException("not true or false");
                }
                return json.getAsBoolean();
            } else if (type == String.class) {
                return json.getAsString();
            } else if (type == Activation.class) {
                return readActivation(json);
            } else if (type == Shape.class) {
                return readShape(json.getAsJsonArray());
            } else if (type == List.class) {
                return readList(generic, json.getAsJsonArray(), where);
            } else if (type == Layer.class) {
                return readLayer(json.getAsJsonObject(), where);
            } else if (type == Initializer.class) {
                return readInitializer(json.getAsJsonObject(), where);
            }
        } catch (ModelFormatException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new ModelFormatException(
                    where + ": expected " + type.getSimpleName() + ", got " + abbreviate(json) + " (" + e.getMessage()
                            + ")",
                    e);
        }
        throw new ModelFormatException(where + ": a component of type " + type.getName() + " cannot be read");
    }

    private static Activation readActivation(JsonElement json) {
        if (json.isJsonPrimitive()) {
            return Activations.of(json.getAsString());
        }
        final JsonObject object = json.getAsJsonObject();
        final Map<String, Object> config = readSettings(object.getAsJsonObject("config"));
        return Activations.of(object.get("class_name").getAsString(), config);
    }

    private static Shape readShape(JsonArray json) {
        final int[] dims = new int[json.size()];
        for (int i = 0; i < dims.length; i++) {
            final JsonElement dim = json.get(i);
            dims[i] = dim.isJsonNull()
                    ? Shape.UNKNOWN
                    : Math.toIntExact(dim.getAsBigDecimal().longValueExact());
        }
        return Shape.of(dims);
    }

    /// @param type `List<Integer>`, `List<Float>`, `List<Double>`, `List<Layer>`, or lists of these
    private static List<?> readList(Type type, JsonArray json, String where) {
        final Type of = type instanceof ParameterizedType list ? list.getActualTypeArguments()[0] : Integer.class;
        final List<Object> values = new ArrayList<>();
        for (JsonElement value : json) {
            if (of == Integer.class) {
                values.add(Math.toIntExact(value.getAsBigDecimal().longValueExact()));
            } else if (of == Float.class) {
                values.add(value.getAsFloat());
            } else if (of == Double.class) {
                values.add(value.getAsDouble());
            } else if (of == Layer.class) {
                values.add(readLayer(value.getAsJsonObject(), where));
            } else {
                values.add(readList(of, value.getAsJsonArray(), where));
            }
        }
        return List.copyOf(values);
    }

    private static Initializer readInitializer(JsonObject json, String where) {
        final String name = json.get("class_name").getAsString();
        final Map<String, Class<? extends Initializer>> known = Initializers.registry();
        final Class<? extends Initializer> type = known.get(name);
        if (type == null) {
            throw new ModelFormatException(where + ": initializer " + name + " is not known (known: "
                    + String.join(", ", known.keySet()) + ")");
        }
        return read(type, json.getAsJsonObject("config"), where);
    }

    private static Layer readLayer(JsonObject json, String where) {
        final String name = json.get("class_name").getAsString();
        final Class<? extends Layer> type = Layers.get(name);
        if (type == null) {
            throw new ModelFormatException(where + ": layer type " + name + " is not known");
        }
        return read(type, json.getAsJsonObject("config"), where);
    }

    static String abbreviate(JsonElement json) {
        final String text = json.toString();
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }

    /// `useBias` to `use_bias`, `beta1` to `beta_1`; `l1` stays.
    public static String key(String component) {
        return component
                .replaceAll("([a-z])([A-Z])", "$1_$2")
                .replaceAll("([a-z]{2})([0-9])", "$1_$2")
                .toLowerCase(Locale.ROOT);
    }
}
