package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.io.ModelFormatException;
import dev.lanewise.io.RecordJson;
import dev.lanewise.kernels.Activation;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes records of ours from Keras' configs: a component takes the value of the key of its name, or of an
/// older name of that key; where there is none, the record's own default (its constructor without arguments)
/// holds.
final class RecordConfig {
    /// Keys of today and what they were called before.
    private static final Map<String, List<String>> OLDER = Map.ofEntries(
            Map.entry("units", List.of("output_dim")),
            Map.entry("use_bias", List.of("bias")),
            Map.entry("rate", List.of("p")),
            Map.entry("kernel_initializer", List.of("init")),
            Map.entry("negative_slope", List.of("alpha")),
            Map.entry("threshold", List.of("theta")),
            Map.entry("pool_size", List.of("pool_length")),
            Map.entry("strides", List.of("stride")),
            Map.entry("padding", List.of("border_mode")),
            Map.entry("size", List.of("length")),
            Map.entry("learning_rate", List.of("lr")),
            Map.entry("rho", List.of("decay_rate")));

    private RecordConfig() {}

    /// The layer of a config.
    ///
    /// @return null where it is refused; the config has the findings then
    static <R> @Nullable R read(Class<R> type, LayerConfig config) {
        final JsonObject defaults = defaults(type);
        final JsonObject json = new JsonObject();
        boolean sound = true;
        for (RecordComponent component : components(type)) {
            final String key = RecordJson.key(component.getName());
            final JsonElement value = take(config, key);
            final Class<?> wanted = component.getType();
            if (wanted == Activation.class) {
                final JsonElement activation = KerasActivations.read(value, config);
                sound &= activation != null;
                json.add(key, activation);
            } else if (wanted == Initializer.class) {
                json.add(key, initializer(key, value, config));
            } else if (value != null && wanted == List.class && KerasJson.isNumber(value)) {
                json.add(key, repeated(value, axes(type)));
            } else if (value != null) {
                json.add(key, value);
            } else if (defaults.has(key)) {
                json.add(key, defaults.get(key));
            } else if (key.equals("bias_axes")
                    || wanted == Boolean.class
                    || wanted == List.class
                    || Number.class.isAssignableFrom(wanted)) {
                json.add(key, JsonNull.INSTANCE);
            } else if (key.equals("use_bias")) {
                json.addProperty(key, true);
            } else {
                config.find(Reason.BAD_CONFIG, "has no '" + key + "'");
                sound = false;
            }
        }
        if (!sound) {
            return null;
        }
        try {
            return RecordJson.read(type, json, "config");
        } catch (ModelFormatException e) {
            config.find(Reason.UNSUPPORTED_ARGUMENT, sentence(String.valueOf(e.getMessage())));
            return null;
        }
    }

    /// Spatial axes of a layer's samples, as its name says them: 2 for `MaxPooling2D`; else 1.
    static int axes(Class<?> type) {
        final String name = type.getSimpleName();
        return name.matches(".*[123]D(Transpose)?")
                ? name.replaceAll("[^123]", "").charAt(0) - '0'
                : 1;
    }

    /// Whether a key is the former name of another.
    static boolean isOlder(String key) {
        return OLDER.values().stream().anyMatch(names -> names.contains(key));
    }

    /// One number for all axes, as a list.
    static JsonArray repeated(JsonElement value, int times) {
        final JsonArray list = new JsonArray();
        for (int i = 0; i < times; i++) {
            list.add(value);
        }
        return list;
    }

    private static String sentence(String message) {
        return message.startsWith("config: ") ? message.substring("config: ".length()) : message;
    }

    private static @Nullable JsonElement take(LayerConfig config, String key) {
        final List<String> older = OLDER.getOrDefault(key, List.of());
        final String[] keys = new String[older.size() + 1];
        keys[0] = key;
        for (int i = 0; i < older.size(); i++) {
            keys[i + 1] = older.get(i);
        }
        return config.take(keys);
    }

    static RecordComponent[] components(Class<?> type) {
        final RecordComponent[] components = type.getRecordComponents();
        if (components == null) {
            throw new IllegalArgumentException(type.getName() + " is not a record");
        }
        return components;
    }

    /// What the constructor without arguments sets; nothing where there is none.
    static JsonObject defaults(Class<?> type) {
        for (Constructor<?> constructor : type.getConstructors()) {
            if (constructor.getParameterCount() == 0) {
                try {
                    return constructor.newInstance() instanceof Record value
                            ? RecordJson.write(value)
                            : new JsonObject();
                } catch (ReflectiveOperationException e) {
                    throw new IllegalStateException(type.getName() + " cannot be made", e);
                }
            }
        }
        return new JsonObject();
    }

    /// Keras' initializer in our form. Weights are loaded, so that one of ours that is missing changes nothing
    /// yet.
    private static JsonElement initializer(String key, @Nullable JsonElement value, LayerConfig config) {
        final String usual = usual(key);
        if (value == null) {
            return usualOf(usual);
        }
        String name = KerasJson.string(value);
        JsonObject given = new JsonObject();
        if (value.isJsonObject()) {
            name = KerasJson.string(value.getAsJsonObject(), "class_name");
            final JsonObject inner = KerasJson.member(value.getAsJsonObject(), "config");
            given = inner == null ? given : inner;
        }
        final String type = name == null ? "" : camelCase(name);
        final Class<? extends Initializer> known = Initializers.registry().get(type);
        if (known == null) {
            config.find(
                    Reason.UNKNOWN_ARGUMENT,
                    "'" + key + "' " + KerasJson.shown(value) + " is not known; " + usual + " stands for it");
            return usualOf(usual);
        }
        final JsonObject own = defaults(known);
        for (RecordComponent component : components(known)) {
            final String part = RecordJson.key(component.getName());
            if (!KerasJson.isNeutral(given.get(part))) {
                own.add(part, given.get(part));
            }
        }
        // Keras 2.0 to 2.2 named the truncated distribution so.
        if (own.has("distribution") && "normal".equals(KerasJson.string(own, "distribution"))) {
            own.add("distribution", new JsonPrimitive("truncated_normal"));
        }
        return write(type, own);
    }

    private static JsonElement usualOf(String type) {
        final Class<? extends Initializer> known = Initializers.registry().get(type);
        if (known == null) {
            throw new IllegalStateException("initializer " + type + " is not registered");
        }
        return write(type, defaults(known));
    }

    /// Keras' default for what an initializer is for.
    private static String usual(String key) {
        return switch (key) {
            case "kernel_initializer", "depthwise_initializer", "pointwise_initializer" -> "GlorotUniform";
            case "embeddings_initializer" -> "RandomUniform";
            case "recurrent_initializer" -> "Orthogonal";
            case "gamma_initializer", "moving_variance_initializer" -> "Ones";
            default -> "Zeros";
        };
    }

    private static JsonObject write(String type, JsonObject config) {
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", type);
        json.add("config", config);
        return json;
    }

    /// `glorot_uniform` as `GlorotUniform`; the names of Keras 1 and 2 for the same things.
    private static String camelCase(String name) {
        return switch (name) {
            case "zero" -> "Zeros";
            case "one" -> "Ones";
            case "normal" -> "RandomNormal";
            case "uniform" -> "RandomUniform";
            default -> {
                if (!name.contains("_") && !name.isEmpty() && Character.isUpperCase(name.charAt(0))) {
                    yield name;
                }
                final StringBuilder camel = new StringBuilder();
                Arrays.stream(name.split("_", -1))
                        .filter(part -> !part.isEmpty())
                        .forEach(part -> camel.append(Character.toUpperCase(part.charAt(0)))
                                .append(part.substring(1)));
                yield camel.toString();
            }
        };
    }
}
