package dev.lanewise.io;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import dev.lanewise.data.FileReplacement;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/// A model as a safetensors file. Tensors are named `layer/weight`, an optimizer's slots
/// `optimizer/slot/layer/weight`; the metadata holds the definition (`model`), the training progress
/// (`progress`) and the model's attributes. Tensors whose size is a multiple of 64 bytes come first, so that
/// each of them starts on 64 bytes.
public final class ModelFile {
    private static final String FORMAT = "lanewise-1";
    private static final String ATTRIBUTE = "attribute.";
    private static final String SLOT = "optimizer/";
    private static final int CHUNK = 1 << 20;
    private static final ValueLayout.OfFloat LITTLE_ENDIAN =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private ModelFile() {}

    /// A tensor of the file and where its values are.
    private record Part(MemorySegment segment, ParameterLayout.Place place) {}

    private static Map<String, Part> parts(Model model) {
        final Map<String, Part> parts = new LinkedHashMap<>();
        for (ParameterLayout.Place place : model.layout().places()) {
            parts.put(place.path(), new Part(place.spec().trainable() ? model.trainable() : model.fixed(), place));
        }
        model.slots().forEach((slot, segment) -> {
            for (ParameterLayout.Place place : model.layout().places()) {
                if (place.spec().trainable()) {
                    parts.put(SLOT + slot + "/" + place.path(), new Part(segment, place));
                }
            }
        });
        return parts;
    }

    /// Writes a model: beside the target, then moved into place.
    ///
    /// @throws IllegalArgumentException if the model has a layer that is not registered
    /// @throws UncheckedIOException if it cannot be written; the target is then as it was
    public static void save(Model model, Path file) {
        final JsonObject metadata = new JsonObject();
        metadata.addProperty("format", FORMAT);
        metadata.addProperty("model", GraphJson.write(model.graph()).toString());
        final JsonObject progress = new JsonObject();
        progress.addProperty("seed", model.seed());
        progress.addProperty("iteration", model.iteration());
        progress.addProperty("epoch", model.epoch());
        if (!Double.isNaN(model.learningRate())) {
            progress.addProperty("learning_rate", model.learningRate());
        }
        metadata.addProperty("progress", progress.toString());
        model.attributes().forEach((name, value) -> metadata.addProperty(ATTRIBUTE + name, value));

        final Map<String, Part> ordered = new LinkedHashMap<>();
        final Map<String, SafetensorsHeader.Entry> entries = new LinkedHashMap<>();
        final Map<String, Part> parts = parts(model);
        long at = 0;
        for (boolean aligned : new boolean[] {true, false}) {
            for (Map.Entry<String, Part> e : parts.entrySet()) {
                final Shape shape = e.getValue().place().spec().shape();
                final long bytes = shape.size() * Float.BYTES;
                if ((bytes % SafetensorsHeader.ALIGNMENT == 0) == aligned) {
                    ordered.put(e.getKey(), e.getValue());
                    entries.put(e.getKey(), new SafetensorsHeader.Entry("F32", shape, at, at + bytes));
                    at += bytes;
                }
            }
        }
        FileReplacement.write(file, out -> {
            out.write(SafetensorsHeader.bytes(metadata, entries));
            final byte[] chunk = new byte[CHUNK];
            for (Part part : ordered.values()) {
                write(out, chunk, part.segment(), part.place());
            }
        });
    }

    private static void write(OutputStream out, byte[] chunk, MemorySegment segment, ParameterLayout.Place place)
            throws IOException {
        final MemorySegment buffer = MemorySegment.ofArray(chunk);
        final long size = place.spec().shape().size();
        for (long done = 0; done < size; ) {
            final int n = (int) Math.min(size - done, chunk.length / Float.BYTES);
            MemorySegment.copy(segment, JAVA_FLOAT, (place.offset() + done) * Float.BYTES, buffer, LITTLE_ENDIAN, 0, n);
            out.write(chunk, 0, n * Float.BYTES);
            done += n;
        }
    }

    /// Reads a model.
    ///
    /// @throws ModelFormatException if it is not a model file, or damaged; every length is checked before
    ///     memory is taken
    /// @throws UncheckedIOException if it cannot be read
    public static Model load(Path file) {
        final String name = file.toString();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            final SafetensorsHeader header = SafetensorsHeader.read(channel, name);
            final Graph graph = graph(header, name);
            final Set<String> slots = checkTensors(header, new ParameterLayout(graph), name);
            final Model model = Model.blank(graph);
            try {
                fill(model, header, slots, channel, name);
                return model;
            } catch (IOException | RuntimeException | OutOfMemoryError e) {
                model.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(name + ": cannot be read (" + reason(e) + ")", e);
        }
    }

    private static String reason(IOException e) {
        return e instanceof java.nio.file.NoSuchFileException ? "no such file" : String.valueOf(e.getMessage());
    }

    private static Graph graph(SafetensorsHeader header, String name) {
        final String format = header.metadata().get("format");
        final String definition = header.metadata().get("model");
        if (!FORMAT.equals(format) || definition == null) {
            throw new ModelFormatException(name + ": a safetensors file without a model's definition (format '" + format
                    + "', expected '" + FORMAT + "')");
        }
        try {
            return GraphJson.read(UniqueJson.parse(definition), name);
        } catch (JsonParseException | IllegalStateException e) {
            throw new ModelFormatException(
                    name + ": the definition of the model is not JSON (" + ModelFormatException.reason(e) + ")", e);
        }
    }

    /// Checks that the file has just the tensors that the model needs, and returns the names of optimizer
    /// slots.
    private static Set<String> checkTensors(SafetensorsHeader header, ParameterLayout layout, String name) {
        final Set<String> left = new LinkedHashSet<>(header.tensors().keySet());
        for (ParameterLayout.Place place : layout.places()) {
            check(header, place.path(), place, name);
            left.remove(place.path());
        }
        final Set<String> slots = new LinkedHashSet<>();
        for (String tensor : left) {
            final int end = tensor.indexOf('/', SLOT.length());
            if (!tensor.startsWith(SLOT) || end < 0) {
                throw new ModelFormatException(name + ": tensor '" + tensor + "' belongs to no layer of the model");
            }
            slots.add(tensor.substring(SLOT.length(), end));
        }
        for (String slot : slots) {
            for (ParameterLayout.Place place : layout.places()) {
                if (place.spec().trainable()) {
                    check(header, SLOT + slot + "/" + place.path(), place, name);
                    left.remove(SLOT + slot + "/" + place.path());
                }
            }
        }
        if (!left.isEmpty()) {
            throw new ModelFormatException(name + ": tensors that belong to no layer of the model: " + left);
        }
        return slots;
    }

    private static void check(SafetensorsHeader header, String tensor, ParameterLayout.Place place, String name) {
        final SafetensorsHeader.Entry entry = header.tensors().get(tensor);
        final Shape expected = place.spec().shape();
        if (entry == null) {
            throw new ModelFormatException(name + ": tensor '" + tensor + "' " + expected + " is missing");
        }
        if (!entry.dtype().equals("F32") || !entry.shape().equals(expected)) {
            throw new ModelFormatException(name + ": tensor '" + tensor + "' must be F32 " + expected + ", got "
                    + entry.dtype() + " " + entry.shape());
        }
    }

    private static void fill(Model model, SafetensorsHeader header, Set<String> slots, FileChannel channel, String name)
            throws IOException {
        slots.forEach(model::slot);
        for (Map.Entry<String, Part> e : parts(model).entrySet()) {
            final SafetensorsHeader.Entry entry = header.tensors().get(e.getKey());
            if (entry != null) {
                read(channel, header.dataStart() + entry.begin(), e.getValue(), name);
            }
        }
        try {
            final JsonObject progress = UniqueJson.parse(header.metadata().getOrDefault("progress", "{}"));
            model.setProgress(number(progress, "seed"), number(progress, "iteration"), number(progress, "epoch"));
            if (progress.has("learning_rate")) {
                model.setLearningRate(rate(progress.get("learning_rate").getAsDouble()));
            }
        } catch (RuntimeException e) {
            throw new ModelFormatException(
                    name + ": the training progress is damaged (" + ModelFormatException.reason(e) + ")", e);
        }
        header.metadata().forEach((key, value) -> {
            if (key.startsWith(ATTRIBUTE)) {
                model.attributes().put(key.substring(ATTRIBUTE.length()), value);
            }
        });
    }

    private static double rate(double value) {
        if (!(value >= 0)) {
            throw new IllegalArgumentException("learning_rate must not be negative, got " + value);
        }
        return value;
    }

    private static long number(JsonObject json, String key) {
        return json.has(key) ? json.get(key).getAsBigDecimal().longValueExact() : 0;
    }

    private static void read(FileChannel channel, long position, Part part, String name) throws IOException {
        final long size = part.place().spec().shape().size();
        final ByteBuffer chunk = ByteBuffer.allocateDirect((int) Math.min(CHUNK, Math.max(size, 1) * Float.BYTES));
        for (long done = 0; done < size; ) {
            final int n = (int) Math.min(size - done, chunk.capacity() / Float.BYTES);
            chunk.clear().limit(n * Float.BYTES);
            SafetensorsHeader.readFully(channel, chunk, position + done * Float.BYTES, name);
            MemorySegment.copy(
                    MemorySegment.ofBuffer(chunk.flip()),
                    LITTLE_ENDIAN,
                    0,
                    part.segment(),
                    JAVA_FLOAT,
                    (part.place().offset() + done) * Float.BYTES,
                    n);
            done += n;
        }
    }
}
