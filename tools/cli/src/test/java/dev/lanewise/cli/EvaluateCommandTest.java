package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Loss;
import dev.lanewise.train.SGD;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluateCommandTest {
    @TempDir
    private Path folder;

    @Test
    void testPartIsEvaluatedWithTheModelsLossAndMetrics() {
        Path model = TestFiles.imagesModel(folder);
        JsonObject json = CliRun.of("evaluate", model, "--data", folder.resolve("images"), "--json")
                .json();
        assertEquals(9, json.get("samples").getAsInt());
        assertEquals(1.0, json.get("accuracy").getAsDouble());
        assertTrue(json.get("loss").getAsDouble() < 0.7, json::toString);
    }

    @Test
    void resultIsTheTrainingsValidation() {
        Path model = folder.resolve("m.safetensors");
        Path points = TestFiles.points(folder);
        JsonObject trained = CliRun.of("train", "--data", points, "--epochs", 1, "--json", "--output", model)
                .json();
        JsonObject evaluated = CliRun.of("evaluate", model, "--data", points, "--json", "--batch-size", 5)
                .json();
        double expected = trained.getAsJsonObject("history")
                .getAsJsonArray("val_loss")
                .get(0)
                .getAsDouble();
        assertEquals(expected, evaluated.get("loss").getAsDouble(), 1e-6);
    }

    @Test
    void textIsALineAsKerasPrints() {
        Path model = TestFiles.pointsModel(folder);
        CliRun run = CliRun.of("evaluate", model, "--data", folder.resolve("points.npz"))
                .ok();
        assertTrue(run.out().matches("1/1 ━{20} .* - accuracy: 1\\.0000 - loss: 0\\.\\d{4}\\R"), run::toString);
    }

    @Test
    void modelWithoutTrainingGetsTheUsualLoss() {
        Path file = TestFiles.save(
                folder.resolve("new.safetensors"),
                Sequential.input(4).add(new Dense(3, Activations.SOFTMAX)).build());
        CliRun run = CliRun.of("evaluate", file, "--data", TestFiles.points(folder), "--json");
        assertTrue(run.json().has("accuracy"), run::toString);
        assertTrue(run.err().contains("note: "), run::toString);
    }

    /// Also of a loss that is summed: twelve samples in one batch have twelve times the mean.
    @Test
    void labelsBecomeRowsForALossOfRows() {
        Path points = TestFiles.points(folder);
        double mean = lossOfRows(points, "sum_over_batch_size");
        assertEquals(12 * mean, lossOfRows(points, "sum"), 1e-5 * mean);
    }

    private double lossOfRows(Path points, String reduction) {
        Path file = folder.resolve(reduction + ".safetensors");
        try (Model model = Model.create(
                Sequential.input(4).add(new Dense(3, Activations.SOFTMAX)).build(), 7)) {
            Loss loss = Loss.of("CategoricalCrossentropy", Map.of("reduction", reduction));
            TrainingConfig.store(model, new SGD(0.1), loss, List.of());
            model.save(file);
        }
        return CliRun.of("evaluate", file, "--data", points, "--json")
                .json()
                .get("loss")
                .getAsDouble();
    }

    @Test
    void dataOptionIsRequired() {
        CliRun.of("evaluate", "m.safetensors").wrongUsage("--data");
    }

    @Test
    void missingModelIsSaid() {
        CliRun.of("evaluate", folder.resolve("m.safetensors"), "--data", "mnist")
                .failedWith("no such file");
    }

    @Test
    void fileThatIsNoModelIsSaid() {
        Path npy = TestFiles.npy(folder.resolve("x.npy"), Shape.of(2), 1, 2);
        CliRun.of("evaluate", npy, "--data", "fashion-mnist-6k").failedWith("is not a model", "NPY");
    }

    @Test
    void dataThatDoesNotFitIsSaid() {
        Path model = TestFiles.pointsModel(folder);
        CliRun.of("evaluate", model, "--data", TestFiles.images(folder)).failedWith("[4]", "[4, 4]");
    }

    @Test
    void labelsBeyondTheModelsClassesAreSaid() {
        Path model = TestFiles.pointsModel(folder);
        Path data = TestFiles.npz(
                folder.resolve("d.npz"), "x", Shape.of(1, 4), new float[4], "y", Shape.of(1), new float[] {3});
        CliRun.of("evaluate", model, "--data", data).failedWith("3", "0 to 2");
    }
}
