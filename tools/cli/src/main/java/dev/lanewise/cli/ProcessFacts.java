package dev.lanewise.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/// What the system knows about this process.
final class ProcessFacts {
    private ProcessFacts() {}

    /// The most memory that was resident at a time, in bytes; empty where the system does not tell.
    static OptionalLong peakMemoryBytes() {
        try {
            List<String> lines = Files.readAllLines(Path.of("/proc/self/status"));
            for (String line : lines) {
                if (line.startsWith("VmHWM:")) {
                    String kilobytes = line.substring(6).replace("kB", "").strip();
                    return OptionalLong.of(1024 * Long.parseLong(kilobytes));
                }
            }
        } catch (IOException | NumberFormatException e) {
            // Not Linux.
        }
        return OptionalLong.empty();
    }

    /// Milliseconds since the system started this process; empty where it does not tell. Rough to 20 ms.
    ///
    /// Not from [ProcessHandle]: on Linux it knows the time of the machine's start to a second only.
    static OptionalLong millisSinceStart() {
        try {
            String uptime = Files.readString(Path.of("/proc/uptime"));
            String stat = Files.readString(Path.of("/proc/self/stat"));
            // The second field is a name in parentheses that may hold anything; the start is field 22, in
            // 1/100 s.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            double seconds = Double.parseDouble(uptime.substring(0, uptime.indexOf(' ')));
            return OptionalLong.of(Math.round(1000 * seconds) - 10 * Long.parseLong(fields[22 - 3]));
        } catch (IOException | RuntimeException e) {
            return OptionalLong.empty(); // not Linux
        }
    }
}
