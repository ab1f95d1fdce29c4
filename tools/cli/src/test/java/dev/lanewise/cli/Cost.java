package dev.lanewise.cli;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/// What a thread spends, and by how much the process grows meanwhile.
final class Cost {
    private static final MethodHandle ALLOCATED = counter("getCurrentThreadAllocatedBytes");
    private static final MethodHandle CPU_TIME = counter("getCurrentThreadCpuTime");

    private final long resident = resetPeak();
    private final long allocated = count(ALLOCATED);
    private final long start = System.nanoTime();

    private Cost() {}

    static Cost start() {
        return new Cost();
    }

    /// @param spent gets milliseconds, bytes taken from the heap, and bytes that the process was larger at most
    void stop(long[] spent) {
        spent[0] = (System.nanoTime() - start) / 1_000_000;
        spent[1] = count(ALLOCATED) - allocated;
        spent[2] = resident < 0 ? 0 : Math.max(0, status("VmHWM:") - resident) * 1024;
    }

    /// Bytes that this thread has ever taken from the heap.
    static long allocated() {
        return count(ALLOCATED);
    }

    /// Nanoseconds that this thread has ever worked.
    static long cpuTime() {
        return count(CPU_TIME);
    }

    /// By reflection, since the module under test does not require the management modules.
    private static MethodHandle counter(String method) {
        try {
            final Object threads = Class.forName("java.lang.management.ManagementFactory")
                    .getMethod("getThreadMXBean")
                    .invoke(null);
            return MethodHandles.publicLookup()
                    .findVirtual(
                            Class.forName("com.sun.management.ThreadMXBean"), method, MethodType.methodType(long.class))
                    .bindTo(threads);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static long count(MethodHandle counter) {
        try {
            return (long) counter.invokeExact();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /// Resident memory in KiB, from which the peak counts now; -1 where the system does not say.
    private static long resetPeak() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5", StandardOpenOption.WRITE);
            return status("VmRSS:");
        } catch (IOException e) {
            return -1;
        }
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
}
