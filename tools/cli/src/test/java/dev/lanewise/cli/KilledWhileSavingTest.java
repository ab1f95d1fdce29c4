package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NpzFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.keras.KerasModels;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that saves over and over is killed at any moment: each file is there, whole, and no older than
/// what was said to be saved. `-Dlanewise.kills=200` kills so many.
class KilledWhileSavingTest {
    private static final int KILLS = Integer.getInteger("lanewise.kills", 3);
    private static final int WIDTH = 96;

    /// Every kind of file that is written, by its writer.
    private static final List<String> NAMES =
            List.of("model.safetensors", "model.h5", "model.keras", "model.weights.h5", "y.npy", "y.npz", "y.csv");

    @TempDir
    private Path folder;

    private static Graph graph() {
        return Sequential.input(WIDTH)
                .add("first", new Dense(WIDTH, Activations.RELU))
                .add("second", new Dense(WIDTH, Activations.LINEAR))
                .build();
    }

    /// All numbers in a file of this generation.
    private static void save(Model model, Path file, int generation) {
        final MemorySegment weights = model.trainable();
        for (long i = 0; i < weights.byteSize() / Float.BYTES; i++) {
            weights.setAtIndex(ValueLayout.JAVA_FLOAT, i, generation);
        }
        final NumberArray array = array(generation);
        final String name = String.valueOf(file.getFileName());
        switch (OutputPath.ending(file)) {
            case "npy", "npz", "csv" -> PredictOutput.write(file, List.of(new Prediction("y", array)), List.of());
            default -> ModelSource.save(model, file);
        }
        System.out.println(name + " " + generation);
    }

    private static NumberArray array(int generation) {
        final float[] values = new float[50 * WIDTH];
        Arrays.fill(values, generation);
        return NumberArray.of(Shape.of(50, WIDTH), values);
    }

    /// Saves until it is killed.
    public static final class EndlessSaver {
        private EndlessSaver() {}

        public static void main(String[] arguments) {
            final Path folder = Path.of(arguments[0]);
            try (Model model = Model.create(graph(), 1)) {
                for (int generation = Integer.parseInt(arguments[1]); ; generation++) {
                    for (String name : NAMES) {
                        save(model, folder.resolve(name), generation);
                    }
                }
            }
        }
    }

    /// The number that a file is full of.
    private float read(Path file) {
        return switch (OutputPath.ending(file)) {
            case "npy" -> only(NpyFile.read(file).data());
            case "npz" -> only(NpzFile.read(file).get("y").data());
            case "csv" -> csv(file);
            default -> model(file);
        };
    }

    private static float only(float[] values) {
        assertTrue(values.length > 0);
        for (float value : values) {
            assertEquals(values[0], value, "of two generations");
        }
        return values[0];
    }

    private static float csv(Path file) {
        try {
            final List<String> lines = Files.readAllLines(file);
            assertEquals(51, lines.size(), "the header and 50 lines");
            float last = 0;
            for (String line : lines.subList(1, lines.size())) {
                final String[] cells = line.split(",", -1);
                final float[] values = new float[cells.length];
                for (int i = 0; i < cells.length; i++) {
                    values[i] = Float.parseFloat(cells[i]);
                }
                assertEquals(WIDTH, cells.length);
                last = only(values);
            }
            return last;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private float model(Path file) {
        final Path architecture = folder.resolve("architecture.keras");
        try (Model model = String.valueOf(file.getFileName()).endsWith(".weights.h5")
                ? KerasModels.load(file, architecture)
                : ModelSource.load(file, new KerasOptions())) {
            return only(model.trainable().toArray(ValueLayout.JAVA_FLOAT));
        }
    }

    private List<Path> leftovers(Path saved) throws IOException {
        try (Stream<Path> files = Files.list(saved)) {
            return files.filter(file -> !NAMES.contains(file.getFileName().toString()))
                    .toList();
        }
    }

    @Test
    void filesAreOldOrNewAndWhole() throws Exception {
        final Path saved = Files.createDirectory(folder.resolve("saved"));
        try (Model model = Model.create(graph(), 1)) {
            KerasModels.save(model, folder.resolve("architecture.keras"));
            for (String name : NAMES) {
                save(model, saved.resolve(name), 0);
            }
        }
        final Map<String, Integer> known = new HashMap<>();
        NAMES.forEach(name -> known.put(name, 0));
        final Random random = new Random();
        int seen = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            final int first = 1 + known.values().stream().mapToInt(i -> i).max().orElseThrow();
            final Path said = folder.resolve("said");
            Files.deleteIfExists(said);
            final Process process = ForkedJvm.of(
                            List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dlanewise.simd=scalar"),
                            EndlessSaver.class,
                            saved.toString(),
                            Integer.toString(first))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .redirectOutput(said.toFile())
                    .start();
            try {
                while (process.isAlive() && Files.size(said) == 0) {
                    Thread.sleep(1);
                }
                Thread.sleep(random.nextInt(300));
                assertTrue(process.isAlive(), "it saves without end");
            } finally {
                process.destroyForcibly().waitFor();
            }
            final String text = Files.readString(said, StandardCharsets.UTF_8);
            for (String line :
                    text.substring(0, text.lastIndexOf('\n') + 1).lines().toList()) {
                final String[] words = line.split(" ", -1);
                known.put(words[0], Integer.parseInt(words[1]));
                seen++;
            }
            for (String name : NAMES) {
                final int generation = (int) read(saved.resolve(name));
                final int before = known.get(name);
                assertTrue(
                        generation == before || generation == before + 1 || generation == first,
                        () -> name + " is of generation " + generation + ", " + before + " was saved");
                known.put(name, generation);
            }
        }
        assertTrue(seen >= KILLS, "nothing was saved");
        final List<Path> left = leftovers(saved);
        System.out.println(KILLS + " kills, " + seen + " files saved before, " + left.size()
                + " unfinished files left beside them");
        assertTrue(left.size() <= KILLS, left::toString);
        for (Path file : left) {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofDays(2))));
        }
        try (Model model = Model.create(graph(), 1)) {
            for (String name : NAMES) {
                save(model, saved.resolve(name), 7);
            }
        }
        assertEquals(List.of(), leftovers(saved));
    }
}
