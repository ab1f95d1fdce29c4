package dev.lanewise.keras.h5;

import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A group of a file that is to be written: groups and datasets by name, and attributes.
public final class H5Group {
    /// Numbers that a dataset can hold, little-endian.
    public enum Type {
        FLOAT32(4),
        INT32(4),
        INT64(8);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }

        int bytes() {
            return bytes;
        }
    }

    /// An array.
    ///
    /// @param shape none for a scalar
    /// @param values as many numbers as the shape has places
    record Dataset(Type type, List<Long> shape, MemorySegment values) {
        Dataset {
            shape = List.copyOf(shape);
            long size = type.bytes();
            for (long length : shape) {
                size = Math.multiplyExact(size, length);
            }
            if (size != values.byteSize()) {
                throw new IllegalArgumentException(
                        "a dataset of shape " + shape + " has " + size + " bytes, got " + values.byteSize());
            }
        }
    }

    /// An attribute: one text, or a list of them.
    record Text(boolean single, List<String> values) {
        Text {
            values = List.copyOf(values);
        }
    }

    /// Names of a path within a group: a layer's and a weight's are less deep together than a reader looks.
    private static final int MOST_DEEP = 90;

    private final Map<String, H5Group> groups = new LinkedHashMap<>();
    private final Map<String, Dataset> datasets = new LinkedHashMap<>();
    private final Map<String, Text> attributes = new LinkedHashMap<>();

    /// The group at a path, made with those on the way to it where they are not there yet.
    ///
    /// @param path names with `/` between them
    /// @throws IllegalArgumentException if a name is empty, or a dataset has it
    public H5Group group(String path) {
        H5Group at = this;
        for (String name : names(path)) {
            if (at.datasets.containsKey(name)) {
                throw new IllegalArgumentException("'" + path + "': '" + name + "' is a dataset");
            }
            at = at.groups.computeIfAbsent(name, key -> new H5Group());
        }
        return at;
    }

    /// Adds a dataset; groups on the way to it are made.
    ///
    /// @param values read when the file is written
    /// @throws IllegalArgumentException if the name is taken, or values do not fit the shape
    public void dataset(String path, Type type, List<Long> shape, MemorySegment values) {
        final List<String> names = names(path);
        final H5Group parent = names.size() == 1 ? this : group(path.substring(0, path.lastIndexOf('/')));
        final String name = names.getLast();
        if (parent.groups.containsKey(name) || parent.datasets.containsKey(name)) {
            throw new IllegalArgumentException("'" + path + "' is there twice");
        }
        parent.datasets.put(name, new Dataset(type, shape, values));
    }

    /// Adds a dataset of one whole number.
    public void scalar(String path, long value) {
        dataset(path, Type.INT64, List.of(), MemorySegment.ofArray(new long[] {value}));
    }

    /// Adds a dataset of one number.
    public void scalar(String path, float value) {
        dataset(path, Type.FLOAT32, List.of(), MemorySegment.ofArray(new float[] {value}));
    }

    /// Sets an attribute that is one text.
    public void attribute(String name, String value) {
        attributes.put(name, new Text(true, List.of(value)));
    }

    /// Sets an attribute that is a list of texts; an empty one is written as Keras does, as no numbers.
    public void attribute(String name, List<String> values) {
        attributes.put(name, new Text(false, values));
    }

    Map<String, H5Group> groups() {
        return Collections.unmodifiableMap(groups);
    }

    Map<String, Dataset> datasets() {
        return Collections.unmodifiableMap(datasets);
    }

    Map<String, Text> attributes() {
        return Collections.unmodifiableMap(attributes);
    }

    /// Whether a file can have an object of this path.
    public static boolean isPath(String path) {
        final List<String> names = List.of(path.split("/", -1));
        return names.size() <= MOST_DEEP && names.stream().allMatch(H5Group::isName);
    }

    private static boolean isName(String name) {
        return !name.isEmpty() && !name.equals(".") && name.indexOf('\0') < 0;
    }

    private static List<String> names(String path) {
        if (!isPath(path)) {
            throw new IllegalArgumentException(
                    "'" + H5Guard.shortened(path) + "' is no path of up to " + MOST_DEEP + " names");
        }
        return List.of(path.split("/", -1));
    }
}
