package dev.lanewise.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Memory;
import dev.lanewise.train.Trainer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What damaged and forged files give: one line of an error, and nothing else.
class DamagedModelFileTest {
    @TempDir
    private Path folder;

    private Path file;
    private long allocated;

    @BeforeEach
    void setUp() {
        Compute.shared().warmUp();
        file = folder.resolve("model.safetensors");
        allocated = Memory.allocated();
    }

    /// 3-4-2 with both kinds of tensors: one of 64 bytes and others.
    private static Graph graph() {
        return Sequential.input(4)
                .add("first", new Dense(4, Activations.RELU))
                .add("second", new Dense(2, Activations.SOFTMAX))
                .build();
    }

    /// Spoils a good file.
    private interface Spoil {
        void of(Path file, SafetensorsParts parts) throws IOException;
    }

    /// A spoilt file and a part of the message that it must give.
    record Broken(String name, String message, Spoil spoil) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Broken raw(String name, String message, byte[] bytes) {
        return new Broken(name, message, (file, parts) -> Files.write(file, bytes));
    }

    private static Broken parts(String name, String message, Consumer<SafetensorsParts> change) {
        return new Broken(name, message, (file, parts) -> {
            change.accept(parts);
            parts.write(file);
        });
    }

    private static Broken text(String name, String message, String json) {
        return new Broken(name, message, (file, parts) -> parts.write(file, json));
    }

    private static Broken definition(String name, String message, Consumer<JsonObject> change) {
        return parts(name, message, parts -> parts.definition(change));
    }

    private static byte[] length(long header, int size) {
        return ByteBuffer.allocate(size)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header)
                .array();
    }

    private static JsonObject call(JsonObject definition, int i) {
        return definition.getAsJsonArray("calls").get(i).getAsJsonObject();
    }

    static Stream<Broken> broken() {
        return Stream.of(
                raw("empty", "not a safetensors file (0 bytes", new byte[0]),
                raw("seven bytes", "not a safetensors file (7 bytes", new byte[7]),
                raw("huge header", "header length 9223372036854775807", length(Long.MAX_VALUE, 100)),
                raw("negative header", "header length 18446744073709551615", length(-1, 100)),
                raw("header beyond the file", "header length 93", length(93, 100)),
                raw("header of nothing", "header length 0", length(0, 100)),
                raw("zeros", "no '{' at byte 8", length(92, 100)),
                text("text", "no '{' at byte 8", "hello"),
                text("unfinished", "the safetensors header is damaged", "{\"a\":"),
                text("deep", "the safetensors header is damaged", "{\"a\":" + "[".repeat(100_000)),
                text(
                        "deep metadata",
                        "the safetensors header is damaged",
                        "{\"__metadata__\":{\"a\":" + "[".repeat(3000)),
                text("array tensor", "the safetensors header is damaged", "{\"a\":[]}"),
                text("empty tensor", "the safetensors header is damaged", "{\"a\":{}}"),
                text("nothing", "the tensors end at byte 0", "{}"),
                text(
                        "a tensor twice",
                        "the key 'a' stands twice in one object",
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},"
                                + "\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}"),
                text(
                        "a shape twice",
                        "the key 'shape' stands twice in one object",
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"shape\":[0],\"data_offsets\":[0,0]}}"),
                text(
                        "metadata twice",
                        "the key '__metadata__' stands twice in one object",
                        "{\"__metadata__\":{},\"__metadata__\":{}}"),
                text(
                        "long key twice",
                        "the key 'kkkkkkkk",
                        "{\"" + "k".repeat(5000) + "\":{},\"" + "k".repeat(5000) + "\":{}}"),
                new Broken("format twice", "the key 'format' stands twice", (file, parts) -> {
                    parts.write(file, parts.header.toString().replace("{\"format\":", "{\"format\":\"\",\"format\":"));
                }),
                parts("definition with a key twice", "the key 'layers' stands twice", p -> {
                    final String model = p.metadata().get("model").getAsString();
                    p.metadata().addProperty("model", "{\"layers\":[]," + model.substring(1));
                }),
                parts(
                        "progress with a key twice",
                        "the key 'seed' stands twice",
                        p -> p.metadata().addProperty("progress", "{\"seed\":1,\"seed\":2}")),
                parts(
                        "no offsets",
                        "the safetensors header is damaged",
                        p -> p.tensor("second/bias").add("data_offsets", new JsonArray())),
                parts(
                        "offsets as text",
                        "the safetensors header is damaged",
                        p -> p.tensor("second/bias").addProperty("data_offsets", "0")),
                parts(
                        "fractional offset",
                        "the safetensors header is damaged",
                        p -> p.tensor("second/bias").add("data_offsets", JsonParser.parseString("[112.5, 120]"))),
                parts(
                        "exponential offset",
                        "the safetensors header is damaged",
                        p -> p.tensor("second/bias").add("data_offsets", JsonParser.parseString("[0, 1e999999999]"))),
                parts("negative offset", "lies at bytes -4 to 4", p -> p.offsets("second/bias", -4, 4)),
                parts("offsets backwards", "lies at bytes 8 to 0", p -> p.offsets("second/bias", 8, 0)),
                parts("offset beyond", "lies at bytes 120 to 128", p -> p.offsets("second/bias", 120, 128)),
                parts("overlap", "begins at byte 0 of the data, expected", p -> p.offsets("second/bias", 0, 8)),
                parts("hole", "begins at byte", p -> p.offsets("second/kernel", 68, 100)),
                parts("negative dimension", "negative dimension -2", p -> p.shape("second/bias", "[-2]")),
                parts("huge dimension", "the safetensors header is damaged", p -> p.shape("second/bias", "[9e18]")),
                parts(
                        "product beyond a long",
                        "the safetensors header is damaged",
                        p -> p.shape("second/bias", "[2147483647, 2147483647, 2147483647]")),
                parts(
                        "bytes beyond a long",
                        "the safetensors header is damaged",
                        p -> p.shape("second/bias", "[2147483647, 2147483647]")),
                parts(
                        "shape of another size",
                        "needs 12 bytes, the header gives it 8",
                        p -> p.shape("second/bias", "[3]")),
                parts(
                        "shape of the same size",
                        "must be F32 [2], got F32 [1, 2]",
                        p -> p.shape("second/bias", "[1, 2]")),
                parts(
                        "another type",
                        "must be F32 [2], got I32 [2]",
                        p -> p.tensor("second/bias").addProperty("dtype", "I32")),
                parts("missing tensor", "tensor 'second/bias' [2] is missing", p -> {
                    p.header.add("third/bias", p.header.remove("second/bias"));
                }),
                parts("unknown tensor", "tensor 'extra' belongs to no layer", p -> {
                    p.header.add(
                            "extra",
                            JsonParser.parseString("{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}"));
                }),
                parts("unknown slot tensor", "is missing", p -> {
                    p.header.add(
                            "optimizer/m/x/y",
                            JsonParser.parseString("{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}"));
                }),
                parts("truncated", "lies at bytes", p -> p.data = java.util.Arrays.copyOf(p.data, p.data.length - 1)),
                parts(
                        "trailing bytes",
                        "a truncated or a longer file",
                        p -> p.data = java.util.Arrays.copyOf(p.data, p.data.length + 1)),
                parts("no metadata", "without a model's definition", p -> p.header.remove("__metadata__")),
                parts(
                        "another format",
                        "format 'lanewise-9', expected",
                        p -> p.metadata().addProperty("format", "lanewise-9")),
                parts(
                        "definition is no JSON",
                        "definition of the model is not JSON",
                        p -> p.metadata().addProperty("model", "{")),
                parts(
                        "definition is an array",
                        "definition of the model is not JSON",
                        p -> p.metadata().addProperty("model", "[]")),
                parts(
                        "definition is deep",
                        "definition of the model is not JSON",
                        p -> p.metadata().addProperty("model", "{\"layers\":" + "[".repeat(5000))),
                parts(
                        "definition is empty",
                        "definition of the model is damaged",
                        p -> p.metadata().addProperty("model", "{}")),
                definition(
                        "unknown layer",
                        "layer 'first' has type Lambda, which is neither a layer of Lanewise nor one registered",
                        d -> layer(d, 1).addProperty("class_name", "Lambda")),
                definition("layer without config", "damaged", d -> layer(d, 1).remove("config")),
                definition(
                        "two layers of a name",
                        "two layers are named 'second'",
                        d -> layer(d, 1).addProperty("name", "second")),
                parts("no units", "units must be positive, got 0", p -> p.config(1, "units", "0")),
                parts("negative units", "units must be positive, got -3", p -> p.config(1, "units", "-3")),
                parts("units as text", "'units': expected int, got \"many\"", p -> p.config(1, "units", "\"many\"")),
                parts("fractional units", "'units': expected int, got 1.5", p -> p.config(1, "units", "1.5")),
                parts("units null", "'units': expected int, got null", p -> p.config(1, "units", "null")),
                parts("units as list", "'units': expected int", p -> p.config(1, "units", "[4]")),
                parts("many units", "must be F32 [4, 2147483647]", p -> p.config(1, "units", "2147483647")),
                parts("more units than an int", "'units': expected int", p -> p.config(1, "units", "2147483648")),
                parts("bias as number", "'use_bias': expected boolean, got 1", p -> p.config(1, "use_bias", "1")),
                parts(
                        "unknown activation",
                        "activation 'magic' is not known",
                        p -> p.config(1, "activation", "\"magic\"")),
                parts(
                        "activation as number",
                        "'activation': expected Activation",
                        p -> p.config(1, "activation", "{}")),
                parts(
                        "unknown initializer",
                        "initializer Magic is not known",
                        p -> p.config(1, "kernel_initializer", "{\"class_name\":\"Magic\",\"config\":{}}")),
                parts(
                        "initializer without config",
                        "layer 'first'",
                        p -> p.config(1, "kernel_initializer", "{\"class_name\":\"Zeros\"}")),
                parts("null activation", "'activation'", p -> p.config(1, "activation", "null")),
                parts("unknown key", "'extra' is not known for Dense", p -> p.config(1, "extra", "1")),
                parts(
                        "trainable as text",
                        "layer 'first', 'trainable': expected boolean, got \"no\"",
                        p -> p.config(1, "trainable", "\"no\"")),
                parts("trainable input", "'trainable'", p -> p.config(0, "trainable", "[]")),
                parts("input of another size", "must be F32 [5, 4], got F32 [4, 4]", p -> p.config(0, "sample", "[5]")),
                parts("huge input", "'sample': expected Shape", p -> p.config(0, "sample", "[2147483647, 2147483648]")),
                parts("negative input", "layer 'input_layer'", p -> p.config(0, "sample", "[-5]")),
                definition(
                        "forward reference",
                        "definition of the model is damaged",
                        d -> call(d, 1).add("inputs", JsonParser.parseString("[[2, 0]]"))),
                definition(
                        "reference to itself",
                        "definition of the model is damaged",
                        d -> call(d, 1).add("inputs", JsonParser.parseString("[[1, 0]]"))),
                definition(
                        "negative reference",
                        "definition of the model is damaged",
                        d -> call(d, 1).add("inputs", JsonParser.parseString("[[-1, 0]]"))),
                definition(
                        "no such output",
                        "definition of the model is damaged",
                        d -> call(d, 1).add("inputs", JsonParser.parseString("[[0, 1]]"))),
                definition(
                        "call without inputs",
                        "definition of the model is damaged",
                        d -> call(d, 1).add("inputs", new JsonArray())),
                definition(
                        "unknown call",
                        "no layer 'nobody' to call",
                        d -> call(d, 1).addProperty("layer", "nobody")),
                definition(
                        "input called twice",
                        "input 'input_layer' is called twice",
                        d -> d.getAsJsonArray("calls").add(call(d, 0).deepCopy())),
                definition("no calls", "definition of the model is damaged", d -> d.add("calls", new JsonArray())),
                definition("no outputs", "needs an input and an output", d -> {
                    d.add("outputs", new JsonArray());
                    d.add("calls", new JsonArray());
                    d.add("layers", new JsonArray());
                }),
                definition(
                        "layer that leads nowhere",
                        "leads to no output",
                        d -> d.add("outputs", JsonParser.parseString("[[1, 0]]"))),
                parts(
                        "progress is no JSON",
                        "training progress is damaged",
                        p -> p.metadata().addProperty("progress", "{")),
                parts(
                        "progress is text",
                        "training progress is damaged",
                        p -> p.metadata().addProperty("progress", "\"x\"")),
                parts(
                        "progress of nulls",
                        "training progress is damaged",
                        p -> p.metadata().addProperty("progress", "{\"seed\":null}")),
                parts(
                        "progress of lists",
                        "training progress is damaged",
                        p -> p.metadata().addProperty("progress", "{\"epoch\":[]}")),
                parts(
                        "progress of fractions",
                        "training progress is damaged",
                        p -> p.metadata().addProperty("progress", "{\"seed\":1.5}")),
                parts(
                        "negative iteration",
                        "iteration and epoch must not be negative",
                        p -> p.metadata().addProperty("progress", "{\"iteration\":-1}")),
                parts(
                        "negative rate",
                        "learning_rate must not be negative",
                        p -> p.metadata().addProperty("progress", "{\"learning_rate\":-1}")));
    }

    private static JsonObject layer(JsonObject definition, int i) {
        return definition.getAsJsonArray("layers").get(i).getAsJsonObject();
    }

    @ParameterizedTest
    @MethodSource("broken")
    void brokenFileIsRefusedInALineAndTakesNoMemory(Broken broken) throws IOException {
        try (Model model = Model.create(graph(), 1)) {
            model.save(file);
        }
        broken.spoil().of(file, new SafetensorsParts(file));
        Memory.setLimit(Memory.allocated() + (1 << 20));
        try {
            final ModelFormatException e = assertThrows(ModelFormatException.class, () -> Model.load(file));
            final String message = e.getMessage();
            assertTrue(message.contains(broken.message()), message);
            assertTrue(message.startsWith(file.toString()), message);
            assertFalse(message.contains("\n"), message);
            assertTrue(message.length() < 600, message); // the names of all activations
        } finally {
            Memory.setLimit(Long.MAX_VALUE);
        }
        assertEquals(allocated, Memory.allocated());
    }

    @Test
    void everyCutOfAFileIsRefused() throws IOException {
        try (Model model = Model.create(graph(), 1)) {
            model.save(file);
        }
        final byte[] whole = Files.readAllBytes(file);
        for (int size = 0; size < whole.length; size += 13) {
            Files.write(file, java.util.Arrays.copyOf(whole, size));
            assertThrows(ModelFormatException.class, () -> Model.load(file), "cut at " + size);
        }
        assertEquals(allocated, Memory.allocated());
    }

    /// Any single byte of the header changed: it loads, or it is refused as a damaged file; nothing else.
    @Test
    void changedBytesOfTheHeaderNeverGiveAnotherError() throws IOException {
        try (Model model = Model.create(graph(), 1)) {
            model.save(file);
        }
        final byte[] whole = Files.readAllBytes(file);
        final int header =
                (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
        final byte[] other = {'9', '"', '{', ']', 0, (byte) 0xff, '-'};
        for (int at = 0; at < 8 + header; at++) {
            final byte[] changed = whole.clone();
            changed[at] = other[at % other.length];
            Files.write(file, changed);
            try {
                Model.load(file).close();
            } catch (ModelFormatException e) {
                assertFalse(e.getMessage().contains("\n"), e.getMessage());
            } catch (RuntimeException e) {
                throw new AssertionError("byte " + at + " as " + changed[at] + ": " + e, e);
            }
        }
        assertEquals(allocated, Memory.allocated());
    }

    @Test
    void damagedTrainingConfigIsRefusedWhenItIsNeeded() {
        try (Model model = Model.create(graph(), 1)) {
            for (String text : List.of(
                    "{",
                    "[]",
                    "{}",
                    "{\"loss\":1,\"loss\":1}",
                    "{\"metrics\":[\"magic\"]}",
                    "{\"metrics\":[],\"optimizer\":3}")) {
                model.attributes().put("training_config", text);
                final String message = assertThrows(ModelFormatException.class, () -> Trainer.resume(model), text)
                        .getMessage();
                assertTrue(message.startsWith("training_config is damaged"), message);
                assertFalse(message.contains("\n"), message);
            }
            model.attributes()
                    .put(
                            "training_config",
                            "{\"metrics\":[],\"optimizer\":{\"class_name\":\"Magic\",\"config\":{}},\"loss\":{}}");
            final String message = assertThrows(IllegalStateException.class, () -> Trainer.resume(model))
                    .getMessage();
            assertTrue(message.startsWith("Optimizer Magic is not known"), message);
        }
    }
}
