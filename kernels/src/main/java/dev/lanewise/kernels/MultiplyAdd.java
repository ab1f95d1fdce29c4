package dev.lanewise.kernels;

import java.util.List;
import java.util.Locale;

/// How a process computes `a * b + c`: rounded once, by the fused instruction that the contracts are written
/// for, or, on a CPU without it, as a product and a sum, each rounded.
///
/// Without the instruction the JDK computes a fused multiply-add in software, some hundred times slower. So the
/// first use of this class measures it, in a fraction of a millisecond, and where it is slow all kernels are
/// loaded in their separate form: the same code, with a multiplication and an addition in place of each fused
/// multiply-add. It keeps every promise but one: its bits are the same for all widths, batches and numbers of
/// threads, but **not those of a machine with the instruction**. The bounds for errors of the elementary
/// functions hold for the fused form.
///
/// The system property `lanewise.fma` decides instead of the measurement: `fused` (the promised bits at any
/// cost), `separate`, or `auto` (default).
public final class MultiplyAdd {
    public static final String PROPERTY = "lanewise.fma";

    private static final List<String> KNOWN = List.of("auto", "fused", "separate");

    /// In hardware a fused multiply-add takes up to three times as long as the two operations while both are
    /// interpreted, and no longer once compiled; in software, some hundred times.
    private static final double SLOW = 20;

    /// Operations in a turn: long against the steps of the clock.
    private static final int LENGTH = 32;

    /// The shortest of so many turns counts; others were interrupted.
    private static final int TURNS = 16;

    /// Keeps results alive.
    @SuppressWarnings("UnusedVariable")
    private static volatile float sink;

    private static final double SLOWDOWN = measure();
    private static final boolean FUSED = choice();

    private MultiplyAdd() {}

    /// Whether this process fuses, and so has the bits that are the same on all machines.
    public static boolean isFused() {
        return FUSED;
    }

    /// How many times longer a fused multiply-add took than the two operations: below 4 in hardware, above
    /// 50 in software.
    public static double slowdown() {
        return SLOWDOWN;
    }

    /// Whether the fused instruction is there, by its time.
    public static boolean isInHardware() {
        return SLOWDOWN < SLOW;
    }

    private static boolean choice() {
        final String text =
                System.getProperty(PROPERTY, KNOWN.getFirst()).trim().toLowerCase(Locale.ROOT);
        return switch (KNOWN.indexOf(text)) {
            case 0 -> isInHardware();
            case 1 -> true;
            case 2 -> false;
            default ->
                throw new IllegalStateException("system property " + PROPERTY + " is '" + text + "', expected one of "
                        + String.join(", ", KNOWN));
        };
    }

    private static double measure() {
        long fused = Long.MAX_VALUE;
        long separate = Long.MAX_VALUE;
        for (int turn = 0; turn < TURNS; turn++) {
            final long start = System.nanoTime();
            sink = fused();
            final long middle = System.nanoTime();
            sink = separate();
            separate = Math.min(separate, System.nanoTime() - middle);
            fused = Math.min(fused, middle - start);
        }
        return (double) fused / Math.max(1, separate);
    }

    private static float fused() {
        float sum = 0;
        for (int i = 0; i < LENGTH; i++) {
            sum = Math.fma(sum, 0.999f, 1f);
        }
        return sum;
    }

    private static float separate() {
        float sum = 0;
        for (int i = 0; i < LENGTH; i++) {
            sum = sum * 0.999f + 1f;
        }
        return sum;
    }
}
