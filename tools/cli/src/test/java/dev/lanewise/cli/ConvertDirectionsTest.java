package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import dev.lanewise.data.Dataset;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.keras.KerasModels;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.layer.BatchNormalization;
import dev.lanewise.nn.layer.Concatenate;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Adam;
import dev.lanewise.train.Fit;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.Trainer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `lanewise convert` from each format to each other: weights, training and what is computed stay.
class ConvertDirectionsTest {
    private static final List<String> ENDINGS = List.of("safetensors", "h5", "keras");

    @TempDir
    private Path folder;

    /// A graph of two branches, trained for some steps.
    private Model trained() {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value x = builder.input("x", Shape.of(4));
        final Graph.Value left = builder.add("left", new Dense(5, Activations.RELU), x);
        final Graph.Value norm = builder.add("norm", new BatchNormalization(), left);
        final Graph.Value right = builder.add("right", new Dense(3, Activations.TANH), x);
        final Graph.Value both = builder.add("both", new Concatenate(), norm, right);
        final Model model = Model.create(builder.build(builder.add("out", new Dense(2), both)), 9);
        final float[] values = new float[32];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i * 7 % 11) / 11f;
        }
        try (Trainer trainer = Trainer.of(model, new Adam(0.01), new MeanSquaredError())) {
            trainer.fit(
                    Dataset.of(values, Shape.of(4), new float[16], Shape.of(2)),
                    Fit.epochs(2).batchSize(4).shuffle(false));
        }
        return model;
    }

    @Test
    void everyFormatToEveryOther() {
        try (Model model = trained()) {
            for (String from : ENDINGS) {
                final Path source = folder.resolve("source." + from);
                if (from.equals("safetensors")) {
                    model.save(source);
                } else {
                    KerasModels.save(model, source);
                }
                for (String to : ENDINGS) {
                    final Path target = folder.resolve("target." + to);
                    final JsonObject json =
                            CliRun.of("convert", source, target, "--json").json();
                    assertEquals(from.equals("safetensors"), json.get("report").isJsonNull());
                    assertEquals(to.equals("safetensors"), json.get("export").isJsonNull());
                    CliRun.of("diff", source, target).ok();
                    try (Model back = to.equals("safetensors") ? Model.load(target) : KerasModels.load(target)) {
                        assertEquals(model.iteration(), back.iteration());
                        assertEquals(TrainingConfig.of(model), TrainingConfig.of(back));
                        model.slots()
                                .forEach((slot, values) -> assertEquals(
                                        -1, values.mismatch(back.slots().get(slot)), slot));
                    }
                }
                final Path weights = folder.resolve("target.weights.h5");
                CliRun.of("convert", source, weights).ok();
                final Path archive = folder.resolve("target.keras");
                CliRun.of("diff", source, weights, "--architecture", archive).ok();
                final Path whole = folder.resolve("whole.h5");
                CliRun.of("convert", weights, whole, "--architecture", archive).ok();
                CliRun.of("diff", source, whole).ok();
            }
        }
    }

    @Test
    void whatIsOtherwiseIsPrinted() {
        final Graph.Builder builder = Graph.builder();
        final Graph.Value x = builder.input("x", Shape.of(4));
        final Path source = folder.resolve("model.safetensors");
        try (Model model = Model.create(builder.build(builder.add("a/b", new Dense(5), x)), 9)) {
            model.save(source);
        }
        final CliRun run =
                CliRun.of("convert", source, folder.resolve("model.keras")).ok();
        assertTrue(run.out().contains("'a/b'") && run.out().contains("[RENAMED]"), run::toString);
        CliRun.of("convert", source, folder.resolve("model.h6")).wrongUsage("model.h6");
    }
}
