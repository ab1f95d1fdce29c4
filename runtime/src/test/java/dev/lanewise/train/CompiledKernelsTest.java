package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.ChildJvm;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;

/// A fresh JVM with default flags trains, and its compile log says that every vector kernel that ran often came
/// out of the last compiler, that none was given up, and that neither training nor the first use of other kinds
/// of memory found anything in a micro-kernel that its warming up had left out.
class CompiledKernelsTest {
    /// Beyond the 300 steps the compilers get time to catch up on a busy machine: so many steps, or seconds.
    private static final int LATER_STEPS = 12_000;

    private static final long LATER_NANOS = 12_000_000_000L;

    /// The step after which a file is mapped and an array used as a segment for the first time.
    private static final int OTHER_MEMORY = 2_000;

    /// `timestamp id flags tier class::method @ bci (size bytes) remark`, as `-XX:+PrintCompilation` writes.
    private static final Pattern LINE =
            Pattern.compile("^\\s*\\d+\\s+\\d+\\s[ %!sbn]{5}\\s+(\\d)\\s+dev\\.lanewise\\.kernels\\.(\\S+::\\w+)(.*)$");

    /// The kernels of a step. Of each pattern one method at least is compiled by the last compiler: the loop
    /// itself, or what calls it and has it inlined.
    private static final List<String> HOT = List.of(
            "gemm\\.SimdMicroKernel(4x4|8x2|6x2)::rows(Strided|Packed)",
            "gemm\\.SimdMicroKernel(8x2::columns|6x2::panelPacked)",
            "gemm\\.SimdMicroKernel8x1::\\w+",
            "gemm\\.SimdPacking::(copyRows|copyVectors)",
            "gemm\\.SimdPacking::(transpose|transposeSquare)",
            "gemm\\.SimdPacking::(clamp|clampVectors)",
            "gemm\\.SimdGemm::(compute|wholePanels|wide)",
            "optimizer\\.\\w+::adam\\w*",
            "loss\\.\\w+::softmax\\w*",
            "activation\\.(Relu\\$Simd\\w*::backward\\w*|CheckedActivation::backward)",
            "reduction\\.(SimdReduction::\\w*[cC]olumn\\w*|CheckedReduction::columnSums)");

    static final class Child {
        private Child() {}

        public static void main(String[] args) throws IOException {
            final Dataset data = TestData.classes(1280, 784, 10, 1);
            final int[] order = Evaluator.inOrder(1280);
            try (Model model = Model.create(
                            Sequential.input(784)
                                    .add(new Dense(128, Activations.RELU))
                                    .add(new Dense(10, Activations.SOFTMAX))
                                    .build(),
                            1);
                    Trainer trainer = Trainer.of(model, new Adam(), new SparseCategoricalCrossentropy())) {
                long end = Long.MAX_VALUE;
                for (int step = 0; step < 300 + LATER_STEPS && System.nanoTime() < end; step++) {
                    trainer.gather(data, order, step % 10 * 128, 128);
                    trainer.step();
                    if (step == OTHER_MEMORY) {
                        System.out.println("other memory: " + otherMemory());
                    }
                    if (step == 299) {
                        System.out.println("300 steps are done");
                        end = System.nanoTime() + LATER_NANOS;
                    }
                }
            }
        }
    }

    /// The sum of a byte of a mapped file and a float of an array.
    private static float otherMemory() throws IOException {
        final Path file = Files.write(Files.createTempFile("lanewise", ".bin"), new byte[] {1, 2});
        try (FileChannel channel = FileChannel.open(file);
                Arena arena = Arena.ofConfined()) {
            final MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, 2, arena);
            final MemorySegment array = MemorySegment.ofArray(new float[] {3});
            return mapped.get(JAVA_BYTE, 1) + array.get(JAVA_FLOAT, 0);
        } finally {
            Files.delete(file);
        }
    }

    @RepeatedTest(3)
    @Timeout(300)
    void everyHotKernelReachesTheLastTier() {
        Assumptions.assumeTrue(
                Kernels.best().vectorBits() > 0
                        && System.getProperty("lanewise.simd", "auto").equals("auto"),
                "no vectors here");
        final String log = ChildJvm.run(240, List.of("-XX:+PrintCompilation"), Child.class);
        final Map<String, Set<Integer>> tiers = new TreeMap<>();
        final Set<String> skipped = new TreeSet<>();
        final Set<String> thrownAway = new TreeSet<>();
        for (String line : log.lines().toList()) {
            if (line.contains("COMPILE SKIPPED") && line.contains("dev.lanewise.kernels")) {
                skipped.add(line.strip());
            }
            final Matcher matcher = LINE.matcher(line);
            if (matcher.matches() && matcher.group(3).contains("made not entrant")) {
                if (matcher.group(1).equals("4") && matcher.group(2).startsWith("gemm.SimdMicroKernel")) {
                    thrownAway.add(line.strip());
                }
            } else if (matcher.matches()) {
                tiers.computeIfAbsent(matcher.group(2), name -> new TreeSet<>())
                        .add(Integer.parseInt(matcher.group(1)));
            }
        }
        assertTrue(log.contains("300 steps are done"), log);
        assertTrue(log.contains("other memory: 5.0"), log);
        assertEquals(Set.of(), skipped);
        assertEquals(Set.of(), thrownAway);
        for (String hot : HOT) {
            final Map<String, Set<Integer>> seen = new TreeMap<>(tiers);
            seen.keySet().removeIf(method -> !method.matches(hot));
            assertTrue(
                    seen.values().stream().anyMatch(compiled -> compiled.contains(4)),
                    hot + " did not reach tier 4: " + seen);
        }
        if (Kernels.best().vectorBits() == 512) {
            // What transposes squares of sixteen; the methods of the list only call it.
            final Set<Integer> turned = tiers.getOrDefault("gemm.SimdTurnedRows::turn", Set.of());
            assertTrue(turned.contains(4), "SimdTurnedRows::turn did not reach tier 4: " + turned);
        }
        // A micro-kernel that products call all the time may not be the one left behind; one of them is warmed
        // up for other networks alone.
        tiers.remove("gemm.SimdMicroKernel4x4::rowsPacked");
        tiers.forEach((method, seen) -> assertTrue(
                !method.matches("gemm\\.SimdMicroKernel\\w+::(rowsStrided|rowsPacked|columns|panelPacked)")
                        || seen.contains(4),
                method + " did not reach tier 4: " + seen));
    }
}
