package dev.lanewise.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Memory;
import java.io.PrintWriter;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/// `lanewise bench roofline`: what this machine can do, and each kernel's place under it (Williams, Waterman
/// and Patterson 2009).
final class Roofline {
    /// Elements of a segment in a cache, for each thread: two segments of them are twice an L1 cache of 32 KiB.
    private static final int CACHED = 8_192;

    /// Work is split however little it is estimated to be.
    private static final long SPLIT = Long.MAX_VALUE / 4;

    /// A timed call moves so many bytes at least.
    private static final double CALL_BYTES = 4e6;

    private static final int ELEMENT_QUANTUM = 1_024;

    /// Rows that a split of work over threads keeps together.
    private static final int ROW_QUANTUM = 16;

    private static final long TEMPLATE = 64 * 1_024;

    private final int threads;
    private final long millis;
    private final PrintWriter text;
    private final Map<Integer, Double> chains = new LinkedHashMap<>();

    /// GB/s by level, then by streams.
    private final Map<String, Map<Streams, Double>> bandwidths = new LinkedHashMap<>();

    private final List<RoofPoint> points = new ArrayList<>();

    /// @param millis for each figure
    Roofline(int threads, long millis, PrintWriter text) {
        this.threads = threads;
        this.millis = millis;
        this.text = text;
    }

    int threads() {
        return threads;
    }

    /// The highest of the chains' rates.
    double peak() {
        return chains.values().stream().mapToDouble(v -> v).max().orElseThrow();
    }

    /// Kernels, in the order measured.
    List<RoofPoint> points() {
        return points;
    }

    /// GB/s of the triad in a level.
    double triad(String level) {
        return bandwidths.getOrDefault(level, Map.of()).getOrDefault(Streams.TRIAD, Double.NaN);
    }

    /// Measures the peak, the levels and kernels.
    ///
    /// @param only texts of which names must have one; where there are some, levels are left out
    void run(List<String> only) {
        try (Compute compute = Compute.of(threads)) {
            compute.warmUp();
            measurePeak();
            if (only.isEmpty()) {
                measureLevels(compute);
            }
            text.println(RoofPoint.heading());
            measureKernels(compute, RoofCase.only(RoofCase.all(compute.bestKernels()), only));
            measureProducts(compute, Products.only(Products.FIXED, only));
        }
    }

    void measurePeak() {
        for (int count : SimdCeiling.CHAINS) {
            final double gflops = SimdCeiling.gflops(count, threads, millis);
            chains.put(count, gflops);
            text.printf(Locale.ROOT, "FMA, %d chains, threads %d: %.1f GFLOP/s%n", count, threads, gflops);
        }
        text.flush();
    }

    private void measureLevels(Compute compute) {
        for (Caches.Level level : Caches.levels()) {
            final boolean own = level.name().equals("L1") || level.name().equals("L2");
            final long bytes = own ? level.bytes() * threads : level.bytes();
            for (Streams streams : Streams.basic()) {
                try (Memory memory = new Memory("bench roofline")) {
                    final int n = whole(bytes / Float.BYTES / streams.buffers());
                    final List<MemorySegment> segments = segments(memory, streams.buffers(), n);
                    final Runnable call = loop(compute, streams, segments, n);
                    Contest.warmUp(call, millis / 2);
                    final double[] nanos = Contest.turn(call, millis);
                    final double gigabytes =
                            passes(streams, n) * streams.bytesPerElement() * (double) n / nanos[nanos.length / 2];
                    bandwidths
                            .computeIfAbsent(level.name(), key -> new LinkedHashMap<>())
                            .put(streams, gigabytes);
                    text.printf(
                            Locale.ROOT,
                            "%s, %s, threads %d: %.1f GB/s%n",
                            level.name(),
                            streams.label(),
                            threads,
                            gigabytes);
                }
            }
            text.flush();
        }
    }

    /// Whole chunks of the plain loops.
    private static int whole(long n) {
        return (int) Math.max(ELEMENT_QUANTUM, n / ELEMENT_QUANTUM * ELEMENT_QUANTUM);
    }

    /// How often a call goes over its memory, so that it is long against what splitting it costs.
    private static int passes(Streams streams, int n) {
        return (int) Math.max(1, Math.ceil(CALL_BYTES / ((double) streams.bytesPerElement() * n)));
    }

    private static Runnable loop(Compute compute, Streams streams, List<MemorySegment> segments, int n) {
        final int passes = passes(streams, n);
        final RangeTask task = (from, to) -> {
            for (int pass = 0; pass < passes; pass++) {
                streams.run(segments, from, to - from);
            }
        };
        return () -> compute.run(task, n, ELEMENT_QUANTUM, SPLIT);
    }

    private static Runnable kernel(Compute compute, RoofCase kernel, List<MemorySegment> segments, int n) {
        final int passes = passes(kernel.streams(), n);
        final int cols = kernel.cols();
        final RangeTask task = (from, to) -> {
            for (int pass = 0; pass < passes; pass++) {
                kernel.body().run(segments, (long) from * cols, to - from, cols);
            }
        };
        final int quantum = cols == 1 ? ELEMENT_QUANTUM : ROW_QUANTUM;
        return () -> compute.run(task, n / cols, quantum, SPLIT);
    }

    private static List<MemorySegment> segments(Memory memory, int count, int n) {
        final MemorySegment template = memory.floats(Math.min(n, TEMPLATE));
        final Random random = new Random(1);
        for (long i = 0; i < template.byteSize() / Float.BYTES; i++) {
            template.setAtIndex(JAVA_FLOAT, i, random.nextFloat() + 0.5f);
        }
        final List<MemorySegment> segments = new ArrayList<>();
        for (int s = 0; s < count; s++) {
            final MemorySegment segment = memory.floats(n);
            for (long at = 0; at < segment.byteSize(); at += template.byteSize()) {
                final long bytes = Math.min(template.byteSize(), segment.byteSize() - at);
                MemorySegment.copy(template, 0, segment, at, bytes);
            }
            segments.add(segment);
        }
        return segments;
    }

    /// Measures kernels in a cache and in memory, each in turns with the plain loop on the same segments.
    private void measureKernels(Compute compute, List<RoofCase> cases) {
        final long far = Caches.levels().getLast().bytes() / 2 / Float.BYTES;
        cases.forEach(one -> measure(compute, one, (long) CACHED * threads, "cache"));
        cases.forEach(one -> measure(compute, one, far, "memory"));
    }

    /// Measures kernels alone, on segments of some sizes.
    void run(List<RoofCase> cases, List<Integer> sizes) {
        try (Compute compute = Compute.of(threads)) {
            compute.warmUp();
            text.println(RoofPoint.heading());
            for (RoofCase one : cases) {
                for (int size : sizes) {
                    if (size >= one.cols()) {
                        measure(compute, one, size, size >= 1 << 20 ? (size >> 20) + " Mi" : (size >> 10) + " Ki");
                    }
                }
            }
        }
    }

    /// Measures one kernel on about so many elements.
    ///
    /// @param level what to call that
    void measure(Compute compute, RoofCase one, long elements, String level) {
        final int cols = one.cols();
        // The same elements for both, as whole rows.
        final int rows = (int) Math.max(threads, elements / cols);
        final int n = rows * cols;
        try (Memory memory = new Memory("bench roofline")) {
            final int loopElements = Math.max(ELEMENT_QUANTUM, n / SimdStreams.QUANTUM * SimdStreams.QUANTUM);
            final List<MemorySegment> segments = segments(memory, RoofCase.SEGMENTS, Math.max(n, loopElements));
            final List<MemorySegment> withLabels = new ArrayList<>(segments);
            withLabels.add(memory.floats(rows));
            final Contest contest = Contest.of(
                    kernel(compute, one, withLabels, n), loop(compute, one.streams(), segments, loopElements), millis);
            final double perPass = contest.median() / passes(one.streams(), n);
            final double loopPerPass = contest.peerMedian() / passes(one.streams(), loopElements);
            final double bytes = one.streams().bytesPerElement();
            // Calls of the two may differ in elements and passes; the ratio of their times was taken in turns.
            final double loopShare = contest.ratio()
                    * ((double) n * passes(one.streams(), n))
                    / ((double) loopElements * passes(one.streams(), loopElements));
            final double loopGigabytes = bytes * loopElements / loopPerPass;
            final double intensity = one.flop() / bytes;
            final RoofPoint point = new RoofPoint(
                    one.family(),
                    one.name(),
                    threads,
                    level,
                    one.flop() * n / perPass,
                    contest.spread(),
                    bytes * n / perPass,
                    perPass / n,
                    intensity,
                    one.flop() == 0 ? 0 : Math.min(peak(), intensity * loopGigabytes),
                    loopShare);
            points.add(point);
            text.println(point.line());
            text.flush();
        }
    }

    private void measureProducts(Compute compute, List<Product> products) {
        for (Product product : products) {
            try (Memory memory = new Memory("bench roofline")) {
                final Runnable call = PeerProcess.product(compute, memory, product);
                Contest.warmUp(call, millis / 2);
                final double[] nanos = Contest.turn(call, millis);
                final double median = nanos[nanos.length / 2];
                final double bytes = Float.BYTES
                        * ((double) product.m() * product.k()
                                + (double) product.k() * product.n()
                                + (double) product.m() * product.n());
                final String level = level((long) bytes);
                final double intensity = product.flop() / bytes;
                final RoofPoint point = new RoofPoint(
                        "gemm",
                        product.title(),
                        threads,
                        level,
                        product.flop() / median,
                        (nanos[nanos.length * 9 / 10] - nanos[nanos.length / 10]) / 2 / median,
                        bytes / median,
                        0,
                        intensity,
                        Math.min(peak(), intensity * triad(level)),
                        0);
                points.add(point);
                text.println(point.line());
                text.flush();
            }
        }
    }

    /// The nearest level that so much fits in.
    private String level(long bytes) {
        for (Caches.Level level : Caches.levels()) {
            if (bytes <= 2 * level.bytes() && bandwidths.containsKey(level.name())) {
                return level.name();
            }
        }
        return "memory";
    }

    /// Kernels, levels and the peak as JSON rows.
    JsonArray json() {
        final JsonArray rows = new JsonArray();
        chains.forEach((count, gflops) -> rows.add(ceiling("FMA, " + count + " chains", gflops, "GFLOP/s")));
        bandwidths.forEach((level, ofLevel) -> ofLevel.forEach(
                (streams, gigabytes) -> rows.add(ceiling(level + ", " + streams.label(), gigabytes, "GB/s"))));
        points.forEach(point -> rows.add(point.json()));
        return rows;
    }

    private JsonObject ceiling(String what, double median, String unit) {
        final JsonObject row = new JsonObject();
        row.addProperty("what", what);
        row.addProperty("threads", threads);
        row.addProperty("median", median);
        row.addProperty("unit", unit);
        return row;
    }

    /// Whether HotSpot made fused multiply-adds of all chains, in words, empty where its code cannot be read.
    static String instructions() {
        if (!System.getProperty("os.arch").equals("amd64")) {
            return "";
        }
        final Map<String, Integer> counts = MachineCode.fusedMultiplyAdds(SimdCeiling.class);
        final List<String> words = new ArrayList<>();
        for (int count : SimdCeiling.CHAINS) {
            words.add(counts.getOrDefault("chains" + count, 0) + " for " + count);
        }
        return "fused multiply-adds in the compiled loops: " + String.join(", ", words) + " chains";
    }

    /// Widths and names for a picture.
    static String subtitle(int threads) {
        final Kernels kernels = Kernels.best();
        return Machine.cpu() + ", " + kernels.vectorBits() + " bits, " + threads
                + (threads == 1 ? " thread" : " threads");
    }
}
