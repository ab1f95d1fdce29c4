package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NpzFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipFile;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// One model of real Keras (3.15.1) in all its formats through the commands: a Sequential of a functional
/// model that
/// calls another one twice.
class KerasFormatsTest {
    @TempDir
    private Path folder;

    private Path archive;
    private Path weights;
    private Path h5;
    private Path x;
    private Path y;
    private Path json;

    @BeforeEach
    void copy() throws IOException {
        archive = copy("model.keras", "archive.bin");
        weights = copy("model.weights.h5", "weights.bin");
        h5 = copy("model.h5", "whole.bin");
        x = copy("x.npy", "x.npy");
        y = copy("y.npy", "y.npy");
        json = folder.resolve("architecture");
        try (ZipFile zip = new ZipFile(archive.toFile());
                InputStream in = zip.getInputStream(zip.getEntry("config.json"))) {
            Files.write(json, in.readAllBytes());
        }
    }

    private Path copy(String resource, String name) throws IOException {
        try (InputStream in = KerasFormatsTest.class.getResourceAsStream("keras/nested/" + resource)) {
            return Files.write(folder.resolve(name), in.readAllBytes());
        }
    }

    private void predicts(Object... model) {
        final Path out = folder.resolve("out.npy");
        final Object[] args = new Object[model.length + 5];
        args[0] = "predict";
        System.arraycopy(model, 0, args, 1, model.length);
        System.arraycopy(new Object[] {"--input", x, "--output", out}, 0, args, model.length + 1, 4);
        CliRun.of(args).ok();
        final double difference = ExpectedOutputs.difference(
                NpyFile.read(out).data(), NpyFile.read(y).data());
        assertTrue(difference <= 1e-5, () -> "differs by " + difference);
    }

    @Test
    void everyFormatPredictsAsKeras() {
        predicts(archive);
        predicts(h5);
        predicts(weights, "--architecture", json);
        predicts(weights, "--architecture", archive);
        predicts(weights, "--architecture", h5);
        predicts(h5, "--architecture", json);
    }

    @Test
    void otherCommandsReadThemToo() {
        CliRun.of("verify", archive, "--input", x, "--expected", y).ok();
        CliRun.of("verify", weights, "--architecture", json, "--input", x, "--expected", y)
                .ok();
        final Path data = folder.resolve("data.npz");
        final NumberArray inputs = NpyFile.read(x);
        final int n = inputs.shape().dim(0);
        NpzFile.write(data, Map.of("x_train", inputs, "y_train", NumberArray.of(Shape.of(n), new float[n])));
        final Path tuned = folder.resolve("tuned.safetensors");
        CliRun.of(
                        "train",
                        "--model",
                        weights,
                        "--architecture",
                        json,
                        "--data",
                        data,
                        "--epochs",
                        1,
                        "--loss",
                        "sparse_categorical_crossentropy",
                        "--output",
                        tuned)
                .ok();
        CliRun.of("evaluate", tuned, "--data", data).ok();
    }

    @Test
    void convertKeepsWhatIsNested() {
        final Path out = folder.resolve("nested.safetensors");
        CliRun.of("convert", archive, out, "--input", x, "--expected", y).ok();
        CliRun.of("verify", out).ok();
        try (Model model = Model.load(out)) {
            assertEquals(
                    List.of("mid", "mid/block", "tail"),
                    model.graph().groups().stream().map(g -> g.name()).toList());
            assertEquals(
                    List.of("mid/block", "mid/dense_1"),
                    model.graph().group("mid").members());
            assertEquals(2, model.graph().group("mid/block").calls().size());
            final JsonObject kept =
                    JsonParser.parseString(model.attributes().get("keras")).getAsJsonObject();
            assertEquals("keras", kept.get("format").getAsString());
            assertEquals(
                    "Functional",
                    kept.getAsJsonObject("layers")
                            .getAsJsonObject("mid/block")
                            .get("class_name")
                            .getAsString());
        }
    }

    @Test
    void inspectShowsWhatIsNested() throws Exception {
        final CliRun one = CliRun.of("inspect", archive).ok();
        assertTrue(one.out().contains("│ mid (Functional) "), one::toString);
        assertTrue(!one.out().contains("└ mid/block (Functional)"), one::toString);
        final CliRun all = CliRun.of("inspect", archive, "--nested").ok();
        assertTrue(all.out().contains("└ mid/block (Functional)"), all::toString);
        final Path dot = folder.resolve("model.dot");
        final Path svg = folder.resolve("model.svg");
        CliRun.of("inspect", archive, "--diagram", dot).ok();
        CliRun.of("inspect", archive, "--diagram", svg).ok();
        assertTrue(Files.readString(dot).startsWith("digraph model {"));
        assertEquals(
                "svg",
                DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(svg.toFile())
                        .getDocumentElement()
                        .getTagName());
        CliRun.of("inspect", archive, "--diagram", folder.resolve("model.png")).wrongUsage(".svg or .dot");
    }

    @Test
    void weightsNeedAnArchitecture() {
        CliRun.of("predict", weights, "--input", x).failedWith("weights only", "--architecture");
        CliRun.of("inspect", weights).failedWith("weights only");
        final CliRun run = CliRun.of("inspect", weights, "--architecture", json).ok();
        assertTrue(run.out().contains("mid/block/dense/kernel"), run::toString);
        CliRun.of("predict", weights, "--input", x, "--architecture", weights).failedWith("weights only");
        CliRun.of("predict", weights, "--input", x, "--architecture", x).failedWith("x.npy");
        CliRun.of("predict", weights, "--input", x, "--architecture", folder.resolve("none"))
                .failedWith("no such file");
        CliRun.of("train", "--architecture", json).wrongUsage("--model");
    }

    @Test
    void weightsThatDoNotFitAreLeftOutOnRequest() throws IOException {
        final Path changed = folder.resolve("changed.json");
        Files.writeString(
                changed, Files.readString(json).replace("\"units\": 2", "\"units\": 3"), StandardCharsets.UTF_8);
        CliRun.of("inspect", weights, "--architecture", changed).failedWith("'tail/dense_3' (Dense)", "expected");
        final CliRun run = CliRun.of("inspect", weights, "--architecture", changed, "--skip-mismatch")
                .ok();
        assertTrue(run.out().contains("NOT_LOADED"), run::toString);
        final Path other = folder.resolve("other.json");
        Files.writeString(other, """
                {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 3,
                 "batch_input_shape": [null, 6]}}]}""");
        CliRun.of("inspect", weights, "--architecture", other, "--skip-mismatch")
                .failedWith("none of its weights fits");
    }

    @Test
    void weightsByName() throws IOException {
        final Path changed = folder.resolve("changed.json");
        Files.writeString(changed, Files.readString(json).replace("\"dense_3\"", "\"another\""));
        final CliRun run = CliRun.of("inspect", weights, "--architecture", changed, "--by-name")
                .ok();
        assertTrue(run.out().contains("no weights of its name"), run::toString);
        final Path out = folder.resolve("named.safetensors");
        CliRun.of("convert", weights, out, "--architecture", changed, "--by-name")
                .ok();
        final Path whole = folder.resolve("whole.safetensors");
        CliRun.of("convert", archive, whole).ok();
        try (Model named = Model.load(out);
                Model all = Model.load(whole)) {
            assertArrayEquals(
                    all.parameter("mid/dense_1/kernel").toArray(),
                    named.parameter("mid/dense_1/kernel").toArray());
            assertTrue(!java.util.Arrays.equals(
                    all.parameter("tail/dense_3/kernel").toArray(),
                    named.parameter("tail/another/kernel").toArray()));
        }
    }
}
