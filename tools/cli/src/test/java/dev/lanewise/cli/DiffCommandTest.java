package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.keras.KerasModels;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Embedding;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.tensor.Shape;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `lanewise diff`.
class DiffCommandTest {
    @TempDir
    private Path folder;

    private static Model model(int hidden, long seed) {
        return Model.create(
                Sequential.input(4)
                        .add(new Dense(hidden, Activations.RELU))
                        .add(new Dense(3, Activations.SOFTMAX))
                        .build(),
                seed);
    }

    private Path saved(String name, Model model) {
        final Path file = folder.resolve(name);
        try (model) {
            if (KerasModels.isKerasName(file)) {
                KerasModels.save(model, file);
            } else {
                model.save(file);
            }
        }
        return file;
    }

    private static JsonObject differing(Object... args) {
        final CliRun run = CliRun.of(args);
        assertEquals(1, run.code(), run::toString);
        return JsonParser.parseString(run.out()).getAsJsonObject();
    }

    @Test
    void theSameModelInAllFormatsIsTheSame() {
        final Path safetensors = saved("a.safetensors", model(5, 1));
        final Path h5 = saved("a.h5", model(5, 1));
        final Path archive = saved("a.keras", model(5, 1));
        final Path weights = saved("a.weights.h5", model(5, 1));
        for (Path other : new Path[] {safetensors, h5, archive}) {
            final JsonObject json =
                    CliRun.of("diff", safetensors, other, "--json").json();
            assertTrue(json.get("same").getAsBoolean(), json.toString());
            assertEquals(4, json.getAsJsonArray("weights").size());
            assertEquals(1, json.getAsJsonArray("outputs").size());
        }
        final CliRun run =
                CliRun.of("diff", archive, weights, "--architecture", archive).ok();
        assertTrue(run.out().contains("4 of 4 with equal bits"), run::toString);
    }

    @Test
    void weightsAndOutputsThatDifferAreNamed() {
        final Path first = saved("a.safetensors", model(5, 1));
        final Model changed = model(5, 1);
        changed.parameter(changed.layout().places("dense_1").getFirst()).set(2, 7);
        final Path second = saved("b.keras", changed);
        final JsonObject json = differing("diff", first, second, "--json");
        assertFalse(json.get("same").getAsBoolean());
        int different = 0;
        for (var element : json.getAsJsonArray("weights")) {
            final JsonObject weight = element.getAsJsonObject();
            if (!weight.get("equal_bits").getAsBoolean()) {
                different++;
                assertEquals("dense_1/kernel", weight.get("weight").getAsString());
                assertTrue(weight.get("max_difference").getAsDouble() > 5, weight.toString());
            }
        }
        assertEquals(1, different);
        assertFalse(json.getAsJsonArray("outputs")
                .get(0)
                .getAsJsonObject()
                .get("equal_bits")
                .getAsBoolean());
        final CliRun run = CliRun.of("diff", first, second);
        assertEquals(1, run.code());
        assertTrue(run.out().contains("dense_1/kernel") && run.out().contains("The models differ."), run::toString);
    }

    @Test
    void layersAndSettingsThatDifferAreNamed() {
        final Path first = saved("a.safetensors", model(5, 1));
        final JsonObject wider = differing("diff", first, saved("b.h5", model(6, 1)), "--json");
        final JsonObject changed =
                wider.getAsJsonObject("layers").getAsJsonArray("changed").get(0).getAsJsonObject();
        assertEquals("dense", changed.get("layer").getAsString());
        assertEquals(
                "units",
                changed.getAsJsonArray("settings")
                        .get(0)
                        .getAsJsonObject()
                        .get("key")
                        .getAsString());

        final Model base = model(5, 1);
        final Path longer = saved("c.safetensors", base.edit().add(new Dense(2)).build(3));
        base.close();
        final JsonObject more = differing("diff", first, longer, "--json");
        assertEquals(
                "dense_2",
                more.getAsJsonObject("layers").getAsJsonArray("added").get(0).getAsString());
        assertTrue(more.get("outputs").isJsonNull(), more.toString());
    }

    @Test
    void wordsAreSuchAsTheEmbeddingKnows() {
        final Path file = saved(
                "words.safetensors",
                Model.create(
                        Sequential.input(Shape.of(6))
                                .add(new Embedding(9, 4))
                                .add(new Flatten())
                                .add(new Dense(2))
                                .build(),
                        5));
        CliRun.of("diff", file, file, "--seed", 3).ok();
    }

    @Test
    void wrongUsageAndFilesThatAreNoModels() {
        final Path file = saved("a.safetensors", model(5, 1));
        CliRun.of("diff", file).wrongUsage("B");
        CliRun.of("diff", file, folder.resolve("none.h5")).failedWith("none.h5");
    }
}
