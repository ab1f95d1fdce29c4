package dev.lanewise.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;

/// What this machine and this JVM say about themselves.
final class Machine {
    private Machine() {}

    static String jdk() {
        return System.getProperty("java.runtime.version") + ", " + System.getProperty("java.vm.name") + " by "
                + System.getProperty("java.vendor");
    }

    static String os() {
        return System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                + System.getProperty("os.arch");
    }

    /// The CPU's name, where the system tells it.
    static String cpu() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException | RuntimeException e) {
            String windows = System.getenv("PROCESSOR_IDENTIFIER");
            return windows == null ? "unknown" : windows;
        }
    }

    /// The compiler as the JVM names it, with its mode.
    static String jit() {
        return System.getProperty("sun.management.compiler", "none") + ", " + System.getProperty("java.vm.info", "");
    }

    /// Whether hot code is compiled by the optimizing compiler: not interpreted, not kept in the first tiers.
    static boolean optimizes() {
        String info = System.getProperty("java.vm.info", "").toLowerCase(Locale.ROOT);
        return System.getProperty("sun.management.compiler") != null
                && !info.contains("interpreted")
                && !info.contains("emulated-client");
    }

    static boolean hasVectorModule() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }
}
