package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.data.Dataset;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NpzFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.io.SafetensorsHeader;
import dev.lanewise.io.Samples;
import dev.lanewise.keras.KerasModels;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.NodeOutputs;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A file of real Keras (3.15.1, a small network after nine steps of Adam) through the commands.
class KerasFilesTest {
    @TempDir
    private Path folder;

    /// The model under a name that says nothing of it.
    private Path model;

    private Path x;
    private Path y;
    private Path t;

    @BeforeEach
    void copy() throws IOException {
        model = copy("final.h5", "net.bin");
        x = copy("x.npy", "x.npy");
        y = copy("y_final.npy", "y.npy");
        t = copy("t.npy", "t.npy");
    }

    private Path copy(String resource, String name) throws IOException {
        try (InputStream in = KerasFilesTest.class.getResourceAsStream("keras/" + resource)) {
            return Files.write(folder.resolve(name), in.readAllBytes());
        }
    }

    private Path converted(Object... more) {
        final Path out = folder.resolve("net.safetensors");
        final Object[] args = new Object[3 + more.length];
        args[0] = "convert";
        args[1] = model;
        args[2] = out;
        System.arraycopy(more, 0, args, 3, more.length);
        CliRun.of(args).ok();
        return out;
    }

    /// Changes a bit of a value of a tensor.
    private static void damage(Path file, String tensor) throws IOException {
        final byte[] bytes = Files.readAllBytes(file);
        try (FileChannel channel = FileChannel.open(file)) {
            final SafetensorsHeader header = SafetensorsHeader.read(channel, "");
            bytes[(int) (header.dataStart() + header.tensors().get(tensor).begin()) + 2] ^= 0x40;
        }
        Files.write(file, bytes);
    }

    @Test
    void predictsAsKeras() {
        final Path out = folder.resolve("out.npy");
        final CliRun run =
                CliRun.of("predict", model, "--input", x, "--output", out).ok();
        assertEquals("", run.err());
        final double difference = ExpectedOutputs.difference(
                NpyFile.read(out).data(), NpyFile.read(y).data());
        assertTrue(difference <= 1e-5, () -> "differs by " + difference);
    }

    private static double lastLoss(CliRun run) {
        final JsonArray losses = run.json().getAsJsonObject("history").getAsJsonArray("loss");
        return losses.get(losses.size() - 1).getAsDouble();
    }

    @Test
    void newHeadOnKerasLayersAndThenAllOfThem() {
        final NumberArray samples = NpyFile.read(x);
        final float[] labels = new float[24];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = samples.data()[5 * i] > 0 ? 1 : 0;
        }
        final Path data = TestFiles.npz(
                folder.resolve("data.npz"), "x", samples.shape(), samples.data(), "y", Shape.of(24), labels);
        final Path head = folder.resolve("head.safetensors");
        final CliRun first = CliRun.of(
                "train",
                "--model",
                model,
                "--new-head",
                2,
                "--freeze",
                "*",
                "--data",
                data,
                "--epochs",
                30,
                "--learning-rate",
                0.05,
                "--output",
                head,
                "--json");
        final Path tuned = folder.resolve("tuned.safetensors");
        final double frozenLoss = lastLoss(first);
        final CliRun second = CliRun.of(
                "train",
                "--model",
                head,
                "--unfreeze",
                "*",
                "--data",
                data,
                "--epochs",
                30,
                "--learning-rate",
                0.005,
                "--output",
                tuned,
                "--json");
        assertTrue(lastLoss(second) < frozenLoss, () -> frozenLoss + ", then " + second);
        try (Model keras = KerasModels.load(model);
                Model frozen = Model.load(head);
                Model all = Model.load(tuned)) {
            final float[] kernel = keras.parameter("dense/kernel").toArray();
            assertArrayEquals(kernel, frozen.parameter("dense/kernel").toArray());
            assertFalse(Arrays.equals(kernel, all.parameter("dense/kernel").toArray()));
            assertEquals(Set.of(), all.graph().frozen());
        }
    }

    @Test
    void fileAfterAUserBlockIsRecognized() throws IOException {
        final byte[] block = new byte[1024];
        final byte[] bytes = Files.readAllBytes(model);
        final byte[] both = new byte[block.length + bytes.length];
        System.arraycopy(bytes, 0, both, block.length, bytes.length);
        final Path file = TestFiles.write(folder.resolve("with-block"), both);
        assertEquals(FileKind.HDF5, FileKind.of(file));
    }

    @Test
    void evaluatesWithTheModelsOwnLoss() {
        final Path data = folder.resolve("data.npz");
        final Map<String, NumberArray> arrays = new LinkedHashMap<>();
        arrays.put("x_train", NpyFile.read(x));
        arrays.put("y_train", NpyFile.read(t));
        NpzFile.write(data, arrays);
        final JsonObject json =
                CliRun.of("evaluate", model, "--data", data, "--json").json();
        // Keras' own figure for these samples and weights.
        assertEquals(1.05394, json.get("loss").getAsDouble(), 1e-4);
    }

    @Test
    void trainingGoesOn() {
        final Path data = folder.resolve("data.npz");
        final Path out = folder.resolve("more.safetensors");
        final Map<String, NumberArray> arrays = new LinkedHashMap<>();
        arrays.put("x_train", NpyFile.read(x));
        arrays.put("y_train", NpyFile.read(t));
        NpzFile.write(data, arrays);
        CliRun.of(
                        "train",
                        "--model",
                        model,
                        "--resume",
                        "--data",
                        data,
                        "--epochs",
                        2,
                        "--batch-size",
                        8,
                        "--output",
                        out)
                .ok();
        try (Model more = Model.load(out)) {
            assertEquals(9 + 2 * 3, more.iteration());
            assertFalse(Samples.areIn(more));
        }
    }

    @Test
    void inspectPrintsTheReport() {
        final CliRun run = CliRun.of("inspect", model).ok();
        for (String part : new String[] {
            "HDF5 (Keras .h5)",
            "dense (Dense)",
            "Sequential 'sequential' by Keras 3.15.1 on torch",
            "sequential/dense/kernel [5, 7] float32 -> dense/kernel",
            "Training: Adam, categorical_crossentropy, 9 steps, memory m, v; can go on"
        }) {
            assertTrue(run.out().contains(part), () -> "'" + part + "' is missing in " + run);
        }
        final JsonObject json = CliRun.of("inspect", model, "--json").json();
        assertTrue(json.getAsJsonObject("report").get("loadable").getAsBoolean());
    }

    @Test
    void inspectPrintsTheReportOfWhatIsNotSupported() throws IOException {
        // A layer of another type, of as many letters.
        final byte[] bytes = Files.readAllBytes(model);
        final String text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
        final String changed = text.replaceFirst("\"class_name\": \"Dense\"", "\"class_name\": \"Magic\"");
        assertFalse(text.equals(changed));
        final Path file = TestFiles.write(
                folder.resolve("magic.h5"), changed.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
        final CliRun run = CliRun.of("inspect", file).failedWith("'dense' (Magic)");
        assertTrue(run.out().contains("NO  dense (Magic)"), run::toString);
        final CliRun json = CliRun.of("inspect", file, "--json").failedWith("'dense' (Magic)");
        final JsonObject report =
                JsonParser.parseString(json.out()).getAsJsonObject().getAsJsonObject("report");
        assertFalse(report.get("loadable").getAsBoolean());
        CliRun.of("convert", file, folder.resolve("no.safetensors")).failedWith("'dense' (Magic)");
        assertFalse(Files.exists(folder.resolve("no.safetensors")));
        CliRun.of("predict", file, "--input", x).failedWith("'dense' (Magic)");
    }

    @Test
    void convertReportsAndKeepsEverything() {
        final JsonObject json = CliRun.of("convert", model, folder.resolve("a.safetensors"), "--json")
                .json();
        assertEquals("self", json.get("samples").getAsString());
        assertEquals(3, json.getAsJsonObject("report").getAsJsonArray("layers").size());
        try (Model from = KerasModels.load(model);
                Model to = Model.load(folder.resolve("a.safetensors"))) {
            assertEquals(9, to.iteration());
            assertEquals(from.attributes().get("keras"), to.attributes().get("keras"));
            assertEquals(Samples.weightHashes(from), Samples.weightHashes(to));
        }
    }

    @Test
    void convertComparesWithKerasOutputs() {
        final Path out = converted("--input", x, "--expected", y);
        final JsonObject json = CliRun.of("verify", out, "--json").json();
        assertEquals("keras", json.get("origin").getAsString());
        assertEquals(24, json.get("samples").getAsInt());
        final Path wrong = TestFiles.npy(folder.resolve("wrong.npy"), Shape.of(24, 3), new float[72]);
        CliRun.of("convert", model, folder.resolve("no.safetensors"), "--input", x, "--expected", wrong)
                .failedWith("nothing is written");
        assertFalse(Files.exists(folder.resolve("no.safetensors")));
        CliRun.of("convert", model, folder.resolve("no.safetensors"), "--input", x)
                .wrongUsage("--expected");
        CliRun.of("convert", model, folder.resolve("no.onnx")).wrongUsage("the name must end with");
    }

    @Test
    void verifySaysWhereTheOutputsCameFrom() {
        final CliRun run = CliRun.of("verify", converted()).ok();
        assertTrue(run.out().contains("2 stored samples (self): 3 of 3 layers with the same bits"), run::toString);
        assertTrue(run.out().contains("prove only that nothing changed"), run::toString);
    }

    @Test
    void verifyNamesTheLayerOfADamagedWeight() throws IOException {
        final Path last = converted();
        damage(last, "dense_1/bias");
        CliRun.of("verify", last).failedWith("dense_1/bias", "the first layer that differs is 'dense_1' (Dense)");
        final Path first = converted();
        damage(first, "dense/kernel");
        final CliRun run = CliRun.of("verify", first, "--json");
        assertEquals(1, run.code());
        final JsonObject json = JsonParser.parseString(run.out()).getAsJsonObject();
        assertEquals("dense", json.get("first_difference").getAsString());
        assertEquals("[\"dense/kernel\"]", json.get("changed_weights").toString());
        assertFalse(json.get("ok").getAsBoolean());
    }

    @Test
    void verifyComparesGivenOutputs() {
        CliRun.of("verify", model, "--input", x, "--expected", y).ok();
        final Path wrong = TestFiles.npy(folder.resolve("wrong.npy"), Shape.of(24, 3), new float[72]);
        CliRun.of("verify", model, "--input", x, "--expected", wrong).failedWith("outputs differ by 0.");
        CliRun.of("verify", model, "--input", x, "--expected", wrong, "--tolerance", 2)
                .ok();
        CliRun.of("verify", model).failedWith("keeps no samples");
        CliRun.of("verify", model, "--input", x).wrongUsage("--expected");
        CliRun.of("verify").wrongUsage("which model?");
    }

    @Test
    void verifyComparesLayersByName() {
        final Map<String, NumberArray> arrays = new LinkedHashMap<>();
        final NumberArray input = NpyFile.read(x);
        arrays.put("__input__0", input);
        try (Model net = KerasModels.load(model);
                Compute compute = Compute.of(1)) {
            final Dataset data = Dataset.of(input.data(), input.shape().withoutFirst());
            for (NodeOutputs.Output output : NodeOutputs.of(compute, net, data)) {
                final float[] values = output.values();
                arrays.put(output.title(), NumberArray.of(Shape.of(24, values.length / 24), values));
            }
        }
        arrays.remove("input_layer");
        final Path same = folder.resolve("same.npz");
        NpzFile.write(same, arrays);
        final CliRun run = CliRun.of("verify", model, "--layers", same).ok();
        assertTrue(run.out().contains("input_layer  not compared"), run::toString);
        arrays.get("dense").data()[3] += 0.01f;
        arrays.get("dense_1").data()[3] += 0.01f;
        final Path other = folder.resolve("other.npz");
        NpzFile.write(other, arrays);
        CliRun.of("verify", model, "--layers", other).failedWith("the first layer that differs is 'dense' (Dense)");
        final Path none = folder.resolve("none.npz");
        NpzFile.write(none, Map.of("__input__0", input));
        CliRun.of("verify", model, "--layers", none).failedWith("has no output of a layer");
    }

    @Test
    void scriptIsPrinted() {
        final CliRun run = CliRun.of("verify", "--print-script").ok();
        assertTrue(run.out().contains("np.savez"), run::toString);
        assertTrue(run.out().contains("usage: python dump_layers.py"), run::toString);
    }
}
