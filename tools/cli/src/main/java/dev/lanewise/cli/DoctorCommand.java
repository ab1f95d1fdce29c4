package dev.lanewise.cli;

import com.google.gson.JsonObject;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.kernels.MultiplyAdd;
import dev.lanewise.kernels.PeakProbe;
import dev.lanewise.nn.Compute;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `lanewise doctor`.
@Command(
        name = "doctor",
        sortOptions = false,
        description = {
            "Checks that this machine and this Java run Lanewise at full speed: a few seconds of measuring.",
            "Exit code 1 when something is wrong, which is then said.",
            ""
        })
final class DoctorCommand implements Callable<Integer> {
    private static final long PEAK_MILLIS = 300;

    /// Below this share of the peak something is wrong; large products reach 0.9 and more.
    private static final double LOW_SHARE = 0.5;

    @Mixin
    private final ThreadsOption threads = new ThreadsOption();

    @Mixin
    private final Common common = new Common();

    private final List<List<String>> rows = new ArrayList<>();
    private final JsonObject json = new JsonObject();
    private final List<String> warnings = new ArrayList<>();

    @Override
    public Integer call() {
        machine();
        compiler();
        multiplyAdd();
        Kernels kernels = kernels();
        if (kernels != null) {
            rates(kernels.vectorBits() > 0);
        }
        report();
        return warnings.isEmpty() ? 0 : 1;
    }

    private void machine() {
        json.addProperty("jdk", Machine.jdk());
        json.addProperty("os", Machine.os());
        json.addProperty("cpu", Machine.cpu());
        json.addProperty("processors", Runtime.getRuntime().availableProcessors());
        row("JDK", Machine.jdk());
        row("OS", Machine.os());
        row("CPU", Machine.cpu() + ", " + Text.count(Runtime.getRuntime().availableProcessors(), "processor"));
    }

    private void compiler() {
        boolean optimizes = Machine.optimizes();
        json.addProperty("jit", Machine.jit());
        row("JIT", Machine.jit());
        if (!optimizes) {
            warnings.add("the JVM does not use its optimizing compiler C2: start it without -Xint and"
                    + " -XX:TieredStopAtLevel, on a HotSpot JVM");
        }
        boolean module = Machine.hasVectorModule();
        json.addProperty("vector_module", module);
        row("Vector module", module ? "readable" : "missing");
        if (!module) {
            warnings.add("the module jdk.incubator.vector is missing: pass --add-modules jdk.incubator.vector to java");
        }
    }

    private void multiplyAdd() {
        boolean hardware = MultiplyAdd.isInHardware();
        boolean fused = MultiplyAdd.isFused();
        json.addProperty("fma_in_hardware", hardware);
        json.addProperty("multiply_add", fused ? "fused" : "separate");
        row(
                "FMA",
                (hardware
                                ? "in hardware"
                                : String.format(Locale.ROOT, "in software, %.0f times slower", MultiplyAdd.slowdown()))
                        + (fused ? "" : "; kernels multiply and add instead"));
        String option = MultiplyAdd.PROPERTY + "=" + System.getProperty(MultiplyAdd.PROPERTY);
        if (!hardware) {
            warnings.add("this CPU, or the JVM's settings, lack fused multiply-add"
                    + (fused ? ": with " + option + " everything is very slow here" : ""));
        }
        if (!fused) {
            warnings.add("kernels multiply and add in two steps" + (hardware ? ", as " + option + " asks" : "")
                    + ": results have other bits than on machines with fused multiply-add");
        }
    }

    private @Nullable Kernels kernels() {
        try {
            Kernels kernels = Kernels.best();
            json.addProperty("kernels", kernels.name());
            json.addProperty("vector_bits", kernels.vectorBits());
            row("Kernels", kernels.name() + (kernels.vectorBits() == 0 ? "" : ", " + kernels.vectorBits() + " bits"));
            if (kernels.vectorBits() == 0) {
                warnings.add("plain loops are used instead of vectors: slow");
            }
            if (kernels.emulated()) {
                warnings.add("vectors of " + kernels.vectorBits() + " bits are longer than this CPU's: very slow");
            }
            return kernels;
        } catch (IllegalStateException e) {
            row("Kernels", "none");
            warnings.add(String.valueOf(e.getMessage()));
            return null;
        }
    }

    private void rates(boolean vectors) {
        try (Compute all = threads.compute()) {
            json.addProperty("threads", all.threads());
            row("Threads", Integer.toString(all.threads()));
        }
        if (MultiplyAdd.isFused() && !MultiplyAdd.isInHardware()) {
            return; // a product would take minutes
        }
        double gemm;
        try (Compute one = Compute.of(1)) {
            one.warmUp();
            gemm = GemmProbe.gflops(one);
        }
        json.addProperty("gemm_gflops", gemm);
        row("gemm, 1 thread", String.format(Locale.ROOT, "%.1f GFLOP/s (512 x 512 x 512)", gemm));
        if (vectors) {
            double peak = PeakProbe.gflops(PEAK_MILLIS);
            double share = gemm / peak;
            json.addProperty("fma_peak_gflops", peak);
            json.addProperty("gemm_share", share);
            row(
                    (MultiplyAdd.isFused() ? "FMA peak" : "Peak") + ", 1 thread",
                    String.format(Locale.ROOT, "%.1f GFLOP/s; gemm has %.0f %%", peak, 100 * share));
            if (share < LOW_SHARE) {
                warnings.add("gemm is far below what the CPU can do; is something else running?");
            }
        }
    }

    private void row(String what, String found) {
        rows.add(List.of(what, found));
    }

    private void report() {
        if (common.json()) {
            json.add("warnings", Json.strings(warnings));
            json.addProperty("ok", warnings.isEmpty());
            common.print(json);
            return;
        }
        common.out().print(Text.table(rows));
        common.out().println();
        for (String warning : warnings) {
            common.out().println("WARNING: " + warning);
        }
        if (warnings.isEmpty()) {
            common.out().println("Everything is as it should be.");
        }
    }
}
