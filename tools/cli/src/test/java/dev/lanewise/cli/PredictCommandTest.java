package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NpzFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.layer.UpSampling2D;
import dev.lanewise.tensor.Shape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PredictCommandTest {
    @TempDir
    private static Path models;

    private static Path points;
    private static Path images;
    private static Path two;

    @TempDir
    private Path folder;

    @BeforeAll
    static void train() {
        points = TestFiles.pointsModel(models);
        images = TestFiles.imagesModel(models);
        two = TestFiles.twoInTwoOut(models);
    }

    private Path somePoints() {
        return TestFiles.npy(folder.resolve("x.npy"), Shape.of(3, 4), 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0);
    }

    @Test
    void whatDoesNotFitTheMemoryIsOneSentence() {
        Graph.Builder builder = Graph.builder();
        Graph.Value x = builder.input(Shape.of(2, 2, 1));
        Path large = TestFiles.save(
                folder.resolve("large.safetensors"),
                builder.build(builder.add("up", new UpSampling2D(1_000_000, 1_000_000), x)));
        Path input = TestFiles.npy(folder.resolve("pixels.npy"), Shape.of(1, 2, 2, 1), 1, 2, 3, 4);
        Path output = folder.resolve("y.npy");
        CliRun.of("predict", large, "--input", input, "--output", output)
                .failedWith("out of memory: Workspace: the machine does not give");
        assertFalse(Files.exists(output));
    }

    @Test
    void npyInNpyOut() {
        Path output = folder.resolve("y.npy");
        CliRun run = CliRun.of("predict", points, "--input", somePoints(), "--output", output)
                .ok();
        NumberArray y = NpyFile.read(output);
        assertEquals(Shape.of(3, 3), y.shape());
        for (int i = 0; i < 3; i++) {
            assertTrue(y.data()[4 * i] > 0.5, () -> "class of " + java.util.Arrays.toString(y.data()));
        }
        assertEquals("", run.err());
    }

    @Test
    void sampleWithoutBatchIsABatchOfOne() {
        Path input = TestFiles.npy(folder.resolve("x.npy"), Shape.of(4), 1, 0, 0, 0);
        Path output = folder.resolve("y.npy");
        CliRun.of("predict", points, "--input", input, "--output", output).ok();
        assertEquals(Shape.of(1, 3), NpyFile.read(output).shape());
    }

    @Test
    void batchesAndThreadsChangeNoBit() {
        Path output = folder.resolve("y.npy");
        CliRun.of("predict", points, "--input", somePoints(), "--output", output)
                .ok();
        float[] whole = NpyFile.read(output).data();
        CliRun.of("predict", points, "--input", somePoints(), "--output", output, "--batch-size", 2, "--threads", 1)
                .ok();
        assertArrayEquals(whole, NpyFile.read(output).data());
    }

    @Test
    void anotherShapeOfTheSameSizeIsReshapedAndSaid() {
        Path input = TestFiles.npy(folder.resolve("x.npy"), Shape.of(2, 16), new float[32]);
        CliRun run = CliRun.of("predict", images, "--input", input).ok();
        assertTrue(run.err().contains("note: "), run::toString);
        assertTrue(run.err().contains("[2, 16] is read as [2, 4, 4]"), run::toString);
        assertEquals(2, run.out().lines().count());
    }

    @Test
    void wrongShapeIsSaid() {
        Path input = TestFiles.npy(folder.resolve("x.npy"), Shape.of(2, 5), new float[10]);
        CliRun.of("predict", points, "--input", input).failedWith("x.npy", "[2, 5]", "[None, 4]");
    }

    @Test
    void csvHasARowForEachSample() throws IOException {
        Path output = folder.resolve("y.csv");
        CliRun.of("predict", points, "--input", somePoints(), "--output", output)
                .ok();
        try (CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(output)) {
            List<NamedCsvRecord> rows = csv.stream().toList();
            assertEquals(3, rows.size());
            assertEquals(
                    List.of("dense_1_0", "dense_1_1", "dense_1_2"),
                    rows.getFirst().getHeader());
            assertTrue(Float.parseFloat(rows.get(1).getField("dense_1_1")) > 0.5);
        }
    }

    @Test
    void severalInputsInTheModelsOrderAndOutputsAsAnArchive() {
        Path a = TestFiles.npy(folder.resolve("a.npy"), Shape.of(2, 2), 1, 2, 3, 4);
        Path b = TestFiles.npy(folder.resolve("b.npy"), Shape.of(2, 2), 10, 20, 30, 40);
        Path output = folder.resolve("y.npz");
        CliRun.of("predict", two, "--input", a, "--input", b, "--output", output)
                .ok();
        Map<String, NumberArray> arrays = NpzFile.read(output);
        assertEquals(List.of("sum", "score"), List.copyOf(arrays.keySet()));
        assertArrayEquals(new float[] {11, 22, 33, 44}, arrays.get("sum").data());
        assertEquals(Shape.of(2, 1), arrays.get("score").shape());
    }

    @Test
    void inputsByNameAndFromAnArchive() {
        Path a = TestFiles.npy(folder.resolve("a.npy"), Shape.of(1, 2), 1, 2);
        Path b = TestFiles.npy(folder.resolve("b.npy"), Shape.of(1, 2), 10, 20);
        CliRun named = CliRun.of("predict", two, "--input", "b=" + b, "--input", "a=" + a)
                .ok();
        Path archive = TestFiles.npz(
                folder.resolve("ba.npz"), "b", Shape.of(1, 2), new float[] {10, 20}, "a", Shape.of(1, 2), new float[] {
                    1, 2
                });
        CliRun archived = CliRun.of("predict", two, "--input", archive).ok();
        assertEquals(named.out(), archived.out());
        assertTrue(named.out().startsWith("sum [1, 2]"), named::toString);
        assertTrue(named.out().contains("11.0 22.0"), named::toString);
    }

    @Test
    void missingAndUnknownInputsAreSaid() {
        Path a = TestFiles.npy(folder.resolve("a.npy"), Shape.of(1, 2), 1, 2);
        CliRun.of("predict", two, "--input", a).failedWith("input 'b' [2]");
        CliRun.of("predict", two, "--input", "c=" + a).failedWith("no input 'c'", "a [2], b [2]");
        CliRun.of("predict", two, a, a, a).failedWith("3 files for 2 inputs");
        CliRun.of("predict", points, "--input", somePoints(), "--input", somePoints())
                .failedWith("2 files");
    }

    @Test
    void differentNumbersOfSamplesAreSaid() {
        Path a = TestFiles.npy(folder.resolve("a.npy"), Shape.of(2, 2), 1, 2, 3, 4);
        Path b = TestFiles.npy(folder.resolve("b.npy"), Shape.of(1, 2), 1, 2);
        CliRun.of("predict", two, a, b).failedWith("'a' has 2", "'b' has 1");
    }

    @Test
    void severalOutputsDoNotFitAnNpy() {
        Path a = TestFiles.npy(folder.resolve("a.npy"), Shape.of(1, 2), 1, 2);
        CliRun.of("predict", two, a, a, "--output", folder.resolve("y.npy")).failedWith("2 outputs", ".npz");
        assertFalse(Files.exists(folder.resolve("y.npy")));
    }

    @Test
    void topNamesTheClasses() {
        CliRun run = CliRun.of("predict", points, "--input", somePoints(), "--top", 2)
                .ok();
        List<String> lines = run.out().lines().toList();
        assertEquals(3, lines.size());
        for (int i = 0; i < 3; i++) {
            assertTrue(lines.get(i).startsWith(i + ": class " + i + " 0."), run::toString);
        }
    }

    @Test
    void topAsJson() {
        JsonObject json = CliRun.of("predict", points, "--input", somePoints(), "--top", 1, "--json")
                .json();
        JsonObject first =
                json.getAsJsonArray("top").get(1).getAsJsonArray().get(0).getAsJsonObject();
        assertEquals(1, first.get("index").getAsInt());
        assertTrue(first.get("probability").getAsDouble() > 0.5, json::toString);
    }

    @Test
    void outputsAsJson() {
        JsonObject json =
                CliRun.of("predict", points, "--input", somePoints(), "--json").json();
        JsonObject output = json.getAsJsonArray("outputs").get(0).getAsJsonObject();
        assertEquals("dense_1", output.get("name").getAsString());
        assertEquals("[3,3]", output.get("shape").toString());
        assertEquals(3, output.getAsJsonArray("values").get(2).getAsJsonArray().size());
    }

    @Test
    void imagesAreABatchScaledAsInTraining() {
        Object[] args = {
            "predict",
            images,
            "--top",
            1,
            "--input",
            TestFiles.png(folder.resolve("left.png"), 4, 4, 0),
            TestFiles.png(folder.resolve("middle.png"), 4, 4, 1),
            TestFiles.png(folder.resolve("right.png"), 4, 4, 2)
        };
        List<String> lines = CliRun.of(args).ok().out().lines().toList();
        assertTrue(lines.get(0).startsWith("left.png: class 0"), lines::toString);
        assertTrue(lines.get(1).startsWith("middle.png: class 1"), lines::toString);
        assertTrue(lines.get(2).startsWith("right.png: class 2"), lines::toString);
    }

    @Test
    void imageHasTheValuesOfItsArray() {
        BufferedImage image = new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB);
        byte[] bytes = new byte[16];
        for (int i = 0; i < 16; i++) {
            int level = 17 * i;
            image.setRGB(i % 4, i / 4, level << 16 | level << 8 | level);
            bytes[i] = (byte) level;
        }
        Path file = TestFiles.image(folder.resolve("i.png"), image);
        Path array = TestFiles.bytesNpy(folder.resolve("i.npy"), "(4, 4)", bytes);
        String expected = CliRun.of("predict", images, "--input", array).ok().out();
        assertEquals(
                expected, CliRun.of("predict", images, "--input", file).ok().out());
    }

    @Test
    void jpegIsRead() {
        Path file = TestFiles.image(folder.resolve("i.jpg"), new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB));
        CliRun.of("predict", images, "--input", file).ok();
    }

    @Test
    void imageOfAnotherSizeIsSaid() {
        Path file = TestFiles.png(folder.resolve("big.png"), 5, 6, 0);
        CliRun.of("predict", images, "--input", file).failedWith("big.png", "5 x 6", "[4, 4]");
        CliRun.of("predict", points, "--input", file).failedWith("big.png", "5 x 6", "[4]");
    }

    @Test
    void damagedImageIsSaid() throws IOException {
        byte[] whole = Files.readAllBytes(TestFiles.png(folder.resolve("i.png"), 4, 4, 0));
        Path half = TestFiles.write(folder.resolve("half.png"), java.util.Arrays.copyOf(whole, 40));
        CliRun.of("predict", images, "--input", half).failedWith("half.png");
        Path forged = TestFiles.write(folder.resolve("forged.png"), new byte[] {(byte) 0x89, 'P', 'N', 'G', 1, 2, 3});
        CliRun.of("predict", images, "--input", forged).failedWith("forged.png", "no image");
    }

    @Test
    void wrongUsageIsSaid() {
        CliRun.of("predict", points).wrongUsage("--input");
        CliRun.of("predict", points, "--input", "x.npy", "--output", "y.txt").wrongUsage(".npy, .npz or .csv");
        CliRun.of("predict", points, "--input", "x.npy", "--top", 0).wrongUsage("--top");
        CliRun.of("predict", points, "--input", "x.npy", "--batch-size", 0).wrongUsage("--batch-size");
    }

    @Test
    void topNeedsClasses() {
        CliRun.of("predict", two, "x.npy", "x.npy", "--top", 3).failedWith("--top", "[None, 2]");
    }

    @Test
    void missingFilesAreSaid() {
        CliRun.of("predict", points, "--input", folder.resolve("none.npy")).failedWith("none.npy", "no such file");
        CliRun.of("predict", folder.resolve("none.h5"), "--input", somePoints()).failedWith("none.h5", "no such file");
        CliRun.of("predict", points, "--input", folder).failedWith("is a folder");
        CliRun.of("predict", points, somePoints(), "--output", folder.resolve("no/y.npy"))
                .failedWith("no folder");
    }

    @Test
    void fileThatIsNoInputIsSaid() {
        Path text = TestFiles.write(folder.resolve("x.npy"), "hello world".getBytes(StandardCharsets.UTF_8));
        CliRun.of("predict", points, "--input", text).failedWith("x.npy", "unknown format");
    }

    @Test
    void damagedKerasFilesAreSaid() {
        byte[] hdf5 = {(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n', 0, 0};
        Path file = TestFiles.write(folder.resolve("model.safetensors"), hdf5);
        CliRun.of("predict", file, "--input", somePoints()).failedWith("model.safetensors", "HDF5");
    }

    @Test
    void failedPredictionLeavesTheOldFile() throws IOException {
        Path old = TestFiles.write(folder.resolve("y.npy"), new byte[] {1, 2, 3});
        Path input = TestFiles.npy(folder.resolve("x.npy"), Shape.of(2, 5), new float[10]);
        CliRun.of("predict", points, "--input", input, "--output", old).failedWith("[2, 5]");
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(old));
    }
}
