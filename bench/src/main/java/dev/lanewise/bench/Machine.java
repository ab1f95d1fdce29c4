package dev.lanewise.bench;

import com.google.gson.JsonObject;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.kernels.PeakProbe;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;

/// What a figure was measured on.
final class Machine {
    private static final long PROBE_MILLIS = 300;

    private Machine() {}

    /// The FMA peak of so many threads at once, in GFLOP/s.
    static double peak(int threads) {
        return peak(threads, PROBE_MILLIS);
    }

    /// The same, in a shorter look.
    static double peak(int threads, long millis) {
        return PeakProbe.gflops(threads, millis);
    }

    static String cpu() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"), StandardCharsets.UTF_8)) {
                if (line.startsWith("model name")) {
                    return line.substring(line.indexOf(':') + 1).strip();
                }
            }
        } catch (IOException e) {
            // Not Linux.
        }
        return System.getProperty("os.arch");
    }

    static JsonObject json() {
        final Kernels kernels = Kernels.best();
        final JsonObject json = new JsonObject();
        json.addProperty("cpu", cpu());
        json.addProperty("processors", Runtime.getRuntime().availableProcessors());
        json.addProperty("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        json.addProperty("jdk", System.getProperty("java.vm.vendor") + " " + System.getProperty("java.vm.version"));
        json.addProperty("kernels", kernels.name());
        json.addProperty("vectorBits", kernels.vectorBits());
        json.addProperty("date", LocalDate.now(ZoneId.systemDefault()).toString());
        return json;
    }

    static String line() {
        final Kernels kernels = Kernels.best();
        return cpu() + ", " + Runtime.getRuntime().availableProcessors() + " processors, JDK "
                + System.getProperty("java.vm.version") + ", " + kernels.name() + " " + kernels.vectorBits() + " bits, "
                + LocalDate.now(ZoneId.systemDefault());
    }
}
