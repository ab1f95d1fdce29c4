package dev.lanewise.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The caches of the first processor, as Linux tells them.
final class Caches {
    /// A level of memory.
    ///
    /// @param name `L1`, `L2`, `L3` or `memory`
    /// @param bytes to move around in: half of a cache, so that all of it stays there, or four times the
    ///     last cache
    record Level(String name, long bytes) {}

    private static final long MIB = 1024 * 1024;

    private Caches() {}

    /// The levels from near to far; usual sizes where the system does not tell.
    static List<Level> levels() {
        return levels(Path.of("/sys/devices/system/cpu/cpu0/cache"));
    }

    static List<Level> levels(Path folder) {
        final long[] sizes = {32 * 1024, MIB, 32 * MIB};
        try (DirectoryStream<Path> caches = Files.newDirectoryStream(folder, "index*")) {
            for (Path cache : caches) {
                final int level = Integer.parseInt(text(cache, "level"));
                if (level <= sizes.length && !text(cache, "type").equals("Instruction")) {
                    sizes[level - 1] = bytes(text(cache, "size"));
                }
            }
        } catch (IOException e) {
            // Another system: the sizes above.
        }
        final List<Level> levels = new ArrayList<>();
        for (int i = 0; i < sizes.length; i++) {
            levels.add(new Level("L" + (i + 1), sizes[i] / 2));
        }
        levels.add(new Level("memory", 4 * sizes[sizes.length - 1]));
        return levels;
    }

    private static String text(Path folder, String name) throws IOException {
        return Files.readString(folder.resolve(name), StandardCharsets.US_ASCII).strip();
    }

    /// `32K`, `1M`.
    private static long bytes(String size) {
        final long number = Long.parseLong(size.replaceAll("[KM]$", ""));
        return size.endsWith("K") ? number * 1024 : size.endsWith("M") ? number * MIB : number;
    }
}
