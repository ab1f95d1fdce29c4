package dev.lanewise.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.Compute;
import java.io.PrintWriter;
import java.io.Writer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `bench gemm --against`: what is compared, when it is not, and how ratios are joined.
class ComparisonTest {
    private static final Product SMALL = new Product("TN", 7, 5, 9);

    @Test
    void theListHasEightyProductsOfAllKinds() {
        assertEquals(80, Products.FIXED.size());
        assertEquals(80, new HashSet<>(Products.FIXED).size());
        for (String trans : List.of("NN", "TN", "NT")) {
            assertTrue(Products.FIXED.stream().anyMatch(p -> p.trans().equals(trans)));
        }
        Products.FIXED.forEach(p -> assertEquals(p, Product.of(p.title())));
    }

    @Test
    void randomProductsComeFromTheSeedAlone() {
        final List<Product> products = Products.random(1_000, 42);
        assertEquals(products, Products.random(1_000, 42));
        assertNotEquals(products, Products.random(1_000, 43));
        assertEquals(1_000, new HashSet<>(products).size());
        assertTrue(products.stream().noneMatch(Products.FIXED::contains));
        // Each power of two is as likely: about as many sizes up to 45 as above.
        final long small = products.stream().filter(p -> p.n() <= 45).count();
        assertTrue(small > 400 && small < 650, () -> small + " of 1000");
    }

    private static void plain(Product p, MemorySegment a, MemorySegment b, MemorySegment c) {
        for (int i = 0; i < p.m(); i++) {
            for (int j = 0; j < p.n(); j++) {
                double sum = 0;
                for (int k = 0; k < p.k(); k++) {
                    final float x =
                            a.getAtIndex(JAVA_FLOAT, p.transA() ? (long) k * p.lda() + i : (long) i * p.lda() + k);
                    final float y =
                            b.getAtIndex(JAVA_FLOAT, p.transB() ? (long) j * p.ldb() + k : (long) k * p.ldb() + j);
                    sum += (double) x * y;
                }
                c.setAtIndex(JAVA_FLOAT, (long) i * p.n() + j, (float) sum);
            }
        }
    }

    private static JsonObject answer(PeerProcess.Multiplication theirs) {
        try (Compute compute = Compute.of(Kernels.scalar(), 1)) {
            return PeerProcess.answer(SMALL, "plain", theirs, compute, 5);
        }
    }

    @Test
    void equalResultsAreCompared() {
        final Compared row = Compared.of(answer(ComparisonTest::plain));
        assertEquals(SMALL, row.product());
        assertEquals("plain", row.peer());
        assertTrue(row.ratio() > 0 && row.median() > 0 && row.peerMedian() > 0 && row.best() >= row.median());
    }

    @Test
    void differingResultsAreNotCompared() {
        final JsonObject wrong = answer((p, a, b, c) -> {
            plain(p, a, b, c);
            c.setAtIndex(JAVA_FLOAT, 11, c.getAtIndex(JAVA_FLOAT, 11) + 0.001f);
        });
        assertFalse(wrong.has("ratio"));
        assertTrue(wrong.get("refused").getAsString().contains("at [1, 2]"), wrong::toString);
        final JsonObject unwritten = answer((p, a, b, c) -> {});
        assertTrue(unwritten.get("refused").getAsString().contains("NaN"), unwritten::toString);

        final Comparison comparison = new Comparison(List.of(SMALL), 5, new PrintWriter(Writer.nullWriter()));
        comparison.take(wrong);
        assertEquals(1, comparison.refused().size());
        assertEquals(List.of(), comparison.summaries());
    }

    private static JsonObject row(Product product, int threads, String peer, double ratio, double share) {
        return new Compared(product, threads, peer, 100, 110, 0.01, 100 / ratio, share, ratio).json();
    }

    @Test
    void ratiosAreJoinedToTheBestPeerOfEachProduct() {
        final Comparison comparison = new Comparison(List.of(), 5, new PrintWriter(Writer.nullWriter()));
        final Product square = new Product("NN", 256, 256, 256);
        final Product tall = new Product("NN", 1000, 10, 10);
        comparison.take(row(square, 1, "openblas", 2, 0.9));
        comparison.take(row(tall, 1, "openblas", 0.5, 0.2));
        comparison.take(row(SMALL, 1, "openblas", 1, 0.1));
        comparison.take(row(square, 1, "mkl", 0.8, 0.95));
        comparison.take(row(tall, 1, "mkl", 4, 0.3));
        comparison.take(row(SMALL, 1, "mkl", 8, 0.1));
        comparison.take(row(square, 2, "mkl", 3, 0.5));
        final List<Comparison.Summary> summaries = comparison.summaries();
        assertEquals(
                List.of("openblas", "mkl", "best of 2", "mkl"),
                summaries.stream().map(Comparison.Summary::peer).toList());
        assertEquals(1, summaries.get(0).geometricMean(), 1e-12);
        assertEquals(Math.cbrt(0.8 * 4 * 8), summaries.get(1).geometricMean(), 1e-12);
        final Comparison.Summary best = summaries.get(2);
        assertEquals(Math.cbrt(0.8 * 0.5 * 1), best.geometricMean(), 1e-12);
        assertEquals(new Comparison.Least(0.5, tall.title()), best.large());
        assertEquals(new Comparison.Least(1, SMALL.title()), best.small());
        assertEquals(0.9, comparison.squares(1).ratio());
        assertEquals("", summaries.get(3).small().what());
        assertEquals(4, comparison.json().getAsJsonArray("summaries").size());
    }

    /// Peers that are on this machine already multiply right; nothing is fetched for a test.
    @ParameterizedTest
    @EnumSource(Peer.class)
    void peersMultiply(Peer peer) {
        assumeTrue(System.getProperty("os.name").equals("Linux")
                && System.getProperty("os.arch").equals("amd64"));
        final PeerGemm gemm;
        if (peer == Peer.ONEDNN) {
            PeerGemm loaded = null;
            try {
                loaded = PeerGemm.load(peer, "", 1);
            } catch (IllegalStateException e) {
                assumeTrue(false, e.getMessage());
            }
            gemm = loaded;
        } else {
            // MKL looks for its parts where the environment says; it is run in a process of its own alone.
            assumeTrue(peer == Peer.OPENBLAS, "needs an environment");
            assumeTrue(
                    Files.isRegularFile(PeerFiles.folder().resolve(PeerFiles.jarName(peer))),
                    "skipped: not fetched; lanewise bench gemm --against " + peer.label() + " does");
            gemm = PeerGemm.load(peer, PeerFiles.library(peer, PeerFiles.folder()), 1);
        }
        assertTrue(gemm.version().matches(".*[0-9].*"), gemm::version);
        for (String trans : List.of("NN", "TN", "NT")) {
            final Product product = new Product(trans, 7, 5, 9);
            try (Arena arena = Arena.ofConfined()) {
                final Random random = new Random(1);
                final MemorySegment a = arena.allocate(JAVA_FLOAT, 35);
                final MemorySegment b = arena.allocate(JAVA_FLOAT, 45);
                for (MemorySegment operand : List.of(a, b)) {
                    for (long i = 0; i < operand.byteSize() / Float.BYTES; i++) {
                        operand.setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
                    }
                }
                final MemorySegment expected = arena.allocate(JAVA_FLOAT, 63);
                final MemorySegment c = arena.allocate(JAVA_FLOAT, 63);
                plain(product, a, b, expected);
                gemm.multiply(product, a, b, c);
                assertEquals("", PeerProcess.difference(product, expected, c));
            }
        }
    }

    @Test
    void unknownPeersAreNamed() {
        final Exception e = assertThrows(IllegalArgumentException.class, () -> Peer.of("blis"));
        assertEquals("--against takes openblas, mkl and onednn, got 'blis'", e.getMessage());
    }

    @Test
    void jarsAreUnpackedWithoutTheirFolders(@TempDir Path folder) throws Exception {
        final Path jar = folder.resolve("x.jar");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            zip.putNextEntry(new ZipEntry("org/x/liba.so"));
            zip.write(7);
        }
        PeerFiles.unpack(jar, List.of("liba.so"), folder.resolve("to"));
        assertEquals(1, Files.size(folder.resolve("to/liba.so")));
        final Exception e = assertThrows(
                IllegalStateException.class, () -> PeerFiles.unpack(jar, List.of("libb.so"), folder.resolve("to")));
        assertTrue(e.getMessage().endsWith("has no member libb.so"));
    }

    @Test
    void spinningThreadsAreWaitedFor() throws Exception {
        assumeTrue(Files.isDirectory(Path.of("/proc/self/task")));
        final Thread spinning = new Thread(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                Thread.onSpinWait();
            }
        });
        spinning.start();
        try {
            // The kernel may have it wait for a processor, but never sleep.
            assertFalse(OtherThreads.awaitParked(200));
        } finally {
            spinning.interrupt();
            spinning.join();
        }
        assertTrue(OtherThreads.awaitParked(30_000));
    }

    @Test
    void contestsMeasureTheRatioOfTimes() {
        final Contest contest = Contest.of(() -> busy(20_000), () -> busy(60_000), 20);
        assertEquals(3, contest.ratio(), 1);
        assertTrue(contest.best() >= 20_000);
    }

    private static void busy(long nanos) {
        final long end = System.nanoTime() + nanos;
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }
}
