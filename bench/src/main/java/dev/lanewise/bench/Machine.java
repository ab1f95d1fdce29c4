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
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.DoubleSupplier;

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
        return together(threads, () -> PeakProbe.gflops(millis));
    }

    /// The sum of what a probe finds on so many threads at once.
    static double together(int threads, DoubleSupplier probe) {
        if (threads == 1) {
            return probe.getAsDouble();
        }
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            final Callable<Double> call = probe::getAsDouble;
            double sum = 0;
            for (Future<Double> result : executor.invokeAll(java.util.Collections.nCopies(threads, call))) {
                sum += result.get();
            }
            return sum;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while measuring the FMA peak", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("the FMA peak cannot be measured", e);
        }
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
