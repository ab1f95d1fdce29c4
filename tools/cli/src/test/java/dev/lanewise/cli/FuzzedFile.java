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

    private FuzzedFile() {}

    /// Writes the bytes to a file of this name, in a folder of its own, and reads it.
    static void read(String name, byte[] bytes, Reader reader) {
        final Path file = Folder.PATH.resolve(name);
        try {
            Files.write(file, bytes);
            final long before = Memory.allocated();
            String spent = spent(file, reader);
            if (spent != null) {
                spent = spent(file, reader); // the first time classes may have been loaded, and compiled
            }
            assertNull(spent);
            assertEquals(before, Memory.allocated(), "memory is kept");
            try (Stream<Path> files = Files.list(Folder.PATH)) {
                assertEquals(List.of(file), files.toList());
            }
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What reading spends, if that is too much; else null.
    private static @Nullable String spent(Path file, Reader reader) {
        final long heap = Cost.allocated();
        final long time = Cost.cpuTime();
        try {
            reader.read(file);
        } catch (ModelFormatException | DataFormatException | CommandException e) {
            sentence(file, e.getMessage());
        }
        final long allocated = Cost.allocated() - heap;
        final long seconds = (Cost.cpuTime() - time) / 1_000_000_000;
        return allocated < MOST_BYTES && seconds < MOST_SECONDS
                ? null
                : allocated + " bytes are allocated, " + seconds + " s are spent";
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
