package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.lanewise.data.NumberArray;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainCommandTest {
    @TempDir
    private Path folder;

    @Test
    void shippedImagesAreTheDefaultAndAreLearned() {
        JsonObject json = CliRun.of("train", "--epochs", 1, "--json").json();
        assertEquals("fashion-mnist-6k", json.get("dataset").getAsString());
        assertEquals(6000, json.get("samples").getAsInt());
        assertEquals(1000, json.get("validation_samples").getAsInt());
        assertEquals(784 * 128 + 128 + 128 * 10 + 10, json.get("parameters").getAsInt());
        assertEquals(128, json.get("batch_size").getAsInt());
        assertTrue(last(json, "val_accuracy") > 0.65, json::toString);
    }

    @Test
    void progressIsPrintedAsKerasDoes() {
        CliRun run = CliRun.of("train", "--data", TestFiles.points(folder), "--epochs", 2, "--batch-size", 10)
                .ok();
        List<String> lines = run.out().lines().toList();
        assertTrue(lines.get(0).startsWith("Data: points.npz"), run::toString);
        assertTrue(lines.get(1).startsWith("Model: 4-128-3, 1,027 parameters"), run::toString);
        assertEquals("Epoch 1/2", lines.get(2));
        assertTrue(
                lines.get(3)
                        .matches("5/5 ━{20} \\d+s \\d+[mu]?s/step - accuracy: \\d\\.\\d{4} - loss: \\d\\.\\d{4}"
                                + " - val_accuracy: \\d\\.\\d{4} - val_loss: \\d\\.\\d{4}"),
                run::toString);
        assertEquals("Epoch 2/2", lines.get(4));
        assertTrue(run.out().contains("Validation loss"), run::toString);
        assertTrue(run.out().contains("samples/s"), run::toString);
        assertTrue(run.out().contains("Not saved"), run::toString);
        assertFalse(run.out().contains("\r"), "a redrawn line in a pipe");
        assertEquals("", run.err());
    }

    @Test
    void jsonHasTheHistoryAndTheProgressGoesToStandardError() {
        Path output = folder.resolve("m.safetensors");
        CliRun run = CliRun.of(
                "train",
                "--data",
                TestFiles.points(folder),
                "--epochs",
                3,
                "--json",
                "--output",
                output,
                "--threads",
                2);
        JsonObject json = run.json();
        JsonObject history = json.getAsJsonObject("history");
        assertEquals(List.of("loss", "accuracy", "val_loss", "val_accuracy"), List.copyOf(history.keySet()));
        history.entrySet()
                .forEach(e -> assertEquals(3, e.getValue().getAsJsonArray().size()));
        assertTrue(json.get("samples_per_second").getAsDouble() > 0);
        assertTrue(json.get("seconds").getAsDouble() > 0);
        assertEquals(2, json.get("threads").getAsInt());
        assertEquals(42, json.get("seed").getAsLong());
        assertEquals(output.toString(), json.get("output").getAsString());
        if (Files.exists(Path.of("/proc/self/status"))) {
            assertTrue(json.get("peak_memory_bytes").getAsLong() > 1_000_000);
        }
        assertTrue(run.err().contains("Epoch 3/3"), run::toString);
    }

    @Test
    void pointsAreLearnedAndTheModelKeepsItsTraining() {
        Path file = TestFiles.pointsModel(folder);
        try (Model model = Model.load(file)) {
            assertEquals(30, model.epoch());
            assertEquals(30 * 6, model.iteration());
        }
        JsonObject json = CliRun.of("evaluate", file, "--data", folder.resolve("points.npz"), "--json")
                .json();
        assertEquals(1.0, json.get("accuracy").getAsDouble());
    }

    @Test
    void threadsChangeNoBit() throws IOException {
        byte[] one = trained("--threads", "1");
        assertArrayEquals(one, trained("--threads", "2"));
        assertArrayEquals(one, trained("--threads", "3"));
    }

    @Test
    void seedChangesTheResultAndRepeatsIt() throws IOException {
        byte[] first = trained("--seed", "1");
        assertArrayEquals(first, trained("--seed", "1"));
        assertFalse(java.util.Arrays.equals(first, trained("--seed", "2")));
    }

    private byte[] trained(String... more) throws IOException {
        Path output = folder.resolve("x.safetensors");
        CliRun.of(java.util.stream.Stream.concat(
                                java.util.stream.Stream.of(
                                        "train",
                                        "--data",
                                        TestFiles.points(folder),
                                        "--epochs",
                                        "2",
                                        "--output",
                                        output),
                                java.util.Arrays.stream(more))
                        .toArray())
                .ok();
        return Files.readAllBytes(output);
    }

    @Test
    void resumedTrainingHasTheBitsOfOneWithoutBreak() {
        Path points = TestFiles.points(folder);
        Path whole = folder.resolve("whole.safetensors");
        Path half = folder.resolve("half.safetensors");
        CliRun.of("train", "--data", points, "--epochs", 4, "--batch-size", 16, "--output", whole)
                .ok();
        CliRun.of("train", "--data", points, "--epochs", 2, "--batch-size", 16, "--output", half)
                .ok();
        CliRun.of(
                        "train",
                        "--data",
                        points,
                        "--epochs",
                        2,
                        "--batch-size",
                        16,
                        "--model",
                        half,
                        "--resume",
                        "--output",
                        half)
                .ok();
        try (Model expected = Model.load(whole);
                Model resumed = Model.load(half)) {
            assertEquals(expected.iteration(), resumed.iteration());
            assertEquals(-1, expected.trainable().mismatch(resumed.trainable()));
            assertEquals(2, expected.slots().size());
            expected.slots().forEach((name, slot) -> assertEquals(-1, slot.mismatch(resumed.slot(name))));
        }
    }

    @Test
    void modelIsTrainedFurtherWithANewOptimizer() {
        Path model = TestFiles.pointsModel(folder);
        Path points = folder.resolve("points.npz");
        JsonObject json = CliRun.of(
                        "train", "--data", points, "--model", model, "--epochs", 1, "--optimizer", "SGD", "--json")
                .json();
        assertTrue(last(json, "accuracy") > 0.9, json::toString);
    }

    @Test
    void validationSplitIsCutFromTheEnd() {
        JsonObject json = CliRun.of(
                        "train",
                        "--data",
                        TestFiles.points(folder),
                        "--epochs",
                        1,
                        "--validation-split",
                        0.25,
                        "--json")
                .json();
        assertEquals(36, json.get("samples").getAsInt());
        assertEquals(12, json.get("validation_samples").getAsInt());
    }

    @Test
    void withoutTestDataNothingIsValidated() {
        JsonObject json = CliRun.of("train", "--data", TestFiles.line(folder), "--loss", "mse", "--json")
                .json();
        assertEquals(
                List.of("loss"), List.copyOf(json.getAsJsonObject("history").keySet()));
        assertEquals(0, json.get("validation_samples").getAsInt());
    }

    /// Labels 0 and 1 need one output, a sigmoid.
    @Test
    void yesAndNoAreLearnedWithBinaryCrossentropy() {
        Path data = TestFiles.signs(folder);
        for (String optimizer : List.of("AdamW", "rmsprop")) {
            JsonObject json = CliRun.of(
                            "train",
                            "--data",
                            data,
                            "--loss",
                            "binary_crossentropy",
                            "--metrics",
                            "accuracy,BinaryAccuracy",
                            "--optimizer",
                            optimizer,
                            "--learning-rate",
                            0.05,
                            "--hidden",
                            "8",
                            "--epochs",
                            20,
                            "--batch-size",
                            16,
                            "--json")
                    .json();
            JsonObject history = json.getAsJsonObject("history");
            assertEquals(1, history.getAsJsonArray("accuracy").get(19).getAsDouble());
            assertEquals(history.get("accuracy"), history.get("binary_accuracy"));
        }
    }

    @Test
    void numbersAreLearnedWithMeanSquaredError() {
        JsonObject json = CliRun.of(
                        "train",
                        "--data",
                        TestFiles.line(folder),
                        "--loss",
                        "MeanSquaredError",
                        "--metrics",
                        "mae",
                        "--hidden",
                        "none",
                        "--optimizer",
                        "sgd",
                        "--learning-rate",
                        0.1,
                        "--epochs",
                        60,
                        "--batch-size",
                        16,
                        "--json")
                .json();
        assertEquals(3, json.get("parameters").getAsInt());
        assertTrue(last(json, "loss") < 1e-3, json::toString);
        assertTrue(last(json, "mean_absolute_error") < 0.05, json::toString);
    }

    @Test
    void labelsBecomeRowsForCategoricalCrossentropy() {
        Path points = TestFiles.points(folder);
        JsonObject sparse =
                CliRun.of("train", "--data", points, "--epochs", 2, "--json").json();
        JsonObject rows = CliRun.of(
                        "train", "--data", points, "--epochs", 2, "--json", "--loss", "categorical_crossentropy")
                .json();
        assertEquals(last(sparse, "loss"), last(rows, "loss"), 1e-6);
        assertEquals(last(sparse, "val_accuracy"), last(rows, "val_accuracy"));
    }

    @Test
    void imagesAreFlattenedAndTheirScaleIsKept() {
        try (Model model = Model.load(TestFiles.imagesModel(folder))) {
            assertEquals(
                    Shape.of(Shape.UNKNOWN, 4, 4), model.graph().inputShapes().getFirst());
            assertEquals(1 / 255f, ModelFacts.byteScale(model).orElse(0), 1e-9);
        }
    }

    @Test
    void classNamesOfAKnownSetAreKept() {
        Path file = folder.resolve("f.safetensors");
        CliRun.of("train", "--epochs", 1, "--output", file, "--hidden", 4).ok();
        try (Model model = Model.load(file)) {
            assertEquals("Ankle boot", ModelFacts.classNames(model).getLast());
        }
    }

    @Test
    void hiddenLayersAreAsMany() {
        CliRun run = CliRun.of("train", "--data", TestFiles.points(folder), "--hidden", "16,8", "--epochs", 1)
                .ok();
        assertTrue(run.out().contains("Model: 4-16-8-3"), run::toString);
    }

    @Test
    void timingTellsTheFirstStep() {
        CliRun run = CliRun.of("train", "--data", TestFiles.points(folder), "--epochs", 1, "--timing")
                .ok();
        if (Files.exists(Path.of("/proc/uptime"))) {
            assertTrue(run.err().contains("end of the first step"), run::toString);
            assertTrue(run.err().contains("resident"), run::toString);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --epochs 0                    | --epochs must be 1 or more
            --epochs x                    | 'x' is not an int
            --batch-size 0                | --batch-size must be 1 or more
            --threads 0                   | --threads must be from 1 to 1024
            --validation-split 1          | --validation-split must be from 0 to below 1
            --learning-rate -1            | --learning-rate must be
            --learning-rate NaN           | --learning-rate must be
            --optimizer lamb              | supported: adadelta
            --loss ctc                    | supported: binary_crossentropy
            --metrics magic               | metric 'magic' is not supported
            --hidden 12,                  | no list of sizes
            --hidden 0                    | 1 unit or more
            --resume                      | --resume needs --model
            --model m.h5 --hidden 3       | --hidden makes a new model
            --model m --resume --loss mse | --resume goes on as before
            --output model.bin            | the name must end with .safetensors, .h5, .keras or .weights.h5
            --output model                | must end with .safetensors
            --frozen dense                | Unknown option
            """)
    void wrongOptionsAreSaid(String options, String expected) {
        CliRun.of((Object[]) ("train " + options).split(" ", -1)).wrongUsage(expected);
    }

    @Test
    void unknownDataIsSaid() {
        CliRun.of("train", "--data", "imagenet").failedWith("'imagenet'", "fashion-mnist", "mnist");
    }

    @Test
    void folderWithoutDataIsSaid() {
        CliRun.of("train", "--data", folder).failedWith("train-images-idx3-ubyte");
    }

    @Test
    void fileThatIsNoDataIsSaid() {
        Path file = TestFiles.write(folder.resolve("a.txt"), "hello".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        CliRun.of("train", "--data", file).failedWith("a.txt", "not a data file");
    }

    @Test
    void archiveWithoutTheExpectedArraysIsSaid() {
        Path file =
                TestFiles.npz(folder.resolve("ab.npz"), "a", Shape.of(1), new float[1], "b", Shape.of(1), new float[1]);
        CliRun.of("train", "--data", file).failedWith("x_train", "it has a, b");
    }

    @Test
    void truncatedImagesAreSaid() {
        Path data = TestFiles.images(folder);
        byte[] whole = TestFiles.idx(new byte[30 * 16], 30, 4, 4);
        TestFiles.write(data.resolve("train-images-idx3-ubyte"), java.util.Arrays.copyOf(whole, 200));
        CliRun.of("train", "--data", data).failedWith("train-images-idx3-ubyte", "200 bytes");
    }

    @Test
    void targetsThatAreNoLabelsAreSaid() {
        CliRun.of("train", "--data", TestFiles.line(folder)).failedWith("a label must be a whole number", "--loss");
    }

    @Test
    void dataThatDoesNotFitTheModelIsSaid() {
        Path model = TestFiles.pointsModel(folder);
        CliRun.of("train", "--model", model, "--data", TestFiles.images(folder)).failedWith("[4]", "[4, 4]");
    }

    @Test
    void dataOfAnotherShapeButTheSameSizeIsReshapedAndSaid() {
        Path model = TestFiles.imagesModel(folder);
        float[] x = new float[6 * 16];
        Path flat = TestFiles.npz(
                folder.resolve("flat.npz"), "x", Shape.of(6, 16), x, "y", Shape.of(6), new float[] {0, 1, 2, 0, 1, 2});
        CliRun run = CliRun.of("train", "--model", model, "--data", flat, "--epochs", 1)
                .ok();
        assertTrue(run.err().startsWith("note: samples of shape [16] are reshaped to [4, 4]"), run::toString);
    }

    @Test
    void missingModelIsSaid() {
        CliRun.of("train", "--model", folder.resolve("none.safetensors")).failedWith("no such file");
    }

    @Test
    void modelThatWasNeverTrainedCannotBeResumed() {
        Path model = TestFiles.twoInTwoOut(folder);
        CliRun.of("train", "--model", model, "--resume", "--data", TestFiles.points(folder))
                .failedWith("never", "nothing to resume");
    }

    @Test
    void outputFolderIsCheckedBeforeTraining() {
        CliRun run = CliRun.of("train", "--output", folder.resolve("no/m.safetensors"))
                .failedWith("there is no folder");
        assertEquals("", run.out());
    }

    @Test
    void failedTrainingLeavesTheOldFile() throws IOException {
        Path old = TestFiles.write(folder.resolve("m.safetensors"), new byte[] {1, 2, 3});
        CliRun.of("train", "--data", TestFiles.line(folder), "--output", old).failedWith("label");
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(old));
    }

    @Test
    void severalInputsNeedAModel() {
        Path file = folder.resolve("two.npz");
        dev.lanewise.data.NpzFile.write(
                file,
                Map.of(
                        "x0", NumberArray.of(Shape.of(2, 2), new float[4]),
                        "x1", NumberArray.of(Shape.of(2, 2), new float[4]),
                        "y", NumberArray.of(Shape.of(2), new float[2])));
        CliRun.of("train", "--data", file).failedWith("2 inputs", "--model");
    }

    private static double last(JsonObject json, String figure) {
        JsonArray values = json.getAsJsonObject("history").getAsJsonArray(figure);
        return values.get(values.size() - 1).getAsDouble();
    }
}
