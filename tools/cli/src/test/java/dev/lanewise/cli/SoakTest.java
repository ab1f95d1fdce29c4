package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.lanewise.keras.KerasModels;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Predictor;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.BatchNormalization;
import dev.lanewise.nn.layer.Conv2D;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.tensor.Memory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that loads, predicts and closes over and over, from each kind of file, takes no more memory
/// for it than at first. `-Dlanewise.rounds=10000` does it so often.
class SoakTest {
    private static final int ROUNDS = Integer.getInteger("lanewise.rounds", 200);

    /// What is not measured: the JVM still loads classes and compiles.
    private static final int FIRST = Math.max(150, ROUNDS / 5);

    private static final int PIXELS = 12 * 12;

    /// What compiled code and tables of the JVM may still grow by.
    private static final long SPARE_KIB = 24 << 10;

    @TempDir
    private Path folder;

    /// Prints what is taken before and after.
    public static final class Rounds {
        private Rounds() {}

        public static void main(String[] arguments) throws IOException {
            final List<Path> files = Stream.of("model.safetensors", "model.h5", "model.keras")
                    .map(Path.of(arguments[0])::resolve)
                    .toList();
            final int first = Integer.parseInt(arguments[1]);
            final int rounds = Integer.parseInt(arguments[2]);
            final float[] input = new float[3 * PIXELS];
            for (int i = 0; i < input.length; i++) {
                input[i] = (i * 37 % 101) / 101f;
            }
            float[] expected = null;
            Compute.shared().warmUp();
            final long threads = Memory.allocated(); // their scratch stays
            for (int round = 0; round < first + rounds; round++) {
                if (round >= first && (round - first) % Math.max(1, rounds / 5) == 0) {
                    print("round " + (round - first));
                }
                try (Model model = ModelSource.load(files.get(round % files.size()), new KerasOptions());
                        Predictor predictor = model.predictor(2)) {
                    final float[] output = predictor.run(input);
                    if (expected == null) {
                        expected = output;
                    }
                    if (!Arrays.equals(expected, output)) {
                        throw new AssertionError("other bits in round " + round);
                    }
                }
                if (Memory.allocated() != threads) {
                    throw new AssertionError((Memory.allocated() - threads) + " bytes are kept in round " + round);
                }
            }
            print("round " + rounds);
            System.out.println("kept at the end " + (Memory.allocated() - threads));
        }

        /// `round N resident KiB files N`.
        private static void print(String when) throws IOException {
            System.gc();
            try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
                System.out.println(when + " resident " + resident() + " files " + open.count());
            }
        }

        private static long resident() throws IOException {
            try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
                return lines.filter(line -> line.startsWith("VmRSS:"))
                        .map(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .findFirst()
                        .orElseThrow();
            }
        }
    }

    @Test
    void memoryStaysAsItIs() throws Exception {
        if (!Files.exists(Path.of("/proc/self/status"))) {
            abort("skipped: this system does not tell a process' memory in /proc");
        }
        final var graph = Sequential.input(12, 12, 1)
                .add("conv", new Conv2D(8, 3, Activations.RELU))
                .add("norm", new BatchNormalization())
                .add("flat", new Flatten())
                .add("dense", new Dense(10, Activations.SOFTMAX))
                .build();
        try (Model model = Model.create(graph, 1)) {
            model.save(folder.resolve("model.safetensors"));
            KerasModels.save(model, folder.resolve("model.h5"));
            KerasModels.save(model, folder.resolve("model.keras"));
        }
        final Path said = folder.resolve("said");
        // A heap that is touched whole at the start, so that what changes is not the heap.
        final Process process = ForkedJvm.of(
                        List.of("-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC"),
                        Rounds.class,
                        folder.toString(),
                        Integer.toString(FIRST),
                        Integer.toString(ROUNDS))
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        try {
            assertTrue(process.waitFor(30, TimeUnit.MINUTES), "it does not end");
        } finally {
            process.destroyForcibly();
        }
        final String text = Files.readString(said, StandardCharsets.UTF_8);
        assertEquals(0, process.exitValue(), text);
        final List<String[]> lines = text.lines()
                .filter(line -> line.startsWith("round "))
                .map(line -> line.split(" ", -1))
                .toList();
        System.out.println(text);
        final String[] before = lines.getFirst();
        final String[] after = lines.getLast();
        assertEquals(Integer.toString(ROUNDS), after[1]);
        assertTrue(text.contains("kept at the end 0\n"), text);
        assertEquals(before[5], after[5], "open files");
        assertTrue(Long.parseLong(after[3]) - Long.parseLong(before[3]) < SPARE_KIB, text);
    }
}
