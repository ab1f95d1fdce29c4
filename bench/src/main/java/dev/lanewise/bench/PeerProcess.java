package dev.lanewise.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import com.google.gson.JsonObject;
import dev.lanewise.nn.Compute;
import dev.lanewise.tensor.Memory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/// A process with one peer loaded: two libraries in one process would share names and fight over the
/// processors.
///
/// Arguments: the peer, its library, threads, milliseconds. Products are read from standard input, one a
/// line; each
/// is answered by a line of JSON on standard output, as was the start by the peer's version.
final class PeerProcess {
    /// What stands before answers; libraries may print lines of their own.
    static final String ANSWER = "lanewise:";

    /// Multiplies A by B to C.
    interface Multiplication {
        void multiply(Product product, MemorySegment a, MemorySegment b, MemorySegment c);
    }

    /// All ways through our kernels, so that they are compiled before the first product counts.
    private static final List<Product> WARMING = List.of(
            new Product("NN", 256, 256, 256),
            new Product("TN", 256, 256, 256),
            new Product("NT", 256, 256, 256),
            new Product("NN", 1, 512, 512),
            new Product("NT", 1, 512, 512),
            new Product("NN", 128, 128, 10),
            new Product("TN", 128, 128, 10),
            new Product("NT", 128, 10, 128),
            new Product("NN", 512, 512, 1),
            new Product("NN", 256, 4096, 64), // sums in parts
            new Product("TN", 64, 4096, 64),
            new Product("NN", 64, 64, 64),
            new Product("TN", 512, 512, 512),
            new Product("TN", 33, 300, 17),
            new Product("NN", 48, 48, 48), // little depth
            new Product("TN", 128, 100, 128),
            new Product("NN", 200, 8, 300), // next to none
            new Product("TN", 180, 4, 80),
            new Product("NT", 64, 16, 40),
            new Product("NN", 300, 12, 9),
            new Product("NT", 221, 15, 3),
            new Product("NT", 3, 1000, 100), // few rows
            new Product("NT", 32, 128, 128),
            new Product("NN", 4, 300, 40),
            new Product("TN", 3, 161, 83),
            new Product("NN", 3, 419, 4),
            new Product("NN", 300, 100, 7), // few columns
            new Product("NN", 50, 300, 100), // two last rows
            new Product("NN", 64, 1100, 300), // B in place and larger than L2
            new Product("TN", 13, 84, 5),
            new Product("NT", 11, 741, 2));

    private static final long WARMING_MILLIS = 300;

    private PeerProcess() {}

    /// Called by [Comparison].
    public static void main(String[] args) throws IOException {
        final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        final Peer peer = Peer.of(args[0]);
        final int threads = Integer.parseInt(args[2]);
        final long millis = Long.parseLong(args[3]);
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
                Compute compute = Compute.of(threads)) {
            final PeerGemm gemm = PeerGemm.load(peer, args[1], threads);
            compute.warmUp();
            for (Product product : WARMING) {
                warmUp(product, compute);
            }
            final JsonObject start = new JsonObject();
            start.addProperty("version", gemm.version());
            out.println(ANSWER + start);
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.println(ANSWER + answer(Product.of(line), peer.label(), gemm::multiply, compute, millis));
            }
        } catch (IllegalStateException e) {
            final JsonObject failed = new JsonObject();
            failed.addProperty("failed", String.valueOf(e.getMessage()));
            out.println(ANSWER + failed);
        }
    }

    /// A measured product, or why it is not compared.
    static JsonObject answer(Product product, String peer, Multiplication theirs, Compute compute, long millis) {
        try (Memory memory = new Memory("bench gemm");
                Memory results = new Memory("bench gemm")) {
            final MemorySegment a = random(memory, (long) product.m() * product.k(), 1);
            final MemorySegment b = random(memory, (long) product.k() * product.n(), 2);
            final long size = (long) product.m() * product.n();
            final MemorySegment ourC = results.floats(size);
            final MemorySegment theirC = results.floats(size);
            final MemorySegment scratch = memory.floats(compute.gemmScratchSize());
            final Runnable our = () -> ours(compute, product, a, b, ourC, scratch);
            final Runnable their = () -> theirs.multiply(product, a, b, theirC);
            fill(ourC);
            fill(theirC);
            our.run();
            their.run();
            String difference = difference(product, ourC, theirC);
            if (difference.isEmpty()) {
                final double peak = Machine.peak(compute.threads());
                final Contest contest = Contest.of(our, their, millis);
                difference = difference(product, ourC, theirC);
                if (difference.isEmpty()) {
                    return Compared.of(product, compute.threads(), peer, contest, peak)
                            .json();
                }
            }
            final JsonObject refused = new JsonObject();
            refused.addProperty("what", product.title());
            refused.addProperty("threads", compute.threads());
            refused.addProperty("peer", peer);
            refused.addProperty("refused", difference);
            return refused;
        }
    }

    private static void warmUp(Product product, Compute compute) {
        try (Memory memory = new Memory("bench gemm")) {
            Contest.warmUp(product(compute, memory, product), WARMING_MILLIS);
        }
    }

    /// Our product of random matrices.
    static Runnable product(Compute compute, Memory memory, Product product) {
        final MemorySegment a = random(memory, (long) product.m() * product.k(), 1);
        final MemorySegment b = random(memory, (long) product.k() * product.n(), 2);
        final MemorySegment c = memory.floats((long) product.m() * product.n());
        final MemorySegment scratch = memory.floats(compute.gemmScratchSize());
        return () -> ours(compute, product, a, b, c, scratch);
    }

    private static void ours(
            Compute compute, Product p, MemorySegment a, MemorySegment b, MemorySegment c, MemorySegment scratch) {
        compute.gemm(
                p.transA(),
                p.transB(),
                p.m(),
                p.n(),
                p.k(),
                a,
                p.lda(),
                b,
                p.ldb(),
                0,
                c,
                p.n(),
                null,
                Float.NEGATIVE_INFINITY,
                Float.POSITIVE_INFINITY,
                scratch);
    }

    /// What differs by more than rounding does, empty if nothing.
    ///
    /// Operands are random within 1/2, so a sum of k products is some `sqrt(k) / 12` large and its `k`
    /// roundings err by some `k / 24` of the unit `2^-24`, in whatever order they are made; 50 times that is
    /// a difference.
    static String difference(Product product, MemorySegment ours, MemorySegment theirs) {
        final double tolerance = Math.max(1e-6, 2.0 * product.k() * 0x1p-24);
        final long size = (long) product.m() * product.n();
        double worst = 0;
        long at = -1;
        for (long i = 0; i < size; i++) {
            final double difference = Math.abs(ours.getAtIndex(JAVA_FLOAT, i) - theirs.getAtIndex(JAVA_FLOAT, i));
            if (Double.isNaN(difference) || difference > worst) {
                worst = difference;
                at = i;
                if (Double.isNaN(difference)) {
                    break;
                }
            }
        }
        if (worst <= tolerance) {
            return "";
        }
        return String.format(
                Locale.ROOT,
                "results differ by %.3g at [%d, %d] (ours %s, the peer's %s); rounding explains %.3g",
                worst,
                at / product.n(),
                at % product.n(),
                ours.getAtIndex(JAVA_FLOAT, at),
                theirs.getAtIndex(JAVA_FLOAT, at),
                tolerance);
    }

    private static void fill(MemorySegment c) {
        for (long i = 0; i < c.byteSize() / Float.BYTES; i++) {
            c.setAtIndex(JAVA_FLOAT, i, Float.NaN);
        }
    }

    private static MemorySegment random(Memory memory, long size, long seed) {
        final MemorySegment segment = memory.floats(size);
        final Random random = new Random(seed);
        for (long i = 0; i < size; i++) {
            segment.setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
        return segment;
    }
}
