package dev.lanewise.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.nn.ChildJvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileReplacementTest {
    @TempDir
    private Path folder;

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    @Test
    void failingWriterLeavesTheOldFile() throws IOException {
        final Path file = folder.resolve("file");
        Files.writeString(file, "old");
        assertThrows(
                UncheckedIOException.class,
                () -> FileReplacement.write(file, out -> {
                    out.write(new byte[100_000]);
                    throw new IOException("planted");
                }));
        assertEquals("old", Files.readString(file));
        assertEquals(List.of(file), files());
        FileReplacement.write(file, out -> out.write('n'));
        assertEquals("n", Files.readString(file));
        assertEquals(List.of(file), files());
    }

    private Path left(String name, Duration age) throws IOException {
        final Path file = folder.resolve(name);
        Files.writeString(file, "half of a fi");
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(age)));
        return file;
    }

    @Test
    void whatKilledProcessesLeftIsTakenAwayWhenNobodyCanBeWritingIt() throws IOException {
        final Path file = folder.resolve("file");
        final String middle = UUID.randomUUID().toString();
        left(".file." + middle + ".tmp", Duration.ofDays(2));
        final Path fresh = left(".file." + UUID.randomUUID() + ".tmp", Duration.ofHours(1));
        final Path other = left(".file2." + middle + ".tmp", Duration.ofDays(2));
        final Path users = left(".file.mine.tmp", Duration.ofDays(2));
        FileReplacement.write(file, out -> out.write('n'));
        assertEquals(Stream.of(file, fresh, other, users).sorted().toList(), files());
    }

    @Test
    void contentMayCloseItsStream() throws IOException {
        final Path file = folder.resolve("file");
        FileReplacement.write(file, out -> {
            out.write('n');
            out.close();
        });
        assertEquals("n", Files.readString(file));
    }

    /// A thread that was interrupted still saves, and stays interrupted.
    @Test
    void interruptedThreadsWrite() throws IOException {
        final Path file = folder.resolve("file");
        Thread.currentThread().interrupt();
        try {
            FileReplacement.write(file, out -> out.write('n'));
        } finally {
            assertTrue(Thread.interrupted());
        }
        assertEquals("n", Files.readString(file));
        assertEquals(List.of(file), files());
    }

    /// Writes a part of a file, says so, and goes on writing until the process ends.
    public static final class EndlessWriter {
        private EndlessWriter() {}

        public static void main(String[] arguments) {
            FileReplacement.write(Path.of(arguments[0]), out -> {
                for (long written = 0; ; written++) {
                    out.write(new byte[10_000]);
                    if (written == 20) {
                        System.out.println("writing");
                        System.out.flush();
                    }
                    if (written > 20) {
                        try {
                            Thread.sleep(1);
                        } catch (InterruptedException e) {
                            throw new IOException(e);
                        }
                    }
                }
            });
        }
    }

    @Test
    void processThatIsToldToEndLeavesTheOldFileAndNothingBeside() throws Exception {
        final Path file = folder.resolve("file");
        Files.writeString(file, "old");
        final Process process = ChildJvm.start(List.of(), EndlessWriter.class, file.toString());
        try {
            assertEquals('w', process.getInputStream().read());
            assertEquals(2, files().size(), "the file and what is being written beside it");
            process.destroy(); // SIGTERM
            assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        } finally {
            process.destroyForcibly();
        }
        assertEquals("old", Files.readString(file));
        assertEquals(List.of(file), files());
    }
}
