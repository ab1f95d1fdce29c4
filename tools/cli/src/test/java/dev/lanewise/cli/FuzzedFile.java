package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.DataFormatException;
import dev.lanewise.io.ModelFormatException;
import dev.lanewise.tensor.Memory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A file of any bytes, and what a reader may do with it: read it, or refuse it in one sentence that names it,
/// with no memory kept and nothing written beside it.
final class FuzzedFile {
    /// A sentence of a message, not a page.
    private static final int LONGEST = 20_200;

    /// What a small file may make its reader allocate on the heap, all in all.
    private static final long MOST_BYTES = 256 << 20;

    /// While fuzzing only: a build's machine may be slow.
    private static final long MOST_SECONDS = System.getenv("JAZZER_FUZZ") == null ? Long.MAX_VALUE : 10;

    interface Reader {
        void read(Path file);
    }

    /// How reading ended.
    ///
    /// @param message of the error; null where the file was read
    /// @param allocated bytes taken from the heap, freed meanwhile or not
    /// @param nanos that the thread worked
    record Outcome(@Nullable String message, long allocated, long nanos) {
        @Nullable
        String tooMuch() {
            return allocated < MOST_BYTES && nanos / 1_000_000_000 < MOST_SECONDS
                    ? null
                    : allocated + " bytes are allocated, " + nanos / 1_000_000_000 + " s are spent";
        }
    }

    private FuzzedFile() {}

    /// Writes the bytes to a file of this name, in a folder of its own, and reads it.
    static Outcome read(String name, byte[] bytes, Reader reader) {
        final Path file = Folder.PATH.resolve(name);
        try {
            Files.write(file, bytes);
            final long before = Memory.allocated();
            Outcome outcome = outcome(file, reader);
            if (outcome.tooMuch() != null) {
                outcome = outcome(file, reader); // the first time classes may have been loaded, and compiled
            }
            assertNull(outcome.tooMuch());
            assertEquals(before, Memory.allocated(), "memory is kept");
            try (Stream<Path> files = Files.list(Folder.PATH)) {
                assertEquals(List.of(file), files.toList());
            }
            Files.delete(file);
            return outcome;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Outcome outcome(Path file, Reader reader) {
        final long heap = Cost.allocated();
        final long time = Cost.cpuTime();
        String message = null;
        try {
            reader.read(file);
        } catch (ModelFormatException | DataFormatException | CommandException e) {
            message = e.getMessage();
            sentence(file, message);
        }
        return new Outcome(message, Cost.allocated() - heap, Cost.cpuTime() - time);
    }

    private static void sentence(Path file, String message) {
        assertTrue(message.startsWith(file.toString()), message);
        assertFalse(message.contains("\n"), message);
        assertTrue(message.length() < LONGEST, message);
    }

    private static final class Folder {
        static final Path PATH = create();

        private static Path create() {
            try {
                final Path folder = Files.createTempDirectory("fuzzed");
                Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
                return folder;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static void delete(Path folder) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
                Files.delete(folder);
            } catch (IOException e) {
                return; // left in the system's folder of temporary files
            }
        }
    }
}
