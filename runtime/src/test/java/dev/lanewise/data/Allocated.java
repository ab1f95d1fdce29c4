package dev.lanewise.data;

import static org.junit.jupiter.api.Assumptions.abort;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/// Bytes that this thread has allocated on the heap. Found by reflection, since the module under test does not
/// require the management modules.
final class Allocated {
    private static final MethodHandle BYTES = find();

    private static final long TIME_FOR_COMPILING = 10_000_000_000L;

    private Allocated() {}

    private static MethodHandle find() {
        try {
            Object threads = Class.forName("java.lang.management.ManagementFactory")
                    .getMethod("getThreadMXBean")
                    .invoke(null);
            return MethodHandles.publicLookup()
                    .findVirtual(
                            Class.forName("com.sun.management.ThreadMXBean"),
                            "getCurrentThreadAllocatedBytes",
                            MethodType.methodType(long.class))
                    .bindTo(threads);
        } catch (ReflectiveOperationException e) {
            return abort("skipped: this JVM does not count allocations (" + e + ")");
        }
    }

    /// What `call` allocates.
    static long by(Runnable call) {
        try {
            long before = (long) BYTES.invokeExact();
            call.run();
            return (long) BYTES.invokeExact() - before;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /// The least that `call` allocates when it is repeated: what remains once it is compiled.
    static long least(Runnable call) {
        long least = Long.MAX_VALUE;
        long end = System.nanoTime() + TIME_FOR_COMPILING;
        while (least > 0 && System.nanoTime() < end) {
            least = Math.min(least, by(call));
        }
        return least;
    }
}
