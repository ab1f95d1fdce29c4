package dev.lanewise.io;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The header of a safetensors file: 8 bytes of length (little-endian), then JSON that gives each tensor's
/// type, shape and bytes, then the data without holes (format: the safetensors project's README).
///
/// @param metadata free strings
/// @param tensors by name
/// @param dataStart byte of the file where the data begins
public record SafetensorsHeader(Map<String, String> metadata, Map<String, Entry> tensors, long dataStart) {
    /// The format's own limit.
    private static final long MAX_HEADER = 100_000_000;

    /// The start of the data is a multiple of this.
    static final int ALIGNMENT = 64;

    private static final String METADATA = "__metadata__";

    /// A tensor's place.
    ///
    /// @param begin first byte, counted from the data's start
    /// @param end byte after the last
    public record Entry(String dtype, Shape shape, long begin, long end) {}

    /// Reads and checks a header; no length in it is believed before it was compared with the file's size.
    ///
    /// @param name of the file, for errors
    /// @throws ModelFormatException if it is not a sound safetensors header
    public static SafetensorsHeader read(FileChannel channel, String name) throws IOException {
        final long size = channel.size();
        if (size < 8) {
            throw new ModelFormatException(name + ": not a safetensors file (" + size + " bytes, at least 8 expected)");
        }
        final ByteBuffer start = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        readFully(channel, start, 0, name);
        final long length = start.getLong(0);
        if (length < 2 || length > Math.min(MAX_HEADER, size - 8)) {
            throw new ModelFormatException(name + ": not a safetensors file (header length "
                    + Long.toUnsignedString(length) + " at byte 0, the file has " + size + " bytes)");
        }
        try {
            return parse(channel, (int) length, size, name);
        } catch (OutOfMemoryError e) {
            throw new ModelFormatException(name + ": its header of " + length + " bytes needs more memory than the Java"
                    + " heap has, at most " + Runtime.getRuntime().maxMemory() + " bytes (-Xmx sets it)");
        }
    }

    private static SafetensorsHeader parse(FileChannel channel, int length, long size, String name) throws IOException {
        final ByteBuffer json = ByteBuffer.allocate(length);
        readFully(channel, json, 8, name);
        if (json.get(0) != '{') {
            throw new ModelFormatException(name + ": not a safetensors file (no '{' at byte 8)");
        }
        final String text = new String(json.array(), StandardCharsets.UTF_8);
        try {
            return parse(UniqueJson.parse(text), 8L + length, size, name);
        } catch (ModelFormatException e) {
            throw e;
        } catch (RuntimeException e) {
            // Whatever Gson and the conversions throw for what they cannot take.
            throw new ModelFormatException(
                    name + ": the safetensors header is damaged (" + ModelFormatException.reason(e) + ")", e);
        }
    }

    private static SafetensorsHeader parse(JsonObject json, long dataStart, long size, String name) {
        final Map<String, String> metadata = new LinkedHashMap<>();
        final Map<String, Entry> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, JsonElement> member : json.entrySet()) {
            final JsonObject value = member.getValue().getAsJsonObject();
            if (member.getKey().equals(METADATA)) {
                value.entrySet()
                        .forEach(e -> metadata.put(e.getKey(), e.getValue().getAsString()));
                continue;
            }
            tensors.put(member.getKey(), entry(member.getKey(), value, size - dataStart, name));
        }
        checkNoHoles(tensors, size - dataStart, name);
        return new SafetensorsHeader(
                Collections.unmodifiableMap(metadata), Collections.unmodifiableMap(tensors), dataStart);
    }

    private static Entry entry(String tensor, JsonObject json, long dataSize, String name) {
        final List<Integer> dims = new ArrayList<>();
        for (JsonElement dim : json.getAsJsonArray("shape")) {
            final int value = Math.toIntExact(dim.getAsBigDecimal().longValueExact());
            if (value < 0) {
                throw new ModelFormatException(name + ": tensor '" + tensor + "' has a negative dimension " + value);
            }
            dims.add(value);
        }
        final Shape shape = Shape.of(dims.stream().mapToInt(Integer::intValue).toArray());
        final long begin =
                json.getAsJsonArray("data_offsets").get(0).getAsBigDecimal().longValueExact();
        final long end =
                json.getAsJsonArray("data_offsets").get(1).getAsBigDecimal().longValueExact();
        if (begin < 0 || end < begin || end > dataSize) {
            throw new ModelFormatException(name + ": tensor '" + tensor + "' lies at bytes " + begin + " to " + end
                    + " of the data, which has " + dataSize);
        }
        final String dtype = json.get("dtype").getAsString();
        if (dtype.equals("F32") && end - begin != Math.multiplyExact(shape.size(), Float.BYTES)) {
            throw new ModelFormatException(name + ": tensor '" + tensor + "' " + shape + " needs "
                    + shape.size() * Float.BYTES + " bytes, the header gives it " + (end - begin));
        }
        return new Entry(dtype, shape, begin, end);
    }

    private static void checkNoHoles(Map<String, Entry> tensors, long dataSize, String name) {
        final List<Map.Entry<String, Entry>> ordered = new ArrayList<>(tensors.entrySet());
        ordered.sort(Comparator.comparingLong(
                        (Map.Entry<String, Entry> e) -> e.getValue().begin())
                .thenComparingLong(e -> e.getValue().end()));
        long at = 0;
        for (Map.Entry<String, Entry> e : ordered) {
            if (e.getValue().begin() != at) {
                throw new ModelFormatException(name + ": tensor '" + e.getKey() + "' begins at byte "
                        + e.getValue().begin() + " of the data, expected " + at);
            }
            at = e.getValue().end();
        }
        if (at != dataSize) {
            throw new ModelFormatException(name + ": the tensors end at byte " + at + " of the data, which has "
                    + dataSize + " (a truncated or a longer file)");
        }
    }

    static void readFully(FileChannel channel, ByteBuffer into, long position, String name) throws IOException {
        long at = position;
        while (into.hasRemaining()) {
            final int n = channel.read(into, at);
            if (n < 0) {
                throw new ModelFormatException(
                        name + ": ends at byte " + at + ", expected " + into.remaining() + " more");
            }
            at += n;
        }
    }

    /// The bytes before the data: length, JSON, spaces up to [#ALIGNMENT].
    static byte[] bytes(JsonObject metadata, Map<String, Entry> tensors) {
        final JsonObject json = new JsonObject();
        json.add(METADATA, metadata);
        tensors.forEach((name, entry) -> {
            final JsonObject tensor = new JsonObject();
            tensor.addProperty("dtype", entry.dtype());
            tensor.add("shape", RecordJson.shape(entry.shape()));
            final com.google.gson.JsonArray offsets = new com.google.gson.JsonArray();
            offsets.add(entry.begin());
            offsets.add(entry.end());
            tensor.add("data_offsets", offsets);
            json.add(name, tensor);
        });
        final byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
        final int padded = (8 + text.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        final byte[] bytes = new byte[padded];
        java.util.Arrays.fill(bytes, (byte) ' ');
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, padded - 8);
        System.arraycopy(text, 0, bytes, 8, text.length);
        return bytes;
    }
}
