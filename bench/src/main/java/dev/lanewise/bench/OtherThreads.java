package dev.lanewise.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// The other threads of this process. Libraries let their threads spin for a while after a call, in wait for
/// the next: what is measured beside them gets half a machine.
final class OtherThreads {
    private static final Path TASKS = Path.of("/proc/self/task");
    private static final Path SELF = Path.of("/proc/thread-self");

    /// Pause where the system does not tell what threads do.
    private static final long BLIND_MILLIS = 250;

    private OtherThreads() {}

    /// Returns once all other threads have slept at two looks a millisecond apart, or after some time.
    ///
    /// @return whether they sleep, as far as can be known
    static boolean awaitParked(long atMostMillis) {
        try {
            if (!Files.isDirectory(TASKS)) {
                Thread.sleep(BLIND_MILLIS);
                return true;
            }
            final String self = SELF.toRealPath().getFileName().toString();
            final long end = System.nanoTime() + atMostMillis * 1_000_000;
            int asleep = 0;
            while (asleep < 2) {
                asleep = anyRuns(self) ? 0 : asleep + 1;
                if (System.nanoTime() > end) {
                    return false;
                }
                Thread.sleep(1);
            }
            return true;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("cannot see this process' threads: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while threads were coming to rest", e);
        }
    }

    private static boolean anyRuns(String self) throws IOException {
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
            for (Path task : tasks) {
                if (!task.getFileName().toString().equals(self) && runs(task)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean runs(Path task) throws IOException {
        try {
            final String stat = new String(Files.readAllBytes(task.resolve("stat")), StandardCharsets.ISO_8859_1);
            // The name stands in parentheses and may hold any character; the state comes after it.
            return stat.charAt(stat.lastIndexOf(')') + 2) == 'R';
        } catch (NoSuchFileException e) {
            return false; // it ended meanwhile
        }
    }
}
