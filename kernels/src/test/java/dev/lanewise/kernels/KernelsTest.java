package dev.lanewise.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The choice of implementation. Whatever needs other options than this process has runs in a process of its
/// own.
class KernelsTest {
    @Test
    void bestIsWhatTheOptionAsksFor() {
        String option = System.getProperty("lanewise.simd", "auto");
        Kernels best = Kernels.best();
        switch (option) {
            case "scalar" -> assertEquals(List.of("scalar", 0), List.of(best.name(), best.vectorBits()));
            case "auto" -> assertTrue(best.vectorBits() >= 128);
            default -> assertEquals(List.of("simd", Integer.parseInt(option)), List.of(best.name(), best.vectorBits()));
        }
    }

    /// On the class path, where nothing asks for the vector module.
    static String run(String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + "/bin/java");
        command.addAll(List.of(options));
        String path = Stream.of(Kernels.class, KernelsTest.class)
                .map(c -> new File(
                        c.getProtectionDomain().getCodeSource().getLocation().getPath()))
                .flatMap(f -> Stream.of(f, new File(f.getParentFile(), "test-classes")))
                .map(File::getPath)
                .distinct()
                .collect(Collectors.joining(File.pathSeparator));
        command.addAll(List.of("-cp", path, ChosenKernels.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        return output;
    }

    @Test
    void withoutTheVectorModuleScalarRunsAndSaysOnceWhatToPass() throws Exception {
        String output = run();
        assertTrue(output.contains("chosen scalar, scalar"), output);
        assertEquals(1, output.split("--add-modules jdk.incubator.vector", -1).length - 1, output);
        assertEquals(1, output.split("WARNING", -1).length - 1, output);
    }

    @Test
    void withoutTheVectorModuleAForcedWidthIsAnError() throws Exception {
        String output = run("-Dlanewise.simd=256");
        assertTrue(
                output.contains("IllegalStateException: vector kernels need the module jdk.incubator.vector: pass"
                        + " --add-modules jdk.incubator.vector to java"),
                output);
        assertFalse(output.contains("chosen"), output);
    }

    @Test
    void withTheVectorModuleSimdRuns() throws Exception {
        String output = run("--add-modules", "jdk.incubator.vector");
        assertTrue(output.contains("chosen simd, simd"), output);
        output = run("--add-modules", "jdk.incubator.vector", "-Dlanewise.simd=scalar");
        assertTrue(output.contains("chosen scalar, scalar"), output);
        output = run("-Dlanewise.simd=scalar");
        assertTrue(output.contains("chosen scalar, scalar"), output);
        assertFalse(output.contains("WARNING"), output);
    }

    /// `MaxVectorSize` makes a CPU of this one that has 128 bits.
    @Test
    void longerVectorsThanTheCpusRunAndSaySoOnce() throws Exception {
        String output = run("--add-modules", "jdk.incubator.vector", "-XX:MaxVectorSize=16", "-Dlanewise.simd=256");
        assertTrue(output.contains("chosen simd, simd"), output);
        assertEquals(1, output.split("vectors of 256 bits, as lanewise.simd asks for", -1).length - 1, output);
        output = run("--add-modules", "jdk.incubator.vector", "-XX:MaxVectorSize=16", "-Dlanewise.simd=128");
        assertTrue(output.contains("chosen simd, simd") && !output.contains("asks for"), output);
    }

    @Test
    void otherOptionsAreAnError() throws Exception {
        String output = run("-Dlanewise.simd=1024");
        assertTrue(
                output.contains("IllegalStateException: system property lanewise.simd is '1024', expected one of auto,"
                        + " scalar, 128, 256, 512"),
                output);
    }
}
