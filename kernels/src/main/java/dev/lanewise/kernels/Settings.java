package dev.lanewise.kernels;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The settings of a Keras config, taken one by one. None may be left over: a setting that changes what is
/// computed must not be passed over.
public final class Settings {
    private final String owner;
    private final Map<String, ? extends @Nullable Object> values;
    private final Set<String> taken = new TreeSet<>();

    /// @param owner for errors: what kind of thing, and its name
    public Settings(String owner, Map<String, ? extends @Nullable Object> values) {
        this.owner = owner;
        this.values = values;
    }

    /// A name without what differs between Keras' functions and classes.
    public static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replace("_", "");
    }

    private @Nullable Object value(String name) {
        taken.add(name);
        return values.get(name);
    }

    /// Passes over settings that do not change what is computed.
    public void ignore(String... names) {
        taken.addAll(Set.of(names));
    }

    /// A number; `otherwise` if it is missing or null.
    public double number(String name, double otherwise) {
        final Object value = value(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw new IllegalArgumentException(owner + ": " + name + " must be a number, got " + value);
    }

    /// As [#number(String, double)], for one that must be there.
    public double number(String name) {
        if (values.get(name) == null) {
            throw new IllegalArgumentException(owner + ": " + name + " must be a number, got null");
        }
        return number(name, 0);
    }

    /// Whether a setting is missing or null.
    public boolean isNull(String name) {
        return value(name) == null;
    }

    /// A list of numbers, which must be there.
    public List<Double> numbers(String name) {
        final List<Double> numbers = new ArrayList<>();
        if (value(name) instanceof List<?> list) {
            for (Object element : list) {
                if (!(element instanceof Number number)) {
                    throw new IllegalArgumentException(owner + ": " + name + " must be numbers, got " + list);
                }
                numbers.add(number.doubleValue());
            }
            return numbers;
        }
        throw new IllegalArgumentException(owner + ": " + name + " must be a list of numbers, got " + value(name));
    }

    /// Whether a setting is there, if as null.
    public boolean has(String name) {
        return values.containsKey(name);
    }

    /// Whether a setting is a list.
    public boolean isList(String name) {
        return value(name) instanceof List<?>;
    }

    /// A list of whole numbers, which must be there.
    public List<Integer> wholes(String name) {
        final List<Integer> wholes = new ArrayList<>();
        for (double value : numbers(name)) {
            if (value != (int) value) {
                throw new IllegalArgumentException(owner + ": " + name + " must be whole numbers, got " + value);
            }
            wholes.add((int) value);
        }
        return wholes;
    }

    /// A whole number.
    public int whole(String name, int otherwise) {
        final double value = number(name, otherwise);
        if (value != (int) value) {
            throw new IllegalArgumentException(owner + ": " + name + " must be a whole number, got " + value);
        }
        return (int) value;
    }

    /// True or false; false if it is missing or null.
    public boolean flag(String name) {
        final Object value = value(name);
        if (value == null || value instanceof Boolean) {
            return Boolean.TRUE.equals(value);
        }
        throw new IllegalArgumentException(owner + ": " + name + " must be true or false, got " + value);
    }

    /// A text; `otherwise` if it is missing or null.
    public String text(String name, String otherwise) {
        final Object value = value(name);
        if (value == null || value instanceof String) {
            return Objects.requireNonNullElse((String) value, otherwise);
        }
        throw new IllegalArgumentException(owner + ": " + name + " must be a text, got " + value);
    }

    /// A setting of which nothing but one value is supported, and null.
    public void only(String name, Object supported) {
        final Object value = value(name);
        final boolean same = supported.equals(value)
                || (value instanceof Number a && supported instanceof Number b && a.doubleValue() == b.doubleValue());
        if (value != null && !same) {
            throw new IllegalArgumentException(
                    owner + ": " + name + " is not supported but as " + supported + ", got " + value);
        }
    }

    /// A setting that is not supported at all.
    public void none(String name) {
        final Object value = value(name);
        if (value != null) {
            throw new IllegalArgumentException(owner + ": " + name + " is not supported, got " + value);
        }
    }

    /// Ends the reading.
    ///
    /// @throws IllegalArgumentException if the config has settings that nobody took
    public void requireAllTaken() {
        for (String name : values.keySet()) {
            if (!taken.contains(name)) {
                throw new IllegalArgumentException(owner + ": setting '" + name + "' is not known (known: "
                        + (taken.isEmpty() ? "none" : String.join(", ", taken)) + ")");
            }
        }
    }
}
