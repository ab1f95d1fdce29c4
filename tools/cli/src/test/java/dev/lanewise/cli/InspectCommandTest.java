package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectCommandTest {
    @TempDir
    private Path folder;

    @Test
    void modelIsShownWithLayersWeightsAndTraining() {
        CliRun run = CliRun.of("inspect", TestFiles.imagesModel(folder)).ok();
        for (String part : new String[] {
            "images.safetensors: safetensors, ",
            "flatten (Flatten)",
            "(None, 16)",
            "Total params: 163",
            "Inputs:  input_layer [None, 4, 4]",
            "Outputs: dense_1 [None, 3]",
            "dense/kernel    [16, 8]",
            "Adam (learning rate 0.02), sparse_categorical_crossentropy, accuracy; 160 steps, 40 epochs, seed 42",
            "byte_scale"
        }) {
            assertTrue(run.out().contains(part), () -> "'" + part + "' is missing in " + run);
        }
        assertEquals("", run.err());
    }

    @Test
    void json() {
        JsonObject json =
                CliRun.of("inspect", TestFiles.twoInTwoOut(folder), "--json").json();
        assertTrue(json.get("loadable").getAsBoolean());
        assertTrue(json.get("error").isJsonNull());
        assertEquals("safetensors", json.get("format").getAsString());
        assertEquals(2, json.getAsJsonArray("inputs").size());
        assertEquals(
                "[null,2]",
                json.getAsJsonArray("inputs")
                        .get(0)
                        .getAsJsonObject()
                        .get("shape")
                        .toString());
        assertEquals(
                "score",
                json.getAsJsonArray("outputs")
                        .get(1)
                        .getAsJsonObject()
                        .get("name")
                        .getAsString());
        JsonObject kernel = json.getAsJsonArray("weights").get(0).getAsJsonObject();
        assertEquals("score/kernel", kernel.get("name").getAsString());
        assertTrue(kernel.get("min").getAsDouble() <= kernel.get("max").getAsDouble());
        assertEquals(3, json.get("parameters").getAsInt());
        assertTrue(json.getAsJsonObject("metadata").get("model").isJsonObject());
    }

    @Test
    void tensorsOfAnotherSafetensorsFileAreListed() {
        String header = "{\"weird\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,12]},"
                + "\"__metadata__\":{\"format\":\"pt\"}}";
        Path file = safetensors(header, 12);
        CliRun run = CliRun.of("inspect", file).failedWith("without a model's definition");
        assertTrue(run.out().contains("weird  F16  [2, 3]"), run::toString);
        assertTrue(run.out().contains("format  pt"), run::toString);
        CliRun asJson = CliRun.of("inspect", file, "--json");
        assertEquals(1, asJson.code());
        JsonObject json = JsonParser.parseString(asJson.out()).getAsJsonObject();
        assertFalse(json.get("loadable").getAsBoolean());
        assertEquals(
                "weird",
                json.getAsJsonArray("tensors")
                        .get(0)
                        .getAsJsonObject()
                        .get("name")
                        .getAsString());
        assertTrue(json.get("error").getAsString().contains("definition"));
    }

    @Test
    void truncatedModelIsSaid() throws IOException {
        byte[] whole = Files.readAllBytes(TestFiles.twoInTwoOut(folder));
        Path cut = TestFiles.write(folder.resolve("cut.safetensors"), Arrays.copyOf(whole, whole.length - 4));
        CliRun run = CliRun.of("inspect", cut).failedWith("cut.safetensors");
        assertTrue(run.out().contains("safetensors, "), run::toString);
        Path header = TestFiles.write(folder.resolve("header.safetensors"), Arrays.copyOf(whole, 100));
        CliRun.of("inspect", header).failedWith("header.safetensors");
    }

    @Test
    void namesInAFileDoNotReachTheTerminalRaw() {
        String header = "{\"a\\u001b[31m\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
        CliRun run = CliRun.of("inspect", safetensors(header, 4)).failedWith();
        assertFalse(run.out().contains("\u001b"), run::toString);
    }

    @Test
    void kerasFilesAreRecognizedByTheirBytes() throws IOException {
        byte[] hdf5 = {(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n', 0, 0};
        CliRun run = CliRun.of("inspect", TestFiles.write(folder.resolve("a.safetensors"), hdf5))
                .failedWith("a.safetensors", "HDF5");
        assertTrue(run.out().contains("HDF5 (Keras .h5), 10 bytes"), run::toString);

        Path keras = folder.resolve("b");
        try (OutputStream out = Files.newOutputStream(keras);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            for (String name : new String[] {"metadata.json", "config.json", "model.weights.h5"}) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write("{}".getBytes(StandardCharsets.UTF_8));
                zip.closeEntry();
            }
        }
        run = CliRun.of("inspect", keras).failedWith("model.weights.h5: not an HDF5 file");
        assertTrue(run.out().contains("Keras archive (.keras)"), run::toString);
    }

    @Test
    void otherFilesAreSaid() {
        Path empty = TestFiles.write(folder.resolve("empty"), new byte[0]);
        CliRun.of("inspect", empty).failedWith("is empty");
        Path text = TestFiles.write(folder.resolve("text"), "hello".getBytes(StandardCharsets.UTF_8));
        CliRun.of("inspect", text).failedWith("is not a model");
        CliRun.of("inspect", folder).failedWith("is a folder");
        CliRun.of("inspect", folder.resolve("none")).failedWith("no such file");
        CliRun.of("inspect").wrongUsage("FILE");
    }

    private Path safetensors(String header, int dataBytes) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(text.length).put(text);
        return TestFiles.write(folder.resolve("other.safetensors"), bytes.array());
    }
}
