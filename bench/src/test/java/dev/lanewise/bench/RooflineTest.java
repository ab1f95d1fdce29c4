package dev.lanewise.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.Compute;
import java.io.BufferedReader;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.Writer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `bench roofline`: ceilings are what they are called, and every kernel under them runs.
class RooflineTest {
    /// The code of the loops that are timed as the FMA peak holds at least one instruction for each chain.
    @Test
    void peakLoopsAreFusedMultiplyAdds() {
        assumeTrue(System.getProperty("os.arch").equals("amd64"), "instructions are known for x86-64");
        assumeTrue(Kernels.best().vectorBits() > 0);
        final Map<String, Integer> counts = MachineCode.fusedMultiplyAdds(SimdCeiling.class);
        for (int chains : SimdCeiling.CHAINS) {
            assertTrue(counts.getOrDefault("chains" + chains, 0) >= chains, () -> counts.toString());
        }
    }

    @Test
    void fusedMultiplyAddsAreToldFromOthers() throws Exception {
        // vfmadd231ps zmm1, zmm2, zmm3; vfmadd213ps ymm1, ymm2, ymm3; then a multiplication and an addition.
        final String text = """
                Compiled method (c1) 312  325 %     3       T::run @ 32 (99 bytes)
                  0x00007f0000000000: 62f2 6d48 | b8cb 0000 0000
                Compiled method (c2) 412  326 %     4       T::run @ 32 (99 bytes)
                  # {method} {0x00007ff45c401408} 'run' '(I)F' in 'T'
                  0x00007f0000000000: ;   {no_reloc}
                  0x00007f0000000000: 62f2 6d48 | b8cb c4e2 | 6da8 cb62\s
                  0x00007f0000000010: f16c 4859 | cbc5 ec58 | cb00 0000
                Compiled method (c2) 412  326 %     4       T::other (99 bytes)
                  0x00007f0000000000: 4881 ec18 0000 0000
                """;
        assertEquals(Map.of("run", 2, "other", 0), MachineCode.count(new BufferedReader(new StringReader(text))));
    }

    @Test
    void chainsComputeTheSameRecurrence() {
        // Each chain converges to 1 from below; their sum's first lane counts them.
        for (int chains : SimdCeiling.CHAINS) {
            assertEquals(chains, SimdCeiling.run(chains, 1_000), 0.01 * chains);
        }
    }

    /// What a plain loop is called: so many of its segments are read, so many written.
    @ParameterizedTest
    @EnumSource(Streams.class)
    void loopsWriteWhatTheySay(Streams streams) {
        final int n = 2 * SimdStreams.QUANTUM;
        try (Arena arena = Arena.ofConfined()) {
            final List<MemorySegment> segments = new ArrayList<>();
            for (int s = 0; s < streams.buffers(); s++) {
                final MemorySegment segment = arena.allocate(JAVA_FLOAT, 2L * n);
                for (int i = 0; i < 2 * n; i++) {
                    segment.setAtIndex(JAVA_FLOAT, i, s + 2);
                }
                segments.add(segment);
            }
            streams.run(segments, n / 2, n);
            int written = 0;
            for (int s = 0; s < streams.buffers(); s++) {
                int changed = 0;
                for (int i = 0; i < 2 * n; i++) {
                    changed += segments.get(s).getAtIndex(JAVA_FLOAT, i) == s + 2 ? 0 : 1;
                }
                assertTrue(changed == 0 || changed == n, "segment " + s + ": " + changed);
                written += changed == n ? 1 : 0;
            }
            final int reads = Integer.parseInt(streams.describe().split(" ", 2)[0]);
            assertEquals(streams.bytesPerElement(), 4 * (reads + written));
            if (reads > 0 && written == 0) {
                // Of the eight or four sums, the first lane.
                final float first = reads == 1 ? 2 : 2 * 3;
                assertEquals(first * n / Kernels.simd().vectorBits() * 32, Sink.value);
            }
        }
    }

    @Test
    void allKernelsRunOnAnyRows() {
        final int rows = 3;
        for (Kernels kernels : List.of(Kernels.scalar(), Kernels.simd())) {
            final List<RoofCase> cases = new ArrayList<>(RoofCase.all(kernels));
            cases.addAll(RoofCase.everyActivation(kernels));
            cases.addAll(RoofCase.everyRowwise(kernels));
            assertTrue(cases.size() > 100);
            for (RoofCase one : cases) {
                if (one.cols() > 1_000) {
                    continue;
                }
                final int n = (rows + 2) * Math.max(4, one.cols());
                try (Arena arena = Arena.ofConfined()) {
                    final List<MemorySegment> segments = new ArrayList<>();
                    for (int s = 0; s <= RoofCase.SEGMENTS; s++) {
                        final MemorySegment segment = arena.allocate(4L * n, 64);
                        for (int i = 0; i < n; i++) {
                            segment.setAtIndex(JAVA_FLOAT, i, before(s, i));
                        }
                        segments.add(segment);
                    }
                    one.body().run(segments, one.cols(), rows, one.cols());
                    boolean written = false;
                    for (int s = 0; s <= RoofCase.SEGMENTS; s++) {
                        for (int i = 0; i < n; i++) {
                            final float x = segments.get(s).getAtIndex(JAVA_FLOAT, i);
                            assertTrue(Float.isFinite(x), one.name());
                            written |= x != before(s, i);
                        }
                    }
                    final boolean returns =
                            one.name().equals("sum") || one.name().equals("max");
                    assertTrue(written || returns, one.name());
                }
            }
        }
    }

    /// Another value in each segment, zeros for labels.
    private static float before(int segment, int i) {
        return segment == RoofCase.SEGMENTS ? 0 : 0.5f + (i + 3 * segment) % 7 / 7f;
    }

    @Test
    void cachesAreRead(@TempDir Path folder) throws Exception {
        cache(folder, 0, "1", "Data", "48K");
        cache(folder, 1, "1", "Instruction", "64K");
        cache(folder, 2, "2", "Unified", "2048K");
        cache(folder, 3, "3", "Unified", "36M");
        final List<Caches.Level> levels = Caches.levels(folder);
        assertEquals(
                List.of("L1", "L2", "L3", "memory"),
                levels.stream().map(Caches.Level::name).toList());
        assertEquals(
                List.of(24L << 10, 1L << 20, 18L << 20, 144L << 20),
                levels.stream().map(Caches.Level::bytes).toList());
        assertEquals(4, Caches.levels(folder.resolve("none")).size());
    }

    private static void cache(Path folder, int index, String level, String type, String size) throws Exception {
        final Path cache = Files.createDirectory(folder.resolve("index" + index));
        Files.writeString(cache.resolve("level"), level + "\n");
        Files.writeString(cache.resolve("type"), type + "\n");
        Files.writeString(cache.resolve("size"), size + "\n");
    }

    @Test
    void picturesAreDrawn(@TempDir Path folder) throws Exception {
        final Roofline roofline = new Roofline(2, 1, new PrintWriter(Writer.nullWriter()));
        roofline.measurePeak();
        try (Compute compute = Compute.of(Kernels.simd(), 2)) {
            final List<RoofCase> few = RoofCase.only(RoofCase.all(Kernels.simd()), List.of("axpy", "clamp"));
            assertEquals(2, few.size());
            few.forEach(one -> roofline.measure(compute, one, 4_096, "cache"));
        }
        final RoofPoint axpy = roofline.points().getFirst();
        assertEquals(2.0 / 12, axpy.intensity(), 1e-12);
        assertEquals(axpy.gflops(), axpy.gigabytes() / 6, 1e-9 * axpy.gflops());
        assertEquals(axpy.gigabytes(), 12 / axpy.nanosPerElement(), 1e-9 * axpy.gigabytes());
        assertTrue(axpy.roof() <= roofline.peak() && axpy.loopShare() > 0);
        assertEquals(
                roofline.points().getLast().loopShare(),
                roofline.points().getLast().ceilingShare());

        final List<Path> files = RooflineChart.write(roofline, folder.resolve("roof"));
        assertEquals(List.of(folder.resolve("roof-2.svg"), folder.resolve("roof-2.png")), files);
        final String svg = Files.readString(files.getFirst());
        assertTrue(svg.contains("GFLOP/s") && svg.contains("FLOP for each byte moved") && svg.contains("FMA peak"));
        assertEquals(1_200, ImageIO.read(files.getLast().toFile()).getWidth());
    }
}
