package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.DataFiles;
import dev.lanewise.data.DataFormatException;
import dev.lanewise.data.IdxFile;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NpzFile;
import dev.lanewise.io.ModelFormatException;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Memory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each of [HostileFiles] is one sentence, soon, in a heap of 256 MB, and nothing is written. What was
/// measured is printed as the table of docs/hostile-files.md, to `target/hostile-files.md`.
class HostileTableTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final List<String> ROWS = new ArrayList<>();

    @TempDir
    private Path folder;

    static List<HostileFiles.Hostile> files() {
        return HostileFiles.all();
    }

    private static void read(Path file) {
        final String name = String.valueOf(file.getFileName());
        switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "h5", "keras" -> KerasModels.load(file).close();
            case "safetensors" -> Model.load(file).close();
            case "npy" -> NpyFile.read(file);
            case "npz" -> NpzFile.read(file);
            case "bin" -> DataFiles.load(file);
            default -> IdxFile.read(file);
        }
    }

    @Test
    void heapIsSmall() {
        assertTrue(Runtime.getRuntime().maxMemory() <= 256L << 20);
    }

    @Test
    void pageListsThemAll() throws IOException {
        final Path root =
                Path.of(System.getProperty("basedir", "")).toAbsolutePath().resolve("../..");
        final String page = Files.readString(root.resolve("docs/hostile-files.md"));
        final List<String> missing = files().stream()
                .map(HostileFiles.Hostile::name)
                .filter(name -> !page.contains("| `" + name + "` |"))
                .toList();
        assertEquals(List.of(), missing);
    }

    @ParameterizedTest
    @MethodSource("files")
    void isRefusedInOneSentence(HostileFiles.Hostile hostile) throws IOException {
        final Path file = Files.write(folder.resolve(hostile.name()), hostile.bytes());
        final long before = Memory.allocated();
        final long resident = resetPeak();
        final long[] spent = new long[2];
        final RuntimeException e = assertTimeoutPreemptively(SOON, () -> {
            final long heap = allocated();
            final long start = System.nanoTime();
            final RuntimeException refused = assertThrows(RuntimeException.class, () -> read(file));
            spent[0] = (System.nanoTime() - start) / 1_000_000;
            spent[1] = allocated() - heap;
            return refused;
        });
        final long peak = Math.max(0, status("VmHWM:") - resident);
        assertTrue(e instanceof ModelFormatException || e instanceof DataFormatException, e::toString);
        final String message = e.getMessage();
        assertTrue(message.startsWith(file.toString()), message);
        assertTrue(message.contains(hostile.says()), message);
        assertFalse(message.contains("\n"), message);
        assertTrue(message.length() < 1000, message);
        assertEquals(before, Memory.allocated());
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
        final String said = message.substring(file.toString().length()).replaceFirst("^[:, ]+", "");
        ROWS.add("| `" + hostile.name() + "` | "
                + (said.length() <= 150 ? said : said.substring(0, 150) + "…").replace("|", "\\|")
                + " | " + hostile.bytes().length + " | " + spent[0]
                + String.format(Locale.ROOT, " | %.1f | ", spent[1] / 1e6)
                + (resident < 0 ? "" : String.format(Locale.ROOT, "%.1f", peak * 1024 / 1e6)) + " |");
    }

    /// Bytes that this thread has taken from the heap; by reflection, since the module under test does not
    /// require the management modules.
    private static long allocated() {
        try {
            final Object threads = Class.forName("java.lang.management.ManagementFactory")
                    .getMethod("getThreadMXBean")
                    .invoke(null);
            return (long) Class.forName("com.sun.management.ThreadMXBean")
                    .getMethod("getCurrentThreadAllocatedBytes")
                    .invoke(threads);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    /// Resident memory in KiB, from which the peak counts now; -1 where the system does not say.
    private static long resetPeak() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5", StandardOpenOption.WRITE);
        } catch (IOException e) {
            return -1;
        }
        return status("VmRSS:");
    }

    private static long status(String key) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith(key))
                    .map(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(-1L);
        } catch (IOException e) {
            return -1;
        }
    }

    @AfterAll
    static void write() throws IOException {
        final Path target = Path.of(System.getProperty("basedir", ""), "target");
        if (Files.isDirectory(target)) {
            Files.write(target.resolve("hostile-files.md"), ROWS);
        }
    }
}
